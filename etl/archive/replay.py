"""Load deliveries again from the archive: those that the open database does not have, in the order of their numbers.

That is nothing, unless a load was killed between its file in the archive and its commit, or the database is an older
one, or empty. Each file is merged and recorded by the code that did so when it was delivered, with its load_id and its
time, so that tables, histories, loads and quarantine are as they were.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from etl.archive.files import (
    ASIDE,
    ArchivedFile,
    Prepared,
    archived_files,
    columns_of,
    keep,
    last_number,
    prepare,
    ranges,
    read_facts,
    rows_of,
    set_number,
    unknown,
)
from etl.config import Settings
from etl.contracts import CONTRACTS, contract_tables
from etl.errors import MendError
from etl.inbox.merge import Delivery, merge
from etl.ledger import Ledger, LoadRecord
from etl.warehouse import Connection, count, literal, transaction

INBOX = "inbox"
AUDIT = ("load", "quarantine")
FAULT = "line: line, column_name: column_name, raw_text: raw_text, reason: reason"
MANY = 20  # deliveries from which their loading is announced


@dataclass(frozen=True)
class CaughtUp:
    """How many files of the archive were loaded, and what of it is missing or damaged, as sentences."""

    loaded: int
    lost: tuple[str, ...]


def prepare_delivery(con: Connection, settings: Settings, delivery: Delivery) -> Prepared:
    """Write the file of a delivery whose rows are in its table and in quarantine, and not merged yet."""
    names = ", ".join(column.name for column in delivery.contract.columns)
    facts = {
        "kind": "loaded",
        "at": delivery.loaded_at.isoformat(),
        "file": delivery.file,
        "content_hash": delivery.content_hash,
        "contract": delivery.contract.name,
        "load_id": delivery.load_id,
        "told": delivery.told,
        "profile": delivery.profile,
        **{name: getattr(delivery, f"rows_{name}") for name in ("read", "loaded", "quarantined", "skipped")},
    }
    rows = f"select {names}, extra, null::{ASIDE} as aside from {delivery.new}"
    if delivery.rows_quarantined:
        rows += (
            f" union all by name select {{{FAULT}}} as aside from audit.quarantine "
            f"where source = '{INBOX}' and superseded_at is null and file = {literal(delivery.file)} "
            f"and content_hash = {literal(delivery.content_hash)}"
        )
    return prepare(con, settings, facts, rows)


def catch_up(
    con: Connection, settings: Settings, now: datetime, progress: Callable[[str], None] = lambda _: None
) -> CaughtUp:
    """Load what the archive has and the open database has not; what is missing in between stands refused from then on.

    A home whose deliveries are older than its archive gets them into it. Raises MendError for a file of a later
    version.
    """
    loaded, lost = 0, list[str]()
    for file in archived_files(settings, last_number(con)):
        before = last_number(con)
        if file.number > before + 1:
            lost.append(_miss(con, before + 1, file.number - 1, now))
        try:
            facts = read_facts(con, file)
        except MendError as error:
            if "is damaged" not in str(error):
                raise
            lost.append(_miss(con, file.number, file.number, now))
            continue
        with transaction(con):
            _apply(con, file, facts)
            set_number(con, file.number)
        loaded += 1
        if loaded % MANY == 0:
            progress(f"{loaded:,} deliveries loaded again from the archive")
    if not last_number(con) and count(con, f"select count(*) from audit.load where source = '{INBOX}'"):
        _keep_earlier(con, settings, now)
    return CaughtUp(loaded, tuple(lost))


def _apply(con: Connection, file: ArchivedFile, facts: dict[str, Any]) -> None:
    """Do what a file of the archive says, in the caller's transaction."""
    ledger, at = Ledger(con, INBOX), datetime.fromisoformat(facts.pop("at"))
    kind = facts.pop("kind")
    if kind == "loaded":
        _load(con, ledger, file, facts, at)
    elif kind == "skipped":
        record = LoadRecord(**facts["record"])
        ledger.supersede(record.file, at, content_hash=record.content_hash)
        ledger.record(record, at)
    elif kind == "refused":
        ledger.refuse(**facts, now=at)
    elif kind == "dismissed":
        ledger.dismiss(facts["file"], at)
    elif kind == "forgiven":
        ledger.forgive(facts["contents"], at)
    elif kind == "table":
        _bring_back(con, ledger, file, facts["table"])
    else:
        raise unknown(file, kind)


