"""The page as HTML, and its tables as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from etl.page.cells import CellMaker
from etl.page.charts import draw
from etl.page.content import PageContent, QueryRows, part_keys
from etl.page.numbers import machine_value

TEMPLATES = Path(__file__).with_name("templates")
ROWS_SHOWN = 200  # of one table; the others are in its CSV
ROWS_OPEN = 12  # a table with more rows is folded


def html(content: PageContent, texts: Mapping[str, Any], edition: str) -> str:
    """The page. `edition` names this version of it, and its CSV files."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    cells = CellMaker(content, texts)
    sections = [_section(section, content, texts, cells, edition) for section in texts["sections"]]
    return environment.get_template("page.html.j2").render(
        texts=texts,
        publication=content.publication,
        is_simulated=content.is_simulated,
        sections=sections,
        glossary=list(cells.glossary()),
        style=(TEMPLATES / "style.css").read_text(encoding="utf-8"),
    )


def csv_name(key: str, edition: str) -> str:
    """The name of a table's CSV file: it names the edition, so that a page never leads to the rows of another one."""
    return f"{key}.{edition}.csv"


def csv_files(content: PageContent, texts: Mapping[str, Any], edition: str) -> Iterator[tuple[str, str]]:
    """Name and text of the CSV file of each question and view: all rows and columns of its query."""
    for key in part_keys(texts):
        yield csv_name(key, edition), _csv(content.parts[key], content.is_simulated and texts["simulated"])


def _csv(part: QueryRows, mark: str | bool) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*part.columns, *(["data"] if mark else [])])
    for row in part.rows:
        writer.writerow([*(_csv_value(row[name]) for name in part.columns), *([mark] if mark else [])])
    return text.getvalue()


def _csv_value(value: object) -> str:
    if value is None:
        return ""
    return "; ".join(map(str, value)) if isinstance(value, list) else machine_value(value)


def _section(
    section: Mapping[str, Any], content: PageContent, texts: Mapping[str, Any], cells: CellMaker, edition: str
) -> dict[str, Any]:
    questions = [_question(one, content.parts[one["key"]], cells, edition) for one in section.get("questions", ())]
    views = [_view(one, content, texts, cells, edition) for one in section.get("views", ())]
    return {"key": section["key"], "title": section["title"], "questions": questions, "views": views}


def _question(question: Mapping[str, Any], part: QueryRows, cells: CellMaker, edition: str) -> dict[str, Any]:
    sentences = [
        {"text": cells.sentence(question, row), "cited": cells.citations(row), "url": row.get("source_url")}
        for row in part.rows
    ]
    return {"note": "", "none": "", "more": "", **question, "sentences": sentences, "sql": part.sql,
            "csv": csv_name(question["key"], edition)}  # fmt: skip


def _view(
    view: Mapping[str, Any], content: PageContent, texts: Mapping[str, Any], cells: CellMaker, edition: str
) -> dict[str, Any]:
    part, mark = content.parts[view["key"]], texts["simulated"] if content.is_simulated else ""
    columns = cells.columns(part) if part.rows else []
    rows = [
        {"cells": [cells.cell(row, column.name) for column in columns], "cited": cells.citations(row)}
        for row in part.rows[:ROWS_SHOWN]
    ]
    chart = view.get("chart")
    return {
        "note": "", "none": "", **view, "columns": columns, "rows": rows, "all_rows": len(part.rows),
        "drawings": draw(chart, part.rows, texts["charts"], view["key"], mark) if chart and part.rows else [],
        "has_citations": any(row["cited"] for row in rows), "sql": part.sql, "csv": csv_name(view["key"], edition),
        "is_open": view.get("open", False) or len(rows) <= ROWS_OPEN,
    }  # fmt: skip
