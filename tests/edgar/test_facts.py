"""Bodies into raw.edgar_fact: what is kept, what is set aside, and what a second or changed body does."""

import gzip
import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from etl.config import ROOT, Settings, load_settings
from etl.edgar.facts import IDENTITY, Body, FactLoad, load_body, load_pending, stage
from etl.edgar.filings import FORMS
from etl.edgar.store import store_body
from etl.errors import MendError
from etl.warehouse import Connection
from tests.support.edgar_bodies import FILED, JD, PDD, body, fact, real_bodies, write
from tests.support.models import model_files

pytestmark = pytest.mark.slow

NOW = datetime(2021, 5, 1, tzinfo=UTC)
LATER = datetime(2021, 6, 1, tzinfo=UTC)
OF_JD = [row for row in FILED if row[0] == JD]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings({"WAREHOUSE_HOME": str(tmp_path)})


def load(con: Connection, path: Path, content: dict[str, Any], now: datetime = NOW, cik: int = JD) -> FactLoad:
    return load_body(con, Body(cik, f"hash of {now}", write(path / "body.json", content)), now)


def count(con: Connection, where: str = "true") -> int:
    row = con.execute(f"select count(*) from raw.edgar_fact where {where}").fetchone()
    return int(row[0]) if row else 0


def changed(content: dict[str, Any], **values: Any) -> dict[str, Any]:
    """The body with `values` in its first fact in yuan."""
    content["facts"]["us-gaap"]["MarketingExpense"]["units"]["CNY"][0].update(values)
    return content


@pytest.mark.parametrize("cik", [JD, str(JD), f"{JD:010d}"])
def test_cik_as_number_and_as_text(con: Connection, tmp_path: Path, cik: int | str) -> None:
    loaded = load(con, tmp_path, body(cik))
    assert (loaded.status, loaded.rows_added) == ("loaded", len(OF_JD))
    assert count(con, f"cik = {JD}") == len(OF_JD)


def test_a_value_by_hand(con: Connection, tmp_path: Path) -> None:
    load(con, tmp_path, body(JD))
    rows = con.execute(
        "select val, form, filed::varchar from raw.edgar_fact where period_end = '2016-12-31' order by filed"
    ).fetchall()
    assert [(int(value), form, filed) for value, form, filed in rows] == [
        (10573024000, "20-F", "2017-05-01"),
        (10158686000, "20-F", "2018-04-27"),
        (10158686000, "20-F", "2019-04-15"),
    ]


def test_a_value_keeps_its_digits(con: Connection, tmp_path: Path) -> None:
    load(con, tmp_path, changed(body(JD), val=1234567890123.25))
    assert con.execute("select max(val)::varchar from raw.edgar_fact").fetchone() == ("1234567890123.2500000000",)


@pytest.mark.parametrize(
    ("number", "kept"),
    [
        ("12345678901234.5678", "12345678901234.5678"),
        ("100000000000000.01", "100000000000000.01"),
        ("18446744073709551617", "18446744073709551617"),
        ("-9999999999999999999999999999.9999999999", "-9999999999999999999999999999.9999999999"),
        ("0.1", "0.1"),
        ("0.10000000000", "0.1"),
        ("1.0000000001", "1.0000000001"),
        ("-0.0", "0"),
        ("1E+3", "1000"),
        ("1.25e-5", "0.0000125"),
        ("123456789012345678.9e9", "123456789012345678900000000"),
        ("0.00000000001", None),  # eleven places
        ("1e-11", None),
        ("1.2e-10", None),
        ("0.1000000000000000055", None),
        ("10000000000000000000000000000", None),  # 29 digits
        ("1e28", None),
        ("1e400", None),
        ("1e-400", None),
        ("1e999999999", None),
        ("NaN", None),
        ("-Infinity", None),
        ('"1e3"', None),
        ('"1_000"', None),
        ("true", None),
        ("[1]", None),
    ],
)
def test_a_fact_keeps_the_digits_of_its_number_or_is_set_aside(
    con: Connection, tmp_path: Path, number: str, kept: str | None
) -> None:
    """Never rounded; the marker of the test stands for the number, with a blank before it as JSON allows."""
    text = json.dumps(changed(body(JD), val="MARK")).replace('"MARK"', f" {number}")
    path = tmp_path / "body.json"
    path.write_text(text, encoding="utf-8")
    loaded = load_body(con, Body(JD, "x", path), NOW)
    found = con.execute(
        "select val from raw.edgar_fact where accn = '0001104659-16-111984' and period_end = '2013-12-31'"
    )
    assert [value for (value,) in found.fetchall()] == ([Decimal(kept)] if kept else [])
    assert loaded.rows_quarantined == (kept is None)
    assert count(con) == len(OF_JD) - loaded.rows_quarantined


def test_a_number_within_a_text_is_left_as_it_is(con: Connection, tmp_path: Path) -> None:
    content = changed(body(JD), frame='"val": 1.5, "val":2e3,')
    load(con, tmp_path, content)
    assert con.execute("select frame from raw.edgar_fact where frame is not null").fetchall() == [
        ('"val": 1.5, "val":2e3,',)
    ]


