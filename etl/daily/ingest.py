"""What remote sources have is brought into the inbox as files; from there all files go one way.

Each source has a folder of its own in the inbox. One that does not answer keeps no other from being read.

What waits is loaded: remote sources into the inbox, its files into the delivered tables, checked.

Each file is a transaction of its own and stands when it is loaded. The suites of the delivered tables run on
the days that changed; when a critical expectation fails, nothing that is built from these days is built,
neither now nor in the next run, until the rows are mended: the look that would make the days due is rolled
back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from etl.checks import run as quality
from etl.checks.run import CheckResult, SuiteRunner, checked
from etl.checks.suite import Suite
from etl.config import Settings
from etl.daily.due import DELIVERED, in_runs, loading_time, merged, note_news, validate_rows
from etl.errors import MendError, RetryError
from etl.ledger import Ledger
from etl.models.file import Model
from etl.warehouse import Connection, transaction

if TYPE_CHECKING:
    from etl.inbox.load import FileLoad


@dataclass(frozen=True)
class Brought:
    """What one source gave: files that were not there before, or why it could not be read."""

    source: str
    files: tuple[Path, ...]
    problem: str = ""


def bring_all(settings: Settings) -> list[Brought]:
    """Ask every source that the settings name; a source that fails says why in its result."""
    return [_bring(source, bring) for source, bring in _configured(settings).items()]


def _configured(settings: Settings) -> dict[str, Callable[[], list[Path]]]:
    """What to call for each source; its libraries are loaded only where it is named."""
    found: dict[str, Callable[[], list[Path]]] = {}
    inbox = settings.inbox
    if url := settings.s3_url:
        from etl.remote import s3

        found["s3"] = lambda: s3.bring(url, inbox / "s3")
    if dsn := settings.postgres_dsn:
        from etl.remote import postgres

        query, mark = settings.postgres_query, settings.postgres_high_water
        found["postgres"] = lambda: postgres.bring(dsn, query, mark, inbox / "postgres")
    if address := settings.fx_url:
        from etl.remote import ecb

        found["ecb"] = lambda: ecb.bring(address, inbox / "ecb")
    return found


def _bring(source: str, bring: Callable[[], list[Path]]) -> Brought:
    try:
        return Brought(source, tuple(bring()))
    except (MendError, RetryError) as error:
        return Brought(source, (), str(error))


@dataclass(frozen=True)
class Ingested:
    """What came: files by remote source, what became of each file, and the changed days by table."""

    brought: tuple[Brought, ...]
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
    """Fetch, load and check; the days that changed are due in the daily tables.

    Raises CriticalFailure when a delivered table fails a critical expectation, MendError when it is not
    known yet which platforms and partnerships there are.
    """
    from etl.inbox.load import load_inbox  # brings numpy and openpyxl, for which no look at the assets waits

    _require_registry(con)
    brought = tuple(bring_all(settings))
    with transaction(con):
        for source in brought:
            Ledger(con, source.source).set_status("stale" if source.problem else "current", source.problem, now)
    loaded = load_inbox(con, settings, loading_time(con, now), progress=progress)
    with checked(con, run_id) as checks:
        days = note_news(con, models)
        for table, changed in days.items():
            contract = DELIVERED[table]
            rows = in_runs(contract, merged(changed))
            validate_rows(checks, suites[table], contract.grain, rows, check)
    return Ingested(brought, loaded, days, tuple(checks.results))


def _require_registry(con: Connection) -> None:
    """Raise MendError unless the tables stand by which a row's platform and partnership are known."""
    columns = (column for contract in DELIVERED.values() for column in contract.columns)
    wanted = {column.known_in.rpartition(".")[0] for column in columns if column.known_in}
    there = con.execute("select schema_name || '.' || table_name from duckdb_tables()").fetchall()
    if missing := sorted(wanted - {name for (name,) in there}):
        raise MendError(f"{missing[0]} is not there yet: run `make refresh` first")
