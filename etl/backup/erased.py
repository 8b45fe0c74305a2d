"""The tombstones of erased buyers beside the backups, so that an older backup does not bring the buyers back.

erased/<SHA-256 of its content>.json
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from etl.backup.stores import Store
from etl.buyers import Erased, parsed_erased, read_erased
from etl.errors import MendError

FOLDER = "erased"


def store_erased(home: Path, store: Store) -> None:
    """Store the tombstones of a home, without identifiers. Raises MendError where they cannot be written."""
    own, there = read_erased(home), stored_erased(store)
    if own is None:
        return
    text = (own if there is None else own.joined(there)).outside().text()
    name = f"{FOLDER}/{hashlib.sha256(text).hexdigest()}.json"
    before = set(store.sizes(FOLDER))
    if name not in before:
        store.write(name, iter([text]))
    for older in before - {name}:
        store.remove(older)  # what it says is in the newer one


def stored_erased(store: Store) -> Erased | None:
    """The erased buyers of a place. Raises MendError for a damaged file, which it names."""
    found: Erased | None = None
    for name in sorted(store.sizes(FOLDER)):
        text = b"".join(store.read(name))
        if name != f"{FOLDER}/{hashlib.sha256(text).hexdigest()}.json":
            raise MendError(f"{name} is damaged: its content is not the one that it was written with")
        one = parsed_erased(text, name)
        found = one if found is None else found.joined(one)
    return found
