"""The results of the last checks of every table, as Great Expectations' own pages: `make docs`.

The pages are written to $WAREHOUSE_HOME/data_docs and need no network: the style sheets and scripts that Great
Expectations loads from other servers are replaced by a few lines. Source: audit.expectation_result, the results
of the newest check of each table. Failing rows are shown in the Dagster UI.
"""

from __future__ import annotations

import html
import json
import re
from itertools import groupby
from pathlib import Path
from typing import Any

from etl.checks.gathered import know_expectation
from etl.config import Settings
from etl.errors import MendError
from etl.warehouse import Connection

NEWEST = """
select table_name, check_name, expectation_type, severity, success, observed_value, unexpected_count,
    element_count, kwargs, why, exception, checked_at, run_id
from audit.expectation_result
qualify rank() over (partition by table_name order by number desc nulls last, checked_at desc) = 1
order by table_name, check_name
"""
EXTERNAL = re.compile(
    r"<script\b.*?</script>|<style\b.*?</style>|<footer\b.*?</footer>"
    r"|<link\b[^>]*>|<img\b[^>]*>|<nav class=\"navbar.*?</nav>\s*</nav>",
    re.DOTALL,
)
STYLE = f"<style>{Path(__file__).with_suffix('.css').read_text(encoding='utf-8')}</style>"


def build_pages(con: Connection, folder: Path) -> Path:
    """Write one page a table and an index of them; returns the index.

    Raises MendError when no check has run yet.
    """
    checks = con.execute(NEWEST).fetchall()
    if not checks:
        raise MendError("no check has run yet: run `make refresh` first")
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for table, group in groupby(checks, key=lambda row: row[0]):
        rows = list(group)
        page = folder / f"{table}.html"
        page.write_text(_page(table, rows), encoding="utf-8")
        lines.append(_index_line(table, page.name, rows))
    index = folder / "index.html"
    heads = "".join(f"<th>{head}</th>" for head in ("table", "checks", "failed", "warned", "checked at"))
    body = f"<h1>Checks of the warehouse</h1><table><tr>{heads}</tr>{''.join(lines)}</table>"
    index.write_text(f"<!DOCTYPE html><meta charset='utf-8'><title>Checks</title>{STYLE}{body}", encoding="utf-8")
    return index


def _index_line(table: str, page: str, rows: list[Any]) -> str:
    failed = [row for row in rows if not row[4]]
    errors = sum(row[3] == "critical" or row[10] is not None for row in failed)
    cells = [
        f'<a href="{html.escape(page)}">{html.escape(table)}</a>',
        str(len(rows)),
        f'<span class="failed">{errors}</span>' if errors else "0",
        f'<span class="warned">{len(failed) - errors}</span>' if len(failed) > errors else "0",
        f"{max(row[11] for row in rows):%Y-%m-%d %H:%M} UTC",
    ]
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _page(table: str, rows: list[Any]) -> str:
    """The results of one table, as Great Expectations renders them."""
    from great_expectations.core.expectation_validation_result import (
        ExpectationSuiteValidationResult,
        ExpectationValidationResult,
    )
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
    from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer
    from great_expectations.render.view import DefaultJinjaPageView

    results = []
    for kind in {row[2] for row in rows}:
        know_expectation(kind)
    for _, name, kind, severity, success, observed, unexpected, elements, kwargs, why, error, *_ in rows:
        description = html.escape(f"{name} ({severity}): {why}")
        result: dict[str, Any] = {"observed_value": json.loads(observed) if observed else None, "details": {}}
        if elements is not None and unexpected is not None:
            share = 100 * unexpected / elements if elements else 0.0
            result |= {"element_count": elements, "unexpected_count": unexpected, "unexpected_percent": share}
        arguments = json.loads(kwargs)
        if "unexpected_rows_query" in arguments:
            arguments["unexpected_rows_query"] += "\n-- {batch}: " + table  # it prints a warning without
        config = ExpectationConfiguration(type=kind, kwargs=arguments, severity=severity, description=description)
        failure = {"raised_exception": error is not None, "exception_message": error, "exception_traceback": error}
        results.append(
            ExpectationValidationResult(
                success=success, expectation_config=config, result=result, meta={}, exception_info=failure
            )
        )
    held = sum(bool(row[4]) for row in rows)
    suite = ExpectationSuiteValidationResult(
        success=held == len(rows),
        results=results,
        suite_name=table,
        statistics={
            "evaluated_expectations": len(rows),
            "successful_expectations": held,
            "unsuccessful_expectations": len(rows) - held,
            "success_percent": 100 * held / len(rows),
        },
        meta={"run_id": {"run_name": rows[0][12], "run_time": rows[0][11]}, "active_batch_definition": {}},
    )
    page = DefaultJinjaPageView().render(ValidationResultsPageRenderer().render(suite))
    home = f'<p><a href="index.html">All tables</a></p><h1>{html.escape(table)}</h1>'
    page = EXTERNAL.sub("", page).replace("</head>", STYLE + "</head>").replace("<body>", "<body>" + home)
    return re.sub(r'<a href="\.\./[^"]*"[^>]*>(.*?)</a>', r"\1", page, flags=re.DOTALL)


def pages_folder(settings: Settings) -> Path:
    """The folder of the pages of a warehouse home."""
    return settings.home / "data_docs"
