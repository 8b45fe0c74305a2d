"""The reference data as an asset: the figures of documents, as WAREHOUSE_FIGURES names their folders.

What belongs here: the step that runs `etl.ingest` and says what came of every file. What a row may
look like is the business of `etl.sources.published`.

SEC EDGAR as two assets made by one step: which reports are filed, and the bodies with their facts.

What belongs here: the step that runs `etl.edgar_refresh` and says what came of every issuer. How EDGAR
is asked is the business of `etl.sources.edgar`. The step is skippable: the job that only looks for
filings goes on to the tables behind them when there is something new, and ends here when there is not.

Facts of filings as an asset: the bodies that SEC EDGAR answered with, fact by fact.

What belongs here: the step that runs `etl.edgar_facts` and says what came of every body. Which bodies there
are is the business of the assets before it.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from assets.checks import blocked, check_results, check_specs
from assets.metadata import asset_key, markdown_table, rows_table, table_metadata
from assets.warehouse import Warehouse
from etl.checks.run import CriticalFailure, checked
from etl.checks.suite import Suite
from etl.edgar.facts import FactLoad, load_pending
from etl.edgar.filings import EdgarPoll, refresh_edgar
from etl.reference.load import IngestResult, load_reference
from etl.warehouse import Connection

REFERENCE = "raw.reference_row"
REFERENCE_KEY = dg.AssetKey(["raw", "reference_row"])
SHOWN = 20
FILE_COLUMNS = ("file", "content_hash", "rows_read", "rows_loaded", "rows_quarantined", "status")

NEWEST_DOCUMENTS = f"""
    select fields['published_on'], format('[{{}}]({{}})', fields['title'], fields['url'])
    from {REFERENCE}
    where kind = 'document' and superseded_at is null
    order by fields['published_on'] desc, fields['document_id'] limit {SHOWN}
"""


def reference_row(suite: Suite) -> dg.AssetsDefinition:
    """The asset raw/reference_row, with the checks of `suite`."""

    @dg.asset(
        key=REFERENCE_KEY,
        group_name="raw",
        owners=["team:warehouse"],
        kinds={"csv", "duckdb"},
        check_specs=check_specs(REFERENCE_KEY, suite),
    )
    def ingest(context: dg.AssetExecutionContext, warehouse: Warehouse) -> Iterator[Any]:
        """One row of a reference file, as the file said it, with its line and the file's hash.

        Brings platforms, parties, metrics, documents, observations, partnerships and claims from every
        folder of WAREHOUSE_FIGURES. Append-only: a row that left its file is marked, not deleted. A row
        that breaks the contract goes to audit.quarantine with its reason, and the rest is loaded.

        grain: file, line, loaded_at
        """
        try:
            with warehouse.open() as con:
                with checked(con, context.run.run_id) as checks:
                    loaded = load_reference(con, warehouse.settings, datetime.now(UTC))
                    checks.validate(suite)
                metadata = {**ingest_metadata(con, loaded), **table_metadata(con, REFERENCE)}
        except CriticalFailure as failure:
            yield from check_results(REFERENCE_KEY, failure.results)
            raise blocked(REFERENCE, failure.results) from None
        yield from check_results(REFERENCE_KEY, checks.results)
        yield dg.MaterializeResult(metadata=metadata)

    return ingest


def ingest_metadata(con: Connection, loaded: IngestResult) -> dict[str, Any]:
    """What the UI shows of an ingest: counts, files, quarantined rows, period, documents with links."""
    found: dict[str, Any] = {
        "rows read": loaded.rows_read,
        "rows loaded": loaded.rows_loaded,
        "rows quarantined": loaded.rows_quarantined,
        "rows added": loaded.rows_added,
        "rows superseded": loaded.rows_superseded,
        "files": rows_table(
            [
                {c: getattr(file, c) for c in FILE_COLUMNS} | {"content_hash": file.content_hash[:12]}
                for file in loaded.files
            ]
        ),
        "period": f"{loaded.period_start} to {loaded.period_end}",
        "platforms": ", ".join(loaded.platforms),
        "documents": loaded.documents,
        "newest documents": dg.MetadataValue.md(
            markdown_table(["published on", "document"], con.execute(NEWEST_DOCUMENTS).fetchall(), width=400)
        ),
    }
    if loaded.quarantined:
        shown = ("file", "line", "column_name", "reason", "raw_text")
        found["quarantined"] = rows_table([{c: getattr(row, c) for c in shown} for row in loaded.quarantined[:SHOWN]])
    return found


FILING, BODY = "raw.edgar_filing", "raw.edgar_body"
EDGAR_KEYS = (asset_key(FILING), asset_key(BODY))
EDGAR_STEP = "edgar"
GRAIN = {FILING: "cik, accession", BODY: "kind, cik, part, content_hash"}
ABOUT = {
    FILING: """One annual, quarterly or interim report that EDGAR lists for a platform with a CIK.

        Polled once an issuer; `pending_at_source` is listed by the SEC and waits for its facts there.
        Without SEC_USER_AGENT nothing is asked, and the metadata says so.""",
    BODY: """One answer of EDGAR, kept as it came under $WAREHOUSE_HOME/raw/edgar, once by its hash.

        The facts of an issuer are fetched only when a listed report has none here.""",
}
REPORTS_SHOWN = 20

NEWEST = f"""
    select f.filing_date, f.form, f.status, f.fact_count, format('[{{}}]({{}})', f.accession,
        'https://www.sec.gov/Archives/edgar/data/' || f.cik || '/' || replace(f.accession, '-', '') || '/'
        || f.primary_document)
    from {FILING} as f
    order by f.filing_date desc, f.accession limit {REPORTS_SHOWN}
