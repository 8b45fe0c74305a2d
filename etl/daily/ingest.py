"""Load what teams deliver: copy remote sources into the inbox, load the inbox, check the days that changed.

Each remote source has a folder of its own in the inbox; one that fails does not stop the others. Each file is a
transaction of its own and stays loaded whatever happens later. The suites of the delivered tables run on the days
that changed. When a critical expectation fails, these days do not become due: nothing is built from them, now or
in later runs, until the rows are corrected.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from etl.archive.files import keep
from etl.archive.replay import catch_up
from etl.archive.retain import retire
from etl.bounds import BOUNDS, Bounds, RemoteRead, in_time
from etl.checks import run as quality
from etl.checks.run import CheckResult, SuiteRunner, checked
from etl.checks.suite import Suite
from etl.config import Settings
from etl.daily.due import DELIVERED, in_runs, loading_time, mark_changed_days, merged, validate_rows
from etl.errors import MendError, RetryError
from etl.ledger import Ledger
from etl.models.file import Model
from etl.warehouse import Connection, transaction

if TYPE_CHECKING:
    from etl.inbox.load import FileLoad

MOST_TOLD = 10  # objects of a source that could not be had


@dataclass(frozen=True)
class FetchResult:
    """The new files of one remote source, what of it could not be read and why, and what is worth to know."""

    source: str
    files: tuple[Path, ...]
    problem: str = ""
    note: str = ""


@dataclass(frozen=True)
class Ingested:
    """New files by remote source, the result of each file of the inbox, and the changed days by table."""

    fetched: tuple[FetchResult, ...]
    files: tuple[FileLoad, ...]
    days: dict[str, tuple[date, ...]]
    checks: tuple[CheckResult, ...]


def ingest(
    con: Connection,
    settings: Settings,
    models: Sequence[Model],
    suites: Mapping[str, Suite],
    run_id: str,
    *,
    now: datetime,
    progress: Callable[[str], None],
    check: SuiteRunner = quality.run,
) -> Ingested:
    """Fetch, load and check; the days that changed become due in the daily tables.

    Raises CriticalFailure when a delivered table fails a critical expectation, MendError when the tables of
    platforms and partnerships are missing.
    """
    from etl.inbox.load import load_inbox  # imports numpy and openpyxl, which the definitions do without

    columns = (column for contract in DELIVERED.values() for column in contract.columns)
    registry = {column.known_in.rpartition(".")[0] for column in columns if column.known_in}
    tables = con.execute("select schema_name || '.' || table_name from duckdb_tables()").fetchall()
    if missing := sorted(registry - {name for (name,) in tables}):
        raise MendError(f"{missing[0]} is not there yet: run `make refresh` first")
    catch_up(con, settings, now, progress)
    with transaction(con):
        settle(con, settings, now)
        known = frozenset(Ledger(con, "inbox").contents())
    fetched = tuple(fetch_all(settings, known))
    with transaction(con):
        for result in fetched:
            Ledger(con, result.source).set_status("stale" if result.problem else "current", result.problem, now)
    loaded = load_inbox(con, settings, loading_time(con, now), progress=progress)
    with transaction(con):
        settle(con, settings, now)
    if leaving := retire(con, settings, now):
        fetched += (FetchResult("archive", (), note=leaving),)
    with checked(con, run_id) as checks:
        days = mark_changed_days(con, models)
        for table, contract in DELIVERED.items():
            validate_rows(checks, suites[table], contract, in_runs(contract, merged(days.get(table, ()))), check)
    return Ingested(fetched, loaded, days, tuple(checks.results))


def settle(con: Connection, settings: Settings, now: datetime) -> None:
    """Let the sources that ask for it know which of their files are loaded, in the caller's transaction."""
    if settings.postgres_dsn:
        from etl.remote import postgres

        folder, ledger = settings.inbox / "postgres", Ledger(con, "inbox")
        over = postgres.settle(settings.postgres_query, settings.postgres_high_water, folder, ledger, now)
        if over:
            keep(con, settings, {"kind": "forgiven", "at": now.isoformat(), "contents": over})


def fetch_all(
    settings: Settings, known: Collection[str] = (), bounds: Mapping[str, Bounds] = BOUNDS
) -> list[FetchResult]:
    """Fetch from every source that the settings name; a source that fails says why in its result.

    `known` are the SHA-256 of files that the inbox has read. What came before a fault or the end of its time counts.
    The libraries of a source are imported only where it is named. Raises KeyboardInterrupt on Ctrl-C and SIGTERM.
    """
    sources: dict[str, Callable[[RemoteRead], Iterator[Path | MendError | str]]] = {}
    inbox = settings.inbox
    if url := settings.s3_url:
        from etl.remote import s3

        sources["s3"] = lambda reading: s3.fetch(url, inbox / "s3", reading, known)
    if dsn := settings.postgres_dsn:
        from etl.remote import postgres

        asked = settings.postgres_query, settings.postgres_high_water
        sources["postgres"] = lambda reading: postgres.fetch(
            dsn, *asked, inbox / "postgres", reading=reading, known=known
        )
    if address := settings.fx_url:
        from etl.remote import ecb

        sources["ecb"] = lambda reading: ecb.fetch(address, inbox / "ecb", reading, known)
    return [_fetched(source, fetch, bounds[source]) for source, fetch in sources.items()]


def _fetched(
    source: str, fetch: Callable[[RemoteRead], Iterator[Path | MendError | str]], bounds: Bounds
) -> FetchResult:
    came: list[Path | MendError | RetryError | str] = []

    def read(reading: RemoteRead) -> None:
        for one in fetch(reading):
            came.append(one)

    try:
        in_time(bounds, read)
    except (MendError, RetryError) as error:
        came.append(error)
    found = tuple(came)  # a thread that was left behind may still add to it
    problems = [str(one) for one in found if isinstance(one, Exception)]
    more = f"; and {len(problems) - MOST_TOLD:,} more" if len(problems) > MOST_TOLD else ""
    return FetchResult(
        source=source,
        files=tuple(one for one in found if isinstance(one, Path)),
        problem="; ".join(problems[:MOST_TOLD]) + more,
        note="; ".join(one for one in found if isinstance(one, str)),
    )
