"""Erase a buyer: the hash of an identifier and what it links, wherever the home has it; orders stay, without a buyer.

The tombstone is written first (begin). From then on every file that is read leaves the buyer out, and every run does
first what is left (go_on): rows, archive and remote files, then the database is copied into a new file, because freed
blocks keep their bytes, then snapshots and copies. Each step can be done again, so a kill at any moment is made good by
the next run, and so is the restore of a backup that is older than the erasure.

Who belongs to a tombstone is told by the hashes that are there; only the files of remote sources and lines in
quarantine are searched for the identifier itself, and what is found is kept beside the tombstone for a later restore.
Source: Regulation (EU) 2016/679, Article 17.
"""

from __future__ import annotations

import gzip
import hashlib
import html
import json
import os
import re
import secrets
import shutil
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from pathlib import Path

from etl.archive.copy import renew_copy
from etl.archive.files import ArchivedFile, all_files, columns_of, keep, rewrite, rows_of
from etl.backup.stage import remove_left_stage
from etl.buyers import Entry, Erased, hashed, is_erased, know_buyers, read_erased, tombstone, write_erased
from etl.config import Settings
from etl.contracts import CONTRACTS, PERIOD_END, Contract
from etl.daily.mark import make_due
from etl.errors import MendError
from etl.ledger import Ledger, LoadRecord
from etl.warehouse import (
    Connection,
    DatabaseError,
    LostError,
    attached,
    before_upgrade,
    count,
    literal,
    memory,
    open_build,
    sql_path,
    transaction,
    write_anew_when_opened,
)
from etl.whole import write_whole

INBOX, EMPTIED_FILE = "inbox", "(erased)"
REMOTE = ("s3", "postgres")  # folders of the inbox with copies of what lies elsewhere
SHORTEST = 4  # a shorter identifier would be found everywhere in a text
EMPTIED = b"The warehouse emptied this file: it named a buyer who was erased.\n"
EMPTIED_WORDS = "in the place of files of remote sources that named a buyer who was erased; nothing is loaded of it"
UNSHOWN = "(not shown: this line named a buyer who was erased)"
# The columns with hashes of buyers, those of delivered tables and those of what is made from them.
BUYERS = ["buyer_id_hash", "same_as", "counts_as_hash"]
# A text in quarantine with the hash of an erased buyer: a loaded row that was taken back stands there with it.
QUOTES = f"len(list_filter(regexp_extract_all(raw_text, '[0-9a-f]{{32}}'), lambda h: {is_erased('h')})) > 0"


def begin(settings: Settings, identifier: str, now: datetime) -> Entry:
    """Write the tombstone of a buyer: from now on files are read without the buyer, and the next opening erases.

    Raises MendError for a text that can be no identifier.
    """
    text = identifier.strip()
    if len(text) < SHORTEST:
        raise MendError(f"an identifier of {len(text)} characters would be found everywhere: nothing was erased")
    erased = read_erased(settings.home) or Erased(secrets.token_hex(32))
    with memory() as con:
        know_buyers(con, settings.home)
        con.execute("set variable erased_key = ?", [erased.key])
        ((mark,),) = con.execute(f"select {tombstone(hashed('$text'))}", {"text": text}).fetchall()
    before = {entry.tombstone: entry for entry in erased.entries}
    at = now.astimezone(UTC).isoformat(timespec="seconds")
    entry = replace(before.get(mark, Entry(mark, at)), identifier=text, is_finished=False)
    write_erased(settings.home, replace(erased, entries=tuple((before | {mark: entry}).values())))
    return entry


def go_on(settings: Settings) -> None:
    """Do what is left of an erasure; nothing where none is unfinished, or the build database is lost.

    Raises MendError and RetryError as open_build does, OSError.
    """
    erased = read_erased(settings.home)
    if erased is None or erased.is_finished or not settings.build_db.exists():
        return
    try:
        with open_build(settings) as con:
            write_anew_when_opened(settings.build_db)
            _erase(con, settings, erased)
        with open_build(settings) as con:
            _finish(con, settings)
    except LostError:
        return  # it is recovered first, and the run after that goes on


