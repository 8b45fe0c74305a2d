"""A home with an inbox and a small registry, and what has to hold after every load."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from etl.config import SIMULATED, Settings, load_settings
from etl.contracts import CONTRACTS, Contract
from etl.inbox.load import FileLoad, load_inbox, replay, waiting
from etl.warehouse import Connection, memory

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAILY = "platform,date,channel,partnership_id,currency,orders,new_buyers,buyers,gmv,refunded_gmv"


def registry(con: Connection) -> None:
    """Two platforms and one partnership, as the models would have built them."""
    con.execute("create table core.platform as select unnest(['pdd', 'jd'])::varchar as platform")
    con.execute("create table core.partnership as select 'deal_1'::varchar as partnership_id")


def daily(day: int, channel: str = "search", gmv: str = "100.50", orders: str = "7") -> str:
    """A sound line of the header DAILY, `day` days after 2024-12-31."""
    when = datetime(2024, 12, 31, tzinfo=UTC).date() + timedelta(days=day)
    return f"pdd,{when},{channel},,CNY,{orders},1,5,{gmv},0.50"


@dataclass
class Inbox:
    """A home, its database and a clock that moves on an hour with every load."""

    settings: Settings
    con: Connection
    now: datetime = NOW
    said: list[str] = field(default_factory=list)

    def put(self, name: str, content: str | bytes) -> Path:
        """Deliver a file."""
        path = self.settings.inbox / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def csv(self, name: str, lines: Iterable[str], header: str = DAILY) -> Path:
        """Deliver lines under a header."""
        return self.put(name, "".join(f"{line}\n" for line in (header, *lines)))

    def load(self, files: Sequence[Path] | None = None) -> tuple[FileLoad, ...]:
        """Load what waits; check that every row is accounted for."""
        self.now += timedelta(hours=1)
        return self._accounted(load_inbox(self.con, self.settings, self.now, files, self.said.append))

    def replay(self, *names: str) -> tuple[FileLoad, ...]:
        """Load files again; check that every row is accounted for."""
        self.now += timedelta(hours=1)
        return self._accounted(replay(self.con, self.settings, self.now, names, self.said.append))

    def one(self, name: str, content: str | bytes) -> FileLoad:
        """Deliver one file, load it, and say what became of it."""
        self.put(name, content)
        (load,) = self.load()
        return load

    def waiting(self) -> list[str]:
        """Names of the files that wait."""
        return [path.name for path in waiting(self.con, self.settings)]

    def rows(self, columns: str = "date, channel, gmv", table: str = "core.platform_metric_daily as r") -> list[Any]:
        """What a table holds."""
        return self.con.execute(f"select {columns} from {table} order by all").fetchall()

    def changed_days(self) -> list[date]:
        """Days of daily metrics of which the last load brought rows or replaced older ones."""
        rows = "core.platform_metric_daily where loaded_at = $now"
        replaced = "raw.platform_metric_daily_history where superseded_at = $now and loaded_at < $now"
        sql = f"select date from {rows} union select date from {replaced} order by date"
        return [day for (day,) in self.con.execute(sql, {"now": self.now}).fetchall()]

    def set_aside(self) -> list[tuple[int, str | None, str, str]]:
        """Line, column, raw text and reason of the rows that are quarantined now."""
        return self.con.execute(
            "select line, column_name, raw_text, reason from audit.quarantine "
            "where superseded_at is null and line is not null order by file, line"
        ).fetchall()

    def _accounted(self, loads: tuple[FileLoad, ...]) -> tuple[FileLoad, ...]:
        for load in loads:
            assert load.rows_read == load.rows_loaded + load.rows_quarantined + load.rows_skipped, load
            assert load.reason or load.status != "refused", load
            if load.status in ("loaded", "partly_loaded") and load.contract:
                self._found(load, next(c for c in CONTRACTS if c.name == load.contract))
        return loads

    def _found(self, load: FileLoad, contract: Contract) -> None:
        """The audit trail tells the same, and every quarantined row is there with a reason."""
        recorded = self.con.execute(
            "select rows_read, rows_loaded, rows_quarantined, rows_superseded from audit.load "
            "where content_hash = ? and loaded_at = ?",
            [load.content_hash, self.now],
        ).fetchall()
        assert recorded == [
            (load.rows_read, load.rows_loaded, load.rows_quarantined, load.rows_superseded),
        ]
        kept, reasons = self.con.execute(
            "select count(*), count(reason) from audit.quarantine where content_hash = ? and loaded_at = ?",
            [load.content_hash, self.now],
        ).fetchall()[0]
        assert kept == reasons == load.rows_quarantined
        grain = ", ".join(contract.grain)
        doubled = f"select count(*) - count(distinct hash({grain})) from {contract.table}"
        assert self.con.execute(doubled).fetchall() == [(0,)]


def inbox_in(home: Path, *, is_demo: bool = False) -> Inbox:
    """A fresh home with an empty inbox."""
    settings = load_settings({"WAREHOUSE_HOME": str(home)})
    settings.inbox.mkdir(parents=True)
    if is_demo:
        (home / SIMULATED).write_text("made up", encoding="utf-8")
    con = memory()
    registry(con)
    return Inbox(settings, con)
