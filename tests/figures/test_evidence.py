"""The verdict on the figures of a draft, from the models of a refresh with the draft in it."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path

import pytest

from etl.config import Settings
from etl.errors import MendError
from etl.figures.draft import OBSERVATION_COLUMNS
from etl.figures.evidence import tie_out
from etl.figures.log import ALONE, UNLIKELY, Verdict
from tests.support.releases import vocabulary_home

NOW = datetime(2026, 3, 1, tzinfo=UTC)
DOCUMENT = "document_id,kind,published_on,title\nd9,company_release,2026-03-01,A release\n"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return vocabulary_home(tmp_path_factory.mktemp("pdd"), "pdd")


def judged(settings: Settings, folder: Path, metric: str, start: str, end: str, value: str, printed: str) -> Verdict:
    """The verdict on one figure of Pinduoduo in a release."""
    (folder / "documents.csv").write_text(DOCUMENT, encoding="utf-8")
    unit = "persons" if "buyers" in metric else "CNY"
    row = {
        "observation_id": "o9",
        "platform": "pdd",
        "metric": metric,
        "period_type": "ttm" if unit == "persons" else "year" if start[5:7] == "01" and end[5:7] == "12" else "quarter",
        "period_start": start,
        "period_end": end,
        "value": value,
        "unit": unit,
        "qualifier": "exact",
        "printed_as": printed,
        "basis": "operating" if unit == "persons" else "gaap",
        "document_id": "d9",
    }
    with (folder / "observations.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, OBSERVATION_COLUMNS, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerow(row)
    (found,) = tie_out(settings, (*settings.figures, folder), "d9", NOW).values()
    return found


def test_a_figure_that_is_many_times_its_neighbour_is_unlikely(settings: Settings, tmp_path: Path) -> None:
    buyers = ("annual_active_buyers", "2020-10-01", "2021-09-30")
    assert judged(settings, tmp_path, *buyers, "867300000", "867.3 million").verdict == ALONE
    for value, printed in (("867300000000", "867.3 billion"), ("867300", "867.3 thousand")):
        found = judged(settings, tmp_path, *buyers, value, printed)
        assert found.verdict == UNLIKELY
        assert "times its neighbour obs_" in found.evidence


def test_without_a_snapshot_the_message_says_how_to_make_one(settings: Settings, tmp_path: Path) -> None:
    other = settings.model_copy(update={"home": tmp_path})
    with pytest.raises(MendError, match=r"no published snapshot at .*: run `make refresh` first"):
        tie_out(other, settings.figures, "d9", NOW)
