"""Another process that holds the writer's lock of a home."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from etl.config import ROOT, Settings

HOLD = """
import sys, time
from etl.config import load_settings
from etl.lock import writer_lock
with writer_lock(load_settings({"WAREHOUSE_HOME": sys.argv[1]})):
    print("held", flush=True)
    time.sleep(600)
"""


@contextmanager
def held_elsewhere(settings: Settings) -> Iterator[subprocess.Popen[str]]:
    """The lock is held in the block, unless the process is killed in it."""
    command = [sys.executable, "-c", HOLD, str(settings.home)]
    holder = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert holder.stdout and holder.stdout.readline() == "held\n"
    try:
        yield holder
    finally:
        holder.kill()
        holder.wait()
