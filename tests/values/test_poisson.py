"""The exact Poisson interval: the small table against scipy, the formula for larger counts, and its error."""

from __future__ import annotations

import re

import pytest
from scipy.stats import chi2

from etl.models.graph import create_statements
from etl.warehouse import Connection
from tests.support.models import models_behind

COUNTS = [*range(20, 400), 500, 1_000, 10_000, 100_000, 1_000_000, 100_000_000]


def garwood(count: int) -> tuple[float, float]:
    """The exact two-sided 95 % interval of a Poisson mean."""
    low = float(chi2.ppf(0.025, 2 * count)) / 2 if count else 0.0
    return low, float(chi2.ppf(0.975, 2 * count + 2)) / 2


def test_the_table_below_20_is_exact(con: Connection) -> None:
    model = models_behind("core.poisson_interval")["core.poisson_interval"]
    rows = con.execute(f"select * from ({model.sql}) order by events").fetchall()
    assert [events for events, *_ in rows] == list(range(20))
    for events, low, high in rows:
        assert (low, high) == pytest.approx(garwood(events), rel=1e-14)


def test_each_bound_is_the_double_next_to_what_the_file_says(con: Connection) -> None:
    """As plain literals they become one wide DECIMAL, and the bound of five events 1.6234863901184209."""
    model = models_behind("core.poisson_interval")["core.poisson_interval"]
    written = re.findall(r"\((\d+), ([\d.]+)e0, ([\d.]+)e0\)", model.sql)
    rows = con.execute(f"select * from ({model.sql}) order by events").fetchall()
    assert rows == [(int(events), float(low), float(high)) for events, low, high in written]
    assert rows[5][1] == 1.6234863901184207


def test_from_20_on_the_relative_error_is_below_a_hundred_thousandth(con: Connection) -> None:
    """Far less than the interval is wide: at 20 it reaches from 61 % to 154 % of the count."""
    for model in models_behind("steps.partnership_cost").values():
        for statement in create_statements(model):
            con.execute(statement)
        if model.name == "steps.partnership_period":
            con.execute(
                "insert into steps.partnership_period (platform, partnership_id, span, date, days, "
                "new_buyers, marketing_spend, rateless_days, spend_has_gaps) "
                "select 'p', 'd' || n, 'day', date '2024-01-01', 1, n, 1000000, 0, false "
                "from (select unnest(?) as n)",
                [COUNTS],
            )
    found = con.execute(
        "select new_buyers, 1000000 / partner_cac_high, 1000000 / partner_cac_low from steps.partnership_cost"
    ).fetchall()
    assert sorted(count for count, *_ in found) == COUNTS
    for count, low, high in found:
        exact_low, exact_high = garwood(count)
        assert low == pytest.approx(exact_low, rel=1e-5)
        assert high == pytest.approx(exact_high, rel=1e-5)
        assert low < count < high
