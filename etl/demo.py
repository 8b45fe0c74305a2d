"""Simulated data with known truth: two platforms, a chain of shops, deals, two years of daily data, from one seed.

The truth is set first (what a new buyer costs, how often one returns, how much is returned). Orders are drawn from
it, and every daily and reported figure is added up from the orders here, without SQL, so that a mart can be compared
with it. Every name begins with sim_ and describes no company. Source: demo.yaml beside this module.

`make demo` writes into a home of its own what a team would deliver (inbox), the reference files of platforms, deals
and reported figures (figures), what is true (truth), and a file that marks the home as simulated: only there does the
warehouse take simulated rows. The same seed writes the same bytes.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from etl.config import SIMULATED, Settings
from etl.errors import MendError
from etl.whole import write_whole
from etl.yaml_file import read_yaml

HOME = Path("data") / "demo"
FIRST_DAY, DAYS, SEED = date(2024, 1, 1), 731, 20240101
STATUS = ("placed", "cancelled", "refunded")
MEASURES = (
    *("dau", "sessions", "orders", "buyers", "new_buyers"),
    *("gmv", "cancelled_gmv", "refunded_gmv", "marketing_spend", "subsidies", "commission"),
)
_MONEY = MEASURES[5:]
_WEEKDAY = (0.94, 0.92, 0.95, 0.98, 1.05, 1.12, 1.04)
_FESTIVALS = {(6, 18): 2.5, (11, 11): 3.0}
_DOCUMENT = "sim_report"
# What a company spends on sales and marketing beside the channels and subsidies of the daily data.
_OVERHEAD_PCT = 15
_README = """# Simulated

