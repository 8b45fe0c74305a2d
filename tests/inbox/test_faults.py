"""A kill at any moment and a full disk: no row lost, none doubled, and the next run goes on."""

from __future__ import annotations

import gzip
import multiprocessing
import os
import resource
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from etl.inbox.load import load_inbox, waiting
from etl.warehouse import open_build
from tests.support.inbox_files import DAILY, NOW, daily, registry
from tests.support.publishing import settings_in

pytestmark = pytest.mark.slow

# The server of children imports all this once and never opens DuckDB, so a fork of it is cheap and clean.
CHILDREN = multiprocessing.get_context("forkserver")
CHILDREN.set_forkserver_preload(["tests.support.inbox_files", "tests.support.publishing", "tests.inbox.test_faults"])
KILLS = 50


def silent(sentence: str) -> None:
    """Take progress and say nothing."""


def state(home: Path) -> list[Any]:
    """Everything that a load leaves, but for the times."""
    with open_build(settings_in(home)) as con:
        return [
            con.execute(f"select {columns} from {table} order by all").fetchall()
            for table, columns in {
                "core.platform_metric_daily": "* exclude loaded_at",
                "raw.platform_metric_daily_history": "* exclude (loaded_at, superseded_at)",
                "audit.load": "* exclude (loaded_at, superseded_at), superseded_at is null",
                "audit.quarantine": "* exclude (loaded_at, superseded_at), superseded_at is null",
            }.items()
        ]


def load_and_die(home: str, after: float, answer: Any) -> None:
    """Load what waits, and die by SIGKILL after some seconds; without them answer with how long it took."""
    if after:
        threading.Timer(after, os.kill, (os.getpid(), signal.SIGKILL)).start()
    started = time.monotonic()
    with open_build(settings_in(Path(home))) as con:
        load_inbox(con, settings_in(Path(home)), datetime.now(UTC), progress=silent)
    answer.put(time.monotonic() - started)
    if after:
        os.kill(os.getpid(), signal.SIGKILL)


def in_child(home: Path, after: float) -> float | None:
    """How long a load in a process of its own took; None when it was killed in the middle."""
    answer = CHILDREN.SimpleQueue()
    child = CHILDREN.Process(target=load_and_die, args=(str(home), after, answer))
    child.start()
    child.join(60)
    assert child.exitcode == (-signal.SIGKILL if after else 0)
    return None if answer.empty() else answer.get()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Three files that replace rows of each other, with rows to be set aside, and one to be refused."""
    home = tmp_path / "home"
    inbox = settings_in(home).inbox
    inbox.mkdir(parents=True)
    with open_build(settings_in(home)) as con:
        registry(con)
    for number in range(3):
        lines = [daily(1 + row % 100, f"c{row // 100}", gmv=f"{number}.50") for row in range(number, 400)]
        lines[number * 7] = lines[number * 7].replace("pdd", "nobody")
        lines[number * 9 + 1] = lines[number * 9 + 1].replace("c0", '"c0') if number % 2 else daily(200)
        (inbox / f"{number}.csv").write_text("\n".join([DAILY, *lines, ""]), encoding="utf-8")
    (inbox / "7.csv").write_text("no,contract\n1,2\n", encoding="utf-8")
    return home


def test_fifty_kills_lose_no_row_and_double_none(home: Path, tmp_path: Path) -> None:
    clean = tmp_path / "clean"
    shutil.copytree(home, clean)
    seconds = in_child(clean, 0)
    assert seconds
    wanted = state(clean)
    assert [len(rows) > 0 for rows in wanted] == [True] * 4
    killed = 0
    for number in range(KILLS):
        copy = tmp_path / "copy"
        shutil.copytree(home, copy)
        killed += in_child(copy, seconds * (number + 0.5) / KILLS) is None
        with open_build(settings_in(copy)) as con:
            load_inbox(con, settings_in(copy), NOW, progress=silent)
        assert state(copy) == wanted, f"after kill {number}"
        assert not (settings_in(copy).build_db.parent / "inbox").exists()
        shutil.rmtree(copy)
    assert killed >= KILLS // 2, "most loads had ended before they were killed"


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[tuple[Path, int | None]]:
    """A home on a disk of 16 MB; where mounting is not allowed, any home and a limit on a file's size."""
    disk = tmp_path / "disk"
    disk.mkdir()
    size = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", disk]
    if subprocess.run(size, check=False).returncode == 0:
        yield disk / "home", None
        subprocess.run(["umount", disk], check=True)
    else:
        yield disk / "home", 1_500_000


def load_too_much(home: str, limit: int | None, answer: Any) -> None:
    """Load what there is no room for; answer with the error."""
    if limit is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        with open_build(settings_in(Path(home))) as con:
            load_inbox(con, settings_in(Path(home)), NOW, progress=silent)
        answer.put("loaded")
    except Exception as error:
        answer.put(f"{type(error).__name__}: {error}")


@pytest.mark.parametrize("is_gzip", [False, True])
def test_a_full_disk_is_reported_and_the_next_run_completes(full_disk: tuple[Path, int | None], is_gzip: bool) -> None:
    home, limit = full_disk
    settings = settings_in(home)
    settings.inbox.mkdir(parents=True)
    with open_build(settings) as con:
        registry(con)
        (settings.inbox / "a.csv").write_text(f"{DAILY}\n{daily(1)}\n", encoding="utf-8")
        load_inbox(con, settings, NOW, progress=silent)
    answer = CHILDREN.SimpleQueue()
    lines = "\n".join([DAILY, *(daily(1 + n % 28, os.urandom(40).hex()) for n in range(20_000)), ""])
    content = gzip.compress(lines.encode(), 1) if is_gzip else lines.encode()
    (settings.inbox / "b").write_bytes(content)
    if limit is None:
        room = os.statvfs(home).f_bavail * os.statvfs(home).f_frsize
        (home / "ballast").write_bytes(bytes(room - 600_000))
    child = CHILDREN.Process(target=load_too_much, args=(str(home), limit, answer))
    child.start()
    child.join(60)
    assert not answer.empty(), child.exitcode
    message = answer.get()
    assert message.startswith("MendError: b: no room to load it"), message
    (home / "ballast").unlink(missing_ok=True)
    with open_build(settings) as con:
        assert con.execute("select count(*) from core.platform_metric_daily").fetchall() == [(1,)]
        assert [path.name for path in waiting(con, settings)] == ["b"]
        (load,) = load_inbox(con, settings, NOW, progress=silent)
        assert (load.status, load.rows_loaded) == ("loaded", 20_000)
