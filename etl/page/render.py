"""The page and the files beside it as HTML, and their tables as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from etl.errors import MendError
from etl.page.cells import CellMaker, safe
from etl.page.charts import Drawing, draw
from etl.page.content import PageContent, QueryRows, Row, part_keys
from etl.page.numbers import machine_value, printed
from etl.page.pictures import pictures

if TYPE_CHECKING:
    from jinja2 import Template

TEMPLATES = Path(__file__).with_name("templates")
ROWS_SHOWN = (200, 100, 50, 25)  # of one table, the most that fit; the others are in its CSV
MOST_BYTES = 1_000_000  # of the page
ROWS_OPEN = 12  # a table with more rows is folded


def files(content: PageContent, texts: Mapping[str, Any], edition: str) -> Iterator[tuple[str, str]]:
    """Name and text of each file of an edition: the page, those beside it, and the CSV files of all their tables.

    Raises MendError where the page is too large.
    """
    drawings = draw_all(content, texts)
    yield "index.html", html(content, texts, edition, drawings)
    yield from csv_files(content, texts, edition)
    yield from pictures(texts, drawings)
    for file in content.files:
        own = replace(content, parts=file.parts)
        words = {name: printed(value) for name, value in file.row.items()}
        title = file.kind["title"].format(**words)
        told = {**texts, **file.kind, "title": title}
        yield f"{file.name}.html", html(own, told, edition, draw_all(own, told), f"{file.name}.")
        yield from csv_files(own, told, edition, f"{file.name}.")


def draw_all(content: PageContent, texts: Mapping[str, Any]) -> dict[str, list[Drawing]]:
    """The pictures of each view that has a chart, by its key."""
    mark = texts["simulated"] if content.is_simulated else ""
    views = [view for section in texts["sections"] for view in section.get("views", ())]
    charts = {view["key"]: view["chart"] for view in views if "chart" in view}
    return {key: draw(charts[key], content.parts[key].rows, texts["charts"], key, mark) for key in charts}


def html(
    content: PageContent,
    texts: Mapping[str, Any],
    edition: str,
    drawings: Mapping[str, list[Drawing]],
    prefix: str = "",
) -> str:
    """The page, with as many rows of long tables as fit; `edition` and `prefix` name its CSV files.

    Raises MendError where the fewest rows are too many.
    """
    for rows in ROWS_SHOWN:
        page = Renderer(content, texts, edition, drawings, rows, prefix).page()
        if (size := len(page.encode())) <= MOST_BYTES:
            return page
    raise MendError(f"the page has {size:,} bytes with {rows} rows a table, and may have {MOST_BYTES:,}")


@cache
def _template() -> Template:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    return environment.get_template("page.html.j2")


@dataclass(frozen=True)
class Renderer:
    """One try at the page: `drawings` are the pictures of each view, `most_rows` is how much of a table is shown."""

    content: PageContent
    texts: Mapping[str, Any]
    edition: str
    drawings: Mapping[str, list[Drawing]]
    most_rows: int
    prefix: str

    def page(self) -> str:
        """The text of index.html, or of a file beside it."""
        cells = CellMaker(self.content, self.texts)
        sections = [self._section(section, cells) for section in self.texts["sections"]]
        return _template().render(
            texts=self.texts,
            publication=self.content.publication,
            is_simulated=self.content.is_simulated,
            sections=sections,
            glossary=list(cells.glossary()),
            documents=list(cells.documents()),
            style=(TEMPLATES / "style.css").read_text(encoding="utf-8"),
        )

    def _section(self, section: Mapping[str, Any], cells: CellMaker) -> dict[str, Any]:
        """A section with its parts; one whose views are all empty is its own sentence, where it has one for that."""
        questions = [self._question(question, cells) for question in section.get("questions", ())]
        views = [self._view(view, cells) for view in section.get("views", ())]
        if is_empty := "none" in section and not any(view["rows"] for view in views):
            views = []
        none = section["none"] if is_empty else ""
        return {**section, "questions": questions, "views": views, "parts": [*questions, *views], "none": none}

    def _question(self, question: Mapping[str, Any], cells: CellMaker) -> dict[str, Any]:
        part = self.content.parts[question["key"]]
        sentences = [
            {"text": cells.sentence(question, row), "cited": cells.citations(row), "url": _link(row)}
            for row in part.rows
        ]
        return {"note": "", "none": "", "more": {}, **question, **self._sources(part), "sentences": sentences}

    def _view(self, view: Mapping[str, Any], cells: CellMaker) -> dict[str, Any]:
        part = self.content.parts[view["key"]]
        columns = cells.columns(part) if part.rows else []
        rows = [
            {
                "first": cells.table_cell(row, columns[0].name),
                "others": safe("".join(f"<td{cells.table_cell(row, column.name)}" for column in columns[1:])),
                "cited": cells.citations(row),
            }
            for row in part.rows[: self.most_rows]
        ]
        shown = {
            "columns": columns,
            "rows": rows,
            "all_rows": len(part.rows),
            "drawings": self.drawings.get(view["key"], []),
            "has_citations": any(row["cited"] for row in rows),
            "is_open": view.get("open", False) or len(rows) <= ROWS_OPEN,
        }
        return {"note": "", "none": "", **view, **self._sources(part), **shown}

    def _sources(self, part: QueryRows) -> dict[str, str]:
        """Where the numbers of a part come from: its query, and the file with all its rows."""
        return {"sql": part.sql, "csv": csv_name(self.prefix + part.key.removeprefix("page_"), self.edition)}


def csv_name(key: str, edition: str) -> str:
    """The name of a table's CSV file: it names the edition, so that a page never leads to the rows of another one."""
    return f"{key}.{edition}.csv"


def _link(row: Row) -> str | None:
    """Where a sentence leads: to an address of another site, or to a file beside the page."""
    return f"{row['file']}.html" if row.get("file") else row.get("source_url")


def csv_files(
    content: PageContent, texts: Mapping[str, Any], edition: str, prefix: str = ""
) -> Iterator[tuple[str, str]]:
    """Name and text of the CSV file of each question and view: all rows and columns of its query."""
    for key in part_keys(texts):
        yield csv_name(prefix + key, edition), _csv(content.parts[key], content.is_simulated and texts["simulated"])


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
