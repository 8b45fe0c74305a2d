"""The SQL that types the rows of a delivered file and finds what breaks its contract in each.

Both are made from the contract's columns and rules. A form concerns the field as the file has it and can only be
checked while the file is read; a rule concerns values and can be checked on the table, where DuckDB skips the blocks
that cannot break it. The fault of a row is the number of a condition, 0 for none. Casts alone are not enough: DuckDB
reads 1.5 as 2 persons, 1.00005 as 1.0001, 0x10 as 16, a dash with a blank as 0, and drops the offset of a time. So a
text counts as read only if the value, written out, begins with it, or if it has the form that is allowed.

A floating-point number is read as the shortest decimal that gives it again. It may have more digits than anybody
delivered, from a sum of others: then it counts as the number that the column can hold within a few units of its last
place. One of four bytes holds seven digits, and whole numbers up to 2^24: what has more was lost before its delivery.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from etl import currencies, names
from etl.buyers import hashed, remembered
from etl.config import SIMULATED
from etl.contracts import Column, Contract
from etl.errors import MendError
from etl.warehouse import Connection, DatabaseError, literal, one_of

EARLIEST, LATEST = date(1990, 1, 1), date(9999, 12, 31)
# Of floating-point types: the digits that each holds for certain, and up to where it has every whole number.
_FLOATS = {"float": (7, 1 << 24), "double": (15, 1 << 53)}
# Noise of the arithmetic of some hundred numbers, as a share of the result; only of what has more digits than it holds.
_NOISE = 2.0**-44
_NUMBER = re.compile(r"u?(tiny|small|big|huge)?int(eger)?|float|double|decimal.*")
# Where the other amounts of a column have two digits, a German 4.812 may be thousands.
GROUPED = r"\s*[+-]?[1-9][0-9]{0,2}\.[0-9]{3}\s*"
_GROUPED = "has three digits after the point where the others have two; write 4812 or 4.8120, as it is meant"
_TEXTS = {
    "bigint": (r"\s*[+-]?[0-9]+(\.0*)?\s*", "is no whole number; write digits only, without grouping"),
    "date": (r"\s*[0-9]{4}-[0-9]{2}-[0-9]{2}([ T]00:00(:00(\.0+)?)?)?\s*", "is no day; write YYYY-MM-DD"),
    "timestamp": (
        r"\s*[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6}0*)?)?"
        r"(Z|[+-][0-9]{2}(:?[0-9]{2})?)?\s*",
        "is no time; write YYYY-MM-DD HH:MM:SS in UTC, or with its offset, as in +08:00",
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
    """SQL that is true of a row that breaks the contract, the column at fault ('' for the whole row) and the reason.

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
HASHED = "hash"  # the type of a field that has the hash of a person's identifier already


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
        return f"not {held([condition for condition in self.faults if condition.is_form])}"


def _any(conditions: Iterable[str]) -> str:
    return " or ".join(f"({condition})" for condition in conditions)


def held(conditions: Sequence[Condition]) -> str:
    """SQL that holds where one of the conditions does, which are evaluated for suspects only."""
    if not conditions:
        return "false"
    broken = _any(condition.breaks for condition in conditions)
    return f"coalesce(case when {_suspect(conditions)} then {broken} else false end, false)"


def _suspect(conditions: Iterable[Condition]) -> str:
    return _any(screen for found in conditions for screen in found.screens or (found.breaks,))


def check(
    contract: Contract,
    fields: Mapping[str, tuple[str, str]],
    limits: Limits,
    grouped: Collection[str] = (),
    *,
    own_form: bool = True,
) -> RowRules:
    """How to read a file of that contract, whose fields are SQL names and types by the file's column.

    In the columns `grouped` three digits after the point may be thousands. Without `own_form`, rules for files in
    the contract's own form do not apply.
    """
    values: list[str] = []
    faults = list(_GENERAL)
    for column in contract.columns:
        name, kind = _comparable(column, *fields.get(column.name, ("", "")))
        values.append(_value(column, name, kind))
        if name:
            faults += _forms(column, name, kind)
            if column.name in grouped:
                faults.append(Condition(f"regexp_full_match({name}, '{GROUPED}')", column.name, _GROUPED, is_form=True))
        faults += _rules(column, limits)
    for rule in contract.rules:
        if rule.own_form and not own_form:
            continue
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


