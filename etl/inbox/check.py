"""The SQL that types the rows of a delivered file and finds what breaks its contract in each.

Both are made from the contract's columns and rules. A form concerns the field as the file has it and can only be
checked while the file is read; a rule concerns values and can be checked on the table, where DuckDB skips the blocks
that cannot break it. The fault of a row is the number of a condition, 0 for none. Casts alone are not enough: DuckDB
reads 1.5 as 2 persons, 1.00005 as 1.0001, 0x10 as 16, and drops the offset of a time. So a text counts as read only if
the value, written out, begins with it, or if it has the form that is allowed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from etl.config import SIMULATED
from etl.contracts import Column, Contract
from etl.errors import MendError
from etl.warehouse import Connection, DatabaseError, literal

LONGEST_NAME = 200  # characters of a platform, channel, identifier: a longer one is a mistake
EARLIEST = "1990-01-01"
_TEXTS = {
    "bigint": (r"\s*[+-]?[0-9]+(\.0*)?\s*", "is no whole number; write digits only, without grouping"),
    "date": (r"\s*[0-9]{4}-[0-9]{2}-[0-9]{2}([ T]00:00(:00(\.0+)?)?)?\s*", "is no day; write YYYY-MM-DD"),
    "timestamp": (
        r"\s*[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6}0*)?)?"
        r"(Z|[+]00(:?00)?)?\s*",
        "is no time in UTC; write YYYY-MM-DD HH:MM:SS",
    ),
    "boolean": ("(?i)true|false|t|f|yes|no|y|n|1|0", "is neither true nor false"),
}


@dataclass(frozen=True)
class Limits:
    """What the rows of a home have to fulfil besides the contract.

    `known` has the words of every column that a contract's column is known in, `now` is when the file is read. A
    file is refused when more than `bad_share` of its rows are at fault.
    """

    known: Mapping[str, Sequence[str]]
    now: datetime
    is_demo: bool
    bad_share: float


@dataclass(frozen=True)
class Condition:
    """SQL that holds for a row that breaks the contract, the column at fault ('' for the whole row) and the reason.

    Where it holds, so does one of the cheaper `screens`, if there are any. `is_form`: about the field in the file.
    """

    breaks: str
    column: str
    reason: str
    screens: tuple[str, ...] = ()
    is_form: bool = False


# Before the conditions of the contract; the second of two rows with one key is found by other means.
_GENERAL = (
    Condition("false", "", "is sound"),
    Condition("broken is not null", "", "cannot be split into fields", is_form=True),
    Condition("false", "", "has the key of an earlier row of this file, which stands; keep one"),
)
BROKEN, REPEATED = 1, 2


@dataclass(frozen=True)
class RowRules:
    """SQL for the values of the contract's columns, and what may be wrong with a row, by the number of its fault."""

    values: Sequence[str]
    faults: Sequence[Condition]

    @property
    def rules(self) -> list[Condition]:
        """The conditions on values."""
        return [condition for condition in self.faults[len(_GENERAL) :] if not condition.is_form]

    @property
    def fault(self) -> str:
        """SQL for the number of the first fault of a row; the cases are evaluated for suspects only."""
        cases = " ".join(f"when {condition.breaks} then {number}" for number, condition in enumerate(self.faults))
        return f"(case when {_suspect(self.faults)} then case {cases} else 0 end else 0 end)::utinyint"

    @property
    def has_form(self) -> str:
        """SQL that holds for a row whose every field has the form of its column."""
        forms = [condition for condition in self.faults if condition.is_form]
        broken = _any(form.breaks for form in forms)
        return f"not coalesce(case when {_suspect(forms)} then {broken} else false end, false)"


def _any(conditions: Iterable[str]) -> str:
    return " or ".join(f"({condition})" for condition in conditions)


def _suspect(conditions: Iterable[Condition]) -> str:
    return _any(screen for found in conditions for screen in found.screens or (found.breaks,))


def check(contract: Contract, fields: Mapping[str, tuple[str, str]], limits: Limits) -> RowRules:
    """How to read a file of that contract, whose fields are SQL names and types by the file's column."""
    values: list[str] = []
    faults = list(_GENERAL)
    for column in contract.columns:
        name, kind = fields.get(column.name, ("", ""))
        values.append(_value(column, name, kind))
        if name:
            faults += _forms(column, name, kind)
        faults += _rules(column, limits)
    for rule in contract.rules:
        breaks = rule.breaks
        if "$latest" in breaks:  # the latest day, or time, that is not in the future
            kind = contract.column(rule.column).type
            latest = limits.now.date() if kind == "date" else limits.now.replace(tzinfo=None)
            breaks = breaks.replace("$latest", f"{kind} '{latest}'")
        faults.append(Condition(breaks, rule.column, rule.reason))
    if "is_simulated" in {column.name for column in contract.columns}:
        breaks, reason = "is_simulated", "a home of real data takes no simulated rows"
        if limits.is_demo:
            breaks, reason = "not is_simulated", f"a home with {SIMULATED} takes no real rows"
        faults.append(Condition(breaks, "is_simulated", reason))
    return RowRules(values, faults)


