"""Reads from the network end: when their time is over, when they are too large, and when the run is stopped."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from assets.warehouse import interruptible
from etl.bounds import BOUNDS, STOPPED, Bounds, RemoteRead, in_time
from etl.config import ROOT, Settings, load_settings
from etl.daily.ingest import fetch_all
from etl.edgar.client import Client
from etl.errors import MendError, RetryError
from etl.lock import writer_lock
from tests.support.edgar_server import AGENT
from tests.support.odd_server import OddServer

SMALL = Bounds(seconds=0.3, idle=1, largest=10)


def test_what_is_read_in_time_is_returned_and_its_error_raised() -> None:
    assert in_time(SMALL, lambda _: 5) == 5

    def fail(_: RemoteRead) -> None:
        raise MendError("as it was")

    with pytest.raises(MendError, match="as it was"):
        in_time(SMALL, fail)


def test_a_read_that_stands_still_is_left_behind_and_ends_at_its_next_piece() -> None:
    go_on, ended = threading.Event(), threading.Event()

    def read(reading: RemoteRead) -> None:
        go_on.wait(5)
        try:
            list(reading.pieces([b"late"]))
        except KeyboardInterrupt:
            ended.set()

    with pytest.raises(RetryError, match=r"not read within 0 seconds"):
        in_time(SMALL, read)
    go_on.set()
    assert ended.wait(5)


def test_a_read_that_never_pauses_ends_too() -> None:
    def read(reading: RemoteRead) -> None:
        for _ in reading.pieces(iter(lambda: b"", None)):
            pass

    with pytest.raises(RetryError, match="not read within"):
        in_time(SMALL, read)


def test_no_file_may_be_larger_than_the_largest() -> None:
    reading = RemoteRead(SMALL)
    assert b"".join(reading.pieces([b"12345", b"67890"])) == b"1234567890"
    with pytest.raises(MendError, match="which is the most that is read"):
        list(reading.pieces([b"12345", b"678901"]))


def test_every_source_has_bounds() -> None:
    assert set(BOUNDS) == {"s3", "postgres", "ecb", "edgar", "lineage", "spark"}
    assert all(bounds.idle < bounds.seconds <= 3600 for bounds in BOUNDS.values())


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of a server that accepts connections and says nothing."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]


def source(name: str, port: int, home: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of a home that asks this one source."""
    for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"):
        monkeypatch.setenv(key, "test")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    env = {
        "s3": {"WAREHOUSE_S3_URL": "s3://team"},
        "postgres": {"WAREHOUSE_POSTGRES_DSN": f"host=127.0.0.1 port={port} dbname=x"},
        "ecb": {"WAREHOUSE_FX_URL": f"http://127.0.0.1:{port}/x"},
    }
    return load_settings({"WAREHOUSE_HOME": str(home), **env[name]})


@pytest.mark.parametrize("name", ["s3", "postgres", "ecb"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_read_that_stands_still(
    name: str, number: signal.Signals, silent: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = source(name, silent, tmp_path, monkeypatch)
    threading.Timer(0.3, os.kill, (os.getpid(), number)).start()
    started = time.monotonic()
    with pytest.raises(dg.DagsterExecutionInterruptedError), writer_lock(settings), interruptible():
        fetch_all(settings)
    assert time.monotonic() - started < 2
    assert not STOPPED.is_set()
    with writer_lock(settings):  # it is free
        pass


def test_a_signal_ends_a_read_of_edgar_that_stands_still(silent: int) -> None:
    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGTERM)).start()
    started = time.monotonic()
    with pytest.raises(dg.DagsterExecutionInterruptedError), interruptible():
        Client(AGENT, f"http://127.0.0.1:{silent}").get("/x")
    assert time.monotonic() - started < 2


RUN = """
import sys
from assets.warehouse import interruptible
from etl.lock import writer_lock
from etl.config import load_settings
from etl.daily.ingest import fetch_all
settings = load_settings()
with writer_lock(settings), interruptible():
    print("reading", flush=True)
    fetch_all(settings)
"""


@pytest.mark.parametrize("name", ["s3", "postgres", "ecb"])
def test_a_process_that_reads_ends_with_a_signal_and_frees_the_lock(
    name: str, silent: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = source(name, silent, tmp_path, monkeypatch)
    env = os.environ | {
        "WAREHOUSE_HOME": str(settings.home),
        "WAREHOUSE_S3_URL": settings.s3_url or "",
        "WAREHOUSE_POSTGRES_DSN": settings.postgres_dsn or "",
        "WAREHOUSE_FX_URL": settings.fx_url or "",
    }
    running = subprocess.Popen(
        [sys.executable, "-c", RUN], cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert running.stdout is not None
    assert running.stdout.readline() == "reading\n"
    time.sleep(0.3)
    running.send_signal(signal.SIGTERM)
    assert running.wait(5) != 0
    with writer_lock(settings):
        pass


def test_a_source_that_stands_still_does_not_keep_the_others_away(
    silent: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = source("s3", silent, tmp_path, monkeypatch)
    with OddServer() as bank:
        bank.says(b"Date,USD,\n2026-01-02,1.17,\n")
        found = fetch_all(
            settings.model_copy(update={"fx_url": bank.url, "postgres_dsn": f"host=127.0.0.1 port={silent} dbname=x"}),
            bounds=dict.fromkeys(BOUNDS, Bounds(seconds=0.5, idle=5, largest=1000)) | {"ecb": Bounds(60, 20, 1000)},
        )
    assert [(result.source, len(result.files), bool(result.problem)) for result in found] == [
        ("s3", 0, True),
        ("postgres", 0, True),
        ("ecb", 1, False),
    ]
