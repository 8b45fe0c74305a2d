"""The Dagster instance of a warehouse home, which records the runs of `make refresh` and `make dev` alike."""

import atexit
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from sqlalchemy import create_engine, event
from sqlalchemy.engine import Connection as SqlConnection
from sqlalchemy.engine import Engine
from sqlalchemy.pool import StaticPool

from etl.config import Settings, make_private
from etl.unchanged import history_folder

BUSY_SECONDS = 60  # how long a write of the history waits for another process
LOCATION, REPOSITORY = "warehouse", "__repository__"  # of workspace.yaml, and Dagster's name for what it loads there
BY_COMMAND = "warehouse/command"
"""The tag of a run of the command line, which sends its notifications itself: the command."""
WHOLE = "warehouse/whole"
"""The tag of a run that makes and checks every table, also where nothing changed."""


def prepare_home(settings: Settings) -> Path:
    """The folder $WAREHOUSE_HOME/dagster, created if missing, with our dagster.yaml, as DAGSTER_HOME of this process.

    A DAGSTER_HOME of the environment is that of another project: its settings and runs are left alone.
    """
    home = history_folder(settings)
    make_private(settings, home)
    home.mkdir(parents=True, exist_ok=True)
    wanted, target = settings.root / "dagster.yaml", home / "dagster.yaml"
    if not target.exists() or target.read_bytes() != wanted.read_bytes():
        shutil.copyfile(wanted, target)
    os.environ["DAGSTER_HOME"] = str(home)
    return home


def show_on_timeline(instance: dg.DagsterInstance, job: str) -> dict[str, str]:
    """Let the runs that this instance creates belong to the job of the UI; returns their tags.

    The UI lists a run under its job by the tag, and on its timeline by the origin of the job: a run without one is
    left out (Dagster 1.13.27). Both name what workspace.yaml loads.
    """
    place = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin(LOCATION), REPOSITORY)
    create = partial(instance.create_run_for_job, remote_job_origin=RemoteJobOrigin(place, job))
    instance.create_run_for_job = create  # type: ignore[method-assign]
    return {".dagster/repository": f"{REPOSITORY}@{LOCATION}", BY_COMMAND: job}


def write_history_fast() -> None:
    """Let this process write the run history through one connection, without waiting for the disk.

    Dagster writes hundreds of events one by one, each through a connection of its own (a sixth of a refresh) and
    each waiting for the disk (as much again). A killed process still loses nothing; a power cut may damage the
    history, never the warehouse.
    """

    @event.listens_for(Engine, "connect")
    def relax(connection: object, _: object) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.execute("pragma synchronous = off")

    engines: dict[tuple[int, str], Engine] = {}

    @contextmanager
    def connect(storage: Any, shard: str) -> Iterator[SqlConnection]:
        with storage._db_lock:
            engine = engines.get((id(storage), shard))
            if engine is None:
                place = storage.conn_string_for_shard(shard)
                options = {"timeout": BUSY_SECONDS, "check_same_thread": False}
                engine = create_engine(place, poolclass=StaticPool, connect_args=options)
                engines[id(storage), shard] = engine
            if shard not in storage._initialized_dbs:
                storage._initdb(engine)
                storage._initialized_dbs.add(shard)
            with engine.begin() as open_connection:
                yield open_connection

    # Closed, a file of the history takes in its log, which is as large as itself.
    @atexit.register
    def close() -> None:
        for engine in engines.values():
            engine.dispose()

    SqliteEventLogStorage._connect = connect  # type: ignore[assignment]
    # Each check asks the file whether it has the table of checks; a history made by this version has it.
    SqliteEventLogStorage.supports_asset_checks = True  # type: ignore[assignment,method-assign]
