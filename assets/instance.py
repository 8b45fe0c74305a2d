"""The Dagster instance of a warehouse home, which records the runs of `make refresh` and `make dev` alike."""

import os
import shutil
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
from sqlalchemy import event
from sqlalchemy.engine import Engine

from assets.warehouse import writer_lock
from etl.config import Settings

UNFINISHED = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.CANCELING,
]
GRACE = timedelta(minutes=1)  # longer than a starting run waits for the lock


def prepare_home(settings: Settings) -> Path:
    """The folder DAGSTER_HOME (default $WAREHOUSE_HOME/dagster), made if need be, with our dagster.yaml."""
    home = settings.root / (os.environ.get("DAGSTER_HOME") or settings.home / "dagster")
    home.mkdir(parents=True, exist_ok=True)
    wanted, target = settings.root / "dagster.yaml", home / "dagster.yaml"
    if not target.exists() or target.read_bytes() != wanted.read_bytes():
        shutil.copyfile(wanted, target)
    os.environ["DAGSTER_HOME"] = str(home)
    return home


def close_dead_runs(instance: dg.DagsterInstance, settings: Settings) -> int:
    """Mark as failed the runs whose process died, so that no queue waits for them; returns how many.

    A live run holds the writer's lock: under that lock every run that claims to be under way is dead,
    except one that has not come so far yet and waits for the lock.
    """
    with writer_lock(settings):
        silent_since = datetime.now(UTC) - GRACE
        dead = instance.get_runs(filters=dg.RunsFilter(statuses=UNFINISHED, updated_before=silent_since))
        for run in dead:
            instance.report_run_failed(
                run, message="The process of this run died; the next refresh closed it."
            )
    return len(dead)


def without_fsync() -> None:
    """Let this process write the run history without waiting for the disk at every event.

    Dagster writes hundreds of events one by one, and waiting for each was about half of a refresh. A
    killed process loses nothing by it; a power cut may damage the history, never the warehouse.
    """

    @event.listens_for(Engine, "connect")
    def relax(connection: object, _: object) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.execute("pragma synchronous = off")
