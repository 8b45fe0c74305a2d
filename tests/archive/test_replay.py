"""What was delivered is loaded again from the archive: tables, histories, loads and quarantine are as they were."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from etl.archive import files as archive_files
from etl.archive.files import all_files, archived_files, keep, last_number, rewrite
from etl.archive.replay import catch_up
from etl.contracts import ORDER_EVENT, contract_tables
from etl.errors import MendError
from etl.inbox import load as load_module
from etl.ledger import Ledger
from etl.warehouse import Connection, memory, transaction
from tests.support.inbox_files import Inbox, daily, inbox_in

ORDERS = "event_id,event_time,platform,buyer_id_hash,amount,currency,status,note\n"


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    return inbox_in(tmp_path)


def kept(con: Connection) -> dict[str, list[Any]]:
    """All that deliveries have left, with times, numbers and names."""
    tables = [*contract_tables(), "audit.load", "audit.quarantine"]
    found = {table: con.execute(f"select * from {table} order by all").fetchall() for table in tables}
    # By the order of the loads a file that is read again keeps its place.
    found["order"] = Ledger(con, "inbox").contents()
    return found


def everything(inbox: Inbox) -> None:
    """Files that replace each other, with rows at fault, refused, without rows, read again, dismissed and forgiven."""
    inbox.csv("a.csv", [daily(n, gmv=f"{n}.10") for n in range(1, 40)])
    inbox.csv("b.csv", [*(daily(n) for n in range(30, 50)), daily(51).replace("pdd", "nobody"), daily(52, gmv="'x'")])
    inbox.put("none.csv", "no,contract\n1,2\n")
    inbox.put("worse.csv", "no,contract\n1,3\n")
    inbox.load()
    orders = [f"e{n},2025-01-0{n} 10:00:00,jd,a{n}@example.org,{n}.5,CNY,placed,by a{n}@b.org\n" for n in range(1, 9)]
    inbox.put("orders.csv", "".join([ORDERS, *orders, "e9,2025-01-03 10:00:00,jd,b,1.5,RMB,placed,\n"]))
    inbox.csv("c.csv", [daily(n, gmv="7") for n in range(35, 38)])
    inbox.load()
    inbox.con.execute("insert into core.platform values ('nobody')")
    inbox.replay("b.csv")
    inbox.csv("a.csv", [daily(n, gmv="8") for n in range(1, 20)])
    inbox.load()
    with transaction(inbox.con):
        assert Ledger(inbox.con, "inbox").dismiss("none.csv", inbox.now) == 1
        keep(inbox.con, inbox.settings, {"kind": "dismissed", "at": inbox.now.isoformat(), "file": "none.csv"})
        over = [content for name, content, _ in Ledger(inbox.con, "inbox").refusals() if name == "worse.csv"]
        assert Ledger(inbox.con, "inbox").forgive(over, inbox.now) == 2
        keep(inbox.con, inbox.settings, {"kind": "forgiven", "at": inbox.now.isoformat(), "contents": over})


def test_an_empty_home_has_the_same_rows_after_all_of_it_was_loaded_again(inbox: Inbox) -> None:
    everything(inbox)
    wanted = kept(inbox.con)
    assert all(wanted[table] for table in ("core.order_event", "raw.platform_metric_daily_history", "audit.quarantine"))
    con = memory()
    assert catch_up(con, inbox.settings, inbox.now).lost == ()
    assert kept(con) == wanted
    assert catch_up(con, inbox.settings, inbox.now).loaded == 0
    assert kept(con) == wanted


def test_a_database_that_is_older_gets_what_came_since(inbox: Inbox) -> None:
    inbox.one("a.csv", f"platform,date,orders\njd,2025-01-01,1\njd,2025-01-02,{2}\n")
    older = memory()
    assert catch_up(older, inbox.settings, inbox.now).loaded == 1
    everything(inbox)
    assert catch_up(older, inbox.settings, inbox.now).loaded == last_number(inbox.con) - 1
    assert kept(older) == kept(inbox.con)


def test_what_was_kept_and_not_committed_is_loaded_from_the_archive_and_not_from_the_inbox(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered = load_module.enter

    def killed(*given: Any) -> None:
        entered(*given)
        raise KeyboardInterrupt

    monkeypatch.setattr(load_module, "enter", killed)
    inbox.csv("a.csv", [daily(1), daily(2)])
    with pytest.raises(KeyboardInterrupt):
        inbox.load()
    monkeypatch.undo()
    assert inbox.rows() == []
    assert inbox.load() == ()
    assert len(inbox.rows()) == 2
    assert [file.number for file in archived_files(inbox.settings)] == [last_number(inbox.con)] == [1]


def test_a_home_that_is_older_than_its_archive_gets_its_deliveries_into_it(inbox: Inbox) -> None:
    for number in range(3):
        inbox.csv(f"{number}.csv", [daily(n, gmv=str(number)) for n in range(1 + number, 9)])
        load_module.load_inbox(inbox.con, inbox.settings, inbox.now, None, print, is_archived=False)
    assert last_number(inbox.con) == 0
    wanted = kept(inbox.con)
    inbox.load()
    assert last_number(inbox.con) == 4  # rows, history, loads, and what stands in quarantine is nothing
    inbox.con.execute("delete from raw.archived")  # as after a kill before the commit
    catch_up(inbox.con, inbox.settings, inbox.now)
    assert kept(inbox.con) == wanted
    everything(inbox)
    con = memory()
    catch_up(con, inbox.settings, inbox.now)
    assert kept(con) == kept(inbox.con)


def test_what_is_missing_or_damaged_is_told_and_the_rest_loaded(inbox: Inbox) -> None:
    for number in range(1, 5):
        inbox.csv(f"{number}.csv", [daily(number)])
        inbox.load()
    second, third = [file.path for file in archived_files(inbox.settings)][1:3]
    second.unlink()
    content = bytearray(third.read_bytes())
    content[40] ^= 1
    third.write_bytes(content)
    con = memory()
    found = catch_up(con, inbox.settings, inbox.now)
    assert (found.loaded, len(found.lost)) == (2, 2)
    assert found.lost[0].startswith("delivery 2 of the archive is missing or damaged: its rows are in no table")
    asked = "select file from audit.quarantine where superseded_at is null order by file"
    assert con.execute(asked).fetchall() == [("delivery 2 of the archive",), ("delivery 3 of the archive",)]
    assert con.execute("select count(*) from core.platform_metric_daily").fetchall() == [(2,)]
    assert catch_up(con, inbox.settings, inbox.now).lost == ()


def test_a_file_of_a_later_version_is_refused_and_not_skipped(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_files, "FORM", 2)
    inbox.csv("a.csv", [daily(1)])
    inbox.load()
    monkeypatch.undo()
    con = memory()
    with pytest.raises(MendError, match="another version"):
        catch_up(con, inbox.settings, inbox.now)
    assert last_number(con) == 0


def test_a_file_is_written_anew_without_a_hash(inbox: Inbox) -> None:
    inbox.put("orders.csv", ORDERS + "".join(f"e{n},2025-01-0{n} 10:00:00,jd,b{n},1.5,CNY,placed,\n" for n in (1, 2)))
    inbox.load()
    asked = f"select buyer_id_hash from {ORDER_EVENT.table} where event_id = 'e1'"
    ((gone,),) = inbox.con.execute(asked).fetchall()
    (file,) = archived_files(inbox.settings)
    new = rewrite(inbox.con, file, {"buyer_id_hash": f"if(buyer_id_hash = '{gone}', 'erased', buyer_id_hash)"})
    assert list(all_files(inbox.settings)) == list(archived_files(inbox.settings)) == [new]
    con = memory()
    assert catch_up(con, inbox.settings, inbox.now).lost == ()
    assert con.execute(asked).fetchall() == [("erased",)]
    assert kept(con)["audit.load"] == kept(inbox.con)["audit.load"]


def test_of_two_files_with_one_number_the_newer_counts(inbox: Inbox) -> None:
    inbox.csv("a.csv", [daily(1), daily(2)])
    inbox.load()
    (file,) = archived_files(inbox.settings)
    content = file.path.read_bytes()
    new = rewrite(inbox.con, file, {}, where=f"date <> '{inbox.rows('date')[0][0]}'")
    file.path.write_bytes(content)  # a kill before the old one was removed
    os.utime(file.path, ns=(1, 1))
    assert [found.path for found in archived_files(inbox.settings)] == [new.path]
    assert len(list(all_files(inbox.settings))) == 2
