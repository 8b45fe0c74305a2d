"""The Dagster instance of a warehouse home, which records the runs of `make refresh` and `make dev` alike."""

import os
import shutil
import sqlite3
from functools import cache, partial
from pathlib import Path

import dagster as dg
from alembic.config import Config
from alembic.script import ScriptDirectory
from dagster._core.instance.ref import InstanceRef
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin
from sqlalchemy import event
from sqlalchemy.engine import Engine

from etl.config import Settings, make_private
from etl.unchanged import history_folder

MOST_EVENTS = 1000  # that Dagster stores at once, where it has so many
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


def open_history(home: Path) -> dg.DagsterInstance:
    """Dagster's instance of a home, for a command that runs a job: it writes events in few steps (assets/events.py).

    It does not wait for the disk, which takes as long as the writing. A killed process still loses nothing; a power cut
    may damage the history, never the warehouse.
    """

    @event.listens_for(Engine, "connect")
    def relax(connection: object, _: object) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.execute("pragma synchronous = off")

    _read_revisions_once()
    os.environ["DAGSTER_EVENT_BATCH_SIZE"] = str(MOST_EVENTS)
    events = {"module": "assets.events", "class": "RunEvents", "config": {"base_dir": str(home / "history" / "runs")}}
    return dg.DagsterInstance.from_ref(InstanceRef.from_dir(str(home), overrides={"event_log_storage": events}))


@cache
def _read_revisions_once() -> None:
    """Let Alembic read the 89 revisions of Dagster's schema once; its storages ask seven times which is the newest."""
    read, known = ScriptDirectory.from_config, dict[str | None, ScriptDirectory]()

    def read_or_known(config: Config) -> ScriptDirectory:
        place = config.get_main_option("script_location")
        if place not in known:
            known[place] = read(config)
        return known[place]

    ScriptDirectory.from_config = read_or_known  # type: ignore[method-assign]
