"""What a contract is: a kind of file, its columns with units and null rules, and what holds between them.

etl/daily_contract.py has the contracts themselves.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """A column of a contract: its DuckDB type and meaning with its unit.

    `required` says that a file must have it, `filled` that no row may leave it empty. Without a value a
    row has `default`, a SQL literal, which is always allowed. `least` is the smallest value, `words` are the
    only ones, `known_in` names the column, as schema.table.column, that defines them.
    """

    name: str
    type: str
    meaning: str
    required: bool = False
    filled: bool = False
    default: str = "null"
    least: int | None = None
    words: tuple[str, ...] = ()
    known_in: str = ""


@dataclass(frozen=True)
class Rule:
    """A condition, in SQL, under which a row breaks the contract; `column` is the one to blame."""

    breaks: str
    column: str
    reason: str


@dataclass(frozen=True)
class Contract:
    """One kind of file: what a row tells, its grain, its columns and what holds between them.

    A newer file replaces rows of the same grain; the older ones stay in `history`. `day` is the column
    that says which days a file touches.
    """

    name: str
    tells: str
    grain: tuple[str, ...]
    day: str
    columns: tuple[Column, ...]
    rules: tuple[Rule, ...]

    @property
    def table(self) -> str:
        """The table of rows that count."""
        return f"core.{self.name}"

    @property
    def history(self) -> str:
        """The table of rows that a newer file replaced."""
        return f"raw.{self.name}_history"

    def column(self, name: str) -> Column:
        """The column of that name. Raises KeyError."""
        return {column.name: column for column in self.columns}[name]


# What the warehouse adds to every row.
ORIGIN = (
    Column(
        "extra", "map(varchar, varchar)", "further columns of the file, as text; empty where there are none"
    ),
    Column("load_id", "integer", "number of the load that brought it; audit.load has its file and SHA-256"),
    Column("loaded_at", "timestamptz", "when this warehouse knew it"),
)
SUPERSEDED = Column("superseded_at", "timestamptz", "when a newer file replaced it")
