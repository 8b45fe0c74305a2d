"""Estimates of the effects of deals, one for each study, computed again only where its figures or the code changed.

A study (steps.study) asks about one figure of one partner of a deal. Its periods before and after the day are
compared with those of platforms that are no partners; a period that contains the day is left out, and a figure of
twelve months counts for its last quarter. A platform is no donor where it lacks a period, where its figure changed its
definition, where it began or ended another deal after the day (and before it, if enough others are left), or where
somebody excluded it. Periods before another deal of the partner are left out if enough are left. Logarithms are
compared, so an effect is a percentage. Mostly the answer is a reason.
"""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from itertools import count, takewhile
from pathlib import Path
from typing import Any

import numpy as np

from etl.effect.estimate import Effect, Requirements, measure_effect
from etl.errors import MendError
from etl.warehouse import Connection, prepared

Series = Mapping[int, float]  # by number of the period, the logarithm of the figure
MONDAY = date(1970, 1, 5)
DONOR = "donor"
PARTNER = "partner"
NOT_LISTED = "not_listed"
MISSING = "missing_periods"
CODE = b"".join((Path(__file__).with_name(name)).read_bytes() for name in ("estimate.py", "study.py"))


@dataclass(frozen=True)
class Calendar:
    """Periods of one kind: the number of the one that holds a day, and the first day of the one with a number.

    A figure covers `width` of them, the last of which is its own; of figures before and after a day so many are used.
    """

    number: Callable[[date], int]
    first_day: Callable[[int], date]
    width: int
    most_before: int
    most_after: int
    needed: Requirements


def quarter_number(day: date) -> int:
    """The number of the quarter that contains the day: year x 4 + quarter - 1."""
    return day.year * 4 + (day.month - 1) // 3


def week_number(day: date) -> int:
    """The number of the week that contains the day, Monday first: 0 is that of 1970-01-05."""
    return (day - MONDAY).days // 7


