"""The page of the snapshot as an asset: made after each publication, and left as it is while nothing changed."""

import dagster as dg

from assets.serving import SERVING
from assets.step import Report, step, table_spec
from etl.config import Settings
from etl.page.place import make_page
from etl.warehouse import Connection

PAGE = "serving.page"


def page_asset() -> dg.AssetsDefinition:
    """The asset serving/page, downstream of the snapshot. Where it fails, the publication stands."""

    @step(table_spec(PAGE, "serving", {"html"}, [SERVING]), suites={})
    def make(context: dg.AssetExecutionContext, con: Connection, settings: Settings) -> Report:
        """Answers, charts, tables and documents for people: $WAREHOUSE_HOME/serving/page/index.html.

        It is made from the published snapshot alone and names its version. A new edition is put in place by one
        rename; it needs no network and no script.

        grain: one page
        """
        page = make_page(settings)
        shown = {"made": page.made, "path": dg.MetadataValue.path(str(page.path)), "size in bytes": page.size_bytes}
        return Report([page], [], {PAGE: shown})

    return make
