"""How Dagster's history grows over many runs, with and without retiring old ones: `python -m benchmarks.history`.

Each run is a real one of a small daily job (three assets by day with four checks each) on an instance
with our settings, for a day of its own. The days on which the runs began are set back, one run a day, so that old runs
are retired as they are after WAREHOUSE_HISTORY_DAYS.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import time
import warnings
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import dagster as dg

from assets.history import retire
from assets.instance import open_history, prepare_home
from etl.config import load_settings

FIRST = datetime(2020, 1, 1, tzinfo=UTC)
DAYS = dg.DailyPartitionsDefinition(start_date="2020-01-01", timezone="UTC")
ASSETS, CHECKS, METADATA_BYTES = 3, 4, 30_000
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def job() -> dg.JobDefinition:
    """A job that materializes assets of one day, each with checks."""
    keys = [f"table_{n}" for n in range(ASSETS)]

    @dg.multi_asset(
        specs=[dg.AssetSpec(key, partitions_def=DAYS) for key in keys],
        check_specs=[
            dg.AssetCheckSpec(f"check_{n}", asset=key, partitions_def=DAYS) for key in keys for n in range(CHECKS)
        ],
    )
    def tables() -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
        for key in keys:
            for n in range(CHECKS):
                yield dg.AssetCheckResult(asset_key=key, check_name=f"check_{n}", passed=True, description="x" * 500)
            yield dg.MaterializeResult(asset_key=key, metadata={"rows": dg.MetadataValue.md("x" * METADATA_BYTES)})

    defined = dg.Definitions(assets=[tables], jobs=[dg.define_asset_job("days", selection="*")])
    return defined.resolve_job_def("days")


def size(folder: Path) -> float:
    """Megabytes of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def began(home: Path, run_id: str, at: datetime) -> None:
    """Set the day on which a run began, and let its file take in its log, as at the end of a process."""
    for shard in (run_id, "index"):
        with closing(sqlite3.connect(home / "history" / "runs" / f"{shard}.db")) as con:
            con.execute("pragma wal_checkpoint(truncate)")
    with closing(sqlite3.connect(home / "history" / "runs.db")) as con, con:
        con.execute("update runs set create_timestamp = ? where run_id = ?", [f"{at:%Y-%m-%d %H:%M:%S}", run_id])


def measure(runs: int, *, retires: bool) -> None:
    """Run, and print the size of the history as it grows."""
    made = job()
    with TemporaryDirectory() as folder:
        settings = load_settings({"WAREHOUSE_HOME": folder})
        os.environ.pop("DAGSTER_HOME", None)
        home = prepare_home(settings)
        retiring = 0.0
        with open_history(home) as instance:
            for n in range(runs):
                day = FIRST + timedelta(n)
                key = f"{day:%Y-%m-%d}"
                result = made.execute_in_process(instance=instance, partition_key=key, run_config=QUIET)
                began(home, result.run_id, day)
                if retires:
                    started = time.perf_counter()
                    retire(instance, home, settings, day)
                    retiring += time.perf_counter() - started
                if (n + 1) % 100 == 0 or n + 1 == runs:
                    days = len(instance.get_materialized_partitions(dg.AssetKey("table_0")))
                    seconds = f", {1000 * retiring / (n + 1):.0f} ms a run" if retires else ""
                    print(f"{n + 1:5} runs  {size(home):8.1f} MB  {days} days known{seconds}", flush=True)


def main() -> None:
    """Measure without and with retiring."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--runs", type=int, default=500)
    runs = words.parse_args().runs
    warnings.simplefilter("ignore")  # partitioned checks are in preview
    for retires in (False, True):
        print("old runs are retired" if retires else "every run is kept")
        measure(runs, retires=retires)


if __name__ == "__main__":
    main()
