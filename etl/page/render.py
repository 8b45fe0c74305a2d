"""The page and the files beside it as HTML, and their tables as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from etl.errors import MendError
from etl.page.cells import CellMaker, safe
from etl.page.charts import Drawn, draw
from etl.page.content import PageContent, QueryRows, Row, part_keys
from etl.page.numbers import machine_value, printed
from etl.page.pictures import pictures

if TYPE_CHECKING:
    from jinja2 import Template

TEMPLATES = Path(__file__).with_name("templates")
ROWS_SHOWN = (200, 100, 50, 25)  # of a table, its pictures, or sentences: the most that fit; its CSV has all
MOST_BYTES = 1_000_000  # of the page
ROWS_OPEN = 12  # a table with more rows is folded
NOT_DRAWN = Drawn((), "")


def files(content: PageContent, texts: Mapping[str, Any], edition: str) -> Iterator[tuple[str, str]]:
    """Name and text of each file of an edition: the page, those beside it, and the CSV files of all their tables.

    Raises MendError where the page is too large.
    """
    page, drawings = html(content, texts, edition)
    yield "index.html", page
    yield from csv_files(content, texts, edition)
    yield from pictures(texts, drawings)
    for file in content.files:
        own = replace(content, parts=file.parts)
        words = {name: printed(value) for name, value in file.row.items()}
        title = file.kind["title"].format(**words)
        told = {**texts, **file.kind, "title": title}
        yield f"{file.name}.html", html(own, told, edition, f"{file.name}.")[0]
        yield from csv_files(own, told, edition, f"{file.name}.")


def draw_all(content: PageContent, texts: Mapping[str, Any], most_rows: int) -> dict[str, Drawn]:
    """The pictures of each view that has a chart, by its key, of at most so many rows."""
    mark = texts["simulated"] if content.is_simulated else ""
    views = [view for section in texts["sections"] for view in section.get("views", ())]
    charts = {view["key"]: view["chart"] for view in views if "chart" in view}
    drawn = {}
    for key, chart in charts.items():
        rows = content.parts[key].rows
        first = first_rows(rows, most_rows)
        note = texts["drawn_of"].format(shown=len(first), rows=len(rows)) if len(first) < len(rows) else ""
        drawn[key] = Drawn(draw(chart, first, texts["charts"], key, mark), note)
    return drawn


def first_rows(rows: Sequence[Row], most: int) -> Sequence[Row]:
    """The first rows, without those of a platform of which others follow: no picture shows a part of its numbers."""
    if len(rows) <= most:
        return rows
    cut = rows[most].get("name")
    return [row for row in rows[:most] if row.get("name") != cut] or rows[:most]


def html(
    content: PageContent, texts: Mapping[str, Any], edition: str, prefix: str = ""
) -> tuple[str, dict[str, Drawn]]:
    """The page and its pictures, with as many rows and sentences of long parts as fit.

    `edition` and `prefix` name its CSV files. Raises MendError where the fewest rows are too many.
    """
    for rows in ROWS_SHOWN:
        drawings = draw_all(content, texts, rows)
        page = Renderer(content, texts, edition, drawings, rows, prefix).page()
        if (size := len(page.encode())) <= MOST_BYTES:
            return page, drawings
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
    """One try at the page: `drawings` are the pictures of each view, `most_rows` is how much of a part is shown."""

    content: PageContent
    texts: Mapping[str, Any]
    edition: str
    drawings: Mapping[str, Drawn]
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
            for row in part.rows[: self.most_rows]
        ]
        shown = {"sentences": sentences, "all_rows": len(part.rows)}
        return {"note": "", "none": "", "more": {}, **question, **self._sources(part), **shown}

    def _view(self, view: Mapping[str, Any], cells: CellMaker) -> dict[str, Any]:
        part = self.content.parts[view["key"]]
        drawn = self.drawings.get(view["key"], NOT_DRAWN)
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
            "drawings": drawn.pictures,
            "drawn_note": drawn.note,
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
