"""The command `warehouse`: exit codes, messages without a traceback, and what a command imports."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tomllib
from pathlib import Path

import dagster as dg
import pytest
from sqlalchemy.exc import DatabaseError

from assets import start
from assets.health import HEALTH
from assets.metadata import asset_key
from etl.config import ROOT, load_settings
from tests.support.command import run
from tests.support.lock import held_elsewhere
from tests.support.small_warehouse import publish_small_warehouse

pytestmark = pytest.mark.slow


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the project whose home is its own data folder."""
    for folder in ("sql", "expectations", "data/reference"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    shutil.copy(ROOT / "dagster.yaml", tmp_path)
    for name in ("DAGSTER_HOME", "WAREHOUSE_HOME", "WAREHOUSE_FIGURES", "WAREHOUSE_INBOX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("assets.cli.load_settings", lambda: load_settings({}, tmp_path))
    return tmp_path


@pytest.fixture
def notified(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """The failures that notifications would be about."""
    failures: list[str | None] = []
    monkeypatch.setattr("etl.notify.after_refresh", lambda _, failure, job: failures.append(failure) or "")
    return failures


def test_a_refused_file_is_named_without_a_traceback(
    project: Path, notified: list[str | None], capfd: pytest.CaptureFixture[str]
) -> None:
    (project / "data/reference/claims.csv").write_text("nothing,known\n", encoding="utf-8")
    refused = run("refresh")
    assert refused.exit_code == 1
    (failure,) = notified
    assert failure and "data/reference/claims.csv" in failure
    printed = "".join((refused.output, *capfd.readouterr()))
    assert "Failed     raw.reference_row: data/reference/claims.csv" in printed
    assert "Published  nothing" in printed
    assert "core.claim" in printed.partition("Not run    ")[2]
    with dg.DagsterInstance.from_config(str(project / "data" / "dagster")) as instance:
        (made,) = instance.get_runs()
        assert made.remote_job_origin is not None, "without it the UI leaves the run out of its timeline"
        assert made.remote_job_origin.job_name == "refresh"
        health = instance.get_latest_materialization_event(asset_key(HEALTH))
        assert health and health.asset_materialization, "told after a run that failed, too"
        assert "ended as failure" in str(health.asset_materialization.metadata["to look at"].value)
    assert "Traceback" not in printed
    assert 'File "' not in printed


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("sql/core/party.sql", "select 1"),
        ("expectations/core/party.yaml", "expectations: [{type: expect_nothing_known}]"),
    ],
)
def test_a_broken_file_of_the_project_is_named(project: Path, notified: list[str | None], file: str, text: str) -> None:
    (project / file).write_text(text, encoding="utf-8")
    refused = run("refresh")
    assert refused.exit_code == 1
    (failure,) = notified
    assert failure and Path(file).name in failure
    assert refused.output == f"Nothing was refreshed: {failure}\n"


def test_a_damaged_history_of_runs_is_set_aside_and_the_warehouse_goes_on(
    project: Path, notified: list[str | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The case history_damaged."""
    monkeypatch.setattr("assets.damage.PAUSE", 0)
    history = project / "data/dagster/history"
    history.mkdir(parents=True)
    (history / "runs.db").write_text("no database", encoding="utf-8")
    told = run("daily")
    (aside,) = history.parent.glob("history.damaged-*")
    assert told.stderr.startswith("The history of runs was damaged (history/runs.db: file is not a database)")
    assert str(aside) in told.stderr
    assert "run `make refresh` first" in told.output, "it went on to the next reason"
    assert (aside / "runs.db").read_text(encoding="utf-8") == "no database"


def test_a_history_of_runs_that_cannot_be_used_is_named(
    project: Path, notified: list[str | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> None:
        said = sqlite3.DatabaseError("database disk image is malformed")
        raise DatabaseError("select 1", {}, said) from said

    monkeypatch.setattr("assets.runs.close_dead_runs", broken)
    refused = run("daily")
    assert refused.exit_code == 1
    assert "cannot be used (database disk image is malformed): run the same command again" in refused.stderr
    assert notified == [refused.stderr.removeprefix("Nothing was refreshed: ").rstrip()]


def test_a_folder_of_somebody_else_is_named_with_a_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_: object) -> None:
        raise PermissionError(13, "Permission denied", "/srv/data/build")

    monkeypatch.setattr("etl.publish.snapshots.listing", refused)
    told = run("snapshots", "list")
    assert told.exit_code == 1
    assert told.output == (
        "/srv/data/build is not yours to use (Permission denied): correct its owner or permissions, or name another "
        "folder with WAREHOUSE_HOME\n"
    )


def test_a_refresh_of_a_home_that_cannot_be_written_says_so_in_one_sentence(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o555)
    # Root writes everywhere, unless it gives that up.
    ordinary = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    environment = {**os.environ, "WAREHOUSE_HOME": str(home), "DAGSTER_HOME": ""}
    line = [*ordinary, sys.executable, "-m", "assets.cli", "refresh"]
    done = subprocess.run(line, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr == (
        f"Nothing was refreshed: {home}/dagster is not yours to use (Permission denied): correct its owner or "
        "permissions, or name another folder with WAREHOUSE_HOME\n"
    )
    assert list(home.iterdir()) == []


def test_a_refresh_that_finds_another_one_at_work_has_not_failed(
    project: Path, notified: list[str | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("etl.lock.WAIT_SECONDS", 0.1)
    with held_elsewhere(load_settings({}, project)):
        done = run("refresh")
    assert done.exit_code == 1 and "another refresh is writing" in done.output
    assert notified == []


def test_an_interrupted_refresh_ends_with_130(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise dg.DagsterExecutionInterruptedError

    monkeypatch.setattr("assets.runs.close_dead_runs", interrupt)
    interrupted = run("refresh")
    assert interrupted.exit_code == 130
    assert interrupted.stderr.startswith("Interrupted: readers keep the snapshot they have")


def test_home_is_ready_for_the_ui(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[list[str]] = []
    monkeypatch.setattr("assets.web.become_dev", called.append)
    monkeypatch.setenv("DAGSTER_HOME", "")
    monkeypatch.chdir(ROOT)
    run("dev", "--port", "3001")
    assert called == [["-w", "workspace.yaml", "-h", "127.0.0.1", "-p", "3001"]]
    home = project / "data" / "dagster"
    assert os.environ["DAGSTER_HOME"] == str(home)
    assert (home / "dagster.yaml").read_bytes() == (ROOT / "dagster.yaml").read_bytes()


def test_a_day_that_no_run_can_be_for_is_named(project: Path) -> None:
    refused = run("daily", "2025-02-30")
    assert refused.exit_code == 1
    assert refused.stderr.startswith("Nothing was refreshed: 2025-02-30 is not a day before today")


def test_daily_without_a_registry_says_what_is_needed(project: Path) -> None:
    refused = run("daily")
    assert refused.exit_code == 1
    assert "is not there yet: run `make refresh` first" in refused.output
    assert "Published  nothing" in refused.output
    assert "Traceback" not in refused.output


def test_the_demo_has_a_home_of_its_own_and_none_of_your_sources() -> None:
    code = (
        "import os\n"
        "from assets.cli import warehouse\n"
        "warehouse(['--demo', 'snapshots', 'list'], standalone_mode=False)\n"
        "print(repr(os.environ['SEC_USER_AGENT']))"
    )
    environment = {**os.environ, "SEC_USER_AGENT": "me me@example.org"}
    listed = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, check=True)
    snapshots, agent = listed.stdout.decode().splitlines()[-2:]
    assert "data/demo/serving" in snapshots or "MB" in snapshots
    assert agent == "''"


def test_commands_that_read_import_neither_dagster_nor_great_expectations(tmp_path: Path) -> None:
    publish_small_warehouse(tmp_path)
    code = """
import sys
from click.testing import CliRunner
from unittest import mock
from assets.cli import warehouse
for words in (["sql", "select 1"], ["explain", "obs_restated"], ["snapshots", "list"], ["diff", "1", "1"], ["--help"]):
    with mock.patch("os.execve"):
        print(words, CliRunner().invoke(warehouse, words).exit_code)
print(sorted({name.partition(".")[0] for name in sys.modules} & {"dagster", "great_expectations"}))
"""
    environment = {**os.environ, "WAREHOUSE_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, check=True)
    *commands, imported = done.stdout.decode().splitlines()
    assert [line.rsplit(maxsplit=1)[-1] for line in commands] == ["0"] * 5
    assert imported == "[]"


def test_the_console_script_and_every_verb_of_the_makefile_are_commands() -> None:
    (script,) = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"][
        "script-files"
    ]
    assert Path(script).name == "warehouse"
    assert f"-m {start.__name__} " in (ROOT / script).read_text(encoding="utf-8")
    forwarded = re.findall(r"\$\(WAREHOUSE\) ([a-z]+(?:[ -][a-z]+)*)", (ROOT / "Makefile").read_text(encoding="utf-8"))
    assert len(forwarded) > 10
    for words in forwarded:
        assert run(*words.split(), "--help").exit_code == 0, words


def test_make_sql_hands_on_a_form_only_where_one_is_named() -> None:
    """AS is also a variable of make itself, the assembler."""

    def forwarded(*words: str) -> str:
        command = ["make", "--no-print-directory", "-n", "sql", *words]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert " --" not in forwarded().rpartition("assets.cli sql")[2].replace("--out", "").replace(" -- ", " ")
    assert " --csv " in forwarded("AS=csv")


def test_a_wrong_command_line_exits_with_2() -> None:
    unknown = run("reload")
    assert unknown.exit_code == 2
    assert "No such command 'reload'" in unknown.stderr
