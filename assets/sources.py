"""The sources as assets: reference data, filings of SEC EDGAR, and the files that teams deliver.

One step for each source calls its loader in etl, and functions here turn the result into metadata for the UI. How
a source is read is the subject of `etl.reference`, `etl.edgar`, `etl.inbox` and `etl.remote`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.days import follow_deliveries
from assets.metadata import days_metadata, markdown_table, rows_table
from assets.step import Report, step, table_spec
from etl.build import create_vocabulary
from etl.checks.run import checked
from etl.checks.suite import Suite
from etl.config import Settings
from etl.contracts import CONTRACTS
from etl.daily.ingest import Ingested, ingest
from etl.edgar.facts import FactLoad, load_pending
from etl.edgar.filings import EdgarPoll, refresh_edgar
from etl.ledger import LoadRecord, standing
from etl.models.file import Model
from etl.reference.load import IngestResult, load_reference
from etl.warehouse import Connection

if TYPE_CHECKING:
    from etl.inbox.load import FileLoad

REFERENCE, REFRESH_DAY = "raw.reference_row", "raw.refresh_day"
FILING, BODY, FACT = "raw.edgar_filing", "raw.edgar_body", "raw.edgar_fact"
DELIVERED = tuple(contract.table for contract in CONTRACTS)
SOURCE_TABLES = (REFERENCE, REFRESH_DAY, FILING, BODY, FACT, *DELIVERED)
ROWS_SHOWN = 20  # of a list in the metadata or the summary; all of them are in the tables of audit

NEWEST_DOCUMENTS = f"""
    select fields['published_on'], format('[{{}}]({{}})', fields['title'], fields['url'])
    from {REFERENCE}
    where kind = 'document' and superseded_at is null
    order by fields['published_on'] desc, fields['document_id'] limit {ROWS_SHOWN}
"""
NEWEST_REPORTS = f"""
    select filing_date, form, status, fact_count, format('[{{}}]({{}})', accession,
        'https://www.sec.gov/Archives/edgar/data/' || cik || '/' || replace(accession, '-', '') || '/'
        || primary_document)
    from {FILING}
    order by filing_date desc, accession limit {ROWS_SHOWN}
"""
DAY_DESCRIPTION = "The day on which the reference files were last read: by it figures count as due."
FILING_DESCRIPTION = """One annual, quarterly or interim report that EDGAR lists for a platform with a CIK.

One request per issuer. `pending_at_source`: the SEC lists the report but does not serve its facts yet.
Without SEC_USER_AGENT no request is made, and the metadata says so."""
BODY_DESCRIPTION = """One response of EDGAR, kept unchanged under $WAREHOUSE_HOME/raw/edgar, once by its hash.

