"""Studies of deals: an effect that was put in is found, each lack is told, only changed inputs are computed again."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from etl.effect import study as studies
from etl.effect.study import (
    Answer,
    Disturbance,
    Market,
    Study,
    answer_of,
    bring_up_to_date,
    quarter_number,
    week_number,
)
from etl.warehouse import Connection, memory
from tests.support.models import create_empty, models_behind

LIVE_ON = date(2020, 5, 27)
FIRST, LAST = quarter_number(date(2015, 1, 1)), quarter_number(date(2022, 12, 31))
ASKED = Study("s", "deal", "shop", "revenue", "quarter", LIVE_ON, partners=("shop", "stream"))


def market(donors: int = 8, effect: float = 0.2, events: Sequence[str] = (), *others: Disturbance) -> Market:
    """A figure that all platforms share but for level and noise; shop gets the effect after the quarter."""
    rng = np.random.default_rng(11)
    season = {q: 0.02 * (q - FIRST) + 0.1 * (q % 4 == 3) for q in range(FIRST, LAST + 1)}
    names = ("shop", "stream", *(f"peer{n}" for n in range(donors)))
    series = {
        name: {q: level + path + rng.normal(0, 0.01) for q, path in season.items()}
        for name, level in zip(names, rng.uniform(3, 9, donors + 2), strict=True)
    }
    after = quarter_number(LIVE_ON) + 1
    series["shop"] = {q: v + math.log1p(effect) * (q >= after) for q, v in series["shop"].items()}
    day = date(2020, 8, 1)
    deals = [Disturbance(name, "", "other_deal", "other", day, day) for name in events]
    return Market(series, [*deals, *others])


def donors_of(answer: Answer) -> list[str]:
    return [unit.platform for unit in answer.units if unit.place == "donor"]


def places(answer: Answer) -> dict[str, str]:
    return {unit.platform: unit.place for unit in answer.units}


def test_an_effect_is_found() -> None:
    found = answer_of(ASKED, market())
    assert (found.effect.status, found.effect.before, found.effect.after) == ("ok", 20, 8)
    assert len(donors_of(found)) == 8
    assert found.effect.low is not None and found.effect.high is not None
    assert found.effect.low < math.log(1.2) < found.effect.high
    assert sum(unit.weight or 0 for unit in found.units) == pytest.approx(1)
    # Eight donors cannot say that chance would not have done it.
    assert not found.effect.is_seen
    assert answer_of(ASKED, market(donors=22)).effect.is_seen


def test_the_path_leads_to_the_estimate() -> None:
    base = market()
    found = answer_of(ASKED, base)
    gaps = [base.series["shop"][q] - expected for q, expected in found.points if expected is not None]
    assert [q for q, _ in found.points][20:] == [*range(quarter_number(LIVE_ON) + 1, quarter_number(LIVE_ON) + 9)]
    assert np.mean(gaps[20:]) == pytest.approx(found.effect.estimate)


def test_the_partner_is_no_donor_and_the_quarter_of_the_event_is_left_out() -> None:
    base = market()
    moved = {q: v + 5 * (q == quarter_number(LIVE_ON)) for q, v in base.series["shop"].items()}
    spoiled = replace(base, series={**base.series, "shop": moved})
    assert answer_of(ASKED, spoiled) == answer_of(ASKED, base)
    assert places(answer_of(ASKED, base))["stream"] == "partner"


def test_windows_that_contain_the_event_are_left_out() -> None:
    ttm = replace(ASKED, period="ttm")
    assert (answer_of(ttm, market()).effect.before, answer_of(ttm, market()).effect.after) == (20, 7)
    assert answer_of(replace(ttm, event_on=date(2020, 4, 1)), market()).effect.after == 8


def test_a_week_that_contains_the_event_is_left_out() -> None:
    assert week_number(date(1970, 1, 11)) == 0
    assert week_number(date(2024, 1, 1)) * 7 == (date(2024, 1, 1) - date(1970, 1, 5)).days
    first = week_number(date(2019, 1, 7))
    series = {name: {first + n: 5 + 0.1 * math.sin(n + ord(name)) for n in range(100)} for name in "abcdefgh"}
    asked = replace(ASKED, platform="a", period="week", event_on=date(2019, 1, 7) + timedelta(days=7 * 60 + 3))
    found = answer_of(asked, Market(series, []))
    assert (found.effect.before, found.effect.after) == (60, 39)
    assert (
        answer_of(replace(asked, event_on=date(2019, 1, 7) + timedelta(days=7 * 60)), Market(series, [])).effect.after
        == 40
    )


def test_a_refused_estimate_says_what_is_missing() -> None:
    assert answer_of(ASKED, market(donors=2)).effect.status == "single_unit_only"
    few = answer_of(ASKED, market(donors=4)).effect
    assert few.status == "insufficient_donors"
    assert few.estimate is None and few.smallest is not None
    busy = answer_of(ASKED, market(events=["peer0", "peer1", "peer2", "peer3"]))
    assert busy.effect.status == "contaminated_donors"
    assert places(busy)["peer0"] == "other_deal"
    early = answer_of(replace(ASKED, event_on=date(2015, 2, 1)), market())
    assert (early.effect.status, early.gap_before) == ("insufficient_pre_period", FIRST - 1)
    late = answer_of(replace(ASKED, event_on=date(2022, 11, 1)), market())
    assert (late.effect.status, late.gap_after) == ("insufficient_post", LAST + 1)
    changed = Disturbance("shop", "revenue", "definition_break", "", date(2019, 1, 1), date(2019, 1, 1))
    assert answer_of(ASKED, market(8, 0.2, (), changed)).effect.status == "definition_break"
    assert answer_of(replace(ASKED, event_on=None), market()).effect.status == "unknown_day"
    assert (
        answer_of(replace(ASKED, metric="", period="", platform=""), Market({}, [])).effect.status
        == "not_public_metric"
    )


def test_donors_with_a_break_an_exclusion_or_outside_the_list_are_left_out() -> None:
    day = date(2019, 1, 1)
    found = answer_of(
        replace(ASKED, donors=("peer0", "peer1", "peer2", "peer3", "peer4", "peer5", "peer6")),
        market(
            8,
            0.2,
            (),
            Disturbance("peer0", "revenue", "definition_break", "", day, day),
            Disturbance("peer1", "", "excluded", "", day, date(9999, 12, 31)),
            Disturbance("peer2", "", "excluded", "", date(2001, 1, 1), date(2001, 12, 31)),
        ),
    )
    assert places(found) == {
        "stream": "partner",
        "peer0": "definition_break",
        "peer1": "excluded",
        **{f"peer{n}": "donor" for n in range(2, 7)},
        "peer7": "not_listed",
    }


def test_a_study_uses_no_period_outside_its_days() -> None:
    found = answer_of(replace(ASKED, first_on=date(2017, 1, 1), last_on=date(2021, 6, 30)), market())
    assert (found.effect.before, found.effect.after) == (13, 4)


def test_a_figure_counts_where_all_its_days_lie_within_the_study() -> None:
    """A quarter that began before first_on, a year that began before it, and what ends after last_on are left out."""
    within = replace(ASKED, first_on=date(2017, 2, 15), last_on=date(2021, 6, 29))
    assert [answer_of(within, market()).points[place][0] for place in (0, -1)] == [
        quarter_number(date(2017, 6, 30)),
        quarter_number(date(2021, 3, 31)),
    ]
    years = replace(ASKED, period="ttm", first_on=date(2017, 1, 1))
    assert answer_of(years, market()).points[0][0] == quarter_number(date(2017, 12, 31))


def another_deal(platform: str, day: date) -> Disturbance:
    return Disturbance(platform, "", "other_deal", "another", day, day)


def test_an_earlier_deal_of_the_partner_ends_the_time_before() -> None:
    """Eleven quarters are left after it, and the later deal alone is in the number."""
    found = answer_of(ASKED, market(22, 0.2, (), another_deal("shop", date(2017, 5, 1))))
    assert (found.effect.before, found.is_shared) == (11, False)
    assert found.effect.status == "exploratory"


def test_an_effect_that_another_deal_may_have_had_is_shared() -> None:
    """Two quarters after another deal nobody can tell the two apart, nor where the other one came after it."""
    for day in (date(2019, 11, 1), date(2020, 5, 1), date(2021, 2, 1)):
        found = answer_of(ASKED, market(22, 0.2, (), another_deal("shop", day)))
        assert found.is_shared and found.effect.before == 20


def test_a_donor_with_an_earlier_deal_gives_way_to_others() -> None:
    one = answer_of(ASKED, market(8, 0.2, (), another_deal("peer0", date(2019, 5, 1))))
    assert places(one)["peer0"] == "other_deal" and not one.has_donor_deal
    deals = [another_deal(f"peer{n}", date(2019, 5, 1)) for n in range(4)]
    many = answer_of(ASKED, market(8, 0.2, (), *deals))
    assert len(donors_of(many)) == 8 and many.has_donor_deal


def test_an_exclusion_of_the_partner_itself_refuses() -> None:
    strike = Disturbance("shop", "", "excluded", "", date(2019, 1, 1), date(2019, 2, 1))
    assert answer_of(ASKED, market(8, 0.2, (), strike)).effect.status == "partner_excluded"


def test_a_bound_of_the_study_is_no_missing_figure() -> None:
    found = answer_of(replace(ASKED, first_on=date(2019, 1, 1)), market())
    assert (found.effect.status, found.gap_before) == ("insufficient_pre_period", None)


@pytest.fixture
def con() -> Connection:
    """Two studies of made-up figures, one of them without figures of others."""
    con = memory()
    for model in models_behind("steps.study_result").values():
        if not model.is_macro:
            create_empty(con, model)
    con.execute("insert into core.partnership by name select 'd' as partnership_id, 'shop' as supply_platform")
    con.execute(
        """
        insert into steps.study by name
        select * from (values ('a', 'd', 'shop', 'revenue', 'quarter', date '2020-05-27'),
                              ('b', 'd', 'shop', 'dau', 'quarter', date '2020-05-27'))
            as s(study_id, partnership_id, platform, metric, period, event_on)
        """
    )
    base = market()
    rows = [(m, n, q, math.exp(v)) for n in base.series for q, v in base.series[n].items() for m in ("revenue", "dau")]
    con.executemany(
        "insert into steps.study_value (metric, period, platform, number, value) values (?, 'quarter', ?, ?, ?)",
        [row for row in rows if row[0] == "revenue" or row[1] == "shop"],
    )
    return con


def computed(con: Connection, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The studies that are computed when the results are brought up to date."""
    asked: list[str] = []

    def noted(study: Study, market: Market) -> Answer:
        asked.append(study.study_id)
        return answer_of(study, market)

    monkeypatch.setattr(studies, "answer_of", noted)
    bring_up_to_date(con)
    return asked


