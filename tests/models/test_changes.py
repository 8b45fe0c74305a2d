"""`pytest --fast` runs the cases of the models that changed and of those that read them."""

from __future__ import annotations

from pathlib import Path

import pytest

from etl.config import ROOT
from tests.support import changes

CASES = ROOT / "tests" / "models"


def models_to_run(monkeypatch: pytest.MonkeyPatch, *changed: str) -> set[str]:
    """The models whose cases run after these files changed."""
    monkeypatch.setattr(changes, "changed_files", lambda: {ROOT / name for name in changed})
    return {".".join(case.relative_to(CASES).parts[:2]) for case in changes.changed_cases()}


def test_a_changed_model_runs_with_its_readers(monkeypatch: pytest.MonkeyPatch) -> None:
    found = models_to_run(monkeypatch, "sql/steps/cac_ratio.sql")
    assert {"steps.cac_ratio", "marts.cac_trend"} <= found
    assert not found & {"core.observation", "steps.net_adds", "marts.peer_rank"}


def test_a_changed_macro_runs_with_all_that_read_it_through_other_macros(monkeypatch: pytest.MonkeyPatch) -> None:
    found = models_to_run(monkeypatch, "sql/macros/core/observation_known.sql")
    assert {"core.observation_latest", "steps.spend_window"} <= found
    assert "marts.partnership_league" not in found


def test_a_changed_scalar_macro_runs_every_case(monkeypatch: pytest.MonkeyPatch) -> None:
    every = {".".join(path.relative_to(CASES).parts[:2]) for path in CASES.glob("*/*/*/")}
    assert models_to_run(monkeypatch, "sql/macros/ratio.sql") == every


def test_a_changed_case_runs_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    case = next((CASES / "marts" / "cac_trend").glob("*/expected.csv"))
    monkeypatch.setattr(changes, "changed_files", lambda: {case, ROOT / "README.md", ROOT / "etl" / "build.py"})
    assert changes.changed_cases() == {case.parent}


def test_without_changes_no_case_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    assert models_to_run(monkeypatch) == set()


def test_changed_files_are_paths_of_the_project() -> None:
    assert all(path.is_relative_to(ROOT) and ".git" not in Path(path).parts for path in changes.changed_files())
