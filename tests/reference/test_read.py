"""The strict reading of published figures: the reference set whole, each faulty figure in quarantine."""

from __future__ import annotations

import csv
import hashlib
import shutil
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import pytest

from etl.config import ROOT
from etl.reference.read import read
from tests.support.reference_rows import (
    DOCUMENT,
    FIGURE,
    PLATFORM,
    REFERENCE,
    only_reject,
    read_own,
    records_of,
    write,
)

# --- The reference data ------------------------------------------------------------------------------


def test_the_reference_data_is_read_completely() -> None:
    reading = read([REFERENCE], ROOT)
    assert reading.rejects == ()
    held = {
        path.name: list(csv.DictReader(path.open(encoding="utf-8", newline="")))
        for path in ROOT.glob("data/reference/*.csv")
    }
    assert {Path(file.file).name: file.rows_read for file in reading.files} == {n: len(r) for n, r in held.items()}
    assert [record.fields for record in reading.records if record.kind == "observation"] == held["observations.csv"]
    observations = ROOT / REFERENCE / "observations.csv"
    hashes = {file.file: file.content_hash for file in reading.files}
    assert hashes["data/reference/observations.csv"] == hashlib.sha256(observations.read_bytes()).hexdigest()


def test_half_widths_follow_the_printed_digits() -> None:
    by_id = {r.reading["observation_id"]: r for r in read([REFERENCE], ROOT).records if r.kind == "observation"}
    assert len(by_id) == sum(r.kind == "observation" for r in read([REFERENCE], ROOT).records)
    assert by_id["obs_1426673f99"].reading["rounding_half_width"] == "500000"
    assert by_id["obs_58509ddaf8"].reading["rounding_half_width"] == "500000"  # RMB 7 trillion 494,000 million
    assert by_id["obs_9b071b26dc"].reading["rounding_half_width"] == "50000000"  # 2兆4440億元
    others = {len(r.reading) for r in read([REFERENCE], ROOT).records if r.kind != "observation"}
    assert others == {0}


def test_each_reference_figure_ten_times_off_is_quarantined(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(ROOT / REFERENCE, tmp_path / "reference"))
    rows = list(csv.DictReader((folder / "observations.csv").open(encoding="utf-8", newline="")))
    write(folder, observations=[{**row, "value": f"{Decimal(row['value']) * 10:f}"} for row in rows])
    reading = read([folder], ROOT)
    assert Counter(reject.column_name for reject in reading.rejects) == {"value": len(rows)}


# --- A folder beside it ------------------------------------------------------------------------------


def test_one_more_platform_needs_no_code(tmp_path: Path) -> None:
    reading = read_own(tmp_path, platforms=[PLATFORM], observations=[{**FIGURE, "platform": "shop"}])
    assert reading.rejects == ()
    figure = records_of(reading, "own")[-1]
    identity = "shop|sm_expense||CNY|2023-01-01|2023-12-31|doc_shop||RMB1,234.5 million"
    assert figure.reading == {
        "observation_id": "obs_" + hashlib.sha256(identity.encode()).hexdigest()[:16],
        "rounding_half_width": "50000",
    }
    assert figure.fields == {**FIGURE, "platform": "shop"}
    assert (figure.file, figure.line) == ("own/observations.csv", 2)


def test_a_party_may_become_a_platform(tmp_path: Path) -> None:
    vipshop = {**PLATFORM, "platform": "vipshop"}
    reading = read_own(tmp_path, platforms=[vipshop], observations=[{**FIGURE, "platform": "vipshop"}])
    assert reading.rejects == ()


@pytest.mark.parametrize(
    "change",
    [
        {"unit": "USD", "printed_as": "US$1.2345 billion"},
        {"period_type": "point", "period_start": ""},
        {"rounding_half_width": "5000000"},  # wider than printed: the author's caution
        {"qualifier": "at_least", "rounding_half_width": "1"},
        {"qualifier": "about", "value": "1230000000", "printed_as": "about 1,230 million"},
        {"printed_as": "-1234500 (RMB thousand)"},  # an expense printed negative
        {"printed_as": "as stated", "rounding_half_width": "0"},
        {"observation_id": "my-1", "scope": "core", "locator": "page 3", "note": "two\nlines"},
    ],
)
def test_valid_observations_are_accepted(tmp_path: Path, change: Mapping[str, str]) -> None:
    reading = read_own(tmp_path, observations=[{**FIGURE, **change}])
    assert reading.rejects == ()
    assert records_of(reading, "own")[-1].kind == "observation"


