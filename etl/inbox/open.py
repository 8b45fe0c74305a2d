"""The format of a delivered file, by its bytes and never by its name, and how every row of it can be read safely.

Plain CSV and Parquet are read as they are, gzip once it is unpacked. What DuckDB's reader might silently drop or join
is first written out record by record, with line, raw text and fault. `rows` is counted apart from the reading: the
rows loaded and quarantined must add up to it.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from etl.config import Settings
from etl.contracts import AMOUNTS, CONTRACTS, MONEY, Column, Contract
from etl.errors import FileError
from etl.files import json, xlsx
from etl.files.csv import BYTE_ORDER_MARK, LONGEST_LINE, Record, read_records
from etl.files.kinds import unusable
from etl.files.lines import Examined, Lines, Scan, fold, largest_unpacked, new_line, unpack
from etl.inbox import parquet
from etl.inbox.scan import (
    CSV,
    KEEPING,
    UNSPLIT,
    Progress,
    copy_lines,
    line_of,
    unfolded,
    values_of_objects,
    write_out,
)
from etl.profiles.apply import Application, Profiled
from etl.profiles.profile import FOLDER, Folder, Profiles, read_folder
from etl.profiles.recognise import NAMED, nearest, recognise
from etl.profiles.table import Delivered
from etl.warehouse import Connection, sql_path

DRAFTS = "or `make inbox-check FILE=...` drafts a profile that reads it as it is"
OTHER_FORMS = (
    "fits no contract",
    "fits ",
    "is separated by",
    "has its header in line",
    "is UTF-16",
    "has a column without",
)
NO_FOLDER = Folder()
# Words that name no column alone.
COMMON = {"id", "date", "day", "name", "type", "value", "total", "is", "of", "the", "order"}
LINES_LOOKED_AT = 30  # of a file without the header of a contract, for one further down


@dataclass(frozen=True)
class Opened:
    """A file that can be read: where its bytes are, its contract, columns and number of rows.

    `quick` gives the fields of every row, or leaves out rows whose numbers it cannot take; it is None where only a
    strict reading is safe. `strict` gives `broken` (what is wrong with the record as a whole), `raw` and `line`
    beside them; `line` is null where every line is a row and their order tells it, from `first_line` on. Where
    `strict` cannot tell the raw text, `raw` has it by line. `few`, where there is one, reads strictly only the lines
    of the given numbers; then `quick`, read in order, tells the numbers of those that it left out. `slowly`, where
    there is one, reads the file record by record instead; with `is_text` amounts are as somebody wrote them; with
    `is_ascii` no name can have another form. `profiled` tells of the records behind the rows where a profile made
    them.
    """

    path: Path
    contract: Contract
    columns: tuple[str, ...]
    rows: int
    quick: Scan | None
    strict: Scan
    raw: str | None = None
    first_line: int = 2
    few: Callable[[Sequence[int], Path], Few] | None = None
    slowly: Callable[[], Opened] | None = None
    is_text: bool = False
    is_ascii: bool = False
    profiled: Profiled | None = None


@dataclass(frozen=True)
class Few:
    """Some lines of a file, read strictly: `line` is one of `lines`, and `raw` has the raw text of each by line."""

    lines: Sequence[int]
    strict: Scan
    raw: str


@dataclass(frozen=True)
class Using:
    """What besides the contracts says how a file is read: the profiles by name, and its folder."""

    profiles: Callable[[], Profiles] = Profiles
    folder: Folder = NO_FOLDER


def inbox_files(settings: Settings) -> list[Path]:
    """Files of the inbox by time of last change, then name.

    Without hidden files, those that end in .part, what folders say of themselves, and links that leave the inbox.
    """
    found = []
    for path in settings.inbox.rglob("*"):
        parts = path.relative_to(settings.inbox).parts
        if any(part.startswith(".") for part in parts) or path.name.endswith(".part") or path.name == FOLDER:
            continue
        if path.is_file() and is_inside(path, settings):
            found.append((path.stat().st_mtime_ns, str(path), path))
    return [path for _, _, path in sorted(found)]


def is_inside(path: Path, settings: Settings) -> bool:
    """Whether the file, behind all links, lies in the inbox."""
    return path.resolve().is_relative_to(settings.inbox.resolve())


def inbox_name(path: Path, settings: Settings) -> str:
    """The path in the inbox, fit for a table."""
    within = path.relative_to(settings.inbox) if path.is_relative_to(settings.inbox) else path
    return within.as_posix().encode("utf-8", "backslashreplace").decode()


def folder_of(path: Path, settings: Settings) -> Folder:
    """What the nearest folder around a file says about it; an empty one where none does.

    Raises FileError where that cannot be read.
    """
    for folder in path.parents:
        if not folder.is_relative_to(settings.inbox):
            break
        if (folder / FOLDER).is_file():
            return read_folder(folder / FOLDER, inbox_name(folder / FOLDER, settings))
    return NO_FOLDER


def open_file(
    con: Connection,
    path: Path,
    examined: Examined,
    scratch: Path,
    progress: Progress,
    *,
    using: Using | None = None,
) -> Opened | Profiled:
    """Find out what a file is and how to read it; `scratch` takes what has to be unpacked or written out.

    The form of a contract comes first, unless the folder fixes a profile; then the profile that knows the columns. A
    Profiled alone is a file of which its profile loads nothing.

    Raises FileError when it can only be refused whole, OSError when it cannot be read.
    """
    using = using or Using()
    folder = using.folder
    if examined.start.startswith(b"\x1f\x8b"):
        path, packed = scratch / "unpacked", path
        examined = unpack(packed, path)
    if not examined.start.strip():
        raise FileError("is empty")
    refused = None
    if not folder.profile:
        try:
            return _open_own(con, path, examined, scratch, progress)
        except FileError as error:
            refused = error
    profiles, delivered = using.profiles(), Delivered(con, path, examined.start, examined.lines, scratch)
    if refused:
        try:
            match = recognise(delivered.heads, profiles, folder)
        except FileError as other:
            match = None
            refused = other if "profile" in str(other) else refused
        if not match:
            near = nearest(delivered.heads, profiles)
            is_form = str(refused).startswith(OTHER_FORMS)
            told = [str(refused), f"the profile {near}" if near else "", *_faulty(profiles)]
            told.append(DRAFTS if is_form and not near else "")
            raise FileError("; ".join(filter(None, told))) from None
    else:
        match = recognise(delivered.heads, profiles, folder)
    if not match:
        raise FileError(f"does not fit the profile {folder.profile} ({folder.path})")
    table = delivered.table(match.head, progress)
    profiled, groups = Application(con, match, table, folder, scratch).read()
    if not groups or not match.profile.contract:
        return profiled
    return Opened(
        path=path,
        contract=match.profile.contract,
        columns=groups.columns,
        rows=groups.rows,
        quick=groups.quick,
        strict=groups.strict,
        profiled=profiled,
    )


def _faulty(profiles: Profiles) -> list[str]:
    """What is wrong with the first of the faulty profiles, and how many more there are."""
    told = list(profiles.faulty.values())
    more = [f"and {len(told) - NAMED} more profiles are faulty"] if len(told) > NAMED else []
    return told[:NAMED] + more


def _open_own(con: Connection, path: Path, examined: Examined, scratch: Path, progress: Progress) -> Opened:
    """A file in a contract's own form."""
    start, lines = examined.start, examined.lines
    if reason := unusable(start):
        raise FileError(reason)
    if start.startswith(b"PAR1"):
        return _open_parquet(con, path)
    if start.startswith(b"PK\x03\x04"):
        columns, records = xlsx.read_sheet(path, largest_unpacked(path))
        return _write_out(path, list(columns), records, scratch, progress)
    if start.removeprefix(BYTE_ORDER_MARK).lstrip().startswith(b"{"):
        return _open_objects(con, path, scratch, progress)
    columns = _csv_header(start)
    try:
        contract = choose_contract(columns)
    except FileError:
        _find_header(path)
        raise
    if lines is None or lines.width != len(columns):
        return open_by_record(path, columns, scratch, progress)
    slowly = partial(open_by_record, path, columns, scratch, progress)
    if lines.broken:
        fold(path, path := scratch / "folded")
    opened = _open_lines(path, contract, columns, lines, slowly=slowly)
    return replace(opened, is_text=True)


