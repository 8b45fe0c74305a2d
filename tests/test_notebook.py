"""The notebook that ships runs from its first to its last cell, on the few figures of the small warehouse."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbclient
import nbformat
import pytest

from etl.config import ROOT, Settings
from etl.errors import MendError
from etl.frames import documents, read
from tests.support.small_warehouse import publish_small_warehouse

pytestmark = pytest.mark.slow
NOTEBOOK = ROOT / "docs" / "notebook.ipynb"
JD = "jd/whole/cac_net_12m/2016-12-31"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return publish_small_warehouse(tmp_path_factory.mktemp("home"))


def shown(notebook: Any) -> list[str]:
    """What each code cell shows, as text."""
    texts = []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            outputs = (output.get("text") or output.get("data", {}).get("text/plain", "") for output in cell.outputs)
            texts.append("".join(outputs))
    return texts


def test_every_cell_runs_and_shows_what_its_words_say(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAREHOUSE_HOME", str(settings.home))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(ROOT)}}).execute()
    texts = shown(notebook)
    assert "version 1 of 2026-03-01 12:30:00 UTC" in texts[1]
    assert "currency per buyer" in texts[1]
    assert texts[4].splitlines() == [
        "2018-04-26 147.67 CNY known since 2017-03-02",
        "2018-04-27 141.88 CNY known since 2018-04-27",
    ]
    assert "JD annual report 2017" in texts[5]


def test_the_notebook_ships_without_output() -> None:
    cells = [cell for cell in nbformat.read(NOTEBOOK, as_version=4).cells if cell.cell_type == "code"]
    assert all(not cell.outputs and cell.execution_count is None for cell in cells)


def test_documents_are_those_of_the_figures_of_each_row(settings: Settings) -> None:
    """JD 2016: the restated expense of the report of 2017, buyers of the reports of 2016 and 2015."""
    rows = read("marts.cac_trend", snapshot=settings.serving_db)
    found = documents(rows[rows["row_id"] == JD], settings.serving_db)
    assert {tuple(row) for row in found[["observation_id", "printed_as", "title"]].itertuples(index=False)} == {
        ("obs_2016", "226.6 million", "JD annual report 2016"),
        ("obs_2015", "155.0 million", "JD annual report 2015"),
        ("obs_restated", "10,158.7", "JD annual report 2017"),
    }
    assert found["position"].tolist() == [1, 2, 3]
    assert found["row"].unique().tolist() == rows.index[rows["row_id"] == JD].tolist()
    without = rows[rows["input_observation_ids"].map(len) == 0]
    assert documents(without, settings.serving_db).empty


@pytest.mark.parametrize(
    ("source", "day", "reason"),
    [
        ("marts.nothing", None, "no published table marts.nothing"),
        ("core.term", "2018-01-01", "core.term has no rows as of a day"),
        ("select 1", "2018-01-01", "goes with the name of a table"),
        ("marts.cac_trend", "soon", "soon is not a day"),
    ],
)
def test_what_cannot_be_read_is_a_sentence(settings: Settings, source: str, day: str | None, reason: str) -> None:
    with pytest.raises(MendError, match=reason):
        read(source, day, settings.serving_db)


def test_rows_without_figures_have_no_documents(settings: Settings, tmp_path: Path) -> None:
    terms = read("core.term", snapshot=settings.serving_db)
    with pytest.raises(MendError, match="no input_observation_ids"):
        documents(terms, settings.serving_db)
    rows = read("marts.cac_trend", snapshot=settings.serving_db)
    other = publish_small_warehouse(tmp_path, without="obs_2016")
    with pytest.raises(MendError, match="the snapshot has no figure obs_2016"):
        documents(rows, other.serving_db)
