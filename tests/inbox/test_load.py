"""The inbox: files by their columns, identity by content, late data, history, as-of, replay."""

from __future__ import annotations

import gzip
import io
import os
import re
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from etl.config import load_settings
from etl.demo import demo_environment, write_demo
from etl.errors import MendError
from etl.files.lines import examine
from etl.inbox import load as inbox_load
from etl.inbox.load import load_inbox
from etl.warehouse import open_build
from tests.support.command import run as command
from tests.support.inbox_files import DAILY, Inbox, daily, inbox_in, registry

pytestmark = pytest.mark.slow

FILE = "(select any_value(l.file) from audit.load as l where l.load_id = r.load_id)"


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    return inbox_in(tmp_path / "home")


def test_a_row_by_hand(inbox: Inbox) -> None:
    """One day, as the file has it: 7 orders, 5 buyers, 100.50 CNY; what it does not say is no number."""
    header = "date,orders,platform,buyers,gmv,currency,weather"
    load = inbox.one("anything", f"{header}\n2025-01-01,7,pdd,5,100.50,CNY,rain\n")
    assert (load.status, load.contract, load.file) == ("loaded", "platform_metric_daily", "anything")
    assert (load.rows_read, load.rows_loaded, load.first_day) == (1, 1, date(2025, 1, 1))
    columns = "platform, date, channel, partnership_id, currency, dau, sessions, orders, buyers, new_buyers, gmv"
    assert inbox.rows(columns) == [
        ("pdd", date(2025, 1, 1), "", "", "CNY", None, None, 7, 5, None, Decimal("100.5000"))
    ]
    rest = "subsidies, is_simulated, extra, load_id, loaded_at"
    assert inbox.rows(rest) == [(None, False, {"weather": "rain"}, 1, inbox.now.replace(tzinfo=None))]
    told = inbox.rows("load_id, file, content_hash", "audit.load")
    assert told == [(1, "anything", load.content_hash)]


def test_the_contract_is_chosen_by_columns(inbox: Inbox) -> None:
    inbox.csv(
        "events",
        ["e1,2025-01-01 10:00:00,pdd,search,,b1,5.00,CNY,placed"],
        "event_id,event_time,platform,channel,partnership_id,buyer_id_hash,amount,currency,status",
    )
    inbox.csv(
        "targets",
        ["deal_1,orders,2025-01-01,2025-03-31,100"],
        "partnership_id,metric,period_start,period_end,target",
    )
    inbox.csv(
        "rates",
        ["USD,CNY,2025-01-01,2025-01-31,7.1884,bank"],
        "currency,quote_currency,period_start,period_end,rate,source",
    )
    inbox.csv("days", [daily(1)])
    assert {load.file: load.contract for load in inbox.load()} == {
        "events": "order_event",
        "targets": "partner_target",
        "rates": "fx_rate",
        "days": "platform_metric_daily",
    }
    assert inbox.rows("rate", "core.fx_rate") == [(Decimal("7.18840000"),)]
    assert inbox.rows("event_time, status", "core.order_event") == [(datetime(2025, 1, 1, 10), "placed")]
    assert inbox.rows("shape, target", "core.partner_target") == [("linear", Decimal(100))]


