"""How the sources that are asked over the network stand, in audit.source_status: one row a change.

A refresh that finds the same state as the one before writes nothing, so that the published snapshot
changes exactly when a source became stale or current again.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from etl.warehouse import Connection

Status = Literal["current", "stale", "off"]


def set_status(
    con: Connection,
    source: str,
    status: Status,
    reason: str,
    now: datetime,
    *,
    not_before: datetime | None = None,
) -> bool:
    """Note how `source` stands at `now`; whether that differs from what was noted before."""
    found = [status, reason, not_before]
    standing = con.execute(
        "select status, reason, not_before from audit.source_status where source = ? and until is null",
        [source],
    ).fetchall()
    if standing == [tuple(found)]:
        return False
    con.execute("update audit.source_status set until = ? where source = ? and until is null", [now, source])
    con.execute(
        "insert into audit.source_status (source, status, reason, not_before, since) values (?, ?, ?, ?, ?)",
        [source, *found, now],
    )
    return True


def not_before(con: Connection, source: str, now: datetime) -> datetime | None:
    """Until when the source wants no request, if that lies after `now`; else None."""
    rows = con.execute(
        "select not_before from audit.source_status where source = ? and until is null and not_before > ?",
        [source, now],
    ).fetchall()
    return rows[0][0] if rows else None


def standing_reason(con: Connection, source: str) -> str:
    """The reason noted for the state in which `source` is; empty when none is noted."""
    rows = con.execute("select reason from audit.source_status where source = ? and until is null", [source]).fetchall()
    return str(rows[0][0]) if rows else ""
