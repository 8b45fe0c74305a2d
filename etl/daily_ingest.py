"""What waits is loaded: remote sources into the inbox, its files into the delivered tables, checked.

Each file is a transaction of its own and stands when it is loaded. The suites of the delivered tables run on
the days that changed; when a critical expectation fails, nothing that is built from these days is built,
neither now nor in the next run, until the rows are mended: the look that would make the days due is rolled
back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from etl import quality
from etl.build import Check, CriticalFailure, record
from etl.config import Settings
from etl.daily_rows import in_runs, merged, validate_rows
from etl.daily_state import DELIVERED, loading_time, note_news
from etl.quality import CheckResult, Suite
from etl.remote import Brought, bring_all
from etl.source_status import set_status
from etl.sqlmodel import Model
from etl.warehouse import Connection, WarehouseError, transaction

if TYPE_CHECKING:
    from etl.inbox import FileLoad


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
    check: Check = quality.run,
) -> Ingested:
    """Fetch, load and check; the days that changed are due in the daily tables.

    Raises CriticalFailure when a delivered table fails a critical expectation, WarehouseError when it is not
    known yet which platforms and partnerships there are.
    """
    from etl.inbox import load_inbox  # brings numpy and openpyxl, for which no look at the assets waits

    _require_registry(con)
    brought = tuple(bring_all(settings))
    with transaction(con):
        for source in brought:
            set_status(con, source.source, "stale" if source.problem else "current", source.problem, now)
    loaded = load_inbox(con, settings, loading_time(con, now), progress=progress)
    checks: list[CheckResult] = []
    try:
        with transaction(con):
            days = note_news(con, models)
            for table, changed in days.items():
                contract = DELIVERED[table]
                rows = in_runs(contract, merged(changed))
                checks += validate_rows(con, suites[table], contract.grain, rows, check)
    except CriticalFailure as failure:
        record(con, run_id, [*checks, *failure.results])
        raise
    record(con, run_id, checks)
    return Ingested(brought, loaded.files, days, tuple(checks))


def _require_registry(con: Connection) -> None:
    """Raise WarehouseError unless the tables stand by which a row's platform and partnership are known."""
    columns = (column for contract in DELIVERED.values() for column in contract.columns)
    wanted = {column.known_in.rpartition(".")[0] for column in columns if column.known_in}
    there = con.execute("select schema_name || '.' || table_name from duckdb_tables()").fetchall()
    if missing := sorted(wanted - {name for (name,) in there}):
        raise WarehouseError(f"{missing[0]} is not there yet: run `make refresh` first")
