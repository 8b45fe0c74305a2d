"""What goes wrong before Spark answers is one sentence, after seconds."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest

from etl.errors import MendError, RetryError
from etl.spark.cluster import spark_home
from etl.spark.session import session


def test_a_cluster_that_is_away_is_told_at_once() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"sc://127.0.0.1:{probe.getsockname()[1]}"
    started = time.monotonic()
    with pytest.raises(RetryError, match=f"no Spark Connect answers at {address}"), session(address):
        pass
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("address", ["", "spark://master:7077", "http://host:15002", "sc://"])
def test_an_address_of_something_else_is_refused(address: str) -> None:
    with pytest.raises(MendError, match="write sc://host:port"), session(address):
        pass


def test_an_environment_without_spark_says_how_to_install_it(tmp_path: Path) -> None:
    with pytest.raises(MendError, match="make cluster-env"):
        spark_home(tmp_path)
