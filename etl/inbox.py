"""Files of the inbox into the tables of their contracts: what waits, what becomes of it.

One transaction a file, in the order of the files' times and then their names. A file is known by its
content: the same bytes a second time load nothing. Nothing outside the inbox is ever touched.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from etl.config import Settings
from etl.warehouse import Connection

SOURCE = "inbox"


@dataclass(frozen=True)
class FileLoad:
    """What became of one file: rows_read = rows_loaded + rows_quarantined.

    `status` is loaded, partly_loaded, refused, superseded (every row of it counts no more, or never did:
    a newer file has them) or unchanged (this content is here already). `rows_superseded` are the older
    rows that it replaced.
    """

    file: str
    content_hash: str
    contract: str | None
    status: str
    rows_read: int
    rows_loaded: int
    rows_quarantined: int
    rows_superseded: int
    reason: str = ""
    first_day: date | None = None
    last_day: date | None = None


@dataclass(frozen=True)
class InboxResult:
    """What became of every file, and by contract the days whose rows changed, those replaced included."""

    files: tuple[FileLoad, ...]
    days: dict[str, tuple[date, ...]]


def waiting(con: Connection, settings: Settings) -> list[Path]:
    """Files of the inbox whose content is not recorded yet, in the order in which they will be loaded."""
    raise NotImplementedError


def load_inbox(
    con: Connection,
    settings: Settings,
    now: datetime,
    files: Sequence[Path] | None = None,
    progress: Callable[[str], None] = print,
) -> InboxResult:
    """Load `files` (default: those waiting), one transaction a file; `progress` gets sentences on long ones."""
    raise NotImplementedError
