"""What many tests ask for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from etl.config import load_settings
from etl.warehouse import Connection, memory, open_build


@pytest.fixture
def con() -> Iterator[Connection]:
    """An empty warehouse in memory, for one test."""
    con = memory()
    yield con
    con.close()


@pytest.fixture(scope="session")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    """The embedded data, ingested, built and checked as a refresh does it. A test that changes it rolls back."""
    from etl.build import build_all
    from etl.reference.load import ingest_reference

    settings = load_settings({"WAREHOUSE_HOME": str(tmp_path_factory.mktemp("embedded"))})
    with open_build(settings) as con:
        assert ingest_reference(con, settings, datetime(2026, 1, 1, tzinfo=UTC)).quarantined == ()
        outcomes = build_all(con, settings.sql_dir, settings.suites_dir, "embedded")
        assert [f"{o.name}: {o.reason}" for o in outcomes if o.result is None] == []
        yield con
