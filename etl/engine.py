"""The engine of the volume path: what computes the rows of portable models, from order events to daily marts.

DuckDB is the default. WAREHOUSE_ENGINE may name a Spark Connect server instead: the same SQL then runs there, and what
it gives is loaded into the same tables, in the same transaction. Everything else stays on DuckDB.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal, Protocol

from etl.models.file import Model
from etl.warehouse import Connection

Run = tuple[date, date]
"""A run of days, first and last."""


@dataclass(frozen=True)
class Wanted:
    """Rows of a portable model: `sql`, its text or one that reads less, and of its rows `t` those that meet `where`.

    `days` has, by table, the runs of days that the text reads of it; a table without them is read whole. They are all
    rows of the table, all rows of whole days, or of single keys.
    """

    model: Model
    sql: str
    where: str = ""
    days: Mapping[str, Sequence[Run]] = field(default_factory=dict)
    of: Literal["table", "days", "keys"] = "table"


class Engine(Protocol):
    """What computes the rows of portable models.

    `is_whole_at_once` says that a table is made anew by one query, however many rows its inputs have.
    """

    is_whole_at_once: bool

    def rows(self, con: Connection, wanted: Wanted) -> str:
        """A query for these rows, for the open transaction of DuckDB; whatever else it takes is done before.

        Raises MendError for what the engine refuses, RetryError for one that is away.
        """
        ...

    def asked(self, con: Connection, table: str, sql: str) -> Sequence[Any] | None:
        """The one row of a portable query over a table whose rows it computed; None where DuckDB is to be asked.

        Raises as rows() does.
        """
        ...

    def told(self) -> Mapping[str, Any]:
        """What the rows since the last call cost, for the page of the run; nothing where there is nothing to tell."""
        ...


class OwnEngine:
    """DuckDB itself: the query for the rows is the text of the model."""

    is_whole_at_once = False

    def rows(self, con: Connection, wanted: Wanted) -> str:
        """The text, with its condition."""
        return f"select t.* from (\n{wanted.sql}\n) as t where {wanted.where}" if wanted.where else wanted.sql

    def asked(self, con: Connection, table: str, sql: str) -> None:
        """DuckDB is to be asked."""

    def told(self) -> Mapping[str, Any]:
        """Nothing."""
        return {}


OWN = OwnEngine()
