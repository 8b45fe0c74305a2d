"""The catalogue of a lake: the tables of DuckLake 1.0 in a DuckDB file, written without DuckLake's extension.

The extension is no package: DuckDB loads it from an address of its own, for each version of DuckDB another one. So the
rows are written here, and benchmarks/lake.py has the extension read them. The number of a version is that of the
publication; version 0 has no table. A table whose rows changed has another file from that version on; one whose
columns or comments changed is another table of the same name.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from etl.lake.columns import LakeColumn, quoted
from etl.warehouse import Connection, count, prepared

WRITER = "commerce warehouse"
CATALOGUE = "lake.ducklake"
DATA = "data"


@dataclass(frozen=True)
class LakeVersion:
    """A publication in the lake; `refreshed_at` is in UTC."""

    version: int
    refreshed_at: datetime
    fingerprint: str
    is_simulated: bool


@dataclass(frozen=True)
class LakeTable:
    """A table of the current version: its number, columns and comments, and its file with rows and size.

    `path` is below the folder of the lake. `comments` are those of the table and of its columns, in their order.
    """

    name: str
    columns: tuple[LakeColumn, ...]
    comments: tuple[str, ...]
    path: str
    rows: int
    size_bytes: int
    footer_bytes: int
    number: int = field(default=-1, compare=False)

    def has_form_of(self, other: LakeTable) -> bool:
        """Whether both have the same columns and comments."""
        return (self.columns, self.comments) == (other.columns, other.comments)


def make_catalogue(con: Connection) -> None:
    """Make the tables of a lake without a version in the database in use."""
    con.execute(prepared("lake_catalogue"))


def hashes_of(con: Connection) -> dict[str, str]:
    """The SHA-256 of the rows of each table of the database in use, whatever their order; that of no text for none."""
    tables = con.execute(
        "select if(schema_name = 'main', '', schema_name || '.') || table_name, schema_name, table_name "
        "from duckdb_tables() where database_name = current_database()"
    ).fetchall()
    hashes = {}
    for name, schema, table in tables:
        texts = f"select to_json(t)::varchar as text from {quoted(schema)}.{quoted(table)} as t"
        ((found,),) = con.execute(
            f"select sha256(coalesce(string_agg(text, chr(10) order by text), '')) from ({texts})"
        ).fetchall()
        hashes[name] = found
    return hashes


def versions_of(con: Connection) -> list[LakeVersion]:
    """The publications in the lake, oldest first."""
    rows = con.execute(
        "select snapshot_id, snapshot_time at time zone 'UTC', commit_extra_info "
        "from ducklake_snapshot join ducklake_snapshot_changes using (snapshot_id) where snapshot_id > 0 order by 1"
    ).fetchall()
    return [LakeVersion(version, at, **json.loads(extra)) for version, at, extra in rows]


def files_of(con: Connection, version: int) -> dict[str, dict[str, Any]]:
    """The file of each table of a version: its `path` below the folder of the lake, its `rows` and `size_bytes`."""
    rows = con.execute(
        f"select s.schema_name || '.' || t.table_name, if(f.path_is_relative, '{DATA}/' || s.path || t.path, '') "
        "|| f.path, f.record_count, f.file_size_bytes "
        "from ducklake_data_file as f join ducklake_table as t on t.table_id = f.table_id "
        "join ducklake_schema as s on s.schema_id = t.schema_id "
        "where f.begin_snapshot <= $version and coalesce(f.end_snapshot > $version, true) order by 1",
        {"version": version},
    ).fetchall()
    return {name: {"path": path, "rows": number, "size_bytes": size} for name, path, number, size in rows}


def tables_of(con: Connection) -> dict[str, LakeTable]:
    """The tables of the last version by name, as they were written."""
    rows = con.execute(
        "select s.schema_name || '.' || t.table_name, t.table_id, any_value(g.value), "
        f"'{DATA}/' || s.path || t.path || any_value(f.path), any_value(f.record_count), any_value(f.file_size_bytes), "
        "any_value(f.footer_size), list({'number': c.column_id, 'name': c.column_name, 'type': c.column_type, "
        "'parent': c.parent_column, 'comment': m.value} order by c.column_id) "
        "from ducklake_table as t join ducklake_schema as s on s.schema_id = t.schema_id "
        "join ducklake_data_file as f on f.table_id = t.table_id and f.end_snapshot is null "
        "join ducklake_column as c on c.table_id = t.table_id and c.end_snapshot is null "
        "left join ducklake_tag as g on g.object_id = t.table_id and g.end_snapshot is null "
        "left join ducklake_column_tag as m on m.table_id = t.table_id and m.column_id = c.column_id "
        "where t.end_snapshot is null group by s.schema_name, t.table_name, t.table_id, s.path, t.path"
    ).fetchall()
    found = {}
    for name, number, comment, path, size, size_bytes, footer_bytes, columns in rows:
        meanings = [column["comment"] or "" for column in columns if column["parent"] is None]
        comments = (comment or "", *meanings)
        found[name] = LakeTable(name, _within(columns, None), comments, path, size, size_bytes, footer_bytes, number)
    return found


def _within(columns: Sequence[dict[str, Any]], parent: int | None) -> tuple[LakeColumn, ...]:
    """The columns that are parts of one, or of none."""
    return tuple(
        LakeColumn(one["number"], one["name"], one["type"], _within(columns, one["number"]))
        for one in columns
        if one["parent"] == parent
    )


def add_version(
    con: Connection, version: LakeVersion, before: dict[str, LakeTable], tables: Sequence[LakeTable], folder: Path
) -> None:
    """Write a version after those that are there; `before` has the tables of the last one, by name.

    `folder` is that of the lake: DuckLake looks for a relative one below the folder in which a reader works.
    """
    con.execute("update ducklake_metadata set value = ? where key = 'data_path'", [f"{folder / DATA}/"])
    ((schema_version, catalog_id, file_id),) = con.execute(
        "select schema_version, next_catalog_id, next_file_id from ducklake_snapshot order by snapshot_id desc limit 1"
    ).fetchall()
    writer = _VersionWriter(con, version.version, catalog_id, file_id)
    now = {table.name: table for table in tables}
    for name, table in before.items():
        if name not in now or not table.has_form_of(now[name]):
            writer.drop(table)
    for table in tables:
        old = before.get(table.name)
        if old is None or not old.has_form_of(table):
            writer.create(table, schema_version + 1)
        elif old.path != table.path:
            writer.replace(old, table)
    extra = {"fingerprint": version.fingerprint, "is_simulated": version.is_simulated}
    con.execute(
        "insert into ducklake_snapshot values (?, ? at time zone 'UTC', ?, ?, ?)",
        [
            version.version,
            version.refreshed_at,
            schema_version + writer.has_new_form,
            writer.next_catalog_id,
            writer.next_file_id,
        ],
    )
    con.execute(
        "insert into ducklake_snapshot_changes values (?, ?, ?, ?, ?)",
        [version.version, ",".join(writer.changes), WRITER, f"publication {version.version}", json.dumps(extra)],
    )


class _VersionWriter:
    """Writes the rows of one version."""

    def __init__(self, con: Connection, version: int, next_catalog_id: int, next_file_id: int) -> None:
        self._con, self._version = con, version
        self.next_catalog_id, self.next_file_id = next_catalog_id, next_file_id
        self.changes: list[str] = []
        self.has_new_form = False

    def drop(self, table: LakeTable) -> None:
        """End a table with its columns, comments and file."""
        for ended in ("table", "column", "column_tag", "data_file"):
            self._end(ended, "table_id", table.number)
        self._end("tag", "object_id", table.number)
        self.changes.append(f"dropped_table:{table.number}")
        self.has_new_form = True

    def create(self, table: LakeTable, schema_version: int) -> None:
        """Begin a table with its columns, comments and file."""
        schema, _, name = table.name.partition(".")
        schema_id, number = self._schema(schema), self._next_id()
        begun = [self._version, None]
        self._insert("table", [number, str(uuid4()), *begun, schema_id, name, f"{name}/", True])
        self._insert("schema_versions", [self._version, schema_version, number])
        parts = [part for whole in table.columns for part in whole.all()]
        rest = (None, "NULL", True)
        self._insert(
            "column",
            *(
                [part.number, *begun, number, place, part.name, part.type, *rest, parent, "literal", "duckdb"]
                for place, (parent, part) in enumerate(parts, 1)
            ),
        )
        comment, *meanings = table.comments
        if comment:
            self._insert("tag", [number, *begun, "comment", comment])
        described = [(column.number, text) for column, text in zip(table.columns, meanings, strict=True) if text]
        self._insert("column_tag", *([number, column, *begun, "comment", text] for column, text in described))
        self._insert("table_stats", [number, 0, 0, 0])
        self.changes.append(f'created_table:"{schema}"."{name}"')
        self.has_new_form = True
        self._add_file(number, table)

    def replace(self, old: LakeTable, table: LakeTable) -> None:
        """Give a table another file."""
        self._end("data_file", "table_id", old.number)
        self.changes.append(f"deleted_from_table:{old.number}")
        self._add_file(old.number, table)

    def _add_file(self, number: int, table: LakeTable) -> None:
        first = count(
            self._con, "select next_row_id from ducklake_table_stats where table_id = $number", {"number": number}
        )
        path = table.path.rpartition("/")[2]
        about = [table.rows, table.size_bytes, table.footer_bytes, first, None, None, None, None]
        self._insert("data_file", [self.next_file_id, number, self._version, None, 0, path, True, "parquet", *about])
        self.next_file_id += 1
        self._con.execute(
            "update ducklake_table_stats set record_count = ?, next_row_id = ?, file_size_bytes = ? where table_id = ?",
            [table.rows, first + table.rows, table.size_bytes, number],
        )
        if table.rows:
            self.changes.append(f"inserted_into_table:{number}")

    def _schema(self, name: str) -> int:
        found = self._con.execute("select schema_id from ducklake_schema where schema_name = ?", [name]).fetchall()
        if found:
            return int(found[0][0])
        number = self._next_id()
        self._insert("schema", [number, str(uuid4()), self._version, None, name, f"{name}/", True])
        self.changes.append(f'created_schema:"{name}"')
        return number

    def _next_id(self) -> int:
        self.next_catalog_id += 1
        return self.next_catalog_id - 1

    def _insert(self, table: str, *rows: list[Any]) -> None:
        if rows:
            places = ", ".join(f"({', '.join('?' * len(row))})" for row in rows)
            self._con.execute(f"insert into ducklake_{table} values {places}", [value for row in rows for value in row])

    def _end(self, table: str, key: str, number: int) -> None:
        self._con.execute(
            f"update ducklake_{table} set end_snapshot = ? where {key} = ? and end_snapshot is null",
            [self._version, number],
        )
