"""Every name that marts.cac_trend can hold has its formula and its words."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

import pytest

from etl.ask.explain import FLAGS, FORMULAS, VALIDITY, meaning, roles
from etl.ask.figures import Figure
from etl.config import ROOT
from etl.models.graph import load_models


def figure(metric: str, start: str, end: str, value: str) -> Figure:
    return Figure(
        observation_id=f"{metric}/{end}", platform="p", metric=metric, label=metric, scope="",
        period_start=date.fromisoformat(start), period_end=date.fromisoformat(end), value=Decimal(value),
        value_low=None, value_high=None, unit="", qualifier="exact", basis="", locator=None, printed_as=None,
        derivation=None, derived_from=[], published_on=None, kind=None, publisher=None, title=None, url=None,
    )  # fmt: skip


BUYERS = [
    figure("annual_active_buyers", "2017-01-01", "2017-12-31", "100"),
    figure("annual_active_buyers", "2018-01-01", "2018-12-31", "120"),
    figure("annual_active_buyers", "2019-01-01", "2019-12-31", "150"),
]
EXPENSE = [
    figure("sm_expense", "2019-01-01", "2019-12-31", "900"),
    figure("sm_expense", "2018-01-01", "2018-12-31", "400"),
]
YEAR = (date(2019, 1, 1), date(2019, 12, 31))


def names_in_docs(heading: str) -> set[str]:
    section = (ROOT / "docs" / "names.md").read_text(encoding="utf-8").split(f"## {heading}\n")[1]
    rows = re.findall(r"^\| ([a-z_, ]+) \|", section.split("\n## ")[0], re.MULTILINE)
    return {name for row in rows for name in row.split(", ")} - {"value", "flag"}


def test_the_words_and_the_page_for_readers_name_the_same_things() -> None:
    assert names_in_docs("validity") == set(VALIDITY)
    assert names_in_docs("flags") == set(FLAGS)


def test_every_definition_has_its_formula() -> None:
    comments = {
        column.comment
        for model in load_models(ROOT / "sql")
        if model.name == "marts.cac_trend"
        for column in model.columns
        if column.name == "definition"
    }
    named = set(re.findall(r"\b(?:cac_\w+|marginal_cac)\b", " ".join(comments)))
    assert named == set(FORMULAS)


def test_the_year_before_is_no_part_of_the_window() -> None:
    symbols = roles([*BUYERS, *EXPENSE], *YEAR)
    # By hand: (900 - 400) / ((150 - 120) - (120 - 100)) = 500 / 10
    assert FORMULAS["marginal_cac"].value(symbols) == 50
    assert FORMULAS["marginal_cac"].filled(symbols) == "(900 − 400) / ((150 − 120) − (120 − 100))"


def test_quarters_are_summed_in_their_order() -> None:
    quarters = [
        figure("sm_expense", "2019-07-01", "2019-12-31", "200"),
        figure("sm_expense", "2019-01-01", "2019-06-30", "100"),
    ]
    symbols = roles([*BUYERS[1:], *quarters], *YEAR)
    assert FORMULAS["cac_net_12m"].value(symbols) == 10
    assert FORMULAS["cac_net_12m"].filled(symbols) == "(100 + 200) / (150 − 120)"


@pytest.mark.parametrize(("definition", "denominator"), [("cac_gross_10", 42), ("cac_gross_30", 66)])
def test_a_scenario_lets_a_share_of_the_earlier_buyers_lapse(definition: str, denominator: int) -> None:
    symbols = roles([*BUYERS[1:], EXPENSE[0]], *YEAR)
    assert FORMULAS[definition].value(symbols) == Decimal(900) / denominator


def test_a_missing_figure_gives_no_number() -> None:
    symbols = roles(BUYERS[1:], *YEAR)
    assert FORMULAS["cac_net_12m"].value(symbols) is None
    assert FORMULAS["cac_net_12m"].filled(symbols) == "? / (150 − 120)"


def test_no_gain_gives_no_number() -> None:
    level = figure("annual_active_buyers", "2018-01-01", "2018-12-31", "150")
    assert FORMULAS["cac_net_12m"].value(roles([level, BUYERS[2], EXPENSE[0]], *YEAR)) is None


def test_an_unknown_name_stays_readable() -> None:
    assert meaning(FLAGS, "a_new_flag") == "a new flag"
