"""A build database of an older version is brought up to date when it is opened, and loses nothing.

tests/data/home_8ed5de8 is a small home as the version of that commit left it: its tables as SQL, and the
reference files that it had read from data/published.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from etl import warehouse
from etl.buyers import KEY_FILE, LENGTH
from etl.config import ROOT, Settings, load_settings
from etl.contracts import FX_RATE, ORDER_EVENT, PLATFORM_METRIC_DAILY, Column, contract_tables
from etl.errors import MendError
from etl.inbox.load import load_inbox
from etl.ledger import Ledger
from etl.reference.load import load_reference
from etl.warehouse import (
    Connection,
    DatabaseError,
    before_upgrade,
    create_database,
    kept_tables,
    memory,
    open_build,
    tables_of,
)
from tests.support.building import build_all

pytestmark = pytest.mark.slow

OLD = ROOT / "tests" / "data" / "home_8ed5de8"
NOW = datetime(2026, 6, 1, tzinfo=UTC)
MADE = ("core.observation", "marts.cac_trend")
Rows = list[dict[str, Any]]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The settings of the old home, whose reference files are in data/reference now."""
    folder = tmp_path / "data" / "reference"
    folder.mkdir(parents=True)
    for path in OLD.glob("*.csv"):
        shutil.copy(path, folder)
    found = load_settings({}, tmp_path)
    con = create_database(found.build_db)
    con.execute((OLD / "home.sql").read_text(encoding="utf-8"))
    con.close()
    return found


def plain(settings: Settings, work: Callable[[Connection], Any]) -> Any:
    """What `work` finds in the build database as it is, not brought up to date."""
    con = create_database(settings.build_db)
    try:
        return work(con)
    finally:
        con.close()


def contents(con: Connection) -> dict[str, Rows]:
    """Every row by column, by table."""
    tables = con.execute("select schema_name || '.' || table_name from duckdb_tables() order by 1").fetchall()
    return {name: rows(con, name) for (name,) in tables if name != "raw.bookkeeping"}


def rows(con: Connection, table: str) -> Rows:
    found = con.execute(f"select * from {table} order by rowid")
    names = [column[0] for column in found.description or []]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def in_utc(value: Any) -> Any:
    """A time with a zone as the time in UTC that is kept now; any other value as it is."""
    return value.astimezone(UTC).replace(tzinfo=None) if isinstance(value, datetime) and value.tzinfo else value


def as_named_now(table: str, row: dict[str, Any]) -> dict[str, Any]:
    """A row of the old home as it is expected now."""
    if table in kept_tables():
        row = {name: in_utc(value) for name, value in row.items()}
    if table.startswith("audit.") and row.get("source") == "published":
        row = row | {"source": "reference"}
    if row.get("table_name") == "raw.published_row":
        row = row | {"table_name": "raw.reference_row"}
    if str(row.get("file", "")).startswith("data/published/"):
        row = row | {"file": row["file"].replace("data/published/", "data/reference/")}
    _, columns = contract_tables().get(table, ("", ()))
    row = {column.name: "" if column.default == "''" else None for column in columns if column.name not in row} | row
    added: dict[str, dict[str, None]] = {
        "audit.quarantine": {"table_name": None},
        "audit.load": {"rows_skipped": None, "profile": None},
        "audit.expectation_result": {"place": None, "number": None},
        "audit.publication": {"unexplained_rows": None, "reasons_problem": None},
    }
    return row | added.get(table, {})


def assert_same_rows(before: dict[str, Rows], after: dict[str, Rows]) -> None:
    """The home has the rows that it had, as they are named now, and tables that are new are empty."""
    new = {table: found for table, found in after.items() if table not in before}
    assert new.keys() <= kept_tables().keys()
    assert not any(new.values())
    kept = {table: found for table, found in after.items() if table in before}
    assert kept == {table: [as_named_now(table, row) for row in found] for table, found in before.items()}


def test_an_older_home_keeps_every_row(settings: Settings) -> None:
    before = plain(settings, contents)
    with open_build(settings) as con:
        after = contents(con)
    before["raw.reference_row"] = before.pop("raw.published_row")
    assert [table for table, found in before.items() if not found and not table.startswith(("raw", "core"))] == []
    assert_same_rows(before, after)


def test_an_upgrade_that_is_killed_before_it_is_checkpointed_is_whole_at_the_next_opening(settings: Settings) -> None:
    before = plain(settings, contents)
    child = os.fork()
    if not child:
        with open_build(settings):
            os.kill(os.getpid(), signal.SIGKILL)  # what was committed lies in the log alone
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    with open_build(settings) as con:
        after = contents(con)
    before["raw.reference_row"] = before.pop("raw.published_row")
    assert_same_rows(before, after)


