"""Real bodies of EDGAR through the whole reading, where ../shared/data/edgar is present."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from etl.config import ROOT, load_settings
from etl.edgar.client import Client, Clock, Limiter
from etl.edgar.filings import facts_by_accession, poll_issuer
from etl.warehouse import memory
from tests.support.edgar_server import AGENT, EdgarServer, companyfacts, stored_body, submissions

REAL = next((f for up in ROOT.parents if (f := up / "shared/data/edgar").is_dir()), Path("absent"))
MARVELL, LOGISTIC = 1835632, 1997711
FETCHED = datetime(2026, 6, 8, 1, 14, 9, tzinfo=UTC)  # the Date header of both bodies of Marvell

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not REAL.is_dir(), reason="no ../shared/data/edgar")]


def real(cik: int) -> bytes:
    return gzip.decompress((REAL / f"CIK{cik:010d}.companyfacts.json.gz").read_bytes())


def test_marvells_reports_have_their_facts(tmp_path: Path) -> None:
    """21 reports by hand: 5 10-K of fiscal 2022 to 2026 and 16 10-Q, from 2021-06-09 to 2026-05-28."""
    settings = load_settings({"WAREHOUSE_HOME": str(tmp_path)}, tmp_path)
    con = memory()
    with EdgarServer() as server:
        server.bodies[submissions(MARVELL)] = (REAL / f"CIK{MARVELL:010d}.submissions.json").read_bytes()
        server.bodies[companyfacts(MARVELL)] = real(MARVELL)
        clock = Clock(lambda: FETCHED, lambda seconds: None)
        with Client(AGENT, server.url, limiter=Limiter(), clock=clock) as client:
            first = poll_issuer(con, settings, client, MARVELL, FETCHED)
            second = poll_issuer(con, settings, client, MARVELL, FETCHED)
    assert (first.entity, first.loaded, first.pending, first.requests) == (
        "Marvell Technology, Inc.",
        21,
        0,
        2,
    )
    assert (second.listed, second.loaded, second.changed, second.requests) == (0, 0, 0, 1)
    reports = con.execute(
        "select form, count(*), min(filing_date)::varchar, max(filing_date)::varchar, sum(fact_count) "
        "from raw.edgar_filing where status = 'facts_loaded' group by all order by all"
    ).fetchall()
    assert [row[:4] for row in reports] == [
        ("10-K", 5, "2022-03-10", "2026-03-11"),
        ("10-Q", 16, "2021-06-09", "2026-05-28"),
    ]
    ((accession, count),) = con.execute(
        "select accession, fact_count from raw.edgar_filing where filing_date = date '2026-03-11'"
    ).fetchall()
    assert (accession, count) == ("0001835632-26-000011", 563)
    hashes = con.execute("select content_hash from raw.edgar_body where kind = 'companyfacts'").fetchall()
    assert [stored_body(settings, h) for (h,) in hashes] == [real(MARVELL)]


def test_an_issuer_whose_cik_is_a_padded_string() -> None:
    document = json.loads(real(LOGISTIC))
    assert document["cik"] == "0001997711"
    assert {f["accession"]: f["count"] for f in facts_by_accession(document, LOGISTIC, "")} == {
        "0001493152-24-016772": 369,
        "0001997711-25-000030": 398,
        "0001641172-25-002932": 1,
    }
