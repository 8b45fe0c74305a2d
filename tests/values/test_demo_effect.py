"""The demo's two deals of a chain of shops: the effect that one has is in its interval, the other has none.

The truth is worked out from the rows that the demo draws: of a deal whose buyers would not have come without it, all of
them are an effect; of the other none is, although last touch gives it as many.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from etl.demo import CHAIN_DEALS, MEASURES, chain_rows
from etl.effect.study import bring_up_to_date
from etl.warehouse import Connection, memory
from tests.support.building import build_needed
from tests.support.demo_warehouse import load_demo

WORKS, MOVES = (deal.partnership_id for deal in CHAIN_DEALS)
FIRST, LAST = date(2025, 1, 6), date(2025, 12, 28)  # the whole weeks after the day of both deals


@pytest.fixture(scope="module")
def con(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    con = memory()
    load_demo(con, tmp_path_factory.mktemp("demo"))
    build_needed(con, "marts.partnership_path", "marts.incrementality")
    yield con
    con.close()


def row(con: Connection, table: str, deal: str, metric: str = "new_buyers") -> dict[str, Any]:
    answer = con.execute(f"from {table} where study_id like ? || '/%/' || ? || '/week'", [deal, metric])
    names = [column[0] for column in answer.description or ()]
    (found,) = answer.fetchall()
    return dict(zip(names, found, strict=True))


def drawn(deal: str, measure: str) -> tuple[int, int]:
    """Of the deal's shop in the weeks after: the total of a measure, and what came through the deal."""
    shop = next(found.shop for found in CHAIN_DEALS if found.partnership_id == deal)
    sums = {"": 0, deal: 0}
    for platform, day, channel, partnership_id, _, *figures in chain_rows():
        if platform == shop and FIRST <= day <= LAST and (partnership_id or not channel):
            sums[partnership_id] += int(figures[MEASURES.index(measure)])
    return sums[""], sums[deal]


def test_the_planted_effect_is_in_its_interval_and_seen(con: Connection) -> None:
    total, through = drawn(WORKS, "new_buyers")
    found = row(con, "marts.partnership_effect", WORKS)
    assert (found["status"], found["verdict"], len(found["donors"])) == ("ok", "effect_seen", 22)
    assert found["effect_pct_low"] < 100 * through / (total - through) < found["effect_pct_high"]
    assert found["is_simulated"]


def test_the_deal_without_effect_is_not_found(con: Connection) -> None:
    found = row(con, "marts.partnership_effect", MOVES)
    assert (found["status"], found["verdict"]) == ("ok", "no_effect_seen")
    assert found["effect_pct_low"] < 0 < found["effect_pct_high"]
    assert found["wording"].startswith("consistent with no effect; less than ")


def test_reported_attributed_and_incremental_are_three_columns(con: Connection) -> None:
    for deal in (WORKS, MOVES):
        total, through = drawn(deal, "new_buyers")
        found = row(con, "marts.incrementality", deal)
        assert (found["first_on"], found["last_on"]) == (FIRST, LAST)
        assert (found["total"], found["attributed"], found["reported"]) == (total, through, None)
        true = through if deal == WORKS else 0
        assert found["incremental_low"] < true < found["incremental_high"]
    assert found["incremental"] is None and found["cost_per_incremental"] is None
    assert found["cost_per_attributed"] == pytest.approx(found["spend"] / through)
    works = row(con, "marts.incrementality", WORKS)
    assert works["cost_per_incremental"] == pytest.approx(works["spend"] / works["incremental"])


def test_the_path_holds_the_shop_against_the_others(con: Connection) -> None:
    rows = con.execute(
        "select is_after, count(*), avg(gap_pct) from marts.partnership_path "
        "where study_id like ? || '%/new_buyers/week' group by all order by all",
        [WORKS],
    ).fetchall()
    assert [count for _, count, _ in rows] == [52, 51]
    assert abs(rows[0][2]) < 3 and rows[1][2] > 10


def test_a_shop_without_its_donors_is_refused(con: Connection) -> None:
    """Without the other shops there is no number, and the row says how many are missing."""
    con.execute("begin")
    con.execute("delete from steps.study_value where platform not similar to 'sim_branch0[13456]'")
    bring_up_to_date(con)
    found = "select status from raw.study_result where study_id like 'sim_video_branch01%/new_buyers/week'"
    assert con.execute(found).fetchall() == [("insufficient_donors",)]
    con.execute("rollback")