"""


class EdgarConfig(dg.Config):
    """How the step is run: with `only_if_new`, what is behind it runs only when there is news."""

    only_if_new: bool = False


def edgar_assets(suites: dict[str, Suite]) -> dg.AssetsDefinition:
    """The assets raw/edgar_filing and raw/edgar_body, with the checks of their suites."""
    tables = [FILING, BODY]

    @dg.multi_asset(
        name=EDGAR_STEP,
        specs=[
            dg.AssetSpec(
                asset_key(table),
                deps=[REFERENCE_KEY],
                group_name="raw",
                owners=["team:warehouse"],
                kinds={"json", "duckdb"},
                description=f"{ABOUT[table]}\n\n        grain: {GRAIN[table]}".replace("\n        ", "\n"),
                skippable=True,
            )
            for table in tables
        ],
        check_specs=[spec for table in tables for spec in check_specs(asset_key(table), suites[table])],
    )
    def ask_edgar(context: dg.AssetExecutionContext, config: EdgarConfig, warehouse: Warehouse) -> Iterator[Any]:
        try:
            with warehouse.open() as con:
                with checked(con, context.run.run_id) as checks:
                    found = refresh_edgar(con, warehouse.settings, datetime.now(UTC))
                    for table in tables:
                        checks.validate(suites[table])
                metadata = {table: table_metadata(con, table) for table in tables}
                metadata[FILING] = {**poll_metadata(con, found), **metadata[FILING]}
        except CriticalFailure as failure:
            for result in failure.results:
                yield from check_results(asset_key(result.table), [result])
            raise blocked(failure.results[-1].table, failure.results) from None
        for result in checks.results:
            yield from check_results(asset_key(result.table), [result])
        if config.only_if_new and not found.changed:
            context.log.info(f"nothing new at EDGAR ({found.status}): the tables behind it stay as they are")
            return
        for table in tables:
            yield dg.MaterializeResult(asset_key=asset_key(table), metadata=metadata[table])

    return ask_edgar


def poll_metadata(con: Connection, found: EdgarPoll) -> dict[str, Any]:
    """What the UI shows of a poll: how EDGAR stands, what came of each issuer, newest reports with links."""
    shown: dict[str, Any] = {
        "EDGAR": found.status,
        "what is missing": found.reason or "nothing",
        "issuers": len(found.issuers),
        "requests": found.requests,
        "reports newly listed": sum(issuer.listed for issuer in found.issuers),
        "reports with new facts": sum(issuer.loaded for issuer in found.issuers),
        "reports pending at source": sum(issuer.pending for issuer in found.issuers),
        "reports with changed facts": sum(issuer.changed for issuer in found.issuers),
    }
    if found.issuers:
        shown["by issuer"] = rows_table([vars(issuer) for issuer in found.issuers])
    newest = con.execute(NEWEST).fetchall()
    if newest:
        header = ["filed on", "form", "status", "facts", "report"]
        shown["newest reports"] = dg.MetadataValue.md(markdown_table(header, newest, width=400))
    return shown


EDGAR_FACT = "raw.edgar_fact"
EDGAR_FACT_KEY = asset_key(EDGAR_FACT)
BODY_KEY = asset_key("raw.edgar_body")


def edgar_fact(suite: Suite) -> dg.AssetsDefinition:
    """The asset raw/edgar_fact, with the checks of `suite`."""

    @dg.asset(
        key=EDGAR_FACT_KEY,
        deps=[BODY_KEY],
        group_name="raw",
        owners=["team:warehouse"],
        kinds={"json", "duckdb"},
        check_specs=check_specs(EDGAR_FACT_KEY, suite),
    )
    def load(context: dg.AssetExecutionContext, warehouse: Warehouse) -> Iterator[Any]:
        """One fact of one filing, with its day and every earlier value, from the newest body of each issuer.

        Odd: fy, fp and frame describe the filing and not the fact, so spans and fiscal years are told by
        days. A fact that a later body tells otherwise is marked, not deleted; a body that cannot be read is
        refused with its reason in audit.load, and the others load.

        grain: cik, taxonomy, concept, unit, period_start, period_end, accn, loaded_at
        """
        try:
            with warehouse.open() as con:
                loads = list(load_pending(con, warehouse.settings, datetime.now(UTC)))
                with checked(con, context.run.run_id) as checks:
                    checks.validate(suite)
                metadata = {**load_metadata(loads), **table_metadata(con, EDGAR_FACT)}
        except CriticalFailure as failure:
            yield from check_results(EDGAR_FACT_KEY, failure.results)
            raise blocked(EDGAR_FACT, failure.results) from None
        yield from check_results(EDGAR_FACT_KEY, checks.results)
        yield dg.MaterializeResult(metadata=metadata)

    return load


def load_metadata(loads: list[FactLoad]) -> dict[str, Any]:
    """What the UI shows: counts over all bodies that were read, and one row for each of them."""
    shown: dict[str, Any] = {
        "bodies read": len(loads),
        "bodies refused": sum(load.status == "refused" for load in loads),
        "facts added": sum(load.rows_added for load in loads),
        "facts superseded": sum(load.rows_superseded for load in loads),
        "facts quarantined": sum(load.rows_quarantined for load in loads),
    }
    if loads:
        shown["by body"] = rows_table(
            [
                {
                    "file": load.body.file,
                    "content_hash": load.body.content_hash[:12],
                    "status": load.status,
                    "facts": load.rows_read,
                    "added": load.rows_added,
                    "superseded": load.rows_superseded,
                    "quarantined": load.rows_quarantined,
                    "message": load.message,
                }
                for load in loads
            ]
        )
    return shown
