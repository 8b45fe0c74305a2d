"""What a delivered file is, by its bytes and never by its name, and how DuckDB can read every row of it.

Plain CSV and Parquet are read as they stand, gzip once it is unpacked. Whatever DuckDB's reader might
drop or join in silence is first written out, record by record, with its line, its raw text and its fault
(etl/inbox_rows.py). `rows` is counted apart from that reading: what is loaded has to add up to it.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from etl.files.cells import json_header, json_records, sheet_header, sheet_records
from etl.files.lines import bound, plain_lines, start, unpacked
from etl.files.records import LONGEST_LINE, FileError, Record, csv_records
from etl.inbox.check import literal
from etl.warehouse import Connection, DatabaseError

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Opened:
    """A file that can be read: its columns, types by column, rows, and SQL.

    `scan` gives the fields as f0, f1, ... with `broken`; so does `numbered`, slower, with `line` too; `raw`
    gives line, raw and broken of every row. `quick(types)` is `scan` with fields read as those types, where
    that rounds no number with up to four decimal places; rows that it leaves out may be sound nevertheless.
    """

    path: Path
    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: int
    scan: str
    numbered: str
    raw: str
    quick: Callable[[Sequence[str]], str] | None = None
    is_plain_csv: bool = False


def open_file(con: Connection, path: Path, scratch: Path, progress: Progress) -> Opened:
    """Find out what a file is and how to read it; `scratch` takes what has to be unpacked or written out.

    Raises FileError when it can only be refused whole, OSError when it cannot be read.
    """
    first = start(path)
    if first.startswith(b"\x1f\x8b"):
        path = unpacked(path, scratch / "unpacked")
        first = start(path)
    if not first.strip():
        raise FileError("is empty")
    if first.startswith(b"PAR1"):
        return _parquet(con, path)
    if first.startswith(b"PK\x03\x04"):
        bound(path)
        columns = _checked(sheet_header(path))
        return write_out(path, columns, sheet_records(path, len(columns)), scratch, progress)
    if first.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise FileError("is UTF-16; save it as UTF-8")
    if first.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
        columns = _checked(json_header(path))
        return write_out(path, columns, json_records(path, columns), scratch, progress)
    columns = _checked(_csv_header(first))
    plain = plain_lines(path)
    if plain is None:
        return carefully(path, columns, scratch, progress)
    options = f"auto_detect = false, header = false, skip = 1, new_line = '{plain.ending}'"
    file = f"read_csv({sql_path(path)}, {options}"

    def scan(types: Sequence[str], more: str = "") -> str:
        named = ", ".join(f"f{n}: '{kind}'" for n, kind in enumerate(types))
        rows = f"{file}, delim = ',', quote = '\"', escape = '\"', columns = {{{named}}}{more})"
        return f"(select null::varchar as broken, * from {rows})"

    texts = ("varchar",) * len(columns)
    rows = scan(texts)
    return Opened(
        path,
        columns,
        texts,
        plain.count - 1,
        rows,
        f"(select row_number() over () + 1 as line, * from {rows})",
        f"(select row_number() over () + 1 as line, raw, null::varchar as broken from {file}, "
        "delim = '\x01', quote = '', escape = '', columns = {raw: 'varchar'}))",
        (lambda types: scan(types, ", ignore_errors = true")) if plain.is_exact else None,
        is_plain_csv=True,
    )


def carefully(path: Path, columns: tuple[str, ...], scratch: Path, progress: Progress) -> Opened:
    """The CSV file once more, record by record. Raises FileError when it is cut short."""
    return write_out(path, columns, csv_records(path, len(columns)), scratch, progress)


def write_out(
    path: Path, columns: tuple[str, ...], records: Iterable[Record], scratch: Path, progress: Progress
) -> Opened:
    """Records as a plain CSV file with line, raw text and fault in front. Raises FileError, OSError."""
    target, count, nothing = scratch / "rows.csv", 0, [None] * len(columns)
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        for count, record in enumerate(records, 1):
            writer.writerow([record.line, record.raw, record.fault, *(record.fields or nothing)])
            if count % 1_000_000 == 0:
                progress(f"{path.name}: {count:,} rows read one by one")
    fields = [f"f{n}" for n in range(len(columns))]
    names = ", ".join(f"{name}: 'varchar'" for name in ("raw", "broken", *fields))
    rows = (
        f"read_csv({sql_path(target)}, auto_detect = false, header = false, delim = ',', quote = '\"', "
        f"escape = '\"', new_line = '\\n', max_line_size = {4 * LONGEST_LINE}, "
        f"columns = {{line: 'bigint', {names}}})"
    )
    return Opened(
        path,
        columns,
        ("varchar",) * len(columns),
        count,
        numbered := f"(select line, broken, {', '.join(fields)} from {rows})",
        numbered,
        f"(select line, raw, broken from {rows})",
    )


def _parquet(con: Connection, path: Path) -> Opened:
    file = sql_path(path)
    try:
        found = con.execute(f"describe from read_parquet({file})").fetchall()
        counted = con.execute(f"select sum(num_rows)::bigint from parquet_file_metadata({file})").fetchone()
    except DatabaseError as error:
        first = str(error).splitlines()[0][:200]
        raise FileError(f"is cut short or no Parquet file ({first}); deliver it again, whole") from error
    columns = _checked(tuple(str(row[0]) for row in found))
    types = tuple(re.sub(r"\s", "", str(row[1]).lower()).replace("timestampwithtimezone", "timestamptz")
                  for row in found)  # fmt: skip
    fields = []
    simple = re.compile(r"u?(tiny|small|big|huge)?int(eger)?|float|double|boolean|date|timestamp\w*|decimal.*")
    types = tuple(kind if simple.fullmatch(kind) else "varchar" for kind in types)
    for number, (column, kind) in enumerate(zip(columns, types, strict=True)):
        quoted = '"' + column.replace('"', '""') + '"'
        fields.append(f"nullif({quoted}::varchar, '') as f{number}" if kind == "varchar" else
                      f"{quoted} as f{number}")  # fmt: skip
    rows = f"read_parquet({file}, file_row_number = true)"
    return Opened(
        path,
        columns,
        types,
        int(counted[0] or 0) if counted else 0,
        f"(select null::varchar as broken, {', '.join(fields)} from read_parquet({file}))",
        f"(select file_row_number + 1 as line, null::varchar as broken, {', '.join(fields)} from {rows})",
        f"(select r.file_row_number + 1 as line, to_json(r)::varchar as raw, null::varchar as broken from {rows} as r)",
    )


def _csv_header(first: bytes) -> tuple[str, ...]:
    line = (first.splitlines() or [b""])[0].removeprefix(b"\xef\xbb\xbf")
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


def _checked(columns: tuple[str, ...]) -> tuple[str, ...]:
    if twice := sorted({name for name in columns if columns.count(name) > 1 and name}):
        raise FileError(f"has the column {', '.join(twice)[:200]} twice; keep one")
    if not all(columns):
        raise FileError("has a column without a name; name it or remove it")
    return columns


def sql_path(path: Path) -> str:
    """The path as a literal that names this file only, whatever its name looks like."""
    return literal(re.sub(r"([*?\[])", r"[\1]", str(path)))
