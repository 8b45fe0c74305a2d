"""What `make effect` prints of a deal: the answer with its doubts, or why there is none; nothing of an unknown deal."""

from __future__ import annotations

import pytest

from etl.ask.effect import Row, effects, lines_of
from etl.errors import MendError
from etl.warehouse import Connection

ESTIMATED: Row = {
    "partnership_id": "d",
    "platform": "jd",
    "metric": "revenue",
    "period": "quarter",
    "status": "ok",
    "wording": "+10.0 % [+5.0, +15.0]",
    "effect_pct": 10.0,
    "effect_pct_low": 5.0,
    "effect_pct_high": 15.0,
    "smallest_pct": 4.76,
    "left_out_pct_low": 8.0,
    "left_out_pct_high": 11.0,
    "share_of_placebos": 0.05,
    "demeaned_control_pct": 9.0,
    "difference_pct": 7.0,
    "periods_before": 12,
    "periods_after": 4,
    "last_period_end": "2021-06-30",
    "donors": ["a", "b"],
    "flags": ["foreign_donor"],
    "is_simulated": False,
}


def test_an_estimate_is_shown_with_its_doubts() -> None:
    text = "\n".join(lines_of([ESTIMATED]))
    assert text.startswith("jd revenue quarter: +10.0 % [+5.0, +15.0] (ok)\n")
    for words in ("without one donor each +8.0 to +11.0 %", "as large among placebos: 5%", "donors: a, b"):
        assert words in text
    assert "smallest effect that could have been seen: +4.8 %" in text and "flags: foreign_donor" in text
    assert "SIMULATED" not in text
    assert "SIMULATED data" in "\n".join(lines_of([{**ESTIMATED, "is_simulated": True}]))


def test_jd_and_kuaishou_have_no_number(warehouse: Connection) -> None:
    """The reference figures have gaps and few other platforms: every figure says why there is no effect."""
    found = effects(warehouse, "kuaishou-jd-2020-direct-supply")
    assert {"jd", "kuaishou"} == {row["platform"] for row in found}
    assert all(row["effect_pct"] is None and row["missing"] and row["lifted_by"] for row in found)
    of_buyers = next(row for row in found if (row["platform"], row["metric"]) == ("jd", "annual_active_buyers"))
    assert (of_buyers["status"], of_buyers["donors"]) == ("single_unit_only", ["zalando"])
    assert of_buyers["missing"] == "only 5 of the 8 quarters needed before the day; only 1 of the 5 donors needed"
    assert of_buyers["lifted_by"].startswith(
        "Annual active buyers of JD.com (Jingdong) for 2018 Q3, 2018 Q4; Annual active buyers of other platforms"
    )
    assert set(of_buyers["flags"]) == {"foreign_donor", "partner_other_deal", "undated_input"}
    lines = [*lines_of(found)]
    assert lines[0].startswith("jd annual_active_buyers ttm: no number, single_unit_only")
    assert len(lines) < 12
    with pytest.raises(MendError, match=r"no deal is called .*; core\.partnership lists them"):
        effects(warehouse, "nobody-knows")
    with pytest.raises(MendError, match=r"name a deal, as in DEAL=baidu-jd-2017; there are baidu-jd-2017, bilibili-"):
        effects(warehouse, "")
    for near in ("kuaishou-jd-2020", "jd-kuaishou"):
        with pytest.raises(MendError, match=r"near it:\n(.*\n)*  kuaishou-jd-2020-direct-supply"):
            effects(warehouse, near)


def test_every_deal_has_an_answer(warehouse: Connection) -> None:
    deals = {deal for (deal,) in warehouse.execute("select partnership_id from core.partnership").fetchall()}
    assert {row["status"] for row in effects(warehouse, "douyin-gome-store")} == {"not_public_metric"}
    assert {row["status"] for row in effects(warehouse, "douyin-jd-link")} == {"unknown_day"}
    assert all(effects(warehouse, deal) for deal in deals)
