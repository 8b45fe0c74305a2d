"""Files of the inbox into the tables of their contracts: which are new, loading them, loading one again.

One transaction a file, in the order of the files' times and then their names: what is loaded later is newer. A file
is identified by its content: the same bytes under another name load nothing. Nothing in the inbox is changed.
docs/daily-data.md says what a team has to know.

DuckDB's reader inserts the rows directly; the contract's rules and the uniqueness of keys are then checked on the
table. Only if something is wrong is the file read a second time, strictly, which gives every row with its line and
its fault: of a text file whose every line is a record, only the lines that are not sound, unless keys repeat. Table
and quarantine together must have as many rows as the file.
"""

from __future__ import annotations

import errno
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from etl.archive.files import enter, keep
from etl.archive.replay import catch_up, prepare_delivery
from etl.buyers import HIDDEN, hidden, is_erased, know_buyers
from etl.config import Settings
from etl.contracts import AMOUNTS, CONTRACTS
from etl.errors import FileError, MendError
from etl.files.lines import Scan, examine
from etl.inbox.check import (
    BROKEN,
    EARLIEST,
    LATEST,
    REPEATED,
    Condition,
    Limits,
    RowRules,
    check,
    digits_of_texts,
    digits_of_values,
    grouped_by,
    held,
    known_words,
    rounded,
)
from etl.inbox.merge import Delivery, merge
from etl.inbox.open import Few, Opened, Using, folder_of, inbox_files, inbox_name, is_inside, open_file
from etl.inbox.parquet import OPTIONS
from etl.inbox.scan import UNREAD, UNREAD_SCAN
from etl.ledger import Ledger, LoadRecord
from etl.odcs.read import delivery_profiles
from etl.profiles.apply import Profiled
from etl.profiles.profile import FOLDER, Profiles, load_profiles
from etl.warehouse import Connection, DatabaseError, MemoryShortage, count, literal, transaction

SOURCE = "inbox"
CONNECTORS = ("s3", "postgres", "ecb")  # folders of the inbox that they fill
LONG = 64 << 20  # bytes from which a file is announced
# Rows among which a repeated key is searched at once, most such parts, and how many in one statement.
PART, PARTS, ASIDE = 150_000, 256, 8
NO_ROOM = re.compile(r"No space left|File too large|Out of Memory|failed to (allocate|pin|offload)", re.IGNORECASE)
FAR = f"has a day before {EARLIEST} or after {LATEST}; deliver the row again with the right year"
COMPOSED = (
    "names of {:,} rows were written in another Unicode form and are loaded in NFC, in which a letter is one character"
)
AGAIN = "rollback; begin"  # undoes what the open transaction did
UNSHOWN = "(not shown: this line may name a buyer)"
SHORT = 3  # an identifier of so few characters names nobody, and would be found everywhere in a line
# A file with more rows than a sheet holds was not saved by a spreadsheet.
SHEET = 1_048_576
Places = npt.NDArray[np.int64]
ANY_ORDER, IN_ORDER = "set preserve_insertion_order = false", "reset preserve_insertion_order"


class ReaderError(FileError):
    """DuckDB's reader failed on a file."""


