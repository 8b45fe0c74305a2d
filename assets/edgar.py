"""SEC EDGAR as two assets made by one step: which reports are filed, and the bodies with their facts.

What belongs here: the step that runs `etl.edgar_refresh` and says what came of every issuer. How EDGAR
is asked is the business of `etl.sources.edgar`. The step is skippable: the job that only looks for
filings goes on to the tables behind them when there is something new, and ends here when there is not.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from assets.checks import blocked, check_results, check_specs
from assets.metadata import asset_key, markdown_table, rows_table, table_metadata
from assets.published import KEY as PUBLISHED
from assets.warehouse import Warehouse
from etl.build import CriticalFailure, record, validate
from etl.edgar_refresh import EdgarPoll, refresh_edgar
from etl.quality import CheckResult, Suite
from etl.warehouse import Connection, transaction

FILING, BODY = "raw.edgar_filing", "raw.edgar_body"
KEYS = (asset_key(FILING), asset_key(BODY))
STEP = "edgar"
GRAIN = {FILING: "cik, accession", BODY: "kind, cik, part, content_hash"}
ABOUT = {
    FILING: """One annual, quarterly or interim report that EDGAR lists for a platform with a CIK.

        Polled once an issuer; `pending_at_source` is listed by the SEC and waits for its facts there.
        Without SEC_USER_AGENT nothing is asked, and the metadata says so.""",
    BODY: """One answer of EDGAR, kept as it came under $WAREHOUSE_HOME/raw/edgar, once by its hash.

        The facts of an issuer are fetched only when a listed report has none here.""",
}
SHOWN = 20

NEWEST = f"""
    select f.filing_date, f.form, f.status, f.fact_count, format('[{{}}]({{}})', f.accession,
        'https://www.sec.gov/Archives/edgar/data/' || f.cik || '/' || replace(f.accession, '-', '') || '/'
        || f.primary_document)
    from {FILING} as f
    order by f.filing_date desc, f.accession limit {SHOWN}
"""


class EdgarConfig(dg.Config):
    """How the step is run: with `only_if_new`, what is behind it runs only when there is news."""

    only_if_new: bool = False


def edgar_assets(suites: dict[str, Suite]) -> dg.AssetsDefinition:
    """The assets raw/edgar_filing and raw/edgar_body, with the checks of their suites."""
    tables = [FILING, BODY]

    @dg.multi_asset(
        name=STEP,
        specs=[
            dg.AssetSpec(
                asset_key(table),
                deps=[PUBLISHED],
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
    def ask_edgar(
        context: dg.AssetExecutionContext, config: EdgarConfig, warehouse: Warehouse
    ) -> Iterator[Any]:
        run_id = context.run.run_id
        try:
            with warehouse.open() as con:
                found, checks = _poll(con, warehouse, [suites[table] for table in tables], run_id)
                metadata = {table: table_metadata(con, table) for table in tables}
                metadata[FILING] = {**poll_metadata(con, found), **metadata[FILING]}
        except CriticalFailure as failure:
            yield from check_results(asset_key(failure.results[0].table), failure.results)
            raise blocked(failure.results[0].table, failure.results) from None
        for result in checks:
            yield from check_results(asset_key(result.table), [result])
        if config.only_if_new and not found.changed:
            context.log.info(f"nothing new at EDGAR ({found.status}): the tables behind it stay as they are")
            return
        for table in tables:
            yield dg.MaterializeResult(asset_key=asset_key(table), metadata=metadata[table])

    return ask_edgar


def _poll(
    con: Connection, warehouse: Warehouse, suites: list[Suite], run_id: str
) -> tuple[EdgarPoll, list[CheckResult]]:
    """Poll and check in one transaction: rows that fail a critical check were never there."""
    try:
        with transaction(con):
            found = refresh_edgar(con, warehouse.settings, datetime.now(UTC))
            checks = [result for suite in suites for result in validate(con, suite)]
    except CriticalFailure as failure:
        record(con, run_id, failure.results)
        raise
    record(con, run_id, checks)
    return found, checks


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
