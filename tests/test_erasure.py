"""A buyer who was erased is nowhere in the home, in values, unpacked files and bytes, and does not come back."""

from __future__ import annotations

import gzip
import multiprocessing
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from etl import erasure, warehouse
from etl.backup.erased import store_erased, stored_erased
from etl.backup.make import make_backup
from etl.backup.restore import restore
from etl.backup.stores import FolderStore
from etl.buyers import hashed, read_erased
from etl.config import Settings, load_settings
from etl.daily.due import mark_changed_days
from etl.erasure import EMPTIED, UNSHOWN, begin, described, go_on, naming
from etl.errors import MendError
from etl.inbox.load import load_inbox, replay
from etl.inbox.open import inbox_files, inbox_name
from etl.ledger import Ledger
from etl.models.graph import create_statements
from etl.publish.publication import publish
from etl.reference.load import load_reference
from etl.spark.exchange import Exchange
from etl.warehouse import Connection, open_build
from tests.support.daily_models import build, tables, whole
from tests.support.models import models_behind, project_models

pytestmark = pytest.mark.slow

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ANNA, BEN = "Anna.Alder@example.org", "customer-4711"
HEAD = "event_id,event_time,platform,channel,partnership_id,buyer_id_hash,amount,currency,status,referrer_name\n"
TABLES = ("core.platform", "core.partnership", "core.order_day")
SUMS = (
    "select count(*), sum(amount), sum(refunded) from core.order_event",
    "select sum(orders), sum(gmv), sum(cancelled_gmv) from core.order_day",
    "select count(*), count(superseded_at) from raw.order_event_history",
    "select platform, date, channel, sum(orders) from core.order_day group by all order by all",
)


def orders(start: int, *buyers: str, amount: int = 10) -> str:
    """Orders of these buyers, one a day."""
    days = (datetime(2025, 1, 1, tzinfo=UTC) + timedelta(start + number) for number in range(len(buyers)))
    return HEAD + "".join(
        f"e{start + number},{day:%Y-%m-%d} 10:00:00,pdd,search,,{buyer},{amount},CNY,placed,none\n"
        for number, (day, buyer) in enumerate(zip(days, buyers, strict=True))
    )


def deliver(settings: Settings, name: str, content: str | bytes) -> Path:
    path = settings.inbox / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def sums(con: Connection) -> list[object]:
    return [con.execute(question).fetchall() for question in SUMS]


def build_models(con: Connection) -> None:
    """Make the tables by order and buyer anew, as the next daily run does."""
    wanted = {name for table in TABLES for name in models_behind(table)}
    for model in (model for model in project_models() if model.name in wanted):
        for statement in create_statements(model):
            con.execute(statement)


