"""The folder of the home in which a backup gathers what it stores, and the lock of the one that is at work."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from etl.config import Settings
from etl.errors import RetryError

STAGE, LOCK = ".backup.part", "backup.lock"


@contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """Keep a second backup of this home out: it would empty the stage of the first, and remove what that has stored.

    Raises RetryError while another one is at work.
    """
    with (settings.home / LOCK).open("a") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RetryError(f"another backup of {settings.home} is at work: wait for it to end") from error
        yield


def remove_left_stage(settings: Settings) -> bool:
    """Remove what a killed backup left in the home; false while a backup is at work."""
    if (settings.home / STAGE).exists():
        try:
            with alone(settings):
                shutil.rmtree(settings.home / STAGE)
        except RetryError:
            return False
    return True
