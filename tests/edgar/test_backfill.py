"""A list of issuers, loaded in several goes, through faults and blocks, against a server like EDGAR."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from etl.config import Settings, load_settings
from etl.edgar.bulk import Backfill, backfill, journal_path, read_ciks
from etl.edgar.client import Client, Clock, Limiter, UnavailableError
from etl.errors import MendError
from etl.warehouse import open_build
from tests.support.command import run
from tests.support.edgar_server import (
    AGENT,
    RATE,
    EdgarServer,
    companyfacts,
    fact,
    filing,
    hung_up,
    page,
    submissions,
)

pytestmark = pytest.mark.slow

CIKS = list(range(1, 8))
START = datetime(2018, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
def server() -> Iterator[EdgarServer]:
    with EdgarServer() as edgar:
        for cik in CIKS:
            edgar.lists(cik, filing(f"{cik:010d}-18-000001"))
            edgar.has_facts(cik, fact(f"{cik:010d}-18-000001", cik))
        yield edgar


@pytest.fixture
def settings(tmp_path: Path, server: EdgarServer) -> Settings:
    environment = {"WAREHOUSE_HOME": str(tmp_path), "SEC_USER_AGENT": AGENT, "SEC_BASE_URL": server.url}
    return load_settings(environment, tmp_path)


class Go:
    """One go at the list; time passes only by waiting."""

    def __init__(self, settings: Settings, server: EdgarServer) -> None:
        self.settings, self.server = settings, server
        self.moment = START
        self.said: list[str] = []

    def __call__(self) -> Backfill:
        self.server.requests.clear()
        clock = Clock(lambda: self.moment, self.wait)
        with Client(AGENT, self.server.url, limiter=Limiter(), clock=clock) as client:
            return backfill(self.settings, CIKS, client, lambda done, of, said: self.said.append(said))

    def wait(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)

    def loaded(self) -> list[int]:
        with open_build(self.settings) as con:
            rows = con.execute("select cik from raw.edgar_filing where status = 'facts_loaded' order by 1")
            return [row[0] for row in rows.fetchall()]


@pytest.fixture
def go(settings: Settings, server: EdgarServer) -> Go:
    return Go(settings, server)


def test_a_second_run_asks_once_for_each_issuer(go: Go, server: EdgarServer) -> None:
    assert go() == Backfill(7, done=7, loaded=7)
    assert go.loaded() == CIKS
    assert go() == Backfill(7, done=7, loaded=0)
    assert server.requests == [submissions(cik) for cik in CIKS]


def test_a_backfill_continues_where_it_was_stopped(go: Go, server: EdgarServer) -> None:
    for cik in (4, 5, 6):
        server.fail(submissions(cik), *[hung_up] * 4)
    with pytest.raises(UnavailableError, match="3 issuers in a row"):
        go()
    assert go.loaded() == [1, 2, 3]
    with journal_path(go.settings, CIKS).open("a") as noted:
        noted.write("7")  # the line that a crash cut off
    assert go() == Backfill(7, done_before=3, done=4, loaded=4)
    assert server.requests == [path(cik) for cik in (4, 5, 6, 7) for path in (submissions, companyfacts)]
    assert go.loaded() == CIKS
    assert not journal_path(go.settings, CIKS).exists()


def test_a_block_is_waited_out(go: Go, server: EdgarServer) -> None:
    server.fail(companyfacts(2), page(403, RATE))
    assert go() == Backfill(7, done=7, loaded=7)
    assert timedelta(minutes=10) <= go.moment - START < timedelta(minutes=11)
    assert [said for said in go.said if "Request Rate Threshold Exceeded" in said]
    assert server.requests.count(companyfacts(2)) == 2


def test_a_failed_issuer_is_reported_and_tried_in_the_next_run(go: Go, server: EdgarServer) -> None:
    del server.bodies[submissions(3)]
    assert go() == Backfill(7, done=6, loaded=6, failed=1)
    assert any("EDGAR has no filings of CIK 3: correct the number" in said for said in go.said)
    server.lists(3)
    assert go() == Backfill(7, done_before=6, done=1)
    assert server.requests == [submissions(3)]


def test_a_list_is_read_however_it_is_written(tmp_path: Path) -> None:
    file = tmp_path / "ciks.txt"
    file.write_text("# mine\n1549802\nCIK0001577552, Alibaba\n\n 0001737806 # PDD\n1549802\n", encoding="utf-8")
    assert read_ciks(file) == [1549802, 1577552, 1737806]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1\nAlibaba\n", ":2: 'Alibaba' does not start with a CIK"),
        ("0\n", ":1:"),
        ("# none\n", "no CIK in it"),
    ],
)
def test_an_invalid_list_is_refused(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "ciks.txt"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(MendError, match=said):
        read_ciks(file)


def test_the_command_says_what_is_missing(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ciks.txt").write_text("1\n2\n")
    monkeypatch.setattr("assets.cli.load_settings", lambda: load_settings({}, tmp_path))
    without_agent, without_list = run("edgar", "backfill", str(tmp_path / "ciks.txt")), run("edgar", "backfill", "")
    assert without_agent.exit_code == without_list.exit_code == 1
    assert "SEC_USER_AGENT" in without_agent.stderr
    assert "CIKS=ciks.txt" in without_list.stderr
    monkeypatch.setattr("assets.cli.load_settings", lambda: settings)
    loaded = run("edgar", "backfill", str(tmp_path / "ciks.txt"))
    assert loaded.exit_code == 0
    assert "2 of 2 issuers done (0 before), 2 reports with new facts" in loaded.stdout
