"""Fixings of the European Central Bank: what a row of the file may hold, and how the file is made."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import pytest

from benchmarks.euro_rates import MEMBER, archive, rows
from etl.config import ROOT
from etl.errors import MendError
from tests.support.reference_rows import REFERENCE, only_reject, read_own

FIXINGS = {"currency": "GBP", "month": "2020-02", "fixings": "28=0.8531 29=0.86", "document_id": "doc_shop"}
HISTORY = (
    "Date,USD,JPY,RUB,\n2011-02-01,1.3803,112.5,40.8,\n2011-01-04,1.3400,N/A,N/A,\n2011-01-03,1.3348,108.9,40.7,\n"
    "2010-12-31,1.3362,108.65,40.82,\n"
)


@pytest.mark.parametrize(
    ("change", "column", "reason"),
    [
        ({"currency": "EUR"}, "currency", "no ISO 4217 code of another currency than the euro"),
        ({"currency": "POUND"}, "currency", "no ISO 4217 code"),
        ({"month": "2020-2"}, "fixings", "'2020-2-28' is not a date"),
        ({"month": "2021-02"}, "fixings", "'2021-02-29' is not a date"),
        ({"fixings": ""}, "fixings", "'2020-02-' is not a date"),
        ({"fixings": "28=0.8531  29=0.86"}, "fixings", "is not a date"),
        ({"fixings": "28=0.8531 29="}, "fixings", "'' on 2020-02-29 is no rate"),
        ({"fixings": "28=0.8531 29=N/A"}, "fixings", "'N/A' on 2020-02-29 is no rate"),
        ({"fixings": "28=0.8531 29=0"}, "fixings", "'0' on 2020-02-29 is no rate"),
        ({"fixings": "28=0.8531 28=0.8532"}, "fixings", "a day twice would count twice"),
        ({"fixings": "29=0.86 28=0.8531"}, "fixings", "in the order of the days"),
        ({"document_id": "doc_x"}, "document_id", "stands in no documents.csv"),
    ],
)
def test_fixings_are_checked(tmp_path: Path, change: dict[str, str], column: str, reason: str) -> None:
    assert read_own(tmp_path, euro_rates=[FIXINGS]).rejects == ()
    reject = only_reject(read_own(tmp_path, euro_rates=[{**FIXINGS, **change}]))
    assert reject.column_name == column
    assert reason in reject.reason


def test_a_month_given_twice_is_a_duplicate(tmp_path: Path) -> None:
    again = {**FIXINGS, "fixings": "28=0.9"}
    assert "has the same currency, month as" in only_reject(read_own(tmp_path, euro_rates=[FIXINGS, again])).reason


def test_the_file_is_made_from_the_package(tmp_path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as zipped:
        zipped.writestr("eurofxref-hist.csv", HISTORY)
    package = tmp_path / "package.whl"
    with zipfile.ZipFile(package, "w") as wheel:
        wheel.writestr(MEMBER, inner.getvalue())
    body = archive(package)
    assert body == inner.getvalue()
    made = [row[:3] for row in rows(body, "package", ["RUB", "USD"])]
    # Nothing before 2011, and no fixing where the bank printed none.
    assert made == [
        ("RUB", "2011-01", "03=40.7"),
        ("RUB", "2011-02", "01=40.8"),
        ("USD", "2011-01", "03=1.3348 04=1.3400"),
        ("USD", "2011-02", "01=1.3803"),
    ]
    with pytest.raises(MendError, match="is no eurofxref-hist file"):
        list(rows(b"<html>", "package", ["USD"]))


def test_the_file_in_the_project_has_the_form_of_the_script() -> None:
    with (ROOT / REFERENCE / "euro_rates.csv").open(encoding="utf-8", newline="") as file:
        held = list(csv.DictReader(file))
    assert list(held[0]) == ["currency", "month", "fixings", "document_id"]
    assert [(row["currency"], row["month"]) for row in held] == sorted((row["currency"], row["month"]) for row in held)
    assert {row["document_id"] for row in held} == {"doc_ecb_eurofxref_hist"}
    assert (held[0]["month"], held[-1]["month"], held[-1]["fixings"][-9:]) == ("2011-01", "2026-10", "30=1.1172")
