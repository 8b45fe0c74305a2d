"""Ranks and ties of marts.peer_rank against every pair of rows, compared one by one in Python."""

from __future__ import annotations

import random
from typing import NamedTuple

from etl.models.graph import create_statements
from etl.warehouse import memory
from tests.support.models import create_empty, models_behind

NEAREST = 5


class Cost(NamedTuple):
    """A row of marts.cac_trend; `high` is None where the prints leave it open."""

    row_id: str
    cac: int
    low: int
    high: int | None
    is_dated: bool

    def is_below(self, other: Cost) -> bool:
        """Whether it is surely cheaper."""
        return self.high is not None and self.high < other.low


def made(chance: random.Random, number: int) -> Cost:
    """A cost of whole numbers, so that ends of intervals meet often."""
    cac = chance.randint(10, 60)
    high = None if number % 17 == 0 else cac + chance.randint(0, 3)
    return Cost(f"r{number:03}", cac, cac - chance.randint(0, 3), high, number % 7 > 0)


def test_ranks_are_those_of_all_pairs_and_ties_are_listed_where_they_are_next() -> None:
    chance = random.Random(23)
    costs = [made(chance, number) for number in range(120)]
    expected = {}
    ordered = sorted(costs, key=lambda cost: (cost.cac, cost.row_id))
    for cost in costs:
        peers = [peer for peer in costs if peer.is_dated and peer is not cost]
        cheaper = sum(peer.is_below(cost) for peer in peers)
        ties = [peer for peer in peers if not (peer.is_below(cost) or cost.is_below(peer))]
        place = ordered.index(cost)
        near = ordered[max(place - NEAREST, 0) : place + NEAREST + 1]
        listed = sorted(peer.row_id for peer in ties if peer in near)
        expected[cost.row_id] = (1 + cheaper, 1 + cheaper + len(ties), len(ties), listed, 1 + len(peers))
    assert max(row[2] for row in expected.values()) > 2 * NEAREST  # more ties than are listed
    models = models_behind("marts.peer_rank")
    with memory() as con:
        for model in models.values():
            if model.name in ("core.term", "core.definition"):
                con.execute(create_statements(model)[0])
            elif model.name in ("marts.cac_trend", "steps.average_rate"):
                create_empty(con, model)
        con.executemany(
            "insert into marts.cac_trend by name select $row_id as row_id, $row_id as platform, '' as scope, "
            "'cac_net_12m' as definition, date '2019-01-01' as period_start, date '2019-12-31' as period_end, "
            "'2019' as calendar_label, $cac as cac, $low as cac_low, $high as cac_high, 'CNY' as currency, "
            "'ok' as validity, []::varchar[] as flags, if($is_dated, date '2020-03-01', null) as known_on",
            [cost._asdict() for cost in costs],
        )
        con.execute(create_statements(models["marts.peer_rank"])[0])
        for basis in ("same_window", "nearest_year"):
            found = con.execute(
                "select row_id, rank, rank_worst, ties, tied_with, ranked from marts.peer_rank "
                "where basis = ? and compared_in = 'own_currency'",
                [basis],
            ).fetchall()
            assert {row_id: tuple(rest) for row_id, *rest in found} == expected
