"""The contracts of the daily data: what a team delivers, each column with its unit and null rule.

They give the tables of core and their history in raw, with comments, the types with which a file is read, and the
conditions under which a row is quarantined. A further column of a file is kept in `extra`. A contract is chosen by
a file's columns, never by its name. Source: contracts.yaml beside this module.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from etl.names import LONGEST
from etl.yaml_file import read_yaml

PERIOD_END = "period_end"  # the column of a row that speaks of several days


@dataclass(frozen=True)
class Column:
    """A column of a contract: its DuckDB type and meaning with its unit.

    `required` says that a file must have it and no row may leave it empty. Without a value a row has `default`, a
    SQL literal, which is always allowed. `least` is the smallest value, `words` are the only ones, `known_in` names
    the column, as schema.table.column, that defines them. A value of a column with `money_on` is the code of a currency
    that was money on the day in that column. Of a `personal` one, which identifies a person, only a keyed hash is kept.
    `also` are names of other programs for it, which a file must not have in its place. `kept`
    is SQL for what is kept of a text `$value`, `longest` the bytes that it may have.
    """

    name: str
    type: str
    meaning: str
    required: bool = False
    default: str = "null"
    least: int | None = None
    words: tuple[str, ...] = ()
    known_in: str = ""
    money_on: str = ""
    personal: bool = False
    also: tuple[str, ...] = ()
    kept: str = "$value"
    longest: int = LONGEST


@dataclass(frozen=True)
class Rule:
    """A condition, in SQL, under which a row breaks the contract; `column` is the one to blame.

    One of the `own_form` concerns only files whose columns are the contract's own.
    """

    breaks: str
    column: str
    reason: str
    own_form: bool = False


@dataclass(frozen=True)
class Contract:
    """One kind of file: what a row tells, its grain, its columns and what holds between them.

    A newer file replaces rows of the same grain; the older ones stay in `history`. `day` is the column
    that says which days a file touches. In `loose`, a column of the grain, empty stands for any value: such a row
    has the key of every row that is equal in the others. `brings` is the kind of change that a row is, of core.term.
    """

    name: str
    tells: str
    grain: tuple[str, ...]
    day: str
    columns: tuple[Column, ...]
    rules: tuple[Rule, ...]
    loose: str = ""
    brings: str = "delivery"

    @property
    def table(self) -> str:
        """The table of rows that count."""
        return f"core.{self.name}"

    @property
    def history(self) -> str:
        """The table of rows that a newer file replaced."""
        return f"raw.{self.name}_history"

    def same_key(self, one: str, other: str) -> str:
        """SQL that holds where the rows of two aliases have the same key."""
        same = [f"{one}.{name} = {other}.{name}" for name in self.grain]
        if self.loose:
            either = " or ".join(f"{row}.{self.loose} is null" for row in (one, other))
            same[self.grain.index(self.loose)] = f"({one}.{self.loose} = {other}.{self.loose} or {either})"
        return " and ".join(same)

    def column(self, name: str) -> Column:
        """The column of that name. Raises KeyError."""
        return {column.name: column for column in self.columns}[name]


# What the warehouse adds to every row.
ORIGIN = (
    Column("extra", "map(varchar, varchar)", "further columns of the file, as text; empty where there are none"),
    Column("load_id", "integer", "number of the load that brought it; audit.load has its file and SHA-256"),
    Column("loaded_at", "timestamp", "when this warehouse knew it, UTC"),
)
SUPERSEDED = Column("superseded_at", "timestamp", "when a newer file replaced it, UTC")

MONEY = "decimal(18,4)"
AMOUNTS = (MONEY, "decimal(18,6)")


def _contracts(path: Path) -> Iterator[Contract]:
    """The contracts of a YAML file in which each field is named as here."""
    for contract in read_yaml(path)["contracts"]:
        lists = ("words", "also")
        columns = [Column(**c | {name: tuple(c.get(name, ())) for name in lists}) for c in contract["columns"]]
        rules = tuple(Rule(**rule) for rule in contract["rules"])
        yield Contract(**contract | {"grain": tuple(contract["grain"]), "columns": tuple(columns), "rules": rules})


CONTRACTS = tuple(_contracts(Path(__file__).with_suffix(".yaml")))
PLATFORM_METRIC_DAILY, PARTNER_TARGET, ORDER_EVENT, FX_RATE, *_ = CONTRACTS


def wrong_time(kind: str, meaning: str) -> str:
    """Why a column of this type and meaning cannot be published, as a sentence; empty where it can.

    A TIMESTAMP WITH TIME ZONE is what each reader's session makes of it, and a Python program without pytz, which
    DuckDB does not bring, cannot fetch it at all.
    """
    if kind.lower() in ("timestamptz", "timestamp with time zone"):
        return "a time has the type timestamp and is in UTC"
    if kind.lower() == "timestamp" and "UTC" not in meaning:
        return "say in the comment that the time is in UTC"
    return ""


def contract_tables() -> dict[str, tuple[str, tuple[Column, ...]]]:
    """What a row tells and the columns, by table: each contract's rows and their history."""
    tables: dict[str, tuple[str, tuple[Column, ...]]] = {}
    for contract in CONTRACTS:
        columns = (*contract.columns, *ORIGIN)
        tables[contract.table] = contract.tells, columns
        tables[contract.history] = f"Replaced by a newer file: {contract.tells}", (*columns, SUPERSEDED)
    return tables


def as_of_macro(contract: Contract) -> str:
    """The statement that makes raw.<name>_as_of(known_at): the rows that counted at that time.

    The macro is in raw, as the history is that it reads, and so is not published.
    """
    names = ", ".join(f"r.{column.name}" for column in (*contract.columns, *ORIGIN))
    at = "(known_at::timestamptz at time zone 'UTC')"
    known = f"r.loaded_at <= {at}"
    return (
        f"create or replace macro raw.{contract.name}_as_of(known_at) as table "
        f"select {names} from {contract.table} as r where {known} "
        f"union all select {names} from {contract.history} as r where {known} and r.superseded_at > {at}"
    )
