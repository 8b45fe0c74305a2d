"""What the analyst asks next, on the embedded data: values worked out by hand, and what holds for every row.

Figures are in millions of CNY and of persons; each comment names the documents.
"""

from __future__ import annotations

import math
from datetime import date
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from etl.config import ROOT
from etl.warehouse import Connection
from tests.support.examples import check_example

# 30 to 35 ask of a team's own daily data: tests/values/test_partnership_truth.py asks them of the demo.
EXAMPLES = sorted((ROOT / "sql" / "examples").glob("[0-2]*.sql"))
RESTATED_ON = date(2018, 4, 27)


def rows(con: Connection, sql: str) -> list[dict[str, Any]]:
    found = con.execute(sql)
    names = [column[0] for column in found.description or []]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def economics(con: Connection, row_id: str) -> dict[str, Any]:
    [row] = rows(con, f"from marts.unit_economics where row_id = '{row_id}'")
    return row


# --- restatements ------------------------------------------------------------------------------------


def test_jd_restated_its_marketing_expense(warehouse: Connection) -> None:
    # 2015: 7,736.172 (20-F filed 2016-04-18), 7,232.717 in the 20-F filed 2018-04-27. 2016: 10,573.024 (20-F
    # filed 2017-05-01), 10,158.686 in the same 20-F of 2018.
    found = rows(
        warehouse, "from marts.restatement where platform = 'jd' and metric = 'sm_expense' order by period_end"
    )
    shown = [
        (
            r["platform"],
            r["period_end"].year,
            int(r["first_value"]),
            int(r["latest_value"]),
            round(r["change_pct"], 1),
        )
        for r in found
    ]
    assert shown == [
        ("jd", 2015, 7_736_172_000, 7_232_717_000, -6.5),
        ("jd", 2016, 10_573_024_000, 10_158_686_000, -3.9),
    ]
    assert {r["restated_on"] for r in found} == {RESTATED_ON}
    assert [r["first_published_on"] for r in found] == [date(2016, 4, 18), date(2017, 5, 1)]
    assert {r["latest_document_id"] for r in found} == {"doc_7ca512a4b5"}


def test_the_restatement_changed_the_cost_of_two_years(warehouse: Connection) -> None:
    # 7,736.172 / 64.4 = 120.13 became 7,232.717 / 64.4 = 112.31 (core business); 10,573.024 / 71.6 = 147.67
    # became 10,158.686 / 71.6 = 141.88.
    found = rows(
        warehouse,
        "from marts.restatement_effect where definition = 'cac_net_12m' and cac_after > 0 order by all",
    )
    assert [(r["row_id"], round(r["cac_before"], 2), round(r["cac_after"], 2)) for r in found] == [
        ("jd/core/cac_net_12m/2015-12-31", 120.13, 112.31),
        ("jd/whole/cac_net_12m/2016-12-31", 147.67, 141.88),
    ]
    assert {r["restated_on"] for r in found} == {RESTATED_ON}


def test_a_figure_restated_twice_has_two_steps(warehouse: Connection) -> None:
    # JD's revenue of 2015: 181,286.955 (20-F of 2015), 181,275.425 (of 2016), 181,042.300 (of 2017).
    steps = rows(
        warehouse,
        "from marts.restatement_step where metric = 'revenue' and period_end = '2015-12-31' order by step",
    )
    assert [(s["step"], int(s["old_value"]), int(s["new_value"])) for s in steps] == [
        (1, 181_286_955_000, 181_275_425_000),
        (2, 181_275_425_000, 181_042_300_000),
    ]
    [whole] = rows(warehouse, "from marts.restatement where metric = 'revenue' and period_end = date '2015-12-31'")
    assert (int(whole["first_value"]), int(whole["latest_value"])) == (181_286_955_000, 181_042_300_000)
    assert whole["times_restated"] == 2


def test_restatement_effects_equal_the_difference_of_the_twins(warehouse: Connection) -> None:
    found = rows(warehouse, f"from marts.restatement_effect where restated_on = date '{RESTATED_ON}'")
    trends = {
        day: {r["row_id"]: r for r in rows(warehouse, f"from marts.cac_trend_as_of(date '{day}')")}
        for day in ("2018-04-26", "2018-04-27")
    }
    assert found
    for effect in found:
        before, after = (trends[day][effect["row_id"]] for day in trends)
        assert (effect["cac_before"], effect["spend_before"]) == (before["cac"], before["spend"])
        assert (effect["cac_after"], effect["spend_after"]) == (after["cac"], after["spend"])
    # Nobody but JD restated anything that day, and no row of JD's that rests on the two years is left out.
    moved = {r["row_id"] for r in found}
    restated = {"obs_6868e96c99", "obs_4f707358f3"}  # the expense of 2015 and 2016 as first printed
    resting = {row_id for row_id, row in trends["2018-04-26"].items() if restated & set(row["input_observation_ids"])}
    assert moved == resting