def _open_objects(con: Connection, path: Path, scratch: Path, progress: Progress) -> Opened:
    """NDJSON: by its values as CSV where each line has the same names, else object by object."""
    names: list[str] = []
    records = json.read_records(path, names)
    slowly = partial(_write_out, path, names, records, scratch, progress)
    values = scratch / "values.csv"
    if not (found := values_of_objects(con, path, values)):
        return slowly()
    columns, lines = found
    opened = _open_lines(values, choose_contract(columns), columns, lines, slowly=slowly, has_header=False)
    return replace(opened, raw=_raw_lines(path, 1, lines), few=partial(_few_lines, values, path, lines))


def _open_lines(
    path: Path,
    contract: Contract,
    columns: tuple[str, ...],
    lines: Lines,
    *,
    slowly: Callable[[], Opened],
    has_header: bool = True,
) -> Opened:
    """A CSV file of which each line is a record to DuckDB's reader."""
    ending = new_line(lines.ending)
    rest = f"skip = {int(has_header)}, {ending}max_line_size = {LONGEST_LINE}, null_padding = false, parallel = true"
    file, texts = f"read_csv({sql_path(path)}, {CSV}, {rest}", ("varchar",) * len(columns)
    types, quick = texts, f"{file}, ignore_errors = false"
    if lines.is_exact:
        # Counts are read as MONEY too: the reader would round 1.5 persons.
        numbers = {c.name: MONEY if c.type == "bigint" else c.type for c in contract.columns}
        types = tuple(kind if (kind := numbers.get(name)) in AMOUNTS else "varchar" for name in columns)
        quick = f"read_csv({sql_path(path)}, {KEEPING}, {rest}"
    broken = [f"f{number}" for number in sorted(lines.broken)]
    texts_of = [name for name in broken if types[int(name[1:])] == "varchar"]
    all_of, exact_of = (
        f"* replace ({', '.join(f'{unfolded(name)} as {name}' for name in names)})" if names else "*"
        for names in (broken, texts_of)
    )
    typed, plain = (", ".join(f"f{number}: '{kind}'" for number, kind in enumerate(kinds)) for kinds in (types, texts))
    # Without quotation marks, the fields with commas between them are the line itself.
    fields = ", ".join(f"coalesce(f{number}, '')" for number in range(len(columns)))
    raw = "null::varchar" if lines.has_quotes else f"concat_ws(',', {fields})"
    line = line_of(1 + has_header, broken) if broken else "null::bigint"
    strict = f"select {line} as line, {raw} as raw, null::varchar as broken, {all_of} from {file}"
    return Opened(
        path=path,
        contract=contract,
        columns=columns,
        rows=lines.count - has_header,
        quick=Scan(f"(select null::varchar as broken, {exact_of} from {quick}, columns = {{{typed}}}))", types),
        strict=Scan(f"({strict}, columns = {{{plain}}}, ignore_errors = false))", texts),
        raw=_raw_lines(path, 1 + has_header, lines) if lines.has_quotes else None,
        first_line=1 + has_header,
        few=partial(_few_lines, path, path, lines),
        slowly=slowly,
        is_ascii=lines.is_ascii,
    )


