"""Expectation suites as Dagster asset checks: one check for each expectation, on the asset of its table.

This module translates results of `etl.checks` for Dagster. It runs no expectation and imports no Great Expectations.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

import dagster as dg

from assets import links
from assets.metadata import asset_key, code_block, rows_table
from etl.checks.run import CheckResult
from etl.checks.suite import Suite

MENDED = links.link("What to do when it fails", links.DOCS, "failed-checks.md")


def check_specs(suite: Suite) -> list[dg.AssetCheckSpec]:
    """The checks that the asset of a table announces; a critical one blocks what is downstream."""
    return [
        dg.AssetCheckSpec(
            name=expectation.name,
            asset=asset_key(suite.table),
            blocking=expectation.severity == "critical",
            description=f"{expectation.why}\n\n{MENDED}",
        )
        for expectation in suite.expectations
    ]


def check_results(results: Iterable[CheckResult]) -> Iterator[dg.AssetCheckResult]:
    """The result of each expectation; one that could not run counts as an error."""
    for result in results:
        critical = result.severity == "critical" or result.exception is not None
        yield dg.AssetCheckResult(
            asset_key=asset_key(result.table),
            check_name=result.name,
            passed=result.success,
            severity=dg.AssetCheckSeverity.ERROR if critical else dg.AssetCheckSeverity.WARN,
            description=describe(result),
            metadata=_metadata(result),
        )


def nothing_to_check(suites: Iterable[Suite], results: Iterable[CheckResult]) -> Iterator[dg.AssetCheckResult]:
    """A result for each announced check that did not run, because its table has no new rows."""
    checked = {(result.table, result.name) for result in results}
    for suite in suites:
        for expectation in suite.expectations:
            if (suite.table, expectation.name) not in checked:
                yield dg.AssetCheckResult(
                    asset_key=asset_key(suite.table),
                    check_name=expectation.name,
                    passed=True,
                    description="no new rows; the others passed when they came",
                )


def blocked(results: Iterable[CheckResult]) -> dg.Failure:
    """The failure of a step whose critical checks failed; it is not retried, because the data stays as it is."""
    failed = [result for result in results if result.critical_failure]
    names = ", ".join(result.name for result in failed)
    return dg.Failure(
        description=f"{failed[0].table} keeps its last good rows: {names} did not hold",
        allow_retries=False,
    )


def describe(result: CheckResult) -> str:
    """One line: why the expectation matters and, where it failed, what was found."""
    if result.exception:
        return f"could not run: {result.exception.strip().splitlines()[-1]}"
    if result.success:
        return result.why
    if result.unexpected_count:
        rows = f"{result.unexpected_count:,} row{'s' if result.unexpected_count != 1 else ''}"
        place = f" ({result.place})" if result.place else ""
        return f"{rows} broke it{place}: {result.why}"
    return f"found {_short(result.observed)}: {result.why}"


def _metadata(result: CheckResult) -> dict[str, Any]:
    """What the page of the check shows of a result. The UI sorts it by its labels, which begin accordingly."""
    found: dict[str, Any] = {
        "error": code_block(result.exception) if result.exception else None,
        "failing rows": rows_table(result.rows) if result.rows else None,
        "observed": None if result.observed is None else _short(result.observed),
        "rows looked at": result.element_count,
        "rows that broke it": result.unexpected_count,
        "rule": result.type,
        "rule: arguments": _json(result.kwargs),
        "rule: query": code_block(result.query, "sql") if result.query else None,
        "severity": result.severity,
    }
    return {name: value for name, value in found.items() if value is not None}


def _json(value: Any) -> dg.MetadataValue[Any]:
    return dg.MetadataValue.json(json.loads(json.dumps(value, default=str)))


def _short(value: Any, width: int = 300) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= width else text[: width - 1] + "…"
