"""Who is who in the made-up world: its platforms, parties and deals, and figures as a company reports them.

The files are those of a folder of WAREHOUSE_FIGURES. The reported figures follow from the simulated orders.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

import numpy as np

from etl.demo_world import DAYS, FIRST_DAY, PLATFORMS, Channel, Daily, Orders, Platform, day

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
        "platform metric period_type period_start period_end value unit qualifier printed_as basis "
        "document_id",
        [row for platform, orders, daily in world for row in _reported(platform, orders, daily)],
    )
    yield (
        "figures/partnerships.csv",
        "partnership_id traffic_partner supply_partner kind announced_on effective_on ended_on status "
        "document_id note",
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
