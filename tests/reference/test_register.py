"""Rows beside the figures, what depends on what, duplicates within and across folders, and the folders."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from etl.checks.suite import load_suite
from etl.config import ROOT
from etl.errors import MendError
from etl.reference.read import read
from etl.reference.tables import FILES, TABLES, Table
from tests.support.reference_rows import (
    CLAIM,
    DEAL,
    DOCUMENT,
    EVENT,
    FIGURE,
    LINK,
    PLATFORM,
    PROMOTION,
    REFERENCE,
    only_reject,
    read_own,
    write,
)

# --- Other tables ------------------------------------------------------------------------------------


def test_valid_claims_and_deals_are_accepted(tmp_path: Path) -> None:
    industry = {**CLAIM, "claim_id": "c2", "subject": "industry", "value_to": "", "period_from": ""}
    same_year = {**CLAIM, "claim_id": "c3", "period_from": "2015-06-01", "period_to": "2015"}
    breaks = [
        {
            "platform": "jd",
            "metric": "gmv",
            "from_period_end": "2020-12-31",
            "reason": "x",
            "document_id": "doc_shop",
        }
    ]
    deals = [DEAL, {**DEAL, "partnership_id": "p2", "announced_on": ""}]
    reading = read_own(tmp_path, claims=[CLAIM, industry, same_year], partnerships=deals, definition_breaks=breaks)
    assert reading.rejects == ()


@pytest.mark.parametrize(
    ("table", "row", "column", "reason"),
    [
        ("platforms", {**PLATFORM, "reporting_currency": "RMB"}, "reporting_currency", "no ISO 4217 code"),
        ("platforms", {**PLATFORM, "fiscal_year_end": "31-12"}, "fiscal_year_end", "write MM-DD"),
        ("platforms", {**PLATFORM, "platform": " shop"}, "platform", "has spaces around it"),
        ("parties", {"party": "", "name": "Nobody", "kind": "counterparty"}, "party", "is empty"),
        (
            "metrics",
            {"metric": "m", "label": "M", "unit": "count", "kind": "level"},
            "kind",
            "write one of flow",
        ),
        ("documents", {**DOCUMENT, "document_id": "d2", "kind": "blog"}, "kind", "write one of filing"),
        (
            "documents",
            {**DOCUMENT, "document_id": "d2", "published_on": "2024"},
            "published_on",
            "not a date",
        ),
        ("documents", {**DOCUMENT, "document_id": "d2", "title": ""}, "title", "give one of them"),
        (
            "partnerships",
            {**DEAL, "traffic_partner": "myspace"},
            "traffic_partner",
            "platforms.csv or parties.csv",
        ),
        (
            "partnerships",
            {**DEAL, "ended_on": "2019-12-31"},
            "ended_on",
            "before the deal began (2020-01-01)",
        ),
        ("partnerships", {**DEAL, "announced_on": "May 2020"}, "announced_on", "not a date"),
        (
            "parties",
            {"party": "x", "name": "X", "kind": "y", "measured_in": "jdd"},
            "measured_in",
            "'jdd' stands",
        ),
        ("confounders", {**PROMOTION, "ends_on": "2026-05-31"}, "ends_on", "is before starts_on 2026-06-01"),
        ("confounders", {**PROMOTION, "starts_on": "June"}, "starts_on", "not a date"),
        ("confounders", {**PROMOTION, "source": ""}, "source", "is empty"),
        ("claims", {**CLAIM, "subject": "jd; vipshop"}, "subject", "' vipshop' stands in no"),
        ("claims", {**CLAIM, "subject": "market"}, "subject", "or write industry"),
        ("claims", {**CLAIM, "value_to": "5%"}, "value_to", "not a plain decimal number"),
        ("claims", {**CLAIM, "period_from": "Q1 2015"}, "period_from", "not a date"),
        ("claims", {**CLAIM, "period_from": "2017"}, "period_to", "is before period_from 2017"),
        ("claims", {**CLAIM, "qualifier": "nearly"}, "qualifier", "write one of exact"),
    ],
)
def test_other_invalid_rows_are_quarantined(
    tmp_path: Path, table: str, row: dict[str, str], column: str, reason: str
) -> None:
    rows = [DOCUMENT, row] if table == "documents" else [row]
    reject = only_reject(read_own(tmp_path, **{table: rows}))
    assert reject.column_name == column
    assert reason in reject.reason


@pytest.mark.parametrize(
    ("change", "column", "reason"),
    [
        ({"predecessor_id": "p9"}, "predecessor_id", "'p9' stands in no partnerships.csv"),
        ({"predecessor_id": "p2"}, "predecessor_id", "is the deal itself"),
        ({"relation": "follows"}, "relation", "write one of renews, resumes, extends"),
        ({"document_id": "doc_x"}, "document_id", "stands in no documents.csv"),
    ],
)
def test_links_between_deals_are_checked(tmp_path: Path, change: dict[str, str], column: str, reason: str) -> None:
    deals = [DEAL, {**DEAL, "partnership_id": "p2"}]
    assert read_own(tmp_path, partnerships=deals, partnership_links=[LINK]).rejects == ()
    reject = only_reject(read_own(tmp_path, partnerships=deals, partnership_links=[{**LINK, **change}]))
    assert reject.column_name == column
    assert reason in reject.reason


@pytest.mark.parametrize(
    ("change", "column", "reason"),
    [
        ({"partnership_id": "p9"}, "partnership_id", "'p9' stands in no partnerships.csv"),
        ({"document_id": "doc_x"}, "document_id", "stands in no documents.csv"),
        ({"event": "parted"}, "event", "write one of running, ended, resumed"),
        ({"earliest_on": "November 2021"}, "earliest_on", "not a date"),
        ({"latest_on": "2021-10-31"}, "latest_on", "is before earliest_on 2021-11-01"),
        ({"event": "running", "earliest_on": "", "latest_on": ""}, "earliest_on", "says nothing without a day"),
    ],
)
def test_events_of_deals_are_checked(tmp_path: Path, change: dict[str, str], column: str, reason: str) -> None:
    undated = {**EVENT, "event": "resumed", "earliest_on": "", "latest_on": ""}
    assert read_own(tmp_path, partnerships=[DEAL], partnership_events=[EVENT, undated]).rejects == ()
    reject = only_reject(read_own(tmp_path, partnerships=[DEAL], partnership_events=[{**EVENT, **change}]))
    assert reject.column_name == column
    assert reason in reject.reason


def test_rows_that_depend_on_a_quarantined_row_are_quarantined(tmp_path: Path) -> None:
    reading = read_own(
        tmp_path,
        platforms=[{**PLATFORM, "fiscal_year_end": "never"}],
        documents=[{**DOCUMENT, "kind": "blog"}],
        observations=[FIGURE, {**FIGURE, "platform": "shop"}],
        claims=[CLAIM],
    )
    platform, document, figure, both, claim = reading.rejects
    where = "is itself in quarantine (own/documents.csv line 2: kind 'blog' is not known"
    assert (platform.column_name, document.column_name) == ("fiscal_year_end", "kind")
    assert f"'doc_shop' {where}" in figure.reason
    assert "'shop' is itself in quarantine" in both.reason
    assert where in both.reason
    assert where in claim.reason


# --- Duplicates --------------------------------------------------------------------------------------


def test_the_second_of_two_rows_is_the_duplicate_and_names_the_first(tmp_path: Path) -> None:
    other = {**FIGURE, "value": "1234500001", "printed_as": "RMB1,234,500,001"}
    rows = [
        {**FIGURE, "observation_id": "a", "note": ""},
        {**FIGURE, "observation_id": "a", "note": ""},
        {**FIGURE, "observation_id": "b", "note": "the same figure again"},
        {**other, "observation_id": "a", "note": ""},
        {**other, "observation_id": "c", "note": ""},
    ]
    reading = read_own(tmp_path, observations=rows)
    first = "own/observations.csv line 2"
    identity = "platform, metric, scope, unit, period_start, period_end, document_id, locator, printed_as"
    assert [(r.line, r.column_name, r.reason.partition(first)[0]) for r in reading.rejects] == [
        (3, None, "repeats "),
        (4, None, f"has the same {identity} as "),
        (5, "observation_id", "observation_id 'a' stands in "),
    ]


def test_every_row_of_a_copy_of_the_reference_data_is_a_duplicate(tmp_path: Path) -> None:
    shutil.copytree(ROOT / REFERENCE, tmp_path / "copy")
    reading = read([REFERENCE, tmp_path / "copy"], ROOT)
    assert len(reading.records) == len(reading.rejects) == len(read([REFERENCE], ROOT).records)
    assert all(r.reason.startswith("repeats data/reference/") for r in reading.rejects)


def test_a_repeated_document_can_still_be_cited(tmp_path: Path) -> None:
    first = write(tmp_path / "first", documents=[DOCUMENT])
    second = write(tmp_path / "second", documents=[{**DOCUMENT, "publisher": ""}], observations=[FIGURE])
    reading = read([REFERENCE, first, second], ROOT)
    assert only_reject(reading).reason.startswith("repeats ")
    assert {record.kind for record in reading.records if record.file.startswith(str(second))} == {"observation"}


def test_a_conflicting_document_is_not_replaced_by_its_namesake(tmp_path: Path) -> None:
    first = write(tmp_path / "first", documents=[DOCUMENT], observations=[FIGURE])
    second = write(
        tmp_path / "second",
        documents=[{**DOCUMENT, "title": "Another report"}],
        observations=[{**FIGURE, "metric": "revenue"}],
    )
    document, figure = read([REFERENCE, first, second], ROOT).rejects
    assert document.column_name == "document_id"
    assert "stands in" in document.reason
    assert figure.column_name == "document_id"
    assert "is itself in quarantine" in figure.reason


# --- Folders -----------------------------------------------------------------------------------------


def test_a_folder_named_twice_is_read_once() -> None:
    assert read([REFERENCE, ROOT / REFERENCE], ROOT) == read([REFERENCE], ROOT)


def test_unreadable_folders_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "prices.csv").write_text("a,b\n", encoding="utf-8")
    misspelt = write(tmp_path / "misspelt", documents=[DOCUMENT], observation=[FIGURE])
    leftover = write(tmp_path / "leftover", documents=[DOCUMENT], **{"Documents (1)": [DOCUMENT]})
    for folders, found in (
        ([], "found no folder"),
        ([Path("no/such")], "no/such: found No such file or directory"),
        ([tmp_path / "empty"], "found none of the files"),
        ([misspelt], "found observation.csv"),
        ([leftover], "found Documents (1).csv"),
        ([misspelt / "documents.csv"], "found Not a directory"),
    ):
        with pytest.raises(MendError) as error:
            read(folders, tmp_path)
        assert found in str(error.value)
        assert "; expected a folder with one or more of platforms.csv" in str(error.value)
        assert "; fix: " in str(error.value)


def test_a_wrong_header_stops_the_reading(tmp_path: Path) -> None:
    folder = write(tmp_path, observations=[{**FIGURE, "rounding_halfwidth": "5"}])
    with pytest.raises(MendError, match="remove or rename 'rounding_halfwidth'"):
        read([REFERENCE, folder], ROOT)


# --- The documentation -------------------------------------------------------------------------------

GUIDE = (ROOT / "docs" / "adding-figures.md").read_text(encoding="utf-8")


def test_the_example_of_the_guide_is_accepted(tmp_path: Path) -> None:
    example = GUIDE.partition("```\nfigures/")[2].partition("```")[0]
    for part in f"figures/{example}".strip().split("\n\n"):
        name, _, rows = part.partition("\n")
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(rows, encoding="utf-8")
    reading = read([REFERENCE, tmp_path / "figures"], ROOT)
    assert reading.rejects == ()
    assert [file.rows_read for file in reading.files if "/figures/" in file.file] == [1, 1, 3]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.kind)
def test_the_guide_names_the_columns(table: Table) -> None:
    (row,) = [line for line in GUIDE.splitlines() if line.startswith(f"| {FILES[table.kind]} |")]
    required, optional = re.sub(r"\([^)]*\)|;[^|]*", "", row).split("|")[2:4]
    assert (re.findall(r"\w+", required), re.findall(r"\w+", optional)) == (
        list(table.required),
        list(table.optional),
    )


STUDY = {
    "study_id": "s1",
    "partnership_id": "p1",
    "platform": "jd",
    "metric": "revenue",
    "period": "quarter",
    "reason": "the definition changed before",
}


@pytest.mark.parametrize(
    ("change", "column", "reason"),
    [
        ({"study_id": "p1"}, "study_id", "is the name of a study by rule"),
        ({"study_id": "p1/jd/revenue/quarter"}, "study_id", "without a slash"),
        ({"partnership_id": "p9"}, "partnership_id", "'p9' stands in no partnerships.csv"),
        ({"platform": "pdd"}, "platform", "'pdd' is no partner of the deal; write one of "),
        ({"metric": "revenu"}, "metric", "'revenu' stands in no metrics.csv"),
        ({"period": "week"}, "metric", "write one of orders, new_buyers, gmv"),
        ({"period": "month"}, "period", "write one of quarter, ttm, week"),
        ({"donors": "pdd;nobody"}, "donors", "'nobody' stands in no platforms.csv"),
        ({"event_on": "June"}, "event_on", "not a date"),
        ({"first_on": "2020-01-02", "last_on": "2020-01-01"}, "last_on", "is before first_on 2020-01-02"),
        ({"reason": ""}, "reason", "is empty"),
    ],
)
def test_studies_are_checked(tmp_path: Path, change: dict[str, str], column: str, reason: str) -> None:
    weekly = {**STUDY, "study_id": "s2", "period": "week", "metric": "orders", "donors": "pdd;alibaba"}
    assert read_own(tmp_path, partnerships=[DEAL], studies=[STUDY, weekly]).rejects == ()
    reject = only_reject(read_own(tmp_path, partnerships=[DEAL], studies=[{**STUDY, **change}]))
    assert reject.column_name == column
    assert reason in reject.reason


@pytest.mark.parametrize(
    ("change", "column", "reason"),
    [
        ({"platform": "d99"}, "platform", "'d99' stands in no platforms.csv"),
        ({"metric": "ordrs"}, "metric", "'ordrs' stands in no metrics.csv"),
        ({"ends_on": "2019-12-31"}, "ends_on", "is before starts_on 2020-01-01"),
        ({"document_id": "doc_x"}, "document_id", "stands in no documents.csv"),
    ],
)
def test_exclusions_from_studies_are_checked(tmp_path: Path, change: dict[str, str], column: str, reason: str) -> None:
    row = {
        "platform": "jd",
        "metric": "orders",
        "starts_on": "2020-01-01",
        "ends_on": "",
        "reason": "a strike",
        "document_id": "doc_shop",
    }
    assert read_own(tmp_path, study_exclusions=[row]).rejects == ()
    reject = only_reject(read_own(tmp_path, study_exclusions=[{**row, **change}]))
    assert reject.column_name == column
    assert reason in reject.reason


def test_the_suite_of_reference_rows_knows_every_file() -> None:
    """A kind of row that the suite lacks would stop every refresh of whoever fills its file."""
    suite = load_suite(ROOT / "expectations", "raw.reference_row")
    (kinds,) = (e.kwargs["value_set"] for e in suite.expectations if e.kwargs.get("column") == "kind")
    assert {*kinds} == {table.kind for table in TABLES}