def test_the_same_rows_in_every_form(inbox: Inbox, tmp_path: Path) -> None:
    lines = [daily(day, channel) for day in range(1, 20) for channel in ("search", '"a, ""b"""')]
    text = "".join(f"{line}\n" for line in (DAILY, *lines)).encode()
    inbox.one("plain.csv", text)
    wanted = inbox.rows("* exclude (load_id, loaded_at)")
    assert len(wanted) == 38
    plain = f"from read_csv('{inbox.settings.inbox / 'plain.csv'}', all_varchar = true)"
    typed = f"select * replace (date::date as date, gmv::double as gmv, orders::bigint as orders) {plain}"
    inbox.con.execute(f"copy ({typed}) to '{tmp_path / 'p'}' (format parquet)")
    inbox.con.execute(f"copy (select * {plain}) to '{tmp_path / 'j'}' (format json)")
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(DAILY.split(","))
    for row in inbox.con.execute(typed).fetchall():
        sheet.append(list(row))
    saved = io.BytesIO()
    book.save(saved)
    forms = {
        "csv.gz": gzip.compress(text),
        "crlf": text.replace(b"\n", b"\r\n"),
        "mark": b"\xef\xbb\xbf" + text,
        "no end": text.rstrip(b"\n"),
        "blank lines": text.replace(b"\n", b"\n\n"),
        "old mac": text.replace(b"\n", b"\r"),
        "parquet": (tmp_path / "p").read_bytes(),
        "json": (tmp_path / "j").read_bytes(),
        "json.gz": gzip.compress((tmp_path / "j").read_bytes()),
        "xlsx": saved.getvalue(),
    }
    for name, content in forms.items():
        inbox.con.execute("delete from core.platform_metric_daily")
        load = inbox.one(name, content)
        assert (load.status, load.rows_read) == ("loaded", 38), (name, load)
        assert inbox.rows("* exclude (load_id, loaded_at)") == wanted, name


def test_the_same_content_loads_nothing_again(inbox: Inbox) -> None:
    path = inbox.csv("a.csv", [daily(1)])
    inbox.load()
    inbox.csv("copy.csv", [daily(1)])
    assert inbox.waiting() == []
    assert inbox.load() == ()
    (load,) = inbox.load([path])
    assert (load.status, load.rows_read) == ("unchanged", 0)
    assert len(inbox.rows()) == 1
    assert inbox.rows("count(*)", "audit.load") == [(1,)]


def test_a_late_file_replaces_rows_and_as_of_shows_both(inbox: Inbox) -> None:
    inbox.csv("monday.csv", [daily(1, gmv="100.50"), daily(2, gmv="200.00"), daily(3, gmv="300.00")])
    inbox.load()
    monday = inbox.now
    inbox.csv("tuesday.csv", [daily(2, gmv="210.00"), daily(3, gmv="300.00"), daily(4, gmv="400.00")])
    (load,) = inbox.load()
    assert (load.rows_loaded, load.rows_superseded, load.status) == (3, 1, "loaded")
    assert inbox.changed_days() == [date(2025, 1, 2), date(2025, 1, 4)]
    assert inbox.rows("day(date), gmv::integer") == [(1, 101), (2, 210), (3, 300), (4, 400)]
    old = f"day(date), gmv::integer, {FILE}, superseded_at"
    assert inbox.rows(old, "raw.platform_metric_daily_history as r") == [
        (2, 200, "monday.csv", inbox.now.replace(tzinfo=None))
    ]
    as_of = "raw.platform_metric_daily_as_of(timestamptz '{}')"
    assert inbox.rows("day(date), gmv::integer", as_of.format(monday)) == [(1, 101), (2, 200), (3, 300)]
    assert inbox.rows("gmv::integer", as_of.format(inbox.now)) == [(101,), (210,), (300,), (400,)]
    assert inbox.rows("gmv", as_of.format("2020-01-01 00:00:00+00")) == []


def test_an_unchanged_row_keeps_its_first_file(inbox: Inbox) -> None:
    inbox.csv("a.csv", [daily(1)])
    inbox.load()
    inbox.csv("b.csv", [daily(1), daily(2)])
    (load,) = inbox.load()
    assert (load.rows_loaded, load.rows_superseded) == (2, 0)
    assert inbox.rows(FILE) == [("a.csv",), ("b.csv",)]
    assert inbox.changed_days() == [date(2025, 1, 2)]


def test_a_file_whose_every_row_was_replaced_is_superseded(inbox: Inbox) -> None:
    inbox.csv("a.csv", [daily(1)])
    inbox.load()
    inbox.csv("b.csv", [daily(1, gmv="7")])
    inbox.load()
    told = inbox.rows("file, status, message, superseded_at is null", "audit.load")
    assert told == [
        ("a.csv", "superseded", "newer files have every row of it", False),
        ("b.csv", "loaded", None, True),
    ]


