"""Buyers without their identifiers: a keyed hash, made while a file is read, is all that is stored of them.

The key is a file of the home, made once. Who has it can recompute the hash of a known identifier; without it nobody
can, and the hashes of two homes cannot be compared. Losing it makes every buyer of a later file a new one.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from etl.errors import MendError
from etl.whole import partial_file, place

KEY_FILE = "buyer.key"
KEY = "getvariable('buyer_key')"
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


def hidden(text: str) -> str:
    """SQL of a text without the e-mail addresses in it."""
    return f"if(contains({text}, '@'), regexp_replace({text}, '{ADDRESS}', '{HIDDEN}', 'g'), {text})"
