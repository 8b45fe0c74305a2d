"""Spark as the engine of the volume path: what it reads and writes are Parquet files that DuckDB reads and writes too.

Tables stay in DuckDB, which decides what is due, judges it and publishes it. Of a table that a model reads, the files
of the days that it needs are written where they are missing; what Spark writes is loaded, and its files are kept for
the models that read the table. Source of the rule by which they are found: etl/spark/exchange.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from etl.config import Settings
from etl.contracts import PERIOD_END, Contract
from etl.daily.due import DELIVERED, HISTORIES, day_column, in_runs
from etl.engine import OWN, Engine, Run, Wanted
from etl.models.file import Model
from etl.models.graph import load_models
from etl.models.tree import references_of
from etl.spark.exchange import ALL, WHOLE, Exchange
from etl.spark.session import SparkCost, SparkSession, session
from etl.warehouse import Connection, count

ORDERS = {"event_id", "transaction_id"}
DAYLESS = "none"  # the part of rows without a day, which a build refuses


@dataclass(frozen=True)
class Cut:
    """How a table is cut into parts: by day where a row is an order or a touch of one, else by month, or not at all."""

    table: Model | Contract | None

    @property
    def is_month(self) -> bool:
        """Whether a part holds more than a day."""
        return self.table is None or ORDERS.isdisjoint(self.table.grain)

    @property
    def key(self) -> str:
        """An expression for the name of the part to which a row `t` belongs."""
        if self.table is None:
            return WHOLE
        day = f"cast(cast(t.{day_column(self.table)} as date) as varchar)"
        return f"coalesce(substring({day}, 1, {7 if self.is_month else 10}), '{DAYLESS}')"

    def holding(self, runs: Sequence[Run] | None) -> str:
        """The condition that a row `t` belongs to a part with one of these days; without them all do."""
        if runs is None or self.table is None:
            return ALL
        return in_runs(self.table, [_months(*run) for run in runs] if self.is_month else runs)


def _months(first: date, last: date) -> Run:
    """The run of days of the months of two days."""
    return first.replace(day=1), (last.replace(day=1) + timedelta(31)).replace(day=1) - timedelta(1)


class SparkEngine:
    """A Spark Connect server, asked when the first rows are wanted; `opened` closes its session."""

    is_whole_at_once = True
    least_asked = 10_000_000  # rows of a table about which Spark is asked; DuckDB groups fewer in seconds

    def __init__(self, settings: Settings, opened: ExitStack) -> None:
        self._settings = settings
        self._opened = opened
        self._exchange = Exchange(settings)
        self._session: SparkSession | None = None
        self._dated: dict[str, Model | Contract] = {
            **{name: contract for name, contract in (DELIVERED | HISTORIES).items() if not _has_period(contract)},
            **{model.name: model for model in load_models(settings.sql_dir) if model.daily},
        }

    def rows(self, con: Connection, wanted: Wanted) -> str:
        """Let Spark compute and write the rows, and read what it wrote."""
        reads = {reference.name for reference in references_of(wanted.sql)}
        if not reads:  # a table of constants
            return OWN.rows(con, wanted)
        spark = self._spark()
        for table in sorted(reads):
            cut = Cut(self._dated.get(table))
            spark.read(table, self._exchange.files(con, table, cut.key, cut.holding(wanted.days.get(table))))
        place, cut = self._exchange.fresh(), Cut(self._dated.get(wanted.model.name))
        spark.write(wanted.sql, place, cut.key, wanted.where)
        is_all = wanted.of == "table"
        is_whole = is_all or (wanted.of == "days" and not cut.is_month)
        return self._exchange.query(con, wanted.model, place, cut.key if is_whole else "", is_all=is_all)

    def asked(self, con: Connection, table: str, sql: str) -> Sequence[Any] | None:
        """What Spark answers about a large table that it has computed whole in this run."""
        if not self._exchange.has(table) or count(con, f"select count(*) from {table}") < self.least_asked:
            return None
        spark = self._spark()
        spark.read(table, self._exchange.files(con, table))
        (row,) = spark.run(sql).to_pylist()
        return list(row.values())

    def told(self) -> Mapping[str, Any]:
        """What Spark did since the last call."""
        if self._session is None or not (cost := self._session.cost).tasks:
            return {}
        self._session.cost = SparkCost()
        sizes = {"read": cost.read, "shuffled": cost.shuffled, "wrote": cost.written}
        told = {f"spark {what}": f"{size / 1e6:,.2f} MB" for what, size in sizes.items() if size is not None}
        return {"spark application": self._session.application, "spark tasks": cost.tasks, **told}

    def _spark(self) -> SparkSession:
        if self._session is None:
            self._session = self._opened.enter_context(session(self._settings.engine))
        return self._session


def _has_period(contract: Contract) -> bool:
    """Whether a row is about several days: it has no folder by day then."""
    return any(column.name == PERIOD_END for column in contract.columns)


@contextmanager
def spark_engine(settings: Settings) -> Iterator[Engine]:
    """The engine of the settings, which closes its session at the end of the block."""
    with ExitStack() as opened:
        engine = SparkEngine(settings, opened)
        opened.callback(engine._exchange.clear)
        yield engine
