"""A PostgreSQL table or query, from a real server on loopback: what is brought, and what is loaded of it."""

from __future__ import annotations

import json
import os
import pwd
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from etl.bounds import Bounds, RemoteRead
from etl.config import Settings, load_settings
from etl.daily.ingest import FetchResult, fetch_all, settle
from etl.errors import MendError, RetryError
from etl.inbox.load import load_inbox, replay
from etl.ledger import Ledger
from etl.remote import postgres
from etl.warehouse import Connection

pytestmark = pytest.mark.slow

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
SMALL = Bounds(seconds=60, idle=20, largest=100_000)


def run(dsn: str, *statements: str) -> None:
    """Execute statements in one transaction."""
    with psycopg.connect(dsn) as con:
        for statement in statements:
            con.execute(statement.encode())


def fetch(dsn: str, query: str, column: str | None, folder: Path, bounds: Bounds = SMALL) -> list[Path | str]:
    return list(postgres.fetch(dsn, query, column, folder, reading=RemoteRead(bounds)))


# --- What is brought ----------------------------------------------------------------------------------


@pytest.fixture
def metric(dsn: str) -> str:
    run(
        dsn,
        "drop table if exists metric",
        "create table metric (platform text, date date, gmv numeric, note text, changed_at timestamptz)",
        "insert into metric values ('jd', '2024-01-01', 1.10, null, '2024-01-02 08:00+08'), "
        "('jd', '2024-01-02', 2.20, 'a \"quoted\", one', '2024-01-03 08:00+08')",
    )
    return dsn


def test_a_table_is_copied_unchanged(metric: str, tmp_path: Path) -> None:
    (file,) = fetch(metric, "metric", None, tmp_path)
    assert isinstance(file, Path)
    assert file.read_text().splitlines() == [
        "platform,date,gmv,note,changed_at",
        "jd,2024-01-01,1.10,,2024-01-02 00:00:00+00",
        'jd,2024-01-02,2.20,"a ""quoted"", one",2024-01-03 00:00:00+00',
    ]
    assert fetch(metric, "metric", None, tmp_path) == [], "the same rows make no second file"


def test_the_query_cannot_write(metric: str, tmp_path: Path) -> None:
    for high_water in (None, "changed_at"):
        with pytest.raises(MendError, match=r"read-only|syntax error"):
            fetch(metric, "delete from metric returning *", high_water, tmp_path)
    (file,) = fetch(metric, "metric", None, tmp_path)
    assert isinstance(file, Path)
    assert len(file.read_text().splitlines()) == 3


@pytest.mark.parametrize("high_water", [None, "changed_at"])
@pytest.mark.parametrize("end", ["", ";", " ;\n", " -- to the end", "\n/* {} %s */"])
def test_a_query_may_end_as_queries_do(metric: str, tmp_path: Path, high_water: str | None, end: str) -> None:
    (file,) = fetch(metric, f"select * from metric where note is null{end}", high_water, tmp_path)
    assert isinstance(file, Path)
    assert len(file.read_text().splitlines()) == 2


def test_options_of_the_address_are_kept(metric: str, tmp_path: Path) -> None:
    run(metric, "drop schema if exists other cascade", "create schema other", "create table other.elsewhere (a int)")
    assert fetch(f"{metric} options='-c search_path=other'", "elsewhere", None, tmp_path) == []


@pytest.mark.parametrize(
    "address",
    [
        "host=127.0.0.1 port=1 user=u password=GEHEIM",
        "host=127.0.0.1 port=1 password=my GEHEIM dbname=x",
        "host=127.0.0.1 port=1 password='GEHEIM",
        "host=127.0.0.1 port=1 passwort=GEHEIM",
        "postgres//u:GEHEIM@127.0.0.1/x",
        "postgresql://u:GEHEIM@127.0.0.1:1/x",
        "postgresql://u:GEHEIM@GEHEIM@127.0.0.1:1/x",
        "postgresql://u:GEH/GEHEIM@127.0.0.1:1/x",
        "postgresql://u@127.0.0.1:1/x?password=GEHEIM",
        "postgresql://u@127.0.0.1:1/x?passwort=GEHEIM",
        "GEHEIM",
    ],
)
def test_messages_contain_no_password(tmp_path: Path, address: str) -> None:
    with pytest.raises(MendError) as raised:
        fetch(address, "metric", None, tmp_path)
    assert "WAREHOUSE_POSTGRES_DSN" in str(raised.value)
    chain: BaseException | None = raised.value
    while chain:
        assert "GEHEIM" not in str(chain)
        chain = chain.__cause__
    assert raised.value.__suppress_context__ or raised.value.__context__ is None


