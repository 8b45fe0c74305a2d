"""The differences between two snapshots, row by row: which value of which row, before and after.

Rows are matched by the grain of their model; a table without a grain is compared by whole rows. `loaded_at`, the
time at which this warehouse loaded a row, is not compared. The tables of audit and meta are left out: they change
with every refresh. As of a day, what the as-of twins of both snapshots give for it is compared, each asked with its
own snapshot in use.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.markup import escape
from rich.table import Table as View

from etl.config import Settings
from etl.contracts import CONTRACTS
from etl.errors import MendError
from etl.models.graph import load_models
from etl.publish.files import PERSONAL, inspect, kept_versions, shown, snapshot_path
from etl.warehouse import Connection, attached, day_of, memory, prepared

SCHEMAS = ("core", "steps", "marts")
SIDES = ("old", "new")
UNCOMPARED = frozenset({"loaded_at"})
LISTED_ROWS = 1_000_000  # a table with more rows than this is compared by its counts
WIDEST = 240  # characters of a cell in the terminal, so that an added row shows its figure
COLUMNS = ("table_name", "row_key", "change", "column_name", "before", "after")
Grains = Mapping[str, tuple[str, ...]]
Change = tuple[str | None, ...]


def grains_of(sql_dir: Path) -> dict[str, tuple[str, ...]]:
    """The grain of every table that the SQL models make or that teams deliver, by `schema.table`."""
    made = {model.name: model.grain for model in load_models(sql_dir) if not model.is_macro}
    return made | {contract.table: contract.grain for contract in CONTRACTS}


class ComparedTable(NamedTuple):
    """A table of one catalog, as one selects from it: its columns in order, and about how many rows it has."""

    place: str
    columns: tuple[str, ...]
    rows: int


def change_query(con: Connection, before: str, after: str, grains: Grains) -> str:
    """A query for all changes from catalog `before` to catalog `after`, with the columns COLUMNS.

    One row a changed column; for an added or removed row one row, with its key and, in after or before, the text
    of its other columns. Catalogs are given as they are written in SQL.
    """
    old, new = tables_in(con, before), tables_in(con, after)
    parts = []
    for name in sorted(old.keys() | new.keys()):
        one, other = old.get(name), new.get(name)
        if one is None or other is None:
            parts.append(_added_or_removed(name, one, other))
        elif one.columns != other.columns or _content(con, one) != _content(con, other):
            parts.append(changes_between(name, one, other, grains.get(name, ())))
    empty = "select " + ", ".join(f"null::varchar as {column}" for column in COLUMNS) + " where false"
    return " union all ".join(parts) or empty


def tables_in(con: Connection, catalog: str) -> dict[str, ComparedTable]:
    """The tables of a catalog that are compared, by schema.table."""
    rows = con.execute(
        "select c.schema_name || '.' || c.table_name, list(c.column_name order by c.column_index), "
        "any_value(t.estimated_size), list(c.column_name) filter (c.data_type = 'TIMESTAMP WITH TIME ZONE') "
        "from duckdb_columns() as c join duckdb_tables() as t "
        "on t.table_oid = c.table_oid and t.database_name = c.database_name where c.database_name = ? "
        "and list_contains(?, c.schema_name) group by 1 having not list_has_any(list(c.column_name), ?)",
        [catalog.strip('"'), SCHEMAS, PERSONAL],
    ).fetchall()
    return {
        name: ComparedTable(_in_utc(f"{catalog}.{name}", zoned), tuple(columns), int(size))
        for name, columns, size, zoned in rows
    }


def _in_utc(table: str, zoned: Sequence[str] | None) -> str:
    """The table with the times that a snapshot of an older version has with a time zone as what they are in UTC."""
    if not zoned:
        return table
    times = ", ".join(f"{_q(column)} at time zone 'UTC' as {_q(column)}" for column in zoned)
    return f"(select * replace ({times}) from {table})"


def _content(con: Connection, table: ComparedTable) -> object:
    return con.execute(f"select count(*), sum(hash(t)::hugeint) from {table.place} as t").fetchall()


def _added_or_removed(name: str, old: ComparedTable | None, new: ComparedTable | None) -> str:
    before, after = (f"(select count(*) || ' rows' from {table.place})" if table else "null" for table in (old, new))
    return _row(name, "null", "table added" if new else "table removed", "null", before, after)


def changes_between(name: str, old: ComparedTable, new: ComparedTable, grain: tuple[str, ...]) -> str:
    """A query for the changes from one state of a table to another, with the columns COLUMNS."""
    if max(old.rows, new.rows) > LISTED_ROWS:
        count = "(select count(*) || ' rows' from {})"
        return _row(name, "null", "too large to list", "null", count.format(old.place), count.format(new.place))
    shared = [column for column in new.columns if column in old.columns]
    keys = _keys(shared, grain)
    key = key_of(new._replace(columns=tuple(shared)), grain)
    same = " and ".join(f"r.{_q(k)} is not distinct from s.{_q(k)}" for k in keys)
    only = " from {} as r where not exists (select 1 from {} as s where " + same + ")"
    compared = [column for column in shared if column not in keys and column not in UNCOMPARED]
    rest = "{" + ", ".join(f"'{c}': r.{_q(c)}" for c in compared) + "}::varchar" if compared else "r::varchar"
    parts = [
        _row(name, key, "removed", "null", rest, "null") + only.format(old.place, new.place),
        _row(name, key, "added", "null", "null", rest) + only.format(new.place, old.place),
    ]
    if compared:
        cells = ", ".join(
            f"{{'name': '{c}', 'before': s.{_q(c)}::varchar, 'after': r.{_q(c)}::varchar}}" for c in compared
        )
        pairs = f"select r.*, unnest([{cells}]) as cell from {old.place} as s join {new.place} as r on {same}"
        parts.append(
            _row(name, key, "changed", "r.cell.name", "r.cell.before", "r.cell.after")
            + f" from ({pairs}) as r where r.cell.before is distinct from r.cell.after"
        )
    return " union all ".join(parts)


def key_of(table: ComparedTable, grain: Sequence[str]) -> str:
    """The key of a row `r` of a table as text: its grain, or without one all columns."""
    keys = _keys(table.columns, grain)
    return "concat_ws(' | ', " + ", ".join(f"coalesce(nullif(r.{_q(k)}::varchar, ''), '-')" for k in keys) + ")"


def _keys(columns: Sequence[str], grain: Sequence[str]) -> list[str]:
    return [column for column in grain if column in columns] or [c for c in columns if c not in UNCOMPARED]


def _row(table: str, *values: str) -> str:
    """The select list of one kind of change; `values` are those of COLUMNS after the name of the table."""
    key, change, *rest = values
    cells = (f"'{table}'", key, f"'{change}'", *rest)
    named = (f"({cell})::varchar as {column}" for cell, column in zip(cells, COLUMNS, strict=True))
    return "select " + ", ".join(named)


def _q(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


class Difference(NamedTuple):
    """What differs from one snapshot to another, in the order of tables, keys and columns; a change has COLUMNS.

    `uncompared` names the tables that a comparison as of a day leaves out: not both snapshots have their twin.
    `reasons` are those of the changes that the later snapshot was published with.
    """

    before: str
    after: str
    changes: list[Change]
    uncompared: tuple[str, ...]
    reasons: Mapping[Change, str]


def diff(
    settings: Settings, before: str | None = None, after: str | None = None, as_of: str | None = None
) -> Difference:
    """All changes from one snapshot to another, as of a day (YYYY-MM-DD) if one is given.

    A snapshot is a kept version or the path of a published file, of any home; by default the last two kept. Raises
    MendError for one that is missing, is no snapshot or has no twins to ask for a day, and for what is no day;
    RetryError for a file that another program has open to write.
    """
    grains = grains_of(settings.sql_dir)
    day = day_of(as_of) if as_of is not None else None
    with closing(memory()) as con, ExitStack() as files:
        titles = []
        for word, name in zip(_chosen(settings, before, after), SIDES, strict=True):
            path, title = _found(settings, word)
            snapshot = inspect(con, path)
            titles.append(title or f"{path} (version {snapshot.version} of {shown(snapshot.refreshed_at)})")
            files.enter_context(attached(con, path, name))
        compared, uncompared, reasons = SIDES, tuple[str, ...](), dict[Change, str]()
        if day:
            compared, uncompared = _asked(con, day, titles)
        else:
            reasons = _reasons(con)
        query = change_query(con, *compared, grains)
        changes = con.execute(f"select * from ({query}) order by all").fetchall()
    return Difference(titles[0], titles[1], changes, uncompared, reasons)


def _reasons(con: Connection) -> dict[Change, str]:
    """Why the later snapshot changed what it changed when it was published; one of an older version does not say."""
    is_told = con.execute(
        "select 1 from duckdb_columns() "
        "where database_name = ? and schema_name = 'meta' and table_name = 'change' and column_name = 'reasons'",
        [SIDES[1]],
    ).fetchone()
    if not is_told:
        return {}
    told = con.execute(f"select {', '.join(COLUMNS)}, array_to_string(reasons, ', ') from {SIDES[1]}.meta.change")
    return {tuple(change): words for *change, words in told.fetchall()}


def _chosen(settings: Settings, before: str | None, after: str | None) -> tuple[str, str]:
    """The snapshots to compare: those that are named, else the last two kept."""
    kept = kept_versions(settings)
    if len(kept) < (before is None) + (after is None):
        raise MendError("there is no kept snapshot to compare with: refresh after a change first, or name two")
    return before or str(kept[-2]), after or str(kept[-1])


def _found(settings: Settings, word: str) -> tuple[Path, str]:
    """The file of a snapshot, and the title of a kept version; a file has its title in itself."""
    if word.isdecimal():
        path = snapshot_path(settings, int(word))
        if not path.exists():
            kept = ", ".join(map(str, kept_versions(settings))) or "none"
            raise MendError(f"version {word} is not kept; kept are: {kept}")
        return path, f"version {int(word)}"
    path = Path(word)
    if not path.is_file():
        raise MendError(f"there is no file {word}: name a kept version or the file of a snapshot")
    return path, ""


def _asked(con: Connection, day: date, titles: Sequence[str]) -> tuple[tuple[str, str], tuple[str, ...]]:
    """Databases with what the twins of each side give for a day, and the tables that are not compared."""
    found: list[dict[str, str | None]] = []
    for side, title in zip(SIDES, titles, strict=True):
        twins = con.execute(prepared("published_twins"), {"catalog": side, "schemas": SCHEMAS}).fetchall()
        if not any(twin for _, twin in twins):
            raise MendError(f"{title} has no as-of twins: compare it without a day")
        found.append(dict(twins))
    both = sorted(table for table, twin in found[0].items() if twin and found[1].get(table))
    for side, twins_of_side in zip(SIDES, found, strict=True):
        con.execute(f"attach ':memory:' as {side}_then")
        con.execute(f"use {side}")
        try:
            for schema in SCHEMAS:
                con.execute(f"create schema {side}_then.{schema}")
            for table in both:
                con.execute(f"create table {side}_then.{table} as from {twins_of_side[table]}(date '{day}')")
        finally:
            con.execute("use memory")
    return (f"{SIDES[0]}_then", f"{SIDES[1]}_then"), tuple(sorted({*found[0], *found[1]} - set(both)))


def show(difference: Difference, console: Console) -> None:
    """Print changes as one table for each table that changed, and their counts at the end."""
    changes = difference.changes
    console.print(f"from {difference.before} to {difference.after}", markup=False, highlight=False, soft_wrap=True)
    for table, rows in groupby(changes, key=lambda row: row[0]):
        why = ["why"] if difference.reasons else []
        view = View("row", "change", "column", "before", "after", *why, title=table, title_justify="left")
        for row in rows:
            view.add_row(*(_shortened(cell) for cell in (*row[1:], *(difference.reasons.get(row, "") for _ in why))))
        console.print(view)
    counts = ", ".join(f"{table} {count}" for table, count in Counter(row[0] for row in changes).items())
    console.print(f"{len(changes)} changes: {counts}" if changes else "no change in core, steps and marts")
    if difference.uncompared:
        console.print(f"not compared, without a twin: {', '.join(difference.uncompared)}", highlight=False)


def _shortened(cell: str | None) -> str:
    text = cell or ""
    return escape(text if len(text) <= WIDEST else text[: WIDEST - 1] + "…")