def _erase(con: Connection, settings: Settings, erased: Erased) -> None:
    """Take the buyers whose erasure is not finished out of the open build database, archive and remote files."""
    erased = _found(con, settings, erased)
    write_erased(settings.home, erased)  # what is found of a buyer is known before it goes
    unfinished = [entry for entry in erased.entries if not entry.is_finished]
    places = {place for entry in unfinished for place in entry.lines}
    for file in list(all_files(settings)):
        _forget_in_archived(con, file, places)
    _empty_files(con, settings, {content for entry in unfinished for content in entry.files})
    with transaction(con):
        ledger = Ledger(con, INBOX)
        ledger.hide(QUOTES, UNSHOWN)
        for content, line in places:
            ledger.hide("content_hash = $content and line = $line", UNSHOWN, content=content, line=line)
        _forget_rows(con, settings)


def _finish(con: Connection, settings: Settings) -> None:
    """Remove what else of the home has the buyers, once the build database was written anew.

    The erasure stays unfinished while the served snapshot has them, a file of a remote source is not loaded yet, or a
    backup is under way: the next run looks again.
    """
    erased = read_erased(settings.home)
    if erased is None:
        return
    renew_copy(con, settings, datetime.now(UTC), always=True)
    # What a killed refresh or load left, and databases that could not be opened any more.
    for name in (f"{settings.build_db.name}.tmp", "inbox", "aside"):
        shutil.rmtree(settings.build_db.with_name(name), ignore_errors=True)
    before_upgrade(settings.build_db).unlink(missing_ok=True)
    for part in settings.archive_dir.glob("*/.*.part"):
        part.unlink()
    lines = {place for entry in erased.entries for place in entry.lines}
    files = {content for entry in erased.entries for content in entry.files}
    shutil.rmtree(settings.exchange_dir, ignore_errors=True)
    is_clean = remove_left_stage(settings) and not files & set(_remote_files(settings).values())
    kept = sorted(settings.snapshots_dir.glob("*.duckdb"))
    for path in [*kept, settings.serving_db]:
        if path.exists() and _tells(con, path, lines):
            if path.samefile(settings.serving_db):
                is_clean = False
            else:
                path.unlink()
    if is_clean:
        done = (replace(entry, identifier=None, is_finished=True) for entry in erased.entries)
        write_erased(settings.home, replace(erased, entries=tuple(done)))


def described(entry: Entry, delivered: Sequence[str]) -> Iterator[str]:
    """What became of an erasure, in lines for a terminal; the identifier is in none of them."""
    rows = ", ".join(f"{number:,} in {table}" for table, number in entry.rows.items() if number)
    yield f"Erased     rows with the buyer: {rows or 'none'}; orders stay, without a buyer"
    yield f"           {len(entry.files)} remote files emptied, {len(entry.lines)} lines in quarantine hidden"
    if not (rows or entry.files or entry.lines or delivered):
        yield "           nothing in this home names the buyer: look at the identifier, if there should be orders"
    for name in delivered:
        yield f"           still delivered: {name!r} names the buyer; remove it, or deliver it without"
    if not entry.is_finished:
        yield (
            "           not finished: the served snapshot, a remote file that is not loaded, or a backup that is being "
            "made has the buyer; the next run goes on, now: make daily"
        )
    else:
        yield "           now: make daily, which counts anew without the buyer"


def naming(con: Connection, files: Sequence[Path], entry: Entry) -> list[Path]:
    """Those of the files that name the buyer of an erasure that has just begun."""
    pattern = _pattern(entry.identifier or "")
    return [path for path in files if _names(con, path, pattern)]


