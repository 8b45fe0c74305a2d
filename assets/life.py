"""Which runs live: each run holds a lock of its own until its process ends, and nothing else tells.

A run reports its end after it has let go of the warehouse, and its process ends after that. So a run whose lock is
free and that is not reported as ended is dead, however long it ran and whenever it was last heard of; a live one may
be stopped for hours. The lock is a file in the folder `live` of Dagster's home, named after the run.

A command holds it before its run is created. A run of the daemon takes it when its process has read the definitions;
until then that process or the code server that starts it shows that it may still begin. A code server that lives
reports the end of its processes itself.
"""

from collections.abc import Collection
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO

import dagster as dg
from dagster._core.launcher import CheckRunHealthResult, DefaultRunLauncher, WorkerStatus
from dagster._core.utils import make_new_run_id

from etl.lock import try_lock

UNFINISHED = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.CANCELING,
]
DIED = "the process of this run died before it could report an end"
# So long after a run was last heard of it is handed to a code server, and has its lock.
LAUNCH, START = timedelta(seconds=20), timedelta(minutes=3)
_held: IO[str] | None = None


def show_life(instance: dg.DagsterInstance, run_id: str) -> None:
    """Show that a run lives until this process ends, or begins another run."""
    global _held  # noqa: PLW0603 (the file has to stay open as long as the process)
    path = _folder(instance) / run_id
    path.parent.mkdir(exist_ok=True)
    part = path.with_name(f".{run_id}")
    file = part.open("w")
    try_lock(file)
    part.replace(path)  # whoever sees it sees it locked
    _held = file


def living_run(instance: dg.DagsterInstance) -> str:
    """The number of a run that this process will create, and that lives from now on."""
    show_life(instance, run_id := make_new_run_id())
    return run_id


def is_dead(instance: dg.DagsterInstance, run_id: str) -> bool:
    """Whether a run has not ended and its process has, or never began."""
    try:
        with (_folder(instance) / run_id).open() as file:
            is_free = try_lock(file)
    except FileNotFoundError:
        is_free = None
    # Asked last: a run reports its end before its lock is free.
    record = instance.get_run_record_by_id(run_id)
    if record is None or record.dagster_run.status not in UNFINISHED:
        return False
    if is_free is not None:
        return is_free
    heard = record.update_timestamp.replace(tzinfo=UTC)
    silent = datetime.now(UTC) - heard
    return silent > START or (silent > LAUNCH and not _may_begin(instance.root_directory, heard))


def _may_begin(home: str, heard: datetime) -> bool:
    """Whether a process lives that has a run, or starts one, which has no lock yet and was last `heard` of then.

    That is a code server which was there by then, or a process that one has started. Of another user's process only
    what it runs is known: it may be one.
    """
    import psutil

    for process in psutil.process_iter(["cmdline", "create_time"]):
        words = process.info["cmdline"] or []
        is_server = "grpc" in words and process.info["create_time"] <= heard.timestamp()
        if not is_server and not any("spawn_main" in word for word in words):
            continue
        try:
            if process.environ().get("DAGSTER_HOME") == home:
                return True
        except psutil.AccessDenied:
            return True
        except psutil.NoSuchProcess:
            continue
    return False


def close_dead_runs(instance: dg.DagsterInstance) -> int:
    """Report the runs whose process died as failed, so that no queue waits for them; returns how many."""
    unfinished = instance.get_runs(dg.RunsFilter(statuses=UNFINISHED))
    dead = [run for run in unfinished if is_dead(instance, run.run_id)]
    for run in dead:
        instance.report_run_failed(run, message=DIED)
    _forget(instance, {run.run_id for run in unfinished} - {run.run_id for run in dead})
    return len(dead)


def _forget(instance: dg.DagsterInstance, unfinished: Collection[str]) -> None:
    """Remove the locks of ended runs."""
    for path in _folder(instance).glob("[!.]*"):
        if path.name not in unfinished:
            with suppress(FileNotFoundError), path.open() as file:
                if try_lock(file):  # a run that has begun since then holds it
                    path.unlink()


def _folder(instance: dg.DagsterInstance) -> Path:
    return Path(instance.root_directory) / "live"


class LivingRunLauncher(DefaultRunLauncher):
    """Dagster's own launcher, which also tells its daemon whether the process of a run lives.

    dagster.yaml names it; the daemon asks about each run under way and reports a dead one as failed.
    """

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Yes."""
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Whether a run under way lives."""
        if is_dead(self._instance, run.run_id):
            return CheckRunHealthResult(WorkerStatus.FAILED, DIED)
        return CheckRunHealthResult(WorkerStatus.RUNNING)
