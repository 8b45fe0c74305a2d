"""The effect of a deal on its partners: one that was put in is found, and each lack is told instead."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from etl.ask.effect import Answer, Market, answer, answers, lines_of, quarter_number
from etl.errors import MendError
from etl.warehouse import Connection

LIVE_ON = date(2020, 5, 27)
FIRST, LAST = quarter_number(date(2015, 1, 1)), quarter_number(date(2022, 12, 31))
PARTNERS = ("shop", "stream")


def market(donors: int = 8, effect: float = 0.2, events: Sequence[str] = ()) -> Market:
    """A figure that all platforms share but for level and noise; shop gets the effect after the quarter."""
    rng = np.random.default_rng(11)
    season = {q: 0.02 * (q - FIRST) + 0.1 * (q % 4 == 3) for q in range(FIRST, LAST + 1)}
    series = {
        name: {q: level + path + rng.normal(0, 0.01) for q, path in season.items()}
        for name, level in zip(
            ("shop", "stream", *(f"peer{n}" for n in range(donors))),
            rng.uniform(3, 9, donors + 2),
            strict=True,
        )
    }
    after = quarter_number(LIVE_ON) + 1
    series["shop"] = {q: v + math.log1p(effect) * (q >= after) for q, v in series["shop"].items()}
    return Market("revenue", 1, series, {name: [after] for name in events}, {})


def test_an_effect_is_found_in_percent() -> None:
    found = answer(market(), "shop", PARTNERS, LIVE_ON)
    assert found.effect.status == "ok"
    assert (found.effect.before, found.effect.after, len(found.donors)) == (20, 8, 8)
    first, *_, last = lines_of(found)
    assert found.effect.low is not None and found.effect.high is not None
    assert found.effect.low < math.log(1.2) < found.effect.high
    assert first.startswith("shop revenue: +")
    assert "the smallest effect that could have been detected: +" in last


def test_the_partner_is_no_donor_and_the_quarter_of_the_event_is_left_out() -> None:
    base = market()
    moved = {q: v + 5 * (q == quarter_number(LIVE_ON)) for q, v in base.series["shop"].items()}
    spoiled = replace(base, series={**base.series, "shop": moved})
    assert answer(spoiled, "shop", PARTNERS, LIVE_ON) == answer(base, "shop", PARTNERS, LIVE_ON)
    assert "stream" not in answer(base, "shop", PARTNERS, LIVE_ON).donors


def test_windows_that_contain_the_event_are_left_out() -> None:
    found = answer(replace(market(), width=4), "shop", PARTNERS, LIVE_ON)
    assert (found.effect.before, found.effect.after) == (20, 7)
    on_first_day = answer(replace(market(), width=4), "shop", PARTNERS, date(2020, 4, 1))
    assert on_first_day.effect.after == 8


def refused(status: str, found: Answer) -> bool:
    return found.effect.status == status and any(f"no number, {status}" in line for line in lines_of(found))


def test_a_refused_estimate_says_what_is_missing() -> None:
    assert refused("single_unit_only", answer(market(donors=2), "shop", PARTNERS, LIVE_ON))
    few = answer(market(donors=4), "shop", PARTNERS, LIVE_ON)
    assert refused("insufficient_donors", few)
    assert "smallest effect" in [*lines_of(few)][-1]
    busy = market(events=["peer0", "peer1", "peer2", "peer3"])
    assert refused("contaminated_donors", answer(busy, "shop", PARTNERS, LIVE_ON))
    assert refused("insufficient_pre_period", answer(market(), "shop", PARTNERS, date(2015, 2, 1)))
    assert refused("insufficient_post", answer(market(), "shop", PARTNERS, date(2022, 11, 1)))
    broken = replace(market(), breaks={"shop": [quarter_number(date(2019, 1, 1))]})
    assert refused("definition_break", answer(broken, "shop", PARTNERS, LIVE_ON))


def test_a_platform_with_a_definition_break_is_no_donor() -> None:
    broken = replace(market(), breaks={"peer0": [quarter_number(date(2019, 1, 1))]})
    assert "peer0" not in answer(broken, "shop", PARTNERS, LIVE_ON).donors


def test_jd_and_kuaishou_have_no_number(warehouse: Connection) -> None:
    """The embedded figures have gaps and two other platforms: every figure says why there is no effect."""
    found = [*answers(warehouse, "kuaishou-jd-2020-direct-supply")]
    assert {"jd", "kuaishou"} == {one.platform for one in found}
    assert all(one.effect.estimate is None for one in found)
    statuses = {(one.platform, one.metric): one.effect.status for one in found}
    assert statuses["jd", "annual_active_buyers"] == "single_unit_only"
    assert statuses["kuaishou", "revenue"] == "insufficient_pre_period"
    with pytest.raises(MendError, match=r"no deal is called .*; core\.partnership lists them"):
        [*answers(warehouse, "nobody-knows")]
    for near in ("kuaishou-jd-2020", "jd-kuaishou"):
        with pytest.raises(MendError, match=r"near it:\n(.*\n)*  kuaishou-jd-2020-direct-supply"):
            [*answers(warehouse, near)]
    with pytest.raises(MendError, match="the day on which it began is not known"):
        [*answers(warehouse, "douyu-tmall")]
