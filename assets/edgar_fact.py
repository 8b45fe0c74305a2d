"""Facts of filings as an asset: the bodies that SEC EDGAR answered with, fact by fact.

What belongs here: the step that runs `etl.edgar_facts` and says what came of every body. Which bodies there
are is the business of the assets before it.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from assets.checks import blocked, check_results, check_specs
from assets.metadata import asset_key, rows_table, table_metadata
from assets.warehouse import Warehouse
from etl.build import CriticalFailure, record, validate
from etl.edgar_facts import FactLoad, load_pending
from etl.quality import Suite
from etl.warehouse import transaction

TABLE = "raw.edgar_fact"
KEY = asset_key(TABLE)
BODY = asset_key("raw.edgar_body")


def edgar_fact(suite: Suite) -> dg.AssetsDefinition:
    """The asset raw/edgar_fact, with the checks of `suite`."""

    @dg.asset(
        key=KEY,
        deps=[BODY],
        group_name="raw",
        owners=["team:warehouse"],
        kinds={"json", "duckdb"},
        check_specs=check_specs(KEY, suite),
    )
    def load(context: dg.AssetExecutionContext, warehouse: Warehouse) -> Iterator[Any]:
        """One fact of one filing, with its day and every earlier value, from the newest body of each issuer.

        Odd: fy, fp and frame describe the filing and not the fact, so spans and fiscal years are told by
        days. A fact that a later body tells otherwise is marked, not deleted; a body that cannot be read is
        refused with its reason in audit.load, and the others load.

        grain: cik, taxonomy, concept, unit, period_start, period_end, accn, loaded_at
        """
        run_id = context.run.run_id
        try:
            with warehouse.open() as con:
                loads = list(load_pending(con, warehouse.settings, datetime.now(UTC)))
                with transaction(con):
                    checks = validate(con, suite)
                metadata = {**load_metadata(loads), **table_metadata(con, TABLE)}
                record(con, run_id, checks)
        except CriticalFailure as failure:
            with warehouse.open() as con:
                record(con, run_id, failure.results)
            yield from check_results(KEY, failure.results)
            raise blocked(TABLE, failure.results) from None
        yield from check_results(KEY, checks)
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
