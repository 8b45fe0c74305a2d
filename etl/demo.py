"""A made-up world with known truth: two platforms, six partnerships, two years, seeded.

What is true is decided first (what a new buyer costs, how often one returns, how much comes back), orders
are drawn from it, and every daily figure is added up from the orders here, without SQL: so a mart can be
compared with it. Nothing of it is about anyone; every name begins with sim_. Source: this file.

Who is who in the made-up world: its platforms, parties and deals, and figures as a company reports them.

The files are those of a folder of WAREHOUSE_FIGURES. The reported figures follow from the simulated orders.

`make demo` writes the world as files, in a home of its own. The home holds what a team would deliver (inbox),
who the parties are (figures), what is true (truth), and a file that says that all of it is simulated: by that
file the warehouse knows a home for made-up data, and takes made-up rows nowhere else. Everything is named sim_.
The same seed writes the same bytes.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from etl.config import SIMULATED, Settings
from etl.errors import MendError

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


Row = Sequence[Any]
World = Sequence[tuple[Platform, Orders, Daily]]
_PARTIES = ("sim_mall", "sim_video", "sim_social", "sim_news")
_DOCUMENT = "sim_report"
_PRINTED = date(2026, 2, 27)
# What a company spends on sales and marketing beside the channels and subsidies of the daily data.
_OVERHEAD_PCT = 15


def registry(world: World) -> Iterator[tuple[str, str, Iterable[Row]]]:
    """Name, header and rows of the reference files: who is who, and what each platform would report."""
    yield (
        "figures/platforms.csv",
        "platform name company role fiscal_year_end reporting_currency",
        [(p.slug, p.name, "nobody (simulated)", p.role, "12-31", p.currency) for p in PLATFORMS],
    )
    yield (
        "figures/parties.csv",
        "party name kind",
        [(party, party.replace("sim_", "Simulated ").title(), "counterparty") for party in _PARTIES],
    )
    yield (
        "figures/documents.csv",
        "document_id kind title url published_on",
        [(_DOCUMENT, "secondary", "Simulated: describes no company", "https://example.org/sim", _PRINTED)],
    )
    yield (
        "figures/metrics.csv",
        "metric label unit kind period_rule definition",
        [
            ("sm_expense", "Sales and marketing expense", "CNY", "flow", "year", "Simulated"),
            ("annual_active_buyers", "Annual active buyers", "persons", "stock", "ttm", "Simulated"),
        ],
    )
    yield (
        "figures/observations.csv",
        "platform metric period_type period_start period_end value unit qualifier printed_as basis document_id",
        [row for platform, orders, daily in world for row in _reported(platform, orders, daily)],
    )
    yield (
        "figures/partnerships.csv",
        "partnership_id traffic_partner supply_partner kind announced_on effective_on ended_on status document_id note",
        [_deal(channel) for _, channel in partners()],
    )


def partners() -> Iterator[tuple[Platform, Channel]]:
    """The six partnerships of this world with their platforms."""
    for platform in PLATFORMS:
        for channel in platform.channels:
            if channel.partnership_id:
                yield platform, channel


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
    for year in (2024, 2025):
        start, end = date(year, 1, 1), date(year, 12, 31)
        first, last = (start - FIRST_DAY).days, (end - FIRST_DAY).days
        spent = daily.figures["marketing_spend"][first : last + 1, -1].sum()
        spent += daily.figures["subsidies"][first : last + 1, -1].sum()
        expense = int(spent) * (100 + _OVERHEAD_PCT) // 10_000
        buyers = len(np.unique(orders.buyer[(orders.day >= first) & (orders.day <= last)]))
        for metric, kind, value, unit, basis in (
            ("sm_expense", "year", expense, platform.currency, "gaap"),
            ("annual_active_buyers", "ttm", buyers, "persons", "operating"),
        ):
            period = (kind, start, end)
            yield platform.slug, metric, *period, value, unit, "exact", f"{value:,}", basis, _DOCUMENT


HOME = Path("data") / "demo"
_MONEY = MEASURES[5:]
_SAYS = """# Simulated

