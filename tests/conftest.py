"""What many tests ask for, and `--fast`: the tests that a contributor runs every minute."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from etl.config import load_settings
from etl.errors import MendError
from etl.warehouse import Connection, memory, open_build

SLOW_FILE = re.compile(r"^pytestmark = .*\bpytest\.mark\.slow\b", re.MULTILINE)
# Fixtures that build a whole warehouse: a test that asks for one is slow.
SLOW_FIXTURES = {"warehouse"}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fast", action="store_true", help="no slow test, and of the model cases those of what changed")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """With --fast, files that are slow as a whole are not even imported, nor is the conftest.py of their folder."""
    if not config.getoption("--fast"):
        return None
    files = collection_path.rglob("test_*.py") if collection_path.is_dir() else [collection_path]
    is_slow = all(SLOW_FILE.search(file.read_text(encoding="utf-8")) for file in files)
    return True if is_slow else None


def pytest_sessionstart(session: pytest.Session) -> None:
    """With --fast, a SQL file that breaks the rules is one sentence, before any worker starts."""
    if not session.config.getoption("--fast") or hasattr(session.config, "workerinput"):
        return
    from tests.support.models import project_models

    try:
        project_models()
    except MendError as error:
        raise pytest.UsageError(str(error)) from error


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With --fast, leave out tests that are slow, and cases of models that did not change."""
    if not config.getoption("--fast"):
        return
    from tests.support.changes import changed_cases

    changed = changed_cases()
    kept = [item for item in items if not is_slow(item) and case_of(item) in (None, *changed)]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


def is_slow(item: pytest.Item) -> bool:
    """Whether a test is marked slow or asks for a fixture that is."""
    fixtures = set(getattr(item, "fixturenames", ()))
    return item.get_closest_marker("slow") is not None or bool(fixtures & SLOW_FIXTURES)


def case_of(item: pytest.Item) -> Path | None:
    """The folder of a model case; nothing for any other test."""
    is_case = item.path.name == "test_models.py" and item.path.parent.name == "models"
    return item.callspec.params["case"] if is_case and isinstance(item, pytest.Function) else None


@pytest.fixture
def con() -> Iterator[Connection]:
    """An empty warehouse in memory, for one test."""
    con = memory()
    yield con
    con.close()


@pytest.fixture(scope="session")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    """The embedded data, ingested, built and checked as a refresh does it. A test that changes it rolls back."""
    from etl.reference.load import load_reference
    from tests.support.building import build_all

    settings = load_settings({"WAREHOUSE_HOME": str(tmp_path_factory.mktemp("embedded"))})
    with open_build(settings) as con:
        assert load_reference(con, settings, datetime(2026, 1, 1, tzinfo=UTC)).quarantined == ()
        build_all(con, run_id="embedded")
        yield con
