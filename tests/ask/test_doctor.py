"""`warehouse doctor`: each thing that can be wrong is a finding that names it and what to do."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import namedtuple
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from etl.archive.standing import DAILY, REFRESH, note_recovery
from etl.ask.doctor import StateFound, examine, page
from etl.backup.make import make_backup, remember
from etl.backup.stores import FolderStore
from etl.config import Settings
from etl.publish.files import pin_path
from etl.warehouse import damage_mark, open_build
from tests.support.command import run
from tests.support.publishing import NOW, refresh, settings_in

pytestmark = pytest.mark.slow

LATER = NOW + timedelta(hours=1)
Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home with one publication of NOW and its page."""
    found = settings_in(tmp_path / "home")
    refresh(found, 7)
    (found.serving_dir / "pages" / "1-abc").mkdir(parents=True)
    (found.serving_dir / "page").symlink_to("pages/1-abc")
    return found


def of(findings: list[StateFound], topic: str) -> list[StateFound]:
    return [one for one in findings if one.topic == topic]


def bad(settings: Settings, now: datetime = LATER) -> dict[str, StateFound]:
    """What is not fine, by topic."""
    return {one.topic: one for one in examine(settings, now) if one.state != "fine"}


def write(settings: Settings, statement: str) -> None:
    with open_build(settings) as con:
        con.execute(statement)


def test_a_sound_home_lacks_a_backup_only(settings: Settings, tmp_path: Path) -> None:
    assert set(bad(settings)) == {"backup"}
    store = FolderStore(tmp_path / "place")
    remember(settings, make_backup(settings, store, nullcontext()).manifest, str(store.root))
    now = datetime.now(UTC)
    (backup,) = of(examine(settings, now), "backup")
    assert (backup.state, backup.finding) == ("fine", f"the last one is in {store.root}")
    assert of(examine(settings, now + timedelta(days=8)), "backup")[0].state == "warn"


def test_an_empty_folder_has_nothing_built(tmp_path: Path) -> None:
    (found,) = bad(settings_in(tmp_path)).values()
    assert (found.topic, found.remedy) == ("build", "make refresh")


def test_a_lost_build_database_is_told_before_it_costs_anything(settings: Settings) -> None:
    settings.build_db.unlink()
    assert bad(settings)["build"].state == "wrong"
    assert "all deliveries" in bad(settings)["build"].finding


def test_a_damaged_build_database_is_told(settings: Settings) -> None:
    settings.build_db.write_bytes(b"\0" * 20_000)
    assert bad(settings)["build"].state == "wrong"


def test_a_recovery_names_the_commands_that_it_needs_until_it_is_published(settings: Settings) -> None:
    with open_build(settings) as con:
        note_recovery(con, NOW, "it was lost; LOST: b.csv", reads_again=True)
        con.execute("insert into raw.daily_due values ('core.metric_day', '2026-02-01')")
    found = bad(settings)["build"]
    assert (found.state, found.finding) == ("wrong", "it was lost; LOST: b.csv")
    assert found.remedy == f"{REFRESH}, then {DAILY}"
    write(settings, "update raw.archived set reads_again = false")
    assert bad(settings)["build"].remedy == DAILY
    write(settings, "delete from raw.daily_due")
    assert "build" not in bad(settings)


@pytest.mark.parametrize(
    ("topic", "state", "statement", "told"),
    [
        (
            "source",
            "wrong",
            "insert into audit.source_status by name select 's3' as source, 'stale' as status, 'no route' as reason, "
            "timestamp '2026-02-01' as since",
            "stale since 2026-02-01: no route",
        ),
        (
            "quarantine",
            "warn",
            "insert into audit.quarantine by name select 'inbox' as source, 'a.csv' as file, "
            "timestamp '2026-02-03' as loaded_at from range(3)",
            "3 rows set aside since 2026-02-03",
        ),
        (
            "checks",
            "wrong",
            "insert into audit.expectation_result by name select 'marts.total' as table_name, 'rows' as check_name, "
            "'critical' as severity, false as success, timestamp '2026-02-28' as checked_at, 4 as unexpected_count, "
            "'sums must tie' as why",
            "failed on 2026-02-28, 4 rows: sums must tie",
        ),
        (
            "checks",
            "warn",
            "insert into audit.expectation_result by name select 'marts.total' as table_name, 'dates' as check_name, "
            "'warning' as severity, false as success, timestamp '2026-02-28' as checked_at",
            "failed on 2026-02-28",
        ),
        (
            "source",
            "wrong",
            "insert into audit.source_status by name select 's3' as source, 'stale' as status, "
            "timestamp '2026-02-01' as since",
            "stale since 2026-02-01",
        ),
        (
            "clock",
            "wrong",
            "insert into audit.load by name select 'inbox' as source, timestamp '2026-03-02' as loaded_at",
            "holds 2026-03-02 00:00:00 UTC, which is ahead of this clock",
        ),
    ],
)
def test_what_the_warehouse_keeps_about_itself_is_told(
    settings: Settings, topic: str, state: str, statement: str, told: str
) -> None:
    write(settings, statement)
    found = bad(settings)[topic]
    assert (found.state, found.finding) == (state, told)
    assert found.remedy


