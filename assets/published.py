"""The reference data as an asset: the figures of documents, as WAREHOUSE_FIGURES names their folders.

What belongs here: the step that runs `etl.ingest` and says what came of every file. What a row may
look like is the business of `etl.sources.published`.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from assets.checks import blocked, check_results, check_specs
from assets.metadata import markdown_table, rows_table, table_metadata
from assets.warehouse import Warehouse
from etl.build import CriticalFailure, record, validate
from etl.ingest import IngestResult, load_published
from etl.quality import CheckResult, Suite
from etl.warehouse import Connection, transaction

TABLE = "raw.published_row"
KEY = dg.AssetKey(["raw", "published_row"])
SHOWN = 20

NEWEST_DOCUMENTS = f"""
    select fields['published_on'], format('[{{}}]({{}})', fields['title'], fields['url'])
    from {TABLE}
    where kind = 'document' and superseded_at is null
    order by fields['published_on'] desc, fields['document_id'] limit {SHOWN}
"""


def published_row(suite: Suite) -> dg.AssetsDefinition:
    """The asset raw/published_row, with the checks of `suite`."""

    @dg.asset(
        key=KEY,
        group_name="raw",
        owners=["team:warehouse"],
        kinds={"csv", "duckdb"},
        check_specs=check_specs(KEY, suite),
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
                loaded, checks = _ingest(con, warehouse, suite, context.run.run_id)
                metadata = {**ingest_metadata(con, loaded), **table_metadata(con, TABLE)}
        except CriticalFailure as failure:
            yield from check_results(KEY, failure.results)
            raise blocked(TABLE, failure.results) from None
        yield from check_results(KEY, checks)
        yield dg.MaterializeResult(metadata=metadata)

    return ingest


def _ingest(
    con: Connection, warehouse: Warehouse, suite: Suite, run_id: str
) -> tuple[IngestResult, list[CheckResult]]:
    """Load and check in one transaction: rows that fail a critical check were never there."""
    try:
        with transaction(con):
            loaded = load_published(con, warehouse.settings, datetime.now(UTC))
            checks = validate(con, suite)
    except CriticalFailure as failure:
        record(con, run_id, failure.results)
        raise
    record(con, run_id, checks)
    return loaded, checks


def ingest_metadata(con: Connection, loaded: IngestResult) -> dict[str, Any]:
    """What the UI shows of an ingest: counts, files, quarantined rows, period, documents with links."""
    found: dict[str, Any] = {
        "rows read": loaded.rows_read,
        "rows loaded": loaded.rows_loaded,
        "rows quarantined": loaded.rows_quarantined,
        "rows added": loaded.rows_added,
        "rows superseded": loaded.rows_superseded,
        "files": rows_table([{**file, "content_hash": file["content_hash"][:12]} for file in loaded.files]),
        "period": f"{loaded.period_start} to {loaded.period_end}",
        "platforms": ", ".join(loaded.platforms),
        "documents": loaded.documents,
        "newest documents": dg.MetadataValue.md(
            markdown_table(["published on", "document"], con.execute(NEWEST_DOCUMENTS).fetchall(), width=400)
        ),
    }
    if loaded.quarantined:
        shown = ("file", "line", "column_name", "reason", "raw_text")
        found["quarantined"] = rows_table([{c: row[c] for c in shown} for row in loaded.quarantined[:SHOWN]])
    return found