Every row under this folder is made up by `make demo` (etl/demo.py). It describes no company. Because
this file stands here, the warehouse takes simulated rows in this home, and no others.
"""
_DAILY = f"platform date channel partnership_id currency {' '.join(MEASURES)} is_simulated"
_EVENT = "event_id event_time platform channel partnership_id buyer_id_hash amount currency status is_simulated"
_TARGET = "partnership_id metric period_start period_end target currency shape agreed_on is_simulated"
_TRUTH = (
    "platform channel partnership_id currency true_cac true_returns true_cancelled true_refunded "
    f"{' '.join(MEASURES[2:])}"
)

Ints = NDArray[np.int64]
Daily = dict[str, Ints]
"""Figures of one platform by measure: an array by day and channel whose last column is the total; money in cents."""
Row = Sequence[Any]


@dataclass(frozen=True)
class Channel:
    """Where buyers come from, and what is true of them; money in the platform's currency.

    A new buyer costs `cac`, so `spend` / `cac` of them come on an average day, Poisson; where `cac` is 0,
    `by_itself` of them come. Each returns `returns` times on average. `first` and `last` number the days on which
    the channel runs.
    """

    name: str
    spend: float
    cac: float
    partnership_id: str = ""
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


def _platforms(platforms: Iterable[dict[str, Any]]) -> Iterator[Platform]:
    for platform in platforms:
        yield Platform(**platform | {"channels": tuple(Channel(**channel) for channel in platform["channels"])})


_DATA = read_yaml(Path(__file__).with_suffix(".yaml"))
PLATFORMS = tuple(_platforms(_DATA["platforms"]))


class Orders(NamedTuple):
    """The orders of one platform, by time: numbers of channel, day and buyer, cents, number in STATUS, 1 if first."""

    channel: Ints
    day: Ints
    second: Ints
    buyer: Ints
    cents: Ints
    status: Ints
    is_first: Ints


World = Sequence[tuple[Platform, Orders, Daily]]


@dataclass(frozen=True)
class ChainDeal:
    """A deal of one shop of the chain: buyers it brings a day, and how many of them are new; spend in CNY a day."""

    partnership_id: str
    first: int
    brings: int
    of_them_new: int
    spend: int

    @property
    def shop(self) -> str:
        """The slug of the shop: the supply partner."""
        return f"sim_{self.partnership_id.split('_')[2]}"


_CHAIN = _DATA["chain"]
CHAIN_DEALS = tuple(ChainDeal(**deal) for deal in _CHAIN["deals"])
SHOPS = tuple(f"sim_branch{number + 1:02}" for number in range(_CHAIN["shops"]))


def day(number: int) -> date:
    """The day with that number; the first is 0."""
    return FIRST_DAY + timedelta(days=int(number))


_SEASON = np.array([_WEEKDAY[d.weekday()] * _FESTIVALS.get((d.month, d.day), 1.0) for d in map(day, range(DAYS))])


def simulate(platform: Platform, seed: int = SEED) -> tuple[Orders, Daily]:
    """Orders of a platform and the daily figures that add up from them. The same seed gives the same."""
    rng = np.random.default_rng([seed, *platform.slug.encode()])
    spend = np.stack([_spend(channel, rng) for channel in platform.channels], axis=1)
    orders = _orders(platform, spend, rng)
    return orders, _daily(platform, orders, spend, rng)


def _spend(channel: Channel, rng: np.random.Generator) -> Ints:
    """Cents spent a day."""
    number = np.arange(DAYS)
    runs = (number >= channel.first) & (number <= channel.last)
    noise = rng.normal(1, 0.08, DAYS).clip(0.6, 1.4)
    cents: Ints = np.rint(channel.spend * 100 * _SEASON * noise * runs).astype(np.int64)
    return cents


def _orders(platform: Platform, spend: Ints, rng: np.random.Generator) -> Orders:
    parts: list[Ints] = []
    buyers = 0
    for number, channel in enumerate(platform.channels):
        mean = spend[:, number] / 100 / channel.cac if channel.cac else channel.by_itself * _SEASON
        first_day = np.repeat(np.arange(DAYS), rng.poisson(mean))
        new = len(first_day)
        returns = rng.poisson(channel.returns, new)
        later = np.repeat(first_day, returns) + 1 + rng.exponential(60, returns.sum()).astype(np.int64)
        who = buyers + np.arange(new)
        buyers += new
        of_day = np.concatenate([first_day, later])
        size = len(of_day)
        # Who came through a deal that has ended returns by himself.
        source = np.where(of_day <= channel.last, number, 0)
        shares = [1 - channel.cancelled - channel.refunded, channel.cancelled, channel.refunded]
        status = rng.choice(3, size, p=shares)
        cents = np.rint(rng.lognormal(np.log(channel.basket) - 0.18, 0.6, size) * 100).astype(np.int64)
        second, buyer = rng.integers(0, 86_400, size), np.concatenate([who, np.repeat(who, returns)])
        parts.append(np.stack([source, of_day, second, buyer, cents, status, np.arange(size) < new]))
    drawn = np.concatenate(parts, axis=1)
    drawn = drawn[:, drawn[1] < DAYS]
    return Orders(*drawn[:, np.lexsort((drawn[3], drawn[2], drawn[1]))])


def _daily(platform: Platform, orders: Orders, spend: Ints, rng: np.random.Generator) -> Daily:
    width = len(platform.channels)
    cells = orders.day * width + orders.channel

    def total(cells: Ints, amounts: Ints | None = None) -> Ints:
        """Number of orders, or the sum of their amounts, by day and channel."""
        return np.bincount(cells, amounts, DAYS * width).astype(np.int64).reshape(DAYS, width)

    buyers = total(np.unique(np.stack([cells, orders.buyer]), axis=1)[0])
    gmv, cancelled, refunded = (
        total(cells, orders.cents * rows) for rows in (1, orders.status == 1, orders.status == 2)
    )
    net = gmv - cancelled - refunded
    visitors = rng.poisson(400 + 25.0 * buyers)
    by_channel = (
        *(visitors, np.rint(visitors * 1.6), total(cells), buyers, total(cells, orders.is_first)),
        *(gmv, cancelled, refunded, spend),
        *(np.rint(net * 0.02), np.rint(net * [channel.commission for channel in platform.channels])),
    )
    figures = {
        name: np.append(figure, figure.sum(axis=1, keepdims=True), axis=1).astype(np.int64)
        for name, figure in zip(MEASURES, by_channel, strict=True)
    }
    # A person may come by several ways on one day: users and buyers of the platform are fewer than their sum.
    figures["dau"][:, -1] = np.rint(visitors.sum(axis=1) * 0.9)
    each = np.unique(np.stack([orders.day, orders.buyer]), axis=1)
    figures["buyers"][:, -1] = np.bincount(each[0], minlength=DAYS)
    return figures


def chain_rows(seed: int = SEED) -> Iterator[Row]:
    """Daily figures of the chain's shops: the total of each, and what its deal is said to bring.

    A deal whose buyers would have come anyway leaves the total as it was.
    """
    rng = np.random.default_rng([seed, *b"sim_branch"])
    weeks = np.arange(DAYS) // 7
    shared = rng.normal(0, 0.15, weeks[-1] + 1)
    deals = {deal.shop: deal for deal in CHAIN_DEALS}
    for shop in SHOPS:
        mean = rng.uniform(*_CHAIN["new_buyers"]) * _SEASON * np.exp(rng.uniform(0.8, 1.2) * shared[weeks])
        deal = deals.get(shop, ChainDeal("", DAYS, 0, 0, 0))
        runs = np.arange(DAYS) >= deal.first
        through = rng.poisson(deal.brings * _SEASON * runs)
        moved = rng.binomial(through, 1 - deal.of_them_new / deal.brings if deal.brings else 0)
        new = np.maximum(rng.poisson(mean) - moved, 0) + through
        again = rng.poisson(1.5 * new)
        for number in range(DAYS):
            cells = [("", "", new[number], again[number], deal.spend * runs[number])]
            if deal.partnership_id:
                cells.append(("search", "", new[number] - through[number], again[number], 0))
            if runs[number]:
                cells.append(("partner", deal.partnership_id, through[number], 0, deal.spend))
            for channel, partnership_id, bought, returned, spend in cells:
                orders = int(bought + returned)
                figures = {"orders": orders, "new_buyers": int(bought), "gmv": orders * _CHAIN["basket"]}
                figures |= {"buyers": orders, "marketing_spend": int(spend)}
                values = [figures.get(measure, "") for measure in MEASURES]
                yield (shop, day(number), channel, partnership_id, "CNY", *values, "true")


def demo_environment(home: Path = HOME) -> dict[str, str]:
    """The environment of the demo: its own home, figures and inbox, and no source of the user's."""
    sources = ("WAREHOUSE_S3_URL", "WAREHOUSE_POSTGRES_DSN", "WAREHOUSE_FX_URL", "WAREHOUSE_NOTIFY", "SEC_USER_AGENT")
    own = {"HOME": home, "FIGURES": home / "figures", "INBOX": home / "inbox"}
    return dict.fromkeys(sources, "") | {f"WAREHOUSE_{name}": str(folder) for name, folder in own.items()}


