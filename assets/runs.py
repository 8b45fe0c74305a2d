"""Runs of the command line, recorded in Dagster's history as those of the UI are.

`run_job` runs a job whole. `confirm` records that a run need not be: one step materializes each table of the last
one again, with the metadata and the data version that it has, so that its freshness policy goes on passing and nothing
made from it counts as outdated. It loads no definitions of the project, which take longer than all else of it.
"""

import os
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

import dagster as dg
from dagster._core.events import DagsterEvent, DagsterEventBatchMetadata
from sqlalchemy.exc import DatabaseError as HistoryError

from assets.damage import set_aside
from assets.history import retire
from assets.instance import WHOLE, open_history, prepare_home, show_on_timeline
from assets.life import close_dead_runs, living_run
from assets.output import say, say_faults_in_addresses, warn
from etl.config import Settings
from etl.errors import MendError, explained
from etl.lock import writer_lock
from etl.unchanged import Remembered, forget, inputs, remember
from etl.warehouse import EXPECTED, without_pandas

REFRESH_DAILY = "refresh_daily"
# The summary reports errors; Dagster's own log, with traces, is in the UI.
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
CHANGED = "changed"  # in the metadata of a table: whether the run that made it found other rows


def run_job(
    settings: Settings, name: str, first: str | None = None, last: str | None = None, *, whole: bool = False
) -> None:
    """Run a job in this process, record it for the UI, print its summary; `first` and `last` are days.

    Tables that would be made and checked with the same result are left as they are, except in a `whole` run.

    A run without days that left nothing to tell is remembered (etl/unchanged.py). Exits with 1 when a step failed, or
    a file, row or source is left out. Raises KeyboardInterrupt on an interrupt.
    """
    import psutil

    from assets.days import run_tags
    from assets.definitions import definitions
    from assets.summary import outcome, summary
    from assets.warehouse import WRITTEN
    from etl.notify import after_refresh

    with recorded(settings, name) as instance:
        home = prepare_home(settings)
        # Before anything is read: what somebody changes from here on differs at the end.
        read = {} if first or last else inputs(settings, home, datetime.now(UTC))
        job = definitions(settings.root).resolve_job_def(name)
        close_dead_runs(instance)
        tags = show_on_timeline(instance, name)
        tags |= {WHOLE: "yes"} if whole else {}
        tags |= run_tags(instance, first or "", last or "") if name == REFRESH_DAILY else {}
        with writer_lock(settings):  # no run begins that would have to wait
            forget(home, name)
            result = job.execute_in_process(
                run_config=QUIET, instance=instance, tags=tags, raise_on_error=False, run_id=living_run(instance)
            )
        found = outcome(result)
        traced = _tell_lineage(instance, settings, result.run_id)
    if found.interrupted:
        raise KeyboardInterrupt
    # First the message: standard output may be a pipe that nobody reads.
    notified = after_refresh(settings, found.failure, name)
    say(summary(found, time.time() - psutil.Process().create_time()))
    for line in filter(None, (notified, traced)):
        say(line)
    wrote, now = WRITTEN.get(result.run_id), datetime.now(UTC)
    if found.has_nothing_to_tell and wrote and read and inputs(settings, home, now) == read:
        remember(home, Remembered(name, now.isoformat(), read, wrote, found.tables))
    sys.exit(0 if found.is_whole else 1)


def confirm(settings: Settings, kept: Remembered) -> None:
    """Record a run that found all as the remembered one left it, and send what could not be sent before."""
    with without_pandas(), recorded(settings, kept.job) as instance:
        keys = [dg.AssetKey(table.split(".")) for table in kept.tables]
        made = [record.asset_entry.last_materialization for record in instance.get_asset_records(keys)]

        @dg.op(description="All that the run reads and writes has the hashes that it had after the last one.")
        def nothing_changed(context: dg.OpExecutionContext) -> None:
            context.log.info(kept.sentence)
            found = [entry.asset_materialization for entry in made if entry]
            again = [_unchanged(one) for one in found if one]
            for number, one in enumerate(again, 1):  # stored at once
                batch = DagsterEventBatchMetadata(context.run.run_id, number == len(again))
                DagsterEvent.asset_materialization(context.get_step_execution_context(), one, batch)

        @dg.job(name=kept.job, executor_def=dg.in_process_executor)
        def unchanged() -> None:
            nothing_changed()

        close_dead_runs(instance)
        tags, run_id = show_on_timeline(instance, kept.job), living_run(instance)
        unchanged.execute_in_process(instance=instance, tags=tags, run_config=QUIET, run_id=run_id)
        if problem := _tell_lineage(instance, settings, run_id):
            say(problem)
    if settings.notify:
        from etl.notify import after_refresh

        say(after_refresh(settings, None, kept.job))


def _tell_lineage(instance: dg.DagsterInstance, settings: Settings, run_id: str) -> str:
    """Send the events of a run; in one line what went wrong. Imports nothing where that is off."""
    if not settings.lineage_url:
        return ""
    from assets.lineage import tell_lineage

    return tell_lineage(instance, settings, run_id)


def _unchanged(made: dg.AssetMaterialization) -> dg.AssetMaterialization:
    """What was made, as a run tells it that found the same."""
    same = {CHANGED: dg.MetadataValue.bool(False)} if CHANGED in made.metadata else {}
    return made._replace(metadata={**made.metadata, **same})


@contextmanager
def recorded(settings: Settings, job: str) -> Iterator[dg.DagsterInstance]:
    """Dagster's instance, for one run of a job; then old runs are retired and the health is told.

    Raises what the block raises, after it was reported, and MendError where the history cannot be used.
    """
    say_faults_in_addresses(settings)
    try:
        home = prepare_home(settings)
        for aside in set_aside(home):
            warn(aside)
        with open_history(home) as instance:
            yield instance
            from assets.health import tell_health

            with suppress(sqlite3.Error):  # the next run retires what this one could not
                retire(instance, home, settings, datetime.now(UTC))
            if problem := tell_health(instance, settings):
                say(problem)
    except dg.DagsterExecutionInterruptedError as interrupt:
        raise KeyboardInterrupt from interrupt
    except EXPECTED as error:  # the run did not even start
        _report(settings, error, explained(error), job)
        raise
    except HistoryError as error:
        message = (
            f"the history of runs in {os.environ['DAGSTER_HOME']} cannot be used ({error.__cause__ or error}): run the "
            "same command again, which sets a damaged one aside, or correct the permissions of that folder; it holds "
            "no figures"
        )
        _report(settings, error, message, job)
        raise MendError(message) from error


def _report(settings: Settings, error: Exception, failure: str, job: str) -> None:
    from etl.notify import after_error

    after_error(settings, error, failure, job)
