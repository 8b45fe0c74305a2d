"""What is wrong with a warehouse and what to do: one page for the person on call, `warehouse doctor`.

Nothing is changed, and nothing is waited for: while a refresh holds the build database, what it keeps about itself is
read from the served snapshot instead, and the page says so. A finding is fine, a warning (it will hurt later), or
wrong (data is missing, old or at risk now).
"""

from __future__ import annotations

import os
import platform
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Literal, NamedTuple

from etl.archive.standing import unfinished
from etl.config import Settings
from etl.errors import MendError, RetryError
from etl.lock import try_lock
from etl.publish.files import inspect, kept_versions, pin_path, refuse_if_written, shown
from etl.warehouse import Connection, DatabaseError, attached, damage_mark, empty, prepared

OLD = timedelta(hours=36)
BACKUP_OLD = timedelta(days=7)
DAYS_AHEAD = 30
PACKAGES = ("dagster", "duckdb", "great-expectations", "pandas")
State = Literal["fine", "warn", "wrong"]


class StateFound(NamedTuple):
    """One thing that was looked at: its topic and subject, how it is, and what to do where it is not fine."""

    topic: str
    state: State
    subject: str
    finding: str
    remedy: str = ""


@dataclass(frozen=True)
class Growth:
    """Bytes a day by which the published file grew in the last 30 days (None: cannot be told yet), and its size."""

    bytes_a_day: float | None
    size_bytes: int


def examine(settings: Settings, now: datetime) -> list[StateFound]:
    """Look at everything; the order is that of the page. Raises nothing for what is wrong: it is a finding."""
    found = [*_versions(), *_clock(now)]
    if not settings.build_db.exists():
        return [*found, _nothing_built(settings)]
    found += _locks(settings)
    with empty() as con:
        found += _snapshot(con, settings, now)
        kept, growth = _kept(con, settings, now)
    backups = [*_copies(settings), *_disk(settings, growth), *_backup(settings, now)]
    return [*found, *kept, *backups, *_messages(settings)]


def page(findings: list[StateFound]) -> str:
    """The findings as text, those that need somebody first."""
    marks = {"wrong": "WRONG", "warn": "warn", "fine": "ok"}
    order = {"wrong": 0, "warn": 1, "fine": 2}
    lines = []
    for one in sorted(findings, key=lambda one: order[one.state]):
        lines.append(f"{marks[one.state]:<6} {one.topic:<11} {one.subject}: {one.finding}")
        if one.remedy:
            lines.append(f"{'':<18} do: {one.remedy}")
    count = {state: sum(one.state == state for one in findings) for state in marks}
    return "\n".join([*lines, f"{count['wrong']} wrong, {count['warn']} to watch, {count['fine']} fine"])


def _versions() -> Iterator[StateFound]:
    told = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    yield StateFound("versions", "fine", f"Python {platform.python_version()}", told)


def _clock(now: datetime) -> Iterator[StateFound]:
    yield StateFound("clock", "fine", shown(now), f"time zone of this machine {time.tzname[0]}; days are UTC")


def _nothing_built(settings: Settings) -> StateFound:
    if settings.serving_db.exists():
        return StateFound(
            "build",
            "wrong",
            str(settings.build_db),
            "is not there, and a snapshot is served: all deliveries are in it",
            "make refresh, which goes on from its copy and the archive",
        )
    return StateFound("build", "warn", str(settings.build_db), "nothing was built yet", "make refresh")


def _locks(settings: Settings) -> Iterator[StateFound]:
    path = settings.build_db.with_name("refresh.lock")
    if not path.exists():
        return
    try:
        with path.open("a") as lock:
            is_free = try_lock(lock)
    except PermissionError:
        remedy = "correct its owner or permissions, or run as the user who has it"
        yield StateFound("lock", "wrong", path.name, f"is of another user, {path.owner()}", remedy)
        return
    if is_free:
        yield StateFound("lock", "fine", path.name, "nobody writes")
    else:
        yield StateFound("lock", "fine", path.name, f"held by {_holders(path)}; a second refresh waits 30 seconds")


def _holders(path: Path) -> str:
    """Processes of this user that have a file open, with their age."""
    import psutil

    found = []
    for process in psutil.process_iter(["pid", "name", "create_time"]):
        try:
            if process.pid != os.getpid() and any(Path(file.path) == path for file in process.open_files()):
                minutes = (time.time() - process.info["create_time"]) / 60
                found.append(f"process {process.pid} ({process.info['name']}, for {minutes:.0f} minutes)")
        except psutil.Error:
            continue
    return ", ".join(found) or "a process of another user or machine"


def _snapshot(con: Connection, settings: Settings, now: datetime) -> Iterator[StateFound]:
    if not settings.serving_db.exists():
        yield StateFound("snapshot", "wrong", str(settings.serving_db), "nothing is served", "make refresh")
        return
    try:
        refuse_if_written(settings.serving_db)
        served = inspect(con, settings.serving_db)
    except (MendError, RetryError) as error:
        yield StateFound("snapshot", "wrong", str(settings.serving_db), str(error), "make rollback, or make refresh")
        return
    versions = ", ".join(map(str, kept_versions(settings)))
    told = f"refreshed at {shown(served.refreshed_at)}; kept: {versions}"
    is_old = now - served.refreshed_at > OLD
    remedy = "nothing, if nothing new came; else make refresh and make daily" if is_old else ""
    yield StateFound("snapshot", "warn" if is_old else "fine", f"version {served.version}", told, remedy)
    if pin_path(settings).exists():
        yield StateFound("snapshot", "warn", "pinned", "no refresh publishes since a rollback", "make unpin")
    link = settings.serving_dir / "page"
    if not link.exists():
        yield StateFound("page", "warn", str(link), "is not there", "make page")
    elif not link.resolve().name.startswith(f"{served.version}-"):
        yield StateFound("page", "warn", link.resolve().name, f"is not of version {served.version}", "make page")