def _found(con: Connection, settings: Settings, erased: Erased) -> Erased:
    """The unfinished entries with what names their buyers: rows by table, remote files, lines in quarantine."""
    rows: dict[str, int] = {}
    contents: set[str] = set()
    for contract, column in _personal():
        for table in (contract.table, contract.history):
            where = f"{table} where {is_erased(column)}"
            rows[table] = rows.get(table, 0) + count(con, f"select count(*) from {where}")
            loads = f"select content_hash from audit.load where load_id in (select load_id from {where})"
            contents |= {content for (content,) in con.execute(loads).fetchall()}
    remote = _remote_files(settings)

    def completed(entry: Entry) -> Entry:
        pattern = _pattern(entry.identifier) if entry.identifier else None
        named = {content for path, content in remote.items() if pattern and _names(con, path, pattern)}
        told = "line is not null and regexp_matches(raw_text, ?, 'i')"
        asked = f"select content_hash, line from audit.quarantine where {told}"
        lines = con.execute(asked, [pattern.pattern.decode()]).fetchall() if pattern else []
        return replace(
            entry,
            rows={table: max(number, entry.rows.get(table, 0)) for table, number in rows.items()},
            files=tuple(sorted({*entry.files, *named, *(contents & set(remote.values()))})),
            lines=tuple(sorted({*entry.lines, *lines})),
        )

    entries = (entry if entry.is_finished else completed(entry) for entry in erased.entries)
    return replace(erased, entries=tuple(entries))


def _personal() -> Iterator[tuple[Contract, str]]:
    """The columns of delivered tables that have the hash of a buyer."""
    for contract in CONTRACTS:
        for column in contract.columns:
            if column.personal:
                yield contract, column.name


def _forget_in_archived(con: Connection, file: ArchivedFile, places: set[tuple[str, int]]) -> None:
    """Write a file of the archive anew without the buyers, where it has them."""
    has, rows = columns_of(con, file), rows_of(file)
    named = [name for name in BUYERS if name in has]
    about = named if "same_as" in has else []  # a row that says nothing without the buyer
    lines = ", ".join(f"({literal(content)}, {line})" for content, line in sorted(places)) or "('', -1)"
    texts = {"raw_text": f"({QUOTES}) or (content_hash, line) in ({lines})"} if "raw_text" in has else {}
    aside = f"aside.line in ({', '.join(str(line) for content, line in places if content == file.content) or '-1'})"
    spoiled = " or ".join([*map(is_erased, named), *texts.values(), f"coalesce({aside}, false)"])
    if not con.execute(f"select 1 from {rows} where {spoiled} limit 1").fetchall():
        return
    columns = {name: f"if({is_erased(name)}, null, {name})" for name in named}
    columns |= {name: f"if({breaks}, {literal(UNSHOWN)}, {name})" for name, breaks in texts.items()}
    fields = "line: aside.line, column_name: aside.column_name, reason: aside.reason"
    columns["aside"] = f"if({aside}, {{raw_text: {literal(UNSHOWN)}, {fields}}}, aside)"
    rewrite(con, file, columns, where=" and ".join(f"not {is_erased(name)}" for name in about) or "true")


def _forget_rows(con: Connection, settings: Settings) -> None:
    """Take the buyers out of delivered tables, their histories and the tables made from them.

    A row that is about a buyer goes, another one stays without the buyer. Their days become due in the tables that are
    made from the delivered ones, and in those made from a daily table that is changed here: made again, it would find
    nothing changed any more.
    """
    from etl.models.graph import load_models  # imports SQLGlot, which an opening without an erasure does without

    models = load_models(settings.sql_dir)
    subjects = {model.name: set(model.grain) for model in models}
    dated = {model.name: model.daily for model in models if model.daily}
    for contract, column in _personal():
        first = f"{contract.day}::date"
        last = f"coalesce({PERIOD_END}, {first})" if PERIOD_END in {c.name for c in contract.columns} else first
        days: set[date] = set()
        for table in (contract.table, contract.history):
            subjects[table] = {c.name for c in contract.columns if c.required}
            where = f"{table} where {is_erased(column)}"
            days |= {
                day
                for (day,) in con.execute(
                    f"select distinct unnest(generate_series({first}, {last}, interval 1 day))::date from {where}"
                ).fetchall()
            }
        make_due(con, models, {contract.table, contract.history}, sorted(days))
    found = con.execute(
        "select schema_name || '.' || table_name, column_name from duckdb_columns() "
        "where database_name = current_database() and list_contains($buyers, column_name)",
        {"buyers": BUYERS},
    ).fetchall()
    for table, column in found:
        if table in dated:
            asked = f"select distinct {dated[table]} from {table} where {is_erased(column)} order by 1"
            make_due(con, models, {table}, [day for (day,) in con.execute(asked).fetchall()])
        if column in subjects.get(table, {column}):
            con.execute(f"delete from {table} where {is_erased(column)}")
        else:
            con.execute(f"update {table} set {column} = null where {is_erased(column)}")


