"""Fill raw.lifetime_forecast from core.buyer_history: the models of each platform, and of each of its channels.

A platform is computed again when the history of one of its buyers changed, mostly once a day. Where the data carry no
model, the row says why: a number that nothing supports would look like all others. Wrong data, such as more orders than
days, are no reason but an error.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import date
from hashlib import sha256
from pathlib import Path

import numpy as np

from etl.lifetime.holdout import hold_out, relative_error
from etl.lifetime.optimum import Array, NoModelError, dot
from etl.lifetime.orders import (
    Histories,
    OrderModel,
    expected_orders,
    expected_orders_of_new,
    fit_orders,
    log_deviation_of_new,
)
from etl.lifetime.value import (
    ValueModel,
    expected_value,
    fit_values,
    lifetime_value,
    lifetime_value_of_new,
    log_deviation_of_new_value,
)
from etl.warehouse import Connection

HORIZONS = (90, 180, 365)
YEARLY_DISCOUNT = 0.1
FEWEST_BUYERS, FEWEST_RETURNED = 500, 50
FEWEST_DAYS = 90  # of the first part of the time
WORST_ERROR = 0.3  # of the total of the holdout, either way
OK = "ok"
DEVIATIONS = 1.96  # to both sides hold 95 %


@dataclass(frozen=True)
class Buyers:
    """The buyers of a platform or a channel, an entry each, with the currency and the days that they share.

    `value` is what the later order days brought, NaN without a rate. `fit` marks those who had come before the last
    `held_days`, and the arrays that begin with it are of them alone, as they were then.
    """

    platform: str
    channel: str
    known_until: date
    observed_days: int
    held_days: int
    currency: str
    is_simulated: bool
    histories: Histories
    value: Array
    fit: Histories
    fit_value: Array
    came: Array
    came_value: Array


@dataclass
class Forecast:
    """One row of raw.lifetime_forecast, whose columns have the names of the fields."""

    platform: str
    channel: str
    horizon_days: int
    known_until: date
    observed_days: int
    buyers: int
    returned_buyers: int
    currency: str
    is_simulated: bool
    held_days: int
    status: str = OK
    value_status: str = OK
    yearly_discount: float = YEARLY_DISCOUNT
    numbers: dict[str, float | None] = field(default_factory=dict)


def bring_up_to_date(con: Connection) -> None:
    """Compute the platforms whose buyers, or whose program, changed; drop those that are gone. Raises MendError."""
    program = _program()
    wanted = {
        platform: f"{program} {total}"
        for platform, total in con.execute(
            "select h.platform, concat(count(*), ' ', sum(hash(h)::hugeint)) from core.buyer_history as h group by all"
        ).fetchall()
    }
    there = dict(con.execute("select distinct f.platform, f.input_hash from raw.lifetime_forecast as f").fetchall())
    for platform in there.keys() | wanted.keys():
        if there.get(platform) == wanted.get(platform):
            continue
        con.execute("delete from raw.lifetime_forecast where platform = ?", [platform])
        if platform in wanted:
            for buyers in _scopes(con, platform):
                for row in forecasts(buyers):
                    _insert(con, row, wanted[platform])


def _program() -> str:
    """What the numbers follow from beside the data: a hash of the modules of this folder."""
    texts = (path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))
    return sha256(b"".join(texts)).hexdigest()[:16]


def _insert(con: Connection, row: Forecast, input_hash: str) -> None:
    told = asdict(row)
    told |= told.pop("numbers") | {"input_hash": input_hash}
    columns = ", ".join(f"${name} as {name}" for name in told)
    con.execute(f"insert into raw.lifetime_forecast by name select {columns}", told)


def _scopes(con: Connection, platform: str) -> Iterator[Buyers]:
    """All buyers of a platform, then those of each channel."""
    channels = con.execute(
        "select distinct h.channel from core.buyer_history as h where h.platform = ? order by all", [platform]
    ).fetchall()
    for channel in ("", *(name for (name,) in channels)):
        yield _read(con, platform, channel)


def _read(con: Connection, platform: str, channel: str) -> Buyers:
    rows = con.execute(
        """
        select
            h.frequency, h.recency_days, h.age_days, coalesce(h.later_value::double, 'nan'::double) as value,
            h.fit_frequency is not null as is_fitted, coalesce(h.fit_frequency, 0) as fit_frequency,
            coalesce(h.fit_recency_days, 0) as fit_recency_days, coalesce(h.fit_age_days, 0) as fit_age_days,
            coalesce(h.fit_later_value::double, 'nan'::double) as fit_value
        from core.buyer_history as h
        where h.platform = $platform and $channel in ('', h.channel)
        """,
        {"platform": platform, "channel": channel},
    ).fetchnumpy()
    shared = con.execute(
        """
        select
            max(h.known_until), max(date_diff('day', h.since, h.known_until)), max(h.held_days), max(h.currency),
            bool_or(h.is_simulated)
        from core.buyer_history as h
        where h.platform = $platform and $channel in ('', h.channel)
        """,
        {"platform": platform, "channel": channel},
    ).fetchall()[0]
    columns = {name: np.asarray(values, np.float64) for name, values in rows.items()}
    fitted = columns["is_fitted"] > 0
    first = {name: values[fitted] for name, values in columns.items()}
    known_until, observed_days, held_days, currency, is_simulated = shared
    return Buyers(
        platform=platform,
        channel=channel,
        known_until=known_until,
        observed_days=observed_days,
        held_days=held_days,
        currency=currency,
        is_simulated=is_simulated,
        histories=Histories.of_buyers(columns["frequency"], columns["recency_days"], columns["age_days"]),
        value=columns["value"],
        fit=Histories.of_buyers(first["fit_frequency"], first["fit_recency_days"], first["fit_age_days"]),
        fit_value=first["fit_value"],
        came=first["frequency"] - first["fit_frequency"],
        came_value=first["value"] - first["fit_value"],
    )


def forecasts(buyers: Buyers) -> Iterator[Forecast]:
    """One row for each horizon, with numbers or with the reason why there are none."""
    try:
        models = _Models(buyers)
    except NoModelError as refused:
        for horizon_days in HORIZONS:
            yield _row(buyers, horizon_days, refused.reason, refused.reason)
        return
    for horizon_days in HORIZONS:
        status, numbers = models.at(horizon_days)
        row = _row(buyers, horizon_days, status, models.value_status if status == OK else status)
        row.numbers = models.fitted | numbers
        yield row


def _row(buyers: Buyers, horizon_days: int, status: str, value_status: str) -> Forecast:
    return Forecast(
        platform=buyers.platform,
        channel=buyers.channel,
        horizon_days=horizon_days,
        known_until=buyers.known_until,
        observed_days=buyers.observed_days,
        buyers=len(buyers.value),
        returned_buyers=_returned(buyers.histories),
        currency=buyers.currency,
        is_simulated=buyers.is_simulated,
        held_days=buyers.held_days,
        status=status,
        value_status=value_status,
    )


def _returned(histories: Histories) -> int:
    return int((histories.frequency > 0).sum())


class _Models:
    """The models of all that is known of the buyers, held against those of the first part. Raises NoModelError."""

    orders: OrderModel
    values: ValueModel | None
    status: str
    value_status: str
    fitted: dict[str, float | None]  # what does not depend on the horizon
    groups: Histories  # of all buyers, and the values of their next order days, added up
    group_values: Array

    def __init__(self, buyers: Buyers) -> None:
        self.buyers = buyers
        _require(buyers)
        first = fit_orders(buyers.fit.grouped())
        held = hold_out(first, buyers.fit, buyers.came, buyers.held_days)
        self.groups, self.group_values = buyers.histories.grouped_with(np.zeros(len(buyers.value)))
        self.orders = fit_orders(self.groups)
        self.status = OK if held.error is not None and abs(held.error) <= WORST_ERROR else "holdout_missed"
        self.fitted = {
            "held_buyers": held.buyers,
            "held_orders": held.orders,
            "held_error": held.error,
            "held_naive_error": held.naive_error,
            "held_miss": held.miss,
            "held_naive_miss": held.naive_miss,
            **{name: getattr(self.orders, name) for name in ("r", "alpha_days", "a", "b", "log_likelihood")},
        }
        self.values, self.value_status = None, OK
        try:
            self._fit_values(first)
        except NoModelError as refused:
            self.value_status = refused.reason

    def _fit_values(self, first: OrderModel) -> None:
        buyers = self.buyers
        if np.isnan(buyers.value).any():
            raise NoModelError("missing_rate", "an order of a later day has no exchange rate")
        means = _means(buyers.histories, buyers.value)
        values = fit_values(buyers.histories.frequency, means)
        self.fitted |= {name: getattr(values, name) for name in ("p", "q", "v")}
        self.fitted["value_correlation"] = values.correlation
        then = _means(buyers.fit, buyers.fit_value)
        each = expected_value(fit_values(buyers.fit.frequency, then), buyers.fit.frequency, then)
        expected = expected_orders(first, buyers.fit, buyers.held_days) * each
        naive = buyers.fit_value / np.maximum(buyers.fit.age_days, 1) * buyers.held_days
        error = relative_error(expected, buyers.came_value)
        self.fitted |= {
            "held_value_error": error,
            "held_naive_value_error": relative_error(naive, buyers.came_value),
        }
        if error is None or abs(error) > WORST_ERROR:
            raise NoModelError("holdout_missed", "the value of the holdout was missed")
        each = expected_value(values, buyers.histories.frequency, means)
        self.values, (_, self.group_values) = values, buyers.histories.grouped_with(each)

    def at(self, horizon_days: int) -> tuple[str, dict[str, float | None]]:
        """The status of a horizon and what is expected within it; nothing unless the status is ok."""
        if horizon_days > self.buyers.observed_days:
            return "horizon_too_far", {}
        try:
            return self.status, self._expected(horizon_days) if self.status == OK else {}
        except NoModelError as refused:  # what the parameters expect so far ahead cannot be computed
            return refused.reason, {}

    def _expected(self, horizon_days: int) -> dict[str, float | None]:
        """What is expected of a new and of a known buyer."""
        orders = expected_orders_of_new(self.orders, horizon_days)
        deviation = log_deviation_of_new(self.orders, horizon_days)
        of_known = dot(expected_orders(self.orders, self.groups, horizon_days), self.groups.buyers)
        numbers: dict[str, float | None] = {
            **_interval("expected_orders", orders, deviation),
            "known_buyer_orders": of_known / len(self.buyers.value),
        }
        if self.values is None:
            return numbers
        value = lifetime_value_of_new(
            self.orders, self.values, horizon_days=horizon_days, yearly_discount=YEARLY_DISCOUNT
        )
        discounted = lifetime_value(
            self.orders, self.groups, self.group_values, horizon_days=horizon_days, yearly_discount=YEARLY_DISCOUNT
        )
        deviation = float(np.hypot(deviation, log_deviation_of_new_value(self.values)))
        numbers["known_buyer_value"] = float(discounted.sum()) / len(self.buyers.value)
        return numbers | _interval("expected_value", value, deviation)


def _interval(name: str, value: float, deviation: float) -> dict[str, float]:
    factor = float(np.exp(DEVIATIONS * deviation))
    return {name: value, f"{name}_low": value / factor, f"{name}_high": value * factor}


def _means(histories: Histories, value: Array) -> Array:
    """The mean value of the later order days of each buyer; 0 without one."""
    return value / np.maximum(histories.frequency, 1)


def _require(buyers: Buyers) -> None:
    """Raise NoModelError where buyers or days are too few to fit the first part of the time."""
    if buyers.observed_days - buyers.held_days < FEWEST_DAYS:
        raise NoModelError("short_history", f"fewer than {FEWEST_DAYS} days come before the holdout")
    if len(buyers.came) < FEWEST_BUYERS or _returned(buyers.fit) < FEWEST_RETURNED:
        raise NoModelError("few_buyers", f"fewer than {FEWEST_BUYERS} buyers or {FEWEST_RETURNED} who returned")
