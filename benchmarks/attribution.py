"""What rules of attribution cost: `python -m benchmarks.attribution --orders 10_000_000`.

A made shop with traces of all kinds (tests/support/made_shop.py) is delivered to a fresh home and built to its marts
with all checks, each time in a process of its own, in turn: with an empty table of rules and with twelve rules. Loading
and building are told apart. Nothing here is a test: a busy machine is no fault.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from benchmarks.embedded import measure
from etl.config import load_settings
from etl.daily.due import mark_changed_days
from etl.inbox.load import load_inbox
from etl.reference.load import load_reference
from etl.warehouse import open_build, transaction
from tests.support.building import build_needed
from tests.support.made_shop import PLATFORMS, make_shop
from tests.support.models import project_models

GOAL, DAYS = 1.3, 365
MARTS = (
    *("marts.attribution_day", "marts.attribution_coverage", "marts.attribution_moved", "marts.attribution_open"),
    *("core.term", "marts.channel_cost", "marts.partnership_cohort"),
)


def run() -> None:
    """Load and build in WAREHOUSE_HOME; print the seconds and processor seconds of each."""
    home = Path(os.environ["WAREHOUSE_HOME"])
    settings = load_settings({"WAREHOUSE_HOME": str(home), "WAREHOUSE_FIGURES": f"data/reference:{home / 'figures'}"})
    now, marks = datetime.now(UTC), []
    with open_build(settings) as con:
        con.execute("set threads = 2")
        load_reference(con, settings, now)
        build_needed(con, "core.platform", "core.platform_ever", "core.partnership")
        marks.append((time.perf_counter(), time.process_time()))
        loads = load_inbox(con, settings, now, progress=lambda _: None)
        if {load.status for load in loads} != {"loaded"}:
            raise RuntimeError(str(loads))
        with transaction(con):
            mark_changed_days(con, project_models())
        marks.append((time.perf_counter(), time.process_time()))
        build_needed(con, *MARTS)
        marks.append((time.perf_counter(), time.process_time()))
        placed = con.execute(
            "select count(*) filter (where channel <> 'unattributed'), count(*) from core.order_attribution "
            "where basis = 'last_touch'"
        ).fetchall()[0]
    spent = [end - start for before, after in pairwise(marks) for start, end in zip(before, after, strict=True)]
    print(json.dumps([*spent, *placed]))


def report(orders: int, rounds: int) -> Iterator[str]:
    """The lines of the report, as they are known."""
    with tempfile.TemporaryDirectory() as temporary:
        files = Path(temporary) / "files"
        make_shop(files, orders, DAYS, Path(temporary) / "truth.parquet")
        yield f"{orders:,} orders; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
        found: dict[bool, list[list[float]]] = {False: [], True: []}
        for _ in range(rounds):
            for has_rules in (False, True):
                found[has_rules].append(_spent(files, has_rules=has_rules))
                loading, _, building, _, placed, counted, peak = found[has_rules][-1]
                what = "twelve rules" if has_rules else "no rules"
                yield (
                    f"{what:<12} load {loading:7.1f} s  build {building:7.1f} s  "
                    f"{placed:,.0f} of {counted:,.0f} orders placed  peak {peak:,.0f} MB"
                )
        for what, places in (("seconds", (0, 2)), ("processor seconds", (1, 3))):
            without, with_rules = ([sum(one[n] for n in places) for one in found[side]] for side in (False, True))
            ratio = statistics.median(b / a for a, b in zip(without, with_rules, strict=True))
            yield (
                f"{what:<18} {statistics.median(without):9,.1f} and {statistics.median(with_rules):9,.1f}   "
                f"ratio {ratio:.2f}  {'within' if ratio <= GOAL else 'BEYOND'} the goal of {GOAL:g}"
            )


def _spent(files: Path, *, has_rules: bool) -> list[float]:
    with tempfile.TemporaryDirectory(dir=files.parent) as home:
        inbox, figures = Path(home) / "inbox", Path(home) / "figures"
        inbox.mkdir()
        figures.mkdir()
        (figures / "platforms.csv").write_text(PLATFORMS, encoding="utf-8")
        for file in files.iterdir():
            if has_rules or file.name != "rules.csv":
                os.link(file, inbox / file.name)
        cost = measure(["-m", "benchmarks.attribution", "--run"], Path(home))
        return [*json.loads(cost.output.splitlines()[-1]), cost.megabytes]


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--orders", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--run", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.run:
        run()
    else:
        for line in report(given.orders, given.rounds):
            print(line, flush=True)


if __name__ == "__main__":
    main()