def write_demo(settings: Settings, seed: int = SEED) -> dict[str, int]:
    """Write the files of the demo into its home; returns rows by file.

    Raises MendError for a home that holds a warehouse which is no demo.
    """
    home = settings.home
    if settings.build_db.exists() and not settings.is_demo:
        raise MendError(f"{home} holds a warehouse of real data: simulated rows are never mixed with it")
    for folder in ("inbox", "figures", "truth"):
        (home / folder).mkdir(parents=True, exist_ok=True)
    write_whole(home / SIMULATED, _README.encode())
    world = [(platform, *simulate(platform, seed)) for platform in PLATFORMS]
    return {name: _write(home / name, header.split(), list(rows)) for name, header, rows in _files(world, seed)}


def _write(path: Path, header: Row, rows: Sequence[Row]) -> int:
    """Write rows as CSV, packed where the name ends in .gz, without a time in it; returns how many."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    data = text.getvalue().encode()
    write_whole(path, gzip.compress(data, 6, mtime=0) if path.suffix == ".gz" else data)
    return len(rows)


def _files(world: World, seed: int) -> Iterator[tuple[str, str, Iterable[Row]]]:
    """Name, header and rows of every file."""
    yield (
        "figures/platforms.csv",
        "platform name company role fiscal_year_end reporting_currency",
        [
            *((p.slug, p.name, "nobody (simulated)", p.role, "12-31", p.currency) for p in PLATFORMS),
            *((s, f"Simulated Shop {s[-2:]}", "nobody (simulated)", "supply", "12-31", "CNY") for s in SHOPS),
        ],
    )
    for name, rows in _DATA["reference"].items():
        yield f"figures/{name}.csv", " ".join(rows[0]), [list(row.values()) for row in rows]
    yield (
        "figures/observations.csv",
        "platform metric period_type period_start period_end value unit qualifier printed_as basis document_id",
        (row for platform, orders, daily in world for row in _reported(platform, orders, daily)),
    )
    yield (
        "figures/partnerships.csv",
        "partnership_id traffic_partner supply_partner kind announced_on effective_on ended_on status document_id note",
        [*map(_deal, _partners()), *(_deal(Channel("", 0, 0, d.partnership_id, first=d.first)) for d in CHAIN_DEALS)],
    )
    for platform, _, daily in world:
        yield f"inbox/{platform.slug}_platform_metric_daily.csv", _DAILY, daily_rows(platform, daily)
    yield "inbox/sim_chain_platform_metric_daily.csv", _DAILY, chain_rows(seed)
    events = (row for platform, orders, _ in world for row in _event_rows(platform, orders))
    yield "inbox/sim_order_event.csv.gz", _EVENT, events
    agreed = list(_targets())
    # One target is agreed anew in the middle of its quarter.
    *key, target, currency, shape, _, simulated = agreed[-1]
    yield "inbox/sim_partner_target.csv", _TARGET, agreed
    changed = (*key, round(target * 1.5), currency, shape, date(2025, 11, 15), simulated)
    yield "inbox/sim_partner_target_2.csv", _TARGET, [changed]
    rates = [f"{7 + 0.2 * np.sin(month / 4):.4f}" for month in range(24)]
    yield (
        "inbox/sim_fx_rate.csv",
        "currency quote_currency period_start period_end rate source",
        [("USD", "CNY", *month, rate, "sim_rates") for month, rate in zip(_periods(1), rates, strict=True)],
    )
    truth = (row for platform, _, daily in world for row in _truth_rows(platform, daily))
    yield "truth/sim_truth.csv", _TRUTH, truth


def _partners() -> list[Channel]:
    """The six partnerships of the platforms."""
    return [channel for platform in PLATFORMS for channel in platform.channels if channel.partnership_id]


def _deal(channel: Channel) -> Row:
    _, traffic, supply, kind = channel.partnership_id.split("_")
    kinds = {"link": "referral_link", "supply": "direct_supply", "store": "in_app_store", "ads": "other"}
    began, ended = day(channel.first), "" if channel.last == DAYS - 1 else day(channel.last)
    return (
        *(channel.partnership_id, f"sim_{traffic}", f"sim_{supply}", kinds[kind], began, began, ended),
        *("ended" if ended else "running", _DOCUMENT, "simulated"),
    )


def _reported(platform: Platform, orders: Orders, daily: Daily) -> Iterator[Row]:
    """Expense in whole currency units and distinct buyers of each of the two years."""
    for start, end in _periods(12):
        first, after = (start - FIRST_DAY).days, (end - FIRST_DAY).days + 1
        spent = sum(int(daily[name][first:after, -1].sum()) for name in ("marketing_spend", "subsidies"))
        expense = spent * (100 + _OVERHEAD_PCT) // 10_000
        buyers = len(np.unique(orders.buyer[(orders.day >= first) & (orders.day < after)]))
        for metric, kind, value, unit, basis in (
            ("sm_expense", "year", expense, platform.currency, "gaap"),
            ("annual_active_buyers", "ttm", buyers, "persons", "operating"),
        ):
            yield platform.slug, metric, kind, start, end, value, unit, "exact", f"{value:,}", basis, _DOCUMENT


def daily_rows(platform: Platform, daily: Daily) -> Iterator[Row]:
    """One row a day and running channel, and one for the total, whose channel and partnership are empty."""
    for number in range(DAYS):
        for column, channel in enumerate((*platform.channels, Channel("", 0, 0))):
            if channel.first <= number <= channel.last:
                figures = [_text(name, daily[name][number, column]) for name in MEASURES]
                key = (platform.slug, day(number), channel.name, channel.partnership_id)
                yield (*key, platform.currency, *figures, "true")


def _event_rows(platform: Platform, orders: Orders) -> Iterator[Row]:
    times = np.datetime_as_string(np.datetime64(FIRST_DAY, "s") + orders.day * 86_400 + orders.second)
    for number, time in enumerate(times):
        channel = platform.channels[orders.channel[number]]
        buyer = hashlib.sha256(f"{platform.slug}/{orders.buyer[number]}".encode()).hexdigest()[:16]
        yield (
            *(f"{platform.slug}_{number:07}", time.replace("T", " "), platform.slug),
            *(channel.name, channel.partnership_id, f"sim_{buyer}", _text("gmv", orders.cents[number])),
            *(platform.currency, STATUS[orders.status[number]], "true"),
        )


def _targets() -> Iterator[Row]:
    """Targets of new buyers in each quarter that a deal runs all through.

    The factor on what is to be expected decides who is ahead and who will miss.
    """
    factors, shapes = (0.9, 0.8, 1.0, 1.3, 1.0, 1.1), ("linear", "seasonal", "milestone") * 2
    for channel, factor, shape in zip(_partners(), factors, shapes, strict=True):
        for start, end in _periods(3):
            if day(channel.first) <= start and end <= day(channel.last):
                target = round(channel.spend / channel.cac * ((end - start).days + 1) * factor)
                yield channel.partnership_id, "new_buyers", start, end, target, "", shape, start, "true"


def _periods(months: int) -> Iterator[tuple[date, date]]:
    """First and last day of each period of that many months in the two years."""
    starts = [date(2024 + month // 12, month % 12 + 1, 1) for month in range(0, 25, months)]
    for start, after in pairwise(starts):
        yield start, after - timedelta(days=1)


def _truth_rows(platform: Platform, daily: Daily) -> Iterator[Row]:
    for column, channel in enumerate(platform.channels):
        sums = [_text(name, daily[name][:, column].sum()) for name in MEASURES[2:]]
        true = (channel.cac or "", channel.returns, channel.cancelled, channel.refunded)
        yield (platform.slug, channel.name, channel.partnership_id, platform.currency, *true, *sums)


def _text(name: str, value: np.int64) -> str:
    """A measure as text; money has its cents behind the point."""
    return f"{value // 100}.{value % 100:02}" if name in _MONEY else str(value)
