"""Published homes for the tests of this folder: the reference data, and a few figures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from etl.config import Settings
from etl.page.place import Page, make_page
from etl.warehouse import Connection, open_snapshot
from tests.support.publishing import publish_reference
from tests.support.small_warehouse import publish_small_warehouse


@pytest.fixture(scope="session")
def reference(warehouse: Connection, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The home of the published reference data, with its page. Read only."""
    settings = publish_reference(warehouse, tmp_path_factory.mktemp("page"))
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