def test_the_same_body_again_writes_nothing(con: Connection, tmp_path: Path) -> None:
    load(con, tmp_path, body(JD))
    again = load(con, tmp_path, body(str(JD)), LATER)
    assert (again.rows_added, again.rows_superseded) == (0, 0)
    assert count(con, f"loaded_at <> '{NOW}'") == 0


def test_changed_frames_and_fiscal_labels_change_nothing(con: Connection, tmp_path: Path) -> None:
    load(con, tmp_path, body(JD))
    again = load(con, tmp_path, changed(body(JD), frame="CY2013", fy=1999, fp="Q1"), LATER)
    assert (again.rows_added, again.rows_superseded) == (0, 0)


def test_a_changed_value_under_the_same_accession_is_kept_beside_the_old(con: Connection, tmp_path: Path) -> None:
    load(con, tmp_path, body(JD))
    again = load(con, tmp_path, changed(body(JD), val=5), LATER)
    assert (again.rows_added, again.rows_superseded) == (1, 1)
    assert count(con) == len(OF_JD) + 1
    assert con.execute(
        "select val::bigint, superseded_at from raw.edgar_fact where accn = '0001104659-16-111984' "
        "and period_end = '2013-12-31' order by loaded_at"
    ).fetchall() == [(1590171000, LATER.replace(tzinfo=None)), (5, None)]


def test_a_fact_that_disappeared_is_marked_and_not_deleted(con: Connection, tmp_path: Path) -> None:
    load(con, tmp_path, body(JD))
    again = load(con, tmp_path, body(JD, OF_JD[1:]), LATER)
    assert (again.rows_superseded, count(con), count(con, "superseded_at is null")) == (
        1,
        len(OF_JD),
        len(OF_JD) - 1,
    )


@pytest.mark.parametrize(
    "values",
    [
        {"val": None},
        {"val": "n/a"},
        {"accn": None},
        {"end": "2016-13-01"},
        {"filed": ""},
        {"start": "2030-01-01"},
        {"end": "10000-01-01"},
        {"end": "infinity"},
        {"filed": "0044-03-15 (BC)"},
        {"filed": "2016-01-01T00:00:00"},
    ],
)
def test_a_broken_fact_is_set_aside_and_the_rest_loads(con: Connection, tmp_path: Path, values: dict[str, Any]) -> None:
    loaded = load(con, tmp_path, changed(body(JD), **values))
    assert (loaded.status, loaded.rows_quarantined, count(con)) == ("partly_loaded", 1, len(OF_JD) - 1)
    rows = con.execute("select source, file, line, reason from audit.quarantine").fetchall()
    assert [(source, file) for source, file, *_ in rows] == [("edgar", "CIK0001549802.json")]
    assert rows[0][2] is not None
    assert "a fact needs" in rows[0][3]
    mended = load(con, tmp_path, body(JD), LATER)
    assert (mended.status, mended.rows_added) == ("loaded", 1)
    assert con.execute("select count(*) from audit.quarantine where superseded_at is null").fetchone() == (0,)


def test_of_two_facts_with_one_identity_the_first_counts(con: Connection, tmp_path: Path) -> None:
    content = body(JD)
    facts = content["facts"]["us-gaap"]["MarketingExpense"]["units"]["CNY"]
    facts.append({**facts[0], "val": 7, "frame": "CY2013"})
    loaded = load(con, tmp_path, content)
    assert (loaded.rows_quarantined, count(con, "val = 7"), count(con)) == (1, 0, len(OF_JD))


@pytest.mark.parametrize(
    "text",
    [
        "<html><title>Request Rate Threshold Exceeded</title></html>",
        '{"cik": 1549802, "facts": {"us',
        "",
        "[1]",
        '{"message": "gone"}',
        "{}",
        '{"cik": 1549802}',
        '{"cik": 1549802, "facts": ' + '{"a":' * 100_000,
        '{"cik": 1549802, "facts": ' + "[" * 100_000 + "]" * 100_000 + "}",
        '{"cik": 1549802, "facts": {"us-gaap": {"X": {"units": {"CNY": 5}}}}}',
        '{"cik": "\u00b2", "facts": {"us-gaap": {"X": {"units": {"CNY": [{"val": 1}]}}}}}',
        '{"cik": 1549802, "facts": {}}',
    ],
)
def test_an_invalid_body_is_refused_with_a_message_and_changes_nothing(
    con: Connection, tmp_path: Path, text: str
) -> None:
    load(con, tmp_path, body(JD))
    path = tmp_path / "bad.json"
    path.write_text(text, encoding="utf-8")
    loaded = load_body(con, Body(JD, "bad", path), LATER)
    assert loaded.status == "refused"
    assert "bad.json" in loaded.message
    assert count(con, "superseded_at is null") == len(OF_JD)
    assert con.execute("select status from audit.load where superseded_at is null order by status").fetchall() == [
        ("loaded",),
        ("refused",),
    ]
    load(con, tmp_path, body(JD), datetime(2021, 7, 1, tzinfo=UTC))
    assert con.execute("select status from audit.load where superseded_at is null").fetchall() == [("loaded",)]