def _remote_files(settings: Settings) -> dict[Path, str]:
    """The files that remote sources brought, with the hash by which the ledger knows them: that of their content."""
    found = (path for name in REMOTE for path in sorted((settings.inbox / name).glob("[!.]*")))
    return {path: _sha256(path) for path in found if path.is_file()}


def _empty_files(con: Connection, settings: Settings, contents: set[str]) -> None:
    """Put a sentence in the place of remote files that are loaded: their names still say that the source was read."""
    ledger, emptied = Ledger(con, INBOX), hashlib.sha256(EMPTIED).hexdigest()
    loaded = contents & set(ledger.contents())
    for path, content in _remote_files(settings).items():
        if content not in loaded:
            continue
        if emptied not in ledger.contents():
            record = LoadRecord(EMPTIED_FILE, emptied, 0, 0, 0, "loaded", message=EMPTIED_WORDS, rows_skipped=0)
            with transaction(con):
                now = datetime.now(UTC)
                ledger.record(record, now)
                keep(con, settings, {"kind": "skipped", "at": now.isoformat(), "record": asdict(record)})
        before = path.stat()
        write_whole(path, EMPTIED)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def _pattern(identifier: str) -> re.Pattern[bytes]:
    """The identifier as a word of its own, in any case, as it stands in a text, in JSON and in XML."""
    forms = {identifier, json.dumps(identifier)[1:-1], html.escape(identifier)}
    choice = "|".join(re.escape(form) for form in sorted(forms))
    return re.compile(rf"(?:^|[^0-9A-Za-z])(?:{choice})(?:$|[^0-9A-Za-z])".encode(), re.IGNORECASE)


def _names(con: Connection, path: Path, pattern: re.Pattern[bytes]) -> bool:
    """Whether a delivered file has a text, unpacked and decoded; true where that cannot be told."""
    try:
        with path.open("rb") as file:
            start = file.read(4)
        if start == b"PAR1":
            rows = (
                f"read_parquet({sql_path(path)}, hive_partitioning = false, hive_types_autocast = false, "
                "union_by_name = false, filename = false, binary_as_string = true, file_row_number = false)"
            )
            asked = f"select 1 from {rows} as t where regexp_matches(t::varchar, ?, 'i') limit 1"
            return bool(con.execute(asked, [pattern.pattern.decode()]).fetchall())
        if start == b"PK\x03\x04":
            with zipfile.ZipFile(path) as book:
                return any(pattern.search(book.read(name)) for name in book.namelist())
        with gzip.open(path) if start.startswith(b"\x1f\x8b") else path.open("rb") as text:
            return any(pattern.search(line) for line in text)
    except (DatabaseError, OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error):
        return True


def _tells(con: Connection, path: Path, lines: set[tuple[str, int]]) -> bool:
    """Whether a snapshot has the hash of an erased buyer or a line that names one.

    Tables about single buyers are in no snapshot but those of versions that knew no hashes: such a one tells.
    """
    try:
        with attached(con, path, "looked_at"):
            tables = con.execute(
                "select column_name from duckdb_columns() where database_name = 'looked_at' "
                "and list_contains($buyers, column_name)",
                {"buyers": BUYERS},
            ).fetchall()
            texts = con.execute(
                f"select content_hash, line, {QUOTES} "
                "from looked_at.audit.quarantine where raw_text is not null and raw_text <> $unshown",
                {"unshown": UNSHOWN},
            ).fetchall()
    except (MendError, DatabaseError):
        return True  # nobody can read it, or tell what is in it
    return bool(tables) or any(quotes or (content, line) in lines for content, line, quotes in texts)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