@dataclass(frozen=True)
class FileLoad:
    """What became of one file: rows_read = rows_loaded + rows_quarantined + rows_skipped.

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
    rows_skipped: int = 0
    rows_superseded: int = 0
    reason: str = ""
    profile: str = ""
    first_day: date | None = None
    last_day: date | None = None

    def __str__(self) -> str:
        """One line for a terminal."""
        rows = f"{self.rows_loaded:,} of {self.rows_read:,} rows" if self.rows_read else ""
        via = f"by {self.profile}" if self.profile else ""
        days = f"{self.first_day} to {self.last_day}" if self.first_day else ""
        return "  ".join(filter(None, (f"{self.status:<14}{self.file!r}", self.contract, via, rows, days, self.reason)))


def waiting(con: Connection, settings: Settings) -> list[Path]:
    """Files of the inbox whose content is not recorded yet, in the order in which they will be loaded."""
    seen = set(Ledger(con, SOURCE).contents())
    found: dict[str, Path] = {}
    for path in inbox_files(settings):
        try:
            content = delivery(examine(path).content_hash, path, settings)
        except OSError:
            content = str(path)  # listed until it can be read
        if content not in seen:
            found.setdefault(content, path)
    return list(found.values())


def load_inbox(
    con: Connection,
    settings: Settings,
    now: datetime,
    files: Sequence[Path] | None = None,
    progress: Callable[[str], None] = print,
    *,
    is_again: bool = False,
    is_archived: bool = True,
) -> tuple[FileLoad, ...]:
    """Load `files` (default: those not recorded yet), one transaction a file; `progress` gets a sentence on long ones.

    A recorded file is loaded only with `is_again`. A file that cannot be loaded is refused with its reason, and the
    others go on. Without `is_archived` nothing is kept to be loaded again. Raises MendError when the warehouse itself
    cannot go on: no room on the disk, no registry yet. What was loaded before stays, and the next run continues from
    there.
    """
    set_aside_far_days(con, now)
    if is_archived:
        catch_up(con, settings, now, progress)
    files = waiting(con, settings) if files is None else files
    known = known_words(con, CONTRACTS) if files else {}
    limits = Limits(known=known, now=now, is_demo=settings.is_demo, bad_share=settings.bad_share)
    scratch = settings.build_db.parent / "inbox"
    loads: list[FileLoad] = []
    shutil.rmtree(scratch, ignore_errors=True)  # a killed load leaves it behind, also where no file is new any more
    for path in files:
        name = inbox_name(path, settings)
        if not is_inside(path, settings):
            loads.append(FileLoad(name, "", None, "refused", reason="lies outside the inbox"))
            continue
        scratch.mkdir(parents=True)
        try:
            loader = Loader(con, path, name, limits, scratch, progress, settings, is_archived)
            loads.append(loader.load(is_again=is_again))
        except (DatabaseError, OSError) as error:
            raise _explained(error, path) from error
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    return tuple(loads)


def replay(
    con: Connection,
    settings: Settings,
    now: datetime,
    names: Sequence[str] = (),
    progress: Callable[[str], None] = print,
) -> tuple[FileLoad, ...]:
    """Load again what was refused or partly loaded (or the named files), after a fix of the registry.

    A file keeps its place: rows that a later file brought are newer. Raises MendError as load_inbox does, and for a
    name that is not in the inbox.
    """
    wanted = names or Ledger(con, SOURCE).incomplete()
    present = {inbox_name(path, settings): path for path in inbox_files(settings)}
    if missing := [name for name in names if name not in present]:
        raise MendError(f"{', '.join(missing)} is not in {settings.inbox}: deliver it again")
    chosen = [present[name] for name in wanted if name in present]
    return load_inbox(con, settings, now, chosen, progress, is_again=True)


def set_aside_far_days(con: Connection, now: datetime) -> int:
    """Move rows with days that no calendar of ours has into quarantine; how many they were.

    An earlier version loaded them, and a single one stopped every run: neither Python nor a sum over days can hold it.
    """
    moved = 0
    for contract in CONTRACTS:
        days = [c.name for c in contract.columns if c.type in ("date", "timestamp")]
        far = " or ".join(f"{day} not between date '{EARLIEST}' and timestamp '{LATEST} 23:59:59'" for day in days)
        for table in (contract.table, contract.history):
            if not con.execute(f"select 1 from {table} where {far} limit 1").fetchall():
                continue
            with transaction(con):
                moved += Ledger(con, SOURCE).withdraw(f"from {table} where {far}", contract.table, FAR, now)
                con.execute(f"delete from {table} where {far}")
    return moved


def _explained(error: Exception, path: Path) -> MendError:
    """What an error means that is no fault of the file."""
    is_full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)
    first = str(error).splitlines()[0][:300]
    if is_full or NO_ROOM.search(str(error)):
        fix = "give it more with WAREHOUSE_MEMORY" if isinstance(error, MemoryShortage) else "make room"
        return MendError(f"{path.name}: no room to load it ({first}); {fix}, then run again")
    return MendError(f"{path.name}: loading it failed, nothing of it was written ({first}); run again")


@dataclass(frozen=True)
class Loader:
    """The loading of one file, whose name in the inbox is `file`."""

    con: Connection
    path: Path
    file: str
    limits: Limits
    scratch: Path
    progress: Callable[[str], None]
    settings: Settings
    is_archived: bool = True

    def load(self, *, is_again: bool) -> FileLoad:
        """Load the file or refuse it. Raises DatabaseError and OSError for what is no fault of the file."""
        ledger = Ledger(self.con, SOURCE)
        try:
            examined, size = examine(self.path), self.path.stat().st_size
        except OSError as error:
            reason = f"cannot be read ({error.strerror}); correct its permissions"
            return FileLoad(self.file, "", None, "refused", reason=reason)
        digest = delivery(examined.content_hash, self.path, self.settings)
        if not is_again and digest in ledger.contents():
            return FileLoad(self.file, digest, None, "unchanged")
        if size > LONG:
            self._say(f"reading {size / 1e6:,.0f} MB")
        # Under a name of ours: DuckDB takes a path for a pattern, a folder `date=...` for a column, and text for UTF-8.
        delivered = self.scratch / "delivered"
        delivered.symlink_to(self.path.absolute())
        table = None
        try:
            folder = folder_of(self.path, self.settings)
            using = Using(self._profiles, folder)
            opened = open_file(self.con, delivered, examined, self.scratch, self._say, using=using)
            if isinstance(opened, Profiled):
                return self._note(digest, opened)
            table = opened.contract.table
            if any(column.personal for column in opened.contract.columns):
                self._know_buyers()
            return self._load(digest, opened)
        except FileError as error:
            with transaction(self.con):
                told, now = str(error), self.limits.now
                if ledger.refuse(file=self.file, content_hash=digest, reason=told, now=now, table=table):
                    self._archive("refused", file=self.file, content_hash=digest, reason=told, table=table)
            return FileLoad(self.file, digest, None, "refused", reason=str(error))

    def _note(self, digest: str, profiled: Profiled) -> FileLoad:
        """Record a file of which nothing is loaded: all its rows are skipped, and why is told."""
        ledger, told = Ledger(self.con, SOURCE), "; ".join(profiled.told)
        rows = profiled.rows
        record = LoadRecord(
            self.file,
            digest,
            rows,
            0,
            0,
            "loaded",
            message=told or "has no rows",
            rows_skipped=rows,
            profile=profiled.profile,
        )
        with transaction(self.con):
            ledger.supersede(self.file, self.limits.now, content_hash=digest)
            ledger.record(record, self.limits.now)
            self._archive("skipped", content_hash=digest, record=asdict(record))
        return _file_load(record, None)

    def _archive(self, kind: str, **facts: Any) -> None:
        """Keep what is recorded of the file, which loads no rows; in the transaction that records it."""
        if self.is_archived:
            keep(self.con, self.settings, {"kind": kind, "at": self.limits.now.isoformat(), **facts})

    def _know_buyers(self) -> None:
        """Give the database the key with which buyers are hashed."""
        know_buyers(self.con, self.settings.home)

    def _profiles(self) -> Profiles:
        """The profiles and the contracts of others, for a file that is not in a contract's own form."""
        self._know_buyers()
        folders = self.settings.profile_folders
        profiles, contracts = load_profiles(*folders), delivery_profiles(*folders)
        return Profiles({**profiles.known, **contracts.known}, {**profiles.faulty, **contracts.faulty})

    def _say(self, sentence: str) -> None:
        self.progress(f"{self.file}: {sentence}")

    def _load(self, digest: str, opened: Opened) -> FileLoad:
        """Load the file with the fastest way of reading that finds every row."""
        if not opened.rows and opened.profiled and not opened.profiled.faulty:
            return self._note(digest, opened.profiled)
        if not opened.rows and not opened.profiled:
            raise FileError("has a header and no rows")
        try:
            found = self._bring_in(digest, opened)
        except ReaderError:
            if not opened.slowly:
                raise
            found = None
        if not found and opened.slowly:
            self._say("the fast reader cannot separate all rows, reading them one by one")
            opened = opened.slowly()
            found = self._bring_in(digest, opened)
        if not found:
            raise FileError(f"has {opened.rows:,} rows, but another number was read; deliver it again")
        return found

    def _bring_in(self, digest: str, opened: Opened) -> FileLoad | None:
        """Load and merge the rows in one transaction; None, and nothing changed, if not all of them can be read."""
        con, ledger, now, contract = self.con, Ledger(self.con, SOURCE), self.limits.now, opened.contract
        try:
            with transaction(con):
                rows = Rows(con, opened, self.limits, self.scratch, ledger.next_load_id())
                if not rows.read():
                    con.execute(AGAIN)
                    return None
                rows.leave_out_erased()
                ledger.supersede(self.file, now, content_hash=digest)
                rows.set_aside(ledger, self.file, digest)
                told = [COMPOSED.format(rows.composed)] if rows.composed else []
                told += opened.profiled.told if opened.profiled else ()
                brought = Delivery(
                    self.file,
                    digest,
                    contract,
                    rows.load_id,
                    now,
                    rows=rows.loaded,
                    told=tuple(told),
                    profile=opened.profiled.profile if opened.profiled else None,
                    **rows.records,
                )
                archived = prepare_delivery(con, self.settings, brought) if self.is_archived else None
                merged = merge(con, ledger, brought)
                if delivery(examine(self.path).content_hash, self.path, self.settings) != digest:
                    raise FileError("changed while it was read; the next run reads it")
                if archived:
                    enter(con, archived)
                return _file_load(merged.record, contract.name, merged.days)
        finally:
            con.execute(IN_ORDER)


