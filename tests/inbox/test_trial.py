"""What `warehouse inbox check` shows of a file, and that it changes nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.table import Table

from etl.config import Settings, load_settings
from etl.errors import MendError
from etl.inbox.trial import SHOWN_FAULTS, save_draft, trial
from etl.warehouse import create_database

NOW = datetime(2026, 11, 1, tzinfo=UTC)
REPORT = """Campaign report
"March 1, 2026 - March 2, 2026"
Campaign,Day,Currency code,Clicks,Cost,Impr.
Lamps,2026-03-01,USD,41,120.50,10
Rugs,2026-03-01,USD,9,1.x,10
Rugs,2026-03-02,USD,30,98.10,10
Total: Account,,USD,84,230.60,
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home with a snapshot that knows two platforms."""
    found = load_settings({"WAREHOUSE_HOME": str(tmp_path / "home")})
    con = create_database(found.serving_db)
    con.execute("create schema core")
    con.execute("create table core.platform as select unnest(['pdd', 'jd']) as platform")
    con.execute("create table core.partnership as select 'deal_1' as partnership_id")
    con.execute("checkpoint")
    con.close()
    return found


def seen(home: Path) -> set[Path]:
    return set(home.rglob("*"))


def test_rows_faults_and_totals_are_shown_and_nothing_is_written(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "report.csv"
    file.write_text(REPORT, encoding="utf-8")
    before = seen(tmp_path)
    found = trial(settings, file, NOW, {"platform": "pdd"})
    assert seen(tmp_path) == before
    assert found.load.status == "refused", "one of three rows is more than a fifth"
    (fault,) = found.faults
    assert (fault.line, fault.column, fault.value) == (5, "Cost", "1.x")
    assert fault.reason.startswith("is no number in the form 1,234.56")
    assert [row[found.names.index("clicks")] for row in found.rows] == [41, 30]
    told = " ".join(found.told)
    assert "1 skipped: " in told
    assert "marketing_spend +12" in told, "the total has 12.00 that no row has"
    assert not found.draft


def test_faults_that_are_not_shown_are_counted(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "report.csv"
    file.write_text(REPORT + "Rugs,2026-03-02,USD,30,x,10\n" * (SHOWN_FAULTS + 9), encoding="utf-8")
    found = trial(settings, file, NOW, {"platform": "pdd"})
    assert (len(found.faults), found.unshown) == (SHOWN_FAULTS, 10)
    assert "10 more rows are at fault; correct the kinds above and check again" in list(found.shown())


ORDERS = """Order no,Placed,Total,currency,State,Note
A0001,2026-07-01T10:00:00,10.50,EUR,placed,a
A0001,2026-07-01T10:00:00,99,EUR,placed,"b, State=c"
A0002,2026-07-01T10:00:00,-100000.01,EUR,placed,"left, right"
A0003,2026-07-01T10:00:00,5,EUR,shipped,
A0004,2026-07-01T10:00:00,5,XXX,placed,
A0005,2026-07-01T10:00:00,"1.234,56",EUR,placed,
,2026-07-01T10:00:00,8,EUR,placed,
"""
PROFILE = """exporter: a shop
evidence: docs
source: a test
contract: order_event
only_by_name: true
columns: {number: Order no, placed: Placed, total: Total, currency: currency, state: State}
map: {event_id: number, event_time: placed, amount: total, currency: currency, status: state}
constants: {platform: jd}
combine: {amount: same}
file: {zone: UTC}
"""
CONTRACT = """apiVersion: v3.1.0
kind: DataContract
id: shop
schema:
- name: order_event
  properties:
  - {name: event_id, physicalName: Order no}
  - {name: event_time, physicalName: Placed}
  - {name: platform, customProperties: [{property: constant, value: jd}]}
  - {name: amount, physicalName: Total}
  - {name: currency}
  - {name: status, physicalName: State}
