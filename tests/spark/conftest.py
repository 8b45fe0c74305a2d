"""A session on the cluster that `make test-cluster` starts."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from etl.spark.session import SparkSession, session
from etl.warehouse import Connection, memory


@pytest.fixture(scope="package")
def spark() -> Iterator[SparkSession]:
    """One session for all tests of the folder; without a cluster they are skipped."""
    address = os.environ.get("SPARK_REMOTE")
    if not address:
        pytest.skip("SPARK_REMOTE names no cluster: make test-cluster starts one")
    with session(address) as opened:
        yield opened


@pytest.fixture(scope="package")
def duckdb() -> Iterator[Connection]:
    """An empty warehouse, which each test leaves as it was."""
    con = memory()
    con.execute("set threads = 1")
    yield con
    con.close()