# --- What is loaded -----------------------------------------------------------------------------------


class Warehouse:
    """An inbox that is filled from the table `m`, by its column, and loaded; an hour passes each time."""

    def __init__(self, con: Connection, dsn: str, home: Path, column: str | None) -> None:
        env = {
            "WAREHOUSE_HOME": str(home),
            "WAREHOUSE_POSTGRES_DSN": dsn,
            "WAREHOUSE_POSTGRES_QUERY": "m",
            "WAREHOUSE_POSTGRES_HIGH_WATER": column or "",
        }
        self.con, self.dsn, self.settings, self.now = con, dsn, load_settings(env), START
        self.ledger = Ledger(con, "inbox")

    def fetch(self) -> FetchResult:
        settle(self.con, self.settings, self.now)
        (result,) = fetch_all(self.settings, self.ledger.contents())
        return result

    def load(self) -> FetchResult:
        """Fetch and load, as `daily` does."""
        self.now += timedelta(hours=1)
        result = self.fetch()
        load_inbox(self.con, self.settings, self.now, None, lambda _: None)
        settle(self.con, self.settings, self.now)
        assert result.problem == ""
        return result

    def rows(self) -> dict[tuple[str, str], object]:
        """The orders in the warehouse, by day and channel."""
        found = self.con.execute("select date::varchar, channel, orders from core.platform_metric_daily").fetchall()
        return {(day, channel): orders for day, channel, orders in found}

    def refusals(self) -> list[str]:
        return [reason for _, _, reason in self.ledger.refusals()]

    def quarantine(self) -> list[str]:
        query = "select reason from audit.quarantine where superseded_at is null"
        return [reason for (reason,) in self.con.execute(query).fetchall()]

    @property
    def state(self) -> Path:
        (path,) = (self.settings.inbox / "postgres").glob(".*.json")
        return path


COLUMNS = "platform text, date date, channel text, orders numeric"


@pytest.fixture
def empty(dsn: str, con: Connection, tmp_path: Path) -> Warehouse:
    """`m` without rows, with the column updated_at that a default fills."""
    run(dsn, "drop table if exists m", f"create table m ({COLUMNS}, updated_at timestamptz default now())")
    con.execute("create table core.platform as select 'shop'::varchar as platform")
    con.execute("create table core.partnership as select 'deal_1'::varchar as partnership_id")
    return Warehouse(con, dsn, tmp_path / "home", "updated_at")


def put(dsn: str, day: str, orders: object, channel: str = "c", updated: str = "default") -> None:
    run(dsn, f"insert into m values ('shop', '{day}', '{channel}', {orders}, {updated})")


@pytest.mark.parametrize("left", [0, 20])
def test_a_batch_whose_file_was_cut_short_comes_again(empty: Warehouse, dsn: str, left: int) -> None:
    """The case power_cut_sources: as an earlier version left it, which did not sync the file before its name."""
    put(dsn, "2024-01-01", 7)
    (path,) = empty.fetch().files
    path.write_bytes(path.read_bytes()[:left])
    empty.load()
    assert empty.rows() == {("2024-01-01", "c"): 7}
    assert empty.refusals() == []