Every row under this folder is made up by `make demo` (etl/demo.py). It describes no company. Because
this file stands here, the warehouse takes simulated rows in this home, and no others.
"""
_DAILY = f"platform date channel partnership_id currency {' '.join(MEASURES)} is_simulated"
_EVENT = "event_id event_time platform channel partnership_id buyer_id_hash amount currency status is_simulated"
_TARGET = "partnership_id metric period_start period_end target currency shape agreed_on is_simulated"
_TRUTH = "platform channel partnership_id currency true_cac true_returns true_cancelled true_refunded " + " ".join(
    MEASURES[2:]
)


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
    (home / SIMULATED).write_text(_SAYS, encoding="utf-8")
    world = [(platform, *simulate(platform, seed)) for platform in PLATFORMS]
    agreed, changed = _targets()
    events = (row for platform, orders, _ in world for row in _event_rows(platform, orders))
    truth = (row for platform, _, daily in world for row in _truth_rows(platform, daily))
    files: list[tuple[str, str, Iterable[Row]]] = [
        *registry(world),
        *((f"inbox/{p.slug}_platform_metric_daily.csv", _DAILY, daily_rows(p, d)) for p, _, d in world),
        ("inbox/sim_order_event.csv.gz", _EVENT, events),
        ("inbox/sim_partner_target.csv", _TARGET, agreed),
        ("inbox/sim_partner_target_2.csv", _TARGET, changed),
        ("inbox/sim_fx_rate.csv", "currency quote_currency period_start period_end rate source", _rates()),
        ("truth/sim_truth.csv", _TRUTH, truth),
    ]
    return {name: _write(home / name, header.split(), rows) for name, header, rows in files}


def _write(path: Path, header: Sequence[str], rows: Iterable[Row]) -> int:
    """Write rows as CSV, gzipped by its name and then without a time in it; returns how many."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    count = -1
    for count, row in enumerate(rows):  # noqa: B007 (counted)
        writer.writerow(row)
    data = text.getvalue().encode()
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(gzip.compress(data, 6, mtime=0) if path.suffix == ".gz" else data)
    part.replace(path)
    return count + 1


def daily_rows(platform: Platform, daily: Daily) -> Iterator[Row]:
    """One row a day and running channel, and one for the total, whose channel and partnership are empty."""
    for number in range(DAYS):
        for column, channel in enumerate((*platform.channels, None)):
            if channel and not channel.first <= number <= channel.last:
                continue
            key = (channel.name, channel.partnership_id) if channel else ("", "")
            figures = [_plain(name, daily.figures[name][number, column]) for name in MEASURES]
            yield (platform.slug, day(number), *key, platform.currency, *figures, "true")


def _event_rows(platform: Platform, orders: Orders) -> Iterator[Row]:
    for number in range(len(orders.day)):
        channel = platform.channels[orders.channel[number]]
        minutes, second = divmod(int(orders.second[number]), 60)
        time = f"{day(orders.day[number])} {minutes // 60:02}:{minutes % 60:02}:{second:02}"
        buyer = hashlib.sha256(f"{platform.slug}/{orders.buyer[number]}".encode()).hexdigest()[:16]
        yield (
            *(f"{platform.slug}_{number:07}", time, platform.slug, channel.name, channel.partnership_id),
            *(f"sim_{buyer}", _plain("gmv", orders.cents[number]), platform.currency),
            *(STATUS[orders.status[number]], "true"),
        )


def _targets() -> tuple[list[Row], list[Row]]:
    """Targets of new buyers a quarter, and one that was agreed anew in the middle of its quarter.

    The factor on what is to be expected decides who is ahead and who will miss.
    """
    factors = dict(zip((c.partnership_id for _, c in partners()), (0.9, 0.8, 1.0, 1.3, 1.0, 1.1), strict=True))
    shapes = ("linear", "seasonal", "milestone")
    agreed: list[Row] = []
    for place, (_, channel) in enumerate(partners()):
        for quarter in range(8):
            start = date(2024 + quarter // 4, quarter % 4 * 3 + 1, 1)
            after = date(2024 + (quarter + 1) // 4, (quarter + 1) % 4 * 3 + 1, 1)
            ends_within = channel.last < DAYS - 1 and day(channel.last) < after
            if ends_within or start < day(channel.first):
                continue
            expected = channel.spend / channel.cac * (after - start).days
            target = round(expected * factors[channel.partnership_id])
            end = date.fromordinal(after.toordinal() - 1)
            shape = shapes[place % 3]
            agreed.append((channel.partnership_id, "new_buyers", start, end, target, "", shape, start, "true"))
    *key, target, currency, shape, start, simulated = agreed[-1]
    changed = [*key, round(target * 1.5), currency, shape, date(2025, 11, 15), simulated]
    return agreed, [changed]


def _rates() -> Iterator[Row]:
    """CNY for a USD on average of each month, made up."""
    for month in range(24):
        start = date(2024 + month // 12, month % 12 + 1, 1)
        after = date(2024 + (month + 1) // 12, (month + 1) % 12 + 1, 1)
        rate = f"{7 + 0.2 * np.sin(month / 4):.4f}"
        yield "USD", "CNY", start, date.fromordinal(after.toordinal() - 1), rate, "sim_rates"


def _truth_rows(platform: Platform, daily: Daily) -> Iterator[Row]:
    for column, channel in enumerate(platform.channels):
        sums = [_plain(name, daily.figures[name][:, column].sum()) for name in MEASURES[2:]]
        true = (channel.cac or "", channel.returns, channel.cancelled, channel.refunded)
        yield (platform.slug, channel.name, channel.partnership_id, platform.currency, *true, *sums)


def _plain(name: str, value: np.int64) -> str:
    cents = int(value)
    return f"{cents // 100}.{cents % 100:02}" if name in _MONEY else str(cents)
