"""EDGAR from disk, without the network: companyfacts.zip, or a quarter of the data sets.

companyfacts.zip holds one body an issuer, CIK##########.json; each goes the way of a body that was asked
for. A quarter of the Financial Statement Data Sets (a zip or its folder) has sub, num, tag and pre as
tab-separated text. One body is in memory at a time, each is a transaction, and what stands already is
skipped: a run that was killed goes on where it stopped. `make edgar-bulk FILE=...`
"""

from __future__ import annotations

import argparse
import sys
import zipfile
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from re import fullmatch

from rich.progress import track

from etl.config import Settings, load_settings
from etl.edgar import body_path, store_body
from etl.edgar_facts import Body, FactLoad, load_body, loaded_hashes
from etl.edgar_statements import SETS, StatementError, load_statements
from etl.warehouse import Connection, WarehouseError, open_build

# Enough for a body of 30 MB. Without a bound DuckDB keeps what it wrote, up to most of the machine's memory.
MEMORY = "512MB"


def load_archive(
    con: Connection, settings: Settings, path: Path, now: datetime, ciks: Collection[int] = ()
) -> Iterator[FactLoad | None]:
    """Load the bodies of companyfacts.zip, all or those of `ciks`; None for one whose facts stand already.

    Raises WarehouseError for a file that is no such archive.
    """
    loaded = loaded_hashes(con)
    with _opened(path) as archive:
        for name, cik in _bodies(archive, ciks):
            content = archive.read(name)
            content_hash = sha256(content).hexdigest()
            body = Body(cik, content_hash, settings.home / body_path(content_hash))
            if (body.file, content_hash) in loaded:
                yield None
                continue
            store_body(con, settings, "companyfacts", cik, content, headers={}, now=now)
            yield load_body(con, body, now)


def count_bodies(path: Path, ciks: Collection[int] = ()) -> int:
    """How many bodies an archive holds, all or those of `ciks`."""
    with _opened(path) as archive:
        return sum(1 for _ in _bodies(archive, ciks))


def is_statements(path: Path) -> bool:
    """Whether a folder or zip is a quarter of the Financial Statement Data Sets."""
    if path.is_dir():
        return any((path / f"{name}.txt").exists() for name in SETS)
    with _opened(path) as archive:
        return any(f"{name}.txt" in archive.namelist() for name in SETS)


def main(arguments: Sequence[str]) -> int:
    """Load the file or folder that is named, with a progress bar; 1 with the reason when that fails."""
    parser = argparse.ArgumentParser(prog="make edgar-bulk")
    parser.add_argument("file", type=Path)
    parser.add_argument("--cik", type=int, nargs="*", default=[], help="only these issuers")
    asked = parser.parse_args(arguments)
    settings, now = load_settings(), datetime.now(UTC)
    try:
        with open_build(settings) as con:
            if is_statements(asked.file):
                for file, rows in load_statements(con, asked.file, now):
                    print(f"{file}: {f'{rows:,} rows' if rows is not None else 'stands already'}")
                return 0
            con.execute(f"set memory_limit = '{MEMORY}'")
            loads = load_archive(con, settings, asked.file, now, asked.cik)
            shown = track(loads, "loading", total=count_bodies(asked.file, asked.cik))
            return _told([load for load in shown if load is not None])
    except (WarehouseError, StatementError) as error:
        print(error, file=sys.stderr)
        return 1


def _told(loads: Sequence[FactLoad]) -> int:
    facts, bad = sum(load.rows_added for load in loads), [load for load in loads if load.message]
    print(f"{len(loads)} bodies read, {facts:,} facts added, {len(bad)} bodies refused")
    for load in bad[:20]:
        print(f"  {load.body.file}: {load.message}", file=sys.stderr)
    return 1 if bad else 0


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile) as error:
        fix = "name companyfacts.zip, or a quarter of the data sets as a zip or a folder"
        raise WarehouseError(f"{path} cannot be opened as a zip ({error}): {fix}") from error


def _bodies(archive: zipfile.ZipFile, ciks: Collection[int]) -> Iterator[tuple[str, int]]:
    for name in sorted(archive.namelist()):
        found = fullmatch(r"(?:.*/)?CIK([0-9]{10})\.json", name)
        if found and (not ciks or int(found[1]) in ciks):
            yield name, int(found[1])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
