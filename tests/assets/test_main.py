"""The command line behind `make refresh`: exit codes, and errors that are no traceback."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import assets.cli
from etl.config import ROOT, load_settings


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the project whose home is its own data folder."""
    for folder in ("sql", "expectations", "data/reference"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    shutil.copy(ROOT / "dagster.yaml", tmp_path)
    for name in ("DAGSTER_HOME", "WAREHOUSE_HOME", "WAREHOUSE_FIGURES", "WAREHOUSE_INBOX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(assets.cli, "load_settings", lambda: load_settings({}, tmp_path))
    return tmp_path


def test_a_refused_file_is_told_without_a_traceback(
    project: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    told: list[str | None] = []
    monkeypatch.setattr(assets.cli, "after_refresh", lambda _, failure: told.append(failure) or "")
    (project / "data/reference/claims.csv").write_text("nothing,known\n", encoding="utf-8")
    assert assets.cli.main([]) == 1
    (failure,) = told
    assert failure and "data/reference/claims.csv" in failure
    printed = "".join(capfd.readouterr())
    assert "Failed     raw.published_row: data/reference/claims.csv" in printed
    assert "Published  nothing" in printed
    assert "Not run    core.claim" in printed
    assert "Traceback" not in printed
    assert 'File "' not in printed


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("sql/core/party.sql", "select 1"),
        ("expectations/core/party.yaml", "expectations: [{type: expect_nothing_known}]"),
    ],
)
def test_a_broken_file_of_the_project_is_named(
    project: Path, capfd: pytest.CaptureFixture[str], file: str, text: str
) -> None:
    (project / file).write_text(text, encoding="utf-8")
    assert assets.cli.main([]) == 1
    printed = "".join(capfd.readouterr())
    assert printed.startswith("Nothing was refreshed: ")
    assert Path(file).name in printed
    assert "Traceback" not in printed


def test_a_refresh_that_does_not_even_start_is_told(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told: list[str | None] = []
    monkeypatch.setattr(assets.cli, "after_refresh", lambda _, failure: told.append(failure))
    (project / "sql/core/party.sql").write_text("select 1", encoding="utf-8")
    assert assets.cli.main([]) == 1
    (failure,) = told
    assert failure and "party.sql" in failure
    assert failure in capsys.readouterr().err


def test_home_is_ready_for_the_ui(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert assets.cli.main(["home"]) == 0
    home = Path(capsys.readouterr().out.strip())
    assert (home / "dagster.yaml").read_bytes() == (ROOT / "dagster.yaml").read_bytes()


def test_a_day_that_no_run_can_be_for_is_named(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert assets.cli.main(["daily", "2025-02-30"]) == 1
    printed = "".join(capfd.readouterr())
    assert printed.startswith("Nothing was refreshed: 2025-02-30 is no day from 2015-01-01 to ")


def test_daily_without_a_registry_says_what_is_needed(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert assets.cli.main(["daily"]) == 1
    printed = "".join(capfd.readouterr())
    assert "is not there yet: run `make refresh` first" in printed
    assert "Published  nothing" in printed
    assert "Traceback" not in printed
