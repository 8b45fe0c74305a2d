"""The warehouse as a Dagster resource: it holds the writer's lock, and says which errors are tried again.

One refresh at a time holds the lock (etl/lock.py), started by `make refresh`, the UI or a schedule.
"""

import math
import os
import signal
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
from pydantic import PrivateAttr

from assets.days import keep_days_of
from assets.instance import BY_COMMAND
from assets.life import show_life
from etl.bounds import STOPPED
from etl.checks.run import CriticalFailure
from etl.config import DUCKDB, ROOT, Settings, load_settings
from etl.engine import OWN, Engine
from etl.erasure import go_on
from etl.errors import MendError, RetryError
from etl.lock import writer_lock
from etl.unchanged import Hashes, written
from etl.warehouse import Connection, LostError, open_build

INTERRUPTS = (signal.SIGINT, signal.SIGTERM)
STOPPING = b"Stopping after the step that is under way; once more stops at once.\n"
RETRIES = 3
RETRY_SECONDS = 5
REMEMBERED = ("refresh", "refresh_daily")  # the jobs of which it is remembered what they wrote
# What a run of this process left in its home, hashed while it still held the writer's lock.
WRITTEN: dict[str, Hashes] = {}


class Warehouse(dg.ConfigurableResource["Warehouse"]):
    """The build database of one home, opened by the first step of a run and kept open for the next ones.

    A step that fails closes it, so that the next one starts from what is committed. `root` is the project folder;
    a test sets `environment` to replace the environment variables (null: the real ones and `.env`).
    """

    root: str = str(ROOT)
    environment: dict[str, str] | None = None
    _held: ExitStack = PrivateAttr(default_factory=ExitStack)
    _connection: Connection | None = PrivateAttr(default=None)
    _engine: Engine | None = PrivateAttr(default=None)
    _is_under_way: bool = PrivateAttr(default=False)

    @property
    def settings(self) -> Settings:
        """Settings of this home."""
        return load_settings(self.environment, Path(self.root))

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Generator["Warehouse", None, None]:
        """This resource, while the run holds the writer's lock: it waits for it as long as another process has it.

        The command line takes the lock before its run begins, and does not wait for long.
        """
        if context.instance and context.run:
            show_life(context.instance, context.run.run_id)
        tell = context.log.info if context.log else print
        with writer_lock(self.settings, math.inf, tell):
            if context.instance and context.run:
                keep_days_of(context.instance, context.run)
            try:
                yield self
            finally:
                self._connection = self._engine = None
                self._held.close()
            job = context.run.job_name if context.run else ""
            if context.run and job in REMEMBERED and context.run.tags.get(BY_COMMAND) == job:
                with suppress(OSError):
                    WRITTEN[context.run.run_id] = written(self.settings)

    @property
    def engine(self) -> Engine:
        """The engine of portable models, in a step that has the database open: its session ends as that is closed."""
        if self.settings.engine == DUCKDB:
            return OWN
        if self._engine is None:
            from etl.spark.engine import spark_engine  # and with it what only Spark needs

            self._engine = self._held.enter_context(spark_engine(self.settings))
        return self._engine

    @contextmanager
    def open(self, threads: int = 1) -> Iterator[Connection]:
        """The build database for one step, with this number of threads, each of which costs memory.

        Asks Dagster for a retry when another program uses the database, or when it is found to be damaged; an error
        that a retry would not fix (a refused source, SQL that does not run, a full disk) becomes a failure with its
        message.
        """
        try:
            with interruptible() as interrupt:
                if self._connection is None:
                    go_on(self.settings)
                    opened = open_or_recover(self.settings, is_under_way=self._is_under_way)
                    self._connection = self._held.enter_context(opened)
                    self._is_under_way = True
                self._connection.execute(f"set threads = {threads}")
                interrupt.append(self._connection.interrupt)
                yield self._connection
        except BaseException as error:
            self._connection = self._engine = None
            try:
                self._held.pop_all().__exit__(type(error), error, error.__traceback__)
            except MendError as explained:  # the build database is damaged
                error = explained
            if isinstance(error, LostError):  # the step is tried again on what can be brought back
                raise dg.RetryRequested(max_retries=1) from error
            if isinstance(error, RetryError):
                raise dg.RetryRequested(max_retries=RETRIES, seconds_to_wait=RETRY_SECONDS) from error
            # The step reports the checks of a critical failure.
            if isinstance(error, MendError) and not isinstance(error, CriticalFailure):
                raise dg.Failure(description=str(error), allow_retries=False) from error
            raise error


@contextmanager
def open_or_recover(settings: Settings, *, is_under_way: bool = False) -> Iterator[Connection]:
    """The build database; where it is lost, what its copy and the archive give. The caller holds the writer's lock.

    `is_under_way` says that the same run has opened it before.
    """
    with ExitStack() as held:
        try:
            con = held.enter_context(open_build(settings))
        except LostError:
            from etl.archive.recover import recover
            from etl.models.graph import load_models

            recover(settings, load_models(settings.sql_dir), datetime.now(UTC), is_under_way=is_under_way)
            con = held.enter_context(open_build(settings))
        yield con


@contextmanager
def interruptible() -> Iterator[list[Callable[[], None]]]:
    """A block in which Ctrl-C and SIGTERM call the functions that the block puts into the list, and then end the run.

    Dagster raises from its signal handler. Inside a query DuckDB swallows the exception, and the next call of the
    same process may hang; interrupted by its own function, it ends the query and rolls back. Raises
    DagsterExecutionInterruptedError at the end of the block; a second signal ends the process at once, which is as
    safe as any crash. A read from the network ends at once (etl.bounds).
    """
    calls: list[Callable[[], None]] = []
    received: list[int] = []

    def stop(number: int, _: object) -> None:
        if received:
            os._exit(128 + number)
        received.append(number)
        STOPPED.set()
        os.write(2, STOPPING)
        for call in calls:
            call()

    is_main = threading.current_thread() is threading.main_thread()
    before = {number: signal.signal(number, stop) for number in INTERRUPTS} if is_main else {}
    try:
        yield calls
    except (Exception, KeyboardInterrupt):
        if not received:
            raise
    finally:
        STOPPED.clear()
        for number, handler in before.items():
            signal.signal(number, handler)
    if received:
        raise dg.DagsterExecutionInterruptedError
