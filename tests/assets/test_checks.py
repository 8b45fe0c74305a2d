"""What came of an expectation, in Dagster's words."""

from __future__ import annotations

import dataclasses

import dagster as dg
import pytest

from assets.checks import blocked, check_results
from etl.checks.run import CheckResult

pytestmark = pytest.mark.slow

KEY = dg.AssetKey(["core", "platform"])
HELD = CheckResult(
    "core.platform", "names_unique", "expect_x", "critical", True, "two names confuse", {"column": "name"}
)
BROKEN = dataclasses.replace(
    HELD, success=False, unexpected_count=2, element_count=7, rows=[{"name": "a", "n": 1}, {"name": None}]
)


def shown(result: CheckResult) -> dg.AssetCheckResult:
    (found,) = check_results([result])
    return found


def test_a_passed_check_says_why_it_matters() -> None:
    found = shown(HELD)
    assert (found.asset_key, found.check_name, found.passed) == (KEY, "names_unique", True)
    assert found.description == "two names confuse"


def test_a_failed_check_shows_its_rows() -> None:
    found = shown(BROKEN)
    assert (found.passed, found.severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert found.description == "2 rows broke it: two names confuse"
    rows = found.metadata["failing rows"]
    assert isinstance(rows, dg.TableMetadataValue)
    assert [record.data for record in rows.records] == [{"name": "a", "n": "1"}, {"name": "", "n": ""}]


def test_a_failed_check_without_rows_shows_the_observed_value() -> None:
    found = shown(dataclasses.replace(HELD, success=False, observed={"mean": 3}))
    assert found.description == 'found {"mean": 3}: two names confuse'


def test_a_warning_stays_a_warning() -> None:
    assert shown(dataclasses.replace(BROKEN, severity="warning")).severity == dg.AssetCheckSeverity.WARN


def test_a_warning_that_could_not_run_is_an_error() -> None:
    found = shown(dataclasses.replace(BROKEN, severity="warning", exception="Binder Error: no column x"))
    assert found.severity == dg.AssetCheckSeverity.ERROR
    assert found.description == "could not run: Binder Error: no column x"


def test_only_blocking_checks_are_named_in_the_failure() -> None:
    warned = dataclasses.replace(BROKEN, name="only_a_warning", severity="warning")
    failure = blocked([HELD, BROKEN, warned])
    assert failure.description == "core.platform keeps its last good rows: names_unique did not hold"
    assert not failure.allow_retries