def test_a_row_that_was_committed_after_a_poll_with_an_earlier_time_arrives(empty: Warehouse) -> None:
    with psycopg.connect(empty.dsn) as slow:
        slow.execute("insert into m values ('shop', '2025-05-01', 'slow job', 1)")  # begins first, commits last
        put(empty.dsn, "2025-05-02", 2, "quick job")
        empty.load()
        slow.commit()
    put(empty.dsn, "2025-05-10", 3, "quick job")
    empty.load()
    assert empty.rows() == {
        ("2025-05-01", "slow job"): 1,
        ("2025-05-02", "quick job"): 2,
        ("2025-05-10", "quick job"): 3,
    }


def test_a_late_commit_of_a_sequence_arrives(empty: Warehouse) -> None:
    run(empty.dsn, "drop table m", f"create table m ({COLUMNS}, id bigserial)")
    by_number = Warehouse(empty.con, empty.dsn, empty.settings.home, "id")
    with psycopg.connect(empty.dsn) as slow:
        slow.execute("insert into m values ('shop', '2025-05-01', 'slow job', 1)")
        put(empty.dsn, "2025-05-02", 2)
        by_number.load()
        slow.commit()
    by_number.load()
    assert len(by_number.rows()) == 2


def test_a_change_that_leaves_the_column_as_it_was_arrives(empty: Warehouse) -> None:
    put(empty.dsn, "2025-05-01", 1)
    empty.load()
    run(empty.dsn, "update m set orders = 5")
    empty.load()
    assert empty.rows() == {("2025-05-01", "c"): 5}
    assert empty.load().files == ()


def test_only_parts_that_differ_are_copied(empty: Warehouse) -> None:
    for day in (1, 2, 3):
        put(empty.dsn, f"2025-05-0{day}", day, updated=f"'2025-06-0{day}'")
    (first,) = empty.load().files
    run(empty.dsn, "update m set orders = 9 where date = '2025-05-02'")
    (second,) = empty.load().files
    assert [len(file.read_text().splitlines()) for file in (first, second)] == [4, 2]


def test_what_was_mended_after_a_refusal_comes_with_the_rest(empty: Warehouse) -> None:
    """2 of 7 rows are faulty, more than a fifth: the batch is refused whole."""
    for day in range(1, 8):
        put(empty.dsn, f"2025-05-0{day}", "1.5" if day < 3 else 10, updated=f"'2025-06-0{day}'")
    empty.load()
    assert (empty.rows(), len(empty.refusals())) == ({}, 1)
    assert empty.load().files == (), "the same refused rows make no new file"
    assert len(empty.refusals()) == 1
    run(empty.dsn, "update m set orders = 1 where date = '2025-05-01'")
    empty.load()
    assert (len(empty.rows()), empty.refusals()) == (6, []), "one faulty row of seven is quarantined"
    run(empty.dsn, "update m set orders = 1 where date = '2025-05-02'")
    empty.load()
    assert len(empty.rows()) == 7
    assert empty.quarantine() == []
    replay(empty.con, empty.settings, empty.now, (), lambda _: None)
    assert len(empty.rows()) == 7


@pytest.mark.parametrize("column", ["updated_at", "id", None])
def test_a_row_in_quarantine_is_over_when_it_is_mended_or_gone(empty: Warehouse, column: str | None) -> None:
    run(empty.dsn, "alter table m add note text", "alter table m add id bigint")
    source = Warehouse(empty.con, empty.dsn, empty.settings.home, column)
    for day in range(1, 10):
        values = f"'shop', '2025-05-0{day}', 'c', {day}, '2025-06-0{day} 23:59:59', 'two\nlines', {day * 10_000 - 1}"
        run(empty.dsn, f"insert into m values ({values})")
    run(empty.dsn, "update m set orders = orders + 0.5 where date = '2025-05-03'")
    source.load()
    assert len(source.quarantine()) == 1
    run(empty.dsn, "update m set orders = 50 where date = '2025-05-05'")
    source.load()
    assert len(source.quarantine()) == 1, "another part was mended"
    run(empty.dsn, "update m set orders = 3, updated_at = updated_at + interval '1 year' where date = '2025-05-03'")
    source.load()
    source.fetch()
    settle(source.con, source.settings, source.now)
    assert (source.quarantine(), len(source.rows())) == ([], 9)
    run(empty.dsn, "update m set orders = 4.5 where date = '2025-05-04'")
    source.load()
    assert len(source.quarantine()) == 1
    run(empty.dsn, "delete from m where date = '2025-05-04'")
    source.load()
    assert source.quarantine() == []