def known_words(con: Connection, contracts: Iterable[Contract]) -> dict[str, list[str]]:
    """The words of every column, as schema.table.column, that a contract's column is known in.

    Raises MendError when their table is not built yet.
    """
    words: dict[str, list[str]] = {}
    for place in {column.known_in for contract in contracts for column in contract.columns} - {""}:
        table, _, name = place.rpartition(".")
        try:
            rows = con.execute(f"select distinct {name} from {table} order by {name}").fetchall()
        except DatabaseError as error:
            raise MendError(f"{table} is not built yet: run `make refresh`, then load the inbox") from error
        words[place] = [str(row[0]) for row in rows]
    return words


def _value(column: Column, name: str, kind: str) -> str:
    if not name:
        return f"{column.default}::{column.type} as {column.name}"
    value = name if kind == column.type else f"try_cast({name} as {column.type})"
    if column.default != "null":
        value = f"coalesce({value}, {column.default})"
    return f"{value} as {column.name}"


def _forms(column: Column, name: str, kind: str) -> Iterator[Condition]:
    """The field has to be a value of the column's type, all of it; of free text, the value a plain name."""
    value = column.name
    if column.type == "varchar":
        if not (column.words or column.known_in):
            yield _plain_name(value)
    elif kind != "varchar":
        # A typed file: what is not the same after a cast there and back was rounded or cut.
        if kind != column.type:
            lost = f"{name} is not null and ({value} is null or {value}::{kind} is distinct from {name})"
            yield Condition(lost, value, f"does not fit into {column.type} without loss", is_form=True)
    else:
        form, reason = _TEXTS.get(column.type) or _decimal(column.type)
        is_odd = f"{name} is not null and not coalesce(starts_with({value}::varchar, {name}), false)"
        is_wrong = f"{is_odd} and ({value} is null or not regexp_full_match({name}, '{form}'))"
        yield Condition(is_wrong, value, reason, screens=(is_odd,), is_form=True)


def _plain_name(name: str) -> Condition:
    too_long, marks = f"strlen({name}) > {LONGEST_NAME}", r"\x00-\x1f\x7f"
    return Condition(
        f"{too_long} or {name} <> trim({name}) or regexp_matches({name}, '^[=+@-]|[{marks}]')",
        name,
        f"is longer than {LONGEST_NAME} bytes, has spaces around it or control characters, "
        "or begins like a formula (= + - @); write the plain name",
        screens=(
            too_long,
            # The characters in question sort before the letters; a name seldom begins with a mark.
            f"{name} < '0'",
            f"{name} >= ':' and {name} < 'A'",
            f"not regexp_full_match({name}, '([^{marks}]*[^ {marks}])?')",
        ),
    )


def _decimal(kind: str) -> tuple[str, str]:
    found = re.fullmatch(r"decimal\((\d+),(\d+)\)", kind)
    if not found:
        raise ValueError(f"{kind} is no type of a contract")
    width, scale = int(found[1]), int(found[2])
    return (
        rf"\s*[+-]?([0-9]+(\.[0-9]{{0,{scale}}}0*)?|\.[0-9]{{1,{scale}}}0*)\s*",
        f"is no plain number with at most {width - scale} digits before and {scale} after the point "
        "(no grouping, no exponent)",
    )


def _rules(column: Column, limits: Limits) -> Iterator[Condition]:
    """The conditions on the value of a column."""
    name = column.name
    if column.required:
        yield Condition(f"{name} is null", name, "is empty; fill it in")
    if column.least is not None:
        yield Condition(f"{name} < {column.least}", name, f"is below {column.least}; correct it")
    if column.type in ("date", "timestamp"):
        breaks = f"{name} < {column.type} '{EARLIEST}'"
        yield Condition(breaks, name, f"lies before {EARLIEST}; correct the year")
    if column.words:
        yield _unknown(column, column.words, f"is not known; write one of {', '.join(column.words)}")
    if column.known_in:
        reason = f"is not known in {column.known_in}; define it there or correct it, then replay the file"
        yield _unknown(column, limits.known[column.known_in], reason)


def _unknown(column: Column, words: Sequence[str], reason: str) -> Condition:
    allowed = [literal(word) for word in words]
    if column.default != "null":
        allowed.append(column.default)
    breaks = f"{column.name} not in ({', '.join(allowed)})" if allowed else f"{column.name} is not null"
    return Condition(breaks, column.name, reason)