def test_files_are_loaded_in_the_order_of_their_times(inbox: Inbox) -> None:
    newer = inbox.csv("a_newer.csv", [daily(1, gmv="2")])
    older = inbox.csv("b_older.csv", [daily(1, gmv="1")])
    os.utime(newer, (2_000_000_000, 2_000_000_000))
    os.utime(older, (1_000_000_000, 1_000_000_000))
    assert [load.file for load in inbox.load()] == ["b_older.csv", "a_newer.csv"]
    assert inbox.rows("gmv") == [(2,)]


def test_only_files_inside_the_inbox_are_listed(inbox: Inbox, tmp_path: Path) -> None:
    outside = tmp_path / "secret.csv"
    outside.write_text(f"{DAILY}\n{daily(1)}\n")
    folder = inbox.settings.inbox
    (folder / "link.csv").symlink_to(outside)
    (folder / "folder").symlink_to(tmp_path)
    (folder / "broken").symlink_to(tmp_path / "nothing")
    os.mkfifo(folder / "pipe")
    inbox.csv(".hidden.csv", [daily(1)])
    inbox.csv(".hidden/a.csv", [daily(1)])
    inbox.csv("a.csv.part", [daily(1)])
    inbox.csv("s3/deep/a.csv", [daily(1)])
    inside = inbox.csv("b.csv", [daily(2)])
    (folder / "within.csv").symlink_to(inside)
    assert sorted(inbox.waiting()) == ["a.csv", "b.csv"]
    (load,) = inbox.load([folder / "link.csv"])
    assert (load.status, load.reason) == ("refused", "lies outside the inbox")
    assert [load.file for load in inbox.load() if load.status == "loaded"] == ["s3/deep/a.csv", "b.csv"]
    assert outside.read_text() == f"{DAILY}\n{daily(1)}\n"


def test_simulated_and_real_rows_are_never_mixed_in_one_home(inbox: Inbox, tmp_path: Path) -> None:
    header = f"{DAILY},is_simulated"
    lines = [f"{daily(1)},true", *(f"{daily(day)},false" for day in range(2, 12))]
    inbox.csv("a.csv", lines, header)
    (load,) = inbox.load()
    assert (load.rows_loaded, load.rows_quarantined) == (10, 1)
    assert inbox.set_aside() == [
        (2, "is_simulated", lines[0], "a home of real data takes no simulated rows"),
    ]
    demo = inbox_in(tmp_path / "demo", is_demo=True)
    demo.csv("a.csv", [*(f"{daily(day)},true" for day in range(2, 12)), f"{daily(12)},false"], header)
    demo.csv("real.csv", [daily(20)])
    first, second = demo.load()
    assert (first.rows_loaded, first.rows_quarantined) == (10, 1)
    assert second.status == "refused"
    assert "takes no real rows" in second.reason


def test_a_replay_after_a_fix_of_the_registry(inbox: Inbox) -> None:
    lines = [daily(day) for day in range(1, 10)]
    inbox.csv("a.csv", [*lines, daily(10).replace("pdd", "new")])
    (load,) = inbox.load()
    assert (load.status, load.rows_quarantined) == ("partly_loaded", 1)
    assert "is not known in core.platform.platform" in inbox.set_aside()[0][3]
    inbox.con.execute("insert into core.platform values ('new')")
    assert inbox.waiting() == [], "the same content does not load by itself"
    (load,) = inbox.replay()
    assert (load.status, load.rows_loaded, load.rows_superseded) == ("loaded", 10, 0)
    assert inbox.changed_days() == [date(2025, 1, 10)]
    assert inbox.set_aside() == []
    assert inbox.rows("status, superseded_at is null", "audit.load") == [
        ("loaded", True),
        ("partly_loaded", False),
    ]
    assert inbox.replay() == ()


