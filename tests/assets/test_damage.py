"""A damaged history of runs is set aside and named, and the warehouse goes on with a new one."""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import dagster as dg
import pytest

import assets.damage
from assets.damage import FILES, damages, set_aside
from assets.instance import prepare_home
from etl.config import load_settings

pytestmark = pytest.mark.slow


def change(statement: str) -> Callable[[Path], None]:
    """A statement in the file."""

    def run(path: Path) -> None:
        with closing(sqlite3.connect(path)) as con, con:
            con.execute(statement)

    return run


def zeros(path: Path) -> None:
    path.write_bytes(bytes(min(path.stat().st_size, 4096)) + path.read_bytes()[4096:])


def torn(path: Path) -> None:
    """The second half is what was there before: the end of a block is missing."""
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2] + b"\xff" * (len(data) - len(data) // 2))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:6000])


DAMAGES: dict[str, tuple[Callable[[Path], None], str]] = {
    "zeros": (zeros, "not a database"),
    "torn": (torn, "malformed|Tree|Page|invalid"),
    "cut": (cut, "malformed|Tree|Page|invalid"),
    "empty": (lambda path: path.write_bytes(b"") and None, "no table"),
    "text": (lambda path: path.write_text("no database") and None, "not a database"),
    "a table is missing": (change("drop table secondary_indexes"), "no table secondary_indexes"),
    "another Dagster": (change("update alembic_version set version_num = 'ffffffffffff'"), "made by another Dagster"),
    "no revision": (change("delete from alembic_version"), "made by another Dagster"),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A history with a run and an event without one. Read only."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("DAGSTER_HOME", "")
        home = prepare_home(load_settings({"WAREHOUSE_HOME": str(folder)}))
        with dg.DagsterInstance.from_config(str(home)) as instance:
            instance.report_runless_asset_event(dg.AssetMaterialization("a"))
            instance.all_instigator_state()
    for name in FILES:
        with closing(sqlite3.connect(home / name)) as con:
            con.execute("pragma wal_checkpoint(truncate)")
    return home


@pytest.fixture
def home(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(assets.damage, "PAUSE", 0)
    return Path(shutil.copytree(made, tmp_path / "dagster"))


def test_a_sound_history_is_left_alone(home: Path) -> None:
    assert all((home / name).exists() for name in FILES)
    assert set_aside(home) == []


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", DAMAGES)
def test_every_damage_is_found_and_the_part_set_aside(home: Path, name: str, damage: str) -> None:
    break_it, said = DAMAGES[damage]
    break_it(home / name)
    for log in (home / name).parent.glob(f"{Path(name).name}-*"):
        log.unlink()
    part, other = ("history", "schedules") if name.startswith("history") else ("schedules", "history")
    (told,) = set_aside(home)
    (aside,) = home.glob(f"{part}.damaged-*")
    assert re.search(said, told) and f"{name}: " in told and str(aside) in told
    assert (aside / Path(name).relative_to(part)).exists()
    assert (home / other).exists(), "only what is damaged goes"
    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert instance.get_runs() == []
        instance.report_runless_asset_event(dg.AssetMaterialization("a"))
        assert instance.all_instigator_state() == []
    assert set_aside(home) == []


def test_a_file_that_may_not_be_written_is_set_aside(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda path, mode: path.name != "index.db")
    (told,) = set_aside(home)
    assert "history/runs/index.db: cannot be read and written" in told


def test_a_file_that_another_process_just_makes_is_left_alone(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = home / "history" / "runs" / "index.db"
    whole = index.read_bytes()
    index.write_bytes(b"")
    assert damages(home, "history")
    monkeypatch.setattr("time.sleep", lambda _: index.write_bytes(whole))
    assert set_aside(home) == []


def test_a_busy_file_is_not_damaged(home: Path) -> None:
    with closing(sqlite3.connect(home / "history" / "runs.db")) as con:
        con.execute("begin exclusive")
        con.execute("delete from runs")
        assert damages(home, "history") == []


def test_only_the_newest_is_kept(home: Path) -> None:
    for _ in range(2):
        zeros(home / "schedules" / "schedules.db")
        told = set_aside(home)
        with dg.DagsterInstance.from_config(str(home)):
            pass
    assert len([*home.glob("schedules.damaged-*")]) == 1
    assert "switch them on again" in told[0], "what is lost is said"