def test_a_check_that_held_again_and_a_row_that_was_replaced_are_not_told(settings: Settings) -> None:
    for day, success in (("2026-02-27", "false"), ("2026-02-28", "true")):
        write(
            settings,
            "insert into audit.expectation_result by name select 't' as table_name, 'c' as check_name, "
            f"{success} as success, timestamp '{day}' as checked_at",
        )
    write(
        settings,
        "insert into audit.quarantine by name select 'x' as source, 'a.csv' as file, timestamp '2026-02-03' as "
        "loaded_at, timestamp '2026-02-04' as superseded_at",
    )
    assert set(bad(settings)) == {"backup"}


def test_an_old_snapshot_a_pin_and_another_page_are_told(settings: Settings) -> None:
    assert bad(settings, NOW + timedelta(hours=37))["snapshot"].state == "warn"
    pin_path(settings).write_text("1")
    assert bad(settings)["snapshot"].remedy == "make unpin"
    (settings.serving_dir / "page").unlink()
    assert bad(settings)["page"].remedy == "make page"
    (settings.serving_dir / "page").symlink_to("pages/2-abc")
    (settings.serving_dir / "pages" / "2-abc").mkdir()
    assert bad(settings)["page"].finding == "is not of version 1"


def test_the_disk_is_held_against_what_the_growth_needs(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    size = settings.serving_db.stat().st_size
    write(
        settings,
        "insert into audit.publication by name select 0 as version, timestamp '2026-02-19 12:30:00' as published_at, "
        f"{size // 2} as size_bytes, 'publish' as action",
    )

    def state(free: int) -> str:
        monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, free))
        (found,) = of(examine(settings, LATER), "disk")
        return found.state

    assert state(1000 * size) == "fine"
    assert state(7 * size) == "warn", "ten days brought half a snapshot: thirty need more than that"
    assert state(size) == "wrong", "not even one publication"


def test_a_file_that_goes_while_the_home_is_measured_is_no_fault(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    (settings.home / "going").write_text("x")
    lstat = Path.lstat

    def gone(path: Path) -> os.stat_result:
        if path.name == "going":
            path.unlink(missing_ok=True)
        return lstat(path)

    monkeypatch.setattr(Path, "lstat", gone)
    assert set(bad(settings)) == {"backup"}
    assert not (settings.home / "going").exists()


def test_who_holds_the_lock_is_named_and_the_snapshot_asked(settings: Settings) -> None:
    script = (
        "import fcntl, sys, duckdb; con = duckdb.connect(sys.argv[1]); lock = open(sys.argv[2], 'a'); "
        "fcntl.flock(lock, fcntl.LOCK_EX); print('held', flush=True); sys.stdin.read()"
    )
    lock = settings.build_db.with_name("refresh.lock")
    holder = subprocess.Popen(
        [sys.executable, "-c", script, str(settings.build_db), str(lock)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        findings = examine(settings, LATER)
    finally:
        holder.communicate()
    (held,) = of(findings, "lock")
    assert f"process {holder.pid} " in held.finding
    assert str(os.getpid()) not in held.finding
    assert [one.subject for one in of(findings, "build")] == [str(settings.serving_db)]


def test_the_page_begins_with_what_is_wrong(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    told = page(
        [
            StateFound("a", "fine", "s", "f"),
            StateFound("b", "wrong", "s", "f", "mend"),
            StateFound("c", "warn", "s", "f"),
        ]
    )
    assert told.splitlines() == [
        "WRONG  b           s: f",
        "                   do: mend",
        "warn   c           s: f",
        "ok     a           s: f",
        "1 wrong, 1 to watch, 1 fine",
    ]
    monkeypatch.setenv("WAREHOUSE_HOME", str(settings.home))
    assert run("doctor").exit_code == 0
    settings.serving_db.unlink()
    found = run("doctor")
    assert found.exit_code == 1
    assert "WRONG  snapshot" in found.output


def test_what_was_moved_aside_and_what_leaves_the_archive_is_told(settings: Settings) -> None:
    aside = settings.build_db.parent / "aside" / "20260301T120000Z-1"
    aside.mkdir(parents=True)
    (aside / "warehouse.duckdb").write_bytes(bytes(2_000_000))
    settings.archive_dir.mkdir(exist_ok=True)
    leaving = '{"number": 2, "told_at": "2026-03-01T12:00:00+00:00", "sentence": "deliveries 1 to 2 leave the archive"}'
    (settings.archive_dir / "leaving.json").write_text(leaving)
    assert bad(settings)["aside"].finding == "1 build databases were lost and moved aside, 2.0 MB"
    assert bad(settings)["archive"].finding == "deliveries 1 to 2 leave the archive"
    (settings.archive_dir / "leaving.json").write_text("{")
    assert "archive" not in bad(settings)


def test_damage_that_an_earlier_run_met_is_told(settings: Settings) -> None:
    damage_mark(settings).write_text("Corrupt database file")
    found = bad(settings)["build"]
    assert (found.state, found.finding, found.remedy) == (
        "wrong", "Corrupt database file", "make refresh, then make daily",
    )  # fmt: skip
