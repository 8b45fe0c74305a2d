"""`make sql` as a user meets it: DuckDB's own shell in a process of its own, on a published snapshot."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from etl.ask import shell
from etl.config import ROOT, Settings
from etl.warehouse import open_build, open_snapshot
from tests.support.small_warehouse import publish_small_warehouse

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return publish_small_warehouse(tmp_path_factory.mktemp("ho'me \"$x; é 数据"))


def ask(home: Path, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "assets.cli", "sql", *arguments],
        cwd=ROOT,
        env={**os.environ, "WAREHOUSE_HOME": str(home)},
        input=typed,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_query_answers_and_the_shell_ends(settings: Settings) -> None:
    answer = ask(settings.home, "select round(cac, 2) from marts.cac_trend where row_id like 'jd/%net_12m/2016-12-31'")
    assert answer.returncode == 0, answer.stderr
    assert "141.88" in answer.stdout


def test_as_of_macros_resolve(settings: Settings) -> None:
    query = "select round(cac, 2) from marts.cac_trend_as_of(date '2018-01-01') where row_id like 'jd/%net_12m/%'"
    assert "147.67" in ask(settings.home, query).stdout


@pytest.mark.parametrize("query", shell.QUERIES_TO_TRY)
def test_every_query_of_the_banner_runs(settings: Settings, query: str) -> None:
    answer = ask(settings.home, query)
    assert answer.returncode == 0, answer.stderr


def test_the_banner_says_which_snapshot_it_is(settings: Settings) -> None:
    with open_snapshot(settings.serving_db) as con:
        assert shell.banner(con).startswith("Snapshot 1, refreshed at 2026-03-01 12:30 UTC, read-only.")


def test_odd_characters_reach_the_database_as_typed(settings: Settings) -> None:
    text = """it''s "$HOME" `id` $(id) \\ 数据 é;"""
    answer = ask(settings.home, f"-- a remark first\nselect '{text}' as x")
    assert text.replace("''", "'") in answer.stdout


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("create table marts.mine as select 1", "read-only mode"),
        ("update marts.cac_trend set cac = 1", "read-only mode"),
        ("from read_csv('/etc/passwd')", "disabled by configuration"),
        ("copy marts.cac_trend to 'out.csv'", "disabled by configuration"),
        ("attach 'other.duckdb'", "disabled by configuration"),
        ("set enable_external_access = true", "locked"),
        ("set memory_limit = '200GB'", "locked"),
    ],
)
def test_the_shell_reads_this_snapshot_only(settings: Settings, query: str, reason: str) -> None:
    answer = ask(settings.home, query)
    assert answer.returncode != 0
    assert reason in answer.stderr


def test_a_piped_script_ends_at_its_first_error(settings: Settings) -> None:
    answer = ask(settings.home, typed="select 'before';\nselect nonsense;\nselect 'after';\n")
    assert answer.returncode != 0
    assert "before" in answer.stdout
    assert "after" not in answer.stdout


def test_the_shell_answers_while_a_refresh_holds_the_build_database(settings: Settings) -> None:
    with open_build(settings):
        assert ask(settings.home, "select 40 + 2 as x").stdout.count("42") == 1


def test_without_a_snapshot_it_says_what_to_do(tmp_path: Path) -> None:
    answer = ask(tmp_path, "select 1")
    assert answer.returncode == 1
    assert "make refresh" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert not list(tmp_path.iterdir())