def test_a_refusal_ends_when_a_later_batch_is_loaded(empty: Warehouse) -> None:
    put(empty.dsn, "2025-05-01", "1.5", updated="'2025-06-01'")
    empty.load()
    put(empty.dsn, "2025-05-02", "2.5", updated="'2025-06-02'")
    empty.load()
    assert len(empty.refusals()) == 2
    run(empty.dsn, "update m set orders = 1 where orders = 1.5")
    empty.load()
    assert (len(empty.refusals()), empty.rows()) == (3, {})
    run(empty.dsn, "update m set orders = 2 where orders = 2.5")
    empty.load()
    assert (empty.refusals(), len(empty.rows())) == ([], 2)


def test_a_refusal_ends_when_the_source_goes_back_to_what_is_loaded(empty: Warehouse) -> None:
    put(empty.dsn, "2025-05-01", 1)
    empty.load()
    run(empty.dsn, "update m set orders = 1.5")
    empty.load()
    assert len(empty.refusals()) == 1
    run(empty.dsn, "update m set orders = 1")
    empty.load()
    assert (empty.rows(), empty.refusals()) == ({("2025-05-01", "c"): 1}, [])


def test_a_refused_batch_that_comes_back_is_refused_again(empty: Warehouse) -> None:
    put(empty.dsn, "2025-05-01", "1.5")
    empty.load()
    run(empty.dsn, "update m set orders = 2")
    empty.load()
    run(empty.dsn, "update m set orders = 1.5")
    assert len(empty.load().files) == 1
    assert (empty.rows(), len(empty.refusals())) == ({("2025-05-01", "c"): 2}, 1)


@pytest.mark.parametrize("column", ["updated_at", None])
def test_rows_that_are_as_they_were_before_a_change_arrive(empty: Warehouse, column: str | None) -> None:
    """The same bytes as an earlier file, which the inbox would not load a second time."""
    source = Warehouse(empty.con, empty.dsn, empty.settings.home, column)
    put(empty.dsn, "2025-05-01", 1)
    for orders in (1, 2, 1, 2, 1):
        run(empty.dsn, f"update m set orders = {orders}")
        source.load()
        assert source.rows() == {("2025-05-01", "c"): orders}


FAR = ["infinity", "-infinity", "9999-12-31", "200000-01-01", "0044-03-15 BC", None]


@pytest.mark.parametrize("far", FAR)
@pytest.mark.parametrize("kind", ["timestamptz", "timestamp", "date"])
def test_a_mark_that_is_infinite_or_far_ahead_hides_nothing(empty: Warehouse, kind: str, far: str | None) -> None:
    run(empty.dsn, f"alter table m alter updated_at type {kind}")
    put(empty.dsn, "2025-05-01", 1, updated=f"'{far}'" if far else "null")
    empty.load()
    put(empty.dsn, "2025-05-02", 2, updated="'2026-01-03'")
    empty.load()
    put(empty.dsn, "2025-05-03", 3, updated=f"'{far}'" if far else "null")
    empty.load()
    assert sorted(empty.rows().values()) == [1, 2, 3]  # type: ignore[type-var]


@pytest.mark.parametrize("far", ["'NaN'", "'Infinity'", "'-Infinity'", "1e300", "-5", "null", "0.1"])
@pytest.mark.parametrize("kind", ["numeric", "float8", "float4", "bigint"])
def test_a_number_that_is_none_or_far_ahead_hides_nothing(empty: Warehouse, kind: str, far: str) -> None:
    if kind == "bigint":
        far = {"-5": "-5", "null": "null"}.get(far, "9223372036854775807")
    elif kind == "float4" and far == "1e300":
        far = "1e38"
    run(empty.dsn, "drop table m", f"create table m ({COLUMNS}, n {kind})")
    source = Warehouse(empty.con, empty.dsn, empty.settings.home, "n")
    for day, value in ((1, far), (2, "7"), (3, far)):
        put(empty.dsn, f"2025-05-0{day}", day, updated=value)
        source.load()
    assert sorted(source.rows().values()) == [1, 2, 3]  # type: ignore[type-var]
    assert source.load().files == ()