# --- unit economics ----------------------------------------------------------------------------------


def test_pinduoduo_spent_more_than_its_revenue(warehouse: Connection) -> None:
    # 13,441.813 / 13,119.990 (both 20-F of 2018) = 1.0245: never capped.
    row = economics(warehouse, "pdd/whole/sm_intensity/2018-01-01/2018-12-31")
    assert round(row["value"], 4) == 1.0245
    assert (row["validity"], "undated_input" in row["flags"], row["known_on"]) == ("ok", False, date(2019, 4, 24))


def test_pinduoduo_2019(warehouse: Connection) -> None:
    # 27,174.249 / mean(418.5, 585.2) = 54.15. GMV 1,006,600 / 585.2 = 1,720.10; printed 1,720.1.
    # Gross profit 23,803 / 501.85 = 47.43 a mean buyer: 12 x 163.01 / 47.43 = 41.24 months, and for two years
    # 2 x 47.43 / 163.01 = 0.58.
    year = "2019-01-01/2019-12-31"
    values = {
        metric: round(economics(warehouse, f"pdd/whole/{metric}/{year}")["value"], 2)
        for metric in (
            "sm_per_buyer",
            "spend_per_buyer",
            "spend_per_buyer_recomputed",
            "payback_months",
            "ltv_cac_proxy_2y",
        )
    }
    assert values == {
        "sm_per_buyer": 54.15,
        "spend_per_buyer": 1720.1,
        "spend_per_buyer_recomputed": 1720.1,
        "payback_months": 41.24,
        "ltv_cac_proxy_2y": 0.58,
    }


@pytest.mark.parametrize(
    ("row_id", "reason"),
    [
        # JD's cost of revenue of 2017 is in no document of the data set.
        ("jd/whole/payback_months/2017-01-01/2017-12-31", "missing_gross_profit"),
        # 96.6 million buyers with Paipai: what is counted changed that year.
        ("jd/whole/sm_per_buyer/2014-01-01/2014-12-31", "definition_break"),
        # GMV of 2015 has Paipai, the 155.0 million buyers have not; the core business has both.
        ("jd/whole/spend_per_buyer_recomputed/2015-01-01/2015-12-31", "definition_break"),
        # Alibaba stopped to print quarterly and yearly GMV for a while.
        (
            "alibaba/china_retail_marketplaces/spend_per_buyer_recomputed/2016-07-01/2017-06-30",
            "gmv_not_disclosed",
        ),
    ],
)
def test_a_missing_number_has_its_reason(warehouse: Connection, row_id: str, reason: str) -> None:
    row = economics(warehouse, row_id)
    assert (row["value"], row["validity"]) == (None, reason)


def test_payback_intervals_contain_every_corner(warehouse: Connection) -> None:
    """The interval is the least and the greatest of all corners of spend, both counts and gross profit."""
    found = rows(
        warehouse,
        """
        select u.value, u.low, u.high, w.spend_low, w.spend_high, w.buyers_start_low, w.buyers_start_high,
            w.buyers_end_low, w.buyers_end_high, i.value_low, i.value_high
        from marts.unit_economics as u
        join steps.acquisition_window as w using (platform, scope, period_start, period_end)
        join steps.income_window as i using (platform, period_start, period_end)
        where u.metric = 'payback_months' and u.value is not null and i.metric = 'gross_profit'
            and w.months = 12
        """,
    )
    assert len(found) >= 10
    for row in found:
        sides = [
            (float(row[f"{name}_low"]), float(row[f"{name}_high"]))
            for name in ("spend", "buyers_start", "buyers_end", "value")
        ]
        corners = [12 * s * (n0 + nt) / 2 / ((nt - n0) * g) for s, n0, nt, g in product(*sides)]
        assert math.isclose(row["low"], min(corners), rel_tol=1e-9)
        assert math.isclose(row["high"], max(corners), rel_tol=1e-9)


# --- decomposition and ranks -------------------------------------------------------------------------


def test_decomposition_of_pinduoduo_2021(warehouse: Connection) -> None:
    # Spend 41,194.599 to 44,801.720: ln = 0.0839. Net adds 203.2 to 80.3: ln = 0.9284. CAC 202.73 to 557.93.
    # As factors: 1.0876 times the spend over 0.3952 times the net adds is 2.752 times the cost.
    [row] = rows(warehouse, "from marts.cac_decomposition where row_id = 'pdd/whole/cac_net_12m/2021-12-31'")
    assert (round(row["spend_part"], 4), round(row["net_adds_part"], 4)) == (0.0839, 0.9284)
    assert (round(row["cac_before"], 2), round(row["cac_after"], 2)) == (202.73, 557.93)
    assert [round(row[f"{name}_factor"], 4) for name in ("cac", "spend", "net_adds")] == [2.7521, 1.0876, 0.3952]
    assert (row["larger_part"], round(100 * row["net_adds_share"])) == ("net_adds_fell", 92)


