"""The SQL that types the rows of a delivered file and says of each what breaks its contract, if anything.

Both are made from the contract's columns and rules. A form is about the field as it stands in the file and can only
be seen while that is read; a rule is about values and can be asked of the table, where DuckDB skips the blocks that
cannot break it. A fault is the number of a sentence, 0 for none. Casts alone will not do: DuckDB reads 1.5 as 2
persons, 1.00005 as 1.0001, 0x10 as 16, and drops the offset of a time. So a text counts as read only if the value,
written out, begins with it, or if it has the form that is allowed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from etl.config import SIMULATED
from etl.contracts import Column, Contract, Rule
from etl.errors import MendError
from etl.warehouse import Connection, DatabaseError, literal

LONGEST_NAME = 200  # characters of a platform, channel, identifier: a longer one is a mistake
EARLIEST = "1990-01-01"
BROKEN, REPEATED = 1, 2
_TEXTS = {
    "bigint": (r"\s*[+-]?[0-9]+(\.0*)?\s*", "is no whole number; write digits only, without grouping"),
    "date": (
        r"\s*[0-9]{4}-[0-9]{2}-[0-9]{2}([ T]00:00(:00(\.0+)?)?)?\s*",
        "is no day; write YYYY-MM-DD",
    ),
    "timestamp": (
        r"\s*[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6}0*)?)?"
        r"(Z|[+]00(:?00)?)?\s*",
        "is no time in UTC; write YYYY-MM-DD HH:MM:SS",
    ),
    "boolean": ("(?i)true|false|t|f|yes|no|y|n|1|0", "is neither true nor false"),
}


@dataclass(frozen=True)
class Limits:
    """What the rows of a home are held to besides the contract.

    `known` has the words of every column that a contract's column is known in, `now` is when the file is read. A
    file is refused when more than `bad_share` of its rows are at fault.
    """

    known: Mapping[str, Sequence[str]]
    now: datetime
    is_demo: bool
    bad_share: float


@dataclass(frozen=True)
class Fault:
    """A sentence about a column ('' for the row as a whole)."""

    column: str
    reason: str


@dataclass(frozen=True)
class Condition:
    """What breaks a contract; where it holds, so does one of the `screens`, which are cheaper."""

    breaks: str
    screens: tuple[str, ...]


@dataclass
class RowRules:
    """The values of the contract's columns and the conditions that find a fault, with their sentences."""

    values: list[str] = field(default_factory=list)
    forms: list[Condition] = field(default_factory=lambda: [Condition("broken is not null", ("broken is not null",))])
    rules: list[Condition] = field(default_factory=list)
    cases: list[str] = field(default_factory=lambda: [f"when broken is not null then {BROKEN}"])
    faults: list[Fault] = field(
        default_factory=lambda: [
            Fault("", "is sound"),
            Fault("", "cannot be split into fields"),
            Fault("", "has the key of an earlier row of this file, which stands; keep one"),
        ]
    )

    def add(self, kind: list[Condition], breaks: str, column: str, reason: str, *screens: str) -> None:
        """A further form or rule; of several that a row breaks, the first is named."""
        kind.append(Condition(breaks, screens or (breaks,)))
        self.cases.append(f"when {breaks} then {len(self.faults)}")
        self.faults.append(Fault(column, reason))

    @property
    def fault(self) -> str:
        """SQL for the number of the first fault of a row; the cases are gone through for suspects only."""
        suspect = _any(screen for found in (*self.forms, *self.rules) for screen in found.screens)
        return f"(case when {suspect} then case {' '.join(self.cases)} else 0 end else 0 end)::utinyint"

    @property
    def has_form(self) -> str:
        """SQL that holds for a row whose every field has the form of its column."""
        suspect = _any(screen for form in self.forms for screen in form.screens)
        broken = _any(form.breaks for form in self.forms)
        return f"not coalesce(case when {suspect} then {broken} else false end, false)"


def _any(conditions: Iterable[str]) -> str:
    return " or ".join(f"({condition})" for condition in conditions)