"""


@pytest.mark.parametrize(("name", "written"), [("shop.yaml", PROFILE), ("shop.odcs.yaml", CONTRACT)])
def test_the_value_at_fault_is_shown_as_the_file_has_it(settings: Settings, name: str, written: str) -> None:
    (settings.home / "profiles").mkdir(parents=True)
    (settings.home / "profiles" / name).write_text(written, encoding="utf-8")
    folder = settings.inbox / "shop"
    folder.mkdir(parents=True)
    (folder / "profile.yaml").write_text("profile: shop\n", encoding="utf-8")
    (folder / "orders.csv").write_text(ORDERS, encoding="utf-8")
    found = trial(settings, folder / "orders.csv", NOW, {})
    kept = "Order no=A0001, Placed=2026-07-01T10:00:00, Total={}, currency=EUR, State=placed"
    assert [(fault.line, fault.column, fault.value) for fault in found.faults] == [
        (2, "", kept.format("10.50")),
        (3, "", kept.format("99")),
        (4, "Total", "-100000.01"),
        (5, "State", "shipped"),
        (6, "currency", "XXX"),
        (7, "Total", "1.234,56"),
        (8, "Order no", ""),
    ]


@pytest.mark.parametrize(("buyer", "told"), [("ann", "; buyer_id_hash by a key that is thrown away"), ("", "")])
def test_the_hashes_of_a_check_are_told_as_such(settings: Settings, tmp_path: Path, buyer: str, told: str) -> None:
    file = tmp_path / "own.csv"
    own = "event_id,event_time,platform,amount,currency,status,buyer_id_hash\n"
    file.write_text(f"{own}1,2026-02-03 14:05:00,jd,2.50,EUR,placed,{buyer}\n", encoding="utf-8")
    (shown,) = (part for part in trial(settings, file, NOW, {}).shown() if isinstance(part, Table))
    assert shown.title == f"The first rows as they would load{told}"


def test_a_constant_and_a_sum_at_fault_are_shown(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "report.csv"
    row = "Lamps,2026-03-01,USD,{},1,10\n"
    file.write_text("Campaign,Day,Currency code,Clicks,Cost,Impr.\n" + row.format(1) + row.format(-7), encoding="utf-8")
    (first, second) = trial(settings, file, NOW, {"platform": "pdd"}).faults
    assert (first.line, first.column, second.line) == (2, "Clicks", 3)
    assert "Clicks=1, " in first.value and "combined clicks=-6, combined marketing_spend=2, " in first.value
    (third, _) = trial(settings, file, NOW, {"platform": "nobody"}).faults
    assert (third.column, third.value) == ("platform", "nobody")


def test_a_value_at_fault_in_a_contracts_own_form_is_that_of_its_column(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "own.csv"
    own = "event_id,event_time,platform,amount,currency,status\n"
    file.write_text(own + '"1, amount=5",2026-02-03 14:05:00,jd,-2.50,EUR,placed\n', encoding="utf-8")
    (fault,) = trial(settings, file, NOW, {}).faults
    assert (fault.column, fault.value) == ("amount", "-2.50")


def test_a_file_in_its_folder_of_the_inbox_is_read_as_that_folder_says(settings: Settings) -> None:
    folder = settings.inbox / "google"
    folder.mkdir(parents=True)
    (folder / "profile.yaml").write_text("constants: {platform: jd, account: shop-1}\n", encoding="utf-8")
    (folder / "report.csv").write_text(REPORT.replace("1.x", "1.5"), encoding="utf-8")
    found = trial(settings, folder / "report.csv", NOW, {})
    assert (found.load.status, found.load.profile, found.load.rows_skipped) == ("loaded", "google_ads", 1)
    assert {row[found.names.index("account")] for row in found.rows} == {"shop-1"}


def test_an_unknown_file_gets_a_draft_that_loads_once_it_is_edited(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "board.csv"
    file.write_text("Datum;Ausgaben (EUR);Klicks\n02.03.2026;1.204,50;310\n03.03.2026;999,10;280\n", encoding="utf-8")
    first = trial(settings, file, NOW, {"platform": "pdd"})
    assert first.load.status == "refused"
    save_draft(settings, "board", first.draft.replace("CHANNEL", "board"))
    second = trial(settings, file, NOW, {"platform": "pdd"})
    assert (second.load.status, second.load.profile, len(second.rows)) == ("loaded", "board", 2)
    with pytest.raises(MendError, match="there is a profile board already"):
        save_draft(settings, "board", first.draft)
    with pytest.raises(MendError, match="is no name of a profile"):
        save_draft(settings, "../board", first.draft)


def test_a_file_that_is_not_there_and_a_home_without_a_snapshot_are_told(tmp_path: Path, settings: Settings) -> None:
    with pytest.raises(MendError, match="is no file"):
        trial(settings, tmp_path / "nothing.csv", NOW, {})
    (tmp_path / "one.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    empty = load_settings({"WAREHOUSE_HOME": str(tmp_path / "empty")})
    with pytest.raises(MendError, match="run `make refresh` first"):
        trial(empty, tmp_path / "one.csv", NOW, {})
