"""Whatever goes wrong while publishing, readers keep the last snapshot and the next refresh publishes."""

from __future__ import annotations

import multiprocessing
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from multiprocessing.synchronize import Event
from pathlib import Path
from types import FrameType, SimpleNamespace
from typing import Any

import pytest

from etl.config import Settings
from etl.errors import MendError, RetryError
from etl.publish import files as serving_module
from etl.publish import publication as publish_module
from etl.publish import snapshots as snapshots_module
from etl.publish.files import UPCOMING, kept_versions, read_contents, upcoming_path
from etl.publish.publication import publish
from etl.publish.snapshots import rollback
from etl.warehouse import create_database, open_build, open_snapshot
from tests.support.publishing import NOW, fill, leftovers, refresh, served, settings_in

pytestmark = pytest.mark.slow

# The server of children imports all this once and never opens DuckDB, so a fork of it is cheap and clean.
CHILDREN = multiprocessing.get_context("forkserver")
CHILDREN.set_forkserver_preload(["tests.support.publishing", "tests.publish.test_faults", "etl.publish.snapshots"])


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = settings_in(tmp_path / "home")
    refresh(settings, 1)
    return settings


def assert_untouched(settings: Settings) -> None:
    assert served(settings.serving_db) == (1, 1)
    assert leftovers(settings) == []
    assert kept_versions(settings) == [1]


def test_a_write_ahead_log_beside_the_target_is_refused_until_it_is_gone(settings: Settings) -> None:
    wal = settings.serving_dir / "warehouse.duckdb.wal"
    wal.write_bytes(b"")
    before = settings.serving_db.stat().st_ino
    with pytest.raises(MendError, match=r"warehouse\.duckdb\.wal shows that someone opened"):
        refresh(settings, 2)
    assert settings.serving_db.stat().st_ino == before
    assert wal.exists(), "it is not ours to delete"
    wal.unlink()
    assert_untouched(settings)
    assert refresh(settings, 2).version == 2


def test_a_real_write_ahead_log_of_a_killed_writer_is_refused(settings: Settings) -> None:
    writer = "import os, sys; from etl.warehouse import create_database; from pathlib import Path; "
    writer += "con = create_database(Path(sys.argv[1])); con.execute('create table core.mine as select 1'); "
    writer += "os._exit(0)"
    subprocess.run([sys.executable, "-c", writer, settings.serving_db], check=True, cwd=settings.root)
    wal = settings.serving_dir / "warehouse.duckdb.wal"
    assert wal.stat().st_size > 0
    for attempt in (lambda: refresh(settings, 2), lambda: rollback(settings, 1)):
        with pytest.raises(MendError, match="opened the published file to write"):
            attempt()
    wal.unlink()
    assert_untouched(settings)
    assert refresh(settings, 2).version == 2


def test_leftovers_of_a_killed_publication_are_not_published(settings: Settings) -> None:
    other = create_database(upcoming_path(settings))
    other.execute("create schema core; create table core.stale as select 1 as one")
    other.close()
    # A log that would be replayed into a file of that name: one table that must never be served.
    writer = "import os, sys; from etl.warehouse import create_database; from pathlib import Path; "
    writer += "con = create_database(Path(sys.argv[1])); con.execute('create table core.ghost as select 1'); "
    writer += "os._exit(0)"
    subprocess.run([sys.executable, "-c", writer, upcoming_path(settings)], check=True, cwd=settings.root)
    assert leftovers(settings) == [UPCOMING, f"{UPCOMING}.wal"]
    second = refresh(settings, 2)
    assert second.version == 2
    assert not {"core.stale", "core.ghost"} & second.tables.keys()
    assert served(settings.serving_db) == (2, 2)
    assert leftovers(settings) == []


def hold_to_write(path: str, ready: Event, stop: Event) -> None:
    con = create_database(Path(path))
    con.execute("select 1")
    ready.set()
    stop.wait(60)
    con.close()


def test_a_target_open_to_write_in_another_process_is_refused(settings: Settings) -> None:
    ready, stop = CHILDREN.Event(), CHILDREN.Event()
    writer = CHILDREN.Process(target=hold_to_write, args=(str(settings.serving_db), ready, stop))
    writer.start()
    assert ready.wait(60)
    before = settings.serving_db.stat().st_ino
    try:
        for attempt in (lambda: refresh(settings, 2), lambda: rollback(settings, 1)):
            with pytest.raises(RetryError, match=rf"open to write in another program.*{writer.pid}"):
                attempt()
        assert settings.serving_db.stat().st_ino == before
        assert not (settings.serving_dir / "PINNED").exists()
    finally:
        stop.set()
        writer.join(10)
    assert_untouched(settings)
    assert refresh(settings, 2).version == 2


