"""The simulated home, refreshed with either engine, publishes the same tables, value by value."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import dagster as dg
import pytest

from etl.config import ROOT, load_settings
from etl.demo import demo_environment, write_demo
from etl.warehouse import attached, empty

pytestmark = pytest.mark.slow
# The moments at which a home loaded, built or checked something, and what differs with them.
MOMENTS = ("loaded_at", "superseded_at", "published_at", "checked_at", "known_at", "built_at")

# A day more, a day of the past restated, and an order of long ago that makes its buyer new on an earlier day.
LATE = {
    "late_platform_metric_daily.csv": (
        "platform,date,channel,partnership_id,currency,orders,gmv,marketing_spend,is_simulated\n"
        "sim_bazaar,2026-01-01,search,,USD,500,9910.5,7,true\n"
        "sim_bazaar,2025-06-10,search,,USD,300,9999.25,4,true\n"
    ),
    "late_order_event.csv": (
        "event_id,event_time,platform,channel,partnership_id,buyer_id_hash,amount,currency,status,is_simulated\n"
        "late-1,2024-03-05 10:00:00,sim_bazaar,search,,sim_e4169435a216781c,12.50,USD,placed,true\n"
        "late-2,2025-06-10 23:59:59,sim_bazaar,search,,sim_e4169435a216781c,1.25,USD,placed,true\n"
    ),
}


def differences(one: Path, other: Path) -> list[str]:
    """The tables of core, steps and marts of two snapshots that have other columns or rows, but for moments."""
    con = empty()
    with attached(con, one, "one"), attached(con, other, "other"):
        listed = (
            "select schema_name || '.' || table_name, list((column_name, data_type) order by column_index) "
            "from duckdb_columns() where database_name = ? and schema_name in ('core', 'steps', 'marts') group by 1"
        )
        columns = {name: dict(con.execute(listed, [name]).fetchall()) for name in ("one", "other")}
        differ = [
            name for name in columns["one"] | columns["other"] if len({repr(c.get(name)) for c in columns.values()}) > 1
        ]
        for table, found in columns["one"].items():
            kept = ", ".join(f'"{name}"' for name, _ in found if name not in MOMENTS)
            rows = [f"select {kept} from {name}.{table}" for name in ("one", "other")]
            either = " union all ".join(f"({a} except all {b})" for a, b in (rows, rows[::-1]))
            if con.execute(f"select 1 from ({either}) limit 1").fetchall():
                differ.append(table)
    return differ


def run(home: Path, engine: str, *words: str) -> subprocess.CompletedProcess[str]:
    environment: Mapping[str, str] = {**os.environ, **demo_environment(home), "WAREHOUSE_ENGINE": engine}
    return subprocess.run(
        [sys.executable, "-m", "assets.cli", *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_both_engines_publish_the_same_and_a_cluster_that_is_away_takes_nothing_from_readers(tmp_path: Path) -> None:
    address = os.environ.get("SPARK_REMOTE")
    if not address:
        pytest.skip("SPARK_REMOTE names no cluster: make test-cluster starts one")
    homes = {"duckdb": tmp_path / "one", address: tmp_path / "other"}
    served = {}
    for engine, home in homes.items():
        settings = load_settings(demo_environment(home))
        write_demo(settings)
        for verb in ("refresh", "daily"):
            done = run(home, engine, verb)
            assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        served[engine] = settings.serving_db
    assert differences(*served.values()) == []
    with dg.DagsterInstance.from_config(str(homes[address] / "dagster")) as instance:
        made = instance.get_latest_materialization_event(dg.AssetKey(["steps", "buyer_value"]))
    shown = made.asset_materialization.metadata if made and made.asset_materialization else {}
    assert {"spark application", "spark tasks", "spark read", "spark shuffled", "spark wrote"} <= shown.keys()
    before = served[address].read_bytes()
    for home in homes.values():
        for name, text in LATE.items():
            (load_settings(demo_environment(home)).inbox / name).write_text(text, encoding="utf-8")
    away = run(homes[address], "sc://127.0.0.1:1", "daily")
    assert away.returncode == 1 and "no Spark Connect answers at sc://127.0.0.1:1" in away.stdout + away.stderr
    assert served[address].read_bytes() == before
    for engine, home in homes.items():
        done = run(home, engine, "daily")
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert served[address].read_bytes() != before
    assert differences(*served.values()) == []
