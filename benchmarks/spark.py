"""The volume path on both engines over the same made orders: `python -m benchmarks.spark [EVENTS [DAYS]]`.

Orders and daily figures of one shop are made once, and every portable model is built from them by DuckDB and by a Spark
cluster on this machine, each from its own copy, in a process of its own; then one day more. No suite runs. Prints
seconds and processor seconds, the peak of memory of the process and, for Spark, of its four processes and executors
together, and the models that took longest; then compares every table of the two, value by value. Ends with 1 when one
differs. Nothing here is a test: a busy machine is no fault.
"""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from benchmarks.daily import METRICS, ORDERS, RATES, START
from etl.build import build
from etl.checks.suite import Suite
from etl.config import DUCKDB, ROOT, Settings, load_settings
from etl.daily.build import build_daily
from etl.daily.due import mark_changed_days
from etl.engine import OWN, Engine
from etl.models.graph import create_statements
from etl.spark.cluster import ENVIRONMENT, RunningCluster, cluster, spark_home
from etl.spark.engine import spark_engine
from etl.warehouse import Connection, open_build, transaction
from tests.spark.test_end_to_end import differences
from tests.support.models import create_empty, project_models

REGISTRY = """
    insert into core.platform (platform, reporting_currency) values ('shop', 'CNY');
    insert into core.platform_ever (platform, reporting_currency) values ('shop', 'CNY');
    insert into core.partnership (partnership_id, traffic_partner, supply_partner, supply_platform)
    values ('deal', 'social', 'shop', 'shop');
"""
LONGEST = 5
TICKS = os.sysconf("SC_CLK_TCK")


def make(settings: Settings, events: int, days: int) -> None:
    """A home with so many orders, as if they had been loaded, and nothing made of them."""
    with open_build(settings) as con:
        for model in project_models():
            if not (model.reads or model.is_macro):
                con.execute(create_statements(model)[0])
            elif not model.is_macro:
                create_empty(con, model)
        con.execute(REGISTRY)
        add(con, 0, days, events // days)
        con.execute(f"insert into core.fx_rate by name select *, now() as loaded_at from ({RATES})")


def add(con: Connection, first: int, days: int, orders: int) -> None:
    """Orders and figures of so many days, as a load brings them."""
    last = START + timedelta(first + days - 1)
    values = {"first": START + timedelta(first), "last": last, "orders": orders, "buyers": 50 * orders}
    for table, query in (("platform_metric_daily", METRICS), ("order_event", ORDERS)):
        con.execute(f"insert into core.{table} by name select *, now() as loaded_at from ({query.format(**values)})")
    with transaction(con):
        mark_changed_days(con, project_models())


def measured(con: Connection, engine: Engine) -> dict[str, float]:
    """Build every portable model that is due; seconds by model."""
    seconds = {}
    for model in project_models():
        if not model.portable:
            continue
        started, suite = time.perf_counter(), Suite(model.name, ())
        if model.daily:
            build_daily(con, model, project_models(), suite, "bench", check=lambda *_: [], engine=engine)
        else:
            build(con, model, suite, "bench", lambda *_: [], engine=engine)
        seconds[model.name] = time.perf_counter() - started
    return seconds


@contextmanager
def engine_of(settings: Settings) -> Iterator[Engine]:
    """The engine of the settings."""
    if settings.engine == DUCKDB:
        yield OWN
    else:
        with spark_engine(settings) as engine:
            yield engine


def run(days: int, orders: int) -> None:
    """Build in WAREHOUSE_HOME, then one day more; print what it took as JSON."""
    settings = load_settings()
    with open_build(settings) as con, engine_of(settings) as engine:
        con.execute("set threads = 2")
        parts = {}
        for part in ("all", "one day more"):
            if part != "all":
                add(con, days, 1, orders)
            started = time.perf_counter(), time.process_time()
            by_model = measured(con, engine)
            spent = time.perf_counter() - started[0], time.process_time() - started[1]
            longest = sorted(by_model.items(), key=lambda item: -item[1])[:LONGEST]
            parts[part] = {"seconds": spent[0], "processor": spent[1], "longest": longest}
    print(json.dumps({"parts": parts, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6}))


def processes(running: RunningCluster) -> tuple[float, float]:
    """Processor seconds and the sum of the peaks of memory, in GB, of a cluster with its executors."""
    parents, found = {}, {process.pid for process in running.processes.values()}
    for status in Path("/proc").glob("[0-9]*/stat"):
        parents[int(status.parent.name)] = int(status.read_text().rpartition(")")[2].split()[1])
    found |= {pid for pid, parent in parents.items() if parent in found}
    seconds, peak = 0.0, 0.0
    for pid in found:
        told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        seconds += (int(told[11]) + int(told[12])) / TICKS
        high = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
        peak += int(high[1]) / 1e6 if high else 0
    return seconds, peak


def main(events: int = 1_000_000, days: int = 365) -> int:
    """Print what was measured; the exit code."""
    with tempfile.TemporaryDirectory(prefix="bench-spark-") as folder:
        homes = {name: load_settings({"WAREHOUSE_HOME": f"{folder}/{name}"}) for name in (DUCKDB, "spark")}
        make(homes[DUCKDB], events, days)
        shutil.copytree(homes[DUCKDB].home, homes["spark"].home)
        with cluster(spark_home(ENVIRONMENT)) as running:
            for name, settings in homes.items():
                engine = running.address if name == "spark" else DUCKDB
                before = processes(running)
                told = subprocess.run(
                    [sys.executable, "-m", "benchmarks.spark", "run", str(days), str(events // days)],
                    cwd=ROOT,
                    env={**os.environ, "WAREHOUSE_HOME": str(settings.home), "WAREHOUSE_ENGINE": engine},
                    stdout=subprocess.PIPE,
                    text=True,
                    check=True,
                ).stdout
                found, after = json.loads(told.splitlines()[-1]), processes(running)
                for part, spent in found["parts"].items():
                    longest = ", ".join(f"{model} {seconds:.1f}" for model, seconds in spent["longest"])
                    took = f"{spent['seconds']:8.1f} s, own processor {spent['processor']:.1f} s"
                    print(f"{name:7} {part:13} {took}: {longest}")
                cost = f", the cluster {after[0] - before[0]:.0f} s and {after[1]:.1f} GB" if name == "spark" else ""
                print(f"{name:7} peak of memory {found['peak']:.2f} GB{cost}", flush=True)
        differ = differences(*(settings.build_db for settings in homes.values()))
        size = sum(path.stat().st_size for path in homes["spark"].exchange_dir.rglob("*.parquet")) / 1e6
        print(f"{events:,} orders in {days} days; {size:,.0f} MB exchanged; tables that differ: {differ or 'none'}")
    return int(bool(differ))


if __name__ == "__main__":
    if sys.argv[1:2] == ["run"]:
        run(*map(int, sys.argv[2:]))
    else:
        sys.exit(main(*map(int, sys.argv[1:])))
