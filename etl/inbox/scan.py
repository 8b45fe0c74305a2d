"""Delivered files as relations of DuckDB: what it reads as it is, and records written out for it."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from etl.errors import FileError
from etl.files.csv import LONGEST_LINE, Record
from etl.files.lines import FOLDED, LineReader, Lines, Scan, blocks
from etl.files.objects import ObjectLines
from etl.warehouse import CSV_OPTIONS, Connection, DatabaseError, sql_path

Progress = Callable[[str], None]
CSV = f"{CSV_OPTIONS}, delim = ',', quote = '\"', escape = '\"'"
UNREAD, UNREAD_SCAN = "unread_line", "unread_scan"  # temporary tables of DuckDB's reader
# Leaves out the lines that have a value of another type than declared, and keeps their numbers in UNREAD.
KEEPING = CSV.replace(
    "store_rejects = false",
    f"store_rejects = true, rejects_table = '{UNREAD}', rejects_scan = '{UNREAD_SCAN}', ignore_errors = true",
)
UNSPLIT = f"{CSV_OPTIONS}, delim = '\x01', quote = '', escape = ''"  # each line is one field


def write_out(
    columns: list[str], records: Iterator[Record], scratch: Path, progress: Progress, *, keep_faulty: bool = False
) -> tuple[Scan, int, bool]:
    """Records as a CSV file with line, raw text and fault in front, how many they are, and whether one has a fault.

    `columns` may grow while they are read. A record at fault has no fields unless `keep_faulty`; then it has to have
    all of them. Raises FileError for a file that breaks off.
    """
    target, count, first_width, is_faulty = scratch / "records.csv", 0, len(columns), False
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        for count, record in enumerate(records, 1):
            if record.is_cut:
                raise FileError(f"is cut short: its last line, {record.line}, breaks off; deliver it again, whole")
            first_width = len(columns) if count == 1 else first_width
            fields = [""] * len(columns) if record.fault and not keep_faulty else record.fields
            is_faulty = is_faulty or bool(record.fault)
            writer.writerow([record.line, record.raw, record.fault, *fields])
            if count % 1_000_000 == 0:
                progress(f"{count:,} rows read one by one")
    names = ", ".join(f"{name}: 'varchar'" for name in ("raw", "broken", *(f"f{n}" for n in range(len(columns)))))
    is_padded = str(len(columns) > first_width).lower()
    rows = (
        f"read_csv({sql_path(target)}, {CSV}, skip = 0, new_line = '\\n', max_line_size = {4 * LONGEST_LINE}, "
        f"columns = {{line: 'bigint', {names}}}, null_padding = {is_padded}, parallel = not {is_padded}, "
        "ignore_errors = false)"
    )
    return Scan(rows, ("varchar",) * len(columns)), count, is_faulty


def unfolded(text: str) -> str:
    """SQL of a text with the line breaks that were folded."""
    return f"if(contains({text}, chr(2)), translate({text}, chr(2) || chr(3), chr(10) || chr(13)), {text})"


def line_of(first: int, texts: Sequence[str]) -> str:
    """SQL of the line where each record of a folded file begins, in their order; `texts` are all that have breaks."""
    breaks = " + ".join(f"coalesce(strlen({text}) - strlen(replace({text}, chr(2), '')), 0)" for text in texts)
    before = f"(sum({breaks}) over (rows unbounded preceding))::bigint - ({breaks})"
    return f"row_number() over () + {first - 1} + {before}"


def copy_lines(path: Path, numbers: Sequence[int], target: Path) -> list[int]:
    """Copy the lines of these ascending numbers, the first line of the file being 1, each with its number in front.

    The copied ones end with a line feed alone. Of a folded file the numbers in front, which are returned, are those of
    the file before. Raises OSError.
    """
    wanted, before, found, folded = iter(numbers), 0, list[int](), FOLDED[0].encode()
    number, breaks = next(wanted, 0), 0  # folded before this line
    with path.open("rb") as source, target.open("wb") as file:
        for part in blocks(source):
            behind = before + part.count(b"\n") + (not part.endswith(b"\n"))
            lines = part.split(b"\n") if before < number <= behind else []
            in_part, counted, seen = part.count(folded), 0, 0  # breaks of the part, and of its lines that were seen
            while before < number <= behind:
                place = number - before - 1
                if in_part:
                    counted += sum(line.count(folded) for line in lines[seen:place])
                    seen = place
                found.append(number + breaks + counted)
                file.write(b"%d,%s\n" % (found[-1], lines[place].removesuffix(b"\r")))
                number = next(wanted, 0)
            before, breaks = behind, breaks + in_part
    return found


def values_of_objects(con: Connection, path: Path, target: Path) -> tuple[tuple[str, ...], Lines] | None:
    """Write the values of an NDJSON file as CSV without a header, a line for each of its lines: their names and lines.

    None where its lines differ in their names, are no JSON, or hold what CSV cannot: read it object by object. Raises
    OSError.
    """
    objects, reader = ObjectLines(), LineReader()
    with path.open("rb") as source, target.open("wb") as file:
        for part in blocks(source):
            values = objects.values(part)
            if values is None:
                return None
            reader.read(values)
            file.write(values)
    found = reader.lines
    rows = (
        f"read_ndjson_objects({sql_path(path)}, compression = 'uncompressed', ignore_errors = false, "
        f"maximum_object_size = {LONGEST_LINE}, hive_partitioning = false, union_by_name = false, filename = false)"
    )
    try:
        ((count,),) = con.execute(f"select count(*) from {rows}").fetchall()
    except DatabaseError:
        return None
    return (objects.names, found) if found and (count, len(objects.names)) == (found.count, found.width) else None
