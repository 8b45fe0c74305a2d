"""The made-up world: the same bytes from one seed, figures that add up, and nothing that passes for real."""

from __future__ import annotations

import csv
import gzip
import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from etl.config import ROOT, SIMULATED, Settings, load_settings
from etl.demo import CHAIN_DEALS, SHOPS, demo_environment, write_demo
from etl.errors import MendError
from etl.reference import read as published
from etl.warehouse import open_build

pytestmark = pytest.mark.slow
CHAIN = "sim_chain_platform_metric_daily.csv"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = load_settings(demo_environment(tmp_path_factory.mktemp("demo")))
    write_demo(settings)
    return settings


def rows(path: Path) -> Iterator[dict[str, str]]:
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
        yield from csv.DictReader(file)


def daily(demo: Settings) -> Iterator[dict[str, str]]:
    """The daily figures of the two platforms, which deliver their orders, too."""
    for path in sorted(demo.inbox.glob("*_platform_metric_daily.csv")):
        if path.name != CHAIN:
            yield from rows(path)


def files(home: Path) -> dict[str, bytes]:
    return {p.relative_to(home).as_posix(): p.read_bytes() for p in home.rglob("*") if p.is_file()}


def test_the_same_seed_writes_the_same_bytes(demo: Settings, tmp_path: Path) -> None:
    again = load_settings(demo_environment(tmp_path))
    write_demo(again)
    assert files(again.home) == files(demo.home)
    write_demo(again, seed=7)
    assert files(again.home)["inbox/sim_order_event.csv.gz"] != files(demo.home)["inbox/sim_order_event.csv.gz"]


def test_daily_figures_are_the_sums_of_the_orders(demo: Settings) -> None:
    counted: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    seen: set[tuple[str, str]] = set()
    for order in sorted(rows(demo.inbox / "sim_order_event.csv.gz"), key=lambda row: row["event_time"]):
        day = order["event_time"][:10]
        amount = Decimal(order["amount"])
        is_new = (order["platform"], order["buyer_id_hash"]) not in seen
        seen.add((order["platform"], order["buyer_id_hash"]))
        for slice_ in ((order["channel"], order["partnership_id"]), ("", "")):
            sums = counted[(order["platform"], day, *slice_)]
            sums["orders"] += 1
            sums["new_buyers"] += is_new
            sums["gmv"] += amount  # type: ignore[assignment]
            if order["status"] != "placed":
                sums[f"{order['status']}_gmv"] += amount  # type: ignore[assignment]
    compared = 0
    for row in daily(demo):
        sums = counted.pop((row["platform"], row["date"], row["channel"], row["partnership_id"]), Counter())
        for name in ("orders", "new_buyers", "gmv", "cancelled_gmv", "refunded_gmv"):
            assert Decimal(row[name]) == sums[name], (row, name)
        compared += 1
    assert compared > 7000
    assert not counted, "orders on days that have no daily row"


def test_channels_sum_to_the_total(demo: Settings) -> None:
    additive = (
        "orders",
        "new_buyers",
        "gmv",
        "cancelled_gmv",
        "refunded_gmv",
        "marketing_spend",
        "commission",
    )
    sums: Counter[tuple[str, ...]] = Counter()
    for row in daily(demo):
        sign = -1 if row["channel"] == "" else 1
        for name in additive:
            sums[row["platform"], row["date"], name] += sign * Decimal(row[name])  # type: ignore[assignment]
    assert len(sums) == 2 * 731 * len(additive)
    assert not any(sums.values())


def test_simulated_acquisition_costs_match_the_known_truth(demo: Settings) -> None:
    """Two years of new buyers of each channel lie within four standard deviations of spend / true cost."""
    checked = 0
    for row in rows(demo.home / "truth" / "sim_truth.csv"):
        if row["true_cac"]:
            expected = float(row["marketing_spend"]) / float(row["true_cac"])
            assert abs(int(row["new_buyers"]) - expected) < 4 * math.sqrt(expected), row
            checked += 1
    assert checked == 8


def test_every_file_says_that_it_is_simulated(demo: Settings) -> None:
    assert demo.is_demo
    assert (demo.home / SIMULATED).read_text(encoding="utf-8").startswith("# Simulated")
    told = [*daily(demo), *rows(demo.inbox / CHAIN)]
    names = {row["platform"] for row in told} | {row["partnership_id"] for row in told}
    assert len(names) == 2 + 6 + len(SHOPS) + len(CHAIN_DEALS) + 1
    assert all(name.startswith("sim_") for name in names if name)
    assert {row["is_simulated"] for row in told} == {"true"}
    assert all(path.name.startswith("sim_") for path in demo.inbox.iterdir())
    real = published.read([Path("data/reference")], ROOT)
    assert not any("sim_" in value for r in real.records for value in r.fields.values())


def test_the_reference_files_of_the_demo_are_read_completely(demo: Settings) -> None:
    reading = published.read(demo.figures, ROOT)
    assert reading.rejects == ()
    assert Counter(r.kind for r in reading.records)["partnership"] == 6 + len(CHAIN_DEALS)


def test_the_demo_refuses_a_home_with_real_data(tmp_path: Path) -> None:
    settings = load_settings(demo_environment(tmp_path))
    with open_build(settings):
        pass
    assert not settings.is_demo
    with pytest.raises(MendError, match="never mixed"):
        write_demo(settings)
    assert list((tmp_path / "inbox").iterdir()) == []
