"""A session of Spark Connect: tables to read, a model to run, and errors that say what to do.

Only this module imports pyspark, and only when a session is opened. By itself the client asks a server that is away
again for more than ten minutes; here it is told after seconds.
"""

from __future__ import annotations

import os
import re
import socket
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import httpx

from etl.bounds import BOUNDS, RemoteRead, in_time
from etl.errors import MendError, RetryError
from etl.spark.text import PART, spark_sql, stages, view_of

if TYPE_CHECKING:
    import pyarrow

Answer = TypeVar("Answer")
PAGE = ("spark.driver.host", "spark.ui.port")  # where the driver's page is
ADDRESS = re.compile(r"sc://([^:/;]+)(?::(\d+))?(?:[/;].*)?")
PORT = 15002  # of a Connect server that says no other
PATIENCE = 10  # seconds until a server that does not answer is told
RETRIES = 3  # of a call whose connection broke, after one, four and 16 seconds
SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.ansi.enabled": "true",  # a number that does not fit is an error, as on DuckDB, and not NULL
}


@dataclass
class SparkCost:
    """What queries cost on Spark: tasks, and bytes that these read, sent to each other and wrote.

    The last two are empty where the driver's page, which alone has them, does not answer.
    """

    tasks: int = 0
    read: int = 0
    shuffled: int | None = None
    written: int | None = None


class SparkSession:
    """What Spark answers, for the tables that were read; `session` opens one. `cost` grows with each query."""

    def __init__(self, client: Any, address: str) -> None:
        self._client = client
        self._address = _place(address)
        self._stages: dict[int, Any] = {}
        self._under_way: RemoteRead | None = None
        self.cost = SparkCost()
        client.registerProgressHandler(self._progress)

    @property
    def application(self) -> str:
        """Under which name Spark's own pages show this session."""
        return str(self._ask(lambda: self._client.conf.get("spark.app.id", "")))

    def read(self, table: str, files: Sequence[Path]) -> None:
        """Let `table`, as schema.name, be the rows of Parquet files that every worker finds under these paths."""
        paths = [f"file://{file}" for file in files]
        self._ask(lambda: self._client.read.parquet(*paths).createOrReplaceTempView(view_of(table)))

    def run(self, sql: str) -> pyarrow.Table:
        """The rows of a portable query, written for DuckDB. Raises MendError for what Spark refuses."""
        return self._ask(lambda: self._client.sql(spark_sql(sql)).toArrow())

    def write(self, sql: str, folder: Path, part: str, where: str = "") -> None:
        """Write the rows `t` of a portable query that meet `where` as Parquet files, in a new folder.

        They stand in folders `part_is=<part>` by an expression of portable SQL. Named queries that are read more than
        once are written beside the folder first.
        """
        for table, text in stages(sql):
            if table:
                place = folder.with_name(table)
                self._write(text, place)
                self.read(table, [place])
            else:
                rows = f"SELECT t.*, {spark_sql(part)} AS {PART} FROM ({text}) AS t WHERE {where or 'true'}"
                self._write(f"SELECT /*+ REBALANCE({PART}) */ * FROM ({rows})", folder, PART)

    def set(self, name: str, value: str) -> None:
        """Set one of Spark's settings for this session."""
        self._ask(lambda: self._client.conf.set(name, value))

    def close(self) -> None:
        """End the session, and whatever it still does; a server that does not answer is left alone."""
        bounds = replace(BOUNDS["spark"], seconds=PATIENCE)
        with suppress(Exception, KeyboardInterrupt):
            in_time(bounds, lambda _: (self._client.interruptAll(), self._client.stop()))

    def _write(self, text: str, folder: Path, *by: str) -> None:
        def write() -> None:
            rows = self._client.sql(text).write.partitionBy(*by).option("compression", "zstd")
            rows.parquet(f"file://{folder}")

        self._stages.clear()
        self._ask(write)
        self._count()

    def _ask(self, call: Callable[[], Answer]) -> Answer:
        """What a call of the client returns. Raises RetryError where the server is away or nothing is done for long."""
        from pyspark.errors import PySparkException  # type: ignore[import-not-found]

        def asked(reading: RemoteRead) -> Answer:
            self._under_way = reading
            return call()

        try:
            return in_time(BOUNDS["spark"], asked)
        except PySparkException as error:
            _reach(self._address)
            raise MendError(f"Spark at {self._address} could not do it: {_short(error)}") from error
        except RetryError as error:
            raise RetryError(
                f"Spark at {self._address} ran no task for {BOUNDS['spark'].seconds:,.0f} seconds: it has no workers, "
                "or others have them all"
            ) from error

    def _progress(self, *, stages: Sequence[Any] | None, inflight_tasks: int, **_: Any) -> None:
        """Called by the client while a query runs."""
        before = dict(self._stages)
        self._stages |= {stage.stage_id: (stage.num_completed_tasks, stage.num_bytes_read) for stage in stages or ()}
        if self._under_way and (inflight_tasks or self._stages != before):
            self._under_way.go_on()

    def _count(self) -> None:
        """Add the last query to the cost."""
        self.cost.tasks += sum(tasks for tasks, _ in self._stages.values())
        self.cost.read += sum(read for _, read in self._stages.values())
        with suppress(httpx.HTTPError, ValueError, LookupError):
            told = [stage for number in self._stages for stage in self._page(f"stages/{number}")]
            self.cost.shuffled = (self.cost.shuffled or 0) + sum(stage["shuffleWriteBytes"] for stage in told)
            self.cost.written = (self.cost.written or 0) + sum(stage["outputBytes"] for stage in told)

    def _page(self, name: str) -> Any:
        """What the driver's page says of this application; nothing of a stage that it did not need."""
        host, port = (self._ask(lambda key=key: self._client.conf.get(key, "")) for key in PAGE)  # type: ignore[misc]
        address = f"http://{host}:{port or 4040}/api/v1/applications/{self.application}/{name}"
        answer = httpx.get(address, timeout=BOUNDS["spark"].idle)
        return [] if answer.status_code == httpx.codes.NOT_FOUND else answer.raise_for_status().json()


@contextmanager
def session(address: str) -> Iterator[SparkSession]:
    """A session of its own on the Connect server at `address`, such as sc://spark.example:15002; closed at the end.

    Raises MendError for an address or an installation that cannot work, RetryError for a server that is away.
    """
    _reach(address)
    spark = SparkSession(_client(address), address)
    try:
        for name, value in SETTINGS.items():
            spark.set(name, value)
        yield spark
    finally:
        spark.close()


def _reach(address: str) -> None:
    found = ADDRESS.fullmatch(address)
    if found is None:
        raise MendError(f"{address} is no address of Spark Connect: write sc://host:port")
    try:
        socket.create_connection((found[1], int(found[2] or PORT)), PATIENCE).close()
    except OSError as error:
        place = _place(address)
        raise RetryError(f"no Spark Connect answers at {place} ({error}): start it, or correct the address") from None


def _place(address: str) -> str:
    """An address without what follows host and port: there are tokens among it."""
    found = ADDRESS.fullmatch(address)
    return f"sc://{found[1]}:{found[2] or PORT}" if found else address


def _client(address: str) -> Any:
    os.environ.setdefault("SPARK_CONNECT_MODE_ENABLED", "1")
    warnings.filterwarnings("ignore", r"\[RETRIES_EXCEEDED\]", UserWarning)  # the error that follows says more
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