def _file_load(
    record: LoadRecord, contract: str | None, days: tuple[date | None, date | None] = (None, None)
) -> FileLoad:
    """What became of a file, as it was recorded."""
    return FileLoad(
        record.file,
        record.content_hash,
        contract,
        record.status,
        record.rows_read,
        record.rows_loaded,
        record.rows_quarantined,
        record.rows_skipped or 0,
        record.rows_superseded or 0,
        record.message or "",
        record.profile or "",
        *days,
    )


def delivery(content_hash: str, path: Path, settings: Settings) -> str:
    """What identifies a delivered file: its content, and the folder that says something about it, if one does.

    The same bytes in the folders of two shops, such as two reports without a row, are two deliveries. Connectors know
    what they brought by its content, whatever their folder says.
    """
    for folder in path.parents:
        if not folder.is_relative_to(settings.inbox):
            break
        within = folder.relative_to(settings.inbox).as_posix()
        if (folder / FOLDER).is_file() and within not in CONNECTORS:
            text = f"{content_hash}\0{within}".encode("utf-8", "surrogateescape")
            return sha256(text).hexdigest()
    return content_hash


class Rows:
    """The rows of a file on their way into the table of its contract, within the caller's transaction.

    Of `composed` rows a name was brought into its canonical form, `erased` ones were about a buyer who was erased.
    """

    def __init__(self, con: Connection, opened: Opened, limits: Limits, scratch: Path, load_id: int) -> None:
        self.load_id = load_id
        self.quarantined = self.composed = self.erased = 0
        self._con, self._opened, self._contract, self._limits = con, opened, opened.contract, limits
        self._table = opened.contract.table
        self._new = f"{self._table} where load_id = {load_id}"
        self._columns = [column.name for column in opened.contract.columns]
        self._names, self._grain = ", ".join(self._columns), ", ".join(opened.contract.grain)
        self._fixed = ", ".join(name for name in opened.contract.grain if name != opened.contract.loose)
        further = {f"f{n}": name for n, name in enumerate(opened.columns) if name not in self._columns}
        keys, texts = ", ".join(map(literal, further.values())), ", ".join(hidden(f"{f}::varchar") for f in further)
        self._extra = f"{f'map([{keys}], [{texts}])' if further else 'map {}'}::map(varchar, varchar)"
        places = {name: f"f{n}" for n, name in enumerate(opened.columns)}
        personal = [places[c.name] for c in opened.contract.columns if c.personal and c.name in places]
        self._persons = [] if opened.profiled else personal  # the fields that name a person
        self._scratch = scratch
        self._verdicts = literal(str(scratch / "verdicts.parquet"))
        self._judged = ""  # the rows that were read strictly, with their faults
        self._raw: str | None = None  # the raw texts by line, where those rows have none
        self._faults: Sequence[Condition] = ()
        self._grouped: frozenset[str] = frozenset()  # columns in which three digits after the point may be thousands

    @property
    def loaded(self) -> int:
        """Rows without a fault that are not of erased buyers alone."""
        return self._opened.rows - self.quarantined - self.erased

    def read(self) -> bool:
        """Insert the sound rows and find those at fault; whether every row of the file is accounted for.

        Raises ReaderError, and DatabaseError when there is no room.
        """
        opened, may_repeat = self._opened, True
        if opened.quick and opened.few:
            if self._read_in_order(opened.quick, opened.few):
                return True
            self._con.execute(AGAIN)
        elif opened.quick:
            rules = self._rules(opened.quick)
            inserted = self._insert(f"{_typed(opened.quick, rules)} where {rules.has_form}", self._extra)
            is_complete, breaks_rules, repeats = inserted == opened.rows, self._broken(rules), self._is_repeated()
            self._look_at_names()
            if is_complete and not breaks_rules and not repeats:
                return True
            if not breaks_rules and not repeats:
                # Of a row that a profile made, the key tells the records behind it.
                self._judge(opened.strict, opened.raw, with_values=opened.profiled is not None, may_repeat=False)
                if inserted == self.loaded:
                    return True
            may_repeat = repeats or not is_complete  # rows that were left out may repeat a key
            self._con.execute(AGAIN)
        elif opened.is_text:
            self._grouped = self._grouped_columns(opened.strict.sql, digits_of_texts)
        self._judge(opened.strict, opened.raw, with_values=True, may_repeat=may_repeat)
        is_complete = self._insert(f"{self._judged} where fault = 0", "extra") == self.loaded
        self._look_at_names()
        return is_complete

    def _read_in_order(self, quick: Scan, few: Callable[[Sequence[int], Path], Few]) -> bool:
        """Insert the rows in the order of the file and read strictly only the lines of those that are not sound.

        False where that does not account for every row, where keys repeat, and where three digits after a point may be
        thousands: then all lines have to be read strictly.
        """
        con, opened, rules = self._con, self._opened, self._rules(quick)
        # A row without the form of its columns counts for the order, and is marked until it is taken out.
        mark = f"if({rules.has_form}, {self.load_id}, -{self.load_id})"
        inserted = self._insert(_typed(quick, rules), self._extra, mark, order=IN_ORDER)
        unread = _unread_lines(con)
        if inserted + len(unread) != opened.rows:
            return False
        if opened.is_text and self._grouped_columns(self._new, digits_of_values):
            self._grouped = self._grouped_columns(opened.strict.sql, digits_of_texts)
        if self._grouped:
            return False
        lines = _lines_of(self._take_out(rules), unread, opened.first_line)
        if self._is_repeated():
            return False
        if len(lines) + len(unread):
            numbers = np.sort(np.append(lines, unread))
            chosen = few(numbers.tolist(), self._scratch)
            self._judge(chosen.strict, chosen.raw, with_values=True, may_repeat=False)
            judged, sound = con.execute(
                f"select count(*), count_if(fault = 0 and line in (select unnest($lines))) from {self._judged}",
                {"lines": np.asarray(chosen.lines)[np.isin(numbers, lines)].tolist()},
            ).fetchall()[0]
            if judged != len(lines) + len(unread) or sound:  # what was taken out has to be at fault in its line
                return False
            if self._insert(f"{self._judged} where fault = 0", "extra") and self._is_repeated():
                return False
        self._look_at_names()
        return True

    def _take_out(self, rules: RowRules) -> Places:
        """Delete the rows that are marked or break a rule; their places among the new ones, from 0 on."""
        con, marked = self._con, f"{self._table} where load_id = -{self.load_id}"
        broken = self._broken(rules)
        if not broken and not con.execute(f"select 1 from {marked} limit 1").fetchall():
            return np.empty(0, np.int64)
        new = f"{self._table} where load_id in ({self.load_id}, -{self.load_id})"
        con.execute(
            "create or replace temp table unsound as select rowid as row, "
            f"rowid - (select min(rowid) from {new}) as place from {new} and (load_id < 0 or {held(broken)})"
        )
        places = con.execute("select place from unsound order by place").fetchnumpy()["place"]
        con.execute(f"delete from {self._table} where rowid in (select row from unsound)")
        return np.asarray(places, np.int64)

    def leave_out_erased(self) -> None:
        """Take out the rows that are about nothing but a buyer who was erased; they count as skipped."""
        for column in (column.name for column in self._contract.columns if column.personal and column.required):
            self.erased += count(self._con, f"delete from {self._new} and {is_erased(column)}")

    @property
    def records(self) -> dict[str, int]:
        """The records of the file by what became of them, as in audit.load; a row is one unless a profile made it."""
        profiled, rows = self._opened.profiled, self._opened.rows
        read, skipped = (profiled.rows, profiled.skipped) if profiled else (rows, 0)
        skipped += self.erased
        aside = count(self._con, f"select count(*) from ({self._aside()})", self._named) if self._is_faulty else 0
        if profiled and aside < profiled.faulty + self.quarantined:
            raise FileError(
                f"has {self.quarantined:,} rows at fault, behind which are {aside - profiled.faulty:,} of its lines; "
                "either the row of `difference` breaks the contract, or the program is at fault: report it"
            )
        loaded = read - skipped - aside
        return {"rows_read": read, "rows_loaded": loaded, "rows_quarantined": aside, "rows_skipped": skipped}

    @property
    def _is_faulty(self) -> bool:
        return bool(self.quarantined or (self._opened.profiled and self._opened.profiled.faulty))

    @property
    def _named(self) -> dict[str, Any]:
        """Columns and reasons of the faults, for the query of those at fault."""
        if not self.quarantined:
            return {}
        faults, profiled = self._faults, self._opened.profiled
        origins = profiled.origins if profiled else {}
        return {
            "columns": [origins.get(fault.column, fault.column) for fault in faults],
            "reasons": [fault.reason for fault in faults],
        }

    def _aside(self) -> str:
        """SQL of the records at fault: line, column_name, raw_text, reason."""
        profiled, parts = self._opened.profiled, []
        if self.quarantined:
            raw, joined = "row.raw", ""
            line = "source.line" if profiled else "row.line"
            if self._raw:
                raw, joined = "text.raw", f"join {self._raw} as text on text.line = {line}"
            if profiled:  # every record that the row was made of
                raw = "concat_ws(', ', nullif(text.raw, ''), nullif(row.raw, ''))"
                joined = f"join ({profiled.sources}) as source on source.first_line = row.line {joined}"
            for person in (f"row.person_{field}" for field in self._persons):
                raw = (
                    f"case when row.fault = {BROKEN} then {literal(UNSHOWN)} when strlen({person}) > {SHORT} "
                    f"then replace({raw}, {person}, {literal(HIDDEN)}) else {raw} end"
                )
            parts.append(
                f"""select {line} as line, nullif($columns[row.fault + 1], '') as column_name,
                    {hidden(raw)} as raw_text,
                    if(row.fault = {BROKEN}, row.broken, $reasons[row.fault + 1]) as reason
                from {self._judged} as row {joined}
                where row.fault > 0"""
            )
        if profiled and profiled.faulty:
            parts.append(profiled.faults)
        return " union all ".join(parts)

    def set_aside(self, ledger: Ledger, file: str, content_hash: str) -> None:
        """Put the records at fault into quarantine. Raises FileError when they are too many."""
        if not self._is_faulty:
            return
        counts = self.records
        rows, aside = counts["rows_read"] - counts["rows_skipped"], counts["rows_quarantined"]
        if aside > self._limits.bad_share * rows:
            found = self._con.execute(
                f"select column_name, reason, count(*), min(line) from ({self._aside()}) "
                "group by all order by 3 desc, 4, 1, 2 limit 3",
                self._named,
            ).fetchall()
            most = "; ".join(
                f"{number:,} x {' '.join(filter(None, (column, reason)))} (first in line {line:,})"
                for column, reason, number, line in found
            )
            share = f"{aside:,} of {rows:,} rows, more than {self._limits.bad_share:.0%}"
            raise FileError(f"breaks its contract in {share}: {most}")
        ledger.set_aside(
            self._aside(),
            file=file,
            content_hash=content_hash,
            now=self._limits.now,
            table=self._table,
            values=self._named,
        )

    def _rules(self, scan: Scan) -> RowRules:
        own_form = self._opened.profiled is None
        return check(self._contract, self._fields(scan), self._limits, self._grouped, own_form=own_form)

    def _fields(self, scan: Scan) -> dict[str, tuple[str, str]]:
        return {name: (f"f{n}", scan.types[n]) for n, name in enumerate(self._opened.columns)}

    def _look_at_names(self) -> None:
        """Count the rows whose names were not in their canonical form.

        Raises FileError where a spreadsheet rounded the identifiers of a column.
        """
        free = [c for c in self._contract.columns if c.type == "varchar" and not (c.known_in or c.words)]
        names = [c.name for c in free if not c.personal]
        others = " or ".join(f"strlen({name}) <> length({name})" for name in names)
        letters = "false" if self._opened.is_ascii else f"coalesce(bool_or({others}), false)"
        asked = f"select {letters}, {', '.join(map(rounded, names))} from {self._new}"
        has_letters, *found = self._con.execute(asked).fetchall()[0]
        if self._persons and self._opened.rows <= SHEET:
            persons = (rounded(f"{person}::varchar") for person in self._persons)
            names = [*names, *(c.name for c in self._contract.columns if c.personal and c.name in self._opened.columns)]
            found += self._row(f"select {', '.join(persons)} from {self._opened.strict.sql}")
        scan = self._opened.strict if self._opened.few else self._opened.quick or self._opened.strict
        fields = self._fields(scan)
        texts = [fields[name][0] for name in names if fields.get(name, ("", ""))[1] == "varchar"]
        if has_letters and texts:
            others = " or ".join(f"{text} <> nfc_normalize({text})" for text in texts)
            self.composed = self._read(f"select count(*) from {scan.sql} where {others}")
        if spoiled := [name for name, is_rounded in zip(names, found, strict=True) if is_rounded]:
            raise FileError(
                f"has long numbers in {', '.join(spoiled)} that all end in zeros after the fifteenth digit, as a "
                "spreadsheet leaves them; export it again and do not open it in a spreadsheet"
            )

    def _grouped_columns(self, rows: str, digits: Callable[[str], Mapping[int, str]]) -> frozenset[str]:
        """The columns of amounts in which three digits after the point may be thousands."""
        fields = self._fields(self._opened.strict)
        names = [c.name for c in self._contract.columns if c.type in AMOUNTS and c.name in fields]
        asked = (grouped_by(digits(name if digits is digits_of_values else fields[name][0])) for name in names)
        if not names:
            return frozenset()
        found = self._row(f"select {', '.join(asked)} from {rows}")
        return frozenset(name for name, is_grouped in zip(names, found, strict=True) if is_grouped)

    def _insert(self, rows: str, extra: str, load_id: str = "", order: str = ANY_ORDER) -> int:
        """Insert rows with the contract's columns; how many they are.

        In any order unless their order is asked for later: the table has none, and DuckDB need not hold back what it
        has read. After an error the caller has to execute IN_ORDER, behind the end of the transaction.
        """
        self._con.execute(order)
        inserted = self._read(
            f"insert into {self._table} ({self._names}, extra, load_id, loaded_at) "
            f"select {self._names}, {extra}, {load_id or self.load_id}, $now from {rows}",
            {"now": self._limits.now},
        )
        self._con.execute(IN_ORDER)
        return inserted

    def _read(self, sql: str, values: Mapping[str, Any] | None = None) -> int:
        """Run a statement that reads the file; how many rows it wrote."""
        return int(self._row(sql, values)[0])

    def _row(self, sql: str, values: Mapping[str, Any] | None = None) -> tuple[Any, ...]:
        """The one row of a statement that reads the file. Raises ReaderError where DuckDB's reader fails on it."""
        try:
            (row,) = self._con.execute(sql, dict(values or {})).fetchall()
            return tuple(row)
        except DatabaseError as error:
            if NO_ROOM.search(str(error)):
                raise
            raise ReaderError(f"cannot be read ({str(error).splitlines()[0][:300]})") from error

    def _judge(self, strict: Scan, raw_texts: str | None, *, with_values: bool, may_repeat: bool) -> None:
        """Read the file or lines of it strictly: line, fault and raw text of every row at fault, or with all values.

        One reading writes everything to one file; the order of its rows gives the lines where each line is a row.
        """
        rules = self._rules(strict)
        values = f", {self._names}, {self._extra} as extra" if with_values else ""
        persons = "".join(f", {person}::varchar as person_{person}" for person in self._persons)
        raw = "raw" if may_repeat else "if(fault > 0, raw, null) as raw"
        rows = f"(select *, {rules.fault} as fault from {_typed(strict, rules)})"
        judged = f"select line, broken, fault, {raw}{persons}{values} from {rows}"
        self._read(f"copy ({judged}) to {self._verdicts} (format parquet)")
        verdicts = (
            f"(select * replace (coalesce(line, file_row_number + {self._opened.first_line}) as line) "
            f"from read_parquet({self._verdicts}, {OPTIONS}))"
        )
        repeated = "select null::bigint as line limit 0"
        if may_repeat:
            repeated = self._repeated(f"(select * from {verdicts} where fault = 0)")
        self._con.execute(f"create or replace temp table later as {repeated}")
        self._judged = (
            f"(select row.* replace (if(later.line is null, row.fault, {REPEATED}) as fault) "
            f"from {verdicts} as row left join later using (line))"
        )
        self._faults, self._raw = rules.faults, raw_texts
        self.quarantined = count(self._con, f"select count(*) from {self._judged} where fault > 0")
        if self.quarantined and (profiled := self._opened.profiled):
            self._raw = profiled.texts()

    def _repeated(self, rows: str) -> str:
        """A query for the lines of rows whose key an earlier row of the file has that stands."""
        loose = self._contract.loose
        repeated = f"""select line from {rows}
            join (
                select {self._grain}, min(line) as first_line from {rows} group by all having count(*) > 1
            ) using ({self._grain}) where line > first_line"""
        if not loose:
            return repeated
        # Behind a first row without a value no other stands; behind one with a value those with other values.
        return f"""{repeated} union select line from {rows}
            join (
                select {self._fixed}, min(line) as first_line, min(line) filter ({loose} is null) as empty_line
                from {rows} group by all having count(*) > 1
            ) using ({self._fixed}) where line > first_line and ({loose} is null or first_line = empty_line)"""

    def _broken(self, rules: RowRules) -> list[Condition]:
        """The rules that rows of the load break, in one statement: DuckDB skips blocks that cannot break one."""
        asked = " union all ".join(
            f"(select {number} from {self._new} and ({screen}) and ({rule.breaks}) limit 1)"
            for number, rule in enumerate(rules.rules)
            for screen in rule.screens or (rule.breaks,)
        )
        found = {number for (number,) in self._con.execute(asked).fetchall()}
        return [rules.rules[number] for number in sorted(found)]

    def _is_repeated(self) -> bool:
        """Whether rows of the load seem to have the same key, by runs of days where the key has a day.

        The keys of a run fit into a processor's cache, and several runs are counted in one statement.
        """
        day, rows, runs = self._contract.day, self._opened.rows, [""]
        if day in self._contract.grain and rows > PART:
            size = max(PART, rows // PARTS)
            found = self._con.execute(
                f"""select min(day), max(day) from (
                    select {day} as day, sum(count(*)) over (order by {day}) // {size} as run
                    from {self._new} and {day} is not null group by {day}) group by run"""
            ).fetchall()
            runs = [f" and {day} between '{first}' and '{last}'" for first, last in found]
        if loose := self._contract.loose:
            sides = [f"{self._new} and {loose} is {word}null" for word in ("", "not ")]
            if all(self._con.execute(f"select 1 from {side} limit 1").fetchall() for side in sides):
                empty, filled = (f"(select {self._fixed} from {side})" for side in sides)
                if self._con.execute(f"select 1 from {empty} join {filled} using ({self._fixed}) limit 1").fetchall():
                    return True
        question = f"select count(*) - count(distinct hash({self._grain})) as repeated from {self._new}"
        return any(
            count(self._con, f"select sum(repeated) from ({' union all '.join(question + run for run in part)})")
            for part in (runs[start : start + ASIDE] for start in range(0, len(runs), ASIDE))
        )


def _unread_lines(con: Connection) -> Places:
    """The numbers of the lines that the reader left out, in order, and no longer kept for the next file."""
    if not con.execute(f"select 1 from duckdb_tables() where temporary and table_name = '{UNREAD}'").fetchall():
        return np.empty(0, np.int64)
    lines = con.execute(f"select distinct line::bigint as line from {UNREAD} order by line").fetchnumpy()["line"]
    con.execute(f"drop table {UNREAD}; drop table {UNREAD_SCAN}")
    return np.asarray(lines, np.int64)


def _lines_of(places: Places, unread: Places, first_line: int) -> Places:
    """The lines of the rows at these places, which count those that were read; `unread` are the lines of the others."""
    before = unread - first_line - np.arange(len(unread))  # rows that were read before each
    return places + np.searchsorted(before, places, side="right") + first_line


def _typed(scan: Scan, rules: RowRules) -> str:
    """The rows of a scan with the contract's columns beside the fields."""
    return f"(select *, {', '.join(rules.values)} from {scan.sql})"
