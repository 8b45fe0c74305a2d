"""Files of the inbox into the tables of their contracts: which are new, what becomes of each, loading one again.

One transaction a file, in the order of the files' times and then their names: what is loaded later is newer. A file
is known by its content: the same bytes a second time load nothing, under whatever name. Nothing in the inbox is
changed. docs/daily-data.md says what a team has to know.

Rows go straight from DuckDB's reader into the table; the contract's rules, and that no key occurs twice, are asked
of the table then. Only where something is wrong is the file read a second time, strictly: every row with its line
and its fault. As many rows have to be in the table and in quarantine as the file has.
"""

from __future__ import annotations

import errno
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from etl.config import Settings
from etl.contracts import CONTRACTS, Contract
from etl.errors import FileError
from etl.files.lines import content_hash, examine
from etl.inbox.check import BROKEN, REPEATED, Fault, Limits, RowRules, check, known_words, literal
from etl.inbox.open import Opened, Scan, inbox_files, inbox_name, is_inside, open_by_record, open_file
from etl.ledger import REPLACED, Ledger, LoadRecord
from etl.warehouse import Connection, DatabaseError, MemoryShortage, WarehouseError, transaction

SOURCE = "inbox"
LONG = 64 << 20  # bytes from which a file is announced
# Rows among which a repeated key is looked for at once, parts at most, and how many side by side.
PART, PARTS, ASIDE = 150_000, 256, 8
NO_ROOM = re.compile(r"No space left|File too large|Out of Memory|failed to (allocate|pin|offload)", re.IGNORECASE)
ANY_ORDER, IN_ORDER = "set preserve_insertion_order = false", "reset preserve_insertion_order"


class ReaderError(FileError):
    """DuckDB's reader failed on a file."""


@dataclass(frozen=True)
class FileLoad:
    """What became of one file: rows_read = rows_loaded + rows_quarantined.

    `status` is loaded, partly_loaded, refused, superseded (read again, and newer files have all its rows) or
    unchanged (this content is here already). `rows_superseded` are rows of older files that it replaced.
    """

    file: str
    content_hash: str
    contract: str | None
    status: str
    rows_read: int = 0
    rows_loaded: int = 0
    rows_quarantined: int = 0
    rows_superseded: int = 0
    reason: str = ""
    first_day: date | None = None
    last_day: date | None = None

    def __str__(self) -> str:
        """One line for a terminal."""
        rows = f"{self.rows_loaded:,} of {self.rows_read:,} rows" if self.rows_read else ""
        days = f"{self.first_day} to {self.last_day}" if self.first_day else ""
        return "  ".join(filter(None, (f"{self.status:<14}{self.file!r}", self.contract, rows, days, self.reason)))


