"""Standard output of a command, which may be closed, full, or read by nobody: the result of a run stays the same.

A script may start the command with closed streams. The first file that is opened then gets the number of a stream,
and what a library prints would land in it: in the build database.
"""

import os
import sys
from contextlib import suppress

from etl.config import Settings

STREAMS = 3  # standard input, output and error


def open_missing_streams() -> None:
    """Open the null device in the place of each standard stream that is closed."""
    for number in range(STREAMS):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free number, which is this one


def say(text: str) -> None:
    """Print a text; where that fails, say so on standard error, once, and print nothing from then on."""
    try:
        print(text, flush=True)
    except (OSError, ValueError) as error:
        # What is left in the buffer would fail again at the end of the process, and change its exit code.
        silence = os.open(os.devnull, os.O_WRONLY)
        with suppress(OSError, ValueError):
            os.dup2(silence, sys.stdout.fileno())
        os.close(silence)
        with suppress(OSError, ValueError):
            print(f"standard output cannot be written ({error}); the run is not changed by it", file=sys.stderr)


def say_faults_in_addresses(settings: Settings) -> None:
    """Say on standard error what is wrong with the addresses of the messages, before there is one to send."""
    if settings.notify:
        from etl.sent import faults_in_addresses

        for fault in faults_in_addresses(settings, note=True):
            warn(fault)


def warn(text: str) -> None:
    """Print a text on standard error, where that can be written."""
    with suppress(OSError, ValueError):
        print(text, file=sys.stderr)