The facts of an issuer are fetched only when a listed report has none here."""


def source_assets(models: Sequence[Model], suites: Mapping[str, Suite]) -> list[dg.AssetsDefinition]:
    """The assets that sources fill, with the checks of their suites."""
    registry = {column.known_in.rpartition(".")[0] for c in CONTRACTS for column in c.columns} - {""}

    @step(
        table_spec(REFERENCE, "raw", {"csv"}),
        table_spec(REFRESH_DAY, "raw", {"csv"}, description=DAY_DESCRIPTION, grain=["day"]),
        suites=suites,
    )
    def reference(context: dg.AssetExecutionContext, con: Connection, settings: Settings) -> Report:
        """One row of a reference file, as it is in the file, with its line and the file's hash.

        Loads platforms, parties, metrics, documents, observations, partnerships and claims from every
        folder of WAREHOUSE_FIGURES. Append-only: a row that left its file is marked, not deleted. A row
        that breaks the contract goes to audit.quarantine with its reason, and the rest is loaded.

        grain: file, line, loaded_at
        """
        with checked(con, context.run.run_id) as checks:
            loaded = load_reference(con, settings, datetime.now(UTC))
            for table in (REFERENCE, REFRESH_DAY):
                checks.validate(suites[table])
        waits = standing(con, "reference", most=ROWS_SHOWN)
        return Report([loaded, waits], checks.results, {REFERENCE: reference_metadata(con, loaded), REFRESH_DAY: {}})

    edgar_spec = partial(table_spec, group="raw", kinds={"json"}, deps=[REFERENCE], skippable=True)

    @step(
        edgar_spec(FILING, description=FILING_DESCRIPTION, grain=["cik", "accession"]),
        edgar_spec(BODY, description=BODY_DESCRIPTION, grain=["kind", "cik", "part", "content_hash"]),
        name="edgar",
        suites=suites,
        config_schema={"only_if_new": dg.Field(bool, False, description="build what is made from it only on news")},
    )
    def edgar(context: dg.AssetExecutionContext, con: Connection, settings: Settings) -> Report:
        """Reports that EDGAR lists, and its responses; a report is listed before its facts can be fetched."""
        with checked(con, context.run.run_id) as checks:
            poll = refresh_edgar(con, settings, datetime.now(UTC))
            for table in (FILING, BODY):
                checks.validate(suites[table])
        if context.op_execution_context.op_config["only_if_new"] and not poll.changed:
            context.log.info(f"nothing new at EDGAR ({poll.status}): the tables made from it stay as they are")
            return Report([poll], checks.results, {})
        return Report([poll], checks.results, {FILING: poll_metadata(con, poll), BODY: {}})

    @step(table_spec(FACT, "raw", {"json"}, [BODY]), suites=suites)
    def edgar_fact(context: dg.AssetExecutionContext, con: Connection, settings: Settings) -> Report:
        """One fact of one filing, with its day and every earlier value, from the newest body of each issuer.

        fy, fp and frame describe the filing and not the fact, so spans and fiscal years are derived from days. A
        fact that differs in a later body is marked, not deleted; a body that cannot be read is refused with its
        reason in audit.load, and the others are loaded.

        grain: cik, taxonomy, concept, unit, period_start, period_end, accn, loaded_at
        """
        loads = list(load_pending(con, settings, datetime.now(UTC)))
        with checked(con, context.run.run_id) as checks:
            checks.validate(suites[FACT])
        waits = standing(con, "edgar", most=ROWS_SHOWN)
        return Report([*loads, waits], checks.results, {FACT: facts_metadata(loads)})

    delivered_spec = partial(table_spec, group="inbox", kinds={"file"}, deps=sorted(registry), by_day=True)

    @step(
        *(delivered_spec(c.table, grain=c.grain, description=c.tells) for c in CONTRACTS),
        name="inbox",
        suites=suites,
    )
    def inbox(context: dg.AssetExecutionContext, con: Connection, settings: Settings) -> Report:
        """Rows of delivered files; a run for one day loads every file of the inbox, also those of other days."""
        create_vocabulary(con, models, renew=True)
        loaded = ingest(
            *(con, settings, models, suites, context.run.run_id), now=datetime.now(UTC), progress=context.log.info
        )
        follow_deliveries(context.instance, con, keep=context.partition_keys)
        shown = inbox_metadata(loaded)
        days = {table: loaded.days.get(table, ()) for table in DELIVERED}
        by_table = {table: {**days_metadata("days that changed", days[table]), **shown} for table in DELIVERED}
        waits = standing(con, "inbox", *(found.source for found in loaded.fetched), most=ROWS_SHOWN)
        return Report([loaded, waits], loaded.checks, by_table, days)

    return [reference, edgar, edgar_fact, inbox]


def reference_metadata(con: Connection, loaded: IngestResult) -> dict[str, Any]:
    """What the UI shows of an ingest: counts, files, quarantined rows, period, documents with links."""
    shown = {
        **_row_counts([loaded], "read", "loaded", "quarantined", "added", "superseded"),
        "files": _files_table(loaded.files),
        "period": f"{loaded.period_start} to {loaded.period_end}",
        "platforms": ", ".join(loaded.platforms),
        "documents": loaded.documents,
        "newest documents": _links(con, NEWEST_DOCUMENTS, "published on", "document"),
    }
    if loaded.quarantined:
        columns = ("file", "line", "column_name", "reason", "raw_text")
        rows = [{c: getattr(row, c) for c in columns} for row in loaded.quarantined[:ROWS_SHOWN]]
        shown["quarantined"] = rows_table(rows)
    return shown


def poll_metadata(con: Connection, poll: EdgarPoll) -> dict[str, Any]:
    """What the UI shows of a poll: the state of EDGAR, the result of each issuer, newest reports with links."""
    shown: dict[str, Any] = {
        "EDGAR": poll.status,
        "what is missing": poll.reason or "nothing",
        "issuers": len(poll.issuers),
        "requests": poll.requests,
        "reports newly listed": sum(issuer.listed for issuer in poll.issuers),
        "reports with new facts": sum(issuer.loaded for issuer in poll.issuers),
        "reports pending at source": sum(issuer.pending for issuer in poll.issuers),
        "reports with changed facts": sum(issuer.changed for issuer in poll.issuers),
        "newest reports": _links(con, NEWEST_REPORTS, "filed on", "form", "status", "facts", "report"),
    }
    if poll.issuers:
        shown["by issuer"] = rows_table([asdict(issuer) for issuer in poll.issuers])
    return shown


def facts_metadata(loads: Sequence[FactLoad]) -> dict[str, Any]:
    """What the UI shows of the facts: counts over all bodies that were read, and one row for each of them."""
    shown: dict[str, Any] = {
        "bodies read": len(loads),
        "bodies refused": sum(load.status == "refused" for load in loads),
        **_row_counts(loads, "read", "added", "superseded", "quarantined"),
    }
    if loads:
        shown["by body"] = rows_table(
            [
                {**asdict(load), "body": load.body.file, "hash": load.body.content_hash[:12], "status": load.status}
                for load in loads
            ]
        )
    return shown


def inbox_metadata(loaded: Ingested) -> dict[str, Any]:
    """What the UI shows of a load: counts, the result of each file, sources that did not answer."""
    shown = {
        "files": _files_table(loaded.files),
        **_row_counts(loaded.files, "read", "loaded", "quarantined", "superseded"),
    }
    if loaded.fetched:
        sources = [
            {"source": s.source, "new files": len(s.files), "problem": s.problem, "note": s.note}
            for s in loaded.fetched
        ]
        shown["remote sources"] = rows_table(sources)
    return shown


def _row_counts(results: Iterable[object], *names: str) -> dict[str, Any]:
    return {f"rows {name}": sum(getattr(result, f"rows_{name}") for result in results) for name in names}


def _files_table(files: "Iterable[LoadRecord | FileLoad]") -> dg.TableMetadataValue:
    """One row a file, with the start of its hash."""
    rows = (asdict(file) | {"content_hash": file.content_hash[:12]} for file in files)
    return rows_table([{name: value for name, value in row.items() if value is not None} for row in rows])


def _links(con: Connection, query: str, *header: str) -> dg.MarkdownMetadataValue:
    return dg.MetadataValue.md(markdown_table(header, con.execute(query).fetchall(), width=400))