@dataclass(frozen=True)
class InboxResult:
    """What became of every file, and by contract the days whose rows changed, those replaced included."""

    files: tuple[FileLoad, ...] = ()
    days: dict[str, tuple[date, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Merged:
    """What became of the sound rows of a file, and the days that changed.

    `replaced` were in the table before; `outdated` went straight into history. `first_day` and `last_day` are
    those of the file.
    """

    replaced: int
    outdated: int
    days: frozenset[date]
    first_day: date | None
    last_day: date | None


# --- Which files ---------------------------------------------------------------------------------------


def waiting(con: Connection, settings: Settings) -> list[Path]:
    """Files of the inbox whose content is not recorded yet, in the order in which they will be loaded."""
    seen = set(Ledger(con, SOURCE).contents())
    found: dict[str, Path] = {}
    for path in inbox_files(settings):
        try:
            content = content_hash(path)
        except OSError:
            content = str(path)  # it waits until it can be read
        if content not in seen:
            found.setdefault(content, path)
    return list(found.values())


def load_inbox(
    con: Connection,
    settings: Settings,
    now: datetime,
    files: Sequence[Path] | None = None,
    progress: Callable[[str], None] = print,
) -> InboxResult:
    """Load `files` (default: those waiting), one transaction a file; `progress` gets a sentence on long ones.

    A file that cannot be loaded is refused with its reason, and the others go on. Raises WarehouseError
    when the warehouse itself cannot go on: no room on the disk, no registry yet. What was loaded before
    stays, and the next run goes on from there.
    """
    chosen = waiting(con, settings) if files is None else files
    return _load_all(con, settings, now, chosen, progress, is_again=False)


def replay(
    con: Connection,
    settings: Settings,
    now: datetime,
    names: Sequence[str] = (),
    progress: Callable[[str], None] = print,
) -> InboxResult:
    """Load again what was refused or partly loaded (or the named files), after a fix of the registry.

    A file keeps its place: rows that a later file brought are newer. Raises as load_inbox does, and
    WarehouseError for a name that is not in the inbox.
    """
    wanted = names or Ledger(con, SOURCE).incomplete()
    present = {inbox_name(path, settings): path for path in inbox_files(settings)}
    if missing := [name for name in names if name not in present]:
        raise WarehouseError(f"{', '.join(missing)} is not in {settings.inbox}: deliver it again")
    chosen = [present[name] for name in wanted if name in present]
    return _load_all(con, settings, now, chosen, progress, is_again=True)


def _load_all(
    con: Connection,
    settings: Settings,
    now: datetime,
    files: Iterable[Path],
    progress: Callable[[str], None],
    *,
    is_again: bool,
) -> InboxResult:
    known = known_words(con, CONTRACTS) if files else {}
    limits = Limits(known=known, now=now, is_demo=settings.is_demo, bad_share=settings.bad_share)
    scratch = settings.build_db.parent / "inbox"
    loads: list[FileLoad] = []
    days: dict[str, set[date]] = {}
    shutil.rmtree(scratch, ignore_errors=True)  # what a killed load left, also where no file is new any more
    for path in files:
        scratch.mkdir(parents=True)
        try:
            loader = Loader(con, settings, limits, scratch, progress, inbox_name(path, settings))
            load, changed = loader.load(path, is_again=is_again)
        except (DatabaseError, OSError) as error:
            raise _explained(error, path) from error
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        loads.append(load)
        if load.contract and changed:
            days.setdefault(load.contract, set()).update(changed)
    return InboxResult(tuple(loads), {name: tuple(sorted(found)) for name, found in days.items()})


def _explained(error: Exception, path: Path) -> WarehouseError:
    """What an error means that is no fault of the file."""
    is_full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)
    first = str(error).splitlines()[0][:300]
    if is_full or NO_ROOM.search(str(error)):
        fix = "give it more with WAREHOUSE_MEMORY" if isinstance(error, MemoryShortage) else "make room"
        return WarehouseError(f"{path.name}: no room to load it ({first}); {fix}, then run again")
    return WarehouseError(f"{path.name}: loading it failed, nothing of it was written ({first}); run again")


# --- One file ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Loader:
    """The loading of one file, by its name in the inbox."""

    con: Connection
    settings: Settings
    limits: Limits
    scratch: Path
    progress: Callable[[str], None]
    file: str

    @property
    def _ledger(self) -> Ledger:
        return Ledger(self.con, SOURCE)

    def load(self, path: Path, *, is_again: bool) -> tuple[FileLoad, frozenset[date]]:
        """What became of the file, and the days whose rows changed.

        Raises DatabaseError and OSError for what is no fault of the file.
        """
        if not is_inside(path, self.settings):
            return self._refused("lies outside the inbox")
        try:
            examined, size = examine(path), path.stat().st_size
        except OSError as error:
            return self._refused(f"cannot be read ({error.strerror}); mend its permissions")
        digest = examined.content_hash
        if not is_again and digest in self._ledger.contents():
            return FileLoad(self.file, digest, None, "unchanged"), frozenset()
        if size > LONG:
            self.progress(f"{self.file}: reading {size / 1e6:,.0f} MB")
        try:
            opened = open_file(self.con, path, examined, self.scratch, self.progress)
            return self._load(path, digest, opened)
        except FileError as error:
            with transaction(self.con):
                self._ledger.refuse(file=self.file, content_hash=digest, reason=str(error), now=self.limits.now)
            return self._refused(str(error), digest)

    def _refused(self, reason: str, digest: str = "") -> tuple[FileLoad, frozenset[date]]:
        return FileLoad(self.file, digest, None, "refused", reason=reason), frozenset()

    def _load(self, path: Path, digest: str, opened: Opened) -> tuple[FileLoad, frozenset[date]]:
        """Load the file in the quickest way that reads every row of it."""
        if not opened.rows:
            raise FileError("has a header and no rows")
        try:
            found = self._bring_in(path, digest, opened)
        except ReaderError:
            if not opened.is_csv:
                raise
            found = None
        if not found and opened.is_csv:
            self.progress(f"{self.file}: not every row can be told apart at full speed, reading it one by one")
            opened = open_by_record(opened.path, opened.columns, self.scratch, self.progress)
            found = self._bring_in(path, digest, opened)
        if not found:
            raise FileError(f"has {opened.rows:,} rows, but another number was read; deliver it again")
        return found

    def _bring_in(self, path: Path, digest: str, opened: Opened) -> tuple[FileLoad, frozenset[date]] | None:
        """Load and merge the rows in one transaction; None, and nothing changed, if they cannot all be read so."""
        con, ledger, now = self.con, self._ledger, self.limits.now
        try:
            with transaction(con):
                order, again = ledger.contents(), ledger.load_ids([digest])
                newer = ledger.load_ids(order[order.index(digest) + 1 :] if digest in order else [])
                rows = Rows(con, opened, self.limits, self.scratch, ledger.next_load_id())
                if not rows.read():
                    _restart(con)
                    return None
                ledger.supersede(self.file, now, content_hash=digest)
                rows.set_aside(ledger, self.file, digest)
                loaded = opened.rows - rows.quarantined
                merged = merge(con, opened.contract, rows.load_id, now, newer=newer, again=again, loaded=loaded)
                status = "partly_loaded" if rows.quarantined else "loaded"
                if loaded and loaded == merged.outdated:
                    status = "superseded"
                load = FileLoad(
                    file=self.file,
                    content_hash=digest,
                    contract=opened.contract.name,
                    status=status,
                    rows_read=opened.rows,
                    rows_loaded=loaded,
                    rows_quarantined=rows.quarantined,
                    rows_superseded=merged.replaced,
                    first_day=merged.first_day,
                    last_day=merged.last_day,
                )
                self._record(load, rows.load_id, opened.contract)
                if content_hash(path) != digest:
                    raise FileError("changed while it was read; the next run reads it")
                return load, merged.days
        finally:
            con.execute(IN_ORDER)

    def _record(self, load: FileLoad, load_id: int, contract: Contract) -> None:
        """Record the load; files that lost their last row to it are marked."""
        record = LoadRecord(
            file=load.file,
            content_hash=load.content_hash,
            rows_read=load.rows_read,
            rows_loaded=load.rows_loaded,
            rows_quarantined=load.rows_quarantined,
            rows_superseded=load.rows_superseded,
            status=load.status,
            message=REPLACED if load.status == "superseded" else None,
            load_id=load_id,
        )
        self._ledger.record(record, self.limits.now)
        if load.rows_superseded:
            at = f"superseded_at = timestamptz '{self.limits.now}'"
            replaced = f"select h.load_id from {contract.history} as h where h.{at}"
            left = f"select c.load_id from {contract.table} as c"
            self._ledger.mark_replaced(replaced, left, self.limits.now)


def _restart(con: Connection) -> None:
    """Undo what the open transaction did, and begin it anew."""
    con.execute("rollback")
    con.execute("begin")


# --- Its rows ------------------------------------------------------------------------------------------


class Rows:
    """The rows of a file on their way into the table of its contract, within the caller's transaction."""

    def __init__(self, con: Connection, opened: Opened, limits: Limits, scratch: Path, load_id: int) -> None:
        self.load_id = load_id
        self.quarantined = 0
        self._con, self._opened, self._contract, self._limits = con, opened, opened.contract, limits
        self._verdicts = scratch / "verdicts.parquet"
        self._judged = ""  # the rows that were read strictly, with their faults
        self._faults: Sequence[Fault] = ()

    def read(self) -> bool:
        """Insert the sound rows and find those at fault; whether every row of the file is accounted for.

        Raises ReaderError, and DatabaseError when there is no room.
        """
        opened, may_repeat = self._opened, True
        if opened.quick:
            rules = self._rules(opened.quick)
            inserted = self._insert(f"{self._typed(opened.quick, rules)} where {rules.has_form}", self._extra())
            is_complete, breaks_rules, repeats = inserted == opened.rows, self._is_broken(rules), self._is_repeated()
            if is_complete and not breaks_rules and not repeats:
                return True
            if not breaks_rules and not repeats:
                self._judge(opened.strict, with_values=False, may_repeat=False)
                if inserted + self.quarantined == opened.rows:
                    return True
            may_repeat = repeats or not is_complete  # of rows that were left out nothing is known
            _restart(self._con)
        self._judge(opened.strict, with_values=True, may_repeat=may_repeat)
        return self._insert(f"{self._judged} where fault = 0", "extra") + self.quarantined == opened.rows

    def set_aside(self, ledger: Ledger, file: str, content_hash: str) -> None:
        """Put the rows at fault into quarantine. Raises FileError when they are too many."""
        if not self.quarantined:
            return
        rows = self._opened.rows
        if self.quarantined > self._limits.bad_share * rows:
            share = f"{self.quarantined:,} of {rows:,} rows, more than {self._limits.bad_share:.0%}"
            raise FileError(f"breaks its contract in {share}: {self._most_frequent()}")
        raw, joined = "j.raw", ""
        if self._opened.raw:
            raw, joined = "r.raw", f"join {self._opened.raw} as r on r.line = j.line"
        ledger.set_aside(
            f"""select j.line, nullif(f.column_name, '') as column_name, {raw} as raw_text,
                case when j.fault = {BROKEN} then j.broken else f.reason end as reason
            from {self._judged} as j
            join (
                select unnest($numbers::integer[]) as number, unnest($columns::varchar[]) as column_name,
                    unnest($reasons::varchar[]) as reason) as f on f.number = j.fault {joined}
            where j.fault > 0""",
            file=file,
            content_hash=content_hash,
            now=self._limits.now,
            values={
                "numbers": list(range(len(self._faults))),
                "columns": [fault.column for fault in self._faults],
                "reasons": [fault.reason for fault in self._faults],
            },
        )

    def _most_frequent(self) -> str:
        """The three faults that most rows have."""
        found = self._con.execute(
            f"select fault, count(*) from {self._judged} where fault > 0 group by fault order by 2 desc, 1 limit 3"
        ).fetchall()
        faults = ((count, self._faults[number]) for number, count in found)
        return "; ".join(f"{count:,} x {f'{fault.column} {fault.reason}'.strip()}" for count, fault in faults)

    def _rules(self, scan: Scan) -> RowRules:
        names = {column.name for column in self._contract.columns}
        fields = {name: (f"f{n}", scan.types[n]) for n, name in enumerate(self._opened.columns) if name in names}
        return check(self._contract, fields, self._limits)

    def _typed(self, scan: Scan, rules: RowRules) -> str:
        """The rows of a scan with the contract's columns beside the fields."""
        return f"(select *, {', '.join(rules.values)} from {scan.sql})"

    def _extra(self) -> str:
        """The fields that the contract does not have, as a map."""
        names = {column.name for column in self._contract.columns}
        further = {f"f{n}": name for n, name in enumerate(self._opened.columns) if name not in names}
        keys, texts = ", ".join(map(literal, further.values())), ", ".join(f"{f}::varchar" for f in further)
        return f"map([{keys}], [{texts}])::map(varchar, varchar)" if further else "map {}::map(varchar, varchar)"

    def _insert(self, rows: str, extra: str) -> int:
        """Insert rows with the contract's columns; how many they are.

        In any order: the table has none, and DuckDB need not hold back what it has read. After an error the caller
        has to see to IN_ORDER, behind the end of the transaction.
        """
        columns = ", ".join(column.name for column in self._contract.columns)
        self._con.execute(ANY_ORDER)
        inserted = self._read(
            f"insert into {self._contract.table} ({columns}, extra, load_id, loaded_at) "
            f"select {columns}, {extra}, {self.load_id}, $now from {rows}",
            {"now": self._limits.now},
        )
        self._con.execute(IN_ORDER)
        return inserted

    def _read(self, sql: str, values: Mapping[str, Any] | None = None) -> int:
        """Run a statement that reads the file; how many rows it wrote."""
        try:
            return _count(self._con, sql, values)
        except DatabaseError as error:
            if NO_ROOM.search(str(error)):
                raise
            raise ReaderError(f"cannot be read ({str(error).splitlines()[0][:300]})") from error

    def _judge(self, strict: Scan, *, with_values: bool, may_repeat: bool) -> None:
        """Read the file strictly: line, fault and raw text of every row at fault, on request with all values.

        Everything goes into one file, in one reading; its order tells the lines where each line is a row.
        """
        rules, grain = self._rules(strict), ", ".join(self._contract.grain)
        names = ", ".join(column.name for column in self._contract.columns)
        values = f", {names}, {self._extra()} as extra" if with_values else ""
        raw = "raw" if may_repeat else "case when fault > 0 then raw end as raw"
        rows = f"(select *, {rules.fault} as fault from {self._typed(strict, rules)})"
        file = literal(str(self._verdicts))
        self._read(f"copy (select line, broken, fault, {raw}{values} from {rows}) to {file} (format parquet)")
        verdicts = (
            "(select * replace (coalesce(line, file_row_number + 2) as line) "
            f"from read_parquet({file}, file_row_number = true))"
        )
        self._con.execute("create or replace temp table later (line bigint)")
        if may_repeat:  # of rows with the same key, the first of the file counts
            self._con.execute(
                f"""insert into later select v.line from {verdicts} as v
                join (
                    select {grain}, min(line) as first_line from {verdicts} where fault = 0
                    group by {grain} having count(*) > 1) as k using ({grain})
                where v.fault = 0 and v.line > k.first_line"""
            )
        self._judged = (
            f"(select v.* replace (if(l.line is null, v.fault, {REPEATED}) as fault) "
            f"from {verdicts} as v left join later as l using (line))"
        )
        self._faults = rules.faults
        self.quarantined = _count(self._con, f"select count(*) from {self._judged} where fault > 0")

    def _is_broken(self, rules: RowRules) -> bool:
        """Whether rows of the load break a rule, in one question: DuckDB skips blocks that cannot break one."""
        table = f"{self._contract.table} where load_id = {self.load_id}"
        asked = " union all ".join(
            f"(select 1 from {table} and ({screen}) and ({rule.breaks}) limit 1)"
            for rule in rules.rules
            for screen in rule.screens
        )
        return bool(self._con.execute(asked).fetchall())

    def _is_repeated(self) -> bool:
        """Whether rows of the load seem to have the same key; looked for in runs of days where a key has a day.

        What a run has to remember fits into a processor's cache, and some are gone through side by side.
        """
        contract = self._contract
        question = f"select count(*) - count(distinct hash({', '.join(contract.grain)})) from {contract.table}"
        loaded = f"load_id = {self.load_id}"
        runs = [loaded]
        if contract.day in contract.grain and self._opened.rows > PART:
            runs = [f"{loaded} and {run}" for run in self._runs(max(PART, self._opened.rows // PARTS))]
        for number in range(0, len(runs), ASIDE):
            asked = " union all ".join(f"{question} where {run}" for run in runs[number : number + ASIDE])
            if _count(self._con, f"select sum(n) from ({asked}) as q(n)"):
                return True
        return False

    def _runs(self, size: int) -> Iterator[str]:
        """Conditions that cut the rows of the load into runs of days with about `size` rows."""
        day = self._contract.day
        days = self._con.execute(
            f"select {day}, count(*) from {self._contract.table} where load_id = {self.load_id} group by 1 order by 1"
        ).fetchall()
        first, taken = None, 0
        for value, number in days:
            first, taken = first or value, taken + number
            if taken >= size or value == days[-1][0]:
                yield f"{day} between '{first}' and '{value}'"
                first, taken = None, 0


def merge(
    con: Connection,
    contract: Contract,
    load_id: int,
    now: datetime,
    *,
    newer: Sequence[int],
    again: Sequence[int],
    loaded: int,
) -> Merged:
    """Put the `loaded` rows of a load in the place of older ones with the same keys, which go into history.

    A row that did not change stays as it is, so the same figures delivered again change nothing. `newer` are loads
    whose rows count before those of this one (the file is read again, and they came later); `again` the earlier
    loads of the same content: what they brought and this one does not goes. Inside the caller's transaction.
    """
    new_rows = f"{contract.table} where load_id = {load_id}"
    day = f"{contract.day}::date"
    span = con.execute(f"select min({day}), max({day}) from {new_rows}").fetchall()[0]
    days: set[date] = set()
    replaced = outdated = same = 0
    if _match(con, contract, load_id, newer, again):
        old = "select m.old from matched as m where not m.is_same and not m.is_newer"
        days = _days(con, f"select {day} from {contract.table} where rowid in ({old})")
        replaced = _into_history(con, contract, old, now)
        outdated = _into_history(con, contract, "select m.new from matched as m where m.is_newer", now)
        unchanged = "select m.new from matched as m where m.is_same"
        same = _count(con, f"delete from {contract.table} where rowid in ({unchanged})")
    kept = _count(con, f"select count(*) from {new_rows}")
    if loaded != kept + outdated + same:
        raise WarehouseError(
            f"{loaded:,} rows were brought, but {kept:,} are in {contract.table}, {same:,} are unchanged and "
            f"{outdated:,} outdated; nothing was written, report this"
        )
    con.execute("drop table matched")
    return Merged(replaced, outdated, frozenset(days | _days(con, f"select {day} from {new_rows}")), *span)


def _match(con: Connection, contract: Contract, load_id: int, newer: Sequence[int], again: Sequence[int]) -> int:
    """Older rows with the key of a new one, by rowid, into the temporary table matched; how many they are."""
    names = [*(column.name for column in contract.columns), "extra"]
    same_row = " and ".join(f"c.{name} is not distinct from s.{name}" for name in names)
    same_key = " and ".join(f"c.{name} = s.{name}" for name in contract.grain)
    new = f"(select rowid, * from {contract.table} where load_id = {load_id})"
    within = ""
    if contract.day in contract.grain:  # only these days can hold the same keys: DuckDB skips the others
        low, high = con.execute(f"select min({contract.day}), max({contract.day}) from {new}").fetchall()[0]
        if low:
            within = f"and {contract.day} between '{low}' and '{high}'"
    old = f"(select rowid, * from {contract.table} where load_id <> {load_id} {within})"
    if not con.execute(f"select 1 from {old} limit 1").fetchall():  # the join would read all new rows
        old = f"(select rowid, * from {contract.history} limit 0)"
    matched = _count(
        con,
        f"""create or replace temp table matched as
        select c.rowid as old, s.rowid as new, ({same_row}) as is_same,
            not is_same and list_contains($newer::integer[], c.load_id) as is_newer
        from {old} as c join {new} as s on {same_key}""",
        {"newer": list(newer)},
    )
    if again:
        matched += _count(
            con,
            f"""insert into matched (old, is_same, is_newer) select c.rowid, false, false from {contract.table} as c
            where list_contains($again::integer[], c.load_id)
                and not exists (select 1 from {new} as s where {same_key})""",
            {"again": list(again)},
        )
    return matched


def _into_history(con: Connection, contract: Contract, rowids: str, now: datetime) -> int:
    """Move rows of the table into its history; how many they are."""
    con.execute(
        f"insert into {contract.history} by name "
        f"select c.*, $now as superseded_at from {contract.table} as c where c.rowid in ({rowids})",
        {"now": now},
    )
    return _count(con, f"delete from {contract.table} where rowid in ({rowids})")


def _days(con: Connection, sql: str) -> set[date]:
    return {row[0] for row in con.execute(f"select distinct day from ({sql}) as d(day)").fetchall()}


def _count(con: Connection, sql: str, values: Mapping[str, Any] | None = None) -> int:
    """The number that a statement answers with: rows it changed, or what it counted."""
    row = con.execute(sql, values).fetchone()
    return int(row[0]) if row else 0
