"""Tables as Parquet files that DuckDB and Spark both read: what one of them writes, the other finds.

The rows of a table stand in `exchange/<schema.table>/<part>/<content>/*.parquet`. A part is a day in a table of single
orders, a month in another table with days, which has so few rows that a file for each day would cost more than what is
in it, and `all` in a table without days. `content` is a hash of columns and rows, in any order, as DuckDB computes it
over its own table: a folder whose name is the hash of what the table has now holds the same rows, whoever wrote it and
when, and one that is missing is written. So nothing is written again that did not change, nothing has to be noted, and
a build that is rolled back leaves at most a folder that nobody asks for. All of it can be removed at any time, and an
erasure does.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from etl.config import Settings, make_private
from etl.models.file import Model
from etl.spark.text import PART
from etl.warehouse import Connection, literal, sql_path
from etl.whole import make_folder, sync

WHOLE, ALL = "'all'", "true"  # the key of a table that has one part, the condition of all rows
EMPTY = "empty"  # the part of a table without rows
TEMPORARY = "temp."  # made anew for each model that needs it
WRITTEN = "format parquet, compression zstd"
READ = (
    "hive_partitioning = false, hive_types_autocast = false, union_by_name = false, filename = false, "
    "binary_as_string = false, file_row_number = false"
)


class Exchange:
    """The folder of these files in a home, which nobody but its owner can open."""

    def __init__(self, settings: Settings) -> None:
        self.folder = settings.exchange_dir
        make_private(settings, self.folder)
        # By table, what was found in all of it: a run makes a table once, before any other is made from it.
        self._known: dict[str, dict[str, str]] = {}

    def fresh(self) -> Path:
        """A folder that is not there yet, for files to be written; what the last one left is removed."""
        self.clear()
        return self._under_way / "out"

    def clear(self) -> None:
        """Remove what is under way, or was when a run was killed."""
        shutil.rmtree(self._under_way, ignore_errors=True)
        make_folder(self._under_way)

    def files(self, con: Connection, table: str, key: str = WHOLE, where: str = ALL) -> list[Path]:
        """The files with the rows `t` of a table that meet `where`; those that are missing are written.

        `key` is an expression for the part to which a row belongs; `where` takes whole parts.
        """
        rows = f"select t.* from {table} as t where {where}"
        found = self._known.get(table) if where == ALL else None
        if found is None:
            found = self._contents(con, rows, key)
        if where == ALL and not table.startswith(TEMPORARY):
            self._known[table] = found
        if missing := [part for part, content in found.items() if not self._place(table, part, content).exists()]:
            place, listed = self.fresh(), ", ".join(map(literal, missing))
            con.execute(
                f"copy (select t.*, {key} as {PART} from ({rows}) as t where {key} in ({listed})) "
                f"to {sql_path(place)} ({WRITTEN}, partition_by ({PART}))"
            )
            self._keep(table, place, found)
        if where == ALL:
            for other in set(self._names(table)) - found.keys() - {EMPTY}:
                shutil.rmtree(self.folder / table / other)
        return self._in(table, found) if found else [self._without_rows(con, table)]

    def has(self, table: str) -> bool:
        """Whether the files of all of a table, as it is now, were seen or written by this process."""
        return table in self._known

    def query(self, con: Connection, model: Model, place: Path, key: str, *, is_all: bool) -> str:
        """A query for the rows of a model that Spark wrote to `place`, in folders by parts of the table.

        They are kept for the readers of the table where they are whole parts by a `key`, else until the next call.
        `is_all` says that they are all rows of the table.
        """
        self._known.pop(model.name, None)
        written = sorted(place.rglob("*.parquet"))
        if not key or not written:
            return _query(model, written)
        found = self._contents(con, _query(model, written), key)
        self._keep(model.name, place, found)
        if is_all:
            self._known[model.name] = found
        return _query(model, self._in(model.name, found))

    @property
    def _under_way(self) -> Path:
        return self.folder / ".under-way"

    def _place(self, table: str, key: str, content: str) -> Path:
        return self.folder / table / key / content

    def _names(self, table: str) -> list[str]:
        place = self.folder / table
        return [folder.name for folder in place.iterdir()] if place.is_dir() else []

    def _in(self, table: str, found: Mapping[str, str]) -> list[Path]:
        """The files of these folders, in the order of the parts."""
        places = [self._place(table, key, content) for key, content in sorted(found.items())]
        return [file for place in places for file in sorted(place.glob("*.parquet"))]

    def _contents(self, con: Connection, rows: str, key: str) -> dict[str, str]:
        """By part, a hash of the columns and of the rows of a query in any order."""
        columns = [column[:2] for column in con.execute(f"describe {rows}").fetchall()]
        found = con.execute(f"select {key}, count(*), sum(hash(t)::hugeint) from ({rows}) as t group by 1")
        return {key: _digest((columns, number, total)) for key, number, total in found.fetchall()}

    def _keep(self, table: str, place: Path, found: Mapping[str, str]) -> None:
        """Give folders their names, in the place of former ones, once all that is in them is on the disk."""
        for folder in sorted(place.glob(f"{PART}=*")):
            key = folder.name.partition("=")[2]
            target = self._place(table, key, found[key])
            if target.exists():
                continue
            for file in folder.iterdir():
                sync(file)
            sync(folder)
            make_folder(target.parent)
            folder.rename(target)
            sync(target.parent)
            for former in target.parent.iterdir():
                if former != target:
                    shutil.rmtree(former)

    def _without_rows(self, con: Connection, table: str) -> Path:
        """A file with the columns of a table: Spark cannot tell them from no file."""
        rows = f"select t.* from {table} as t limit 0"
        columns = [column[:2] for column in con.execute(f"describe {rows}").fetchall()]
        found = {EMPTY: _digest(columns)}
        if not self._place(table, EMPTY, found[EMPTY]).exists():
            place = self.fresh() / f"{PART}={EMPTY}"
            make_folder(place)
            con.execute(f"copy ({rows}) to {sql_path(place / 'none.parquet')} ({WRITTEN})")
            self._keep(table, place.parent, found)
        return self._in(table, found)[0]


def _digest(found: object) -> str:
    return hashlib.sha256(repr(found).encode()).hexdigest()[:24]


def _query(model: Model, files: Sequence[Path]) -> str:
    """The rows of Parquet files with the columns of a model, in their declared types."""
    columns = ", ".join(
        f'{f"t.{column.name}" if files else "null"}::{column.type} as "{column.name}"' for column in model.columns
    )
    if not files:
        return f"select {columns} where false"
    return f"select {columns} from read_parquet([{', '.join(map(sql_path, files))}], {READ}) as t"
