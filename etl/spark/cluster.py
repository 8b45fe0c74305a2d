"""A standalone Spark cluster on this machine: one master, two workers of one core, and a Connect server.

It is for trying and for `make test-cluster`: two workers are two processes beside the driver, so what is read, shuffled
and written goes through files and sockets as on many machines. The package pyspark, which has the jars, stands in an
environment of its own, because the client is a package of the same name. Java 17 or newer must be on PATH.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory
from typing import NamedTuple

from etl.config import ROOT
from etl.errors import MendError, RetryError

HOST = "127.0.0.1"
ENVIRONMENT = ROOT / ".venv-cluster"
WORKERS = 2
LONGEST_START = 120  # seconds until each process answers; the slowest took 20 on two cores
DRIVER = {
    "spark.driver.host": HOST,
    "spark.driver.bindAddress": HOST,
    "spark.driver.memory": "1g",
    "spark.executor.memory": "768m",
    "spark.sql.shuffle.partitions": "2",
    "spark.connect.grpc.binding.address": HOST,
}


def spark_home(environment: Path) -> Path:
    """The folder of pyspark in a virtual environment. Raises MendError where it, its jars, or Java is missing."""
    found = sorted(environment.glob("lib/python*/site-packages/pyspark/jars"))
    if not found:
        raise MendError(f"there is no pyspark with its jars in {environment}: run `make cluster-env`")
    if which("java") is None:
        raise MendError("Spark needs Java 17 or newer, and there is no `java` on PATH: install a JRE")
    return found[0].parent


class RunningCluster(NamedTuple):
    """The address of the Connect server, and the processes: master, worker-0, worker-1, connect."""

    address: str
    processes: Mapping[str, subprocess.Popen[bytes]]


@contextmanager
def cluster(home: Path) -> Iterator[RunningCluster]:
    """A running cluster, whose processes end with the block.

    Raises RetryError, with the end of its log, when a process ends or does not answer in time.
    """
    with TemporaryDirectory(prefix="spark-") as scratch, ExitStack() as stack:
        folder = Path(scratch)
        master, connect = _free_port(), _free_port()
        run = str(home / "bin" / "spark-class")
        processes: dict[str, subprocess.Popen[bytes]] = {}

        def start(name: str, *command: str, port: int = 0) -> None:
            log = folder / f"{name}.log"
            processes[name] = stack.enter_context(_process([run, *command], home, folder, log))
            _wait(processes[name], port, log)

        at = f"spark://{HOST}:{master}"
        start("master", *_master(master), port=master)
        for number in range(WORKERS):
            start(f"worker-{number}", *_worker(at, folder / f"worker-{number}"))
        start("connect", *_connect(at, connect, folder), port=connect)
        yield RunningCluster(f"sc://{HOST}:{connect}", processes)


def _master(port: int) -> list[str]:
    name = "org.apache.spark.deploy.master.Master"
    return [name, "--host", HOST, "--port", str(port), "--webui-port", "0"]


def _worker(master: str, folder: Path) -> list[str]:
    name = "org.apache.spark.deploy.worker.Worker"
    return [name, "--cores", "1", "--memory", "1g", "--host", HOST, "--webui-port", "0", "-d", str(folder), master]


def _connect(master: str, port: int, folder: Path) -> list[str]:
    ports = {"spark.connect.grpc.binding.port": str(port), "spark.ui.port": str(_free_port())}
    conf = DRIVER | ports | {"spark.sql.warehouse.dir": str(folder / "tables")}
    given = [part for key, value in conf.items() for part in ("--conf", f"{key}={value}")]
    name = "org.apache.spark.sql.connect.service.SparkConnectServer"
    return ["org.apache.spark.deploy.SparkSubmit", "--class", name, "--master", master, *given, "spark-internal"]


@contextmanager
def _process(command: list[str], home: Path, folder: Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """One process of the cluster, in a session of its own: Ctrl-C reaches it only through the end of the block."""
    places = {"SPARK_HOME": str(home), "SPARK_LOCAL_IP": HOST, "SPARK_LOCAL_DIRS": str(folder)}
    environment = {key: value for key, value in os.environ.items() if not key.startswith("SPARK_")} | places
    with log.open("wb") as out:
        process = subprocess.Popen(  # noqa: S603 (java of PATH)
            command, cwd=folder, env=environment, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + LONGEST_START
    while port and not _answers(port):
        if process.poll() is not None or time.monotonic() > end:
            told = " ".join(log.read_text(errors="replace").split()[-60:])
            raise RetryError(f"the {log.stem} of the Spark cluster did not start: {told}")
        time.sleep(0.2)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def main() -> None:
    """Run a cluster until Ctrl-C, or run a command, the arguments, with SPARK_REMOTE set to its address."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever started this may ignore it
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with suppress(KeyboardInterrupt), cluster(spark_home(ENVIRONMENT)) as (address, _):
        if command := sys.argv[1:]:
            asked = os.environ | {"SPARK_REMOTE": address}
            sys.exit(subprocess.run(command, env=asked, check=False).returncode)  # noqa: S603 (what the user typed)
        print(f"Spark answers at {address}; Ctrl-C ends it.", flush=True)
        while True:
            time.sleep(3600)


if __name__ == "__main__":
    main()
