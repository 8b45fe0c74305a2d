"""The queries of docs/questions.md give the numbers that the page says in words."""

from __future__ import annotations

import re

import pytest

from etl.config import ROOT
from etl.warehouse import Connection

PAGE = (ROOT / "docs" / "questions.md").read_text(encoding="utf-8")
# What the first row of an answer holds, and what further rows of it do.
ANSWERS = {
    1: (["601.03", "592.44", "609.86", "CNY", "None"], []),
    2: (["FY2019", "None", "missing_buyers_start"], []),
    3: (["76.99"], ["181.72", "601.03", "308.66, 325.43, 'bounds_only'", "252.61, 'bounds_only'", "368.98, 'None'"]),
    4: (["202.73", "557.93", "2.75", "1.09", "0.4", "net_adds_fell"], []),
    5: (
        ["2020-05-27", "does_not_hold", "145.0, 155.0", "163.01, 162.92, 163.11"],
        ["None', 'holds'", "'cac_pooled_3y', 150.5,"],
    ),
    6: (["single_unit_only", "2018 Q3, 2018 Q4"], []),
    7: (["wechat", "2014-03-10", "2025-09-30", "4222, False, True"], ["'kuaishou', 'pdd', '2019-06-17'", "2022-02-24"]),
    8: (["2015-12-31"], ["sm_expense", "2018-04-27', 147.67, 141.88"]),
    9: (
        ["alibaba", "2019-03-31', 390.0, 384.34, 395.83"],
        ["163.01, 162.92, 163.11, '2020-04-24'", "'jd', '', '2016-12-31', 141.88"],
    ),
    10: (["china_retail_marketplaces', '2020-04-01', '2021-03-31', 'None', '85000000"], []),
}  # fmt: skip


def questions() -> dict[int, tuple[str, str]]:
    """The answer in words and the query of each question."""
    parts = re.findall(r"^\*\*(\d+)\. .*?\*\*\n(.*?)\n\n```sql\n(.*?);\n```", PAGE, re.MULTILINE | re.DOTALL)
    return {int(number): (words, query) for number, words, query in parts}


def test_every_question_has_its_query() -> None:
    assert list(questions()) == list(ANSWERS) == list(range(1, PAGE.count("\n**") + 1))


@pytest.mark.parametrize("number", ANSWERS)
def test_the_query_gives_the_answer(warehouse: Connection, number: int) -> None:
    rows = [str([value if isinstance(value, int | float) else str(value) for value in row]) for row in
            warehouse.execute(questions()[number][1]).fetchall()]  # fmt: skip
    first, others = ANSWERS[number]
    assert [text for text in first if text not in rows[0]] == [], rows[0]
    assert [text for text in others if not any(text in row for row in rows)] == [], rows


@pytest.mark.parametrize("number", ANSWERS)
def test_the_words_have_no_other_number(warehouse: Connection, number: int) -> None:
    """Every number with decimals that the words give stands, to two places, in the rows of the query."""
    words, query = questions()[number]
    cells = [cell for row in warehouse.execute(query).fetchall() for cell in row if isinstance(cell, float)]
    said = {float(text) for text in re.findall(r"\b\d+\.\d\d\b", words)}
    assert [value for value in sorted(said) if not any(abs(cell - value) <= 0.005 for cell in cells)] == []
