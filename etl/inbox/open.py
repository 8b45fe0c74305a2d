"""The format of a delivered file, by its bytes and never by its name, and how every row of it can be read safely.

Plain CSV and Parquet are read as they are, gzip once it is unpacked. What DuckDB's reader might silently drop or join
is first written out record by record, with line, raw text and fault. `rows` is counted apart from the reading: the
rows loaded and quarantined must add up to it.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from etl.config import Settings
from etl.contracts import CONTRACTS, MONEY, Contract
from etl.errors import FileError
from etl.files import json, xlsx
from etl.files.csv import BYTE_ORDER_MARK, LONGEST_LINE, Record, read_records
from etl.files.lines import Examined, largest_unpacked, unpack
from etl.warehouse import Connection, DatabaseError, literal

Progress = Callable[[str], None]
_TYPED = re.compile(r"u?(tiny|small|big|huge)?int(eger)?|float|double|boolean|date|timestamp\w*|decimal.*")


@dataclass(frozen=True)
class Scan:
    """One way in which DuckDB reads a file: the SQL, and the type of each field f0, f1, ... that it gives."""

    sql: str
    types: tuple[str, ...]


@dataclass(frozen=True)
class Opened:
    """A file that can be read: where its bytes are, its contract, columns and number of rows.

    `quick` gives the fields of every row, or leaves out rows whose numbers it cannot take; it is None where only a
    strict reading is safe. `strict` gives `broken` (what is wrong with the record as a whole), `raw` and `line`
    beside them; `line` is null where every line is a row and their order tells it. Where `strict` cannot tell the
    raw text, `raw` has it by line. A CSV file can be read record by record instead.
    """

    path: Path
    contract: Contract
    columns: tuple[str, ...]
    rows: int
    quick: Scan | None
    strict: Scan
    raw: str | None = None
    is_csv: bool = False


def inbox_files(settings: Settings) -> list[Path]:
    """Files of the inbox by time of last change, then name.

    Without hidden files, those that end in .part, and links that leave the inbox.
    """
    found = []
    for path in settings.inbox.rglob("*"):
        parts = path.relative_to(settings.inbox).parts
        if any(part.startswith(".") for part in parts) or path.name.endswith(".part"):
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


def open_file(con: Connection, path: Path, examined: Examined, scratch: Path, progress: Progress) -> Opened:
    """Find out what a file is and how to read it; `scratch` takes what has to be unpacked or written out.

    Raises FileError when it can only be refused whole, OSError when it cannot be read.
    """
    if examined.start.startswith(b"\x1f\x8b"):
        path, packed = scratch / "unpacked", path
        examined = unpack(packed, path)
    start, lines = examined.start, examined.lines
    if not start.strip():
        raise FileError("is empty")
    if start.startswith(b"PAR1"):
        return _open_parquet(con, path)
    if start.startswith(b"PK\x03\x04"):
        columns, records = xlsx.read_sheet(path, largest_unpacked(path))
        return _write_out(path, list(columns), records, scratch, progress)
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise FileError("is UTF-16; save it as UTF-8")
    if start.removeprefix(BYTE_ORDER_MARK).lstrip().startswith(b"{"):
        names: list[str] = []
        return _write_out(path, names, json.read_records(path, names), scratch, progress)
    columns = _csv_header(start)
    contract = choose_contract(columns)
    if lines is None or lines.width != len(columns):
        return open_by_record(path, columns, scratch, progress)
    begin = f"read_csv({_sql_path(path)}, auto_detect = false, header = false, skip = 1, new_line = '{lines.ending}'"
    file = f"{begin}, delim = ',', quote = '\"', escape = '\"'"
    texts = ("varchar",) * len(columns)
    types, lenient = texts, ""
    if lines.is_exact:
        # Counts are read as MONEY too: the reader would round 1.5 persons.
        numbers = {column.name for column in contract.columns if column.type in (MONEY, "bigint")}
        types = tuple(MONEY if name in numbers else "varchar" for name in columns)
        lenient = ", ignore_errors = true"
    typed, plain = (", ".join(f"f{number}: '{kind}'" for number, kind in enumerate(kinds)) for kinds in (types, texts))
    # Without quotation marks, the fields with commas between them are the line itself.
    fields = ", ".join(f"coalesce(f{number}, '')" for number in range(len(columns)))
    raw = "null::varchar" if lines.has_quotes else f"concat_ws(',', {fields})"
    strict = f"select null::bigint as line, {raw} as raw, null::varchar as broken, * from {file}"
    unsplit = f"{begin}, delim = '\x01', quote = '', escape = '', columns = {{raw: 'varchar'}})"
    return Opened(
        path=path,
        contract=contract,
        columns=columns,
        rows=lines.count - 1,
        quick=Scan(f"(select null::varchar as broken, * from {file}, columns = {{{typed}}}{lenient}))", types),
        strict=Scan(f"({strict}, columns = {{{plain}}}))", texts),
        raw=f"(select row_number() over () + 1 as line, raw from {unsplit})" if lines.has_quotes else None,
        is_csv=True,
    )


def open_by_record(path: Path, columns: Sequence[str], scratch: Path, progress: Progress) -> Opened:
    """Read a CSV file record by record. Raises FileError when it is cut short."""
    with path.open("rb") as file:
        return _write_out(path, list(columns), read_records(file, len(columns)), scratch, progress)


def choose_contract(columns: Sequence[str], contracts: Sequence[Contract] = CONTRACTS) -> Contract:
    """The contract that a file with these columns keeps. Raises FileError when none or several fit."""
    if twice := sorted({name for name in columns if columns.count(name) > 1 and name}):
        raise FileError(f"has the column {', '.join(twice)[:200]} twice; keep one")
    if not all(columns):
        raise FileError("has a column without a name; name it or remove it")
    needs = {c.name: [column.name for column in c.columns if column.required] for c in contracts}
    shared = {c.name: sum(column.name in columns for column in c.columns) for c in contracts}
    fitting = [c for c in contracts if set(needs[c.name]) <= set(columns)]
    best = [c for c in fitting if shared[c.name] == max(shared[f.name] for f in fitting)]
    if len(best) == 1:
        return best[0]
    shown = ", ".join(columns)[:300]
    if best:
        raise FileError(f"fits {' and '.join(c.name for c in best)} alike, with the columns {shown}")
    nearest = max(contracts, key=lambda c: shared[c.name])
    missing = ", ".join(name for name in needs[nearest.name] if name not in columns)
    raise FileError(f"fits no contract with the columns {shown}; {nearest.name} needs {missing} too")


def _write_out(path: Path, columns: list[str], records: Iterator[Record], scratch: Path, progress: Progress) -> Opened:
    """Records as a CSV file with line, raw text and fault in front; `columns` may grow while they are read.

    Raises FileError for a file that breaks off.
    """
    target, count, first_width = scratch / "records.csv", 0, len(columns)
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        for count, record in enumerate(records, 1):
            if record.is_cut:
                raise FileError(f"is cut short: its last line, {record.line}, breaks off; deliver it again, whole")
            fields = [""] * len(columns) if record.fault else record.fields
            first_width = len(columns) if count == 1 else first_width
            writer.writerow([record.line, record.raw, record.fault, *fields])
            if count % 1_000_000 == 0:
                progress(f"{path.name}: {count:,} rows read one by one")
    contract = choose_contract(columns)
    names = ", ".join(f"{name}: 'varchar'" for name in ("raw", "broken", *(f"f{n}" for n in range(len(columns)))))
    padded = ", null_padding = true, parallel = false" if len(columns) > first_width else ""
    rows = (
        f"read_csv({_sql_path(target)}, auto_detect = false, header = false, delim = ',', quote = '\"', "
        f"escape = '\"', new_line = '\\n', max_line_size = {4 * LONGEST_LINE}, "
        f"columns = {{line: 'bigint', {names}}}{padded})"
    )
    strict = Scan(rows, ("varchar",) * len(columns))
    return Opened(path=path, contract=contract, columns=tuple(columns), rows=count, quick=None, strict=strict)


def _open_parquet(con: Connection, path: Path) -> Opened:
    file = _sql_path(path)
    counted = f"(select sum(num_rows)::bigint from parquet_file_metadata({file}))"
    try:
        found = con.execute(
            f"select column_name, column_type, {counted} from (describe from read_parquet({file}))"
        ).fetchall()
    except DatabaseError as error:
        first = str(error).splitlines()[0][:200]
        raise FileError(f"is cut short or no Parquet file ({first}); deliver it again, whole") from error
    columns = tuple(str(name) for name, _, _ in found)
    types, fields = [], []
    for number, (column, kind, _) in enumerate(found):
        written = re.sub(r"\s", "", kind.lower()).replace("timestampwithtimezone", "timestamptz")
        is_typed = bool(_TYPED.fullmatch(written))
        types.append(written if is_typed else "varchar")
        quoted = '"' + column.replace('"', '""') + '"'
        value = quoted if is_typed else f"nullif({quoted}::varchar, '')"
        fields.append(f"{value} as f{number}")
    listed = ", ".join(fields)
    strict = (
        f"(select row.file_row_number + 1 as line, to_json(row)::varchar as raw, null::varchar as broken, {listed} "
        f"from read_parquet({file}, file_row_number = true) as row)"
    )
    return Opened(
        path=path,
        contract=choose_contract(columns),
        columns=columns,
        rows=int(found[0][2] or 0),
        quick=Scan(f"(select null::varchar as broken, {listed} from read_parquet({file}))", tuple(types)),
        strict=Scan(strict, tuple(types)),
    )


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


def _sql_path(path: Path) -> str:
    """The path as a literal that names this file only, whatever its name looks like."""
    return literal(re.sub(r"([*?\[])", r"[\1]", str(path)))