@pytest.mark.parametrize(
    ("change", "column", "reason"),
    [
        ({"platform": "vipshop"}, "platform", "'vipshop' stands in no platforms.csv; add it there or correct it"),
        ({"metric": "gmw"}, "metric", "'gmw' stands in no metrics.csv; add it there or correct it"),
        ({"document_id": "doc_x"}, "document_id", "'doc_x' stands in no documents.csv"),
        ({"document_id": ""}, "document_id", "'' stands in no documents.csv"),
        ({"unit": "RMB"}, "unit", "write CNY, or the same in another ISO 4217 currency"),
        ({"unit": "persons"}, "unit", "'persons' is not a unit of sm_expense"),
        ({"period_type": "month"}, "period_type", "write one of year, ttm, quarter, point, other"),
        ({"period_type": "quarter"}, "period_type", "quarter covers 84 to 98 days, these dates 365"),
        ({"period_end": "2023-02-30"}, "period_end", "'2023-02-30' is not a date; write YYYY-MM-DD"),
        ({"period_end": "31/12/2023"}, "period_end", "is not a date"),
        ({"period_start": "20230101"}, "period_start", "is not a date"),
        ({"period_end": "2022-12-31"}, "period_end", "2022-12-31 is before period_start 2023-01-01"),
        ({"period_start": ""}, "period_start", "is empty, which only a point may be"),
        ({"period_type": "point"}, "period_start", "is filled, but a point has none"),
        ({"value": "1,234,500,000"}, "value", "is not a plain decimal number"),
        ({"value": "1.2345e9"}, "value", "is not a plain decimal number"),
        ({"value": ""}, "value", "'' is not a plain decimal number"),
        ({"value": "NaN"}, "value", "is not a plain decimal number"),
        ({"value": "١٢"}, "value", "is not a plain decimal number"),
        (
            {"value": "1.0000001", "printed_as": "n/a"},
            "value",
            "has more than 22 digits before or 6 digits after",
        ),
        ({"value": "1" * 23, "printed_as": "n/a"}, "value", "has more than 22 digits before"),
        (
            {"value": "9" * 22, "printed_as": "", "rounding_half_width": "1"},
            "value",
            "reaches more than 22 digits",
        ),
        ({"rounding_half_width": "-1"}, "rounding_half_width", "-1 is negative"),
        ({"rounding_half_width": "NaN"}, "rounding_half_width", "'NaN' is not a plain decimal number"),
        ({"rounding_half_width": "49999"}, "rounding_half_width", "49999 is finer than"),
        (
            {
                "qualifier": "about",
                "value": "570000000",
                "printed_as": "around 570 million",
                "rounding_half_width": "500000",
            },
            "rounding_half_width",
            "500000 is finer than 'around 570 million' can be where it is only about right; write 5000000 or leave",
        ),
        (
            {"qualifier": "about", "rounding_half_width": "49999"},
            "rounding_half_width",
            "write 50000 or leave it empty",
        ),
        (
            {"printed_as": "over a billion", "value": "1000000000"},
            "rounding_half_width",
            "has no digits to give it",
        ),
        ({"printed_as": ""}, "rounding_half_width", "is empty and '' has no digits"),
        ({"qualifier": "roughly"}, "qualifier", "write one of exact, about, at_least, at_most"),
        ({"basis": "hgb"}, "basis", "write one of gaap, ifrs, non_gaap, operating, press"),
        ({"scope": " core"}, "scope", "has spaces around it"),
        ({"value": "12345000000"}, "value", "which reads 1234500000 CNY; correct what is wrong"),
        ({"value": "1243500000"}, "value", "contradicted by its printed form 'RMB1,234.5 million'"),
        ({"printed_as": "RMB1,234.5 billion"}, "value", "which reads 1234500000000 CNY"),
        ({"printed_as": "US$1,234.5 million"}, "value", "which reads 1234500000 USD"),
        ({"metric": "gross_profit", "printed_as": "-1,234.5 million"}, "value", "which reads -1234500000"),
    ],
)
def test_invalid_observations_are_quarantined(
    tmp_path: Path, change: Mapping[str, str], column: str, reason: str
) -> None:
    good = {**FIGURE, "metric": "revenue"}
    reading = read_own(tmp_path, observations=[good, {**FIGURE, **change}, {**good, "scope": "x"}])
    reject = only_reject(reading)
    assert (reject.file, reject.line, reject.column_name) == (
        "own/observations.csv",
        3,
        column,
    )
    assert reject.reason.startswith(f"{column} ")
    assert reason in reject.reason
    assert len(records_of(reading, "own")) == 3


