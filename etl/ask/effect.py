"""The effect of a partnership on a public figure of its partners, or why none can be estimated: `make effect DEAL=...`.

Reads the published snapshot. For each partner with figures and each quarterly figure, the quarters before and after
the day on which the deal went live (else was announced) are compared with those of platforms that are no partners;
a period that contains the day is left out, and a figure of twelve months counts for its last quarter. A platform
that began or ended another deal in these quarters is no donor. Logarithms are compared, so an effect is a
percentage. Mostly the answer is a reason.

How an effect is estimated is in etl/effect/estimate.py.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import count, groupby, takewhile

import numpy as np

from etl.ask.explain import near_names
from etl.effect.estimate import Effect, Requirements, measure_effect
from etl.errors import MendError
from etl.warehouse import Connection, prepared

Series = Mapping[int, float]  # by quarter number, the logarithm of the figure
NEEDED = Requirements()
MOST_BEFORE, MOST_AFTER = 20, 8  # quarters
WIDTHS = {"quarter": 1, "ttm": 4}  # quarters that a figure covers, by its period
REASONS = {
    "definition_break": "what the figure counts changed within these quarters",
    "contaminated_donors": f"fewer than {NEEDED.few_donors} are left that had no deal of their own then",
    "single_unit_only": f"fewer than {NEEDED.fewest_donors} other platforms have these quarters",
    "insufficient_donors": f"fewer than {NEEDED.few_donors} other platforms have these quarters",
    "insufficient_pre_period": f"fewer than {NEEDED.fewest_before} quarters without a gap before",
    "insufficient_post": f"fewer than {NEEDED.fewest_after} quarters without a gap after",
    "no_variation": "the figure or those of the others do not vary, so nothing says what chance does",
    "poor_fit": "the others do not follow the platform before the day",
    "in_time_placebo_failed": "a day before it shows an effect too",
}


@dataclass(frozen=True)
class Market:
    """One metric of all platforms: its series, and by platform the quarters of other deals and of definition breaks.

    `width` is how many quarters a figure covers.
    """

    metric: str
    width: int
    series: Mapping[str, Series]
    events: Mapping[str, Sequence[int]]
    breaks: Mapping[str, Sequence[int]]

    def donors(self, partners: Sequence[str], quarters: Sequence[int]) -> tuple[str, ...]:
        """The platforms that are no partners and have all the quarters, without a definition break between them."""
        return tuple(
            name
            for name, found in sorted(self.series.items())
            if name not in partners
            and all(quarter in found for quarter in quarters)
            and not any(quarters[0] < quarter <= quarters[-1] for quarter in self.breaks.get(name, ()))
        )

    def without_deals(self, donors: Sequence[str], first: int, last: int) -> tuple[str, ...]:
        """Those of the donors that had no other deal from quarter `first` to quarter `last`."""
        return tuple(d for d in donors if not any(first <= quarter <= last for quarter in self.events.get(d, ())))


@dataclass(frozen=True)
class Answer:
    """The effect on one figure of one partner, with the platforms that it is compared with."""

    platform: str
    metric: str
    donors: tuple[str, ...]
    effect: Effect


def answers(con: Connection, deal: str) -> Iterator[Answer]:
    """One answer for each partner with figures and each quarterly metric.

    Raises MendError for an unknown deal, or one whose day is not known.
    """
    row = con.execute(prepared("effect_deal"), {"deal": deal}).fetchone()
    if row is None:
        known = [name for (name,) in con.execute("select p.partnership_id from core.partnership as p").fetchall()]
        of_both = [name for name in known if {*deal.split("-")} <= {*name.split("-")}]  # in whatever order
        hint = near_names(deal, of_both or known, "" if of_both else "-") or "core.partnership lists them"
        raise MendError(f"no deal is called {deal!r}; {hint}")
    event_on, *platforms = row
    if event_on is None:
        raise MendError(f"{deal}: the day on which it began is not known, so there is no before and after")
    partners = tuple(dict.fromkeys(filter(None, platforms)))
    events = dict(con.execute(prepared("effect_events"), {"deal": deal}).fetchall())
    found = con.execute(prepared("effect_series")).fetchall()
    for (metric, period_type), rows in groupby(found, key=lambda row: row[:2]):
        series = {platform: logarithms for _, _, platform, logarithms in rows}
        breaks = dict(con.execute(prepared("effect_breaks"), {"metric": metric}).fetchall())
        market = Market(metric, WIDTHS[period_type], series, events, breaks)
        for platform in partners:
            if platform in series:
                yield answer(market, platform, partners, event_on)


def answer(market: Market, platform: str, partners: Sequence[str], event_on: date) -> Answer:
    """The effect of a deal, live from `event_on`, on one of its partners."""
    own = market.series[platform]
    quarter, is_first_day = quarter_number(event_on), event_on.day == 1 and event_on.month % 3 == 1
    # Without a gap: as long as there is a figure.
    after = [*takewhile(own.__contains__, count(quarter + market.width - is_first_day))][:MOST_AFTER]
    before = [*takewhile(own.__contains__, count(quarter - 1, -1))][:MOST_BEFORE]
    if not before or not after:
        status = "insufficient_post" if before else "insufficient_pre_period"
        return Answer(platform, market.metric, (), Effect(status, 0, len(before), len(after)))

    def donors_of(quarters: Sequence[int]) -> tuple[str, ...]:
        return market.without_deals(market.donors(partners, quarters), quarter, after[-1])

    lengths = range(len(before), min(NEEDED.fewest_before, len(before)) - 1, -1)
    windows = [[*reversed(before[:length]), *after] for length in lengths]
    # The longest time before that leaves enough donors, else the one that leaves most.
    enough = (window for window in windows if len(donors_of(window)) >= NEEDED.few_donors)
    quarters = next(enough, None) or max(windows, key=lambda window: len(donors_of(window)))
    donors = donors_of(quarters)
    values = np.array([[market.series[name][q] for q in quarters] for name in (platform, *donors)])
    effect = measure_effect(values, len(quarters) - len(after))
    if any(quarters[0] < q <= quarters[-1] for q in market.breaks.get(platform, ())):
        effect = Effect("definition_break", len(donors), effect.before, effect.after)
    elif len(donors) < NEEDED.few_donors <= len(market.donors(partners, quarters)):
        effect = replace(effect, status="contaminated_donors")
    return Answer(platform, market.metric, donors, effect)


def quarter_number(day: date) -> int:
    """The number of the quarter that contains the day: year x 4 + quarter - 1."""
    return day.year * 4 + (day.month - 1) // 3


def lines_of(found: Answer) -> Iterator[str]:
    """The lines of an answer in a terminal."""
    effect = found.effect
    counted = f"{effect.donors} donors, {effect.before} quarters before, {effect.after} after"
    if effect.estimate is not None:
        yield (
            f"{found.platform} {found.metric}: {percent(effect.estimate)} [{percent(effect.low)}, "
            f"{percent(effect.high)}], {effect.status}; {counted}"
        )
        yield f"  without one donor each: {percent(effect.least)} to {percent(effect.most)}"
        yield f"  demeaned control {percent(effect.demeaned_control)}"
        yield f"  difference in differences {percent(effect.difference)}"
        yield f"  as large among placebos: {effect.share_of_placebos:.0%}; donors: {', '.join(found.donors)}"
    else:
        reason = REASONS[effect.status]
        yield f"{found.platform} {found.metric}: no number, {effect.status}: {reason}; {counted}"
    if effect.smallest is not None:
        yield f"  the smallest effect that could have been detected: {percent(effect.smallest)}"


def percent(logarithm: float | None) -> str:
    """A difference of logarithms as a percentage."""
    return "–" if logarithm is None else f"{100 * math.expm1(logarithm):+.1f} %"