def test_a_replayed_file_does_not_displace_newer_ones(inbox: Inbox) -> None:
    stranger = daily(10).replace("pdd", "new")
    inbox.csv("old.csv", [*(daily(day, gmv="1") for day in range(1, 10)), stranger])
    inbox.load()
    inbox.csv("new.csv", [daily(1, gmv="2"), stranger.replace("100.50", "2")])
    inbox.load()
    inbox.con.execute("insert into core.platform values ('new')")
    inbox.replay("new.csv")
    (load,) = inbox.replay("old.csv")
    assert (load.status, load.rows_loaded, load.rows_superseded) == ("loaded", 10, 0)
    told = inbox.rows("gmv::integer", "core.platform_metric_daily where day(date) in (1, 10)")
    assert told == [(2,), (2,)]
    outdated = f"{FILE}, gmv::integer, loaded_at = superseded_at"
    assert inbox.rows(outdated, "raw.platform_metric_daily_history as r where platform = 'new'") == [
        ("old.csv", 101, True)
    ]


def test_a_replay_removes_rows_whose_key_the_registry_dropped(inbox: Inbox) -> None:
    inbox.csv("a.csv", [*(daily(day) for day in range(1, 10)), daily(10).replace("pdd", "jd")])
    inbox.load()
    inbox.con.execute("delete from core.platform where platform = 'jd'")
    (load,) = inbox.replay("a.csv")
    assert (load.status, load.rows_loaded, load.rows_superseded) == ("partly_loaded", 9, 1)
    assert inbox.changed_days() == [date(2025, 1, 10)]
    assert inbox.rows("platform", "raw.platform_metric_daily_history as r") == [("jd",)]


def test_a_corrected_file_closes_its_quarantined_rows(inbox: Inbox) -> None:
    inbox.csv("a.csv", [*(daily(day) for day in range(1, 10)), daily(10, orders="many")])
    inbox.load()
    assert len(inbox.set_aside()) == 1
    inbox.csv("a.csv", [daily(day) for day in range(1, 11)])
    (load,) = inbox.load()
    assert (load.status, load.rows_loaded) == ("loaded", 10)
    assert inbox.set_aside() == []


def test_a_missing_file_cannot_be_replayed(inbox: Inbox) -> None:
    with pytest.raises(MendError, match=r"gone\.csv is not in .*deliver it again"):
        inbox.replay("gone.csv")


def test_without_a_registry_nothing_is_loaded_and_nothing_recorded(inbox: Inbox) -> None:
    inbox.csv("a.csv", [daily(1)])
    inbox.con.execute("drop table core.platform")
    with pytest.raises(MendError, match=r"core\.platform is not built yet: run `make refresh`"):
        inbox.load()
    assert inbox.waiting() == ["a.csv"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "is empty"),
        (f"{DAILY}\n", "has a header and no rows"),
        (
            "platform,day\npdd,2025-01-01\n",
            "fits no contract with the columns platform, day; 'day' seems to be its date: rename it",
        ),
        (f"{DAILY.replace(',', ';')}\n1;2\n", "is separated by semicolons; save it with commas"),
        (f"{DAILY},gmv\n{daily(1)},1\n", "has the column gmv twice"),
        (f"{DAILY},\n{daily(1)},1\n", "has a column without a name"),
        ((DAILY + "\n").encode("utf-16"), "is UTF-16; save it as UTF-8"),
        (f"{DAILY}\n{daily(1)}\npdd,2025-01", "is cut short: its last line, 3, breaks off"),
        (gzip.compress(f"{DAILY}\n{daily(1)}\n".encode())[:-9], "is cut short or damaged gzip"),
        (b"PAR1 and nothing more", "is cut short or no Parquet file"),
        (b"PK\x03\x04 and nothing more", "is a damaged workbook"),
        (gzip.compress(bytes(70 << 20)), "unpacks to more than 200 times its size"),
        (
            f"{DAILY}\n{daily(1)}\n{daily(2, orders='x')}\n",
            "breaks its contract in 1 of 2 rows, more than 20%: 1 x orders is no whole number",
        ),
        (
            '{"platform":"pdd","date":"2025-01-01","orders":1}\n{"platform":"p',
            "is cut short: its last line, 2",
        ),
    ],
)
def test_a_file_is_refused_whole_with_a_reason(inbox: Inbox, content: str | bytes, reason: str) -> None:
    load = inbox.one("a", content)
    assert load.status == "refused"
    assert re.match(reason, load.reason), load.reason
    assert inbox.rows("count(*)") == [(0,)]
    assert inbox.rows("status, message", "audit.load") == [("refused", load.reason)]
    assert inbox.waiting() == []


