"""What a partnership did to a public figure of its partners, or why nobody can tell: `make effect DEAL=...`.

Reads the published snapshot. For each partner with figures and each quarterly figure of it, the quarters
before and after the day on which the deal went live (else was announced) stand against those of platforms
that are no partners; a period that holds the day is left out. A platform that began or ended a deal of its
own in these quarters is no donor. Logarithms are compared, so an effect is a percentage. Mostly the answer
is a reason: saying so is the point.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from etl.config import load_settings
from etl.deal_figures import Market, Series, day_and_partners, markets, number
from etl.effect import FEW_DONORS, FEWEST_BEFORE, Effect, measure_effect
from etl.warehouse import Connection, DatabaseError, WarehouseError, open_snapshot

MOST_BEFORE, MOST_AFTER = 20, 8
USAGE = "name a deal: make effect DEAL=kuaishou-jd-2020-direct-supply"
REASONS = {
    "definition_break": "what the figure counts changed within these quarters",
    "contaminated_donors": f"fewer than {FEW_DONORS} are left that had no deal of their own then",
    "single_unit_only": "fewer than 3 other platforms have these quarters",
    "insufficient_donors": f"fewer than {FEW_DONORS} other platforms have these quarters",
    "insufficient_pre_period": f"fewer than {FEWEST_BEFORE} quarters without a gap before",
    "insufficient_post": "fewer than 2 quarters without a gap after",
    "poor_fit": "the others do not follow the platform before the day",
    "in_time_placebo_failed": "a day before it shows an effect too",
}


@dataclass(frozen=True)
class Answer:
    """The effect on one figure of one partner, with the platforms it stands against."""

    platform: str
    metric: str
    donors: tuple[str, ...]
    effect: Effect


def answers(con: Connection, deal: str) -> Iterator[Answer]:
    """One answer for each partner with figures and each quarterly metric.

    Raises WarehouseError for an unknown deal, or one whose day is not known.
    """
    event_on, partners = day_and_partners(con, deal)
    for market in markets(con, deal):
        for platform in partners:
            if platform in market.series:
                yield answer(market, platform, partners, event_on)


def answer(market: Market, platform: str, partners: Sequence[str], event_on: date) -> Answer:
    """The effect of a deal, live from `event_on`, on one of its partners."""
    own = market.series[platform]
    quarter, is_first_day = number(event_on), event_on.day == 1 and event_on.month % 3 == 1
    after = _run(own, quarter + market.width - is_first_day, 1)[:MOST_AFTER]
    before = _run(own, quarter - 1, -1)[:MOST_BEFORE]
    if not before or not after:
        status = "insufficient_post" if before else "insufficient_pre_period"
        return Answer(platform, market.metric, (), Effect(status, 0, len(before), len(after)))

    def clean(quarters: Sequence[int]) -> tuple[str, ...]:
        return market.clean(market.donors(partners, quarters), quarter, after[-1])

    lengths = range(len(before), min(FEWEST_BEFORE, len(before)) - 1, -1)
    windows = [[*reversed(before[:length]), *after] for length in lengths]
    # The longest time before that leaves enough donors, else the one that leaves most.
    enough = (window for window in windows if len(clean(window)) >= FEW_DONORS)
    quarters = next(enough, None) or max(windows, key=lambda window: len(clean(window)))
    donors = clean(quarters)
    values = np.array([[market.series[name][q] for q in quarters] for name in (platform, *donors)])
    effect = measure_effect(values, len(quarters) - len(after))
    if any(quarters[0] < q <= quarters[-1] for q in market.breaks.get(platform, ())):
        effect = Effect("definition_break", len(donors), effect.before, effect.after)
    elif len(donors) < FEW_DONORS <= len(market.donors(partners, quarters)):
        effect = replace(effect, status="contaminated_donors")
    return Answer(platform, market.metric, donors, effect)


def told(found: Answer) -> Iterator[str]:
    """The lines that say what was found."""
    effect = found.effect
    counted = f"{effect.donors} donors, {effect.before} quarters before, {effect.after} after"
    if effect.is_estimate:
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
        yield f"  the smallest effect that could have been seen: {percent(effect.smallest)}"


def percent(logarithm: float | None) -> str:
    """A difference of logarithms as a percentage."""
    return "–" if logarithm is None else f"{100 * math.expm1(logarithm):+.1f} %"


def _run(own: Series, start: int, step: int) -> list[int]:
    """Quarters from `start` on, in one direction, as long as there is a figure."""
    found: list[int] = []
    while start in own:
        found.append(start)
        start += step
    return found


def main(arguments: Sequence[str]) -> int:
    """Print the answers for the deal in `arguments`; 1 with the reason when there is no such deal."""
    deal = " ".join(arguments).strip()
    if not deal:
        print(USAGE, file=sys.stderr)
        return 1
    try:
        with open_snapshot(load_settings().serving_db) as con:
            lines = [line for found in answers(con, deal) for line in told(found)]
    except (WarehouseError, DatabaseError, ValueError, ArithmeticError) as error:
        print(error, file=sys.stderr)
        return 1
    print(
        "\n".join(lines) or f"no number, not_public_metric: no partner of {deal} prints a figure by quarter"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
