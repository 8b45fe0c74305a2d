"""The audit trail: what stands in quarantine, and when it no longer does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime

import pytest

from etl.ledger import Ledger, QuarantineRecord, standing
from etl.warehouse import Connection, memory

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ROWS = "select unnest([4, 2]) as line, 'gmv' as column_name, 'jd,x' as raw_text, 'is no number' as reason"


@pytest.fixture
def con() -> Iterator[Connection]:
    with closing(memory()) as made:
        yield made


def refused(reason: str) -> QuarantineRecord:
    return QuarantineRecord("a.csv", "a", None, None, None, reason)


def test_a_file_that_is_refused_stands_in_quarantine_once(con: Connection) -> None:
    for reason in ("has no header", "is empty"):
        Ledger(con, "inbox").refuse(file="a.csv", content_hash="a", reason=reason, now=NOW, table="core.fx_rate")
    found = standing(con, "inbox", most=9)
    assert (found.quarantined, found.total) == ([refused("is empty")], 1)
    assert con.execute("select count(*), any_value(table_name) from audit.quarantine").fetchall() == [
        (2, "core.fx_rate")
    ]


def test_a_refusal_leaves_the_quarantine_of_what_was_loaded_of_the_file(con: Connection) -> None:
    ledger = Ledger(con, "inbox")
    ledger.set_aside(ROWS, file="a.csv", content_hash="a", now=NOW)
    ledger.refuse(file="a.csv", content_hash="b", reason="is empty", now=NOW)
    assert standing(con, "inbox", most=9).total == 3
    ledger.supersede("a.csv", NOW)
    assert standing(con, "inbox", most=9).total == 0


def test_only_the_named_sources_stand_and_at_most_so_many_rows(con: Connection) -> None:
    Ledger(con, "inbox").set_aside(ROWS, file="a.csv", content_hash="a", now=NOW)
    Ledger(con, "edgar").refuse(file="a.json", content_hash="a", reason="is no JSON", now=NOW)
    Ledger(con, "s3").set_status("stale", "does not answer", NOW)
    Ledger(con, "ecb").set_status("stale", "is gone", NOW)
    Ledger(con, "ecb").set_status("current", "", NOW)
    found = standing(con, "inbox", "s3", "ecb", most=1)
    assert [row.line for row in found.quarantined] == [2]
    assert (found.total, found.unread) == (2, {"s3": "does not answer"})


def test_what_is_dismissed_no_longer_stands_and_what_was_loaded_counts(con: Connection) -> None:
    ledger = Ledger(con, "inbox")
    ledger.refuse(file="a.csv", content_hash="a", reason="is empty", now=NOW)
    ledger.refuse(file="b.csv", content_hash="b", reason="is empty", now=NOW)
    assert ledger.dismiss("a.csv", NOW) == 1
    assert ledger.dismiss("a.csv", NOW) == 0
    assert ledger.incomplete() == ["b.csv"]
    assert standing(con, "inbox", most=9).total == 1
