"""A warehouse with facts of EDGAR, for tests: its figures, its tables, its checks."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from etl.checks import run as quality
from etl.checks.run import CheckResult
from etl.checks.suite import load_suite
from etl.config import ROOT, Settings
from etl.edgar.facts import Body, load_body
from etl.reference.load import load_reference
from etl.warehouse import Connection, memory
from tests.support.models import build_models

NOW = datetime(2021, 5, 1, tzinfo=UTC)
REFERENCE = str(ROOT / "data" / "reference")


def built(settings: Settings, bodies: list[tuple[int, Path]]) -> Connection:
    """A warehouse with the figures of the settings and the facts of the bodies, its tables made."""
    con = memory()
    assert not load_reference(con, settings, NOW).rows_quarantined
    for cik, path in bodies:
        assert load_body(con, Body(cik, path.name, path), NOW).status == "loaded"
    build_models(con)
    return con


def warnings(con: Connection, table: str) -> dict[str, CheckResult]:
    schema, _, name = table.partition(".")
    [path] = (ROOT / "expectations" / schema).rglob(f"{name}.yaml")
    question = "" if path.parent.name == schema else path.parent.name
    suite = load_suite(ROOT / "expectations", table, question)
    results = {result.name: result for result in quality.run(con, suite)}
    assert not [result.name for result in results.values() if result.critical_failure]
    return results


def asked(con: Connection, query: str) -> list[tuple[Any, ...]]:
    return con.execute(query).fetchall()
