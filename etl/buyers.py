"""Buyers without their identifiers: a keyed hash, made while a file is read, is all that is stored of them.

The key is a file of the home, made once. Who has it can recompute the hash of a known identifier; without it nobody
can, and the hashes of two homes cannot be compared. Losing it makes every buyer of a later file a new one.

Of a buyer who was erased (etl.erasure) a tombstone is left, a hash of that hash under a second key: by it the buyer is
known again in a later file or an older backup, and left out.
"""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from etl.errors import MendError
from etl.whole import partial_file, place

KEY_FILE = "buyer.key"
KEY = "getvariable('buyer_key')"
# Of buyers who were erased: a second key, and under it the hashes of their hashes (etl.erasure).
ERASED_KEY, ERASED = "getvariable('erased_key')", "getvariable('erased')::varchar[]"
ERASED_FILE = "erased_buyers.json"
LENGTH = 32  # of the hexadecimal digits, 128 bits; what is cut off also keeps a hash from being continued
# Addresses in a text that is kept as it came.
ADDRESS = r"[^\s,;\"''<>()=|]+@[^\s,;\"''<>()=|]+"
HIDDEN = "(address)"


def buyer_key(home: Path) -> str:
    """The key of a home, made where there is none. Raises MendError for a damaged one, OSError."""
    path = home / KEY_FILE
    if not path.exists():
        home.mkdir(parents=True, exist_ok=True)
        with partial_file(path.with_name(f".{KEY_FILE}.part")) as file:
            os.fchmod(file.fileno(), 0o600)  # before there is anything to read in it
            file.write(secrets.token_hex(32).encode())
            place(file, path)
    key = path.read_text(encoding="ascii", errors="replace").strip()
    if len(key) < LENGTH:
        raise MendError(
            f"{path} is damaged: bring it back from a backup. Without it buyers of new files cannot be recognised; "
            "with another key each would be counted as new"
        )
    return key


def hashed(identifier: str) -> str:
    """SQL of the keyed hash of an identifier; an e-mail address counts without regard to case."""
    text = f"trim({identifier})"
    same = f"if(contains({text}, '@'), lower({text}), {text})"
    return f"left(sha256({KEY} || nullif({same}, '')), {LENGTH})"


def remembered(identifier: str) -> str:
    """SQL of the keyed hash of an identifier, null for one of a buyer who was erased."""
    return f"if({is_erased(hashed(identifier))}, null, {hashed(identifier)})"


def tombstone(buyer_hash: str) -> str:
    """SQL of what is kept of the hash of a buyer who was erased: by it the hash is known again, and not told."""
    return f"left(sha256({ERASED_KEY} || {buyer_hash}), {LENGTH})"


def is_erased(buyer_hash: str) -> str:
    """SQL of whether a hash is of a buyer who was erased; computed only where there is one."""
    found = f"list_contains({ERASED}, {tombstone(buyer_hash)})"
    return f"coalesce(case when {ERASED} is null then false else {found} end, false)"


def hidden(text: str) -> str:
    """SQL of a text without the e-mail addresses in it."""
    return f"if(contains({text}, '@'), regexp_replace({text}, '{ADDRESS}', '{HIDDEN}', 'g'), {text})"


@dataclass(frozen=True)
class Entry:
    """One erased buyer: the tombstone, when (UTC), rows by table that named the buyer, and where else it stood.

    `files` are SHA-256 of files of remote sources, `lines` SHA-256 and line of rows in quarantine. While the erasure is
    not finished, `identifier` is the identifier: nothing else finds it in files.
    """

    tombstone: str
    erased_at: str
    rows: dict[str, int] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    lines: tuple[tuple[str, int], ...] = ()
    identifier: str | None = None
    is_finished: bool = False


@dataclass(frozen=True)
class Erased:
    """The second key of a home, and the buyers who were erased."""

    key: str
    entries: tuple[Entry, ...] = ()

    @property
    def is_finished(self) -> bool:
        """Whether nothing is left to be done."""
        return all(entry.is_finished for entry in self.entries)

    def text(self) -> bytes:
        """The content of the file."""
        return json.dumps(asdict(self), indent=1).encode()

    def outside(self) -> Erased:
        """What may leave the home: the identifier of an unfinished erasure stays there."""
        return replace(self, entries=tuple(replace(entry, identifier=None) for entry in self.entries))

    def again(self) -> Erased:
        """The same buyers, to be erased once more: for a home that may be older than that."""
        return replace(self, entries=tuple(replace(entry, is_finished=False) for entry in self.entries))

    def joined(self, other: Erased) -> Erased:
        """The buyers of both. Raises MendError where they are of two homes."""
        if self.key != other.key:
            raise MendError(
                "the place holds erased buyers of several homes: give the backups of each a place of its own"
            )
        found = {entry.tombstone for entry in self.entries}
        return replace(self, entries=(*self.entries, *(e for e in other.entries if e.tombstone not in found)))


def read_erased(home: Path) -> Erased | None:
    """The erased buyers of a home, None where there are none. Raises MendError for a damaged file."""
    path = home / ERASED_FILE
    return parsed_erased(path.read_bytes(), str(path)) if path.exists() else None


def parsed_erased(text: bytes, name: str) -> Erased:
    """Erased buyers from the content of the file of that name. Raises MendError for a damaged one."""
    try:
        content = json.loads(text)
        entries = [
            Entry(**one | {"files": tuple(one["files"]), "lines": tuple((str(h), int(n)) for h, n in one["lines"])})
            for one in content["entries"]
        ]
        return Erased(str(content["key"]), tuple(entries))
    except (ValueError, KeyError, TypeError) as error:
        raise MendError(
            f"{name} is damaged: bring it back from a backup. Without it buyers who were erased would come back"
        ) from error


def write_erased(home: Path, erased: Erased) -> None:
    """Keep the erased buyers of a home, in a file for its owner alone. Raises OSError."""
    target = home / ERASED_FILE
    with partial_file(target.with_name(f".{ERASED_FILE}.part")) as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(erased.text())
        place(file, target)


def know_buyers(con: Any, home: Path) -> None:
    """Give a database the key with which buyers are hashed, and those who were erased. Raises MendError, OSError."""
    erased = read_erased(home)
    con.execute("set variable buyer_key = ?", [buyer_key(home)])
    con.execute("set variable erased_key = ?", [erased.key if erased else None])
    con.execute("set variable erased = ?", [[one.tombstone for one in erased.entries] if erased else None])
