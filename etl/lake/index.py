"""versions.json: the files of each version for readers without DuckLake, and what a lake is held against.

    {"form": 2, "catalogue": {"ducklake_table": hash, ...},
     "versions": [{"version", "refreshed_at", "fingerprint", "has_simulated_data",
                   "tables": {"marts.cac_trend": {"path", "rows", "size_bytes", "sha256"}}}]}

`path` is below the folder of the lake, `rows` a number of rows, hashes are hexadecimal SHA-256. The hash of a table of
the catalogue is that of its rows, whatever their order. The index of a changed catalogue is on the disk, under a hidden
name, before the catalogue itself: whenever an export is killed, one of the two indexes is that of the catalogue.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from etl.errors import MendError
from etl.lake import catalogue
from etl.lake.catalogue import CATALOGUE
from etl.warehouse import Connection, DatabaseError
from etl.whole import place, write_whole

INDEX = "versions.json"
NEXT = f".{INDEX}.next"
FORM = 2  # raised when a reader of the earlier one would go wrong, or has less to hold a lake against
RESTORE = "put the folder back from a copy, or export into a new one"
Index = dict[str, Any]
# What a reader of the sentence knows the values of versions.json by.
WORDS = {"path": "its file is", "rows": "its number of rows is", "size_bytes": "its size in bytes is"}


def announce(con: Connection, to: Path) -> None:
    """Write the index of the catalogue that is the database in use, which get_in_force() makes the index.

    Raises OSError.
    """
    known = {one["path"]: one["sha256"] for one in _files(_read(to / INDEX))} if (to / INDEX).exists() else {}
    versions = _listed(con)
    for one in _files({"versions": versions}):
        if one["path"] not in known:
            known[one["path"]] = _hash(to / one["path"])
        one["sha256"] = known[one["path"]]
    index = {"form": FORM, "catalogue": catalogue.hashes_of(con), "versions": versions}
    write_whole(to / NEXT, (json.dumps(index, indent=1) + "\n").encode())


def get_in_force(to: Path) -> None:
    """Make the announced index the one of the lake. Raises OSError."""
    with (to / NEXT).open("rb") as file:
        place(file, to / INDEX)


def checked(con: Connection, to: Path) -> Index:
    """The index, after the catalogue that is the database in use and every file were held against it.

    An index that a killed export had announced counts where it is that of the catalogue. Raises MendError with what
    is missing or changed, in which version, table and file.
    """
    hashes = catalogue.hashes_of(con)
    if (to / NEXT).exists():
        if _read(to / NEXT)["catalogue"] == hashes:
            get_in_force(to)
        else:
            (to / NEXT).unlink()
    if not (to / INDEX).exists():
        raise MendError(f"{to / INDEX} is missing, which says what {CATALOGUE} held: {RESTORE}")
    index = _read(to / INDEX)
    if changed := sorted(
        name for name in hashes | index["catalogue"] if hashes.get(name) != index["catalogue"].get(name)
    ):
        missing = [name for name in changed if name not in hashes]
        what = f"it has no table {missing[0]}" if missing else _told(con, index) or f"{', '.join(changed)} differ"
        raise MendError(f"{to / CATALOGUE} was changed by another program: {what}; {RESTORE}")
    if told := _told(con, index):
        raise MendError(f"{to / INDEX} was changed by another program: {told}; {RESTORE}")
    for found in _faults(to, index):
        raise MendError(f"{found}; {RESTORE}")
    return index


def _faults(to: Path, index: Index) -> Iterator[str]:
    """What is wrong with the files, each looked at once."""
    seen = set()
    for version in index["versions"]:
        for name, one in version["tables"].items():
            if one["path"] in seen:
                continue
            seen.add(one["path"])
            file, where = to / one["path"], f"version {version['version']}, {name}"
            if not file.is_file():
                yield f"{where}: {file} is missing"
            elif (size := file.stat().st_size) != one["size_bytes"]:
                yield f"{where}: {file} has {size:,} bytes, and had {one['size_bytes']:,} when it was written"
            elif _hash(file) != one["sha256"]:
                yield f"{where}: {file} has other content than when it was written"


def _told(con: Connection, index: Index) -> str:
    """The first difference between the versions of the catalogue and of the index, in words; '' for none."""
    try:
        found = {one["version"]: one for one in _listed(con)}
    except (DatabaseError, ValueError, TypeError):
        return "its versions cannot be read"
    wanted = {one["version"]: one for one in index["versions"]}
    for number in sorted(found.keys() | wanted.keys()):
        if number not in found or number not in wanted:
            return f"version {number} is only in {INDEX if number in wanted else CATALOGUE}"
        if told := _differing(found[number], wanted[number]):
            return f"version {number}, {told}"
    return ""


def _differing(found: Index, wanted: Index) -> str:
    for key in ("refreshed_at", "fingerprint", "has_simulated_data"):
        if found[key] != wanted.get(key):
            return f"{key} is {found[key]} in {CATALOGUE} and {wanted.get(key)} in {INDEX}"
    for name in sorted(found["tables"].keys() | wanted["tables"].keys()):
        here, there = found["tables"].get(name), wanted["tables"].get(name)
        if here is None or there is None:
            return f"{name}: {(here or there)['path']} is only in {INDEX if there else CATALOGUE}"
        for key, words in WORDS.items():
            if here.get(key) != there.get(key):
                return f"{name}: {words} {here.get(key)} in {CATALOGUE} and {there.get(key)} in {INDEX}"
    return ""


def _listed(con: Connection) -> list[Index]:
    """The versions of the catalogue with their files, as the index has them but for the hash of a file."""
    return [
        {
            "version": one.version,
            "refreshed_at": f"{one.refreshed_at.isoformat()}Z",
            "fingerprint": one.fingerprint,
            "has_simulated_data": one.is_simulated,
            "tables": catalogue.files_of(con, one.version),
        }
        for one in catalogue.versions_of(con)
    ]


def _files(index: Index) -> Iterator[dict[str, Any]]:
    for version in index["versions"]:
        yield from version["tables"].values()


def _read(path: Path) -> Index:
    """An index. Raises MendError where the file is none."""
    try:
        index: Index = json.loads(path.read_bytes())
        if index["form"] == FORM and isinstance(index["catalogue"], dict):
            for version in index["versions"]:
                int(version["version"])
            for one in _files(index):
                Path(one["path"], one["sha256"])
            return index
    except (ValueError, TypeError, KeyError, AttributeError):
        pass
    raise MendError(f"{path} is none that this version of the program wrote: {RESTORE}")


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
