"""The processes of a cluster, with a stand-in for Spark: all end with the block, and one that dies is told."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from etl.errors import RetryError
from etl.spark.cluster import cluster

# What spark-class is given decides: master and Connect server listen on their port, a worker notes its process.
STAND_IN = """#!{python}
import os, re, socket, sys, time
given = " ".join(sys.argv)
open({noted!r}, "a").write(f"{{os.getpid()}}\\n")
if {dies!r} and {dies!r} in given:
    sys.exit("no memory left")
if found := re.search(r"--port (\\d+)|binding.port=(\\d+)", given):
    listening = socket.create_server(("127.0.0.1", int(found[1] or found[2])))
time.sleep(60)
"""


def stand_in(folder: Path, dies: str = "") -> tuple[Path, Path]:
    noted, program = folder / "processes", folder / "bin" / "spark-class"
    program.parent.mkdir()
    noted.touch()
    program.write_text(STAND_IN.format(python=sys.executable, noted=str(noted), dies=dies), encoding="utf-8")
    program.chmod(0o755)
    return folder, noted


def living(noted: Path) -> list[str]:
    return [pid for pid in noted.read_text(encoding="utf-8").split() if Path(f"/proc/{pid}").exists()]


def test_all_processes_end_with_the_block(tmp_path: Path) -> None:
    home, noted = stand_in(tmp_path)
    with cluster(home) as (address, _):
        port = int(address.rpartition(":")[2])
        socket.create_connection(("127.0.0.1", port), 5).close()
        assert living(noted)
    assert len(noted.read_text(encoding="utf-8").split()) >= 2
    assert living(noted) == []


def test_a_process_that_does_not_start_is_told_with_its_log_and_the_others_end(tmp_path: Path) -> None:
    home, noted = stand_in(tmp_path, dies="SparkConnectServer")
    told = "the connect of the Spark cluster did not start: no memory left"
    with pytest.raises(RetryError, match=told), cluster(home):
        pass
    assert living(noted) == []