@pytest.mark.parametrize(
    ("url", "is_local"),
    [
        ("https://example.com/a_2022.zip:/tmp/x/xbrl/R4.htm", True),
        ("https://example.com/a.zip:/xbrl/R4.htm", True),
        ("file:///data/report.pdf", True),
        ("/srv/report.pdf", True),
        (r"D:\report.pdf", True),
        ("https://example.com/a_2022.zip", False),
        ("https://example.com:8443/a.pdf?from=https://b.example", False),
        ("https://web.archive.org/web/2020/https:/example.com/a", False),
        ("", False),
    ],
)
def test_an_address_with_a_path_of_one_machine_is_set_aside(tmp_path: Path, url: str, is_local: bool) -> None:
    rejects = read_own(tmp_path, documents=[{**DOCUMENT, "url": url}], observations=[FIGURE]).rejects
    assert [r.column_name for r in rejects if r.column_name == "url"] == ["url"] * is_local


@pytest.mark.parametrize(
    ("value", "printed", "half_width"),
    [
        ("570000000", "around 570 million", "5000000"),  # the zero is no measured digit
        ("300000000", "around 300 million", "50000000"),
        ("424500000000", "RMB 424.50 billion", "5000000"),  # after a point it is one
        ("1310000000", "approximately 1.31 billion", "5000000"),
        ("205000000", "200-210 million", "5000000"),  # a range states its own
        ("2444000000000", "2兆4440億元", "500000000"),
        ("0", "about 0", "0.5"),
    ],
)
def test_zeros_at_the_end_of_a_number_that_is_about_right_are_not_measured(
    tmp_path: Path, value: str, printed: str, half_width: str
) -> None:
    figure = {**FIGURE, "qualifier": "about", "value": value, "printed_as": printed}
    assert records_of(read_own(tmp_path, observations=[figure]), "own")[-1].reading["rounding_half_width"] == half_width


def test_a_half_width_is_never_rounded_to_zero(tmp_path: Path) -> None:
    reading = read_own(tmp_path, observations=[{**FIGURE, "value": "0.000002", "printed_as": "0.000002"}])
    assert records_of(reading, "own")[-1].reading["rounding_half_width"] == "0.000001"


def test_a_reject_names_everything_that_is_wrong(tmp_path: Path) -> None:
    bad = {**FIGURE, "platform": "x", "basis": "y", "value": "z"}
    reason = only_reject(read_own(tmp_path, observations=[bad])).reason
    assert [part.split()[0] for part in reason.split("; ") if part.split()[0] in bad] == [
        "platform",
        "basis",
        "value",
    ]


def test_a_faulty_record_is_rejected_with_its_text(tmp_path: Path) -> None:
    folder = write(tmp_path, documents=[DOCUMENT], observations=[FIGURE])
    with (folder / "observations.csv").open("ab") as file:
        file.write(b'jd,"open\njd,\xff\n')
    rejects = read([REFERENCE, folder], ROOT).rejects
    assert [(r.line, r.column_name, r.raw_text) for r in rejects] == [(3, None, 'jd,"open'), (4, None, "jd,\\xff")]
