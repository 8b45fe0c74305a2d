"""A worker, the driver or all of the cluster goes away: a run finishes or fails in one sentence, and publishes nothing.

The cluster is one of the tests' own, because they kill its processes.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from etl.config import Settings, load_settings
from etl.engine import Wanted
from etl.errors import RetryError
from etl.models.file import Model
from etl.spark import cluster as standalone
from etl.spark.cluster import RunningCluster, cluster, spark_home
from etl.spark.engine import spark_engine
from etl.warehouse import Connection
from tests.support.daily_models import written

pytestmark = pytest.mark.slow
ROWS = 3_000_000


@pytest.fixture
def running() -> Iterator[RunningCluster]:
    if not os.environ.get("SPARK_REMOTE"):
        pytest.skip("SPARK_REMOTE names no cluster: make test-cluster runs these tests")
    with cluster(spark_home(standalone.ENVIRONMENT)) as started:
        yield started


@pytest.fixture
def settings(tmp_path: Path, running: RunningCluster) -> Settings:
    return load_settings({"WAREHOUSE_HOME": str(tmp_path / "home"), "WAREHOUSE_ENGINE": running.address})


@pytest.fixture
def first(con: Connection, tmp_path: Path) -> Model:
    """The first order of each of many buyers: enough work to be interrupted in."""
    con.execute(
        f"""insert into core.order_event (event_id, event_time, buyer_id_hash, loaded_at)
        select 'e' || i, timestamp '2025-01-01' + interval (i % 20000000) second, 'b' || hash(i) % 900000, now()
        from range({ROWS}) as t (i)"""
    )
    return next(model for model in written(tmp_path / "sql", {}) if model.name == "core.first_one")


def answer(con: Connection, query: str) -> tuple[object, ...]:
    return con.execute(f"select count(*), sum(hash(t)::hugeint) from ({query}) as t").fetchall()[0]


def killed_while(work: Callable[[], None], process: subprocess.Popen[bytes], folder: Path) -> bool:
    """Kill a process as soon as Spark has begun to write; whether it was while the work was under way."""
    is_done = threading.Event()

    def kill() -> None:
        while not is_done.is_set() and not list(folder.glob(".under-way/out/_temporary")):
            time.sleep(0.01)
        if not is_done.is_set():
            process.send_signal(signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        work()
    finally:
        is_done.set()
        killer.join()
    return process.poll() is not None


def test_a_run_whose_worker_is_killed_gives_the_same_rows(
    con: Connection, settings: Settings, running: RunningCluster, first: Model
) -> None:
    found: list[tuple[object, ...]] = []
    with spark_engine(settings) as engine:

        def work() -> None:
            with suppress(RetryError):
                found.append(answer(con, engine.rows(con, Wanted(first, first.sql))))

        assert killed_while(work, running.processes["worker-0"], settings.exchange_dir)
        assert found == [answer(con, first.sql)], "one worker is enough"
        assert answer(con, engine.rows(con, Wanted(first, first.sql))) == found[0]


def test_a_run_whose_driver_is_killed_fails_in_one_sentence_and_leaves_nothing(
    con: Connection, settings: Settings, running: RunningCluster, first: Model
) -> None:
    with spark_engine(settings) as engine:

        def work() -> None:
            with pytest.raises(RetryError, match="no Spark Connect answers at sc://127"):
                engine.rows(con, Wanted(first, first.sql))

        started = time.monotonic()
        assert killed_while(work, running.processes["connect"], settings.exchange_dir)
        assert time.monotonic() - started < 120
    assert not list(settings.exchange_dir.rglob(".under-way/*/*"))
    assert not list(settings.exchange_dir.glob(f"{first.name}/*/*"))
    with cluster(spark_home(standalone.ENVIRONMENT)) as (address, _):
        again = settings.model_copy(update={"engine": address})
        with spark_engine(again) as engine:
            assert answer(con, engine.rows(con, Wanted(first, first.sql))) == answer(con, first.sql)


def test_a_cluster_without_workers_is_told_in_time(
    con: Connection, settings: Settings, running: RunningCluster, first: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    from etl.bounds import BOUNDS, Bounds

    for name in ("worker-0", "worker-1"):
        running.processes[name].kill()
    monkeypatch.setitem(BOUNDS, "spark", Bounds(seconds=20, idle=10, largest=1))
    with (
        spark_engine(settings) as engine,
        pytest.raises(RetryError, match="ran no task for 20 seconds: it has no workers"),
    ):
        engine.rows(con, Wanted(first, first.sql))