def _few_lines(path: Path, raw: Path, lines: Lines, numbers: Sequence[int], scratch: Path) -> Few:
    """The lines of these ascending numbers, whose raw texts are those of another file. Raises OSError."""
    few, texts = scratch / "few.csv", scratch / "few_raw.csv"
    found = copy_lines(path, numbers, few)
    if raw == path:
        texts = few
    else:
        copy_lines(raw, numbers, texts)
    columns = ", ".join(f"f{number}: 'varchar'" for number in range(lines.width))
    longest = LONGEST_LINE + len(f"{lines.count},") + 1
    rest = f"skip = 0, new_line = '\\n', max_line_size = {longest}, null_padding = false, parallel = true"
    broken = ", ".join(f"{unfolded(f'f{number}')} as f{number}" for number in sorted(lines.broken))
    fields = f"* replace ({broken})" if broken else "*"
    text = unfolded("substr(text, strpos(text, ',') + 1)")
    return Few(
        lines=found,
        strict=Scan(
            f"(select null::varchar as raw, null::varchar as broken, {fields} from "
            f"read_csv({sql_path(few)}, {CSV}, {rest}, columns = {{line: 'bigint', {columns}}}, "
            "ignore_errors = false))",
            ("varchar",) * lines.width,
        ),
        raw=f"(select split_part(text, ',', 1)::bigint as line, {text} as raw "
        f"from read_csv({sql_path(texts)}, {UNSPLIT}, {rest}, columns = {{text: 'varchar'}}, ignore_errors = false))",
    )