def _kept(con: Connection, settings: Settings, now: datetime) -> tuple[list[StateFound], Growth | None]:
    """What the build database keeps about itself, or the snapshot while a refresh writes."""
    try:
        with _audit(con, settings) as place:
            rows = con.execute(prepared("doctor_findings"), {"now": now.replace(tzinfo=None)}).fetchall()
            ((rate, size, _),) = con.execute(prepared("doctor_growth")).fetchall()
            recovery = unfinished(con) if place == settings.build_db else None
    except (DatabaseError, MendError) as error:
        return [StateFound("build", "wrong", str(settings.build_db), str(error), "docs/operations.md, Backup")], None
    found = [StateFound(*row) for row in rows]
    if recovery:
        remedy = ", then ".join(recovery.needs)
        found.append(StateFound("build", "wrong", f"brought back at {shown(recovery.at)}", recovery.told, remedy))
    if place != settings.build_db:
        found.append(StateFound("build", "fine", str(place), "asked instead of the build database, which is in use"))
    return found, Growth(rate, size) if size else None


@contextmanager
def _audit(con: Connection, settings: Settings) -> Iterator[Path]:
    """The database that is asked, as the one in use: the build database where it is free, else the snapshot."""
    before = str(con.execute("select current_database()").fetchall()[0][0])
    for path in (settings.build_db, settings.serving_db):
        try:
            with attached(con, path, "asked"):
                con.execute("use asked")
                try:
                    yield path
                finally:
                    con.execute(f"use {before}")
                return
        except RetryError:
            continue
    raise MendError("the build database is in use and nothing is served")


def _copies(settings: Settings) -> Iterator[StateFound]:
    """The copy of the build database, the archive, and what was moved aside."""
    from etl.archive.retain import read_leaving

    if (mark := damage_mark(settings)).exists():
        yield StateFound("build", "wrong", mark.name, mark.read_text(errors="replace"), "make refresh, then make daily")
    if (copy := settings.build_copy).exists():
        made = datetime.fromtimestamp(copy.stat().st_mtime, UTC)
        yield StateFound("copy", "fine", copy.name, f"of {shown(made)}; the archive has what was delivered since")
    else:
        yield StateFound("copy", "fine", copy.name, "is not there; the next publication makes it")
    if leaving := read_leaving(settings):
        remedy = "make backup, or a larger WAREHOUSE_ARCHIVE_DAYS"
        yield StateFound("archive", "warn", "retention", leaving.sentence, remedy)
    if asides := sorted((settings.build_db.parent / "aside").glob("*")):
        told = f"{len(asides)} build databases were lost and moved aside, {_used(asides[0].parent) / 1e6:,.1f} MB"
        yield StateFound("aside", "warn", str(asides[0].parent), told, "look at them or not, then remove them")


def _used(folder: Path) -> int:
    """Bytes of all files below a folder; one that goes meanwhile counts nothing."""
    size = 0
    for path in folder.rglob("*"):
        with suppress(OSError):
            found = path.lstat()
            size += found.st_size if stat.S_ISREG(found.st_mode) else 0
    return size


def _disk(settings: Settings, growth: Growth | None) -> Iterator[StateFound]:
    """Whether the disk holds what the next days need: the home grows with its published file."""
    free = shutil.disk_usage(settings.home).free
    used = _used(settings.home)
    if growth is None or growth.bytes_a_day is None:
        told = f"{free / 1e9:,.1f} GB free, the home has {used / 1e9:,.2f} GB; how fast it grows is not known yet"
        state: State = "wrong" if growth and free < 3 * growth.size_bytes else "fine"
    else:
        need = max(0.0, growth.bytes_a_day) * DAYS_AHEAD * used / growth.size_bytes + 3 * growth.size_bytes
        told = (
            f"{free / 1e9:,.1f} GB free, {need / 1e9:,.2f} GB needed for {DAYS_AHEAD} days: the home has "
            f"{used / 1e9:,.2f} GB, its snapshot grows by {growth.bytes_a_day / 1e6:,.2f} MB a day"
        )
        state = "wrong" if free < need / DAYS_AHEAD + 3 * growth.size_bytes else "warn" if free < need else "fine"
    yield StateFound(
        "disk", state, str(settings.home), told, "" if state == "fine" else "free disk space, or a larger disk"
    )


def _backup(settings: Settings, now: datetime) -> Iterator[StateFound]:
    from etl.backup.make import last_backup

    last = last_backup(settings)
    if last is None:
        yield StateFound("backup", "warn", "none", "no backup was made of this home", "make backup TO=... KEY=...")
        return
    is_old = now - last.made_at > BACKUP_OLD
    told = f"the last one is in {last.place}"
    yield StateFound("backup", "warn" if is_old else "fine", shown(last.made_at), told, "make backup" if is_old else "")


def _messages(settings: Settings) -> Iterator[StateFound]:
    from etl.sent import faults_in_addresses, problems_in_sending

    if not settings.notify:
        yield StateFound("messages", "fine", "WAREHOUSE_NOTIFY", "is not set, so that nobody is told of a change")
        return
    faults = faults_in_addresses(settings)
    for fault in faults:
        yield StateFound("messages", "wrong", "address", fault, "correct WAREHOUSE_NOTIFY")
    problems = problems_in_sending(settings)
    for problem in problems:
        yield StateFound("messages", "wrong", "last message", f"was not taken by {problem}", "docs/on-call.md, Alerts")
    if not faults and not problems:
        yield StateFound("messages", "fine", "WAREHOUSE_NOTIFY", "every address took what it was sent last")
