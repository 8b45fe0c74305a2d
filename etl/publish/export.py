"""Published tables as files for other programs: Parquet, CSV and one XLSX workbook, with a manifest.

    TO/manifest.json                 snapshot, tables with columns, types, meanings and rows, files with SHA-256
    TO/parquet/marts.cac_trend.parquet
    TO/csv/marts.cac_trend.csv
    TO/warehouse.xlsx                a sheet a table; the first sheets list tables and columns

Everything is written into a hidden folder beside TO, read back and held against the snapshot, and then gets its name
in one rename: TO is there whole or not at all. Parquet has the types of the snapshot. CSV has every value as text: an
empty field is NULL, "" an empty text. What the workbook cannot hold is told in the manifest (etl/publish/workbook.py).
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import file_digest
from pathlib import Path
from typing import Any

from etl.errors import MendError, written_to
from etl.publish.workbook import ExportedTable, Sheet, check_workbook, write_workbook
from etl.warehouse import CSV_OPTIONS, Connection, count, literal, open_snapshot, prepared
from etl.whole import sync

FORM = 1  # of the manifest: raised when a reader of the earlier one would go wrong
MANIFEST, WORKBOOK, FOLDERS = "manifest.json", "warehouse.xlsx", ("parquet", "csv")
# Beside the marts: what their rows name.
VOCABULARY = ("core.definition", "core.document", "core.metric", "core.observation", "core.platform", "core.term")
NOTES = (
    'Parquet has the types of the snapshot. In CSV an empty field is NULL and "" an empty text; times are in UTC.',
    "The workbook has numbers as numbers where Excel holds all their digits (15), else as text, which "
    "numbers_as_text counts; NULL and an empty text are both an empty cell; lists are text.",
)
# How the files are read back. An empty field in quotes is an empty text, one without quotes is NULL.
CSV = (
    CSV_OPTIONS.replace("header = false", "header = true").replace("quoted_nulls = true", "quoted_nulls = false")
    + ", delim = ',', quote = '\"', escape = '\"', new_line = '\\n', skip = 0, null_padding = false, "
    "ignore_errors = false, max_line_size = 2097152, parallel = false"
)
PARQUET = (
    "hive_partitioning = false, hive_types_autocast = false, union_by_name = false, filename = false, "
    "binary_as_string = false, file_row_number = false"
)


@dataclass(frozen=True)
class Export:
    """What was written: where, how many tables, and which of them the workbook does not have, with the reason."""

    path: Path
    tables: int
    size_bytes: int
    not_in_workbook: dict[str, str]


def export_files(database: Path, to: Path, *, everything: bool = False, replace: bool = False) -> Export:
    """Write the marts and what their rows name, or every published table, into the folder `to`, whole or not at all.

    Raises MendError when `to` exists and is not to be replaced, or is no export; when its parent is missing, when the
    snapshot is, and when a file that is read back differs from the snapshot.
    """
    to = to.absolute()
    if to.exists() and not _is_export(to):
        raise MendError(f"{to} exists and is no export, or holds more than one: name another folder")
    if to.exists() and not replace:
        raise MendError(f"{to} exists: name another folder, or add --replace")
    if not to.parent.is_dir():
        raise MendError(f"{to.parent} is no folder: make it first")
    part = to.with_name(f".{to.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        with written_to(to):
            for folder in FOLDERS:
                (part / folder).mkdir(parents=True)
        with open_snapshot(database, writes=part) as con:
            tables = tables_of_export(con, everything)
            sheets = write_workbook(con, tables, part / WORKBOOK)
            manifest = _manifest(con, part, tables, sheets)
        text = json.dumps(manifest, indent=1, ensure_ascii=False) + "\n"
        (part / MANIFEST).write_text(text, encoding="utf-8")
        _put_in_place(part, to)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    size = sum(path.stat().st_size for path in to.rglob("*") if path.is_file())
    return Export(to, len(tables), size, {sheet.table: sheet.left_out for sheet in sheets if sheet.left_out})


def _is_export(folder: Path) -> bool:
    """Whether a folder has what an export writes, and nothing beside it."""
    if not folder.is_dir() or {path.name for path in folder.iterdir()} != {MANIFEST, WORKBOOK, *FOLDERS}:
        return False
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
        files = {file["path"] for table in manifest["tables"] for file in table["files"]}
    except (ValueError, TypeError, KeyError):
        return False
    below = (path for name in FOLDERS for path in (folder / name).rglob("*"))
    return all(path.relative_to(folder).as_posix() in files for path in below)


def tables_of_export(con: Connection, everything: bool) -> list[ExportedTable]:
    """The tables to export, by name. Source: the catalog of the snapshot."""
    found = con.execute(prepared("exported_tables"), {"everything": everything, "also": VOCABULARY}).fetchall()
    return [
        ExportedTable(
            name, text or "", count(con, f"select count(*) from {name}"), [tuple(column.values()) for column in columns]
        )
        for name, text, columns in found
    ]


def _manifest(con: Connection, part: Path, tables: Sequence[ExportedTable], sheets: Sequence[Sheet]) -> dict[str, Any]:
    """Write and check the files of each table, check the workbook; what there is to say about all of them."""
    entries = []
    for table, sheet in zip(tables, sheets, strict=True):
        parquet, csv = part / "parquet" / f"{table.name}.parquet", part / "csv" / f"{table.name}.csv"
        con.execute(f"copy {table.name} to {literal(str(parquet))} (format parquet, use_tmp_file false)")
        con.execute(f"copy {table.name} to {literal(str(csv))} (format csv, header true, use_tmp_file false)")
        _check(con, table, parquet, csv)
        entries.append(
            {
                "name": table.name,
                "description": table.description,
                "rows": table.rows,
                "columns": [dict(zip(("name", "type", "meaning"), column, strict=True)) for column in table.columns],
                "files": [_file(part, parquet), _file(part, csv)],
                "sheet": {key: value for key, value in asdict(sheet).items() if key != "table"},
            }
        )
    check_workbook(con, tables, sheets, part / WORKBOOK)
    names = ("version", "refreshed_at", "fingerprint", "duckdb_version", "warehouse_version")
    (publication,) = con.execute(f"select {', '.join(names)} from meta.publication").fetchall()
    ((is_simulated,),) = con.execute(prepared("page_is_simulated")).fetchall()
    return {
        "form": FORM,
        "snapshot": dict(zip(names, publication, strict=True)) | {"refreshed_at": f"{publication[1].isoformat()}Z"},
        "has_simulated_data": is_simulated,
        "notes": NOTES,
        "workbook": _file(part, part / WORKBOOK),
        "tables": entries,
    }


def _check(con: Connection, table: ExportedTable, parquet: Path, csv: Path) -> None:
    """Read both files back. Raises MendError when the rows are not those of the table, in any order."""
    content = "select count(*), coalesce(sum(hash(t)::hugeint), 0) from {} as t"
    as_text = ", ".join(f'"{name}"::varchar as "{name}"' for name, *_ in table.columns)
    columns = ", ".join(f"{literal(name)}: 'varchar'" for name, *_ in table.columns)
    sources = (
        (table.name, parquet, f"read_parquet({literal(str(parquet))}, {PARQUET})"),
        (
            f"(select {as_text} from {table.name})",
            csv,
            f"read_csv({literal(str(csv))}, {CSV}, columns = {{{columns}}})",
        ),
    )
    for wanted, path, written in sources:
        if con.execute(content.format(wanted)).fetchall() != con.execute(content.format(written)).fetchall():
            raise MendError(f"nothing was exported: {path.name} differs from {table.name} when it is read back")


def _file(part: Path, path: Path) -> dict[str, Any]:
    sync(path)
    with path.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
    return {"path": path.relative_to(part).as_posix(), "size_bytes": path.stat().st_size, "sha256": digest}


def _put_in_place(part: Path, to: Path) -> None:
    """Give the finished folder its name; an earlier export is moved aside first and then removed."""
    old = to.with_name(f".{to.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if to.exists():
        to.rename(old)
    part.rename(to)
    sync(to.parent)
    shutil.rmtree(old, ignore_errors=True)