def _raw_lines(path: Path, first: int, lines: Lines) -> str:
    """SQL for line and raw text of each record of a file, from the first that is one."""
    line, raw = f"row_number() over () + {first - 1}", "raw"
    if lines.broken:
        line, raw = line_of(first, ["raw"]), f"{unfolded('raw')} as raw"
    return (
        f"(select {line} as line, {raw} from read_csv({sql_path(path)}, {UNSPLIT}, "
        f"skip = {first - 1}, {new_line(lines.ending)}max_line_size = {LONGEST_LINE}, null_padding = false, "
        "parallel = true, columns = {raw: 'varchar'}, ignore_errors = false))"
    )


def open_by_record(path: Path, columns: Sequence[str], scratch: Path, progress: Progress) -> Opened:
    """Read a CSV file record by record. Raises FileError when it is cut short."""
    with path.open("rb") as file:
        records = read_records(file, len(columns))
        # Whether three digits after a point may be thousands is asked before anything is inserted.
        return replace(_write_out(path, list(columns), records, scratch, progress), is_text=True, quick=None)


def choose_contract(columns: Sequence[str], contracts: Sequence[Contract] = CONTRACTS) -> Contract:
    """The contract that a file with these columns keeps.

    Raises FileError when none or several fit, and for a column that seems to be one of the contract under another name:
    its figures would be missing without a word.
    """
    if twice := sorted({name for name in columns if columns.count(name) > 1 and name}):
        raise FileError(f"has the column {', '.join(twice)[:200]} twice; keep one")
    shown = ", ".join(columns)[:300]
    if not any(columns):
        raise FileError("has a header line without names; name the columns in the first line")
    if not all(columns):
        raise FileError(f"has a column without a name among {shown}; name it or remove it")
    needs = {c.name: [column.name for column in c.columns if column.required] for c in contracts}
    fitting = [c for c in contracts if set(needs[c.name]) <= set(columns)]
    shared = {c.name: sum(column.name in columns for column in c.columns) for c in contracts}
    best = [c for c in fitting if shared[c.name] == max(shared[f.name] for f in fitting)]
    if len(best) > 1:
        raise FileError(f"fits {' and '.join(c.name for c in best)} alike, with the columns {shown}")
    if best:
        if renamed := _renamed(columns, best[0], best[0].columns):
            rest = "or begin its name with x_ if it is something else"
            raise FileError(f"fits {best[0].name}, but {_told(renamed)}; rename it, {rest}")
        return best[0]
    renamed_for = {c.name: _renamed(columns, c, (column for column in c.columns if column.required)) for c in contracts}
    held = {name: len({*columns, *renamed_for[name].values()} & set(needs[name])) for name in needs}
    nearest = max(needs, key=lambda name: held[name] / len(needs[name]))
    if held[nearest] * 2 < len(needs[nearest]):
        raise FileError(f"fits no contract with the columns {shown}; docs/daily-data.md has the columns of each")
    told = f"; {_told(renamed_for[nearest])}: rename it" if renamed_for[nearest] else ""
    missing = ", ".join(n for n in needs[nearest] if n not in columns and n not in renamed_for[nearest].values())
    raise FileError(
        f"fits no contract with the columns {shown}{told}{f'; {nearest} needs {missing} too' if missing else ''}"
    )


