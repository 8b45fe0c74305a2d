"""The published snapshot as an asset: what readers open, and why it is new or unchanged."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from assets.days import follow_deliveries
from assets.metadata import rows_table
from assets.step import Report, step, table_spec
from etl.archive.copy import renew_copy
from etl.build import drop_unmade
from etl.checks.pages import pages_folder
from etl.config import Settings
from etl.daily.due import create_unbuilt
from etl.models.file import Model
from etl.publish.publication import Publication, publish
from etl.warehouse import Connection

SERVING = "serving.warehouse"
NO_PAGES = "`make docs` writes them to data_docs/ of the warehouse home"


def serving_asset(tables: Iterable[str], models: Sequence[Model]) -> dg.AssetsDefinition:
    """The asset serving/warehouse, downstream of `tables` and of all that they are made from.

    Tables of `models` that depend on delivered data are published without rows until there is some, so that a
    query that names them returns no rows instead of an error.
    """

    @step(table_spec(SERVING, "serving", {"file"}, tables), suites={})
    def publish_snapshot(context: dg.AssetExecutionContext, con: Connection, settings: Settings) -> Report:
        """The snapshot that readers open: $WAREHOUSE_HOME/serving/warehouse.duckdb.

        It has the schemas core, steps, marts, audit and meta. It is written next to the old file, checked, and
        renamed over it in one step; when nothing changed the old file is left as it is. The last snapshots are
        kept for rollback.

        grain: one file
        """
        follow_deliveries(context.instance, con)
        create_unbuilt(con, models)
        drop_unmade(con, models)
        publication = publish(con, settings, now=datetime.now(UTC))
        renew_copy(con, settings, datetime.now(UTC))
        return Report([publication], [], {SERVING: publication_metadata(publication, settings)})

    return publish_snapshot


def publication_metadata(publication: Publication, settings: Settings) -> dict[str, Any]:
    """What the UI shows of a publication, with a link to the pages of Great Expectations."""
    pages = pages_folder(settings) / "index.html"
    tables = [{"table": table, "rows": f"{rows:,}"} for table, rows in publication.tables.items()]
    return {
        "version": dg.MetadataValue.text(str(publication.version)),
        "published": publication.published,
        "reason": publication.reason,
        "reasons of changed rows that were not found": publication.problem or "none",
        "path": publication.path.relative_to(settings.home).as_posix(),
        "size in bytes": publication.size_bytes,
        "checks as pages": dg.MetadataValue.path(str(pages)) if pages.exists() else dg.MetadataValue.text(NO_PAGES),
        "tables": rows_table(tables),
    }
