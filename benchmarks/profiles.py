"""What a profile costs: `python -m benchmarks.profiles --rows 10_000_000`.

Made-up files in the form of an exporter and the same rows in the contract's own form, each loaded in a process of its
own into a fresh home, in turn (own form, profile, own form, ...), on this machine, in one run: orders of a shop
(profile shopify_orders), the rows of a Google Ads report where each is a row of the contract, and where ten campaigns
are one. The ratio is the median of the pairs; where others work on the machine, that of the processor's seconds says
more than that of the clock's. Nothing here is a test: a busy machine is no fault.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.embedded import measure
from etl.config import load_settings
from etl.inbox.load import load_inbox
from etl.warehouse import memory, open_build

GOAL = 1.5  # of the seconds of the same rows in the contract's own form
DAYS = 1000
FOLDER_PROFILE = "constants: {platform: shop}\n"
ORDERS = """
    select i, timestamp '2023-01-01' + to_seconds(i * 86400 // {a_day}) as moment,
        'buyer' || hash(i) % ({rows} // 3 + 1) || '@example.com' as buyer,
        (10 + i % 9973 / 7)::decimal(18, 2) as amount, if(i % 50 = 0, 'refunded', 'paid') as paid,
        if(i % 50 = 0, 'refunded', 'placed') as status
    from range({rows}) as r(i)
"""
CAMPAIGNS = """
    select date '2023-01-01' + (i // {a_day})::integer as day, i % {a_day} // {at_once} as account,
        'Campaign ' || i % {at_once} as campaign, (1 + i % 99991 / 7)::decimal(18, 2) as cost, i % 1009 as clicks,
        (i % 31 / 4)::decimal(18, 2) as conversions
    from range({rows}) as r(i)
"""
FILES = {
    "orders/own.csv": "select '#' || i as event_id, moment as event_time, 'shop' as platform, '' as channel, "
    "buyer as buyer_id_hash, amount, 'EUR' as currency, status from ({orders})",
    "orders/profile.csv": """select '#' || i as "Name", buyer as "Email", paid as "Financial Status",
        'EUR' as "Currency", amount as "Total", strftime(moment, '%Y-%m-%d %H:%M:%S') || ' +0000' as "Created at"
        from ({orders})""",
    "campaigns/own.csv": "select 'shop' as platform, day as date, 'google_ads' as channel, account, 'EUR' as currency, "
    "cost as marketing_spend, clicks, conversions as reported_orders from ({each})",
    "campaigns/profile.csv": """select day as "Day", campaign as "Campaign", account as "Customer ID",
        'EUR' as "Currency code", cost as "Cost", clicks as "Clicks", clicks * 10 as "Impr.",
        conversions as "Conversions" from ({each})""",
    "summed/profile.csv": """select day as "Day", campaign as "Campaign", account as "Customer ID",
        'EUR' as "Currency code", cost as "Cost", clicks as "Clicks", clicks * 10 as "Impr.",
        conversions as "Conversions" from ({ten})""",
}
PAIRS = {  # the own form beside each profile
    "orders": ("orders/own.csv", "orders/profile.csv"),
    "campaigns": ("campaigns/own.csv", "campaigns/profile.csv"),
    "ten campaigns to a row": ("campaigns/own.csv", "summed/profile.csv"),
}


def write(folder: Path, rows: int) -> None:
    """All files of the benchmark, with so many rows each."""
    con, a_day = memory(), max(rows // DAYS, 1)
    parts = {
        "orders": ORDERS.format(rows=rows, a_day=a_day),
        "each": CAMPAIGNS.format(rows=rows, a_day=a_day, at_once=1),
        "ten": CAMPAIGNS.format(rows=rows, a_day=a_day, at_once=10),
    }
    for name, query in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        con.execute(f"copy ({query.format(**parts)}) to '{folder / name}' (header)")


def load(file: Path) -> None:
    """Load one file in WAREHOUSE_HOME, and print its seconds, processor seconds and the rows that came of it."""
    settings = load_settings()
    place = settings.inbox / "deliveries"
    place.mkdir(parents=True)
    if file.name == "profile.csv":
        (place / "profile.yaml").write_text(FOLDER_PROFILE, encoding="utf-8")
    os.link(file, place / file.name)
    with open_build(settings) as con:
        con.execute("create table core.platform as select 'shop' as platform")
        con.execute("create table core.partnership as select null::varchar as partnership_id limit 0")
        con.execute("set threads = 2")
        started, worked = time.perf_counter(), time.process_time()
        (loaded,) = load_inbox(con, settings, datetime.now(UTC), progress=lambda sentence: None)
        spent = time.perf_counter() - started, time.process_time() - worked
    if loaded.status != "loaded":
        raise RuntimeError(f"{file}: {loaded.status}: {loaded.reason}")
    print(json.dumps([*spent, loaded.rows_loaded]))


def report(rows: int, rounds: int, kinds: list[str]) -> Iterator[str]:
    """The lines of the report, as they are known."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write(folder, rows)
        yield f"{rows:,} rows a file; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
        for kind in kinds:
            files = PAIRS[kind]
            spent = [[_spent(folder / file) for file in files] for _ in range(rounds)]
            yield f"{kind}: {spent[0][0][3]:,} and {spent[0][1][3]:,} rows loaded"
            for number, what in enumerate(("seconds", "processor seconds", "peak MB")):
                own, ours = ([pair[side][number] for pair in spent] for side in (0, 1))
                ratio = statistics.median(b / a for a, b in zip(own, ours, strict=True))
                goal = f"  {'within' if ratio <= GOAL else 'BEYOND'} the goal of {GOAL:g}" if number < 2 else ""
                yield (
                    f"  {what:<18} own form {statistics.median(own):>9,.1f}   profile {statistics.median(ours):>9,.1f}"
                    f"   ratio {ratio:.2f}{goal}"
                )


def _spent(file: Path) -> tuple[float, float, float, int]:
    with tempfile.TemporaryDirectory(dir=file.parent) as home:
        cost = measure(["-m", "benchmarks.profiles", "--file", str(file)], Path(home))
    seconds, processor, loaded = json.loads(cost.output.splitlines()[-1])
    return seconds, processor, cost.megabytes, loaded


def main(arguments: list[str]) -> None:
    """Print the report; with --file, load that file once and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--kinds", nargs="*", choices=list(PAIRS), default=list(PAIRS))
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.file:
        load(options.file)
        return
    for line in report(options.rows, options.rounds, options.kinds):
        print(line, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