def test_only_what_changed_is_computed_again(con: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    assert computed(con, monkeypatch) == ["a", "b"]
    first = con.execute("from raw.study_result order by study_id").fetchall()
    assert [row[2] for row in first] == ["ok", "single_unit_only"]
    assert computed(con, monkeypatch) == []
    con.execute("update steps.study_value set value = value * 1.01 where metric = 'dau' and number = ?", [FIRST])
    assert computed(con, monkeypatch) == ["b"]
    con.execute(
        "insert into core.definition_break by name select 'peer0' as platform, 'revenue' as metric, "
        "date '2019-06-30' as from_period_end"
    )
    assert computed(con, monkeypatch) == ["a"]
    monkeypatch.setattr(studies, "CODE", b"another")
    assert computed(con, monkeypatch) == ["a", "b"]
    con.execute("delete from steps.study where study_id = 'b'")
    assert computed(con, monkeypatch) == []
    assert con.execute("select study_id from raw.study_result").fetchall() == [("a",)]


def test_a_day_with_nothing_is_a_gap_and_not_a_number(con: Connection) -> None:
    """0 has no logarithm: the donor lacks the period, and the study says so."""
    con.execute("update steps.study_value set value = 0 where platform = 'peer0' and number = ?", [LAST - 9])
    bring_up_to_date(con)
    ((units,),) = con.execute("select units from raw.study_result where study_id = 'a'").fetchall()
    assert {unit["platform"]: (unit["place"], unit["missing"]) for unit in units}["peer0"] == ("missing_periods", 1)
