"""What the page shows, as rows: each part is one prepared query of the published snapshot.

A query's file is sql/queries/page_<key>.sql, and its text is shown on the page. Nothing is computed here: a number of
the page is a value of a mart, or a count of its rows that the query names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from etl.errors import MendError
from etl.warehouse import Connection, literal, prepared
from etl.yaml_file import read_yaml

Row = dict[str, Any]
TEXTS = Path(__file__).with_name("texts.yaml")
# Columns that are shown as documents, and columns that say how their row is shown.
CITED = ("input_observation_ids", "document_id", "document_ids")
SILENT = ("sentence", "is_ranked", "is_missing", "source_url", "file", "asked")
IS_BOUND = "_is_bound"  # ends the name of a column that says whether a day of knowledge is only the latest possible
KEYS = "$keys"  # in a query of a file beside the page: the days or deals that it is asked about
_FILE_NAME = re.compile(r"[\w-]{1,120}", re.ASCII)


@dataclass(frozen=True)
class QueryRows:
    """The rows of a prepared query, the names of its columns, and its text."""

    key: str
    sql: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    def of(self, file: Row) -> QueryRows:
        """What belongs to one file beside the page, with the query that gives only this."""
        rows = tuple(row for row in self.rows if row["file"] == file["file"])
        return replace(self, sql=asked_about(prepared(self.key), [file["asked"]]), rows=rows)


@dataclass(frozen=True)
class SideFile:
    """A file beside the page: its kind (an entry of `files` in the texts), its row of the kind's query, its parts."""

    kind: Mapping[str, Any]
    row: Row
    parts: Mapping[str, QueryRows]

    @property
    def name(self) -> str:
        """The name of the file without its ending."""
        return str(self.row["file"])


@dataclass(frozen=True)
class PageContent:
    """All that the page is made from.

    `publication` is the row of meta.publication, `parts` the rows by the key of a question or view; `figures` and
    `documents` by their identifiers, `words` meanings by kind and term; `files` are those beside the page.
    """

    publication: Row
    is_simulated: bool
    parts: Mapping[str, QueryRows]
    figures: Mapping[str, Row]
    documents: Mapping[str, Row]
    words: Mapping[tuple[str, str], str]
    files: tuple[SideFile, ...] = ()


@cache
def read_texts(path: Path = TEXTS) -> dict[str, Any]:
    """The texts of the page, with the order of its parts. Raises MendError where a part has no query."""
    texts: dict[str, Any] = read_yaml(path)
    kinds = texts["files"]
    for key in [*(kind["key"] for kind in kinds), *(key for kind in (texts, *kinds) for key in part_keys(kind))]:
        try:
            prepared(f"page_{key}")
        except FileNotFoundError as error:
            raise MendError(f"{path} has a part {key}, and there is no sql/queries/page_{key}.sql") from error
    return texts


def part_keys(texts: Mapping[str, Any]) -> list[str]:
    """The keys of all questions and views of the page, or of a kind of file beside it, in their order."""
    return [
        part["key"]
        for section in texts["sections"]
        for part in (*section.get("questions", ()), *section.get("views", ()))
    ]


def views_by_table() -> dict[str, list[Mapping[str, Any]]]:
    """The views of the page by the mart that their query reads first; of one mart those with a chart come first."""
    first = re.compile(r"^\s*from (marts\.\w+)", re.MULTILINE)
    found: dict[str, list[Mapping[str, Any]]] = {}
    for section in read_texts()["sections"]:
        for view in section.get("views", ()):
            if table := first.search(prepared(f"page_{view['key']}")):
                found.setdefault(table[1], []).append(view)
    return {table: sorted(views, key=lambda view: "chart" not in view) for table, views in found.items()}


def read_content(con: Connection, texts: Mapping[str, Any], *, is_demo: bool) -> PageContent:
    """Ask the snapshot for everything that the page shows; `is_demo` says that its home holds simulated data.

    Raises MendError for a column that has no label in the texts, DatabaseError where a mart is missing or damaged.
    """
    parts = {key: ask(con, f"page_{key}") for key in part_keys(texts)}
    files = tuple(file for kind in texts["files"] for file in side_files(con, kind))
    for part in (*parts.values(), *{part.key: part for file in files for part in file.parts.values()}.values()):
        if unknown := [name for name in part.columns if name not in texts["columns"] and not is_known(name)]:
            raise MendError(f"sql/queries/{part.key}.sql has {', '.join(unknown)}: give it a label in {TEXTS.name}")
    figures = {row["observation_id"]: row for row in ask(con, "page_figures").rows}
    simulated = is_demo or is_simulated(con)
    return PageContent(publication_in(con), simulated, parts, figures, documents_in(con), words_in(con), files)


def publication_in(con: Connection) -> Row:
    """The row of meta.publication."""
    (publication,) = ask(con, "page_publication").rows
    return publication


def is_simulated(con: Connection) -> bool:
    """Whether any figure of the snapshot is made up."""
    return bool(ask(con, "page_is_simulated").rows[0]["is_simulated"])


def documents_in(con: Connection) -> dict[str, Row]:
    """The documents by their identifiers."""
    return {row["document_id"]: row for row in ask(con, "page_documents").rows}


def words_in(con: Connection) -> dict[tuple[str, str], str]:
    """Meanings by kind and term."""
    return {(row["kind"], row["term"]): row["meaning"] for row in ask(con, "page_words").rows}


def side_files(con: Connection, kind: Mapping[str, Any]) -> Iterator[SideFile]:
    """The files of a kind: those that its query lists and whose name can be one. Each part is asked once for all."""
    listed = [row for row in ask(con, f"page_{kind['key']}").rows if _FILE_NAME.fullmatch(row["file"])]
    if listed:
        keys = [row["asked"] for row in listed]
        parts = {key: ask(con, f"page_{key}", keys) for key in part_keys(kind)}
        for row in listed:
            yield SideFile(kind, row, {key: part.of(row) for key, part in parts.items()})


def is_known(column: str) -> bool:
    """Whether a column is shown with another one or as documents, or says how its row is shown."""
    return column.endswith(("_low", "_high", IS_BOUND)) or column in (*CITED, *SILENT)


def asked_about(sql: str, keys: Sequence[object]) -> str:
    """A query of files beside the page with the days or deals that it is asked about."""
    listed = (f"date '{key}'" if isinstance(key, date) else literal(str(key)) for key in keys)
    return sql.replace(KEYS, f"[{', '.join(listed)}]")


def ask(con: Connection, query: str, keys: Sequence[object] = ()) -> QueryRows:
    """The rows of a prepared query of the snapshot, which may ask about several days or deals at once."""
    sql = asked_about(prepared(query), keys)
    answer = con.execute(sql)
    names = tuple(column[0] for column in answer.description or ())
    return QueryRows(query, sql, names, tuple(dict(zip(names, row, strict=True)) for row in answer.fetchall()))
