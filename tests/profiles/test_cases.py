"""Each shipped profile by sample files and the rows that must come: tests/profiles/cases/PROFILE/CASE/.

A case has `profile.yaml` as its folder of the inbox has it, the delivered file, and what must come of it: expected.csv
(rows of the contract), told.csv (line, column and beginning of the reason of rows in quarantine), says.txt (sentences
that are told of the file) or refused.txt (a part of the reason for which the file is refused). Identifiers of buyers
are as given and are hashed here.
"""

from __future__ import annotations

import csv
import re
import shutil
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from hashlib import sha256
from pathlib import Path

import pytest

from etl.buyers import KEY_FILE, LENGTH
from etl.config import ROOT
from etl.profiles.profile import load_profiles
from etl.warehouse import literal
from tests.support.inbox_files import Inbox, inbox_in

CASES = Path(__file__).parent / "cases"
KEPT = {"expected.csv", "told.csv", "says.txt", "refused.txt", "case.md"}


def cases() -> list[Path]:
    return sorted(path for path in CASES.glob("*/*") if path.is_dir())


def inbox_of(case: Path, tmp_path: Path) -> Inbox:
    """A home whose inbox has the folder of a case, in which the shop of the samples is known."""
    inbox = inbox_in(tmp_path / "home")
    inbox.con.execute("insert into core.platform values ('demo_shop')")
    inbox.settings = inbox.settings.model_copy(update={"bad_share": 1.0})
    inbox.now = datetime(2026, 11, 1, tzinfo=UTC)  # after every day of the samples
    shutil.copytree(case, inbox.settings.inbox / "shop", ignore=shutil.ignore_patterns(*KEPT))
    return inbox


def read(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def plain(value: object) -> str:
    """A value as it is compared: numbers by what they are, nothing as ''."""
    text = "" if value is None else str(value)
    try:
        return str(Decimal(text).normalize() + 0) if text[:1] in "-0123456789" and text.count("-") < 2 else text
    except InvalidOperation:
        return text


def hashed(identifier: str, key: str) -> str:
    known = identifier.lower() if "@" in identifier else identifier
    return sha256((key + known).encode()).hexdigest()[:LENGTH] if known else ""


def test_every_shipped_profile_can_be_read_and_has_a_case() -> None:
    profiles = load_profiles(ROOT / "profiles")
    assert not profiles.faulty
    assert set(profiles.known) == {case.parent.name for case in cases()}
    text = (ROOT / "docs" / "profiles.md").read_text(encoding="utf-8")
    listed = {name for row in re.findall(r"^\| ([a-z0-9_, ]+) \|", text, re.MULTILINE) for name in row.split(", ")}
    assert set(profiles.known) <= listed
    assert {profile.evidence for profile in profiles.known.values()} <= {"real", "code", "docs"}


@pytest.mark.parametrize("case", cases(), ids=lambda case: f"{case.parent.name}/{case.name}")
def test_the_rows_are_those_that_must_come(case: Path, tmp_path: Path) -> None:
    inbox = inbox_of(case, tmp_path)
    loads = inbox.load()
    if (case / "refused.txt").exists():
        assert [load.status for load in loads] == ["refused"]
        assert (case / "refused.txt").read_text(encoding="utf-8").strip() in loads[0].reason
        return
    assert {load.profile for load in loads} == {case.parent.name}, [load.reason for load in loads]
    for sentence in lines(case / "says.txt"):
        assert sentence in loads[0].reason
    told = [(row["line"], row["column"], row["reason"]) for row in read(case / "told.csv")]
    aside = [(str(line), column or "", reason) for line, column, _, reason in inbox.set_aside()]
    assert len(aside) == len(told), aside
    for (line, column, reason), (wanted_line, wanted_column, begins) in zip(aside, told, strict=True):
        assert (line, column) == (wanted_line, wanted_column)
        assert reason.startswith(begins)
    expected = read(case / "expected.csv")
    contract = next((load.contract for load in loads if load.contract), None)
    if not contract:
        assert not expected
        assert all(load.reason for load in loads)
        return
    key = (inbox.settings.home / KEY_FILE).read_text().strip()
    names = ["buyer_id_hash" if name == "buyer_id" else name for name in expected[0]]
    columns = {str(row[0]) for row in inbox.con.execute(f"describe core.{contract}").fetchall()}
    listed = ", ".join(f"{name}::varchar" for name in names)
    assert set(names) <= columns
    found = inbox.con.execute(f"select {listed} from core.{contract}").fetchall()
    wanted = [
        [hashed(value, key) if name == "buyer_id" else plain(value) for name, value in row.items()] for row in expected
    ]
    assert sorted([plain(value) for value in row] for row in found) == sorted(wanted)
    assert inbox.load() == ()
    (again,) = inbox.replay(loads[0].file)
    assert again.rows_superseded == 0


def test_parquet_with_fields_within_fields_gives_the_rows_of_its_json(tmp_path: Path) -> None:
    inbox = inbox_of(CASES / "ga4_orders" / "purchases", tmp_path)
    columns = "event_id, event_time, status, amount, refunded, buyer_id_hash, transaction_id"
    inbox.load()
    from_json = inbox.rows(columns, "core.order_event")
    (events,) = (inbox.settings.inbox / "shop").glob("*.jsonl")
    inbox.con.execute(
        f"copy (select * replace (event_timestamp + 1 as event_timestamp) from read_json({literal(str(events))})) "
        f"to {literal(str(events.with_suffix('.parquet')))} (format parquet)"
    )
    (load,) = inbox.load()
    assert (load.profile, load.rows_quarantined, load.rows_superseded) == ("ga4_orders", 0, len(from_json))
    assert [row[2:] for row in inbox.rows(columns, "core.order_event")] == [row[2:] for row in from_json]


def test_a_longer_export_of_the_same_days_restates_what_changed_only(tmp_path: Path) -> None:
    inbox = inbox_of(CASES / "google_ads" / "english", tmp_path)
    inbox.load()
    (export,) = (inbox.settings.inbox / "shop").glob("*.csv")
    row = "Enabled,Harbour Brand,2026-03-02,Search,USD,980,3.06%,30,3.27,98.10,< 10%,1.00\n"
    later = row.replace("03-02", "03-03")
    text = export.read_text(encoding="utf-8")
    assert row in text
    inbox.put("shop/longer.csv", text.replace(row, row.replace("98.10", "99.10") + later))
    (load,) = inbox.load()
    assert inbox.changed_days() == [date(2026, 3, 2), date(2026, 3, 3)]
    assert (load.rows_quarantined, load.rows_superseded) == (0, 1)
    spend = inbox.rows("date, marketing_spend")
    assert [(str(day), str(value.normalize())) for day, value in spend] == [
        ("2026-03-01", "1420.5"),
        ("2026-03-02", "99.1"),
        ("2026-03-03", "98.1"),
    ]
