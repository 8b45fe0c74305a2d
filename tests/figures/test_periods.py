"""Periods as printed: found where both days are sure, and nowhere else."""

from __future__ import annotations

from datetime import date

import pytest

from etl.figures.periods import announced, head_period, mentions, read_han

QUARTER = (date(2020, 1, 1), date(2020, 3, 31))
YEAR = (date(2020, 1, 1), date(2020, 12, 31))


def days(text: str, fiscal_year_end: str = "12-31") -> list[tuple[date | None, date] | None]:
    found = mentions(read_han(text), fiscal_year_end)
    return [(one.period.start, one.period.end) if one.period else None for one in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("in the three months ended March 31, 2020", [QUARTER]),
        ("for the quarter ended 31 March 2020", [QUARTER]),
        ("in the twelve-month period ended December 31, 2020", [YEAR]),
        ("for the fiscal year ended December 31, 2020", [YEAR]),
        ("截至2020年3月31日止三个月", [QUARTER]),
        ("截至二零二零年十二月三十一日止年度", [YEAR]),
        ("二〇二〇年", [YEAR]),
        ("2020年第一季度", [QUARTER]),
        ("in the first quarter of 2020", [QUARTER]),
        ("Q1 2020", [QUARTER]),
        ("in the March quarter 2020", [QUARTER]),
        ("in 2020", [YEAR]),
        ("2020年上半年", [(date(2020, 1, 1), date(2020, 6, 30))]),
        ("in the 13 weeks ended August 2, 2020", [(date(2020, 5, 4), date(2020, 8, 2))]),
        ("as of December 31, 2020", [(None, date(2020, 12, 31))]),
        (
            "three months ended March 31, 2020, and in the same period of 2019",
            [QUARTER, (date(2019, 1, 1), date(2019, 3, 31))],
        ),
        ("2020年第一季度,较去年同期", [QUARTER, (date(2019, 1, 1), date(2019, 3, 31))]),
        ("in the same period of 2019", [None]),
        ("in the three months ended March 29, 2020", [None]),
        ("in the quarter", [None]),
        ("on May 3, 2020", [None]),
        ("on February 30, 2020", [None]),
        ("585.2 million, 2,020 cities, 2020.5 points", []),
    ],
)
def test_a_text_names_its_periods(text: str, expected: list[tuple[date | None, date] | None]) -> None:
    assert days(text) == expected


@pytest.mark.parametrize("text", ["in 2020", "in the first quarter of 2020", "FY2020", "first half of 2020"])
def test_the_name_of_a_fiscal_period_is_not_sure(text: str) -> None:
    assert days(text, "03-31") == [None]


@pytest.mark.parametrize(
    ("heads", "captions", "expected"),
    [
        (("Three Months Ended", "March 31,", "2020", "RMB"), (), QUARTER),
        (("截至3月31日止三个月", "2020年"), (), QUARTER),
        (("2020",), ("Results for the year ended December 31, 2019 and 2020",), YEAR),
        (("2020",), ("Three months ended March 31, 2019 and 2020",), QUARTER),
        (("2020", "RMB"), ("Selected data",), YEAR),
        (("2020",), ("Quarterly data",), None),
        (("Three Months Ended March 31, 2019", "2020"), (), None),
        (("Three months ended March 31", "Six months ended June 30", "2020"), (), None),
        (("Twelve months ended", "2020"), (), None),
        ((), ("Year ended December 31, 2020",), YEAR),
        ((), (), None),
    ],
)
def test_the_heads_of_a_column_name_its_period(
    heads: tuple[str, ...], captions: tuple[str, ...], expected: tuple[date, date] | None
) -> None:
    period, reason = head_period(heads, captions, "12-31")
    assert (period and (period.start, period.end)) == expected
    assert bool(reason) is (expected is None)


def test_a_document_announces_its_quarter_and_year() -> None:
    both = "Pinduoduo today announced its results for the fourth quarter and fiscal year ended December 31, 2020."
    found = announced(["An older text about 2018.", both], "12-31")
    assert {months: (period.start, period.end) for months, period in found.items()} == {
        3: (date(2020, 10, 1), date(2020, 12, 31)),
        12: YEAR,
    }
    other = both.replace("2020", "2019")
    assert announced([both, other], "12-31") == {}
    (year, quarter) = mentions("in the year and in the quarter", "12-31", found)
    assert (year.period, quarter.period) == (found[12], found[3])


def test_a_long_text_above_a_table_does_not_head_it() -> None:
    text = "In the three months ended March 31, 2020 we grew. " * 4
    assert head_period(("2020",), (text,), "12-31")[0] is None