def _comparable(column: Column, name: str, kind: str) -> tuple[str, str]:
    """The field as its type has it where that is of the column's kind, else as text: true is not the number 1."""
    is_moment = kind == "date" or kind.startswith("timestamp")
    is_number = bool(_NUMBER.fullmatch(kind))
    fits = {"varchar": True, "boolean": kind == "boolean", "date": is_moment, "timestamp": is_moment}
    return (name, kind) if not name or fits.get(column.type, is_number) else (f"{name}::varchar", "varchar")


def _value(column: Column, name: str, kind: str) -> str:
    if not name:
        return f"{column.default}::{column.type} as {column.name}"
    if column.personal and kind != HASHED:
        # A row that nothing is left of without its buyer is taken out behind the rules, which count it.
        hash_of = hashed if column.required else remembered
        return f"{hash_of(_text(name, kind))} as {column.name}"
    value = name if kind == column.type else f"try_cast({name} as {column.type})"
    if column.type == "varchar":
        value = column.kept.replace("$value", _text(name, kind))
    elif kind in _FLOATS:
        value = f"try_cast({name}::varchar as {column.type})"  # DuckDB 1.5 multiplies a FLOAT as such when it casts it
    elif (kind, column.type) == ("varchar", "timestamp"):
        # A cast to TIMESTAMP drops the offset of a time; one to TIMESTAMPTZ wants seconds and a colon in the offset.
        seconds = f"regexp_replace({name}, '([ T][0-9]{{2}}:[0-9]{{2}})([Z+-])', '\\1:00\\2')"
        offset = f"regexp_replace({seconds}, '([+-][0-9]{{2}})([0-9]{{2}})\\s*$', '\\1:\\2')"
        has_offset = f"regexp_matches({name}, ':[0-9.]+(Z|[+-][0-9:]+)\\s*$')"
        value = f"if({has_offset}, try_cast({offset} as timestamptz) at time zone 'UTC', {value})"
    if column.default != "null":
        value = f"coalesce({value}, {column.default})"
    return f"{value} as {column.name}"


def _text(name: str, kind: str) -> str:
    if kind == "varchar":
        return f"nfc_normalize({name})"
    return (
        f"if({_is_whole(name, kind)}, {name}::bigint::varchar, {name}::varchar)"
        if _has_point(kind)
        else f"{name}::varchar"
    )


def _has_point(kind: str) -> bool:
    return kind in _FLOATS or kind.startswith("decimal")


def _is_whole(name: str, kind: str) -> str:
    """A number that is an identifier: whole, and small enough for its type to have every whole number."""
    return f"{name} = trunc({name}) and abs({name}) < {_FLOATS.get(kind, (0, 10**18))[1]}"


def _forms(column: Column, name: str, kind: str) -> Iterator[Condition]:
    """The field has to be a value of the column's type, all of it; of free text, the value a plain name."""
    value = column.name
    if kind == HASHED:
        return
    if column.type == "varchar":
        if column.personal:  # its value is a hash, which every text has
            yield from (
                replace(fault, is_form=True, column=value) for fault in _plain_name(f"{name}::varchar", column.longest)
            )
        elif not (column.words or column.known_in):
            yield from _plain_name(value, column.longest)
        if not (column.words or column.known_in) and _has_point(kind):
            reason = "is a number with a fraction or too many digits for its type where a name is; deliver text"
            lost = f"{name} is not null and not coalesce({_is_whole(name, kind)}, false)"
            yield Condition(lost, value, reason, is_form=True)
    elif (kind, column.type) == ("date", "timestamp"):
        yield Condition(f"{name} is not null", value, "is a day without a time; deliver the time, in UTC", is_form=True)
    elif kind in _FLOATS:
        yield _float(column, name, kind)
    elif kind != "varchar":
        # A typed file: what is not the same after a cast there and back was rounded or cut.
        if kind != column.type:
            lost = f"{name} is not null and ({value} is null or {value}::{kind} is distinct from {name})"
            yield Condition(lost, value, f"does not fit into {column.type} without loss", is_form=True)
    else:
        form, reason = _TEXTS.get(column.type) or _decimal(column.type)
        is_odd = f"{name} is not null and not coalesce(starts_with({value}::varchar, {name}), false)"
        if column.type == "timestamp":  # a day without a clock begins as its midnight does
            is_odd = f"{name} is not null and (strlen({name}) < 16 or {is_odd})"
        is_wrong = f"{is_odd} and ({value} is null or not regexp_full_match({name}, '{form}'))"
        yield Condition(is_wrong, value, reason, screens=(is_odd,), is_form=True)


