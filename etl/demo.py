"""`make demo`: the made-up world of etl.demo_world as files, in a home of its own.

The home holds what a team would deliver (inbox), who the parties are (figures), what is true (truth), and a
file that says that all of it is simulated: by that file the warehouse knows a home for made-up data, and
takes made-up rows nowhere else. Everything is named sim_. The same seed writes the same bytes.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path

import numpy as np

from etl.config import ROOT, SIMULATED, Settings, load_settings
from etl.demo_registry import Row, partners, registry
from etl.demo_world import (
    DAYS,
    MEASURES,
    PLATFORMS,
    SEED,
    STATUS,
    Daily,
    Orders,
    Platform,
    day,
    simulate,
)

HOME = Path("data") / "demo"
_MONEY = MEASURES[5:]
_SAYS = """# Simulated

Every row under this folder is made up by `make demo` (etl/demo_world.py). It describes no company. Because
this file stands here, the warehouse takes simulated rows in this home, and no others.
"""
_DAILY = f"platform date channel partnership_id currency {' '.join(MEASURES)} is_simulated"
_EVENT = (
    "event_id event_time platform channel partnership_id buyer_id_hash amount currency status is_simulated"
)
_TARGET = "partnership_id metric period_start period_end target currency shape agreed_on is_simulated"
_TRUTH = (
    "platform channel partnership_id currency true_cac true_returns true_cancelled true_refunded "
    + " ".join(MEASURES[2:])
)


class DemoError(RuntimeError):
    """The demo cannot be written there; the message says why."""


def demo_environment(home: Path = HOME) -> dict[str, str]:
    """The environment of the demo: its own home, figures and inbox, and no source of the user's."""
    return {
        "WAREHOUSE_HOME": str(home),
        "WAREHOUSE_FIGURES": str(home / "figures"),
        "WAREHOUSE_INBOX": str(home / "inbox"),
    }


def write_demo(settings: Settings, seed: int = SEED) -> dict[str, int]:
    """Write the files of the demo into its home; returns rows by file.

    Raises DemoError for a home that holds a warehouse which is no demo.
    """
    home = settings.home
    if settings.build_db.exists() and not settings.is_demo:
        raise DemoError(f"{home} holds a warehouse of real data: simulated rows are never mixed with it")
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
    factors = dict(
        zip((c.partnership_id for _, c in partners()), (0.9, 0.8, 1.0, 1.3, 1.0, 1.1), strict=True)
    )
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
            agreed.append(
                (channel.partnership_id, "new_buyers", start, end, target, "", shape, start, "true")
            )
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


def main() -> int:
    """Write the demo under data/demo; returns the exit code."""
    try:
        settings = load_settings(demo_environment(), ROOT)
        written = write_demo(settings)
    except (DemoError, OSError) as error:
        print(f"No demo: {error}", file=sys.stderr)
        return 1
    print(f"Simulated  {sum(written.values()):,} rows in {len(written)} files under {HOME.as_posix()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
