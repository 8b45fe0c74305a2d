"""The warehouse as it would be if some kinds of change had been made since the snapshot that is served, and no others.

A world is a database in memory in which each name of the warehouse stands for what it would be: a table that none of
the changes reaches is that of the snapshot, one that no other change reaches is that of the build database, and only
what lies between is computed, by its own query, over the tables of this world. Nothing is written anywhere else.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module

from etl.contracts import CONTRACTS
from etl.models.file import Model
from etl.models.graph import macro_sql
from etl.models.tree import references_of
from etl.warehouse import Connection, DatabaseError, kept_tables, literal, scalar_macros

DELIVERED = {contract.table: contract for contract in CONTRACTS}
HISTORIES = {contract.history: contract for contract in CONTRACTS}
# Tables of raw whose rows say when they came and went, by the query that lists what did.
CHANGED = {"raw.reference_row": "changed_reference", "raw.edgar_fact": "changed_edgar"}


@dataclass(frozen=True)
class Past:
    """What lies between a snapshot and the build database.

    `since` is the moment up to which the tables to be explained knew the sources, `day` that of the refresh then.
    `reach` has, by table, the kinds of change that reach it; `published` the tables that the snapshot has with the
    columns of now. `build`, `served` and `found` are catalogs, as they are written in SQL.
    """

    build: str
    served: str
    found: str
    since: datetime
    day: str | None
    models: Mapping[str, Model]
    reach: Mapping[str, frozenset[str]]
    published: frozenset[str]


class World:
    """The database `name`, in which the kinds `made` of change were made; the macros are those of now."""

    def __init__(self, con: Connection, name: str, past: Past, made: frozenset[str]) -> None:
        self._con, self._name, self._past, self._made = con, name, past, made
        self._there: dict[str, DatabaseError | None] = {}
        con.execute(f"attach ':memory:' as {name}")
        con.execute(f"use {name}")
        try:
            for schema in ("raw", "core", "steps", "marts"):
                con.execute(f"create schema {schema}")
            con.execute(scalar_macros())
        finally:
            con.execute(f"use {past.build}")

    def place(self, table: str) -> str:
        """The table of this world, in full, computed where it is needed.

        Raises DatabaseError where a query of now cannot be asked over tables of then.
        """
        if kept := self._kept(table):
            return kept
        self._con.execute(f"use {self._name}")
        try:
            self._ensure(table)
        finally:
            self._con.execute(f"use {self._past.build}")
        return f"{self._name}.{table}"

    def _kept(self, table: str) -> str | None:
        """The place of a table of a model that is in this world as it is now, or as it was."""
        past = self._past
        reached = past.reach.get(table, frozenset())
        if reached <= self._made:
            return f"{past.build}.{table}"
        if not reached & self._made and table in past.published:
            return f"{past.served}.{table}"
        return None

    def _ensure(self, name: str) -> None:
        """Make a table or macro of this world, once; one that failed fails again."""
        if name not in self._there:
            self._there[name] = None
            try:
                self._make(name)
            except DatabaseError as error:
                self._there[name] = error
        if failure := self._there[name]:
            raise failure

    def _make(self, name: str) -> None:
        model = self._past.models.get(name)
        if statement := macro_sql(name, self._past.models):
            self._ensure_read(statement.partition(" as table\n")[2])
            self._con.execute(statement)
        elif kept := self._kept(name):
            self._con.execute(f"create view {name} as from {kept}")
        elif model:
            self._compute(model)
        elif name in kept_tables():
            self._con.execute(f"create view {name} as {self._source(name)}")

    def _compute(self, model: Model) -> None:
        for read in model.reads:
            if read not in model.filled:
                self._ensure(read.removesuffix("()"))
        self._ensure_read(model.sql, but=model.filled)
        if model.python:
            for table in model.filled:
                self._there[table] = None
                self._con.execute(f"create table {table} as from {self._past.build}.{table}")
            import_module(model.python).bring_up_to_date(self._con)
        self._con.execute(f"create table {model.name} as\n{model.sql}")

    def _ensure_read(self, sql: str, but: Collection[str] = ()) -> None:
        for reference in references_of(sql):
            if reference.name not in but:
                self._ensure(reference.name)

    def _source(self, table: str) -> str:
        """The query for what a source had in this world: what came and went with the changes that were made."""
        past, made = self._past, f"[{', '.join(map(literal, sorted(self._made)))}]::varchar[]"
        now, since = f"{past.build}.{table}", f"timestamp '{past.since}'"
        contract = DELIVERED.get(table) or HISTORIES.get(table)
        if contract and contract.brings in self._made:
            return f"from {now}"
        if table in DELIVERED:
            names = ", ".join(column.name for column in kept_tables()[table][1])
            known = f"where loaded_at <= {since}"
            earlier = f"{past.build}.{DELIVERED[table].history} {known} and superseded_at > {since}"
            return f"select {names} from {now} {known} union all by name select {names} from {earlier}"
        if table in HISTORIES:
            return f"from {now} where superseded_at <= {since}"
        if table in CHANGED:
            return (
                f"select r.* replace (if(r.superseded_at > {since} and not c.was_made, null, r.superseded_at) "
                f"as superseded_at) from {now} as r left join "
                f"(select *, reason is null or list_contains({made}, reason) as was_made "
                f"from {past.found}.{CHANGED[table]}) as c on c.entry_id = r.rowid "
                f"where r.loaded_at <= {since} or c.was_made"
            )
        if table == "raw.refresh_day" and past.day:
            return f"select date '{past.day}' as day"
        return f"from {now}"
