"""Commands on snapshots: list those that are kept, go back to one, and let refreshes publish again.

A rollback writes `serving/PINNED`, and while that file exists no refresh publishes. Without it the next refresh
would find that what is served differs from what was built, and publish the bad state again.
"""

from __future__ import annotations

import getpass
import socket
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from etl.config import Settings
from etl.errors import MendError, RetryError
from etl.publish.files import (
    Snapshot,
    clear_leftovers,
    inspect,
    inspect_whole,
    install,
    kept_versions,
    link,
    pin_path,
    record,
    refuse_if_written,
    shown,
    snapshot_path,
    upcoming_path,
)
from etl.warehouse import DatabaseError, empty, open_build
from etl.whole import write_whole

ALTERED = (
    "its fingerprint is not that of its publication: it was altered since, or another version of DuckDB or of this "
    "project wrote it"
)


@dataclass(frozen=True)
class Rollback:
    """The result of a rollback: `version` is served now, `replaced` was before (None: nothing readable was)."""

    version: int
    replaced: int | None
    message: str


def list_snapshots(settings: Settings) -> list[Snapshot]:
    """The kept snapshots that can be read, newest first."""
    found = []
    with closing(empty()) as con:
        for version in reversed(kept_versions(settings)):
            try:
                found.append(inspect(con, snapshot_path(settings, version)))
            except (MendError, RetryError):
                continue
    return found


def served_snapshot(settings: Settings) -> Snapshot | None:
    """The snapshot that readers open now; None when there is no readable published file.

    Raises RetryError when another program has it open to write.
    """
    if not settings.serving_db.exists():
        return None
    with closing(empty()) as con:
        try:
            return inspect(con, settings.serving_db)
        except MendError:
            return None


def rollback(settings: Settings, to: int | None = None) -> Rollback:
    """Serve an earlier snapshot again, in one step as a publication does, and pin it.

    `to` is a kept version; without it, the one before what is served. The build database is needed only to keep a
    refresh out and to write the audit row: when it is damaged, the rollback goes on without it.
    Raises RetryError while a refresh runs, MendError when there is no such snapshot or it is damaged.
    """
    with ExitStack() as stack:
        build = None
        with suppress(MendError, DatabaseError):
            build = stack.enter_context(open_build(settings))
        clear_leftovers(settings)
        refuse_if_written(settings.serving_db)
        served = served_snapshot(settings)
        path = snapshot_path(settings, _choose(settings, served, to))
        refuse_if_written(path)
        with closing(empty()) as con:
            snapshot, contents = inspect_whole(con, path)
        now = datetime.now(UTC)
        # The pin comes first: after a kill between the two, nothing is published and a second try finishes it.
        told = f"version {snapshot.version} by {getpass.getuser()} on {socket.gethostname()}, {shown(now)}\n"
        write_whole(pin_path(settings), told.encode())
        # Renaming a file onto another name of itself does nothing and leaves both names.
        if served is None or not path.samefile(settings.serving_db):
            link(path, upcoming_path(settings))
            install(upcoming_path(settings), settings.serving_db)
        if build is not None:
            record(build, snapshot, "rollback", now)
    message = (
        f"serving version {snapshot.version} of {shown(snapshot.refreshed_at)}"
        + (f" instead of version {served.version}" if served else "")
        + "; pinned: no refresh publishes until `make unpin`"
        + ("" if build else "; not recorded in audit.publication: the build database cannot be opened")
        + ("" if contents.fingerprint == snapshot.fingerprint else f"; {ALTERED}")
    )
    return Rollback(snapshot.version, served.version if served else None, message)


def unpin(settings: Settings) -> str:
    """Let refreshes publish again; returns a sentence about what was pinned."""
    pin = pin_path(settings)
    if not pin.exists():
        return "nothing is pinned"
    text = pin.read_text(encoding="utf-8").strip()
    pin.unlink()
    return f"no longer pinned to {text}; the next refresh publishes"


def listing(settings: Settings) -> str:
    """The kept snapshots, newest first; * is served."""
    readable = {snapshot.version: snapshot for snapshot in list_snapshots(settings)}
    # What is served is one of them under a second name, except where the file system has no such names.
    served = [
        s.version for s in readable.values() if settings.serving_db.exists() and s.path.samefile(settings.serving_db)
    ]
    if not served and (other := served_snapshot(settings)):
        served = [other.version]
    lines = []
    for version in reversed(kept_versions(settings)):
        mark = "*" if version in served else " "
        if version in readable:
            found = readable[version]
            lines.append(f"{mark}{version:>6}  {shown(found.refreshed_at)}  {found.size_bytes / 1e6:,.1f} MB")
        else:
            lines.append(f"{mark}{version:>6}  damaged, or open to write")
    if pin_path(settings).exists():
        lines.append(f"pinned to {pin_path(settings).read_text(encoding='utf-8').strip()}")
    return "\n".join(lines or [f"no snapshots in {settings.snapshots_dir}"])


def _choose(settings: Settings, served: Snapshot | None, to: int | None) -> int:
    """The version to go back to. Raises MendError when it is not kept."""
    kept = kept_versions(settings)
    if to is None:
        earlier = [version for version in kept if served is None or version < served.version]
        to = earlier[-1] if earlier else None
    if to is None or to not in kept:
        wanted = "earlier snapshot" if to is None else f"snapshot {to}"
        listed = ", ".join(map(str, kept)) or "none"
        raise MendError(f"no {wanted} in {settings.snapshots_dir}; kept versions: {listed}")
    return to