def _renamed(columns: Sequence[str], contract: Contract, sought: Iterable[Column]) -> dict[str, str]:
    """The further columns of a file that seem to be one of the sought ones, which the file does not have.

    They differ by case and blanks (`New Buyers`), by a letter or two (`order`), by a part of the name (`spend`) or more
    than it (`gmv_total`), or have a name that is usual elsewhere (`cost`).
    """
    found: dict[str, str] = {}
    own = {column.name for column in contract.columns}
    held = [set(_words(name)) - COMMON for name in own.intersection(columns)]
    missing = {column.name: column.also for column in sought if column.name not in columns}
    for column in columns:
        words = _words(column)
        told, spelled = set(words) - COMMON, "".join(words)
        if column in own or "_".join(words) in own.intersection(columns) or (told and told in held):
            continue
        for name, other in missing.items():
            wanted = set(_words(name))
            is_part = bool(told and wanted - COMMON) and (told <= wanted or wanted - COMMON <= told)
            is_slip = len(spelled) > 3 and _distance(spelled, name.replace("_", "")) <= 1 + len(name) // 8
            if words[:1] != ["x"] and (is_part or is_slip or "_".join(words) in other):
                found.setdefault(column, name)
    return found


def _words(name: str) -> list[str]:
    return re.findall(r"[^\W_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).casefold())


def _distance(one: str, other: str) -> int:
    """The number of letters to add, remove or change that make one text of the other."""
    row = list(range(len(other) + 1))
    for number, letter in enumerate(one, 1):
        before, row[0] = row[0], number
        for at, against in enumerate(other, 1):
            before, row[at] = row[at], min(row[at] + 1, row[at - 1] + 1, before + (letter != against))
    return row[-1]


def _told(renamed: Mapping[str, str]) -> str:
    return ", ".join(f"{column!r} seems to be its {name}" for column, name in renamed.items())


def _find_header(path: Path) -> None:
    """Raise FileError that says so when the header of a contract stands below the first line of a text file."""
    with path.open("rb") as file:
        lines = [file.readline(1 << 16) for _ in range(LINES_LOOKED_AT)]
    for number, line in enumerate(lines, 1):
        try:
            choose_contract(_csv_header(line)) if number > 1 and line.strip() else None
        except FileError:
            continue
        if number > 1 and line.strip():
            raise FileError(f"has its header in line {number}; remove the lines before it (titles, date ranges)")


def _write_out(path: Path, columns: list[str], records: Iterator[Record], scratch: Path, progress: Progress) -> Opened:
    """Records in a contract's own form, written out. Raises FileError for a file that breaks off.

    As they are without a fault, all of them can be inserted before anything is looked for.
    """
    strict, rows, is_faulty = write_out(columns, records, scratch, progress)
    contract = choose_contract(columns)
    quick = None if is_faulty else replace(strict, sql=f"(select * exclude (line, raw) from {strict.sql})")
    return Opened(path=path, contract=contract, columns=tuple(columns), rows=rows, quick=quick, strict=strict)


def _open_parquet(con: Connection, path: Path) -> Opened:
    file = sql_path(path)
    fields, rows = parquet.fields(con, file)
    columns, types = tuple(field.name for field in fields), tuple(field.type for field in fields)
    contract = choose_contract(columns)
    quick, strict = (Scan(sql, types) for sql in parquet.scans(file, fields))
    return Opened(path=path, contract=contract, columns=columns, rows=rows, quick=quick, strict=strict)


def _csv_header(start: bytes) -> tuple[str, ...]:
    line = (start.removeprefix(BYTE_ORDER_MARK).splitlines() or [b""])[0]
    try:
        if b"\0" in line:
            raise FileError("is no text")
        names = next(csv.reader([line.decode()], strict=True), [])
    except (UnicodeDecodeError, csv.Error) as error:
        raise FileError(f"has a header line that cannot be read ({error}); save it as UTF-8 CSV") from error
    for delimiter, shown in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
        if len(names) == 1 and delimiter in names[0]:
            raise FileError(f"is separated by {shown}; save it with commas")
    return tuple(name.strip() for name in names)
