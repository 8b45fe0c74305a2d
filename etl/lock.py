"""The writer's lock of a home: one refresh at a time holds it, whoever started it.

The operating system releases the lock when a process dies, so a crash blocks nothing.
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager

from etl.config import Settings, make_private
from etl.errors import BusyError

WAIT_SECONDS = 30


@contextmanager
def writer_lock(settings: Settings, wait_seconds: float | None = None) -> Iterator[None]:
    """Hold the writer's lock of this home in the block. Raises BusyError after `wait_seconds`, else WAIT_SECONDS."""
    path = settings.build_db.with_name("refresh.lock")
    make_private(settings, path.parent)
    give_up = time.monotonic() + (WAIT_SECONDS if wait_seconds is None else wait_seconds)
    with path.open("a") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() >= give_up:
                    raise BusyError(
                        f"another refresh is writing {settings.home}: wait for it to end, or stop it"
                    ) from error
                time.sleep(0.2)
        yield
