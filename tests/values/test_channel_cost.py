"""Cost by channel on the made-up world: against its own figures, to the cent, and against the partnerships."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from etl.demo import PLATFORMS, day
from etl.warehouse import Connection, memory
from tests.support.demo_warehouse import World, load_demo, world
from tests.support.models import build_models

pytestmark = pytest.mark.slow

FIGURES = {"orders": 1, "new_buyers": 1, "gmv": 100, "marketing_spend": 100, "subsidies": 100}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    """The demo whose team delivers channels and deals, and of the platform no totals of what it spends."""
    con = memory()
    load_demo(con, tmp_path_factory.mktemp("demo"))
    slugs = [platform.slug for platform in PLATFORMS]  # the branches of the chain have no figures worked out here
    con.execute("delete from core.platform_metric_daily where not list_contains(?, platform)", [slugs])
    con.execute(
        "update core.platform_metric_daily set marketing_spend = null, subsidies = null, commission = null "
        "where channel = '' and partnership_id = ''"
    )
    build_models(con)
    yield con
    con.close()


@pytest.fixture(scope="module")
def truth() -> World:
    return world()


def worked_out(truth: World) -> dict[tuple[str, str, str], dict[str, Decimal]]:
    """Figures by platform, channel and month, added up from the world in Python."""
    months: dict[tuple[str, str, str], dict[str, Decimal]] = {}
    for platform, _, daily in truth:
        for column, channel in enumerate(platform.channels):
            for number in range(channel.first, channel.last + 1):
                for name in (channel.name, ""):
                    key = platform.slug, name, day(number).strftime("%Y-%m")
                    sums = months.setdefault(key, dict.fromkeys(FIGURES, Decimal(0)))
                    for figure, scale in FIGURES.items():
                        sums[figure] += Decimal(int(daily[figure][number, column])) / scale
    return months


def test_months_equal_figures_worked_out_apart(demo: Connection, truth: World) -> None:
    apart = worked_out(truth)
    found = demo.execute(
        "select platform, channel, strftime(date, '%Y-%m'), orders, new_buyers, marketing_spend, subsidies, cac, "
        "validity from marts.channel_cost where span = 'month' and channel <> 'unattributed' order by all"
    ).fetchall()
    assert sorted(apart) == [row[:3] for row in found]
    for platform, channel, month, orders, new_buyers, spend, subsidies, cac, validity in found:
        sums = apart[platform, channel, month]
        assert (orders, new_buyers, spend, subsidies) == (
            sums["orders"],
            sums["new_buyers"],
            sums["marketing_spend"],
            sums["subsidies"],
        )
        if validity == "ok":
            assert cac == pytest.approx(float(spend) / new_buyers, rel=1e-12)
        else:
            assert (cac, spend) == (None, 0)
    assert {row[-1] for row in found} == {"ok", "no_spend"}


def test_every_order_and_cent_of_a_day_is_in_one_channel(demo: Connection) -> None:
    for figure in FIGURES:
        astray = demo.execute(
            f"select platform, date from steps.channel_day group by platform, date "
            f"having sum({figure}) filter (where channel <> '') <> sum({figure}) filter (where channel = '') "
            f"or count({figure}) filter (where channel = '') = 0"
        ).fetchall()
        assert astray == [], figure


def test_the_platform_costs_the_same_beside_channels_and_beside_partners(demo: Connection) -> None:
    ((rows, differing),) = demo.execute(
        "select count(*), count(*) filter (where p.blended_cac is distinct from c.loaded_cac) "
        "from steps.partnership_cost as p join marts.channel_cost as c "
        "on c.platform = p.platform and c.span = p.span and c.date = p.date and c.channel = ''"
    ).fetchall()
    assert rows == demo.execute("select count(*) from steps.partnership_cost").fetchall()[0][0] > 7_000
    assert differing == 0


def test_the_true_cost_lies_in_the_intervals_of_months(demo: Connection) -> None:
    """Of channels that are one source of buyers with one true cost; an exact interval covers 95 % or a little more."""
    true = {(p.slug, c.name): c.cac for p in PLATFORMS for c in p.channels if c.cac and not c.partnership_id}
    found = demo.execute(
        "select platform, channel, cac_low, cac_high from marts.channel_cost where span = 'month' and validity = 'ok'"
    ).fetchall()
    held = [low <= true[p, c] <= high for p, c, low, high in found if (p, c) in true]
    assert len(held) >= 48
    assert sum(held) / len(held) >= 0.9
