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
from etl.figures.log import ALONE, CONFIRMED, CONTRADICTED, UNLIKELY, Verdict
from tests.support.releases import vocabulary_home

NOW = datetime(2026, 3, 1, tzinfo=UTC)
DOCUMENT = "document_id,kind,published_on,title\nd9,company_release,2026-11-20,A release\n"


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
    buyers = ("annual_active_buyers", "2021-10-01", "2022-09-30")
    assert judged(settings, tmp_path, *buyers, "901300000", "901.3 million").verdict == ALONE
    for value, printed in (("901300000000", "901.3 billion"), ("901300", "901.3 thousand")):
        found = judged(settings, tmp_path, *buyers, value, printed)
        assert found.verdict == UNLIKELY
        assert "times its neighbour obs_" in found.evidence


BUYERS = ("annual_active_buyers", "2019-01-01", "2019-12-31")


@pytest.mark.parametrize(
    ("value", "printed", "verdict", "words"),
    [
        (
            "585200000",
            "585.2 million",
            CONFIRMED,
            "two_documents confirmed: 585,150,000.0 to 585,250,000.0 persons by obs_",
        ),
        ("855200000", "855.2 million", CONTRADICTED, "two_documents contradicted: 585,150,000.0 to"),
        # a mark behind the digits: what the others print is too coarse to prove it
        ("585210000", "585.21 million", ALONE, "two_documents confirmed: 585,150,000.0 to"),
    ],
)
def test_a_figure_is_held_against_other_documents(
    settings: Settings, tmp_path: Path, value: str, printed: str, verdict: str, words: str
) -> None:
    found = judged(settings, tmp_path, *BUYERS, value, printed)
    assert found.verdict == verdict
    assert words in found.evidence


def test_agreement_within_the_document_confirms_nothing(settings: Settings, tmp_path: Path) -> None:
    """A scale that is wrong in a whole table leaves revenue less cost equal to gross profit."""
    (tmp_path / "documents.csv").write_text(DOCUMENT, encoding="utf-8")
    lines = [
        f"pdd,{metric},quarter,2026-07-01,2026-09-30,{value}000000,CNY,exact,{value} million,gaap,d9"
        for metric, value in (("revenue", 110_000), ("cost_of_revenue", 50_000), ("gross_profit", 60_000))
    ]
    head = "platform,metric,period_type,period_start,period_end,value,unit,qualifier,printed_as,basis,document_id"
    (tmp_path / "observations.csv").write_text("\n".join((head, *lines)), encoding="utf-8")
    found = tie_out(settings, (*settings.figures, tmp_path), "d9", NOW)
    assert {one.verdict for one in found.values()} == {ALONE}
    assert all(
        "gross_profit confirmed" in one.evidence and one.evidence.endswith("in this document") for one in found.values()
    )


def test_without_a_snapshot_the_message_says_how_to_make_one(settings: Settings, tmp_path: Path) -> None:
    other = settings.model_copy(update={"home": tmp_path})
    with pytest.raises(MendError, match=r"no published snapshot at .*: run `make refresh` first"):
        tie_out(other, settings.figures, "d9", NOW)