def test_the_files_of_the_demo_are_loaded_completely(inbox: Inbox, tmp_path: Path) -> None:
    settings = load_settings(demo_environment(tmp_path / "demo"))
    written = write_demo(settings)
    for table, column in (("platform", "platform"), ("partnership", "partnership_id")):
        file = settings.home / "figures" / f"{table}s.csv"
        inbox.con.execute(f"create or replace table core.{table} as select {column} from '{file}'")
    loads = load_inbox(inbox.con, settings, inbox.now, progress=inbox.said.append)
    rows = {name.removeprefix("inbox/"): n for name, n in written.items() if name.startswith("inbox/")}
    assert {load.file: load.rows_loaded for load in loads} == rows
    assert inbox.rows("count(*)", "core.order_event") == [(rows["sim_order_event.csv.gz"],)]
    assert len(inbox.changed_days()) == 731


def test_a_row_count_that_does_not_match_causes_a_second_reading(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two rows more are counted than DuckDB's reader gives: it is not believed, and says so."""
    path = inbox.csv("a.csv", [daily(1), daily(2)])
    found = examine(path)
    assert found.lines
    monkeypatch.setattr(inbox_load, "examine", lambda _: replace(found, lines=replace(found.lines, count=5)))
    (load,) = inbox.load()
    assert (load.status, load.rows_read) == ("loaded", 2)
    assert inbox.said == ["a.csv: the fast reader cannot separate all rows, reading them one by one"]


def test_a_file_that_changes_while_it_is_read_waits_for_the_next_run(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox.csv("a.csv", [daily(1)])
    read = inbox_load.Rows.read

    def grow(rows: inbox_load.Rows) -> bool:
        inbox.csv("a.csv", [daily(1), daily(2)])
        return read(rows)

    with monkeypatch.context() as patch:
        patch.setattr(inbox_load.Rows, "read", grow)
        (load,) = inbox.load()
    assert (load.status, inbox.rows("count(*)")) == ("refused", [(0,)])
    assert inbox.waiting() == ["a.csv"]
    assert [load.rows_loaded for load in inbox.load()] == [2]


def test_the_command_lists_loads_and_reads_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAREHOUSE_HOME", str(tmp_path))
    settings = load_settings()
    with open_build(settings) as con:
        registry(con)
    settings.inbox.mkdir(exist_ok=True)
    assert command("inbox", "list").stdout == f"No file waits in {settings.inbox}\n"
    (settings.inbox / "a.csv").write_text(f"{DAILY}\n{daily(1)}\n")
    (settings.inbox / "b.csv").write_text(f"{DAILY}\n{daily(1).replace('pdd', 'new')}\n")
    assert command("inbox", "list").stdout == "'a.csv'\n'b.csv'\n"
    loaded = command("inbox", "load")
    assert loaded.exit_code == 1, "one is refused"
    told = loaded.stdout.splitlines()
    assert told[0] == "loaded        'a.csv'  platform_metric_daily  1 of 1 rows  2025-01-01 to 2025-01-01"
    assert told[1].startswith("refused       'b.csv'  breaks its contract in 1 of 1 rows")
    with open_build(settings) as con:
        con.execute("insert into core.platform values ('new')")
    again = command("inbox", "replay", "b.csv")
    assert again.exit_code == 0
    assert again.stdout.startswith("loaded        'b.csv'")
    unknown = command("inbox", "replay", "c.csv")
    assert unknown.exit_code == 1
    assert "c.csv is not in" in unknown.stderr
