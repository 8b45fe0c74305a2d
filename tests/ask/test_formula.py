"""The formulas of core.definition, filled with figures and worked out without SQL; checked by hand."""

from __future__ import annotations

from contextlib import closing
from datetime import date
from decimal import Decimal

import pytest

from etl.ask.explain import CitedFigure, by_symbol, evaluated, filled
from etl.warehouse import memory
from tests.support.models import models_behind

NET = "S / (N_t − N_0)"


@pytest.fixture(scope="module")
def formulas() -> dict[str, str]:
    """The formula of each definition, as core.definition has it."""
    model = models_behind("core.definition")["core.definition"]
    with closing(memory()) as con:
        return dict(con.execute(f"select d.definition, d.formula from ({model.sql}) as d").fetchall())


def figure(metric: str, start: str, end: str, value: str) -> CitedFigure:
    return CitedFigure(
        observation_id=f"{metric}/{end}", platform="p", metric=metric, label=metric, scope="",
        period_start=date.fromisoformat(start), period_end=date.fromisoformat(end), value=Decimal(value),
        value_low=None, value_high=None, unit="", qualifier="exact", basis="", locator=None, printed_as=None,
        derivation=None, derived_from=[], published_on=None, covered_on=None, kind=None, publisher=None, title=None,
        url=None,
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


def test_the_year_before_is_no_part_of_the_window(formulas: dict[str, str]) -> None:
    symbols = by_symbol([*BUYERS, *EXPENSE], *YEAR)
    # By hand: (900 - 400) / ((150 - 120) - (120 - 100)) = 500 / 10
    assert evaluated(formulas["marginal_cac"], symbols) == 50
    assert filled(formulas["marginal_cac"], symbols) == "(900 − 400) / ((150 − 120) − (120 − 100))"


def test_quarters_are_summed_in_their_order() -> None:
    quarters = [
        figure("sm_expense", "2019-07-01", "2019-12-31", "200"),
        figure("sm_expense", "2019-01-01", "2019-06-30", "100"),
    ]
    symbols = by_symbol([*BUYERS[1:], *quarters], *YEAR)
    assert evaluated(NET, symbols) == 10
    assert filled(NET, symbols) == "(100 + 200) / (150 − 120)"


@pytest.mark.parametrize(("definition", "denominator"), [("cac_gross_10", 42), ("cac_gross_30", 66)])
def test_a_scenario_lets_a_share_of_the_earlier_buyers_lapse(
    formulas: dict[str, str], definition: str, denominator: int
) -> None:
    symbols = by_symbol([*BUYERS[1:], EXPENSE[0]], *YEAR)
    assert evaluated(formulas[definition], symbols) == Decimal(900) / denominator


def test_every_formula_can_be_worked_out(formulas: dict[str, str]) -> None:
    symbols = by_symbol([*BUYERS, *EXPENSE], *YEAR)
    assert [name for name, formula in formulas.items() if evaluated(formula, symbols) is None] == []


def test_a_missing_figure_gives_no_number() -> None:
    symbols = by_symbol(BUYERS[1:], *YEAR)
    assert evaluated(NET, symbols) is None
    assert filled(NET, symbols) == "? / (150 − 120)"


def test_no_gain_gives_no_number() -> None:
    level = figure("annual_active_buyers", "2018-01-01", "2018-12-31", "150")
    assert evaluated(NET, by_symbol([level, BUYERS[2], EXPENSE[0]], *YEAR)) is None


def test_a_formula_runs_nothing_but_arithmetic() -> None:
    with pytest.raises(ValueError, match="a formula is made of symbols"):
        evaluated("__import__('os').getcwd()", {})