def _float(column: Column, name: str, kind: str) -> Condition:
    """A floating-point number has to be one of the column's type, but for the noise of arithmetic."""
    value, (digits, whole) = column.name, _FLOATS[kind]
    # By its text, because a cast between DECIMAL and FLOAT is inexact.
    number, back = f"{name}::varchar::double", f"{value}::varchar::double"
    significant = f"strlen(regexp_replace(split_part({name}::varchar, 'e', 1), '^[-0.]+|[.]0*$|[.]', '', 'g'))"
    is_whole = f"{value} = trunc({value}) and abs({number}) <= {whole}"
    is_held = f"({significant} <= {digits} or {is_whole}) and {back} = {number}"
    if column.type == "bigint":
        is_held += f" and abs({number}) <= {whole}"
    if kind == "double":
        is_noise = f"abs({number}) < 1e15 and abs({back} - {number}) <= abs({number}) * {_NOISE}"
        is_held += f" or {significant} > {digits} and {is_noise}"
    reason = f"is a {kind.upper()} that has no {column.type} value: deliver whole numbers, or DECIMAL, not rounded"
    return Condition(f"{name} is not null and not coalesce({is_held}, false)", value, reason, is_form=True)


def _plain_name(name: str, longest: int = names.LONGEST) -> Iterator[Condition]:
    too_long, is_missing = f"strlen({name}) > {longest}", one_of(name, names.MISSING)
    yield Condition(
        f"{too_long} or {name} <> trim({name}) or regexp_matches({name}, {literal(names.FAULTY)})",
        name,
        names.FAULTY_REASON.format(longest),
        screens=(
            too_long,
            # The ASCII signs in question sort before the letters; a name seldom begins with one of them.
            f"{name} < '0'",
            f"{name} >= ':' and {name} < 'A'",
            f"not regexp_full_match({name}, '([ -~]*[!-~])?')",
        ),
    )
    yield Condition(
        f"{is_missing} or regexp_full_match({name}, {literal(names.LOST)})",
        name,
        names.LOST_REASON,
        screens=(is_missing, f"left({name}, 1) in ('#', '?') or contains({name}, 'E+')"),
    )


def rounded(name: str) -> str:
    """SQL, an aggregate, that holds where a spreadsheet rounded the long numbers of a column: all end in zeros."""
    is_long = f"strlen({name}) >= 16 and regexp_full_match({name}, '{names.LONG_NUMBER}')"
    is_rounded = f"regexp_full_match({name}, '{names.ROUNDED_NUMBER}')"
    return f"count(*) filter ({is_long}) >= 3 and bool_and({is_rounded}) filter ({is_long})"


def digits_of_values(name: str) -> dict[int, str]:
    """Conditions on an amount: it has one digit or two, three with at most 999 before, other three or more."""
    part = f"({name} % 1)"
    two, more = f"{part} * 100 % 1 = 0", f"{part} * 1000 % 1 <> 0"
    grouped = f"(not ({more}) and not ({two}) and abs({name}) between 1 and 999.999)"
    return {2: f"{part} <> 0 and {two}", 3: grouped, 4: more}


def digits_of_texts(name: str) -> dict[int, str]:
    """The same conditions on an amount as it is written."""
    grouped = f"regexp_full_match({name}, '{GROUPED}')"
    return {
        2: f"regexp_full_match({name}, '.*\\.[0-9]{{1,2}}\\s*')",
        3: grouped,
        4: f"regexp_full_match({name}, '.*\\.[0-9]{{3,}}\\s*') and not {grouped}",
    }


def grouped_by(digits: Mapping[int, str]) -> str:
    """SQL, an aggregate, that holds where a column has amounts of two digits and some of three, maybe thousands."""
    two, three, more = (f"count_if({digits[number]})" for number in (2, 3, 4))
    return f"{two} > 0 and {three} > 0 and {more} = 0"


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
        breaks = f"{name} not between {column.type} '{EARLIEST}' and '{LATEST}'"
        yield Condition(breaks, name, f"lies before {EARLIEST} or after {LATEST}; correct the year")
    if column.money_on:
        reason = "is no currency that was money on that day; write its ISO 4217 code (CNY, not RMB)"
        yield Condition(currencies.breaks(name, f"{column.money_on}::date", EARLIEST), name, reason)
    if column.words:
        yield _unknown(column, column.words, f"is not known; write one of {', '.join(column.words)}")
    if column.known_in:
        reason = f"is not known in {column.known_in}; define it there or correct it, then replay the file"
        yield _unknown(column, limits.known[column.known_in], reason)


def _unknown(column: Column, words: Sequence[str], reason: str) -> Condition:
    breaks = f"not {one_of(column.name, words)}"
    if column.default != "null":
        breaks += f" and {column.name} <> {column.default}"
    return Condition(breaks, column.name, reason)
