"""A session of Spark Connect: tables to read, a model to run, and errors that say what to do.

Only this module imports pyspark, and only when a session is opened. By itself the client asks a server that is away
again for more than ten minutes; here it is told after seconds.
"""

from __future__ import annotations

import os
import re
import socket
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from etl.errors import MendError, RetryError
from etl.spark.text import spark_sql, view_of

if TYPE_CHECKING:
    import pyarrow

ADDRESS = re.compile(r"sc://([^:/;]+)(?::(\d+))?(?:[/;].*)?")
PORT = 15002  # of a Connect server that says no other
PATIENCE = 10  # seconds until a server that does not answer is told
RETRIES = 3  # of a call whose connection broke, after one, four and 16 seconds
SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.ansi.enabled": "true",  # a number that does not fit is an error, as on DuckDB, and not NULL
}


class SparkSession:
    """What Spark answers, for the tables that were read; `session` opens one."""

    def __init__(self, client: Any, address: str) -> None:
        self._client = client
        self._address = address

    def read(self, table: str, files: Sequence[Path]) -> None:
        """Let `table`, as schema.name, be the rows of Parquet files that every worker finds under these paths."""
        with self._told():
            self._client.read.parquet(*map(str, files)).createOrReplaceTempView(view_of(table))

    def run(self, sql: str) -> pyarrow.Table:
        """The rows of a portable query, written for DuckDB. Raises MendError for what Spark refuses."""
        with self._told():
            return self._client.sql(spark_sql(sql)).toArrow()

    def set(self, name: str, value: str) -> None:
        """Set one of Spark's settings for this session."""
        with self._told():
            self._client.conf.set(name, value)

    @contextmanager
    def _told(self) -> Iterator[None]:
        from pyspark.errors import PySparkException  # type: ignore[import-not-found]

        try:
            yield
        except PySparkException as error:
            _reach(self._address)
            raise MendError(f"Spark at {self._address} could not do it: {_short(error)}") from error


@contextmanager
def session(address: str) -> Iterator[SparkSession]:
    """A session of its own on the Connect server at `address`, such as sc://spark.example:15002; closed at the end.

    Raises MendError for an address or an installation that cannot work, RetryError for a server that is away.
    """
    _reach(address)
    client = _client(address)
    spark = SparkSession(client, address)
    try:
        for name, value in SETTINGS.items():
            spark.set(name, value)
        yield spark
    finally:
        client.stop()


def _reach(address: str) -> None:
    found = ADDRESS.fullmatch(address)
    if found is None:
        raise MendError(f"{address} is no address of Spark Connect: write sc://host:port")
    try:
        socket.create_connection((found[1], int(found[2] or PORT)), PATIENCE).close()
    except OSError as error:
        raise RetryError(f"no Spark Connect answers at {address} ({error}): start it, or correct the address") from None


def _client(address: str) -> Any:
    os.environ.setdefault("SPARK_CONNECT_MODE_ENABLED", "1")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of pandas 3, which nothing here hands to Spark
        try:
            from pyspark.sql.connect.client.retries import DefaultPolicy  # type: ignore[import-not-found]
            from pyspark.sql.connect.session import SparkSession as Client  # type: ignore[import-not-found]
        except ImportError as error:
            raise MendError(f"the client of Spark Connect is not installed ({error}): run `make spark-env`") from None
    client = Client.builder.remote(address).create()
    client.client.set_retry_policies([DefaultPolicy(max_retries=RETRIES, initial_backoff=1000)])
    return client


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