@pytest.mark.parametrize("kind", ["text", "boolean", "time", "jsonb", "uuid"])
def test_a_column_of_another_kind_is_one_part(empty: Warehouse, kind: str) -> None:
    value = {"text": "x", "boolean": "true", "time": "10:00", "jsonb": "{}", "uuid": "0" * 32}[kind]
    run(empty.dsn, "drop table m", f"create table m ({COLUMNS}, n {kind})")
    source = Warehouse(empty.con, empty.dsn, empty.settings.home, "n")
    for day in (1, 2):
        put(empty.dsn, f"2025-05-0{day}", day, updated=f"'{value}'")
        (file,) = source.load().files
    assert len(source.rows()) == 2
    assert len(file.read_text().splitlines()) == 3


def test_numbers_that_would_make_too_many_parts_make_larger_ones(
    empty: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "MOST_PARTS", 10)
    run(empty.dsn, "drop table m", f"create table m ({COLUMNS}, id bigint)")
    source = Warehouse(empty.con, empty.dsn, empty.settings.home, "id")
    for day in range(1, 10):
        put(empty.dsn, f"2025-05-0{day}", day, updated=str(day * 1_000_000))
    source.load()
    assert json.loads(source.state.read_text())["width"] == 10_000
    run(empty.dsn, "insert into m select 'shop', date + 10, channel, orders, id * 11 from m")
    source.load()
    state = json.loads(source.state.read_text())
    assert state["width"] > 10_000
    assert len(state["loaded"]) <= 10
    assert len(source.rows()) == 18
    assert source.load().files == ()


@pytest.mark.parametrize(
    "torn", ["", "{", "[]", "null", '{"high_water": "2024-01-03", "rows": 1}', '{"width": "x"}', "\x00" * 50]
)
def test_a_state_that_is_lost_is_told_and_everything_copied_again(empty: Warehouse, torn: str) -> None:
    put(empty.dsn, "2025-05-01", 1)
    empty.load()
    empty.state.write_text(torn)
    put(empty.dsn, "2025-05-02", 2)
    result = empty.load()
    assert "everything was copied again" in result.note
    (file,) = result.files
    assert len(file.read_text().splitlines()) == 3
    assert empty.rows() == {("2025-05-01", "c"): 1, ("2025-05-02", "c"): 2}
    assert empty.load() == FetchResult("postgres", ())


def test_a_batch_that_was_brought_and_not_loaded_is_not_taken_for_loaded(empty: Warehouse) -> None:
    put(empty.dsn, "2025-05-01", 1)
    (file,) = empty.fetch().files
    assert empty.fetch().files == (), "it waits in the inbox"
    file.unlink()
    assert empty.fetch().files == (file,), "it is gone, and copied again"
    empty.load()
    assert empty.rows() == {("2025-05-01", "c"): 1}


