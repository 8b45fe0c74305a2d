"""Public figures by quarter around a deal: of its partners, and of the platforms that are no partners.

Read from a published snapshot. A figure of twelve months stands under its last quarter.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from etl.warehouse import Connection, WarehouseError

# Quarters that a figure covers, by its period.
WIDTHS = {"quarter": 1, "ttm": 4}
# A quarter by its number, year x 4 + quarter - 1, and the logarithm of its figure.
Series = Mapping[int, float]


@dataclass(frozen=True)
class Market:
    """One metric of all platforms: its series, and the quarters of their other deals and of its breaks.

    `width` is how many quarters a figure covers.
    """

    metric: str
    width: int
    series: Mapping[str, Series]
    events: Mapping[str, Sequence[int]]
    breaks: Mapping[str, Sequence[int]]

    def donors(self, partners: Sequence[str], quarters: Sequence[int]) -> tuple[str, ...]:
        """The platforms that are no partners and have all the quarters, in one meaning."""
        inside = range(quarters[0] + 1, quarters[-1] + 1)
        return tuple(
            name
            for name, found in sorted(self.series.items())
            if name not in partners
            and all(quarter in found for quarter in quarters)
            and not any(quarter in inside for quarter in self.breaks.get(name, ()))
        )

    def clean(self, donors: Sequence[str], first: int, last: int) -> tuple[str, ...]:
        """Those of the donors that had no deal of their own from quarter to quarter."""
        during = range(first, last + 1)
        return tuple(d for d in donors if not any(quarter in during for quarter in self.events.get(d, ())))


def number(day: date) -> int:
    """The number of the quarter that holds the day."""
    return day.year * 4 + (day.month - 1) // 3


def day_and_partners(con: Connection, deal: str) -> tuple[date, tuple[str, ...]]:
    """The day on which the deal went live, else was announced, and the platforms that count its partners.

    Raises WarehouseError for an unknown deal, or one whose day is not known.
    """
    row = con.execute(
        "select coalesce(p.effective_on, p.announced_on), p.traffic_platform, p.supply_platform "
        "from core.partnership as p where p.partnership_id = ?",
        [deal],
    ).fetchone()
    if row is None:
        raise WarehouseError(f"no deal is called {deal}: core.partnership has all of them")
    if row[0] is None:
        raise WarehouseError(f"{deal}: nobody knows the day on which it began, so nothing is before or after")
    return row[0], tuple(dict.fromkeys(name for name in row[1:] if name))


def markets(con: Connection, deal: str) -> Iterator[Market]:
    """Each metric that somebody prints by quarter, or of twelve months, for the whole company."""
    events = _events(con, deal)
    rows = con.execute(
        "select distinct o.metric, o.period_type from core.observation_latest as o "
        "where o.period_type in ('quarter', 'ttm') and o.scope = '' order by all"
    ).fetchall()
    for metric, period_type in rows:
        series = _series(con, metric, period_type)
        yield Market(metric, WIDTHS[period_type], series, events, _breaks(con, metric))


def _series(con: Connection, metric: str, period_type: str) -> dict[str, dict[int, float]]:
    """By platform, the exact positive figures of the whole company, in the unit that has most of them."""
    rows = con.execute(
        """
        select o.platform, o.unit, o.period_end, o.value::double
        from core.observation_latest as o
        where o.metric = ? and o.period_type = ? and o.scope = '' and o.qualifier = 'exact'
            and o.value > 0
        order by o.platform, o.unit, o.period_end
        """,
        [metric, period_type],
    ).fetchall()
    by_unit: dict[tuple[str, str], dict[int, float]] = {}
    for platform, unit, period_end, value in rows:
        by_unit.setdefault((platform, unit), {})[number(period_end)] = math.log(value)
    found: dict[str, dict[int, float]] = {}
    for (platform, _), series in by_unit.items():
        if len(series) > len(found.get(platform, {})):
            found[platform] = series
    return found


def _events(con: Connection, deal: str) -> dict[str, list[int]]:
    """By platform, the quarters in which one of its other deals was announced, began or ended."""
    rows = con.execute(
        """
        select distinct x.platform, e.event_on
        from core.partnership as p
        cross join lateral (values (p.traffic_platform), (p.supply_platform)) as x(platform)
        cross join lateral (values (p.announced_on), (p.effective_on), (p.ended_on)) as e(event_on)
        where p.partnership_id <> ? and x.platform is not null and e.event_on is not null
        """,
        [deal],
    ).fetchall()
    return _by_platform(rows)


def _breaks(con: Connection, metric: str) -> dict[str, list[int]]:
    rows = con.execute(
        "select b.platform, b.from_period_end from core.definition_break as b "
        "where b.metric = ? and b.scope = ''",
        [metric],
    ).fetchall()
    return _by_platform(rows)


def _by_platform(rows: Sequence[tuple[str, date]]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for platform, day in rows:
        found.setdefault(platform, []).append(number(day))
    return found