def test_rows_without_a_load_number_get_that_of_the_load_of_their_file(settings: Settings) -> None:
    """As homes had them before 2026-11-26: each row with file, SHA-256 and line, and no number of a load."""
    tables = [
        table
        for contract in ("platform_metric_daily", "partner_target", "order_event", "fx_rate")
        for table in (f"core.{contract}", f"raw.{contract}_history")
    ]

    def set_back(con: Connection) -> list[tuple[Any, ...]]:
        expected = con.execute("select platform, date, load_id from core.platform_metric_daily order by all").fetchall()
        for table in tables:
            con.execute(
                f"create table early as select t.* exclude (load_id), l.file, l.content_hash, 2::bigint as line "
                f"from {table} as t left join audit.load as l using (load_id)"
            )
            con.execute(f"create or replace table {table} as from early; drop table early")
        con.execute("alter table audit.load drop column load_id")
        return expected

    expected = plain(settings, set_back)
    with open_build(settings) as con:
        found = con.execute("select platform, date, load_id from core.platform_metric_daily order by all").fetchall()
        loads = con.execute("select load_id, content_hash from audit.load where load_id is not null").fetchall()
        assert [row[:2] for row in found] == [row[:2] for row in expected] and len(found) > 1
        assert {row[2] for row in found} <= {number for number, _ in loads} and None not in {row[2] for row in found}
        assert Ledger(con, "inbox").next_load_id() == max(number for number, _ in loads) + 1
    assert before_upgrade(settings.build_db).exists() is False  # it had identifiers in plain text


def test_the_database_is_copied_before_an_upgrade_and_only_then(settings: Settings) -> None:
    with open_build(settings) as con:
        con.execute("alter table audit.load drop column profile")
        con.execute("delete from raw.bookkeeping")
        rows = con.execute("select count(*) from audit.load").fetchall()
    with open_build(settings):
        pass
    copy = before_upgrade(settings.build_db)
    with create_database(copy) as con:
        assert con.execute("select count(*) from audit.load").fetchall() == rows
        assert "profile" not in [name for name, *_ in con.execute("describe audit.load").fetchall()]
    copy.unlink()
    with open_build(settings) as con:
        con.execute("delete from raw.bookkeeping")  # another text of a comment or macro
    with open_build(settings):
        pass
    assert not copy.exists()


