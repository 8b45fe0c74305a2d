"""A made-up world with known truth: two platforms, six partnerships, two years, seeded.

What is true is decided first (what a new buyer costs, how often one returns, how much comes back), orders
are drawn from it, and every daily figure is added up from the orders here, without SQL: so a mart can be
compared with it. Nothing of it is about anyone; every name begins with sim_. Source: this file.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

FIRST_DAY, DAYS, SEED = date(2024, 1, 1), 731, 20240101
STATUS = ("placed", "cancelled", "refunded")
MEASURES = (
    *("dau", "sessions", "orders", "buyers", "new_buyers"),
    *("gmv", "cancelled_gmv", "refunded_gmv", "marketing_spend", "subsidies", "commission"),
)
_WEEKDAY = np.array([0.94, 0.92, 0.95, 0.98, 1.05, 1.12, 1.04])
_FESTIVALS = {(6, 18): 2.5, (11, 11): 3.0}

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Channel:
    """Where buyers come from, and what is true of them; money in the platform's currency.

    A new buyer costs `cac` (0: comes by itself), so `spend` / `cac` of them come on an average day, Poisson;
    each returns `returns` times on average. `first` and `last` number the days on which it runs.
    """

    name: str
    partnership_id: str
    spend: float
    cac: float
    returns: float = 2.0
    basket: float = 120.0
    cancelled: float = 0.04
    refunded: float = 0.08
    commission: float = 0.0
    first: int = 0
    last: int = DAYS - 1
    by_itself: float = 6.0


@dataclass(frozen=True)
class Platform:
    """A platform that does not exist. Its first channel is where people come by themselves."""

    slug: str
    name: str
    role: str
    currency: str
    channels: tuple[Channel, ...]


def _partner(name: str, spend: float, cac: float, **more: float | int) -> Channel:
    return Channel("partner", f"sim_{name}", spend, cac, **more)  # type: ignore[arg-type]


PLATFORMS = (
    Platform(
        *("sim_stream", "Simulated Stream", "traffic", "CNY"),
        (
            Channel("search", "", 0, 0, by_itself=7),
            Channel("ads", "", 1400, 175),
            _partner("stream_bazaar_link", 600, 120, commission=0.05, last=419),
            _partner("stream_bazaar_supply", 700, 100, commission=0.04, returns=2.6, first=420),
            _partner("stream_mall_store", 500, 125, commission=0.06, refunded=0.15),
        ),
    ),
    Platform(
        *("sim_bazaar", "Simulated Bazaar", "supply", "USD"),
        (
            Channel("search", "", 0, 0, basket=18, by_itself=9),
            Channel("ads", "", 210, 28, basket=17),
            _partner("video_bazaar_link", 95, 19, basket=16, commission=0.05),
            _partner("social_bazaar_store", 66, 22, basket=21, commission=0.07, first=120),
            _partner("news_bazaar_ads", 20, 40, basket=17, commission=0.03, returns=1.1),
        ),
    ),
)


@dataclass(frozen=True)
class Orders:
    """The orders of one platform, by time: channel, day and buyer as numbers, amount in cents."""

    channel: Ints
    day: Ints
    second: Ints
    buyer: Ints
    cents: Ints
    status: Ints
    is_first: NDArray[np.bool_]


@dataclass(frozen=True)
class Daily:
    """The daily figures of one platform by day and channel; the last column is the total; money in cents."""

    figures: dict[str, Ints] = field(default_factory=dict)


def day(number: int) -> date:
    """The day with that number; the first is 0."""
    return FIRST_DAY + timedelta(days=int(number))


def simulate(platform: Platform, seed: int = SEED) -> tuple[Orders, Daily]:
    """Orders of a platform and the daily figures that add up from them. The same seed gives the same."""
    rng = np.random.default_rng([seed, *platform.slug.encode()])
    spend = np.stack([_spend(channel, rng) for channel in platform.channels], axis=1)
    orders = _orders(platform, spend, rng)
    return orders, _daily(platform, orders, spend, rng)


def _season() -> NDArray[np.float64]:
    days = [day(number) for number in range(DAYS)]
    weekday = _WEEKDAY[[d.weekday() for d in days]]
    season: NDArray[np.float64] = weekday * np.array([_FESTIVALS.get((d.month, d.day), 1.0) for d in days])
    return season


def _runs(channel: Channel) -> NDArray[np.bool_]:
    number = np.arange(DAYS)
    return (number >= channel.first) & (number <= channel.last)


def _spend(channel: Channel, rng: np.random.Generator) -> Ints:
    """Cents spent a day."""
    noise = rng.normal(1, 0.08, DAYS).clip(0.6, 1.4)
    cents: Ints = np.rint(channel.spend * 100 * _season() * noise * _runs(channel)).astype(np.int64)
    return cents


def _orders(platform: Platform, spend: Ints, rng: np.random.Generator) -> Orders:
    parts: list[Ints] = []
    buyers = 0
    for number, channel in enumerate(platform.channels):
        mean = spend[:, number] / 100 / channel.cac if channel.cac else channel.by_itself * _season()
        won = rng.poisson(mean)
        first_day = np.repeat(np.arange(DAYS), won)
        returns = rng.poisson(channel.returns, len(first_day))
        later = np.repeat(first_day, returns) + 1 + rng.exponential(60, returns.sum()).astype(np.int64)
        who = buyers + np.arange(len(first_day))
        buyers += len(first_day)
        of_day = np.concatenate([first_day, later])
        buyer = np.concatenate([who, np.repeat(who, returns)])
        # Who came through a deal that has ended returns by himself.
        source = np.where(of_day <= channel.last, number, 0)
        kind = rng.choice(
            3, len(of_day), p=[1 - channel.cancelled - channel.refunded, channel.cancelled, channel.refunded]
        )
        cents = np.rint(rng.lognormal(np.log(channel.basket) - 0.18, 0.6, len(of_day)) * 100)
        first = np.arange(len(of_day)) < len(first_day)
        second = rng.integers(0, 86_400, len(of_day))
        parts.append(np.stack([source, of_day, second, buyer, cents.astype(np.int64), kind, first]))
    drawn = np.concatenate(parts, axis=1)
    drawn = drawn[:, drawn[1] < DAYS]
    drawn = drawn[:, np.lexsort((drawn[3], drawn[2], drawn[1]))]
    source, of_day, second, buyer, cents, status, first = drawn
    return Orders(source, of_day, second, buyer, cents, status, first.astype(bool))


def _daily(platform: Platform, orders: Orders, spend: Ints, rng: np.random.Generator) -> Daily:
    width = len(platform.channels)
    total = np.full(len(orders.day), width)
    figures = {name: np.zeros((DAYS, width + 1), np.int64) for name in MEASURES}

    def add(name: str, rows: NDArray[np.bool_], amount: Ints | int) -> None:
        weight = amount[rows] if isinstance(amount, np.ndarray) else amount
        for column in (orders.channel, total):
            np.add.at(figures[name], (orders.day[rows], column[rows]), weight)

    every = np.ones(len(orders.day), bool)
    add("orders", every, 1)
    add("new_buyers", orders.is_first, 1)
    add("gmv", every, orders.cents)
    add("cancelled_gmv", orders.status == 1, orders.cents)
    add("refunded_gmv", orders.status == 2, orders.cents)
    seen = np.unique(np.stack([orders.day, orders.channel, orders.buyer]), axis=1)
    np.add.at(figures["buyers"], (seen[0], seen[1]), 1)
    seen = np.unique(np.stack([orders.day, orders.buyer]), axis=1)
    np.add.at(figures["buyers"], (seen[0], total[: len(seen[0])]), 1)
    net = figures["gmv"] - figures["cancelled_gmv"] - figures["refunded_gmv"]
    rates = np.array([channel.commission for channel in platform.channels])
    figures["marketing_spend"][:, :width] = spend
    figures["commission"][:, :width] = np.rint(net[:, :width] * rates)
    figures["subsidies"][:, :width] = np.rint(net[:, :width] * 0.02)
    visitors = rng.poisson(400 + 25.0 * figures["buyers"][:, :width])
    figures["dau"][:, :width] = visitors
    figures["sessions"][:, :width] = np.rint(visitors * 1.6)
    for name in ("marketing_spend", "commission", "subsidies", "sessions"):
        figures[name][:, width] = figures[name][:, :width].sum(axis=1)
    # A person may come by several ways on one day: users of the platform are fewer than their sum.
    figures["dau"][:, width] = np.rint(visitors.sum(axis=1) * 0.9)
    return Daily(figures)
