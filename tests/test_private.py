"""Who may open what is in a home: the snapshot is for readers, all else for its owner."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from etl.config import ROOT, load_settings
from etl.publish.publication import publish
from etl.warehouse import open_build
from tests.support.publishing import NOW

CODE = """
import os, sys
from assets import cli

cli.warehouse = lambda **_: print(oct(os.umask(0)))
cli.main()
"""


def mode(path: Path) -> str:
    return oct(path.stat().st_mode & 0o777)


@pytest.fixture(autouse=True)
def narrow() -> object:
    """As in a refresh, files are made for their owner."""
    before = os.umask(0o077)
    yield
    os.umask(before)


def test_build_and_inbox_are_their_owners_and_the_snapshot_is_for_readers(tmp_path: Path) -> None:
    settings = load_settings({"WAREHOUSE_HOME": str(tmp_path / "home")})
    with open_build(settings) as con:
        publish(con, settings, now=NOW)
    assert [mode(path) for path in (settings.build_db.parent, settings.inbox)] == ["0o700"] * 2
    assert mode(settings.build_db) == "0o600"
    assert [mode(path) for path in (settings.home, settings.serving_dir, settings.snapshots_dir)] == ["0o755"] * 3
    assert [mode(path) for path in settings.serving_dir.rglob("*.duckdb")] == ["0o444"] * 2


def test_folders_of_an_earlier_version_are_closed_and_an_inbox_elsewhere_is_left(tmp_path: Path) -> None:
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    for folder in (home / "build", elsewhere):
        folder.mkdir(parents=True)
        folder.chmod(0o775)
    home.chmod(0o775)
    with open_build(load_settings({"WAREHOUSE_HOME": str(home), "WAREHOUSE_INBOX": str(elsewhere)})):
        assert [mode(path) for path in (home, home / "build", elsewhere)] == ["0o775", "0o700", "0o775"]


@pytest.mark.parametrize(
    ("words", "umask"),
    [("refresh", "0o77"), ("--demo daily", "0o77"), ("sql select", "0o22"), ("figures list", "0o22")],
)
def test_commands_that_write_into_the_home_make_files_for_their_owner(words: str, umask: str) -> None:
    os.umask(0o022)
    command = [sys.executable, "-c", CODE, *words.split()]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == umask
