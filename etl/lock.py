"""The writer's lock of a home: whoever writes the build database holds it, one process at a time.

The operating system releases it when a process ends, however it ends, so a crash blocks nothing.
"""

from __future__ import annotations

import fcntl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from etl.config import Settings, make_private
from etl.errors import BusyError

WAIT_SECONDS = 30
LOOK_SECONDS = 0.2
_HELD: set[tuple[Path, int]] = set()  # locks of this process, by thread


@contextmanager
def writer_lock(
    settings: Settings, wait_seconds: float | None = None, waiting: Callable[[str], None] = lambda _: None
) -> Iterator[None]:
    """Hold the writer's lock of this home in the block; inside such a block of the same thread it is held already.

    Calls `waiting` once with a sentence when another process has it. Raises BusyError after `wait_seconds`, by
    default WAIT_SECONDS; infinite waits for as long as it takes.
    """
    path = settings.build_db.with_name("refresh.lock")
    ours = (path, threading.get_ident())
    if ours in _HELD:
        yield
        return
    make_private(settings, path.parent)
    with path.open("a") as lock:
        _acquire(lock, settings, WAIT_SECONDS if wait_seconds is None else wait_seconds, waiting)
        _HELD.add(ours)
        try:
            yield
        finally:
            _HELD.discard(ours)


def _acquire(lock: IO[str], settings: Settings, wait_seconds: float, waiting: Callable[[str], None]) -> None:
    give_up, told = time.monotonic() + wait_seconds, False
    while not try_lock(lock):
        if time.monotonic() >= give_up:
            raise BusyError(f"another refresh is writing {settings.home}: wait for it to end, or stop it")
        if not told:
            waiting(f"another process is writing {settings.home}: waiting for it to end")
            told = True
        time.sleep(LOOK_SECONDS)


def try_lock(file: IO[str]) -> bool:
    """Lock a file for this open file alone, until it is closed; whether that succeeded."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