def test_a_target_open_to_write_in_this_process_is_refused(settings: Settings) -> None:
    con = create_database(settings.serving_db)
    with pytest.raises(RetryError, match="open to write"):
        refresh(settings, 2)
    con.close()
    assert_untouched(settings)


def hold_build(home: str, ready: Event, stop: Event) -> None:
    with open_build(settings_in(Path(home))):
        ready.set()
        stop.wait(60)


def test_neither_rollback_nor_a_second_refresh_interrupts_a_refresh(settings: Settings) -> None:
    ready, stop = CHILDREN.Event(), CHILDREN.Event()
    other = CHILDREN.Process(target=hold_build, args=(str(settings.home), ready, stop))
    other.start()
    assert ready.wait(60)
    try:
        for attempt in (lambda: refresh(settings, 2), lambda: rollback(settings, 1)):
            with pytest.raises(RetryError, match=f"{other.pid}"):
                attempt()
    finally:
        stop.set()
        other.join(10)
    assert_untouched(settings)


def room(free: int) -> Callable[[Path], SimpleNamespace]:
    return lambda path: SimpleNamespace(free=free)


def test_too_little_disk_space_is_reported_before_anything_is_written(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_build(settings) as con:
        fill(con, 2)
        monkeypatch.setattr(shutil, "disk_usage", room(1_500_000))
        monkeypatch.setattr(publish_module, "_write", lambda *arguments: pytest.fail("it wrote"))
        with pytest.raises(MendError, match=r"needs [\d.]+ MB of free disk in .*serving, where 1\.5 MB"):
            publish(con, settings, now=NOW)
    assert_untouched(settings)


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[tuple[Path, int | None]]:
    """A home on a disk of 12 MB; where mounting is not allowed, any home and a limit on file sizes."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", disk]
    if subprocess.run(mount, check=False).returncode == 0:
        yield disk / "home", None
        subprocess.run(["umount", disk], check=True)
    else:
        yield disk / "home", 1_500_000


def publish_too_much(home: str, limit: int | None, answer: Any) -> None:
    """Publish more than there is room for, with the check of headroom fooled; answer with the error."""
    settings = settings_in(Path(home))
    shutil.disk_usage = room(10**12)
    with open_build(settings) as con:
        fill(con, 2)
        con.execute("create table core.bulk as select uuid()::varchar as one from range(70000)")  # 2.5 MB
        con.execute("checkpoint")
        if limit is not None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        else:
            free = os.statvfs(home).f_bavail * os.statvfs(home).f_frsize
            (Path(home) / "ballast").write_bytes(bytes(free - 1_500_000))
        try:
            publish(con, settings, now=NOW)
            answer.put("published")
        except MendError as error:
            answer.put(str(error))


def test_a_full_disk_in_the_middle_leaves_the_last_snapshot(full_disk: tuple[Path, int | None]) -> None:
    home, limit = full_disk
    settings = settings_in(home)
    refresh(settings, 1)
    answer = CHILDREN.Queue()
    child = CHILDREN.Process(target=publish_too_much, args=(str(home), limit, answer))
    child.start()
    message = answer.get(timeout=60)
    child.join(10)
    assert message.startswith("publishing failed, readers keep what is served at"), message
    assert "No space left on device" in message or "File too large" in message
    assert_untouched(settings)
    (home / "ballast").unlink(missing_ok=True)
    with open_build(settings) as con:
        con.execute("drop table core.bulk")
    assert refresh(settings, 2).version == 2
    assert served(settings.serving_db) == (2, 2)


STEPS = tuple(str(module.__file__) for module in (publish_module, serving_module, snapshots_module))


def publish_built(home: str) -> None:
    """Publish what stands in the build database."""
    with open_build(settings_in(Path(home))) as con:
        publish(con, settings_in(Path(home)), now=NOW)


def go_back(home: str) -> None:
    """Roll back to version 3."""
    rollback(settings_in(Path(home)), 3)


def on_disk(home: Path) -> list[tuple[str, int, int, int, int]]:
    """Say what a kill would leave: names, sizes, times, links and modes of all files."""
    stats = ((str(path), path.stat()) for path in home.rglob("*"))
    return sorted((name, st.st_size, st.st_mtime_ns, st.st_nlink, st.st_mode) for name, st in stats)


def run_until(home: str, action: Callable[[str], None], killed_at: int, answer: Any) -> None:
    """Run, and die by SIGKILL before the `killed_at`-th new line of the modules that touch the disk.

    With 0 it lives, and answers with the lines before which the disk was another than before.
    """
    passed: set[tuple[str, int]] = set()
    states = []

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        line = (frame.f_code.co_filename, frame.f_lineno)
        if line[0] not in STEPS:
            return None
        if line not in passed:
            passed.add(line)
            if len(passed) == killed_at:
                os.kill(os.getpid(), signal.SIGKILL)
            if not killed_at:
                states.append(on_disk(Path(home)))
        return trace

    sys.settrace(trace)
    action(home)
    sys.settrace(None)
    answer.put([n for n in range(1, len(states) + 1) if n == 1 or states[n - 1] != states[n - 2]])


def aftermath(home: str, action: Callable[[str], None], answer: Any) -> None:
    """Answer with what readers see after a kill, and with all that stands there after a second try."""
    settings = settings_in(Path(home))
    seen = served(settings.serving_db)
    action(home)
    with open_build(settings) as con:
        # Distinct: two tries of a rollback are two rows.
        recorded = con.execute(
            "select distinct version, action, fingerprint from audit.publication order by all"
        ).fetchall()
    with open_snapshot(settings.serving_db) as con:
        end = [read_contents(con), con.execute("select fingerprint from meta.publication").fetchall()]
    newest = served(settings.snapshots_dir / f"{kept_versions(settings)[-1]}.duckdb")
    files = sorted(
        (str(path.relative_to(home)), path.stat().st_mode, path.stat().st_nlink)
        for path in settings.serving_dir.rglob("*")
        if path.is_file()
    )
    answer.put((seen, [served(settings.serving_db), *end, recorded, newest, files]))


def in_child(target: Callable[..., None], *arguments: object) -> tuple[Any, int | None]:
    """Run in a process of its own: its answer (None when it died) and its exit code."""
    answer = CHILDREN.SimpleQueue()
    child = CHILDREN.Process(target=target, args=(*arguments, answer))
    child.start()
    child.join(60)
    return (None if answer.empty() else answer.get()), child.exitcode


@pytest.fixture(scope="module")
def five_published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five versions, so that the sixth, which is built, will push the first out."""
    home = tmp_path_factory.mktemp("five") / "home"
    for number in range(1, 6):
        refresh(settings_in(home), number)
    with open_build(settings_in(home)) as con:
        fill(con, 6)
    return home


@pytest.mark.parametrize(("action", "version"), [(publish_built, 6), (go_back, 3)], ids=["publish", "rollback"])
def test_a_kill_at_any_step_leaves_a_whole_snapshot_and_a_second_try_ends_as_if_it_were_the_first(
    five_published: Path, tmp_path: Path, action: Callable[[str], None], version: int
) -> None:
    def run_in_copy(killed_at: int) -> tuple[Any, int | None, Any, Any]:
        home = tmp_path / f"killed-{killed_at}"
        subprocess.run(["cp", "-a", five_published, home], check=True)  # -a keeps hard links
        steps, code = in_child(run_until, str(home), action, killed_at)
        (seen, end), _ = in_child(aftermath, str(home), action)
        shutil.rmtree(home)
        return steps, code, seen, end

    steps, code, seen, clean = run_in_copy(0)
    assert code == 0
    assert seen == clean[0] == (version, version)
    seen_after_kill = []
    for step in steps:
        _, code, seen, end = run_in_copy(step)
        assert code == -signal.SIGKILL
        seen_after_kill.append(seen)
        assert end == clean, f"after a kill before line {step}"
    # Up to the rename readers see the fifth, then the new one; and both happened more than once.
    renamed = seen_after_kill.index((version, version))
    assert seen_after_kill == [(5, 5)] * renamed + [(version, version)] * (len(steps) - renamed)
    assert renamed >= 3
    assert len(steps) - renamed >= 2


def test_a_kill_in_the_middle_of_the_copy_leaves_a_whole_snapshot(settings: Settings) -> None:
    with open_build(settings) as con:
        fill(con, 2, rows=250_000)
    answer = CHILDREN.SimpleQueue()
    child = CHILDREN.Process(target=run_until, args=(str(settings.home), publish_built, -1, answer))
    child.start()
    while not upcoming_path(settings).exists() or upcoming_path(settings).stat().st_size < 300_000:
        assert child.is_alive(), "it had finished before it could be killed"
        time.sleep(0.001)
    assert child.pid
    os.kill(child.pid, signal.SIGKILL)
    child.join(60)
    assert child.exitcode == -signal.SIGKILL
    assert leftovers(settings), "the kill came too late to leave anything behind"
    assert served(settings.serving_db) == (1, 1)
    with open_build(settings) as con:
        assert publish(con, settings, now=NOW).version == 2
    assert served(settings.serving_db) == (2, 2)
    assert leftovers(settings) == []
