"""The SQL that a profile writes: only functions of values, over names of ours, and what must hold of their texts.

Each function that reads a text (`number`, `day`, ...) becomes a column of its own, so that a row whose text it cannot
read is told with its column, value and fix instead of becoming empty.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from etl.errors import FileError
from etl.profiles.profile import FORMS
from etl.warehouse import literal

NUMBER = "decimal(28,9)"
SHORT = "decimal(18,4)"  # of eight bytes, and of as many places as an exact text has
UNITS = {"number": "", "micros": "0.000001", "cents": "0.01", "thousands": "1000"}
EPOCHS = {"unix_s": 1_000_000, "unix_ms": 1_000, "unix_us": 1}
READERS = {*UNITS, *EPOCHS, "day", "time", "local_day"}
_MARK = "read_"  # in front of their names while SQLGlot reads them: day() and time() are functions of its own
_PLAIN = (
    *(exp.Column, exp.Identifier, exp.Literal, exp.Null, exp.Boolean, exp.Paren, exp.Case, exp.If, exp.Tuple),
    *(exp.And, exp.Or, exp.Not, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Is, exp.In, exp.Between),
    *(exp.Like, exp.ILike, exp.Escape, exp.RegexpLike, exp.RegexpExtract, exp.RegexpReplace, exp.RegexpFullMatch),
    *(exp.Coalesce, exp.Nullif, exp.DPipe, exp.Concat, exp.Lower, exp.Upper, exp.Trim, exp.Left, exp.Right),
    *(exp.Substring, exp.SplitPart, exp.StartsWith, exp.EndsWith, exp.Contains, exp.Replace, exp.StrPosition),
    *(exp.Length, exp.Pad, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Neg, exp.Round, exp.Abs, exp.Greatest, exp.Least),
)
_NAMED = {"strlen"}
_ISO = "[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]+)?)?"
HAS = "has"  # whether the file has a column


@dataclass(frozen=True)
class Read:
    """A text that is read as a value: SQL of both, what it is (a number, a day, a time), and the name it is from.

    `clock` is SQL of what a clock of the zone shows, where the text is a time without an offset; '' of other kinds.
    """

    text: str
    value: str
    kind: str
    name: str
    clock: str = ""


@dataclass
class CellReader:
    """How the texts of one file are read, and every text that expressions so far read by it.

    `form` is that of its numbers, `zone` the zone of times without an offset, '' where nobody said one; the file has
    the columns `present`. In the columns `exact` what DuckDB reads as a number is the number that stands there: only
    that is read, and at once, so that any other text counts as none.
    """

    names: Collection[str]
    form: str
    strip: tuple[str, ...] = ()
    dates: tuple[str, ...] = ("%Y-%m-%d",)
    times: tuple[str, ...] = ()
    zone: str = ""
    present: Collection[str] = ()
    exact: Collection[str] = ()
    reads: dict[tuple[str, str], tuple[str, Read]] = field(default_factory=dict)

    def condition(self, text: str) -> str:
        """SQL of a condition on a row, null where it is not told. Raises FileError for what a profile may not say."""
        return f"({self._rewritten(_tree(text))})"

    def value(self, text: str, kind: str) -> str:
        """SQL of an expression whose value has the DuckDB type `kind`. Raises FileError."""
        tree = _tree(text)
        is_read = any(
            isinstance(node, exp.Anonymous) and node.name.removeprefix(_MARK) in READERS for node in tree.walk()
        )
        if kind == "varchar":
            return f"nullif(({self._rewritten(tree)})::varchar, '')"
        if kind == "boolean":
            truth = f"try_cast({self._rewritten(tree)} as boolean)"
            return self._once("boolean", self._rewritten(tree), truth, tree.name) if type(tree) is exp.Column else truth
        if not is_read:
            function = {"date": "day", "timestamp": "time"}.get(kind, "number")
            tree = exp.Anonymous(this=_MARK + function, expressions=[tree])
        wanted = kind if kind in ("date", "timestamp") else NUMBER
        found = self._rewritten(tree)
        is_short = any(column == found and read.value.endswith(f" as {SHORT})") for column, read in self.reads.values())
        return found if is_short else f"({found})::{wanted}"

    def _rewritten(self, tree: exp.Expression) -> str:
        return str(tree.copy().transform(self._replaced).transform(_in_order).sql(dialect="duckdb"))

    def _replaced(self, node: exp.Expression) -> exp.Expression:
        if isinstance(node, exp.Column):
            if node.table or node.name not in self.names:
                known = ", ".join(sorted(self.names))
                raise FileError(f"uses {node.sql()} in an expression, which is none of its names ({known})")
            return exp.column(exp.to_identifier(node.name, quoted=True))
        if isinstance(node, exp.Anonymous):
            name = node.name.removeprefix(_MARK)
            if name in READERS and name != node.name:
                return exp.column(self._read(name, node.expressions))
            if name == HAS and len(node.expressions) == 1:
                return exp.convert(node.expressions[0].name in self.present)
            if name not in _NAMED:
                raise FileError(f"uses the function {node.name}, which expressions do not have")
        elif type(node) not in _PLAIN:
            raise FileError(f"uses {node.sql(dialect='duckdb')[:60]!r}, which expressions do not have")
        return node

    def _read(self, function: str, given: list[exp.Expression]) -> str:
        """The column in which the text is read."""
        if len(given) != 1:
            raise FileError(f"gives {function}() {len(given)} values; it takes one")
        text = self._rewritten(given[0])
        names = [column.name for column in given[0].find_all(exp.Column)]
        kind = "number" if function in UNITS else "day" if function == "day" else "time"
        if function in UNITS:
            is_exact = isinstance(given[0], exp.Column) and given[0].name in self.exact
            value = f"try_cast({text} as {SHORT})" if is_exact else self.number(text)
            value = f"({value}::{NUMBER} * {UNITS[function]})" if UNITS[function] else value
        elif function == "day":
            value = self.day(text)
        elif function in EPOCHS:
            value, kind = self._unix(text, EPOCHS[function]), "unix"
        else:
            value = self.time(text)
            if function == "local_day":
                value = f"({value} at time zone 'UTC' at time zone {literal(self.zone or 'UTC')})::date"
        return self._once(kind, text, value, names[0] if names else "", function)

    def _once(self, kind: str, text: str, value: str, name: str, function: str = "") -> str:
        """The column in which a text is read, which is the same wherever it is read so."""
        key = (function or kind, text)
        if key not in self.reads:
            clock = self._clock(text) if kind == "time" and self.zone else ""
            self.reads[key] = f"v{len(self.reads)}_", Read(text, value, kind, name, clock)
        return self.reads[key][0]

    def number(self, text: str) -> str:
        """SQL of a text as a number in the form of the file; null where it is none."""
        group, point = FORMS[self.form]
        at_once, bare = self._plain(text), self._bare(text)
        ungrouped = f"replace({bare}, '{group}', '')"
        cases = [(at_once, text), (self._plain(bare), bare), (self._grouped(bare), ungrouped)]
        if point != ".":
            cases = [(condition, f"replace({digits}, '{point}', '.')") for condition, digits in cases]
        return f"case {' '.join(f'when {condition} then {_decimal(digits)}' for condition, digits in cases)} end"

    def is_number(self, text: str) -> str:
        """SQL of whether a text is written as a number in the form of the file."""
        bare = self._bare(text)
        # A case looks no further once it knows; `or` computes all of them.
        return f"case when {self._plain(text)} then true else {self._plain(bare)} or {self._grouped(bare)} end"

    def _bare(self, text: str) -> str:
        """SQL of a text without the signs that are taken off numbers."""
        for sign in self.strip:
            text = f"replace({text}, {literal(sign)}, '')"
        if FORMS[self.form][0] == " ":  # also the two kinds of blanks that do not break a line
            text = f"regexp_replace({text}, '[\\x{{00a0}}\\x{{202f}}]', ' ', 'g')"
        return f"trim({text})"

    def _plain(self, text: str) -> str:
        point = FORMS[self.form][1]
        return f"regexp_full_match({text}, '[+-]?([0-9]+([{point}][0-9]*)?|[{point}][0-9]+)')"

    def _grouped(self, text: str) -> str:
        group, point = FORMS[self.form]
        return f"regexp_full_match({text}, '[+-]?[0-9]{{1,3}}([{group}][0-9]{{3}})+([{point}][0-9]*)?')"

    def day(self, text: str) -> str:
        """SQL of a text as a day."""
        if self.dates == ("%Y-%m-%d",):
            at_once = f"try_cast({text} as date)"
            return f"if({at_once}::varchar = {text}, {at_once}, null)"
        parsed = f"{self._parsed(text, self.dates)}::date"
        if "%Y-%m-%d" not in self.dates:
            return parsed
        at_once = f"try_cast({text} as date)"
        return f"case when {at_once}::varchar = {text} then {at_once} else {parsed} end"

    def time(self, text: str) -> str:
        """SQL of a text as a time in UTC."""
        seconds = f"regexp_replace({text}, '^(.{{10}}[ T][0-9]{{2}}:[0-9]{{2}})( ?[Z+-]|$)', '\\1:00\\2')"
        offset = f"regexp_replace({seconds}, ' ?([+-][0-9]{{2}}):?([0-9]{{2}})?$', '\\1:\\2')"
        offset = f"regexp_replace({offset}, ':$', ':00')"
        with_offset = f"regexp_full_match({text}, '{_ISO} ?(Z|UTC|[+-][0-9]{{2}}(:?[0-9]{{2}})?)')"
        moment = f"try_cast(regexp_replace({offset}, ' ?(UTC|Z)$', 'Z') as timestamptz)"
        cases = f"when {with_offset} then {_in_utc(moment)} "
        if self.zone:
            cases += f"else {self._moment(self._clock(text))} "
        # What prints as it is written is read at once.
        clock = f"try_cast(substring({text}, 1, 19) as timestamp)"
        is_utc = f"suffix({text}, ' +0000') or suffix({text}, '+00:00')"
        joined = _in_utc(f"try_cast(replace(replace({text}, ' +', '+'), ' -', '-') as timestamptz)")
        at_once = f"case when {is_utc} then {clock} else {joined} end"
        is_usual = f"strlen({text}) = 25 and {clock}::varchar = substring({text}, 1, 19)"
        return f"coalesce(case when {is_usual} then {at_once} end, case {cases}end)"

    def _clock(self, text: str) -> str:
        """SQL of a time without an offset, as clocks of the zone show it."""
        parsed = f" else {self._parsed(text, self.times)}" if self.times else ""
        return f"(case when regexp_full_match({text}, '{_ISO}') then try_cast({text} as timestamp){parsed} end)"

    def _moment(self, clock: str) -> str:
        """SQL in UTC of what a clock of the zone shows; null where it never shows that, or twice.

        DuckDB takes the offset before a gap, and of two moments the later one; by the offset of the day before the
        earlier one is found.
        """
        zone = literal(self.zone)
        moment = f"{clock} at time zone {zone} at time zone 'UTC'"
        earlier = f"(({clock}) - interval 1 day) at time zone {zone} at time zone 'UTC' + interval 1 day"
        shown, shown_earlier = (f"({one}) at time zone 'UTC' at time zone {zone}" for one in (moment, earlier))
        is_twice = f"{earlier} <> {moment} and {shown_earlier} = {clock}"
        return f"case when {shown} <> {clock} then null when {is_twice} then null else {moment} end"

    def _parsed(self, text: str, forms: tuple[str, ...]) -> str:
        """SQL of a text in one of these forms; %Y takes four digits, where DuckDB reads 26 as the year 26."""
        parsed = f"try_strptime({text}, [{', '.join(map(literal, forms))}])"
        if not all("%Y" in form for form in forms):
            return parsed
        return f"if(regexp_matches({text}, '[0-9]{{4}}'), {parsed}, null)"

    def _unix(self, text: str, unit: int) -> str:
        whole = f"regexp_full_match({text}, '[0-9]{{1,18}}')"
        return f"if({whole}, make_timestamp(try_cast({text} as bigint) * {unit}), null)"

    def fix(self, kind: str) -> str:
        """What is wrong with a text that is no value of that kind, and what to do."""
        if kind == "number":
            return f"is no number in the form {self.form}; correct it, or write `numbers` in profile.yaml of its folder"
        if kind == "day":
            forms = " or ".join(self.dates)
            return f"is no day in the form {forms}; correct it, or write its form in file.dates of the profile"
        told = {
            "boolean": "is neither true nor false",
            "unix": "is no whole number of seconds, or parts of them, since 1970; correct it",
            "clock": f"is a time that clocks in {self.zone} skip, or show twice; "
            "deliver it with its offset, as in +01:00",
        }
        if kind in told:
            return told[kind]
        if not self.zone:
            return "is no time with an offset, and no zone is told; write `zone` in profile.yaml of its folder"
        return "is no time; correct it, or write its form in file.times of the profile"


def _in_order(node: exp.Expression) -> exp.Expression:
    """A list of words without IN, of which DuckDB makes a join that loses the order of rows (etl.warehouse.one_of)."""
    if not isinstance(node, exp.In):
        return node
    return exp.Anonymous(this="list_contains", expressions=[exp.Array(expressions=node.expressions), node.this])


def _in_utc(moment: str) -> str:
    """SQL of a time with an offset in UTC; `at time zone` takes DuckDB 1.5.6 as long as reading the text."""
    return f"make_timestamp(epoch_us({moment}))"


def _decimal(digits: str) -> str:
    """SQL of a decimal number; DuckDB 1.5.6 reads one of more than 18 places in 10 microseconds, others in 0.1."""
    return (
        f"case when strlen({digits}) <= 9 then try_cast({digits} as decimal(18,9))::{NUMBER} "
        f"when strlen({digits}) <= 18 and not contains({digits}, '.') then try_cast({digits} as bigint)::{NUMBER} "
        f"when strlen({digits}) <= 15 and strlen({digits}) - strpos({digits}, '.') <= 4 "
        f"then try_cast({digits} as decimal(18,4))::{NUMBER} "
        f"else try_cast({digits} as {NUMBER}) end"
    )


def own_columns(text: str) -> set[str]:
    """The columns that an expression over columns of the contract reads. Raises FileError as CellReader does."""
    tree = _tree(text)
    for node in tree.walk():
        if not isinstance(node, exp.Anonymous) and type(node) not in _PLAIN:
            raise FileError(f"uses {node.sql(dialect='duckdb')[:60]!r}, which expressions do not have")
        if isinstance(node, exp.Anonymous) and node.name not in _NAMED | {HAS} | {_MARK + name for name in READERS}:
            raise FileError(f"uses the function {node.name}, which expressions do not have")
    return {column.name for column in tree.find_all(exp.Column)}


def _tree(text: str) -> exp.Expression:
    try:
        found = sqlglot.parse_one(f"select {_marked(text)}", read="duckdb")
    except SqlglotError as error:
        first = str(error).splitlines()[0][:150]
        raise FileError(f"has the expression {text!r}, which cannot be read ({first})") from error
    if not isinstance(found, exp.Select) or len(found.expressions) != 1 or set(found.args) - {"expressions", "kind"}:
        clauses = [name for name, value in found.args.items() if value and name not in ("expressions", "kind")]
        if clauses or not isinstance(found, exp.Select) or len(found.expressions) != 1:
            raise FileError(f"has the expression {text!r}; write one value, without select, from and the like")
    return found.expressions[0]


def _marked(text: str) -> str:
    parts = re.split(r"('(?:[^']|'')*')", text)  # texts in quotation marks are every second part
    names = rf"\b({'|'.join(sorted(READERS))})\s*\("
    return "".join(part if place % 2 else re.sub(names, rf"{_MARK}\1(", part) for place, part in enumerate(parts))
