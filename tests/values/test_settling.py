"""Figures that settle: 50 made-up platforms deliver the last 20 days each morning, through the loader.

The models see the deliveries only; tests/support/settling.py knows how each figure ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from etl.checks.run import run
from etl.checks.suite import load_suite
from etl.config import ROOT
from etl.inbox.load import load_inbox
from etl.models.graph import create_statements
from etl.warehouse import Connection
from tests.support.inbox_files import inbox_in
from tests.support.models import models_behind
from tests.support.settling import BACK, DAYS, DELIVERIES, FIRST, HEADER, Curves, curves_of, lines

pytestmark = pytest.mark.slow

SEEDS = range(50)
FEW, SOME = 15, 56  # mornings after which the models are built too: no history, and a short one
DELIVERED = "platform, date, channel, clicks, reported_orders, marketing_spend"


def morning(delivery: int) -> datetime:
    return datetime.combine(FIRST + timedelta(days=BACK + delivery), time(6), UTC)


@pytest.fixture(scope="module")
def con(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    """All deliveries loaded; final_N and settling_N are the marts after N of them, `truth` how each figure ends.

    `told` has what each file said, with the number of its delivery.
    """
    home = tmp_path_factory.mktemp("settling")
    inbox = inbox_in(home)
    con = inbox.con
    con.execute("insert into core.platform select 'seed_' || unnest(?)", [list(SEEDS)])
    curves = [one for seed in SEEDS for one in curves_of(seed)]
    for delivery in range(DELIVERIES):
        file = inbox.csv(f"{delivery}.csv", lines(curves, delivery), HEADER)
        (load,) = load_inbox(con, inbox.settings, morning(delivery), [file])
        assert load.status == "loaded"
        if delivery + 1 in (FEW, SOME, DELIVERIES):
            build(con)
            for mart in ("final", "settling"):
                con.execute(f"create table {mart}_{delivery + 1} as from marts.delivery_{mart}")
    con.execute(
        f"create table told as select {DELIVERED}, parse_filename(filename, true)::integer as delivery "
        "from read_csv(?, filename = true, types = {'marketing_spend': 'decimal(18,6)', "
        "'reported_orders': 'decimal(18,4)'})",
        [str(inbox.settings.inbox / "*.csv")],
    )
    write_truth(con, curves, home / "truth.csv")
    yield con
    con.close()


def build(con: Connection) -> None:
    models = models_behind("marts.delivery_final") | models_behind("steps.settling_age")
    for model in models.values():
        for statement in create_statements(model):
            con.execute(statement)


def write_truth(con: Connection, curves: list[Curves], path: Path) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write("platform,channel,date,metric,final\n")
        for one in curves:
            for day in range(DAYS):
                place = f"{one.platform},{one.channel},{FIRST + timedelta(days=day)}"
                file.write(f"{place},clicks,{one.clicks[day, -1]}\n{place},reported_orders,{one.orders[day, -1]}\n")
                file.write(f"{place},marketing_spend,{one.cents[day, -1] / 100}\n")
    con.execute("create table truth as from read_csv(?)", [str(path)])


def held(con: Connection, after: int) -> tuple[int, int, int]:
    """Bands after so many deliveries, those that hold the final value, and those that hold the value as known."""
    ((bands, final, known),) = con.execute(
        f"""
        select
            count(*), count(*) filter (where t.final between f.final_low - 1e-6 and f.final_high + 1e-6),
            count(*) filter (where f.value between f.final_low and f.final_high)
        from final_{after} as f join truth as t using (platform, channel, date, metric)
        where f.settling = 'band'
        """
    ).fetchall()
    return bands, final, known


@pytest.mark.parametrize("after", [SOME, DELIVERIES])
def test_ninety_percent_of_the_bands_hold_the_final_value(con: Connection, after: int) -> None:
    """Of 5,087 bands that rest on 20 to 51 days 90.4 %, of 5,106 that rest on 49 to 95 days 90.7 %."""
    bands, final, known = held(con, after)
    assert bands >= 2_000
    assert 0.88 <= final / bands <= 0.92
    assert known / bands < 0.7, "the bands do not hold just anything: of most figures more is to come"


def test_without_a_history_young_figures_are_unsettled_and_have_no_band(con: Connection) -> None:
    rows = f"from final_{FEW}"
    words = con.execute(f"select distinct settling, flags {rows} order by all").fetchall()
    assert words == [("short_history", ["unsettled"]), ("value_not_positive", ["unsettled"])]
    assert con.execute(f"select count(distinct (platform, channel)) {rows}").fetchall() == [(4 * len(SEEDS),)]
    assert con.execute(f"select bool_or(history_suffices) from settling_{FEW}").fetchall() == [(False,)]


def test_figures_settle_when_their_curve_ends(con: Connection) -> None:
    """Clicks that nobody takes back never move; what arrives late settles within the days that are told again."""
    ages = con.execute(
        f"""
        select metric, channel, min(settles_after_days), max(settles_after_days), bool_and(history_suffices)
        from settling_{DELIVERIES} where metric <> 'marketing_spend' and channel in ('exponential', 'refunds')
        group by metric, channel order by metric, channel
        """
    ).fetchall()
    assert ages[0] == ("clicks", "exponential", 0, 0, True)
    assert all(5 <= least <= most <= BACK and suffices for _, _, least, most, suffices in ages[1:])


def test_settled_figures_are_final(con: Connection) -> None:
    """Of the figures that count as settled, at most 5 % still move by more than 0.5 %."""
    ((figures, moved),) = con.execute(
        """
        select count(*), count(*) filter (where abs(cell.value - truth.final) > 0.005 * truth.final)
        from steps.delivered_cell as cell
        join truth using (platform, channel, date, metric)
        anti join marts.delivery_final as final using (platform, channel, date, metric)
        where cell.age < 20
        """
    ).fetchall()
    assert figures > 2_000
    assert moved / figures < 0.05


def test_every_past_view_reproduces_to_the_cent(con: Connection) -> None:
    """At each delivery, the rows that counted then are what had been delivered, and so are the versions."""
    con.execute(
        """
        create or replace temp table past as
        select told.*, lead(delivery, 1, 999) over (partition by platform, channel, date order by delivery) as until
        from told
        """
    )
    for delivery in range(DELIVERIES):
        now = morning(delivery)
        told = f"past where {delivery} >= delivery and {delivery} < until"
        viewed = f"raw.platform_metric_daily_as_of(timestamptz '{now}')"
        counts, wanted = content(con, DELIVERED, viewed), content(con, DELIVERED, told)
        assert counts == wanted
        assert counts[0] == 4 * len(SEEDS) * (BACK + delivery) or delivery >= DELIVERIES - 7
        versions = (
            "core.delivered_version where metric = 'marketing_spend' "
            f"and known_on <= date '{now.date()}' and coalesce(known_until > date '{now.date()}', true)"
        )
        spend = content(con, "platform, date, channel, marketing_spend", told)
        assert content(con, "platform, date, channel, value::decimal(18, 6)", versions) == spend


def content(con: Connection, columns: str, source: str) -> tuple[int, int]:
    """How many rows, and a hash of them that does not depend on their order."""
    ((rows, total),) = con.execute(f"select count(*), sum(hash({columns})::hugeint) from {source}").fetchall()
    return rows, total


@pytest.mark.parametrize(
    ("fault", "check"),
    [
        (
            "insert into core.platform_metric_daily by name select m.* replace ('copy' as account, "
            "marketing_spend * 2 as marketing_spend) from core.platform_metric_daily as m where date = $day",
            "the_last_version_is_what_counts",
        ),
        (
            "delete from raw.platform_metric_daily_history where date = $day and loaded_at::date = $day + 3",
            "no_figure_vanishes_and_returns",
        ),
    ],
)
def test_a_fault_of_the_history_is_told(con: Connection, fault: str, check: str) -> None:
    """A row that the versions do not know of, and history that is lost; at one of the platforms."""
    suite = load_suite(ROOT / "expectations", "core.delivered_version", "")
    statement, *_ = create_statements(models_behind("core.delivered_version")["core.delivered_version"])
    con.execute("begin")
    try:
        con.execute("delete from core.platform_metric_daily where platform <> 'seed_0'")
        con.execute(statement)
        assert [result.name for result in run(con, suite, ("platform",)) if not result.success] == []
        con.execute(fault, {"day": FIRST + timedelta(days=60)})
        if "history" in fault:
            con.execute(statement)
        assert [result.name for result in run(con, suite, ("platform",)) if not result.success] == [check]
    finally:
        con.execute("rollback")