def _load(con: Connection, ledger: Ledger, file: ArchivedFile, facts: dict[str, Any], at: datetime) -> None:
    """Load the rows of a delivery."""
    contract = next((contract for contract in CONTRACTS if contract.name == facts["contract"]), None)
    if contract is None:
        raise unknown(file, facts["contract"])
    has = columns_of(con, file)
    if other := sorted(has.keys() - {column.name for column in contract.columns} - {"extra", "aside"}):
        raise unknown(file, ", ".join(other))
    values = ", ".join(
        f"{column.name if column.name in has else column.default}::{column.type} as {column.name}"
        for column in contract.columns
    )
    rows = count(
        con,
        f"insert into {contract.table} by name select {values}, extra, $load_id as load_id, $at as loaded_at "
        f"from {rows_of(file)} where aside is null",
        {"load_id": facts["load_id"], "at": at},
    )
    ledger.supersede(facts["file"], at, content_hash=facts["content_hash"])
    if facts["quarantined"]:
        ledger.set_aside(
            f"select unnest(aside) from {rows_of(file)} where aside is not null",
            file=facts["file"],
            content_hash=facts["content_hash"],
            now=at,
            table=contract.table,
        )
    counts = {f"rows_{name}": facts[name] for name in ("read", "loaded", "quarantined", "skipped")}
    told, profile = tuple(facts["told"]), facts["profile"]
    named = facts["file"], facts["content_hash"], contract, facts["load_id"], at
    merge(con, ledger, Delivery(*named, rows=rows, told=told, profile=profile, **counts))


def _bring_back(con: Connection, ledger: Ledger, file: ArchivedFile, table: str) -> None:
    """Give a table the rows that it had when the archive was begun."""
    schema, _, name = table.partition(".")
    rows = f"select * exclude (aside) from {rows_of(file)}"
    if schema == "audit":
        ledger.bring_back(name, rows)
        return
    if table not in contract_tables():
        raise unknown(file, table)
    con.execute(f"delete from {table}")
    con.execute(f"insert into {table} by name {rows}")


def _keep_earlier(con: Connection, settings: Settings, now: datetime) -> None:
    """Begin the archive of a home that has deliveries: its tables as they are.

    They can be loaded again and again: a kill before the commit leaves files with the rows that are here.
    """
    tables = [*contract_tables(), *(f"audit.{table}" for table in AUDIT)]
    with transaction(con):
        for table in tables:
            condition = f"source = '{INBOX}'" if table.startswith("audit") else "true"
            if con.execute(f"select 1 from {table} where {condition} limit 1").fetchall():
                rows = f"select *, null::{ASIDE} as aside from {table} where {condition} order by rowid"
                keep(con, settings, {"kind": "table", "at": now.isoformat(), "table": table}, rows)


def _miss(con: Connection, first: int, last: int, now: datetime) -> str:
    """Note in the ledger that files of the archive are not there, or not as they were written; a sentence."""
    which = ranges(range(first, last + 1))
    name = f"delivery {which} of the archive"
    reason = (
        "is missing or damaged: its rows are in no table. Deliver the file again, or bring the folder archive/ back "
        f"from a backup and move build/ aside; then `warehouse inbox dismiss '{name}'`"
    )
    with transaction(con):
        Ledger(con, INBOX).refuse(file=name, content_hash=name, reason=reason, now=now)
        set_number(con, last)
    return f"{name} {reason}"
