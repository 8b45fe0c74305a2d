"""The rows of a file through its profile: typed, with what is skipped and what is at fault, added up by key.

Two files are written. `rows.parquet` has every record of the file: its line, why it is skipped, what is wrong with it,
and the contract's columns. `groups.parquet` has a row of the contract for each key, which is then loaded like any
typed file. So each record of the delivered file is loaded, skipped or in quarantine, and counted as such.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from etl.buyers import hashed, hidden, remembered
from etl.contracts import PLATFORM_METRIC_DAILY, Column, Contract
from etl.errors import FileError
from etl.files.csv import SHOWN
from etl.files.lines import Scan
from etl.inbox.parquet import OPTIONS
from etl.profiles.expressions import SHORT, CellReader, own_columns
from etl.profiles.found import CUT, Cells, Match, Spot
from etl.profiles.profile import BUYER, FORMS, Folder
from etl.warehouse import Connection, DatabaseError, literal, sql_path

BUYER_HASH = "buyer_id_hash"
_SUM = "decimal(38,9)"
TEXTS = ("varchar", "date", "timestamp", "boolean")
_SHOWN_ABOVE = 120  # characters of the lines above the header
_MANY = 5  # lines that a sentence names
_FIRST = 10_000  # cells that are looked at first
COMBINED = "combined "  # before the name of a value that the records of a key make together


@dataclass(frozen=True)
class TotalRow:
    """A row of totals of the file against the sum of its rows: what it has more, by column of the contract."""

    line: int
    label: str
    more: Mapping[str, Decimal]

    def __str__(self) -> str:
        """A sentence."""
        if not any(self.more.values()):
            return f"{self.label} (line {self.line:,}) equals the sum of its rows"
        told = ", ".join(f"{name} {more.normalize():+,f}" for name, more in self.more.items() if more)
        return f"{self.label} (line {self.line:,}) differs from the sum of its rows: {told} that no row has"


@dataclass(frozen=True)
class Profiled:
    """A file that was read through a profile; numbers are records of the file: rows = sound + faulty + skipped.

    `faults` is SQL for line, column_name, raw_text and reason of those at fault; `sources` SQL for the line of each
    sound one and the first line of its row of the contract. `origins` names the columns of the file by those of the
    contract. `texts` reads the file once more and gives SQL for line and raw text of each record. `told` are sentences
    for people.
    """

    profile: str
    exporter: str
    rows: int
    skipped: int
    told: tuple[str, ...]
    faulty: int = 0
    faults: str = ""
    sources: str = ""
    origins: Mapping[str, str] = field(default_factory=dict)
    texts: Callable[[], str] = str
    totals: tuple[TotalRow, ...] = ()


@dataclass(frozen=True)
class Groups:
    """The rows of the contract: how they are read, their columns, and how many there are."""

    columns: tuple[str, ...]
    rows: int
    quick: Scan
    strict: Scan


@dataclass(frozen=True)
class _Fault:
    """SQL that is true of a record at fault, the column as the file names it, and the reason."""

    breaks: str
    column: str
    reason: str


class Application:
    """The reading of one file through one profile."""

    def __init__(self, con: Connection, match: Match, table: Cells, folder: Folder, scratch: Path) -> None:
        self._con, self._match, self._table, self._folder = con, match, table, folder
        self._profile = match.profile
        self._rows_file = sql_path(scratch / "rows.parquet")
        self._groups_file = sql_path(scratch / "groups.parquet")
        self._texts_file = sql_path(scratch / "texts.parquet")
        self._constants = {**self._profile.constants, **folder.constants}
        assumed, self._is_assumed = self._assumed_form()
        self._is_quick = bool(self._exact) and FORMS[assumed][1] == "."
        self._reading = self._reader(assumed, is_quick=self._is_quick)

    def _reader(self, numbers: str, *, is_quick: bool) -> CellReader:
        form = self._profile.file
        return CellReader(
            names=self._profile.names | {"any_cell"},
            form=numbers,
            strip=form.strip,
            dates=form.dates,
            times=form.times,
            zone=self._folder.zone or form.zone,
            present=self._match.places,
            exact=self._exact if is_quick else (),
        )

    @property
    def _exact(self) -> frozenset[str]:
        """The names of ours whose texts are exact: what DuckDB reads as a number is the number that stands there."""
        places = self._match.places.items() if self._table.is_exact else ()
        return frozenset(name for name, place in places if not place.path)

    def read(self) -> tuple[Profiled, Groups | None]:
        """The file's records and the contract's rows; no rows where the profile has nothing to load.

        Raises FileError for a file that cannot be loaded, with what is missing.
        """
        contract, rows = self._profile.contract, self._table.rows
        if not contract:
            told: tuple[str, ...] = (f"nothing is loaded: {self._profile.because}",)
            return self._profiled(skipped=rows, told=told), None
        self._require(contract)
        faults = self._read_rows(contract)
        counts = self._ask(f"select skip, skip = 0 and fault > 0, count(*) from {self._rows} group by all")
        read = sum(count for _, _, count in counts)
        if read != rows:
            raise FileError(f"has {rows:,} rows, but {read:,} were read; deliver it again")
        self._refuse()
        totals = tuple(self._totals(contract, {skip for skip, _, _ in counts}))
        groups = self._write_groups(contract, totals)
        column, reason = (
            f"[{', '.join(map(literal, texts))}][fault + 1]"
            for texts in ([fault.column for fault in faults], [fault.reason for fault in faults])
        )
        key = self._key(contract)
        told = (
            *(*self._above(), *self._skipped(), *(str(total) for total in totals)),
            *(*self._swapped(), *self._profile.unverified),
        )
        return self._profiled(
            faulty=sum(count for _, is_faulty, count in counts if is_faulty),
            skipped=sum(count for skip, _, count in counts if skip),
            faults=f"select line, nullif({column}, '') as column_name, raw as raw_text, "
            f"coalesce(broken, {reason}) as reason from {self._rows} where fault > 0 and skip = 0",
            sources=f"select line, min(line) over (partition by {', '.join(key) or '1'}) as first_line "
            f"from {self._rows} where fault = 0 and skip = 0",
            origins={column.name: self._origin(column.name) for column in contract.columns},
            texts=self._write_texts,
            told=told,
            totals=totals,
        ), groups

    def _profiled(self, **values: Any) -> Profiled:
        return Profiled(self._profile.name, self._profile.exporter, rows=self._table.rows, **values)

    # The records

    @property
    def _rows(self) -> str:
        return self._numbered(self._rows_file)

    def _numbered(self, file: str) -> str:
        """SQL of a file with all records, in their order, and their lines."""
        line = f"coalesce(line, file_row_number + {self._table.first_line}) as line"
        return f"(select * replace ({line}) from read_parquet({file}, {OPTIONS}))"

    def _records(self, scan: str) -> str:
        """SQL of the records of a scan: line, what is broken, and the text of each name of ours."""
        text = f"select line, broken, {', '.join(self._cells())} from {self._scan(scan)}"
        if not self._profile.fill_down:
            return text
        filled = ", ".join(
            f'last_value("{n}" ignore nulls) over (order by place rows unbounded preceding) as "{n}"'
            for n in self._profile.fill_down
        )
        return f"select * replace ({filled}) from (select *, row_number() over () as place from ({text}))"

    def _write_texts(self) -> str:
        """Write texts.parquet, SQL of which is returned: line and raw text of every record, as the file has it."""
        cells = ", ".join(f'"{name}" as cell_{n}' for n, name in enumerate(self._shown_names()))
        text = f"select line, {cells or 'null as cell_0'} from ({self._records(self._table.scan)})"
        text = f"select line, {self._shown()} as raw from ({text})"
        self._con.execute(f"copy ({text}) to {self._texts_file} (format parquet)")
        return self._numbered(self._texts_file)

    def _read_rows(self, contract: Contract) -> list[_Fault]:
        """Write rows.parquet with what is right for every number; the faults by their numbers, of which 0 is none.

        Where a cell is no number in the form that was assumed, or none that is read at once, all are read again.
        """
        if not (self._is_quick or self._is_assumed):
            return self._write_rows(contract)
        scans = [f"(select * from {self._table.scan} limit {_FIRST})", self._table.scan]
        for scan in scans[self._table.rows <= _FIRST :]:
            faults = self._write_rows(contract, scan)
            if self._ask(f"select 1 from {self._rows} where is_odd limit 1"):
                break
        else:
            return faults
        self._reading = self._reader(self._number_form() if self._is_assumed else self._reading.form, is_quick=False)
        return self._write_rows(contract)

    def _write_rows(self, contract: Contract, scan: str = "") -> list[_Fault]:
        """Write rows.parquet; the faults by their numbers, of which 0 is none."""
        profile, reading = self._profile, self._reading
        skip = self._first_of("skip", [rule.where for rule in profile.skip])
        refuse = self._first_of("refuse", [rule.where for rule in profile.refuse])
        values = dict(self._values(contract))
        faults = [_Fault("false", "", ""), _Fault("broken is not null", "", "cannot be split into fields")]
        odd = ["false"]
        for column, read in reading.reads.values():
            name = self._match.shown(read.name) or read.name
            breaks = f"{read.text} is not null and {column} is null"
            if read.clock:
                faults.append(_Fault(f"{breaks} and {read.clock} is not null", name, reading.fix("clock")))
            faults.append(_Fault(breaks, name, reading.fix(read.kind)))
            if read.kind == "number":
                odd.append(breaks)
        for name in contract.grain:
            if contract.column(name).required and name in values:
                faults.append(_Fault(f"{values[name]} is null", self._origin(name), "is empty; fill it in"))
        case = " ".join(f"when {fault.breaks} then {number}" for number, fault in enumerate(faults) if number)
        by = {skip.check for skip in profile.skip} - {"", "all"}
        listed = [
            "line", "broken",
            f"{skip}::utinyint as skip",
            f"{refuse}::utinyint as refuse",
            f"(case {case} else 0 end)::utinyint as fault",
            f"{' or '.join(odd)} as is_odd",
            *(f'"{name}" as by_{name}' for name in sorted(by)),
            *(f"{value} as {name}" for name, value in values.items()),
        ]  # fmt: skip
        shown = self._shown()
        reads = ", ".join(f"{read.value} as {column}" for column, read in reading.reads.values())
        text = f"select *{f', {reads}' if reads else ''} from ({self._records(scan or self._table.scan)})"
        texts = self._shown_names()
        cells = ", ".join(f'"{name}" as cell_{n}' for n, name in enumerate(texts))
        text = f"select {', '.join(listed)}, {cells or 'null as cell_0'} from ({text})"
        left = ", ".join(f"cell_{n}" for n, _ in enumerate(texts)) or "cell_0"
        text = f"select * exclude ({left}), case when fault > 0 and skip = 0 then {shown} end as raw from ({text})"
        try:
            self._con.execute(f"copy ({text}) to {self._rows_file} (format parquet)")
        except DatabaseError as error:
            first = str(error).splitlines()[0][:300]
            raise FileError(f"cannot be read by the profile {profile.name} ({first})") from error
        return faults

    def _first_of(self, field: str, conditions: list[str]) -> str:
        """SQL of the number of the first of a profile's conditions that a record meets, 0 for none."""
        cases = []
        for number, text in enumerate(conditions, 1):
            with self._blaming(f"{field}, number {number},"):
                cases.append(f"when {self._reading.condition(text)} then {number}")
        return f"(case {' '.join(cases)} else 0 end)" if cases else "0"

    @contextmanager
    def _blaming(self, field: str) -> Iterator[None]:
        """Name the field of the profile in a FileError about its text."""
        try:
            yield
        except FileError as error:
            raise FileError(f"is read by the profile {self._profile.name}, whose {field} {error}") from error

    def _cells(self) -> Iterator[str]:
        """SQL of the text of each name of ours."""
        for name in sorted(self._profile.names):
            yield f'{self._cell(name)} as "{name}"'
        if self._uses_any_cell():
            yield f"{self._cleaned('first_cell')} as any_cell"

    def _uses_any_cell(self) -> bool:
        texts = [rule.where for rule in self._profile.skip] + [rule.where for rule in self._profile.refuse]
        return any("any_cell" in text for text in (*texts, *self._profile.map.values()))

    def _scan(self, scan: str) -> str:
        """SQL of these records, with the first cell that has a value where a rule asks for it."""
        if not self._uses_any_cell():
            return scan
        cells = [f"f{n}" for n, _ in enumerate(self._match.head.names)]
        bare = (cell if self._table.is_bare else f"trim({cell})" for cell in cells)
        cases = (f"when not ({self._is_missing(text)}) then {cell}" for cell, text in zip(cells, bare, strict=True))
        return f"(select *, case {' '.join(cases)} end as first_cell from {scan})"

    def _cell(self, name: str) -> str:
        place = self._match.places.get(name)
        if place:
            return self._cleaned(_text_at(place))
        told = self._match.told.get(name)
        return self._cleaned(f"{literal(told)}::varchar") if told else "null::varchar"

    def _cleaned(self, text: str) -> str:
        """A cell trimmed, without what disguises it for a spreadsheet; null for a text that says there is no value."""
        if self._table.is_bare:
            return self._value_of(text)
        blank = literal(" \t\r\n\u00a0\u3000\ufeff")
        bare = f"trim({text}, {blank})"
        disguised = f"regexp_replace({bare}, '^(?:=\"(.*)\"|''\\s*(.*))$', '\\1\\2', 's')"
        bare = f"if(left({bare}, 1) in ('=', ''''), trim({disguised}, {blank}), {bare})"
        # Nearly every cell begins and ends with a sign that is seen, and stays as it is. Comparisons of texts cost a
        # tenth of a regular expression.
        begins = " or ".join(
            f"({text} >= {literal(first)} and {text} < {literal(last)})"
            for first, last in (("!", "'"), ("(", "="), (">", "\x7f"))
        )
        ends = " or ".join(f"suffix({text}, {literal(sign)})" for sign in " \t\r\n\u00a0\u3000\ufeff")
        return f"case when ({begins}) and not ({ends}) then {self._value_of(text)} else {self._value_of(bare)} end"

    def _value_of(self, text: str) -> str:
        """SQL of a trimmed text; null for one that says there is no value."""
        return f"if({self._is_missing(text)}, null, {text})"

    def _is_missing(self, text: str) -> str:
        """SQL of whether a trimmed text says that there is no value; not IN, by which the rows lose their order."""
        words = sorted({word.strip() for word in self._profile.file.missing} | {""})
        return " or ".join(f"{text} = {literal(word)}" for word in words)

    def _values(self, contract: Contract) -> Iterator[tuple[str, str]]:
        """SQL of the columns of the contract that the profile or its folder gives."""
        own = {column.name: column for column in contract.columns}
        hash_of = hashed if BUYER_HASH in own and own[BUYER_HASH].required else remembered
        if BUYER in self._profile.map:
            with self._blaming(f"map.{BUYER}"):
                buyer = self._reading.value(self._profile.map[BUYER], "varchar")
            yield BUYER_HASH, hash_of(buyer)
        for name, column in own.items():
            mapped, constant = self._profile.map.get(name), self._constants.get(name)
            with self._blaming(f"map.{name}"):
                value = self._reading.value(mapped, column.type) if mapped else ""
            if constant is not None:
                fixed = self._constant(column, constant)
                value = f"coalesce({value}, {fixed})" if value else fixed
            if value:
                yield name, hash_of(value) if name == BUYER_HASH else value

    def _constant(self, column: Column, text: str) -> str:
        try:
            self._con.execute(f"select cast($text as {column.type})", {"text": text}).fetchall()
        except DatabaseError as error:
            at = self._folder.path if column.name in self._folder.constants else f"the profile {self._profile.name}"
            told = f"has the constant {column.name}: {text!r}, which is no {column.type}; correct constants in {at}"
            raise FileError(told) from error
        return f"cast({literal(text)} as {column.type})"

    def _require(self, contract: Contract) -> None:
        """Raise FileError for what no row can have a value of."""
        given = {*self._profile.map, *self._constants}
        own = {column.name for column in contract.columns}
        if unknown := sorted((set(self._folder.constants) | set(self._folder.difference)) - own):
            raise FileError(
                f"has the constants {', '.join(unknown)} ({self._folder.path}), which {contract.name} does not have"
            )
        missing = [c.name for c in contract.columns if c.required and c.name not in given and c.name != BUYER_HASH]
        mapped = self._profile.map.get("currency")
        is_untold = mapped and not any(self._cell(name) != "null::varchar" for name in own_columns(mapped))
        if "currency" in own and "currency" not in self._constants and (not mapped or is_untold):
            missing.append("currency")
        if missing:
            at = self._folder.path or "profile.yaml of its folder"
            told = ", ".join(f"{name}: ..." for name in dict.fromkeys(missing))
            raise FileError(
                f"is read by the profile {self._profile.name} and does not tell its "
                f"{', '.join(dict.fromkeys(missing))}; write constants: {{{told}}} in {at}"
            )

    def _shown_names(self) -> list[str]:
        """The names of ours whose texts people are shown: those that the profile reads, without the buyer's."""
        buyers = own_columns(self._profile.map[BUYER]) if BUYER in self._profile.map else set()
        return [name for name in self._profile.columns if name in self._match.places and name not in buyers]

    def _shown(self) -> str:
        """SQL of a record at fault for people."""
        texts = [f"{literal(self._match.shown(name) + '=')} || cell_{n}" for n, name in enumerate(self._shown_names())]
        joined = f"concat_ws(', ', {', '.join(texts) or 'null'})"
        return f"left({hidden(joined)}, {SHOWN})"

    def _origin(self, name: str) -> str:
        """The column of the file that is a column of the contract as it stands, for people; else the contract's."""
        return self._match.shown(self._profile.map.get(BUYER if name == BUYER_HASH else name, "")) or name

    def _refuse(self) -> None:
        found = self._ask(
            f"select refuse, count(*), min(line) from {self._rows} where refuse > 0 and skip = 0 group by 1"
        )
        if found:
            number, rows, line = found[0]
            raise FileError(f"{self._profile.refuse[number - 1].because} ({rows:,} rows, first in line {line:,})")
        if cut := self._ask(f"select line from {self._rows} where skip = 0 and broken = {literal(CUT)}"):
            raise FileError(f"{CUT} (line {cut[0][0]:,})")

    def _above(self) -> Iterator[str]:
        lines = [line.strip() for line in self._match.head.above.splitlines() if line.strip()]
        if lines:
            yield f"{len(lines):,} above the header: {' / '.join(lines)[:_SHOWN_ABOVE]}"

    def _skipped(self) -> Iterator[str]:
        found = self._ask(
            f"select skip, count(*), list(line order by line)[:{_MANY}] from {self._rows} "
            "where skip > 0 group by 1 order by 1"
        )
        for number, rows, lines in found:
            more = ", ..." if rows > len(lines) else ""
            what = self._profile.skip[number - 1].shown_as
            yield f"{rows:,} skipped: {what} (line {', '.join(f'{line:,}' for line in lines)}{more})"

    # The form of days and numbers

    def _swapped(self) -> Iterator[str]:
        """A sentence on each form of days that may be read as that with day and month the other way round."""
        form = self._profile.file
        for _, read in self._reading.reads.values():
            for one in {"day": form.dates, "time": form.times}.get(read.kind, ()):
                if (other := _other_way(one)) and (found := self._open(read.text, one, other)):
                    name = self._match.shown(read.name) or read.name
                    yield (
                        f"the days in {name} leave open which number is the month: {found[0]} is read as {found[1]}; "
                        "if the file means the other, correct file.dates or file.times of the profile"
                    )

    def _open(self, text: str, form: str, other: str) -> tuple[str, str] | None:
        """The first text of that form and its day, where every one has the other form too and means another day."""
        this, that = (f"try_strptime(text, {literal(shown)})::date" for shown in (form, other))
        asked = (
            f"select bool_and({that} is not null), min_by((text, {this}::varchar), {this}) filter ({this} <> {that})"
        )
        scan = self._scan(self._table.scan)
        found = None
        for few in (f"(select * from {scan} limit {_FIRST})", scan):
            texts = f"(select {text} as text from (select {', '.join(self._cells())} from {few}))"
            ((is_open, found),) = self._ask(f"{asked} from {texts} where {this} is not null")
            if not is_open:
                return None
        return found

    def _forms(self) -> tuple[list[str], str]:
        """The forms that numbers of such a file may have, and the one that the language of its header suggests."""
        numbers = self._folder.numbers or self._profile.file.numbers
        if isinstance(numbers, str):
            return [numbers], numbers
        forms = list(dict.fromkeys(numbers.values()))
        return forms, forms[0] if len(forms) == 1 else numbers.get(self._match.language, numbers.get("", ""))

    def _assumed_form(self) -> tuple[str, bool]:
        """The form in which the numbers are read, and whether a cell that it cannot read may show that it is another.

        That of the language is right wherever it can read every number.
        """
        forms, by_language = self._forms()
        return (by_language, len(forms) > 1) if by_language else (self._number_form(), False)

    def _number_form(self) -> str:
        """The form in which every number can be read. Raises FileError where there is none, or no telling."""
        forms, by_language = self._forms()
        fitting = self._fitting(forms)
        if not fitting:
            raise FileError(f"has numbers in the forms {' and '.join(forms)}; export it again in one form")
        if by_language in fitting:
            return by_language
        if len({FORMS[form][1] for form in fitting}) > 1:  # forms with one decimal point read their cells alike
            raise FileError("leaves open how its numbers are written; write `numbers` in profile.yaml of its folder")
        return fitting[0]

    def _fitting(self, forms: list[str]) -> list[str]:
        """The forms in which every cell of a number can be read that any of the forms can read."""
        contract = self._profile.contract
        if not contract:
            return forms
        numbers = {c.name for c in contract.columns if c.type not in TEXTS}
        names = {name for column in numbers & set(self._profile.map) for name in own_columns(self._profile.map[column])}
        cells = [self._cell(name) for name in sorted(names) if name in self._match.places]
        if not cells:
            return forms
        reads = [CellReader(names=(), form=form, strip=self._profile.file.strip).is_number("cell") for form in forms]
        asked = ", ".join(f"coalesce(bool_and({one}), true)" for one in reads)
        union = f"select unnest([{', '.join(cells)}]) as cell from {self._table.scan}"
        told = f"cell is not null and ({' or '.join(reads)})"
        # The first cells leave one form, as a rule; then only a cell that it cannot read tells more.
        (first,) = self._ask(f"select {asked} from ({union} limit {_FIRST}) where {told}")
        left = [one for one, is_fitting in zip(reads, first, strict=True) if is_fitting] or ["false"]
        (found,) = self._ask(f"select {asked} from ({union}) where {told} and not ({' and '.join(left)})")
        return [form for form, *fits in zip(forms, first, found, strict=True) if all(fits)]

    # The rows of the contract

    def _key(self, contract: Contract) -> tuple[str, ...]:
        given = {name for name, _ in self._values(contract)}
        return tuple(name for name in contract.grain if name in given)

    def _write_groups(self, contract: Contract, totals: tuple[TotalRow, ...]) -> Groups:
        """Write groups.parquet: the records of a key as one row."""
        key = self._key(contract)
        given = [name for name, _ in self._values(contract)]
        given = [c.name for c in contract.columns if c.name in given]
        combined, differs = [], []
        for name in given:
            if name in key:
                continue
            how = self._profile.combine.get(name) or self._default(contract, name)
            combined.append(f"{_combined(name, how)} as {name}")
            if how == "same":
                differs.append(f"case when min({name}) <> max({name}) then {literal(self._origin(name))} end")
        sound = f"{self._rows} where skip = 0 and fault = 0"
        is_single = self._is_single([name for name in key if name in self._profile.map or name == BUYER_HASH], sound)
        told = f"nullif(concat_ws(', ', {', '.join(differs)}), '')" if differs else "null::varchar"
        broken = f"('has several values of ' || {told} || ' in the rows of one key; deliver one of them')::varchar"
        text = (
            f"select {', '.join([*key, *combined])}, min(line) as line, count(*) as sources, {broken} as broken "
            f"from {sound} group by {', '.join(key) or 'all'}"
        )
        if is_single:  # the values of one record, however they would be combined
            text = f"select {', '.join(given)}, line, 1 as sources, null::varchar as broken from {sound}"
        if self._profile.then:
            own = {column.name: column for column in contract.columns}
            for target, text_of_it in self._profile.then.items():
                with self._blaming(f"then.{target}"):
                    if lacking := own_columns(text_of_it) - set(given):
                        raise FileError(f"uses {', '.join(sorted(lacking))}, to which map and constants give no value")
            then = {name: f"({value})::{_kind(own[name])}" for name, value in self._profile.then.items()}
            changed = ", ".join(f"{value} as {name}" for name, value in then.items() if name in given)
            added = "".join(f", {value} as {name}" for name, value in then.items() if name not in given)
            text = f"select * {f'replace ({changed})' if changed else ''}{added} from ({text})"
            given += [name for name in then if name not in given]
        if rest := self._difference(contract, totals, given):
            text += f" union all by name {rest}"
        file = f"({text})"
        if rest or not is_single:
            self._con.execute(f"copy (select * from ({text}) order by line) to {self._groups_file} (format parquet)")
            file = f"read_parquet({self._groups_file}, {OPTIONS})"
        ((rows,),) = self._ask(f"select count(*) from {file}")
        kinds = {str(row[0]): str(row[1]).lower() for row in self._ask(f"describe from {file}")}
        wide = {n: kinds[n] for n in given if kinds[n].startswith("decimal") and kinds[n] != SHORT}
        narrow = self._narrow(contract, file, wide)
        kinds |= {name: contract.column(name).type for name in narrow}
        types = tuple("hash" if name == BUYER_HASH else kinds[name] for name in given)
        fields = ", ".join(f"{narrow.get(name, name)} as f{place}" for place, name in enumerate(given))
        made = [self._made(contract, name) for name in given if name not in (*key, BUYER_HASH)]
        made += [f"{literal(f'{n}=')} || {n}::varchar" for n in key if n != BUYER_HASH and not self._stands(n)]
        joined = f"concat_ws(', ', {', '.join(filter(None, made)) or 'null'})"
        raw = f"case when broken is null then {hidden(joined)} end"
        quick = f"(select null::varchar as broken, {fields} from {file} where broken is null)"
        strict = f"(select line, {raw} as raw, broken, {fields} from {file})"
        return Groups(tuple(given), int(rows), Scan(quick, types), Scan(strict, types))

    def _stands(self, name: str) -> bool:
        """Whether the value of a column of the contract is that of one column of the file."""
        is_made = name in self._constants or name in self._profile.then
        return not is_made and bool(self._match.shown(self._profile.map.get(name, "")))

    def _made(self, contract: Contract, name: str) -> str:
        """SQL of a value for people where no record of the file shows it: a constant, or made of several; else ''."""
        how = self._profile.combine.get(name) or self._default(contract, name)
        text = f"{name}::varchar"
        if contract.column(name).type not in TEXTS:  # without the zeros that the type adds
            text = f"regexp_replace({text}, '[.]0*$|([.][0-9]*[1-9])0*$', '\\1')"
        if not self._stands(name):
            return f"{literal(f'{name}=')} || {text}"
        return f"case when sources > 1 then {literal(f'{COMBINED}{name}=')} || {text} end" if how != "same" else ""

    def _is_single(self, key: list[str], sound: str) -> bool:
        """Whether no two of the sound records have the same values of `key`, which is all of it that differs."""
        if not key:
            return False
        asked = f"select count(*) = count(distinct hash({', '.join(key)})) from {sound}"
        return bool(self._ask(asked)[0][0])

    def _narrow(self, contract: Contract, file: str, kinds: Mapping[str, str]) -> dict[str, str]:
        """SQL of decimal columns in the contract's type, where every value is the same in it.

        DuckDB 1.5.6 takes two microseconds to make a wide decimal narrower, and 0.05 by way of a double, whose value
        is held against it.
        """
        ways = {name: f"try_cast({name}::double as {contract.column(name).type})" for name in kinds}
        if not ways:
            return {}
        same = ", ".join(
            f"coalesce(bool_and({way}::{kinds[name]} is not distinct from {name}), true)" for name, way in ways.items()
        )
        (found,) = self._ask(f"select {same} from {file}")
        return {name: way for (name, way), is_same in zip(ways.items(), found, strict=True) if is_same}

    def _default(self, contract: Contract, name: str) -> str:
        is_figure = contract.column(name).type not in TEXTS
        return "sum" if contract is PLATFORM_METRIC_DAILY and is_figure else "same"

    def _totals(self, contract: Contract, skipped: Collection[int]) -> Iterator[TotalRow]:
        """Each row of totals that is checked against the rows that it adds up; `skipped` are the rules that apply."""
        figures = [
            name
            for name in (column.name for column in contract.columns)
            if name in self._profile.map and self._default(contract, name) == "sum"
        ]
        if not figures:
            return
        for number, skip in enumerate(self._profile.skip, 1):
            if not skip.check or number not in skipped:
                continue
            same = "true" if skip.check == "all" else f"r.by_{skip.check} = t.by_{skip.check}"
            sums = ", ".join(f"sum(r.{name})::{_SUM} as s_{name}" for name in figures)
            label = "null" if skip.check == "all" else f"t.by_{skip.check}"
            found = self._ask(
                f"""select t.line, {label}, {", ".join(f"t.{n}, s_{n}" for n in figures)}
                from (select * from {self._rows} where skip = {number}) as t
                left join lateral (
                    select {sums} from {self._rows} as r where r.skip = 0 and r.fault = 0 and {same}
                ) on true
                order by t.line"""
            )
            for line, of, *values in found:
                more = {
                    name: Decimal(total) - Decimal(added or 0)
                    for name, (total, added) in zip(figures, zip(values[::2], values[1::2], strict=True), strict=True)
                    if total is not None
                }
                yield TotalRow(int(line), f"{skip.shown_as} {of or ''}".strip(), more)

    def _difference(self, contract: Contract, totals: tuple[TotalRow, ...], given: list[str]) -> str:
        """SQL of the row that keeps what the largest total of all rows has more than they; '' where none is wanted."""
        whole = {skip.shown_as for skip in self._profile.skip if skip.check == "all"}
        kept = [total for total in totals if total.label in whole and any(total.more.values())]
        if not self._folder.difference or not kept:
            return ""
        most = max(kept, key=lambda total: sum(map(abs, total.more.values())))
        sound = f"{self._rows} where skip = 0 and fault = 0"
        values: dict[str, Any] = {name: f"any_value({name})" for name in given if name in contract.grain}
        values[contract.day] = f"max({contract.day})"
        for name, more in most.more.items():
            values[name] = f"{more}::{_SUM}" if more else f"null::{_SUM}"
        own = {column.name: column for column in contract.columns}
        for name, text in self._folder.difference.items():
            if name not in given:
                raise FileError(f"has a difference with {name} ({self._folder.path}), which the profile does not give")
            values[name] = self._constant(own[name], text)
        taken = " and ".join(f"{name} is not distinct from {values[name]}" for name in self._folder.difference)
        if self._ask(f"select 1 from {sound} and {taken} limit 1"):
            told = ", ".join(f"{name} {text}" for name, text in self._folder.difference.items())
            raise FileError(
                f"has a difference with {told} ({self._folder.path}), as its own rows have: give it one of its own, "
                "such as unassigned"
            )
        listed = ", ".join(f"{value} as {name}" for name, value in values.items() if name in given)
        return f"select {listed}, {most.line}::bigint as line, 0 as sources, null::varchar as broken from {sound}"

    def _ask(self, sql: str) -> list[tuple[Any, ...]]:
        return self._con.execute(sql).fetchall()


def _other_way(form: str) -> str:
    """The form of a day with day and month the other way round; '' where nobody writes that."""
    if not re.match(r"%[dm]([-/])%[dm]\1%[Yy]", form):
        return ""
    return f"%{form[4]}{form[2]}%{form[1]}{form[5:]}"


def _kind(column: Column) -> str:
    return column.type if column.type in TEXTS else _SUM


def _combined(name: str, how: str) -> str:
    if how == "sum":
        return f"sum({name})"
    if how == "sum_of_all":
        return f"case when count({name}) = count(*) then sum({name}) end"
    if how in ("first", "last"):
        return f"{'arg_min' if how == 'first' else 'arg_max'}({name}, line) filter ({name} is not null)"
    return f"{'max' if how == 'max' else 'min'}({name})"


def _text_at(place: Spot) -> str:
    """SQL of the text in a field, or at a path of its JSON."""
    field = f"f{place.field}"
    if not place.path:
        return field
    path = "$" + "".join(f'."{name}"' for name in place.path)
    return f"if(json_valid({field}), json_extract_string({field}, {literal(path)}), null)"