def test_an_upgrade_without_room_for_its_copy_changes_nothing(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = plain(settings, contents)

    def full(source: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(warehouse, "copy_open_file", full)
    with pytest.raises(MendError, match="could not be copied before its upgrade"), open_build(settings):
        pass
    assert plain(settings, contents) == before


def test_an_older_home_gives_the_same_figures(settings: Settings) -> None:
    before = plain(settings, lambda con: {table: rows(con, table) for table in MADE})
    with open_build(settings) as con:
        assert Ledger(con, "inbox").next_load_id() == 4
        assert not load_reference(con, settings, NOW).changed
        build_all(con, check=lambda *_: [])
        for table, wanted in before.items():
            # flags say more now; the figures and days that they speak of stay
            names = [name for name in wanted[0] if name != "flags"]
            found = con.execute(f"select {', '.join(names)} from {table}").fetchall()
            assert sorted(map(str, found)) == sorted(str(tuple(in_utc(row[name]) for name in names)) for row in wanted)


def test_rows_of_an_older_home_count_until_a_new_file_restates_them(settings: Settings) -> None:
    """They have no account; a file with accounts adds up with them, and one of their key replaces them."""
    name, history = PLATFORM_METRIC_DAILY.table, PLATFORM_METRIC_DAILY.history
    kept = f"select date::varchar, account, orders, marketing_spend::varchar from {name} order by all"
    with open_build(settings) as con:
        load_reference(con, settings, NOW)
        build_all(con, check=lambda *_: [])
        assert con.execute(kept).fetchall() == [("2025-05-01", "", 10, None), ("2025-05-02", "", 12, None)]
        header = "platform,date,account,currency,orders,marketing_spend\n"
        for number, row in enumerate(("pdd,2025-05-02,second,USD,,2.000001", "pdd,2025-05-02,,CNY,13,0.000001")):
            (settings.inbox / f"{number}.csv").write_text(f"{header}{row}\n", encoding="utf-8")
            assert [load.status for load in load_inbox(con, settings, NOW)] == ["loaded"]
        restated = ("2025-05-02", "", 13, "0.000001"), ("2025-05-02", "second", None, "2.000001")
        assert con.execute(kept).fetchall() == [("2025-05-01", "", 10, None), *restated]
        replaced = f"select date::varchar, account, orders from {history} order by all"
        assert con.execute(replaced).fetchall() == [("2025-05-02", "", 11), ("2025-05-02", "", 12)]


def test_buyers_of_an_older_home_are_kept_as_hashes_only(settings: Settings) -> None:
    """Also in what the file had of them: nothing of an address is left in any byte of the database."""
    order = "'o1', '2025-05-01', 'pdd', '', '', 'Marked.Buyer@mail.example', 1, 'CNY', 'placed', false"
    names = (
        "event_id, event_time, platform, channel, partnership_id, buyer_id_hash, amount, currency, status, is_simulated"
    )

    def deliver(con: Connection) -> None:
        for table in (ORDER_EVENT.table, ORDER_EVENT.history):
            con.execute(f"insert into {table} ({names}, extra) values ({order}, map {{'mail': 'b@mail.example'}})")
        con.execute("insert into audit.quarantine (source, line, raw_text) values ('inbox', 2, 'o2,c@mail.example')")
        con.execute("checkpoint")

    plain(settings, deliver)
    assert b"mail.example" in settings.build_db.read_bytes()
    with open_build(settings) as con:
        key = (settings.home / KEY_FILE).read_text()
        wanted = sha256(f"{key}marked.buyer@mail.example".encode()).hexdigest()[:LENGTH]
        for table in (ORDER_EVENT.table, ORDER_EVENT.history):
            found = con.execute(f"select buyer_id_hash, extra from {table} where event_id = 'o1'").fetchall()
            assert found == [(wanted, {"mail": "(address)"})]
    for path in settings.home.rglob("*"):
        assert not path.is_file() or b"mail.example" not in path.read_bytes(), path
    with open_build(settings) as con:
        assert con.execute(f"select buyer_id_hash from {ORDER_EVENT.table} where event_id = 'o1'").fetchall() == [
            (wanted,)
        ]


def test_spend_that_has_no_room_to_a_millionth_is_kept_as_text(settings: Settings) -> None:
    for table in (PLATFORM_METRIC_DAILY.table, PLATFORM_METRIC_DAILY.history):
        plain(settings, lambda con, table=table: con.execute(f"update {table} set marketing_spend = 1234567890123.45"))
    with open_build(settings) as con:
        for table in (PLATFORM_METRIC_DAILY.table, PLATFORM_METRIC_DAILY.history):
            for row in rows(con, table):
                assert row["marketing_spend"] is None
                assert row["extra"]["marketing_spend"] == "1234567890123.4500"


# Ends the process before the statement of a number, as a kill would.
KILLED = """
import os, sys
from etl import warehouse
from etl.config import load_settings
from pathlib import Path

class Killed:
    def __init__(self, con, left):
        self.con, self.left = con, left

    def __getattr__(self, name):
        return getattr(self.con, name)

    def execute(self, sql, *values):
        for statement in self.con.extract_statements(sql):
            if self.left == 0:
                os._exit(9)
            self.left -= 1
            found = self.con.execute(statement, *values)
        return found

create = warehouse.create_database
warehouse.create_database = lambda path: Killed(create(path), int(sys.argv[2]))
with warehouse.open_build(load_settings({}, Path(sys.argv[1]))):
    pass
"""


def test_an_older_home_is_migrated_though_the_process_is_killed(settings: Settings) -> None:
    """After each statement of the migration and after some of those that follow it, again and again."""
    before = plain(settings, contents)
    codes = []
    for left in (*range(3, 24), 60, 200):
        command = [sys.executable, "-c", KILLED, str(settings.root), str(left)]
        done = subprocess.run(command, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False)
        codes.append(done.returncode)
    assert codes == [9] * len(codes)
    with open_build(settings) as con:
        after = contents(con)
    before["raw.reference_row"] = before.pop("raw.published_row")
    assert_same_rows(before, after)


@pytest.mark.parametrize("offset", [0, 300_000], ids=["header", "block"])
def test_a_damaged_build_database_is_named_with_a_way_out(tmp_path: Path, offset: int) -> None:
    settings = load_settings({"WAREHOUSE_HOME": str(tmp_path)})
    with open_build(settings) as con:
        con.execute("create table core.big as select i, hash(i) as h from range(300000) as r(i)")
    with settings.build_db.open("r+b") as file:
        file.seek(offset)
        file.write(b"\xff" * (600_000 if offset else 4096))
    with pytest.raises(MendError, match=r"the build database \S+ is damaged .* run `make refresh`"):  # noqa: SIM117
        with open_build(settings) as con:
            con.execute("select sum(h) from core.big").fetchall()


def test_another_damaged_file_is_not_taken_for_the_build_database(tmp_path: Path) -> None:
    other = tmp_path / "other.duckdb"
    other.write_text("no database", encoding="utf-8")
    with pytest.raises(DatabaseError, match="not a valid DuckDB database"):  # noqa: SIM117
        with open_build(load_settings({"WAREHOUSE_HOME": str(tmp_path)})) as con:
            con.execute(f"attach '{other}'")


def test_a_migrated_home_has_the_tables_of_a_new_one(settings: Settings) -> None:
    described = (
        "select schema_name, table_name, column_name, data_type, c.comment, t.comment, column_default "
        "from duckdb_columns() as c join duckdb_tables() as t using (database_name, schema_name, table_name) "
        "where schema_name || '.' || table_name in (select unnest(?::varchar[])) order by all"
    )
    kept = list(kept_tables())
    with open_build(settings) as con:
        assert con.execute(described, [kept]).fetchall() == memory().execute(described, [kept]).fetchall()


def without(*columns: Column) -> Callable[[Connection], None]:
    """Take columns from the delivered tables, as if the contract had got them later."""

    def work(con: Connection) -> None:
        con.execute("delete from raw.bookkeeping")
        for table in (PLATFORM_METRIC_DAILY.table, PLATFORM_METRIC_DAILY.history):
            for column in columns:
                con.execute(f"alter table {table} drop column {column.name}")

    return work


def test_a_home_gets_a_new_column_of_a_contract(settings: Settings) -> None:
    """Old rows have its default; a row that is delivered then has its value, and the older one is in the history."""
    added = [PLATFORM_METRIC_DAILY.column(name) for name in ("channel", "marketing_spend")]
    with open_build(settings) as con:
        before = contents(con)
    plain(settings, without(*added))
    with open_build(settings) as con:
        for table, found in contents(con).items():
            names = list(found[0]) if found else []
            assert found == [{name: row[name] for name in names} for row in before[table]]
            assert all(set(row) == set(before[table][0]) for row in found)
        assert {row["channel"] for row in rows(con, PLATFORM_METRIC_DAILY.table)} == {""}


def test_a_column_that_is_unknown_is_refused_and_kept(settings: Settings) -> None:
    with open_build(settings) as con:
        con.execute("alter table core.fx_rate add column spread double")
        con.execute("update core.fx_rate set spread = 0.5")
        con.execute("alter table raw.fx_rate_history add column spread double")
        con.execute("delete from raw.bookkeeping")
    with pytest.raises(MendError, match=r"core\.fx_rate has rows with spread.*sql/migrations"), open_build(settings):
        pass
    assert plain(settings, lambda con: rows(con, FX_RATE.table))[0]["spread"] == 0.5
    plain(settings, lambda con: con.execute("delete from core.fx_rate"))
    with open_build(settings) as con:  # without rows there is nothing to lose
        names = [column.name for column in contract_tables()[FX_RATE.table][1]]
        assert [row[0] for row in con.execute("describe core.fx_rate").fetchall()] == names


def test_a_new_column_that_no_row_may_leave_empty_is_refused(settings: Settings) -> None:
    with open_build(settings):
        pass
    plain(settings, without(PLATFORM_METRIC_DAILY.column("platform")))
    message = r"core\.platform_metric_daily has rows without platform.*give it a default"
    with pytest.raises(MendError, match=message), open_build(settings):
        pass


@pytest.mark.parametrize(
    "text",
    [
        "create table raw.thing (\n    a integer -- it\n)\n",
        "-- A thing.\ncreate table raw.other (\n    a integer -- it\n)\n",
        "-- A thing.\ncreate table raw.thing (\n    a integer, -- it\n    b integer\n)\n",
        "-- A thing.\nselect 1\n",
    ],
    ids=["without a description", "another name", "a column without a comment", "another statement"],
)
def test_a_kept_table_is_described(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "thing.sql").write_text(text)
    monkeypatch.setattr("etl.warehouse.SQL", tmp_path)
    with pytest.raises(MendError, match=r"thing\.sql: write `-- what a row is`"):
        tables_of.__wrapped__("raw")
