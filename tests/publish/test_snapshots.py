"""Going back: in one step, to a snapshot that is whole, and for as long as it is pinned."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from etl.config import Settings
from etl.errors import MendError
from etl.publish.files import kept_versions, pin_path, snapshot_path
from etl.publish.snapshots import list_snapshots, rollback, served_snapshot, unpin
from etl.warehouse import open_build
from tests.support.command import run
from tests.support.publishing import NOW, leftovers, refresh, served, settings_in

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three published versions; the number in each is ten times its version."""
    home = tmp_path_factory.mktemp("published") / "home"
    for number in (10, 20, 30):
        refresh(settings_in(home), number)
    return home


@pytest.fixture
def settings(published: Path, tmp_path: Path) -> Settings:
    subprocess.run(["cp", "-a", published, tmp_path / "home"], check=True)  # -a keeps hard links
    return settings_in(tmp_path / "home")


def actions(settings: Settings) -> list[tuple[int, str]]:
    with open_build(settings) as con:
        return con.execute("select version, action from audit.publication order by rowid").fetchall()


def test_rollback_serves_the_previous_snapshot_and_says_so(settings: Settings) -> None:
    done = rollback(settings)
    assert (done.version, done.replaced) == (2, 3)
    assert done.message.startswith("serving version 2 of 2026-03-01 12:30:00 UTC instead of version 3; pinned")
    assert "fingerprint" not in done.message
    assert served(settings.serving_db) == (2, 20)
    assert kept_versions(settings) == [1, 2, 3]
    assert leftovers(settings) == []
    assert actions(settings) == [(1, "publish"), (2, "publish"), (3, "publish"), (2, "rollback")]


def test_repeated_rollbacks_go_further_back_until_there_is_no_more(settings: Settings) -> None:
    rollback(settings)
    assert rollback(settings).version == 1
    with pytest.raises(MendError, match=r"no earlier snapshot .* kept versions: 1, 2, 3"):
        rollback(settings)
    assert served(settings.serving_db) == (1, 10)


def test_rollback_to_a_named_version_works_forward_too(settings: Settings) -> None:
    rollback(settings, 1)
    assert rollback(settings, 3).replaced == 1
    assert served(settings.serving_db) == (3, 30)
    with pytest.raises(MendError, match="no snapshot 9"):
        rollback(settings, 9)


def test_rollback_to_what_is_served_only_pins_it(settings: Settings) -> None:
    before = settings.serving_db.stat().st_ino
    assert rollback(settings, 3).version == 3
    assert settings.serving_db.stat().st_ino == before
    assert pin_path(settings).exists()
    assert leftovers(settings) == []


def test_a_refresh_does_not_undo_a_rollback_until_it_is_unpinned(settings: Settings) -> None:
    rollback(settings)
    for number in (30, 40):
        publication = refresh(settings, number)
        assert not publication.published
        assert publication.version == 2
        assert publication.reason.startswith("pinned to version 2 by ")
        assert "make unpin" in publication.reason
    assert served(settings.serving_db) == (2, 20)
    assert unpin(settings).startswith("no longer pinned to version 2 by ")
    assert unpin(settings) == "nothing is pinned"
    assert refresh(settings, 40).version == 4
    assert served(settings.serving_db) == (4, 40)


def test_a_pin_without_a_served_file_is_an_error_that_rollback_repairs(settings: Settings) -> None:
    rollback(settings)
    settings.serving_db.unlink()
    with pytest.raises(MendError, match=r"PINNED pins a snapshot, but nothing is served"):
        refresh(settings, 40)
    assert rollback(settings, 2).replaced is None
    assert served(settings.serving_db) == (2, 20)


def test_rollback_works_when_the_served_file_and_the_build_database_are_lost(settings: Settings) -> None:
    settings.serving_db.unlink()
    settings.serving_db.write_bytes(b"rubbish")
    settings.build_db.write_bytes(b"rubbish" * 10_000)
    done = rollback(settings, 2)
    assert "not recorded" in done.message
    assert served(settings.serving_db) == (2, 20)


def test_a_damaged_snapshot_is_not_served(settings: Settings) -> None:
    path = snapshot_path(settings, 2)
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content[:12_288] + bytes(len(content) - 12_288))
    with pytest.raises(MendError, match=r"2\.duckdb is damaged|2\.duckdb cannot be opened"):
        rollback(settings)
    assert served(settings.serving_db) == (3, 30)
    assert not pin_path(settings).exists()
    assert [snapshot.version for snapshot in list_snapshots(settings)] == [3, 1]
    assert rollback(settings, 1).version == 1


def test_an_altered_snapshot_is_reported(settings: Settings) -> None:
    path = snapshot_path(settings, 2)
    path.chmod(0o644)
    with open_build(settings) as con:
        con.execute(f"attach '{path}' as w")
        con.execute("update w.marts.total set total = 1")
        con.execute("detach w")
    assert "its fingerprint is not that of its publication" in rollback(settings).message


def test_a_write_ahead_log_beside_file_or_snapshot_stops_a_rollback(settings: Settings) -> None:
    for path in (settings.serving_db, snapshot_path(settings, 2)):
        wal = path.with_name(path.name + ".wal")
        wal.write_bytes(b"")
        with pytest.raises(MendError, match="opened the published file to write"):
            rollback(settings)
        wal.unlink()
    assert served(settings.serving_db) == (3, 30)
    assert not pin_path(settings).exists()


def test_the_list_has_the_newest_first(settings: Settings) -> None:
    found = list_snapshots(settings)
    assert [snapshot.version for snapshot in found] == [3, 2, 1]
    assert all(snapshot.refreshed_at == NOW for snapshot in found)
    now_served = served_snapshot(settings)
    assert now_served is not None
    assert now_served.fingerprint == found[0].fingerprint != found[1].fingerprint


def test_the_commands_list_roll_back_and_unpin(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAREHOUSE_HOME", str(settings.home))
    back = run("snapshots", "rollback")
    assert "serving version 2" in back.stdout, "also where these few tables make no page"
    assert back.exit_code == 1
    assert "the page was not made" in back.stderr
    lines = run("snapshots", "list").stdout.splitlines()
    assert [line.split()[:2] for line in lines[:3]] == [["3", "2026-03-01"], ["*", "2"], ["1", "2026-03-01"]]
    assert lines[3].startswith("pinned to version 2 by ")
    unknown = run("snapshots", "rollback", "8")
    assert unknown.exit_code == 1
    assert "no snapshot 8" in unknown.stderr
    assert run("snapshots", "unpin").exit_code == 0
    assert not pin_path(settings).exists()


def test_the_commands_on_an_empty_home_say_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAREHOUSE_HOME", str(tmp_path / "new"))
    listed, back = run("snapshots", "list"), run("snapshots", "rollback")
    assert listed.exit_code == 0
    assert "no snapshots" in listed.stdout
    assert back.exit_code == 1
    assert "kept versions: none" in back.stderr