def first_day_of_quarter(number: int) -> date:
    """The first day of the quarter with that number."""
    return date(number // 4, number % 4 * 3 + 1, 1)


def monday_of_week(number: int) -> date:
    """The Monday of the week with that number."""
    return MONDAY + timedelta(days=7 * number)


CALENDARS = {
    "quarter": Calendar(quarter_number, first_day_of_quarter, 1, 20, 8, Requirements()),
    "ttm": Calendar(quarter_number, first_day_of_quarter, 4, 20, 8, Requirements()),
    # Half a year before is the least that shows how a week scatters, a whole one the least that shows its seasons.
    "week": Calendar(week_number, monday_of_week, 1, 104, 52, Requirements(26, 52, 4)),
}


@dataclass(frozen=True)
class Disturbance:
    """Days from and to which a platform's figures of a metric ('': of all) are no comparison; `place` says why.

    `deal` is the deal behind it, else empty.
    """

    platform: str
    metric: str
    place: str
    deal: str
    starts_on: date
    ends_on: date


@dataclass(frozen=True)
class Study:
    """One row of steps.study, with the platforms of its deal."""

    study_id: str
    deal: str
    platform: str
    metric: str
    period: str
    event_on: date | None
    first_on: date | None = None
    last_on: date | None = None
    donors: tuple[str, ...] = ()
    partners: tuple[str, ...] = ()


@dataclass(frozen=True)
class Market:
    """The series of one metric and kind of period by platform, and what disturbs them."""

    series: Mapping[str, Series]
    disturbances: Sequence[Disturbance]

    @cached_property
    def by_place(self) -> Mapping[tuple[str, str], Sequence[Disturbance]]:
        """The disturbances by platform and place."""
        found: defaultdict[tuple[str, str], list[Disturbance]] = defaultdict(list)
        for disturbance in self.disturbances:
            found[disturbance.platform, disturbance.place].append(disturbance)
        return found


@dataclass(frozen=True)
class Unit:
    """A platform that was considered as a donor: its place, the periods it lacks, and its weight where it is one."""

    platform: str
    place: str
    missing: int
    weight: float | None = None


@dataclass(frozen=True)
class Answer:
    """The estimate of a study or why there is none, the platforms considered, and what they lead to expect.

    `gap_before` and `gap_after` number the nearest periods without a figure: these would make the compared ones more.
    They are None where days of the study or another deal of the partner bound them. `is_shared` says that the partner
    had another deal in these periods, `has_donor_deal` that a donor had one before the day.
    """

    effect: Effect
    units: tuple[Unit, ...] = ()
    points: tuple[tuple[int, float | None], ...] = ()
    gap_before: int | None = None
    gap_after: int | None = None
    is_shared: bool = False
    has_donor_deal: bool = False


def bring_up_to_date(con: Connection) -> None:
    """Fill raw.study_result: one row a study, computed again where figures, donors or the code changed.

    Reads steps.study, steps.study_value and core. Raises nothing for a study that cannot be estimated: its row has the
    reason.
    """
    markets, studies = _markets(con), list(_studies(con))
    hashes = {study.study_id: _input_hash(study, markets[study.metric, study.period]) for study in studies}
    known = dict(con.execute("select study_id, input_hash from raw.study_result").fetchall())
    stale = [study for study in studies if known.get(study.study_id) != hashes[study.study_id]]
    gone = [*(known.keys() - hashes.keys()), *(study.study_id for study in stale)]
    con.execute("delete from raw.study_result where study_id in (select unnest(?::varchar[]))", [gone])
    _insert(con, [_row(s, hashes[s.study_id], answer_of(s, markets[s.metric, s.period])) for s in stale])


def answer_of(study: Study, market: Market) -> Answer:
    """The effect that a study asks for, or the reason why there is none."""
    if not study.metric or study.event_on is None:
        return Answer(Effect("unknown_day" if study.metric else "not_public_metric", 0, 0, 0))
    calendar, own = CALENDARS[study.period], market.series.get(study.platform, {})
    event = calendar.number(study.event_on)
    first_after = event + calendar.width - (calendar.first_day(event) == study.event_on)

    def is_there(number: int) -> bool:
        starts_on, after_it = calendar.first_day(number - calendar.width + 1), calendar.first_day(number + 1)
        is_in_time = study.first_on is None or starts_on >= study.first_on
        return number in own and is_in_time and (study.last_on is None or after_it - timedelta(days=1) <= study.last_on)

    # Without a gap: as long as there is a figure.
    after = [*takewhile(is_there, count(first_after))][: calendar.most_after]
    before = _undisturbed(study, market, [*takewhile(is_there, count(event - 1, -1))][: calendar.most_before], event)
    gaps = [n if n not in own else None for n in (event - 1 - len(before), first_after + len(after))]
    if not before or not after:
        status = "insufficient_post" if before else "insufficient_pre_period"
        return Answer(Effect(status, 0, len(before), len(after)), gap_before=gaps[0], gap_after=gaps[1])
    window, units = _compared(study, market, before, after, event)
    answer = _estimated(study, market, window, len(after), units)
    covered = [window[0] - calendar.width + 1, window[-1]]
    return replace(
        answer,
        gap_before=gaps[0],
        gap_after=gaps[1],
        is_shared=_is_disturbed(study, market, study.platform, covered, "other_deal"),
        has_donor_deal=any(_is_disturbed(study, market, d, covered, "other_deal") for d in _donors(units)),
    )


def _undisturbed(study: Study, market: Market, before: list[int], event: int) -> list[int]:
    """The periods before, the latest first, after the last other deal of the partner, if these are enough; else all."""
    calendar = CALENDARS[study.period]
    others = market.by_place.get((study.platform, "other_deal"), ())
    days = [calendar.number(found.starts_on) for found in others if found.deal != study.deal]
    last = max((number for number in days if number <= event), default=before[-1] - calendar.width if before else 0)
    clean = [number for number in before if number - calendar.width + 1 > last]
    return clean if len(clean) >= calendar.needed.fewest_before else before


def _compared(
    study: Study, market: Market, before: Sequence[int], after: Sequence[int], event: int
) -> tuple[Sequence[int], tuple[Unit, ...]]:
    """The periods to compare, with the donors: the longest time before that leaves enough, else the most.

    Donors without any deal of their own in these periods go before those that had none after the day.
    """
    calendar = CALENDARS[study.period]
    fewest, needed = min(calendar.needed.fewest_before, len(before)), calendar.needed.few_donors
    windows = [[*reversed(before[:n]), *after] for n in range(len(before), fewest - 1, -1)]
    for is_quiet in (True, False):
        considered = [
            (window, units_of(study, market, window, window[0] - calendar.width + 1 if is_quiet else event))
            for window in windows
        ]
        if enough := [found for found in considered if len(_donors(found[1])) >= needed]:
            return enough[0]
    return max(considered, key=lambda found: len(_donors(found[1])))


def _estimated(study: Study, market: Market, window: Sequence[int], after: int, units: tuple[Unit, ...]) -> Answer:
    needed, donors = CALENDARS[study.period].needed, _donors(units)
    values = np.array([[market.series[name][number] for number in window] for name in (study.platform, *donors)])
    try:
        effect = measure_effect(values, len(window) - after, needed)
    except MendError:
        effect = Effect("no_convergence", len(donors), len(window) - after, after)
    own = [p for p in ("definition_break", "excluded") if _is_disturbed(study, market, study.platform, window, p)]
    if own:
        status = own[0] if own[0] == "definition_break" else "partner_excluded"
        effect = Effect(status, len(donors), effect.before, effect.after)
    elif len(donors) < needed.few_donors <= len(donors) + sum(u.place in ("other_deal", "excluded") for u in units):
        effect = replace(effect, status="contaminated_donors")
    weights = dict(zip(donors, effect.donor_weights, strict=False))
    expected: Sequence[float | None] = effect.expected or [None] * len(window)
    return Answer(
        effect,
        tuple(replace(unit, weight=weights.get(unit.platform)) for unit in units),
        tuple(zip(window, expected, strict=True)),
    )


def units_of(study: Study, market: Market, window: Sequence[int], deals_from: int) -> tuple[Unit, ...]:
    """Every other platform with figures of the metric, and whether it is a donor in the window, else why not.

    A deal of its own counts against it from the period `deals_from` on.
    """
    found: list[Unit] = []
    for name, series in sorted(market.series.items()):
        missing = sum(number not in series for number in window)
        places = {
            PARTNER: name in study.partners,
            NOT_LISTED: bool(study.donors) and name not in study.donors,
            MISSING: bool(missing),
            "definition_break": _is_disturbed(study, market, name, window, "definition_break"),
            "other_deal": _is_disturbed(study, market, name, [deals_from, window[-1]], "other_deal"),
            "excluded": _is_disturbed(study, market, name, window, "excluded"),
        }
        place = next((place for place, applies in places.items() if applies), DONOR)
        if name != study.platform:
            found.append(Unit(name, place, missing))
    return tuple(found)


def _is_disturbed(study: Study, market: Market, platform: str, window: Sequence[int], place: str) -> bool:
    """Whether something of a kind moves a platform's figure within a window, other than the deal of the study.

    A definition that changes with the first period of the window changed before it.
    """
    number = CALENDARS[study.period].number
    first = window[0] + (place == "definition_break")
    return any(
        number(found.starts_on) <= window[-1] and number(found.ends_on) >= first
        for found in market.by_place.get((platform, place), ())
        if found.deal != study.deal
    )


def _donors(units: Sequence[Unit]) -> list[str]:
    return [unit.platform for unit in units if unit.place == DONOR]


def _studies(con: Connection) -> Iterator[Study]:
    rows = con.execute(
        """
        select
            study.study_id, study.partnership_id, study.platform, study.metric, study.period, study.event_on,
            study.first_on, study.last_on, study.donors, [deal.traffic_platform, deal.supply_platform]
        from steps.study as study
        join core.partnership as deal on deal.partnership_id = study.partnership_id
        order by study.study_id
        """
    ).fetchall()
    for *columns, donors, partners in rows:
        named = tuple(sorted({*filter(None, partners)}))
        yield replace(Study(*columns), donors=tuple(donors or ()), partners=named)


def _markets(con: Connection) -> defaultdict[tuple[str, str], Market]:
    """The market of each metric and kind of period; one that nobody has figures of is empty."""
    disturbances = [Disturbance(*row) for row in con.execute(prepared("study_disturbances")).fetchall()]
    found: defaultdict[tuple[str, str], dict[str, dict[int, float]]] = defaultdict(lambda: defaultdict(dict))
    columns = "metric, period, platform, number, value::double"  # nothing has no logarithm: a period without it
    rows = con.execute(f"select {columns} from steps.study_value where value > 0").fetchall()
    for metric, period, platform, number, value in rows:
        found[metric, period][platform][number] = math.log(value)
    markets: defaultdict[tuple[str, str], Market] = defaultdict(lambda: Market({}, ()))
    for (metric, period), series in found.items():
        own = [found for found in disturbances if found.metric in ("", metric)]
        markets[metric, period] = Market(series, own)
    return markets


def _input_hash(study: Study, market: Market) -> str:
    series = sorted((name, sorted(values.items())) for name, values in market.series.items())
    parts: Any = (astuple(study), series, [astuple(found) for found in market.disturbances])
    return hashlib.sha256(CODE + repr(parts).encode()).hexdigest()


_COLUMNS = [
    *("status", "before", "after", "smallest", "estimate", "low", "high", "least", "most", "share_of_placebos"),
    *("is_seen", "in_time", "in_time_smallest", "demeaned_control", "difference", "fit"),
]


def _row(study: Study, input_hash: str, answer: Answer) -> dict[str, Any]:
    """The row of raw.study_result."""
    needed = CALENDARS[study.period or "quarter"].needed
    return {
        "study_id": study.study_id,
        "input_hash": input_hash,
        **{name: getattr(answer, name) for name in ("gap_before", "gap_after", "is_shared", "has_donor_deal")},
        **{column: getattr(needed, column) for column in ("fewest_before", "fewest_after", "few_donors")},
        **{column: getattr(answer.effect, column) for column in _COLUMNS},
        "units": [vars(unit) for unit in answer.units],
        "points": [{"number": number, "expected": expected} for number, expected in answer.points],
    }


def _insert(con: Connection, rows: Sequence[dict[str, Any]]) -> None:
    if not rows:
        return
    types = {"units": "struct(platform varchar, place varchar, missing bigint, weight double)[]"}
    types["points"] = "struct(number bigint, expected double)[]"
    values = ", ".join(f"${column}::{types[column]}" if column in types else f"${column}" for column in rows[0])
    con.executemany(f"insert into raw.study_result ({', '.join(rows[0])}) values ({values})", rows)
