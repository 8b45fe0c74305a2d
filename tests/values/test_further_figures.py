"""Platforms whose expense or count is of another kind: Wayfair, Chewy and Groupon, worked out from their documents.

data/reference says what their expense holds and which parts of the company their figures cover.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from etl.checks.run import run
from etl.checks.suite import load_suite
from etl.config import ROOT, load_settings
from etl.warehouse import Connection
from tests.support.edgar_warehouse import REFERENCE, asked, built, warnings

pytestmark = pytest.mark.slow

YEAR = "t.definition = 'cac_net_12m' and t.period_end ="
WITH_EXCEPTIONS = ("core.observation_latest", "steps.income_window", "marts.restatement")


@pytest.fixture(scope="module")
def con(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    settings = {"WAREHOUSE_HOME": str(tmp_path_factory.mktemp("home")), "WAREHOUSE_FIGURES": REFERENCE}
    con = built(load_settings(settings), [])
    yield con
    con.close()


def test_a_recast_expense_does_not_meet_a_count_of_all_countries(con: Connection) -> None:
    # 352.175 million for the countries kept (8-K of 2017-05-17) over 52.7 - 48.9 would be a clean-looking 92.68.
    assert asked(
        con,
        "select t.cac, t.validity, t.consolidation, t.spend::double, t.net_adds::double "
        f"from marts.cac_trend as t where t.platform = 'groupon' and {YEAR} '2016-12-31'",
    ) == [(None, "consolidation_mismatch", "mixed", 352175000.0, None)]
    # As first printed: 362.951 (10-K of 2017-02-15) over 52.7 less 48.9, each count +- 0.05.
    assert asked(
        con,
        "select round(t.cac, 2), round(t.cac_low, 2), round(t.cac_high, 2), t.validity, t.consolidation "
        f"from marts.cac_trend_as_of(date '2017-05-02') as t where t.platform = 'groupon' and {YEAR} '2016-12-31'",
    ) == [(95.51, 93.06, 98.09, "ok", "")]


def test_years_without_a_part_that_was_bought_and_sold_meet(con: Connection) -> None:
    # 2014 restated without Ticket Monster and 2015: 241.954 + 254.335 over 48.9 less the 44.9 of 2013, before it came.
    assert asked(
        con,
        "select round(t.cac, 2), t.validity from marts.cac_trend as t "
        "where t.platform = 'groupon' and t.definition = 'cac_pooled_2y' and t.period_end = '2015-12-31'",
    ) == [(124.07, "ok")]


def test_advertising_alone_is_marked_and_ranked_among_its_own(con: Connection) -> None:
    rows = asked(
        con,
        "select t.platform, t.expense_nature, round(t.cac, 2), t.fiscal_label from marts.cac_trend as t "
        f"where t.currency = 'USD' and t.cac is not null and {YEAR} any([date '2016-12-31', date '2020-12-31']) "
        "order by t.period_end, t.platform",
    )
    assert rows == [
        ("wayfair", "advertising_only", 141.08, "FY2016"),  # 409.125 / (8.3 - 5.4)
        ("wayfair", "advertising_only", 129.56, "FY2020"),  # 1,412.173 / (31.2 - 20.3)
    ]
    # Chewy's fiscal 2020, 90.05, is placed in calendar 2020 like Wayfair's: two natures, so each is alone.
    assert asked(
        con,
        "select t.platform, t.expense_nature, t.rank, t.ranked, t.tied_with from marts.peer_rank as t "
        "where t.definition = 'cac_net_12m' and t.basis = 'nearest_year' and t.period = '2020' "
        "and t.compared_in = 'own_currency' and t.currency = 'USD' and t.rank is not null order by all",
    ) == [("chewy", "marketing", 1, 1, []), ("wayfair", "advertising_only", 1, 1, [])]


def test_a_year_that_ends_in_january_has_the_companys_own_name(con: Connection) -> None:
    assert asked(
        con,
        "select distinct t.fiscal_label, t.expense_nature from marts.cac_trend as t "
        "where t.platform = 'chewy' and t.definition = 'cac_net_12m' and t.period_end = '2021-01-31'",
    ) == [("FY2020", "marketing")]


@pytest.mark.parametrize("table", WITH_EXCEPTIONS)
def test_exceptions_keep_the_checks_green(con: Connection, table: str) -> None:
    assert [result.name for result in warnings(con, table).values() if not result.success] == []


def test_another_value_of_the_row_and_a_needless_exception_fail(con: Connection) -> None:
    con.execute("begin")
    con.execute(
        "update core.observation_latest set value = value + 1, value_low = value_low + 1, value_high = value_high + 1 "
        "where platform = 'pdd' and metric = 'cost_of_revenue' and period_end = '2018-12-31' and value = 2905249000"
    )
    changed = warnings(con, "core.observation_latest")["cost_and_gross_profit_make_revenue"]
    con.execute("rollback")
    assert not changed.success
    [other, needless] = changed.rows
    assert other["row_key"].startswith("pdd/2018-12-31/13119990000.000000/2905249001.000000/")
    assert other["exception"] is None
    assert needless["row_key"].startswith("pdd/2018-12-31/13119990000.000000/2905249000.000000/")
    assert str(needless["exception"]).startswith("no row breaks the check for this reason any more: An essay prints")


def test_a_printed_growth_gives_the_level_before_it(con: Connection) -> None:
    # 3.2 million at the end of 2014, up 53.8 % year over year: 3.2 / 1.538 = 2.081 million a year before,
    # at most 3.25 / 1.5375 = 2.114. No document here prints the level of 2013.
    assert asked(
        con,
        "select round(o.value::double / 1e6, 3), round(o.value_high::double / 1e6, 3), o.flags "
        "from core.observation_latest as o where o.platform = 'wayfair' and o.period_end = '2013-12-31' "
        "and o.metric = 'annual_active_buyers'",
    ) == [(2.081, 2.114, ["derived_input"])]


def test_an_exception_rests_while_another_figure_counts(con: Connection) -> None:
    # A filing of the gross profit would displace the essay: nothing breaks the check, and nothing is needless.
    con.execute("begin")
    con.execute(
        "update core.observation_latest set observation_id = 'filed', value = 10214741000, value_low = 10214740500, "
        "value_high = 10214741500 where observation_id = 'obs_b1fd158f61'"
    )
    results = {result.name: result for result in run(con, load_suite(ROOT / "expectations", "core.observation_latest"))}
    con.execute("rollback")
    assert results["cost_and_gross_profit_make_revenue"].success
