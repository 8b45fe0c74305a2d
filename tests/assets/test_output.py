"""A command whose output cannot be written ends as it would have: closed, full, and read by nobody."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from etl.config import ROOT

SCRIPT = """
import sys
from assets.output import open_missing_streams, say
open_missing_streams()
with open(sys.argv[1], "w") as file:
    number = file.fileno()
    for _ in range(3):
        say("x" * 100_000)
    file.write(f"went on with file {number}")
sys.exit(int(sys.argv[2]))
"""


def closed() -> None:
    for number in (0, 1, 2):
        os.close(number)


@pytest.mark.parametrize("code", [0, 1])
@pytest.mark.parametrize("way", ["full", "nobody reads", "closed"])
def test_a_run_goes_on_and_ends_with_its_own_code(tmp_path: Path, way: str, code: int) -> None:
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "out"), str(code)]
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as unread, Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            command,
            cwd=ROOT,
            stdout=unread if way == "nobody reads" else full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            preexec_fn=closed if way == "closed" else None,
        )
    assert done.returncode == code, done.stderr
    written = (tmp_path / "out").read_text(encoding="utf-8")
    assert written.startswith("went on with file ") and int(written.split()[-1]) > 2, "a stream is no file of ours"
    told = done.stderr.count("standard output cannot be written")
    assert told == (way != "closed") and "Traceback" not in done.stderr
