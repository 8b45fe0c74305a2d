"""Published homes that the tools are asked about: the reference data, and the demo."""

from __future__ import annotations

import pytest

from etl.build import build
from etl.config import Settings, load_settings
from etl.demo import demo_environment, write_demo
from etl.models.graph import load_models
from etl.publish.publication import publish
from etl.warehouse import Connection, open_build
from tests.support.demo_warehouse import load_demo
from tests.support.publishing import NOW, publish_reference


@pytest.fixture(scope="session")
def reference(warehouse: Connection, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The home of the published reference data. Read only."""
    return publish_reference(warehouse, tmp_path_factory.mktemp("mcp"))


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