def test_decomposition_parts_sum_to_the_change(warehouse: Connection) -> None:
    found = rows(warehouse, "from marts.cac_decomposition where log_change is not null")
    assert len(found) >= 20
    for row in found:
        assert abs(row["spend_part"] + row["net_adds_part"] - row["log_change"]) < 1e-9
        assert abs(math.log(row["cac_after"] / row["cac_before"]) - row["log_change"]) < 1e-9
        if row["spend_share"] is not None:
            assert abs(row["spend_share"] + row["net_adds_share"] - 1) < 1e-9


def test_a_year_that_cannot_be_decomposed_has_its_reason(warehouse: Connection) -> None:
    # 2016 stands after a year without number (Paipai left), 2018 after one without a count at its start.
    found = rows(
        warehouse,
        "from marts.cac_decomposition where definition = 'cac_net_12m' and log_change is null and scope = '' "
        "and currency = 'CNY'",
    )
    assert {r["row_id"]: r["validity"] for r in found} == {
        "jd/whole/cac_net_12m/2012-12-31": "missing_previous_window",
        "jd/whole/cac_net_12m/2016-12-31": "definition_break",
        "pdd/whole/cac_net_12m/2018-12-31": "missing_buyers_start",
        "pdd/whole/cac_net_12m/2019-03-31": "missing_buyers_start",
        "pdd/whole/cac_net_12m/2020-09-30": "missing_spend",
    }


def test_peer_ranks_of_2019(warehouse: Connection) -> None:
    # Pinduoduo 163.01 in calendar 2019; Alibaba 703.79 from April 2019 to March 2020.
    found = rows(
        warehouse,
        "from marts.peer_rank where definition = 'cac_net_12m' and period = '2019' and rank is not null",
    )
    own, converted = (
        {
            (r["basis"], r["platform"]): (r["rank"], r["rank_worst"], r["ranked"])
            for r in found
            if r["compared_in"] == compared_in
        }
        for compared_in in ("own_currency", "reporting_currency")
    )
    # In dollars 23.60 and 101.02 keep their order.
    assert own == converted
    assert own == {
        ("same_window", "pdd"): (1, 1, 1),
        ("nearest_year", "pdd"): (1, 1, 2),
        ("nearest_year", "alibaba"): (2, 2, 2),
        # 1,095.840 USD / (20.3 - 15.2): advertising only, in another currency.
        ("same_window", "wayfair"): (1, 1, 1),
        ("nearest_year", "wayfair"): (1, 1, 1),
    }


def test_uninformative_rows_are_listed_and_not_ranked(warehouse: Connection) -> None:
    found = rows(warehouse, "from marts.peer_rank where rank is null")
    assert {"uninformative", "definition_break", "missing_spend"} <= {r["validity"] for r in found}
    trend = {r["row_id"] for r in rows(warehouse, "select row_id from marts.cac_trend")}
    ranked = {r["row_id"] for r in rows(warehouse, "from marts.peer_rank where basis = 'same_window'")}
    assert ranked == trend


# --- the examples ------------------------------------------------------------------------------------


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_fits_the_terminal_and_ends_in_its_answer(warehouse: Connection, example: Any) -> None:
    check_example(warehouse, example)


def test_a_wide_example_and_an_answer_of_other_numbers_are_seen(warehouse: Connection, tmp_path: Path) -> None:
    head, example = "-- A question?\n-- How to read it: so.\nselect ", tmp_path / "example.sql"
    example.write_text(f"{head}'x' as \"{'x' * 120}\"\n-- Answer: none.\n")
    with pytest.raises(AssertionError, match="is 124 characters wide"):
        check_example(warehouse, example)
    example.write_text(f"{head}1234.5 as cost, date '2020-05-27' as known\n-- Answer: 1,234.5 on 2020-05-27.\n")
    check_example(warehouse, example)
    example.write_text(f"{head}1234.5 as cost\n-- Answer: 1,234.6 CNY.\n")
    with pytest.raises(AssertionError, match=r"\[1234.6\], which no row has"):
        check_example(warehouse, example)
    example.write_text(f"{head}1\n")
    with pytest.raises(AssertionError, match="ends with the comment"):
        check_example(warehouse, example)
