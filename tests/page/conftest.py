"""Published homes for the tests of this folder: the reference data, and a few figures."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from etl.config import Settings, load_settings
from etl.page.place import Page, make_page
from etl.publish.publication import publish
from etl.warehouse import Connection, attached, open_build, open_snapshot
from tests.support.small_warehouse import publish_small_warehouse

NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


@pytest.fixture(scope="session")
def reference(warehouse: Connection, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The home of the published reference data, with its page. Read only."""
    settings = load_settings({"WAREHOUSE_HOME": str(tmp_path_factory.mktemp("page"))})
    settings.build_db.parent.mkdir(parents=True)
    ((catalog,),) = warehouse.execute("select current_database()").fetchall()
    with attached(warehouse, settings.build_db, "copied", read_only=False):
        warehouse.execute(f'copy from database "{catalog}" to copied')
        warehouse.execute("checkpoint copied")
    with open_build(settings) as con:
        publish(con, settings, now=NOW)
    make_page(settings)
    return settings


@pytest.fixture(scope="session")
def page(reference: Settings) -> Page:
    """The page of the reference data. Read only."""
    return make_page(reference)


@pytest.fixture(scope="session")
def snapshot(reference: Settings) -> Iterator[Connection]:
    """The snapshot that the page is of."""
    with open_snapshot(reference.serving_db) as con:
        yield con


@pytest.fixture
def small(tmp_path: Path) -> Settings:
    """The home of a small published warehouse without a page."""
    return publish_small_warehouse(tmp_path)
