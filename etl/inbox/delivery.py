"""What the modules of the inbox tell each other: a delivered file, its load, what its rows are held to."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from etl.contracts import Contract
from etl.files.records import FileError
from etl.inbox.open import Opened
from etl.warehouse import Connection

SOURCE = "inbox"
NO_ROOM = re.compile(r"No space left|File too large|Out of Memory|failed to (allocate|pin|offload)", re.I)


class MisreadError(FileError):
    """DuckDB's reader stumbled over a file, or gave other rows than it has: it has to be read another way."""


class BrokenRulesError(Exception):
    """Rows that break a rule are in the table: the file has to be read again, each row held to all rules."""


@dataclass(frozen=True)
class Delivery:
    """A file with its contract: name in the inbox, SHA-256, and what it says."""

    file: str
    content_hash: str
    contract: Contract
    opened: Opened


@dataclass(frozen=True)
class Load:
    """The loading of one file: its number, which its rows carry, and when it was."""

    load_id: int
    now: datetime

    @property
    def rows(self) -> str:
        """The condition that a row of a table came with this load."""
        return f"load_id = {self.load_id}"


@dataclass(frozen=True)
class Terms:
    """What the rows of a home are held to: words by the column they are known in, and whether it is a demo.

    A file is refused when more than `bad_share` of its rows are at fault.
    """

    known: Mapping[str, Sequence[str]]
    is_demo: bool
    bad_share: float


def choose(columns: Sequence[str], contracts: Sequence[Contract]) -> Contract:
    """The contract that a file with these columns keeps. Raises FileError when none or several fit."""
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


def same_key(contract: Contract, one: str, other: str) -> str:
    """That two rows have the same key."""
    return " and ".join(f"{one}.{name} = {other}.{name}" for name in contract.grain)


def count(con: Connection, sql: str, values: dict[str, Any] | None = None) -> int:
    """The number that a statement answers with: rows it changed, or what it counted."""
    row = con.execute(sql, values).fetchone()
    return int(row[0]) if row else 0
