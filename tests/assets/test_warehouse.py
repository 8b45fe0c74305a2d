"""Who may write: one refresh at a time, and a dead one blocks nothing."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

import assets.warehouse
import etl.lock
from assets.days import run_tags
from assets.definitions import definitions
from assets.instance import prepare_home
from assets.jobs import REFRESH_DAILY
from assets.summary import outcome, summary
from assets.warehouse import INTERRUPTS, RETRIES, Warehouse, interruptible
from etl.archive.standing import REFRESH, unfinished
from etl.checks.suite import Suite
from etl.config import ROOT, Settings, load_settings
from etl.daily.build import build_daily
from etl.daily.due import create_unbuilt
from etl.errors import MendError, RetryError
from etl.lock import writer_lock
from etl.warehouse import memory, open_build
from tests.assets.conftest import QUIET
from tests.support.command import run
from tests.support.lock import held_elsewhere
from tests.support.models import models_behind, project_models

pytestmark = pytest.mark.slow

REFUSED = """
import sys
from etl.config import load_settings
from etl.errors import RetryError
from etl.lock import writer_lock
try:
    with writer_lock(load_settings({"WAREHOUSE_HOME": sys.argv[1]}), 0):
        pass
except RetryError:
    sys.exit(3)
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings({"WAREHOUSE_HOME": str(tmp_path)})


def test_a_killed_refresh_releases_its_lock(settings: Settings) -> None:
    with held_elsewhere(settings) as holder:
        with pytest.raises(RetryError, match="another refresh"), writer_lock(settings, 0):
            pass
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()
        with writer_lock(settings):
            assert settings.build_db.with_name("refresh.lock").exists()


