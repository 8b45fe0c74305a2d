"""What each address of WAREHOUSE_NOTIFY was sent: $WAREHOUSE_HOME/notified.json, and the lock under which it changes.

The record is whole and on the disk after every message (etl/whole.py). One that is damaged counts as empty, which is
said, and is written anew.
"""

from __future__ import annotations

import fcntl
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from typing import Any

from etl.config import Settings, make_private
from etl.deliver import SECONDS, addresses_in, fault_in, shown
from etl.errors import RetryError
from etl.whole import write_whole

RECORD = "notified.json"
# Its parts: states by address, alert and key; refreshes in a row that found another at work; why an address did not
# take the last message; addresses that were found to be some.
CHANNELS, BUSY, PROBLEMS, KNOWN = "channels", "busy", "problems", "known"
Record = dict[str, dict[str, Any]]


def faults_in_addresses(settings: Settings, *, note: bool = False) -> list[str]:
    """What is wrong with the addresses of WAREHOUSE_NOTIFY, a sentence each, without a secret; nothing is sent.

    With `note` an address that can be one is not looked at again: that costs a third of a second.
    """
    known = read_record(settings)[0][KNOWN]
    found = {
        address: fault_in(address) for address in addresses_in(settings.notify or "") if name_of(address) not in known
    }
    if note and not all(found.values()):
        with suppress(OSError, RetryError), alone(settings):  # else they are looked at again
            record, _ = read_record(settings)
            record[KNOWN] |= {name_of(address): shown(address) for address, fault in found.items() if fault is None}
            write_record(settings, record)
    return [fault for fault in found.values() if fault]


def problems_in_sending(settings: Settings) -> list[str]:
    """The addresses that did not take the last message, each with the reason."""
    return sorted(read_record(settings)[0][PROBLEMS].values()) if settings.notify else []


@contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """Keep other processes from sending the same meanwhile. Raises RetryError when one does so for too long."""
    path = settings.build_db.with_name("notify.lock")
    make_private(settings, path.parent)
    give_up = time.monotonic() + 2 * SECONDS * (1 + len(addresses_in(settings.notify or "")))
    with path.open("a") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() > give_up:
                    raise RetryError("another process of this home is still sending its messages") from error
                time.sleep(0.2)
        yield


def name_of(address: str) -> str:
    """What the record calls an address: too short a hash to find a key by, long enough to tell addresses apart."""
    return sha256(address.encode()).hexdigest()[:8]


def read_record(settings: Settings) -> tuple[Record, str]:
    """What was sent; nothing, and words that say so, where the file cannot be read.

    The record of an older version has the states of the one address that it knew, which count for each of today.
    """
    path, reason = settings.home / RECORD, ""
    found: dict[str, Any] = {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if not _is_record(found):
            reason, found = "holds something else", {}
    except FileNotFoundError:
        pass
    except (OSError, ValueError) as error:
        reason = str(error)
    if found and CHANNELS not in found:
        found = {CHANNELS: {"": found}}
    empty: Record = {CHANNELS: {}, BUSY: {}, PROBLEMS: {}, KNOWN: {}}
    words = f"; {path} could not be read ({reason}) and counts as empty: what stands is sent again" if reason else ""
    return empty | found, words


def _is_record(found: Any) -> bool:
    """Whether a JSON value is a record of what was sent, of this version or an older one."""

    def is_table(value: Any, kind: type) -> bool:
        return isinstance(value, dict) and all(isinstance(one, kind) for one in value.values())

    if not is_table(found, dict):
        return False
    if CHANNELS not in found:
        return all(is_table(states, str) for states in found.values())
    is_whole = all(is_table(found.get(part, {}), str) for part in (BUSY, PROBLEMS, KNOWN))
    channels = [*found[CHANNELS].values()]
    return is_whole and all(is_table(one, dict) and all(is_table(s, str) for s in one.values()) for one in channels)


def write_record(settings: Settings, record: Record) -> None:
    """Replace the record. Raises OSError."""
    text = json.dumps(record, indent=1, ensure_ascii=False, sort_keys=True)
    write_whole(settings.home / RECORD, text.encode(errors="replace"))