def check(contract: Contract, fields: Mapping[str, tuple[str, str]], limits: Limits) -> RowRules:
    """How to read a file of that contract, whose fields are SQL names and types by the file's column."""
    found = RowRules()
    for column in contract.columns:
        name, kind = fields.get(column.name, ("", ""))
        found.values.append(_value(column, name, kind))
        if name:
            _add_form(found, column, name, kind)
        _add_column(found, column, limits)
    for rule in contract.rules:
        found.add(found.rules, _dated(contract, rule, limits.now), rule.column, rule.reason)
    if "is_simulated" in {column.name for column in contract.columns}:
        if limits.is_demo:
            breaks, reason = "not is_simulated", f"a home with {SIMULATED} takes no real rows"
        else:
            breaks, reason = "is_simulated", "a home of real data takes no simulated rows"
        found.add(found.rules, breaks, "is_simulated", reason)
    return found


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


def _add_form(found: RowRules, column: Column, name: str, kind: str) -> None:
    """The field has to say a value of the column's type, all of it."""
    value = column.name
    if column.type == "varchar":
        if not (column.words or column.known_in):
            _add_text(found, value)
    elif kind != "varchar":
        # A typed file: what does not survive the way there and back was rounded or cut.
        if kind != column.type:
            lost = f"{name} is not null and ({value} is null or {value}::{kind} is distinct from {name})"
            found.add(found.forms, lost, value, f"does not fit into {column.type} without loss")
    else:
        form, reason = _TEXTS.get(column.type) or _decimal(column.type)
        is_odd = f"{name} is not null and not coalesce(starts_with({value}::varchar, {name}), false)"
        is_wrong = f"{is_odd} and ({value} is null or not regexp_full_match({name}, '{form}'))"
        found.add(found.forms, is_wrong, value, reason, is_odd)


def _add_text(found: RowRules, name: str) -> None:
    too_long = f"strlen({name}) > {LONGEST_NAME}"
    marks = r"\x00-\x1f\x7f"
    found.add(
        found.rules,
        f"{too_long} or {name} <> trim({name}) or regexp_matches({name}, '^[=+@-]|[{marks}]')",
        name,
        f"is longer than {LONGEST_NAME} bytes, has spaces around it or control characters, "
        "or begins like a formula (= + - @); write the plain name",
        too_long,
        # The characters in question sort before the letters; a name seldom begins with a mark.
        f"{name} < '0'",
        f"{name} >= ':' and {name} < 'A'",
        f"not regexp_full_match({name}, '([^{marks}]*[^ {marks}])?')",
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


def _add_column(found: RowRules, column: Column, limits: Limits) -> None:
    name, rules = column.name, found.rules
    if column.required:
        found.add(rules, f"{name} is null", name, "is empty; fill it in")
    if column.least is not None:
        found.add(rules, f"{name} < {column.least}", name, f"is below {column.least}; correct it")
    if column.type in ("date", "timestamp"):
        found.add(rules, f"{name} < {column.type} '{EARLIEST}'", name, f"lies before {EARLIEST}; correct the year")
    if column.words:
        reason = f"is not known; write one of {', '.join(column.words)}"
        found.add(rules, _unknown(column, column.words), name, reason)
    if column.known_in:
        reason = f"is not known in {column.known_in}; define it there or correct it, then replay the file"
        found.add(rules, _unknown(column, limits.known[column.known_in]), name, reason)


def _unknown(column: Column, words: Sequence[str]) -> str:
    allowed = [literal(word) for word in words]
    if column.default != "null":
        allowed.append(column.default)
    return f"{column.name} not in ({', '.join(allowed)})" if allowed else f"{column.name} is not null"


def _dated(contract: Contract, rule: Rule, now: datetime) -> str:
    """The rule with $latest as the latest day, or time, that is not in the future."""
    if "$latest" not in rule.breaks:
        return rule.breaks
    kind = contract.column(rule.column).type
    latest = now.date() if kind == "date" else now.replace(tzinfo=None)
    return rule.breaks.replace("$latest", f"{kind} '{latest}'")
