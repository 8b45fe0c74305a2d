"""The sensor on the inbox: one run for all files that are not loaded, once none of them is growing.

What is loaded is known from the published snapshot, and what became of a run from Dagster's history; so the sensor
has little to remember, and a run that failed is asked for again. Dagster keeps the cursor with every look.
"""

import hashlib
import time
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path

import dagster as dg
from dagster._core.storage.tags import RUN_KEY_TAG
from pydantic import BaseModel

from etl.config import Settings
from etl.errors import MendError
from etl.ledger import Ledger
from etl.warehouse import DatabaseError, open_snapshot

SOURCE = "inbox"
LOOK_SECONDS = 30
LONGEST_PAUSE = 3600  # seconds between two runs for files whose runs fail
UNDER_WAY = [status for status in dg.DagsterRunStatus if status.value not in ("SUCCESS", "FAILURE", "CANCELED")]
SHOWN = 5
State = dg.DagsterRunStatus | None


class Memory(BaseModel):
    """What the sensor knows from its last look, in the cursor: 200 characters, however many files there are."""

    files: str = ""  # hash over names, sizes and times
    asked: str = ""  # hash over the contents for which a run was requested last
    attempt: int = 0  # how often
    at: float = 0  # when, in seconds since 1970

    @property
    def run_key(self) -> str:
        """Of the run that was requested last."""
        return f"{self.asked}-{self.attempt}"

    @property
    def pause(self) -> float:
        """Seconds until files whose run failed are asked for again: none at first, then longer each time."""
        return float(min(LOOK_SECONDS * (2 ** (min(self.attempt, 12) - 1) - 1), LONGEST_PAUSE))


def look(
    settings: Settings, cursor: str | None, day: str = "", status: Callable[[str], State] = lambda _: None
) -> dg.SensorResult:
    """Request one run, for `day`, for all files that are not loaded, once nothing changed since the last look.

    A file that is touched, moved or delivered again under another name is not new. `status` tells what became of the
    run with a key. Files whose run failed are asked for again, after a pause that grows to an hour.
    """
    from etl.inbox.load import delivery  # imports numpy, which the definitions do without
    from etl.inbox.open import inbox_files, inbox_name

    memory = Memory.model_validate_json(cursor) if cursor and '"files"' in cursor else Memory()
    marks = {path: _mark(path) for path in inbox_files(settings)}
    before, memory.files = memory.files, _hash(f"{inbox_name(path, settings)}{mark}" for path, mark in marks.items())
    if memory.files != before:
        newest = ", ".join(inbox_name(path, settings) for path in [*marks][-SHOWN:])
        return _skip(f"waiting for {newest or 'the inbox'} to stop growing", memory)
    contents = {delivery(_content_of(path, mark), path, settings) for path, mark in marks.items()}
    new = contents - _loaded(settings) if contents else contents
    if not new:
        return _skip("no new file", memory)
    state, left = status(memory.run_key), memory.at + memory.pause - time.time()
    if state in UNDER_WAY:
        return _skip("the run for the last new files is under way", memory)
    if (asked := _hash(sorted(new))) == memory.asked:
        if state == dg.DagsterRunStatus.SUCCESS:
            return _skip("no new content", memory)
        if 0 < left <= LONGEST_PAUSE:
            return _skip(f"the run for the new files failed; it is asked for again in {left:.0f} seconds", memory)
    else:
        memory.asked, memory.attempt = asked, 0
    memory.attempt, memory.at = memory.attempt + 1, time.time()
    request = dg.RunRequest(run_key=memory.run_key, partition_key=day, tags={"inbox/files": str(len(new))})
    return dg.SensorResult(run_requests=[request], cursor=memory.model_dump_json())


def status_of(instance: dg.DagsterInstance, run_key: str) -> State:
    """The status of the run that was requested with a key, if there is one."""
    runs = instance.get_runs(dg.RunsFilter(tags={RUN_KEY_TAG: run_key}), limit=1)
    return runs[0].status if runs else None


def _skip(reason: str, memory: Memory) -> dg.SensorResult:
    return dg.SensorResult(skip_reason=dg.SkipReason(reason), cursor=memory.model_dump_json())


def _mark(path: Path) -> tuple[int, int, int]:
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns, stat.st_ino


def _hash(parts: Iterable[object]) -> str:
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()


def _content_of(path: Path, mark: tuple[int, int, int]) -> str:
    """What a file is known by; one that cannot be read counts as not loaded."""
    try:
        return _content(path, *mark)
    except OSError:
        return str(path)


@lru_cache(maxsize=100_000)
def _content(path: Path, *mark: int) -> str:
    """SHA-256 of a file; read again only when its mark changed."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _loaded(settings: Settings) -> set[str]:
    """SHA-256 of every file that the snapshot knows as loaded or refused; none where nothing is published."""
    try:
        with open_snapshot(settings.serving_db) as con:
            return set(Ledger(con, SOURCE).contents())
    except (DatabaseError, MendError):
        return set()
