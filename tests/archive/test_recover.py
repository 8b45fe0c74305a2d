"""A build database that is damaged or gone: the next refresh goes on from its copy and the archive, and tells it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from assets.warehouse import open_or_recover
from etl.archive import recover as recover_module
from etl.archive.copy import A_DAY, is_due, renew_copy
from etl.archive.standing import note_reading
from etl.config import load_settings
from etl.contracts import contract_tables
from etl.daily.build import build_daily
from etl.daily.due import create_unbuilt
from etl.daily.ingest import ingest
from etl.errors import MendError
from etl.ledger import Ledger, LoadRecord
from etl.models.graph import load_models
from etl.publish.publication import Publication, publish
from etl.warehouse import Connection, LostError, create_database, damage_mark, open_build, open_snapshot
from tests.support.command import run
from tests.support.delivered_home import REGISTRY, SUITES, no_checks, root_with_a_model
from tests.support.inbox_files import DAILY, daily

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
BLOCK, FIRST_BLOCK = 262_144, 12_288


class Home:
    """A home with one model, whose deliveries are loaded, built and published; an hour passes each time."""

    def __init__(self, folder: Path) -> None:
        root = root_with_a_model(folder / "project")
        self.settings, self.now = load_settings({"WAREHOUSE_HOME": str(folder / "home")}, root), NOW
        self.models = load_models(self.settings.sql_dir)

    def deliver(self, name: str, *days: int) -> None:
        self.settings.inbox.mkdir(parents=True, exist_ok=True)
        lines = [DAILY, *(daily(day) for day in days)]
        (self.settings.inbox / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")

    @contextmanager
    def opened(self) -> Iterator[Connection]:
        self.now += timedelta(hours=1)
        with open_or_recover(self.settings) as con:
            yield con

    def refresh(self) -> Publication:
        """Publish, as a refresh does that takes no deliveries."""
        with self.opened() as con:
            create_unbuilt(con, self.models)
            return publish(con, self.settings, now=self.now)

    def daily(self, *, copies: bool = False) -> Publication:
        """Load, build and publish."""
        with self.opened() as con:
            create_unbuilt(con, self.models)
            settings = self.settings
            ingest(con, settings, self.models, SUITES, "run", now=self.now, progress=lambda _: None, check=no_checks)
            for model in self.models:
                build_daily(con, model, self.models, SUITES[model.name], "run", check=no_checks)
            publication = publish(con, settings, now=self.now)
            if copies:
                renew_copy(con, settings, self.now, always=True)
            return publication

    def rows(self) -> dict[str, list[Any]]:
        """What deliveries have left in the build database."""
        tables = [*contract_tables(), "core.metric_day", "audit.load", "audit.quarantine"]
        with self.opened() as con:
            return {table: con.execute(f"select * from {table} order by all").fetchall() for table in tables}

    def served(self) -> int:
        with open_snapshot(self.settings.serving_db) as con:
            return int(con.execute("select count(*) from core.metric_day").fetchall()[0][0])


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Two deliveries: the copy has the first only."""
    made = Home(tmp_path)
    with made.opened() as con:
        con.execute(REGISTRY)
    made.deliver("a.csv", *range(1, 40))
    made.daily(copies=True)
    made.deliver("b.csv", *range(35, 60))
    assert made.daily().published
    return made


