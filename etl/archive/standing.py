"""What a build database that was brought back after a loss still needs before it is published: raw.archived tells.

Until then its states are older than what readers and addresses of alerts have.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from etl.archive.files import last_number, set_number
from etl.publish.files import shown
from etl.warehouse import Connection

REFRESH, DAILY = (
    "`make refresh`, which reads reference data and filings again",
    "`make daily`, which builds what is made from deliveries",
)
WAITS = "recovered_at is not null and is_published is not true"


class Recovery(NamedTuple):
    """One that is not published yet: when it was, what was told of it, and the commands that are needed, in order."""

    at: datetime
    told: str
    needs: list[str]

    @property
    def sentence(self) -> str:
        """Why it is not published yet."""
        return (
            f"the build database that was brought back at {shown(self.at)} is not whole yet; now "
            f"{', then '.join(self.needs)}"
        )


def note_recovery(con: Connection, now: datetime, told: str, *, reads_again: bool) -> None:
    """Note that the open database was brought back; in the caller's transaction.

    `reads_again` says that reference data and filings have to be read again before it is published.
    """
    set_number(con, last_number(con))
    con.execute(
        "update raw.archived set recovered_at = $now, told = $told, is_published = false, reads_again = $reads",
        {"now": now, "told": told, "reads": reads_again},
    )


def note_reading(con: Connection) -> None:
    """Note that reference data was read again; in the caller's transaction."""
    con.execute("update raw.archived set reads_again = false where reads_again")


def unfinished(con: Connection) -> Recovery | None:
    """The recovery of the open database that still needs something before it is published."""
    rows = con.execute(
        f"select recovered_at, told, reads_again, exists (select 1 from raw.daily_due) from raw.archived where {WAITS}"
    ).fetchall()
    for at, told, reads_again, is_due in rows:
        if needs := [*([REFRESH] if reads_again else []), *([DAILY] if is_due else [])]:
            return Recovery(at.replace(tzinfo=UTC), told, needs)
    return None


def end_recovery(con: Connection) -> None:
    """Note that the open database is published; in the caller's transaction."""
    con.execute(f"update raw.archived set is_published = true where {WAITS}")