def test_a_body_of_another_issuer_is_refused(con: Connection, tmp_path: Path) -> None:
    loaded = load(con, tmp_path, body(PDD))
    assert loaded.status == "refused"
    assert (str(PDD) in loaded.message, count(con)) == (True, 0)


def test_a_body_too_large_for_memory_is_not_called_broken(con: Connection, tmp_path: Path) -> None:
    path = write(tmp_path / "body.json", body(JD))
    con.execute("set memory_limit = '1MB'")
    with pytest.raises(MendError, match="needs more memory") as raised:
        stage(con, Body(JD, "x", path))
    con.execute("set memory_limit = '1GB'")
    assert "remove it" not in str(raised.value)
    assert "WAREHOUSE_MEMORY" in str(raised.value)
    assert load(con, tmp_path, body(JD)).rows_added == len(OF_JD)


def test_truncated_gzip_is_refused(con: Connection, tmp_path: Path) -> None:
    path = tmp_path / "body.json.gz"
    path.write_bytes(gzip.compress(json.dumps(body(JD)).encode())[:-40])
    assert load_body(con, Body(JD, "x", path), NOW).status == "refused"
    assert count(con) == 0


def test_pending_bodies_load_once_and_the_newest_counts(con: Connection, settings: Settings) -> None:
    keep = {"headers": {}, "now": NOW}
    store_body(con, settings, "companyfacts", JD, json.dumps(body(JD, OF_JD[1:])).encode(), **keep)  # type: ignore[arg-type]
    store_body(con, settings, "companyfacts", PDD, json.dumps(body(PDD)).encode(), **keep)  # type: ignore[arg-type]
    first = list(load_pending(con, settings, NOW))
    assert [load.body.cik for load in first] == [JD, PDD]
    assert {load.status for load in first} == {"loaded"}
    assert list(load_pending(con, settings, LATER)) == []
    content = json.dumps(body(JD)).encode()
    store_body(con, settings, "companyfacts", JD, content, headers={}, now=LATER)
    (newer,) = load_pending(con, settings, LATER)
    assert (newer.body.cik, newer.rows_added) == (JD, 1)


def test_a_missing_body_is_reported_once_and_the_others_load(con: Connection, settings: Settings) -> None:
    content = json.dumps(body(JD)).encode()
    gone = store_body(con, settings, "companyfacts", JD, content, headers={}, now=NOW)
    store_body(con, settings, "companyfacts", PDD, json.dumps(body(PDD)).encode(), headers={}, now=NOW)
    path = settings.home / "raw" / "edgar" / f"{gone}.json.gz"
    path.unlink()
    assert [load.status for load in load_pending(con, settings, NOW)] == ["refused", "loaded"]
    assert [load.status for load in load_pending(con, settings, LATER)] == ["refused"], "it is looked for again"
    assert con.execute("select count(*) from audit.load").fetchone() == (2,), "and the same is no news"
    store_body(con, settings, "companyfacts", JD, content, headers={}, now=LATER)
    assert [load.status for load in load_pending(con, settings, LATER)] == ["loaded"]
    assert con.execute(
        "select count(*) from audit.load where status = 'refused' and superseded_at is null"
    ).fetchone() == (0,)


@pytest.mark.skipif(not real_bodies(), reason="the real bodies are not on this machine")
def test_real_bodies_have_unique_identities(con: Connection) -> None:
    for cik, path in real_bodies():
        loaded = load_body(con, Body(cik, path.name, path), NOW)
        assert (loaded.status, loaded.rows_quarantined, loaded.message) == ("loaded", 0, "")
        distinct = con.execute(
            f"select count(distinct ({', '.join(IDENTITY)})) from raw.edgar_fact where cik = {cik}"
        ).fetchone()
        assert distinct == (loaded.rows_read,)
    assert count(con) > 30000


def test_facts_of_the_fixtures_are_complete() -> None:
    assert fact(FILED[0]).keys() == {"start", "end", "val", "accn", "fy", "fp", "form", "filed"}


def test_no_fact_is_keyed_by_what_describes_the_filing() -> None:
    """fy, fp and frame stand in raw.edgar_fact as they came, and no model reads them."""
    about = {"fy", "fp", "frame"}
    assert not about & set(IDENTITY)
    for path in model_files().values():
        assert not about & set(re.findall(r"\w+", path.read_text(encoding="utf-8"))), path.name


def test_every_report_that_is_asked_for_makes_figures() -> None:
    text = (ROOT / "sql" / "core" / "edgar_filing.sql").read_text(encoding="utf-8")
    (forms,) = re.findall(r"regexp_full_match\(\w+\.form, '([^']+)'\)", text)
    assert {form for form in (*FORMS, "8-K", "424B2", "F-1", "DEF 14A") if re.fullmatch(forms, form)} == FORMS