def test_a_lost_build_database_is_no_loss(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    """The case build_lost_empties_the_snapshot: a refresh served 0 daily rows in the place of those of two files."""
    wanted, served = home.rows(), home.served()
    shutil.move(home.settings.build_db, home.settings.home / "away")
    sentence = "is not there: run `make refresh`, which moves it aside"
    with pytest.raises(LostError, match=sentence), open_build(home.settings):
        pass
    publication = home.refresh()
    assert "Went on from its copy of 20" in caplog.text
    assert "and 1 deliveries of the archive. No delivered row is lost" in caplog.text
    assert not publication.published
    assert "make daily" in publication.reason
    assert home.served() == served
    home.daily()
    assert home.served() == served
    assert {table: rows for table, rows in home.rows().items() if table != "core.metric_day"} == {
        table: rows for table, rows in wanted.items() if table != "core.metric_day"
    }
    assert home.refresh().reason.startswith("nothing changed")


def test_reference_data_is_as_new_as_that_of_readers_before_it_is_published(home: Home) -> None:
    """The copy is days old: a daily run alone would take newer figures back from readers."""
    loaded = LoadRecord("observations.csv", "new", 1, 1, 0, "loaded")
    with home.opened() as con:
        Ledger(con, "reference").reconcile([loaded], [], home.now)
    assert home.refresh().published
    home.settings.build_db.unlink()
    waits = home.daily()
    assert waits.is_recovering and not waits.published
    assert waits.reason.endswith("not whole yet; now `make refresh`, which reads reference data and filings again")
    home.deliver("c.csv", 60)
    assert not home.daily().published
    with home.opened() as con:  # as a refresh does
        note_reading(con)
        Ledger(con, "reference").reconcile([loaded], [], home.now)
    assert home.refresh().published
    assert home.served() == 60


def test_without_a_copy_the_archive_gives_every_row(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    wanted, served = home.rows(), home.served()
    shutil.rmtree(home.settings.build_db.parent)
    with home.opened() as con:
        con.execute(REGISTRY)
    assert "Went on from nothing: no copy of it could be read and 2 deliveries" in caplog.text
    home.daily()
    assert home.served() == served
    assert home.rows()["core.platform_metric_daily"] == wanted["core.platform_metric_daily"]


def test_what_is_lost_is_named_and_not_taken_from_readers(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    shutil.rmtree(home.settings.archive_dir)
    home.settings.build_db.unlink()
    file = home.settings.inbox / "b.csv"
    file.rename(home.settings.home / "b.csv")
    with pytest.raises(MendError, match=r"readers keep version 2: it has rows of b.csv, which the build database"):
        home.refresh()
    assert "LOST: b.csv, of which readers have rows and the archive nothing" in caplog.text
    (home.settings.home / "b.csv").rename(file)
    home.daily()
    assert home.served() == 59


def test_readers_lose_a_delivery_where_somebody_says_so(home: Home) -> None:
    shutil.rmtree(home.settings.archive_dir)
    home.settings.build_db.unlink()
    (home.settings.inbox / "b.csv").unlink()
    home.settings = home.settings.model_copy(update={"accept_fewer": "lost"})
    assert home.refresh().published
    assert home.served() == 39


def test_a_log_that_ends_in_zeros(home: Home) -> None:
    """The case power_cut_wal."""
    wanted, database = home.rows(), home.settings.build_db
    script = (
        f"import os; from pathlib import Path; from etl.warehouse import create_database; "
        f"con = create_database(Path({str(database)!r})); con.execute('create table raw.t as select 1'); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", script], check=False)
    log = database.with_name(f"{database.name}.wal")
    with log.open("ab") as file:
        file.write(bytes(4096))
    sentence = r"is damaged \(Failure while replaying WAL\): run `make refresh`"
    with pytest.raises(LostError, match=sentence), open_build(home.settings):
        pass
    assert home.rows() | {"core.metric_day": []} == wanted | {"core.metric_day": []}
    assert [path.name for path in sorted((database.parent / "aside").glob("*/*"))] == [database.name, log.name]
    home.daily()
    assert home.served() == 59


def test_every_block_that_a_checkpoint_rewrites_in_place_torn(home: Home) -> None:
    """The case power_cut_checkpoint: each time the home is whole again after the next run."""
    database = home.settings.build_db
    log = database.with_name(f"{database.name}.wal")
    wanted = home.rows()
    con = create_database(database)
    con.execute("create table raw.extra as select range as a from range(1000)")
    con.execute("update audit.load set message = message || '' where source = 'inbox'")
    before, before_log = database.read_bytes(), log.read_bytes()
    con.execute("checkpoint")
    con.close()
    after = database.read_bytes()
    torn = lost = 0
    for at in range(FIRST_BLOCK, len(before) - BLOCK + 1, BLOCK):
        if before[at : at + BLOCK] == after[at : at + BLOCK]:
            continue
        torn += 1
        half = at + BLOCK // 2
        database.write_bytes(before[:at] + after[at:half] + before[half:])
        log.write_bytes(before_log)
        try:
            with open_build(home.settings):
                pass
        except LostError as error:
            lost += 1
            assert "run `make refresh`, which moves it aside" in str(error)
        rows = home.rows()
        assert rows | {"core.metric_day": []} == wanted | {"core.metric_day": []}
        damage_mark(home.settings).unlink(missing_ok=True)
    assert torn >= lost > 0


def test_damage_that_shows_while_it_is_read_is_mended_by_the_next_run(home: Home) -> None:
    wanted = home.rows()
    with pytest.raises(LostError), open_build(home.settings) as con:
        raise MendError(f'Corrupt database file: in block of file "{home.settings.build_db}"')
    con.close()
    assert damage_mark(home.settings).exists()
    assert home.rows()["core.platform_metric_daily"] == wanted["core.platform_metric_daily"]
    assert not damage_mark(home.settings).exists()


def test_a_recovery_that_was_killed_begins_anew(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = home.rows()
    home.settings.build_db.write_bytes(b"no database")
    for place in ("_put_in_place", "catch_up", "mark_changed_days"):
        real = getattr(recover_module, place)

        def killed(*given: Any, real: Any = real) -> None:
            real(*given)
            raise KeyboardInterrupt

        monkeypatch.setattr(recover_module, place, killed)
        with pytest.raises(KeyboardInterrupt):
            home.refresh()
        monkeypatch.undo()
    publication = home.refresh()
    assert "make daily" in publication.reason
    assert home.rows()["core.platform_metric_daily"] == wanted["core.platform_metric_daily"]
    asides = (home.settings.build_db.parent / "aside").glob(f"*/{home.settings.build_db.name}")
    assert any(path.read_bytes() == b"no database" for path in asides)


def test_a_damaged_database_never_becomes_the_copy(home: Home) -> None:
    before = home.settings.build_copy.read_bytes()
    with home.opened() as con:
        con.execute("create table raw.much as select range as a, random() as b from range(200000)")
    content = bytearray(home.settings.build_db.read_bytes())
    for at in range(len(content) - BLOCK // 2, FIRST_BLOCK, -BLOCK):
        content[at] ^= 1
    home.settings.build_db.write_bytes(content)
    with pytest.raises((LostError, MendError)), open_build(home.settings) as con:
        renew_copy(con, home.settings, NOW, always=True)
    assert home.settings.build_copy.read_bytes() == before


def test_a_copy_is_due_by_its_size_and_never_by_a_clock_that_was_ahead(home: Home) -> None:
    copy, size = home.settings.build_copy, home.settings.build_db.stat().st_size
    made = copy.stat().st_mtime
    days = timedelta(days=size / A_DAY)
    at = datetime.fromtimestamp(made, UTC)
    assert not is_due(home.settings, at + days * 0.9)
    assert is_due(home.settings, at + days * 1.1)
    assert is_due(home.settings, at - timedelta(days=1))
    copy.unlink()
    assert is_due(home.settings, at)


def test_readers_do_not_lose_many_rows_unless_somebody_says_so(home: Home) -> None:
    with home.opened() as con:
        con.execute("create table core.many as select range as n from range(1000)")
        con.execute("create table core.few as select range as n from range(99)")
    home.refresh()
    version = home.refresh().version
    with home.opened() as con:
        con.execute("delete from core.many where n >= 499")
        con.execute("delete from core.few")
        con.execute("delete from core.platform_metric_daily")
    sentence = (
        rf"not published, readers keep version {version}: core.many would have 499 rows, where readers have 1,000; "
        r"core.platform_metric_daily would have 0 rows, where readers have 59\. .*`make daily`; where it is meant, "
        r"`make refresh ACCEPT_FEWER='core.many core.platform_metric_daily'`"
    )
    with pytest.raises(MendError, match=sentence):
        home.refresh()
    assert home.served() == 59
    home.settings = home.settings.model_copy(update={"accept_fewer": "core.many core.platform_metric_daily"})
    assert home.refresh().published


def test_a_share_that_is_lost_may_be_larger_where_the_setting_says_so(home: Home) -> None:
    with home.opened() as con:
        con.execute("create table core.many as select range as n from range(1000)")
    home.refresh()
    with home.opened() as con:
        con.execute("delete from core.many where n >= 499")
    home.settings = home.settings.model_copy(update={"fewer_share": 0.6})
    assert home.refresh().published


def test_commands_that_do_not_refresh_name_the_way_out(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAREHOUSE_HOME", str(home.settings.home))
    home.settings.build_db.write_bytes(b"no database")
    done = run("inbox", "list")
    assert done.exit_code == 1
    assert "is damaged" in done.output
    assert "run `make refresh`, which moves it aside and goes on from its copy" in done.output
    assert os.path.exists(home.settings.build_db)  # noqa: PTH110