def test_a_kill_before_the_file_has_its_name_loses_nothing(empty: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    put(empty.dsn, "2025-05-01", 1)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(postgres, "place", die)
        empty.fetch()
    assert [path.suffix for path in (empty.settings.inbox / "postgres").iterdir()] == [".json"]
    empty.load()
    assert empty.rows() == {("2025-05-01", "c"): 1}


def test_rows_that_are_gone_at_the_source_stay(empty: Warehouse) -> None:
    for day in (1, 2):
        put(empty.dsn, f"2025-05-0{day}", day, updated=f"'2025-06-0{day}'")
    empty.load()
    run(empty.dsn, "delete from m where date = '2025-05-01'")
    assert empty.load().files == ()
    run(empty.dsn, "delete from m")
    empty.load()
    assert len(empty.rows()) == 2
    put(empty.dsn, "2025-05-01", 1, updated="'2025-06-01'")
    assert len(empty.load().files) == 1, "a part that was gone is news when it is there again"


# --- Servers that misbehave ---------------------------------------------------------------------------


def test_a_query_that_takes_too_long_is_ended_at_the_server(metric: str, tmp_path: Path) -> None:
    started = time.monotonic()
    with pytest.raises(MendError, match="statement timeout"):
        fetch(metric, "select 1 as a, pg_sleep(30)::text as b", None, tmp_path, Bounds(1, 2, 1000))
    assert time.monotonic() - started < 10


def test_a_table_that_is_too_large_is_not_copied(metric: str, tmp_path: Path) -> None:
    with pytest.raises(MendError, match="which is the most that is read"):
        fetch(metric, "select generate_series(1, 1000000) as a", None, tmp_path)
    assert [path.suffix for path in tmp_path.iterdir()] == []


def test_a_copy_that_trickles_is_ended_in_time(metric: str, tmp_path: Path) -> None:
    query = "select n as a, (case when n > 5 then pg_sleep(0.2)::text end) as b from generate_series(1, 9) as n"
    with pytest.raises((MendError, RetryError), match=r"not read within|statement timeout"):
        fetch(metric, query, None, tmp_path, Bounds(1, 2, 1000))


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of a server that accepts connections and says nothing."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]


def settings_of(home: Path, dsn: str) -> Settings:
    return load_settings({"WAREHOUSE_HOME": str(home), "WAREHOUSE_POSTGRES_DSN": dsn})


def test_a_server_that_says_nothing_is_given_up(silent: int, tmp_path: Path) -> None:
    started = time.monotonic()
    settings = settings_of(tmp_path, f"host=127.0.0.1 port={silent} dbname=x")
    (result,) = fetch_all(settings, bounds={"postgres": Bounds(1, 30, 1000)})
    assert "not read within 1 seconds" in result.problem
    assert time.monotonic() - started < 10


def test_a_server_that_stops_in_the_middle_is_given_up(metric: str, tmp_path: Path) -> None:
    """The process of the connection is stopped by a signal: connection, queries and bytes stand still."""
    query = (
        "select n as a, repeat('x', 1000) as b, pg_sleep(case when n > 1 then 0.001 else 0 end)::text as c "
        "from generate_series(1, 100000) as n"
    )
    settings = load_settings(
        {"WAREHOUSE_HOME": str(tmp_path), "WAREHOUSE_POSTGRES_DSN": metric, "WAREHOUSE_POSTGRES_QUERY": query}
    )
    results: list[FetchResult] = []
    bounds = {"postgres": Bounds(1.5, 2, 10 << 30)}
    thread = threading.Thread(target=lambda: results.extend(fetch_all(settings, bounds=bounds)))
    thread.start()
    pids: list[int] = []
    with psycopg.connect(metric, autocommit=True) as watching:
        while not pids:
            found = watching.execute(
                "select pid from pg_stat_activity where query like 'select %pg_sleep%' and pid <> pg_backend_pid()"
            ).fetchall()
            pids = [pid for (pid,) in found]
    stop(pids[0], signal.SIGSTOP)
    thread.join(5)
    stop(pids[0], signal.SIGCONT)
    assert "not read within" in results[0].problem


def test_a_server_that_goes_away_in_the_middle_is_told_and_nothing_is_lost(metric: str, tmp_path: Path) -> None:
    query = (
        "select n as a, (case when n = 5000 then pg_terminate_backend(pg_backend_pid())::text end) as b "
        "from generate_series(1, 9000) as n"
    )
    reading = RemoteRead(Bounds(20, 2, 10_000_000))
    with pytest.raises(MendError, match="terminating connection"):
        list(postgres.fetch(metric, query, None, tmp_path, reading=reading))
    assert list(tmp_path.iterdir()) == []


def stop(pid: int, number: signal.Signals) -> None:
    """Signal a process of the server, which may run as another user."""
    try:
        os.kill(pid, number)
    except PermissionError:
        subprocess.run(["kill", f"-{int(number)}", str(pid)], check=True, user=pwd.getpwnam("nobody").pw_uid)
