"""How long and how large a read over the network may be; no other place names it.

The time-outs of libraries count the pause between two pieces: a server that sends a byte a minute never meets them.
And a signal handler of Python waits until a call into C or Rust returns. So a source is read in a thread of its own,
which is left behind when its time is over or the run is stopped; at its next piece it ends itself.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from etl.errors import MendError, RetryError

T = TypeVar("T")
LOOK_SECONDS = 0.1


@dataclass(frozen=True)
class Bounds:
    """Seconds for everything that is read at once and between two pieces (`idle`), and bytes of one file."""

    seconds: float
    idle: float
    largest: int


BOUNDS = {
    "s3": Bounds(seconds=3600, idle=60, largest=20 << 30),
    "postgres": Bounds(seconds=1800, idle=10, largest=20 << 30),  # idle: to connect; a query may think for long
    "ecb": Bounds(seconds=180, idle=30, largest=100 << 20),
    "lineage": Bounds(seconds=30, idle=5, largest=1 << 20),  # of all events of a run, and of one answer
    "edgar": Bounds(seconds=180, idle=30, largest=256 << 20),  # of one answer
    "spark": Bounds(seconds=300, idle=10, largest=1 << 20),  # without a task that runs; a query may take any time
}
EDGAR_SECONDS = 3600  # for all issuers of a refresh
LONGEST_WAIT = timedelta(days=1)  # that a server may ask for
REDIRECTS = 5
STOPPED = threading.Event()
"""Set when the run was asked to end: no read goes on."""


class LateError(RetryError):
    """The time for a read is over."""


class RemoteRead:
    """A read that is under way."""

    def __init__(self, bounds: Bounds) -> None:
        self.bounds = bounds
        self.is_left = False
        self.go_on()

    def go_on(self) -> None:
        """Let the time begin anew: something was done."""
        self._until = time.monotonic() + self.bounds.seconds

    def check(self) -> None:
        """Raises LateError when the time is over, KeyboardInterrupt when nobody waits for it any more."""
        if self.is_left or STOPPED.is_set():
            raise KeyboardInterrupt
        if time.monotonic() > self._until:
            raise LateError(f"not read within {self.bounds.seconds:,.0f} seconds; the next run tries again")

    def pieces(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """The pieces of one file. Raises as check() does, and MendError when they are too large together."""
        size = 0
        for piece in pieces:
            self.check()
            size += len(piece)
            if size > self.bounds.largest:
                raise MendError(f"more than {self.bounds.largest / 1e6:,.1f} MB, which is the most that is read")
            yield piece


def in_time(bounds: Bounds, read: Callable[[RemoteRead], T]) -> T:
    """What `read` returns or raises; RetryError when its time is over, KeyboardInterrupt when the run is stopped."""
    reading, done = RemoteRead(bounds), threading.Event()
    results: list[T] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            results.append(read(reading))
        except BaseException as error:  # raised again by the thread that waits
            errors.append(error)
        done.set()

    threading.Thread(target=work, daemon=True).start()
    try:
        while not done.wait(LOOK_SECONDS):
            reading.check()
    finally:
        reading.is_left = True
    if errors:
        raise errors[0]
    return results[0]
