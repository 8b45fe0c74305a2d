"""The commands: contracts of a published home are written, compared and kept from breaking silently."""

from __future__ import annotations

from pathlib import Path

import pytest

from etl.config import Settings
from tests.support.command import run
from tests.support.small_warehouse import publish_small_warehouse

pytestmark = pytest.mark.slow
COUNTED = "128 published tables and 10 kinds of delivery in"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The home of a published warehouse. Read only."""
    return publish_small_warehouse(tmp_path_factory.mktemp("odcs"))


@pytest.fixture
def folder(home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the contracts of that home, which the commands are about."""
    monkeypatch.setattr("assets.cli.load_settings", lambda: home)
    written = run("contract", "export", str(tmp_path / "kept"))
    assert written.exit_code == 0
    assert COUNTED in written.output
    return tmp_path / "kept"


def test_contracts_are_written_twice_alike_and_nothing_changed(folder: Path) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert run("contract", "export", str(folder)).exit_code == 0
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    compared = run("contract", "compare", str(folder))
    assert (compared.exit_code, compared.output) == (0, "nothing changed\n")


def test_a_snapshot_that_breaks_a_contract_is_told_and_the_contract_kept(folder: Path) -> None:
    path = folder / "marts.cac_trend.odcs.yaml"
    path.write_text(path.read_text().replace("physicalType: DOUBLE", "physicalType: DECIMAL(28,4)", 1))
    held = path.read_bytes()
    compared = run("contract", "compare", str(folder))
    assert compared.exit_code == 1
    assert "BREAKS marts.cac_trend.cac: was DECIMAL(28,4) and is DOUBLE\n1 changes break, 0 do not" in compared.output
    written = run("contract", "export", str(folder))
    assert written.exit_code == 1
    assert "raise the version in pyproject.toml" in written.output
    assert path.read_bytes() == held
    assert run("contract", "export", "--replace", str(folder)).exit_code == 0
    assert path.read_bytes() != held


def test_a_contract_of_somebody_else_is_never_removed(folder: Path, tmp_path: Path) -> None:
    (folder / "partner.odcs.yaml").write_text("mine")
    refused = run("contract", "export", "--replace", str(folder))
    assert refused.exit_code == 1 and "holds partner.odcs.yaml, which is no contract that was written" in refused.output
    assert (folder / "partner.odcs.yaml").read_text() == "mine"
    (tmp_path / "file").write_text("x")
    for to in (tmp_path / "file" / "x", Path("/sys/x")):
        told = run("contract", "export", str(to))
        assert told.exit_code == 1 and told.output.startswith(f"{to} cannot be written (")


def test_two_folders_are_compared_without_a_snapshot(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "less").mkdir()
    for path in folder.iterdir():
        if path.name != "marts.coverage.odcs.yaml":
            (tmp_path / "less" / path.name).write_bytes(path.read_bytes())
    gone = run("contract", "compare", str(folder), str(tmp_path / "less"))
    assert (gone.exit_code, gone.output) == (1, "BREAKS marts.coverage: is gone\n1 changes break, 0 do not\n")
    assert run("contract", "compare", str(tmp_path / "less"), str(folder)).exit_code == 0


def test_by_default_they_are_in_the_home(folder: Path, home: Settings) -> None:
    del folder  # only what the commands are about
    assert f"{COUNTED} {home.home / 'contracts'}" in run("contract", "export").output
    assert len(list((home.home / "contracts").iterdir())) == 138
