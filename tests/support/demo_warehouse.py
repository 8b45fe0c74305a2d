"""The made-up world in a warehouse in memory: its files into the contracts' tables, then every model."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from etl.config import Settings, load_settings
from etl.demo import (
    MEASURES,
    PLATFORMS,
    Daily,
    Orders,
    Platform,
    daily_rows,
    demo_environment,
    simulate,
    write_demo,
)
from etl.reference.load import load_reference
from etl.warehouse import Connection

LOADED_AT = datetime(2026, 3, 1, tzinfo=UTC)
DAILY = ("platform", "date", "channel", "partnership_id", "currency", *MEASURES, "is_simulated")
World = tuple[tuple[Platform, Orders, Daily], ...]


def world() -> World:
    """The platforms of the demo with the orders and daily figures that its files hold."""
    return tuple((platform, *simulate(platform)) for platform in PLATFORMS)


def load_demo(con: Connection, home: Path) -> Settings:
    """Write the demo under `home` and load it: who is who, daily figures, orders, targets, rates."""
    settings = load_settings(demo_environment(home))
    write_demo(settings)
    load_reference(con, settings, LOADED_AT)
    for table, pattern in (
        ("core.platform_metric_daily", "*_platform_metric_daily.csv"),
        ("core.order_event", "sim_order_event.csv.gz"),
        ("core.partner_target", "sim_partner_target.csv"),
        ("core.fx_rate", "sim_fx_rate.csv"),
    ):
        load_file(con, table, settings.inbox / pattern)
    return settings


def load_file(con: Connection, table: str, path: Path) -> None:
    """Append a file as the inbox would: an empty channel or partnership is '', other empty fields NULL."""
    source = f"read_csv('{path}', all_varchar = true)"
    names = [name for name, *_ in con.execute(f"describe from {source}").fetchall()]
    values = [f"coalesce({n}, '')" if n in ("channel", "partnership_id") else n for n in names]
    con.execute(
        f"insert into {table} ({', '.join(names)}, loaded_at) select {', '.join(values)}, ? from {source}",
        [LOADED_AT],
    )


def load_daily(con: Connection, path: Path, platform: Platform, daily: Daily) -> None:
    """Load the daily figures of one simulated platform; `path` is a file to pass them through."""
    write_csv(path, DAILY, daily_rows(platform, daily))
    load_file(con, "core.platform_metric_daily", path)


def write_csv(path: Path, names: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        writer.writerows(rows)