def test_a_command_that_finds_the_home_in_use_begins_no_run(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAREHOUSE_HOME", str(settings.home))
    monkeypatch.setattr(etl.lock, "WAIT_SECONDS", 0)
    with held_elsewhere(settings):
        told = run("refresh")
    assert told.exit_code == 1
    assert f"another refresh is writing {settings.home}" in told.stderr
    assert not settings.build_db.exists()
    with dg.DagsterInstance.from_config(str(settings.home / "dagster")) as instance:
        assert instance.get_runs() == []


def test_a_run_of_the_daemon_waits_for_the_one_before_it(settings: Settings) -> None:
    job = definitions(environment={"WAREHOUSE_HOME": str(settings.home)}).resolve_job_def(REFRESH_DAILY)
    with dg.DagsterInstance.ephemeral() as instance:
        with held_elsewhere(settings) as holder:
            threading.Timer(3, holder.kill).start()
            started = time.monotonic()
            # Without a registry it fails, but not for the lock, which it has waited for.
            result = job.execute_in_process(
                instance=instance, run_config=QUIET, tags=run_tags(instance), raise_on_error=False
            )
        said = [entry.user_message for entry in instance.all_logs(result.run_id)]
    assert time.monotonic() - started > 3
    assert f"another process is writing {settings.home}: waiting for it to end" in said
    assert "run `make refresh` first" in summary(outcome(result), 1.0)


def test_a_database_found_damaged_in_a_run_is_brought_back_and_the_run_says_one_thing(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """Zeros in a block show only when it is read; the run had recovered and then ended with `Failed … is damaged`."""
    resource, seen = Warehouse(environment={"WAREHOUSE_HOME": str(settings.home)}), []
    with open_build(settings) as con:
        con.execute("create table core.kept as select 1 as one")
    shutil.copyfile(settings.build_db, settings.build_copy)

    @dg.op
    def step(warehouse: Warehouse) -> None:
        with warehouse.open() as con:
            seen.append(con.execute("select one from core.kept").fetchall())
            if len(seen) == 2:
                raise MendError(f'Corrupt database file: in block of file "{settings.build_db}"')

    @dg.job(resource_defs={"warehouse": resource})
    def steps() -> None:
        step.alias("before")()
        step.alias("meets_it")()

    with dg.DagsterInstance.ephemeral() as instance:
        result = steps.execute_in_process(instance=instance, run_config=QUIET, raise_on_error=False)
    found = outcome(result)
    assert (found.success, found.errors, seen) == (True, {}, [[(1,)]] * 3)
    assert caplog.text.count("the build database was lost") == 1 and "is damaged" not in caplog.text
    with open_build(settings) as con:
        recovery = unfinished(con)
    assert recovery and recovery.needs == [REFRESH], "what the run read of the reference data before is not in it"


def test_a_step_whose_cluster_is_away_is_tried_again_and_then_says_so_and_the_table_keeps_its_rows(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assets.warehouse, "RETRY_SECONDS", 0)
    own = {"WAREHOUSE_HOME": str(settings.home)}
    away = own | {"WAREHOUSE_ENGINE": "sc://127.0.0.1:1/;token=secret"}
    model = models_behind("marts.attribution_coverage")["marts.attribution_coverage"]
    tries = []

    def made(environment: dict[str, str]) -> Any:
        @dg.op
        def step(warehouse: Warehouse) -> None:
            tries.append(environment)
            with warehouse.open() as con:
                create_unbuilt(con, project_models())
                build_daily(con, model, project_models(), Suite(model.name, ()), "run", engine=warehouse.engine)

        @dg.job(resource_defs={"warehouse": Warehouse(environment=environment)})
        def steps() -> None:
            step()

        with dg.DagsterInstance.ephemeral() as instance:
            return outcome(steps.execute_in_process(instance=instance, run_config=QUIET, raise_on_error=False))

    assert made(own).success
    with open_build(settings) as con:
        con.execute(f"insert into {model.name} (date) values ('2025-01-01')")
        con.execute("delete from raw.daily_state")
    failed = made(away)
    (told,) = failed.errors.values()
    assert "no Spark Connect answers at sc://127.0.0.1:1 (" in told and "secret" not in told
    assert tries.count(away) == RETRIES + 1
    with open_build(settings) as con:
        assert con.execute(f"select count(*) from {model.name}").fetchall() == [(1,)]
    assert made(own).success, "DuckDB computes the rows that are due"


def test_a_lock_that_this_process_holds_is_held_already(settings: Settings) -> None:
    with writer_lock(settings):
        with writer_lock(settings, 0):
            pass
        other = subprocess.run([sys.executable, "-c", REFUSED, str(settings.home)], cwd=ROOT, check=False)
        assert other.returncode == 3, "the inner block did not let it go"


def test_an_interrupt_ends_the_query_and_leaves_duckdb_usable() -> None:
    con = memory()
    handlers = [signal.getsignal(number) for number in INTERRUPTS]
    alarm = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    with pytest.raises(dg.DagsterExecutionInterruptedError), interruptible() as interrupt:
        interrupt.append(con.interrupt)
        con.execute("begin; create table core.half as select 1 as one")
        alarm.start()
        con.execute("select count(*) from range(100_000_000_000) as t(i) where i % 7 = 3")
    con.execute("rollback")
    assert con.execute("select count(*) from duckdb_tables() where table_name = 'half'").fetchall() == [(0,)]
    assert [signal.getsignal(number) for number in INTERRUPTS] == handlers


def test_an_error_without_an_interrupt_is_raised_unchanged() -> None:
    with pytest.raises(ValueError, match="as it was"), interruptible():
        raise ValueError("as it was")


def test_the_instance_is_in_the_home_with_our_settings(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    home = prepare_home(settings)
    assert home == settings.home / "dagster"
    (home / "dagster.yaml").write_text("telemetry: {enabled: true}\n", encoding="utf-8")
    prepare_home(settings)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert not instance.telemetry_enabled
        assert not instance.run_retries_enabled
        assert instance.get_concurrency_config().run_queue_config.max_concurrent_runs == 1
