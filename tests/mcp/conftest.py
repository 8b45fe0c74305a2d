"""Published homes that the tools are asked about: the reference data, and the demo."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from etl.build import build
from etl.config import Settings, load_settings
from etl.demo import demo_environment, write_demo
from etl.models.graph import load_models
from etl.publish.publication import publish
from etl.warehouse import Connection, attached, open_build
from tests.support.demo_warehouse import load_demo

NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


@pytest.fixture(scope="session")
def reference(warehouse: Connection, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The home of the published reference data. Read only."""
    settings = load_settings({"WAREHOUSE_HOME": str(tmp_path_factory.mktemp("mcp"))})
    settings.build_db.parent.mkdir(parents=True)
    ((catalog,),) = warehouse.execute("select current_database()").fetchall()
    with attached(warehouse, settings.build_db, "copied", read_only=False):
        warehouse.execute(f'copy from database "{catalog}" to copied')
        warehouse.execute("checkpoint copied")
    with open_build(settings) as con:
        publish(con, settings, now=NOW)
    return settings


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The home of the published demo. Read only."""
    home = tmp_path_factory.mktemp("demo")
    settings = load_settings(demo_environment(home))
    write_demo(settings)
    with open_build(settings) as con:
        load_demo(con, home)
        for model in load_models(settings.root / "sql"):
            build(con, model, None, "demo")
        publish(con, settings, now=NOW)
    return settings