def hash_of(con: Connection, identifier: str) -> str:
    return str(con.execute(f"select {hashed('$text')}", {"text": identifier}).fetchall()[0][0])


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with orders of three buyers in files of a team and of remote sources, replaced ones, links and faults."""
    settings = load_settings({"WAREHOUSE_HOME": str(tmp_path_factory.mktemp("made") / "home")})
    with open_build(settings) as con:
        load_reference(con, settings, NOW)
        build_models(con)
        deliver(settings, "team/first.csv", orders(0, ANNA, BEN, "carl-0001", ANNA))
        deliver(settings, "s3/shop.csv.gz~abc", gzip.compress(orders(10, ANNA, "carl-0001").encode()))
        deliver(settings, "postgres/postgres~12.csv", orders(20, BEN, "carl-0001"))
        load_inbox(con, settings, NOW)
        deliver(settings, "team/again.csv", orders(0, ANNA, BEN, amount=12))  # replaces: the history names them too
        deliver(
            settings,
            "same.csv",
            f"platform,buyer_id_hash,same_as,valid_from\npdd,{ANNA},anna-on-app,2025-01-01\npdd,{BEN},ben-9,2025-01-01\n",
        )
        load_inbox(con, settings, NOW + timedelta(hours=1))
        known = Ledger(con, "inbox")
        for line, who in ((3, ANNA), (4, "x")):
            known.set_aside(
                "select $line as line, null::varchar as column_name, $raw as raw_text, 'is no day' as reason",
                file="old.csv",
                content_hash="c0ffee",
                now=NOW,
                values={"line": line, "raw": f"e9,{who},x"},
            )
        known.withdraw("from core.order_event where event_id = 'e10'", "core.order_event", "is taken back", NOW)
        build_models(con)
        publish(con, settings, now=NOW)
        con.execute("update audit.quarantine set reason = 'is no day!' where line = 4")
        publish(con, settings, now=NOW)
    return settings.home


@pytest.fixture
def settings(loaded: Path, tmp_path: Path) -> Settings:
    shutil.copytree(loaded, tmp_path / "home", symlinks=True)
    return load_settings({"WAREHOUSE_HOME": str(tmp_path / "home")})


def erase(settings: Settings, identifier: str) -> list[str]:
    """Erase as the command does; the files that still name the buyer."""
    entry = begin(settings, identifier, NOW)
    go_on(settings)
    with warehouse.memory() as con:
        return [inbox_name(path, settings) for path in naming(con, inbox_files(settings), entry)]


def traces(home: Path, *words: str) -> Iterator[str]:
    """Where a word stands: in a decoded value of a database, in an unpacked file, or in the bytes of a file."""
    for path in sorted(path for path in home.rglob("*") if path.is_file()):
        content = path.read_bytes().lower()
        if content.startswith(b"\x1f\x8b"):
            content += gzip.decompress(path.read_bytes()).lower()
        values = "".join(_values(path)) if path.suffix == ".duckdb" else ""
        if any(word.lower().encode() in content or word.lower() in values for word in words):
            yield path.relative_to(home).as_posix()


def _values(path: Path) -> Iterator[str]:
    with warehouse.memory() as con, warehouse.attached(con, path, "looked_at"):
        tables = con.execute(
            "select schema_name || '.' || table_name from duckdb_tables() where database_name = 'looked_at'"
        ).fetchall()
        for (table,) in tables:
            for (row,) in con.execute(f"select lower(t::varchar) from looked_at.{table} as t").fetchall():
                yield str(row)


def test_the_hash_of_an_erased_buyer_is_nowhere_and_the_sums_are_as_before(settings: Settings) -> None:
    with open_build(settings) as con:
        before, buyer = sums(con), hash_of(con, ANNA)
        links = con.execute("select count(*) from core.buyer_alias").fetchall()
        told = con.execute("select count(*) from core.first_purchase").fetchall()[0][0]
        assert Exchange(settings).files(con, "core.order_event")
    assert set(traces(settings.home, buyer)) >= {"build/warehouse.duckdb", "serving/warehouse.duckdb"}
    assert erase(settings, f" {ANNA.upper()} ") == ["team/first.csv", "team/again.csv", "same.csv"]
    with open_build(settings) as con:
        assert sums(con) == before
        build_models(con)  # as the next daily run does
        assert sums(con) == before
        assert con.execute("select count(*) from core.first_purchase").fetchall()[0][0] == told - 1
        assert con.execute("select count(*) from core.buyer_alias").fetchall() != links
        hidden = con.execute("select raw_text from audit.quarantine order by line, raw_text").fetchall()
        assert hidden == [(UNSHOWN,), ("e9,x,x",), (UNSHOWN,)]
        assert not read_erased(settings.home).is_finished  # type: ignore[union-attr]
        publish(con, settings, now=NOW)  # the served snapshot told the line
    go_on(settings)
    (entry,) = read_erased(settings.home).entries  # type: ignore[union-attr]
    assert entry.is_finished and entry.identifier is None
    assert entry.rows["core.order_event"] == 3 and entry.rows["raw.order_event_history"] == 1
    assert list(traces(settings.home, buyer)) == [] and not settings.exchange_dir.exists()
    # What a team delivered is the team's: it was named.
    assert list(traces(settings.home, ANNA)) == ["inbox/same.csv", "inbox/team/again.csv", "inbox/team/first.csv"]
    assert (settings.inbox / "s3/shop.csv.gz~abc").read_bytes() == EMPTIED
    with open_build(settings) as con:
        assert load_inbox(con, settings, NOW + timedelta(hours=2)) == ()  # the emptied file is no delivery
        assert hash_of(con, BEN) in {h for (h,) in con.execute("select buyer_id_hash from core.order_event").fetchall()}


def test_an_erased_buyer_counts_nowhere_after_the_next_daily_run(settings: Settings) -> None:
    """Tables that are built day by day become what their queries give: a buyer less on each day, also of the past."""
    behind = models_behind("core.order_day")
    daily = tuple(model for model in project_models() if model.daily and model.name in behind)
    with open_build(settings) as con:
        mark_changed_days(con, daily)
        build(con, daily)
        counted = "select count(*) filter (buyers > 0), sum(new_buyers) from core.order_day"
        assert con.execute(counted).fetchall() == [(16, 6)], "eight days and three buyers, on two bases"
    erase(settings, "carl-0001")
    with open_build(settings) as con:
        mark_changed_days(con, daily)
        results = build(con, daily)
        assert not results["core.order_day"].whole
        assert tables(con, daily) == whole(con, daily)
        assert con.execute(counted).fetchall() == [(10, 4)]


def test_an_erased_buyer_does_not_come_back(settings: Settings, tmp_path: Path) -> None:
    place = FolderStore(tmp_path / "backups")
    with open_build(settings) as con:
        before, buyer = sums(con), hash_of(con, ANNA)
        published = settings.home
    make_backup(settings, place, nullcontext())
    erase(settings, ANNA)
    store_erased(settings.home, place)
    stored = stored_erased(place)
    assert stored and stored.entries[0].identifier is None and not list(traces(place.root / "erased", ANNA, buyer))
    # Delivered again: in the contract's own form, by replay, and as a declaration.
    deliver(settings, "team/redelivered.csv", orders(0, ANNA, BEN, "carl-0001", ANNA) + "\n")
    deliver(
        settings,
        "same2.csv",
        f"platform,buyer_id_hash,same_as,valid_from\npdd,{ANNA},anna-2,2025-02-01\npdd,carl-0001,carl-2,2025-02-01\n",
    )
    with open_build(settings) as con:
        loads = load_inbox(con, settings, NOW + timedelta(hours=3))
        assert [(load.status, load.rows_loaded, load.rows_skipped) for load in loads] == [
            ("loaded", 4, 0),
            ("loaded", 1, 1),
        ]
        replay(con, settings, NOW + timedelta(hours=4), ["team/first.csv"])
        build_models(con)
        publish(con, settings, now=NOW)
    go_on(settings)
    with open_build(settings) as con:
        assert con.execute(f"select count(*) from core.order_event where buyer_id_hash = '{buyer}'").fetchall() == [
            (0,)
        ]
        assert con.execute("select count(*) from core.order_event where buyer_id_hash is null").fetchall() == [(3,)]
    assert list(traces(settings.home, buyer)) == []
    # An older backup, restored.
    second = load_settings({"WAREHOUSE_HOME": str(tmp_path / "second")})
    restore(second, place, key=published / "buyer.key")
    assert "build/warehouse.duckdb" in set(traces(second.home, buyer))
    go_on(second)
    with open_build(second) as con:
        assert sums(con) == before
        build_models(con)
        publish(con, second, now=NOW)
    go_on(second)
    assert read_erased(second.home).is_finished  # type: ignore[union-attr]
    assert list(traces(second.home, buyer)) == []
    assert (second.inbox / "s3/shop.csv.gz~abc").read_bytes() == EMPTIED


class Killed(BaseException):
    """As a kill ends a process: nothing behind it runs."""


STEPS = [
    *((erasure, name) for name in ("_found", "write_erased", "_empty_files", "_forget_rows")),
    *((erasure, name) for name in ("remove_left_stage", "_tells", "write_whole")),
    *((warehouse, name) for name in ("_write_anew", "_opened_to_write", "attached")),
]
CHILDREN = multiprocessing.get_context("spawn")


@contextmanager
def ends_at(step: int, end: Callable[[], None]) -> Iterator[None]:
    """Call `end` before the step of that number of an erasure."""
    seen = 0
    with pytest.MonkeyPatch.context() as patched:
        for module, name in STEPS:
            whole = getattr(module, name)

            def stepped(*args: object, _whole=whole, **kwargs: object):  # type: ignore[no-untyped-def]
                nonlocal seen
                seen += 1
                if seen == step:
                    end()
                return _whole(*args, **kwargs)

            patched.setattr(module, name, stepped)
        yield


def raise_killed() -> None:
    raise Killed


def kill_this_process() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def erase_and_die(home: str, step: int) -> None:
    """Erase in this process until it kills itself."""
    with ends_at(step, kill_this_process):
        erase(load_settings({"WAREHOUSE_HOME": home}), BEN)


def finished_by_the_next_run(settings: Settings, before: list[object], buyer: str) -> None:
    go_on(settings)
    with open_build(settings) as con:
        assert sums(con) == before
    assert read_erased(settings.home).is_finished  # type: ignore[union-attr]
    assert list(traces(settings.home, buyer)) == []
    assert (settings.inbox / "postgres/postgres~12.csv").read_bytes() == EMPTIED


@pytest.mark.parametrize("at", range(2, 14, 2))
def test_an_erasure_that_an_error_ended_is_finished_by_the_next_run(settings: Settings, at: int) -> None:
    with open_build(settings) as con:
        before, buyer = sums(con), hash_of(con, BEN)
    with ends_at(at, raise_killed), suppress(Killed):
        erase(settings, BEN)
    if read_erased(settings.home) is None:
        assert at <= 2
        erase(settings, BEN)
    finished_by_the_next_run(settings, before, buyer)


@pytest.mark.parametrize("at", [3, 7, 11])
def test_a_killed_erasure_is_finished_by_the_next_run(settings: Settings, at: int) -> None:
    with open_build(settings) as con:
        before, buyer = sums(con), hash_of(con, BEN)
    child = CHILDREN.Process(target=erase_and_die, args=(str(settings.home), at))
    child.start()
    child.join(60)
    assert child.exitcode == -signal.SIGKILL, "it is killed, and does not end by itself"
    assert not read_erased(settings.home).is_finished  # type: ignore[union-attr]
    finished_by_the_next_run(settings, before, buyer)


def test_what_is_no_identifier_is_refused_and_a_damaged_file_is_named(settings: Settings) -> None:
    with pytest.raises(MendError, match="3 characters"):
        begin(settings, " 123 ", NOW)
    assert read_erased(settings.home) is None
    erase(settings, BEN)
    (settings.home / "erased_buyers.json").write_text("{")
    with pytest.raises(MendError, match="is damaged: bring it back"), open_build(settings):
        pass


def test_an_identifier_that_nobody_has_is_told(settings: Settings) -> None:
    with open_build(settings) as con:
        before = sums(con)
    assert erase(settings, "nobody@example.org") == []
    (entry,) = read_erased(settings.home).entries  # type: ignore[union-attr]
    assert "nothing in this home names the buyer" in "".join(described(entry, []))
    with open_build(settings) as con:
        assert sums(con) == before
    erase(settings, ANNA)
    (_, entry) = read_erased(settings.home).entries  # type: ignore[union-attr]
    assert "nothing in this home" not in "".join(described(entry, []))


def test_a_backup_with_a_damaged_list_of_erased_buyers_is_refused(settings: Settings, tmp_path: Path) -> None:
    erase(settings, BEN)
    place = FolderStore(tmp_path / "backups")
    make_backup(settings, place, nullcontext())
    (name,) = place.sizes("erased")
    (place.root / name).write_bytes(b"{}")
    with pytest.raises(MendError, match=name):
        restore(load_settings({"WAREHOUSE_HOME": str(tmp_path / "second")}), place, key=settings.home / "buyer.key")
