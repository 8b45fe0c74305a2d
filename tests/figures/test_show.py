"""The commands on drafts: what a person sees, and exit codes without a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from etl.config import Settings
from etl.reference.load import load_reference
from etl.warehouse import memory
from tests.figures.test_draft import NOW
from tests.support.command import run
from tests.support.releases import vocabulary_home, write_release

pytestmark = pytest.mark.slow


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    made = vocabulary_home(tmp_path, "pdd")
    monkeypatch.setenv("WAREHOUSE_HOME", str(made.home))
    monkeypatch.setenv("WAREHOUSE_FIGURES", str(made.figures[0]))
    return made


def test_a_release_is_proposed_and_accepted(settings: Settings, tmp_path: Path) -> None:
    file = write_release("pdd_2020_quarter.txt", tmp_path)
    shown = run("figures", "propose", str(file), "--published", "2020-05-22")
    assert shown.exit_code == 0
    lines = shown.output.splitlines()
    assert lines[0].split() == ["metric", "scope", "period", "printed", "value", "verdict", "evidence", "where"]
    buyers = next(line for line in lines if "628.1 million" in line)
    assert "annual_active_buyers" in buyers and "2019-04-01 to 2020-03-31" in buyers and "confirmed" in buyers
    assert "628100000 persons" in buyers and "paragraph 4, sentence 1" in buyers
    assert any(line.startswith("not placed: 42%  annual_active_buyers  a percentage") for line in lines)
    assert "new figures (" in lines[-2] and "in already" in lines[-2]
    name = lines[-1].rpartition(" ")[2]
    assert lines[-1] == f"Look through {settings.drafts / name}, then: warehouse figures accept {name}"

    accepted = run("figures", "accept", name, "--checked", "compared with the release")
    assert (accepted.exit_code, accepted.output.partition(" figures accepted")[0].isdecimal()) == (0, True)
    listed = run("figures", "list")
    assert listed.output.startswith("20") and f"accepted  {name}" in listed.output
    assert "compared with the release" in listed.output
    con = memory()
    loaded = load_reference(con, settings, NOW)
    assert loaded.rows_quarantined == 0
    query = "select count(*) from raw.reference_row where fields['document_id'] = ? and kind = 'observation'"
    document = listed.output.split()[3]
    assert con.execute(query, [document]).fetchall() == [(int(accepted.output.split()[0]),)]
    again = run("figures", "propose", str(file))
    assert "0 new figures (none)" in again.output.splitlines()[-1]


def test_a_refusal_needs_a_draft_and_a_reason(settings: Settings, tmp_path: Path) -> None:
    file = write_release("pdd_2020_quarter.txt", tmp_path)
    name = run("figures", "propose", str(file)).output.rpartition(" ")[2].strip()
    assert (run("figures", "refuse", name).exit_code, run("figures", "refuse", name, " ").exit_code) == (2, 1)
    assert run("figures", "refuse", name, "not the company's own page").output.endswith("figures refused\n")
    again = run("figures", "propose", str(file))
    assert again.exit_code == 1
    assert "was refused on" in again.output and "not the company's own page" in again.output
    assert settings.accepted.exists() is False


def test_a_file_that_is_not_there_is_a_message(settings: Settings, tmp_path: Path) -> None:
    shown = run("figures", "propose", str(tmp_path / "none.html"))
    assert (shown.exit_code, "cannot be read" in shown.output) == (1, True)
    assert not settings.drafts.exists()
