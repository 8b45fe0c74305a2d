"""What a refresh asks of EDGAR, keeps and says, against a server on loopback that behaves like it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from etl.bounds import Bounds
from etl.checks.suite import load_suite
from etl.config import Settings, load_settings
from etl.edgar.client import AgentError, Client, Clock, ContentError, Limiter
from etl.edgar.facts import load_pending
from etl.edgar.filings import OFF, EdgarPoll, platform_ciks, read_filings, refresh_edgar
from etl.ledger import Ledger
from etl.reference.load import load_reference
from etl.warehouse import Connection, memory
from tests.support.edgar_server import (
    AGENT,
    MAINTENANCE,
    RATE,
    UNDECLARED,
    EdgarServer,
    columns,
    companyfacts,
    fact,
    filing,
    hung_up,
    page,
    stored_body,
    submissions,
)

pytestmark = pytest.mark.slow

JD, ALIBABA, PDD = 1549802, 1577552, 1737806
FY16, FY17, RELEASE = "0001104659-17-027510", "0001104659-18-027535", "0001104659-18-031234"
NOW = datetime(2018, 5, 1, 12, tzinfo=UTC)
PLATFORMS = """platform,name,sec_cik,fiscal_year_end,reporting_currency
{rows}
"""


@pytest.fixture
def server() -> Iterator[EdgarServer]:
    with EdgarServer() as edgar:
        yield edgar


@pytest.fixture
def settings(tmp_path: Path, server: EdgarServer) -> Settings:
    environment = {
        "WAREHOUSE_HOME": str(tmp_path / "home"),
        "WAREHOUSE_FIGURES": str(tmp_path / "figures"),
        "SEC_USER_AGENT": AGENT,
        "SEC_BASE_URL": server.url,
    }
    return load_settings(environment, tmp_path)


class Home:
    """A warehouse in memory with platforms, refreshed at a time of the test's choice."""

    def __init__(self, settings: Settings, server: EdgarServer) -> None:
        self.con: Connection = memory()
        self.settings = settings
        self.server = server
        self.limiter = Limiter()

    def platforms(self, *ciks: int) -> None:
        folder = self.settings.figures[0]
        folder.mkdir(exist_ok=True)
        rows = "\n".join(f"p{cik},Platform,{cik},12-31,CNY" for cik in ciks)
        folder.joinpath("platforms.csv").write_text(PLATFORMS.format(rows=rows))
        load_reference(self.con, self.settings, NOW)

    def refresh(self, now: datetime = NOW, **changes: Any) -> EdgarPoll:
        """One refresh; `server.requests` then holds what was asked for in it."""
        self.server.requests.clear()

        def open_client(agent: str | None, url: str) -> Client:
            clock = Clock(lambda: now, lambda seconds: None)
            return Client(agent, url, limiter=self.limiter, clock=clock, bounds=Bounds(5, 5, 1_000_000))

        return refresh_edgar(self.con, self.settings.model_copy(update=changes), now, open_client)

    def filings(self, columns: str = "accession, status") -> list[Any]:
        return self.con.execute(f"select {columns} from raw.edgar_filing order by cik, accession").fetchall()

    def standing(self) -> list[Any]:
        return self.con.execute(
            "select status, reason, not_before from audit.source_status where until is null"
        ).fetchall()


@pytest.fixture
def home(settings: Settings, server: EdgarServer) -> Home:
    home = Home(settings, server)
    home.platforms(JD)
    server.lists(JD, filing(FY17), filing(RELEASE, "6-K", "2018-05-08", xbrl=0), filing("x", "SC 13G"))
    server.has_facts(JD, fact(FY17, 14_918_000_000), fact(FY17, 10_159_000_000, 2016))
    return home


def test_a_new_report_is_listed_and_its_facts_are_kept(home: Home, server: EdgarServer) -> None:
    found = home.refresh()
    assert (found.status, found.reason, found.changed) == ("current", "", True)
    assert server.requests == [submissions(JD), companyfacts(JD)]
    assert home.filings("accession, form, filing_date::varchar, accepted_at::varchar, is_xbrl, status") == [
        (FY17, "20-F", "2018-04-27", "2018-04-27 10:30:00", True, "facts_loaded"),
        (RELEASE, "6-K", "2018-05-08", "2018-05-08 10:30:00", False, "no_facts"),
    ]
    bodies = home.con.execute(
        "select kind, cik, content_hash, headers['content-type'], path from raw.edgar_body order by kind desc"
    ).fetchall()
    assert [row[:2] for row in bodies] == [("submissions", JD), ("companyfacts", JD)]
    assert [stored_body(home.settings, row[2]) for row in bodies] == [
        server.bodies[submissions(JD)],
        server.bodies[companyfacts(JD)],
    ]
    assert {row[3] for row in bodies} == {"application/json"}
    assert all((home.settings.home / row[4]).exists() for row in bodies)
    assert home.filings("content_hash")[0][0] == bodies[1][2]


def test_a_second_run_makes_one_request_an_issuer_and_loads_nothing(home: Home, server: EdgarServer) -> None:
    home.platforms(JD, ALIBABA)
    server.lists(ALIBABA, filing(FY16), older=[filing("0000000000-11-000001", filed="2011-06-01")])
    server.has_facts(ALIBABA, fact(FY16, 1))
    home.refresh()
    before = [home.con.execute(f"from {t}").fetchall() for t in ("raw.edgar_body", "raw.edgar_filing")]
    found = home.refresh(NOW + timedelta(minutes=5))
    assert server.requests == [submissions(JD), submissions(ALIBABA)]
    assert found.requests == 2
    assert not found.changed
    assert [home.con.execute(f"from {t}").fetchall() for t in ("raw.edgar_body", "raw.edgar_filing")] == before


def test_only_the_issuer_with_a_new_report_is_fetched_again(home: Home, server: EdgarServer) -> None:
    home.platforms(JD, ALIBABA)
    server.lists(ALIBABA, filing(FY16))
    server.has_facts(ALIBABA, fact(FY16, 1))
    home.refresh()
    server.lists(ALIBABA, filing("0001047469-18-005257", filed="2018-07-27"), filing(FY16))
    server.has_facts(ALIBABA, fact(FY16, 1), fact("0001047469-18-005257", 2, 2017))
    found = home.refresh(NOW + timedelta(days=90))
    assert server.requests == [submissions(JD), submissions(ALIBABA), companyfacts(ALIBABA)]
    assert [(i.cik, i.listed, i.loaded, i.changed) for i in found.issuers] == [
        (JD, 0, 0, 0),
        (ALIBABA, 1, 1, 0),
    ]


def test_older_pages_are_read_once_and_again_when_they_grow(home: Home, server: EdgarServer) -> None:
    old = [filing("0000000000-14-000001", filed="2014-06-01", xbrl=0)]
    server.lists(JD, filing(FY17), older=old)
    home.refresh()
    paged = f"/submissions/CIK{JD:010d}-submissions-001.json"
    assert server.requests == [submissions(JD), paged, companyfacts(JD)]
    assert [row[0] for row in home.filings()] == ["0000000000-14-000001", FY17]
    home.refresh()
    assert server.requests == [submissions(JD)]
    server.lists(JD, filing(FY17), older=[filing("0000000000-15-000001", filed="2015-06-01", xbrl=0), *old])
    home.refresh()
    assert server.requests == [submissions(JD), paged]
    assert [row[0] for row in home.filings()] == ["0000000000-14-000001", "0000000000-15-000001", FY17]


def test_a_report_without_facts_is_requested_less_and_less_often(home: Home, server: EdgarServer) -> None:
    server.has_facts(JD, fact(FY16, 1))
    found = home.refresh()
    assert home.filings() == [(FY17, "pending_at_source"), (RELEASE, "no_facts")]
    assert found.issuers[0].pending == 1
    asked = []
    for minutes in range(0, 24 * 60 + 1, 10):
        home.refresh(NOW + timedelta(minutes=minutes))
        if companyfacts(JD) in server.requests:
            asked.append(minutes / 60)
    assert asked == [1, 2, 4, 8, 16]
    server.has_facts(JD, fact(FY16, 1), fact(FY17, 2))
    assert home.refresh(NOW + timedelta(hours=32)).issuers[0].loaded == 1
    assert home.filings()[0] == (FY17, "facts_loaded")


def test_an_old_report_without_facts_is_given_up(home: Home, server: EdgarServer) -> None:
    server.has_facts(JD, fact(FY16, 1))
    home.refresh(NOW + timedelta(days=31))
    assert home.filings() == [(FY17, "no_facts"), (RELEASE, "no_facts")]
    home.refresh(NOW + timedelta(days=60))
    assert server.requests == [submissions(JD)]


def test_an_issuer_without_any_fact_is_no_fault(home: Home, server: EdgarServer) -> None:
    del server.bodies[companyfacts(JD)]
    found = home.refresh()
    assert (found.status, home.filings()[0]) == ("current", (FY17, "pending_at_source"))
    assert home.filings("content_hash") == [(None,), (None,)]


def test_a_changed_body_under_the_same_accession_is_kept_and_flagged(home: Home, server: EdgarServer) -> None:
    first = server.has_facts(JD, fact(FY16, 100, 2015, "2017-05-01"), fact(FY17, 200))
    server.lists(JD, filing(FY17), filing(FY16, filed="2017-05-01"))
    home.refresh()
    assert failing(home) == []
    moved = {**fact(FY17, 200), "fy": 2018, "frame": "CY2016"}  # describes the newest filing, is no change
    second = server.has_facts(JD, fact(FY16, 101, 2015, "2017-05-01"), moved, fact(RELEASE, 3))
    server.lists(JD, filing(RELEASE, "6-K", "2018-05-08"), filing(FY17), filing(FY16, filed="2017-05-01"))
    later = NOW + timedelta(days=10)
    found = home.refresh(later)
    assert (found.issuers[0].changed, found.changed) == (1, True)
    assert home.filings("accession, facts_changed_at") == [
        (FY16, later.replace(tzinfo=None)),
        (FY17, None),
        (RELEASE, None),
    ]
    hashes = home.con.execute(
        "select content_hash from raw.edgar_body where kind = 'companyfacts' order by fetched_at"
    ).fetchall()
    assert [stored_body(home.settings, h) for (h,) in hashes] == [first, second]
    assert failing(home) == ["facts_stay_as_they_were_filed"]


def failing(home: Home) -> list[str]:
    """Checks in words of SQL on raw.edgar_filing and raw.edgar_body that find rows."""
    found = []
    for table in ("raw.edgar_filing", "raw.edgar_body"):
        suite = load_suite(Path("expectations"), table)
        for expectation in suite.expectations:
            query = expectation.kwargs.get("unexpected_rows_query")
            if query and home.con.execute(query.format(batch=table)).fetchall():
                found.append(expectation.name)
    return found


def test_without_a_user_agent_nothing_is_requested_and_the_fix_is_named(home: Home, server: EdgarServer) -> None:
    found = home.refresh(sec_user_agent=None)
    assert (found.status, found.reason, server.requests) == ("off", OFF, [])
    assert "SEC_USER_AGENT" in OFF
    assert home.standing() == [("off", OFF, None)]
    assert not home.refresh(sec_user_agent=None).changed
    assert failing(home) == []


@pytest.mark.parametrize("agent", ["Ann Lee", "robot"])
def test_a_malformed_user_agent_stops_the_refresh(home: Home, server: EdgarServer, agent: str) -> None:
    with pytest.raises(AgentError, match="must be your name and e-mail"):
        home.refresh(sec_user_agent=agent)
    assert server.requests == []


def test_a_rejected_user_agent_stops_the_refresh(home: Home, server: EdgarServer) -> None:
    server.fail(submissions(JD), page(403, UNDECLARED))
    with pytest.raises(AgentError, match="does not accept the agent"):
        home.refresh()


def test_a_block_marks_the_source_as_stale_until_it_is_over(home: Home, server: EdgarServer) -> None:
    home.platforms(JD, ALIBABA, PDD)
    server.lists(ALIBABA)
    server.lists(PDD)
    server.fail(submissions(ALIBABA), page(403, RATE))
    found = home.refresh()
    assert server.requests == [submissions(JD), companyfacts(JD), submissions(ALIBABA)]
    assert (found.status, found.changed) == ("stale", True)
    assert home.standing() == [("stale", found.reason, NOW.replace(tzinfo=None) + timedelta(minutes=10))]
    assert failing(home) == ["edgar_answers"]
    assert home.filings()[0] == (FY17, "facts_loaded")

    home.limiter = Limiter()  # another process
    again = home.refresh(NOW + timedelta(minutes=9))
    assert (again.status, again.reason, again.changed) == ("stale", found.reason, False)
    assert server.requests == []

    over = home.refresh(NOW + timedelta(minutes=10))
    assert (over.status, over.changed) == ("current", True)
    assert server.requests == [submissions(JD), submissions(ALIBABA), submissions(PDD)]
    assert home.standing() == [("current", "", None)]
    assert failing(home) == []


def test_a_block_for_years_that_was_noted_before_does_not_hold(home: Home, server: EdgarServer) -> None:
    Ledger(home.con, "edgar").set_status("stale", "blocked", NOW, not_before=NOW + timedelta(days=400_000))
    assert home.refresh().status == "current"
    assert server.requests == [submissions(JD), companyfacts(JD)]


def test_a_failing_issuer_does_not_stop_the_others(home: Home, server: EdgarServer) -> None:
    home.platforms(JD, ALIBABA, 99)
    server.lists(JD, filing(FY17), shown=ALIBABA)  # the body of another
    server.lists(ALIBABA, filing(FY16), shown=ALIBABA)
    server.has_facts(ALIBABA, fact(FY16, 1), shown=f"{ALIBABA:010d}")
    found = home.refresh()
    assert [(i.cik, i.loaded) for i in found.issuers] == [(ALIBABA, 1)]
    assert found.status == "stale"
    assert f"the body is of CIK {ALIBABA}, asked for was {JD}" in found.reason
    assert "EDGAR has no filings of CIK 99: correct the number" in found.reason


def listing(cik: int = JD, **changes: Any) -> bytes:
    recent = {**columns([filing(FY17)]), **changes}
    return json.dumps({"cik": cik, "name": "x", "filings": {"recent": recent, "files": []}}).encode()


def body_of(text: str) -> bytes:
    return b'{"cik": %d, "facts": {"us-gaap": {"X": {"units": {"CNY": %s}}}}}' % (JD, text.encode())


SOUND = json.dumps(fact(FY17, 1))


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        (submissions(JD), b"[" * 100_000),
        (submissions(JD), json.dumps({"cik": "\N{SUPERSCRIPT TWO}"}).encode()),
        (submissions(JD), json.dumps({"cik": "\ud800"}).encode()),
        (submissions(JD), listing(form=[["20-F"]])),
        (submissions(JD), listing(form=[{"a": 1}])),
        (submissions(JD), listing(isXBRL=[float("inf")])),
        (submissions(JD), listing(isXBRL=[float("nan")])),
        (submissions(JD), listing(acceptanceDateTime=["0001-01-01T00:00:00+14:00"])),
        (submissions(JD), listing(acceptanceDateTime=["9999-12-31T23:59:59-05:00"])),
        (submissions(JD), listing(acceptanceDateTime=["10000-01-01T00:00:00Z"])),
        (submissions(JD), listing(filingDate=["10000-01-01"])),
        (submissions(JD), listing(filingDate=[5])),
        (submissions(JD), listing(accessionNumber=["\ud800"])),
        (submissions(JD), b'{"cik": 1%s}' % (b"0" * 5000)),
        (companyfacts(JD), b'{"cik": %d, "facts": 5}' % JD),
        (companyfacts(JD), body_of("5")),
        (companyfacts(JD), body_of("[5]")),
        (companyfacts(JD), b'{"cik": %d, "facts": %s' % (JD, b'{"a":' * 100_000)),
    ],
)
def test_an_odd_answer_is_one_status_and_the_others_go_on(
    home: Home, server: EdgarServer, path: str, answer: bytes
) -> None:
    home.platforms(JD, ALIBABA)
    server.lists(ALIBABA, filing(FY16), shown=ALIBABA)
    server.has_facts(ALIBABA, fact(FY16, 1))
    server.bodies[path] = answer
    for hours in (0, 2):
        found = home.refresh(NOW + timedelta(hours=hours))
        assert (found.status, [issuer.cik for issuer in found.issuers]) == ("stale", [ALIBABA])
        assert 0 < len(found.reason) < 1000
        found.reason.encode()


@pytest.mark.parametrize(
    "odd",
    ['{"accn": null}', '{"accn": ["x"]}', '{"accn": "\\ud800"}', '{"accn": 5, "val": NaN}', '{"val": Infinity}', "{}"],
)
def test_an_odd_fact_does_not_keep_the_others_away(home: Home, server: EdgarServer, odd: str) -> None:
    server.bodies[companyfacts(JD)] = body_of(f"[{odd}, {SOUND}]")
    found = home.refresh()
    assert (found.status, [issuer.loaded for issuer in found.issuers]) == ("current", [1])


def test_texts_with_half_a_character_are_kept_without_it(home: Home, server: EdgarServer) -> None:
    server.bodies[submissions(JD)] = listing(primaryDocument=["a\ud800b"])
    found = home.refresh()
    assert found.status == "current"
    assert home.con.execute("select primary_document from raw.edgar_filing").fetchall() == [("a?b",)]


@pytest.mark.parametrize("answer", [b"{}", b'{"cik": %d, "entityName": "X"}' % JD, b'{"cik": %d, "facts": {}}' % JD])
def test_a_body_without_facts_is_none_and_takes_none_away(home: Home, server: EdgarServer, answer: bytes) -> None:
    good, server.bodies[companyfacts(JD)] = server.bodies[companyfacts(JD)], answer
    found = home.refresh()
    assert (found.status, [issuer.loaded for issuer in found.issuers]) == ("current", [0])
    assert [load.status for load in load_pending(home.con, home.settings, NOW)] == ["loaded"]
    server.bodies[companyfacts(JD)] = good
    home.refresh(NOW + timedelta(hours=3))
    assert [load.rows_added for load in load_pending(home.con, home.settings, NOW)] == [1]
    server.lists(JD, filing(FY17), filing(FY16))
    server.bodies[companyfacts(JD)] = answer
    found = home.refresh(NOW + timedelta(hours=9))
    assert (found.status, list(load_pending(home.con, home.settings, NOW))) == ("stale", [])
    assert "a body without facts, although it had some: those stay" in found.reason


def test_a_stored_body_that_was_removed_is_fetched_again(home: Home, server: EdgarServer) -> None:
    home.refresh()
    (path,) = (
        home.settings.home / row[0]
        for row in home.con.execute("select path from raw.edgar_body where kind = 'companyfacts'").fetchall()
    )
    path.unlink()
    home.refresh(NOW + timedelta(hours=1))
    assert path.exists()
    server.requests.clear()
    home.refresh(NOW + timedelta(hours=2))
    assert server.requests == [submissions(JD)]


def test_an_html_page_instead_of_facts_leaves_the_report_to_the_next_run(home: Home, server: EdgarServer) -> None:
    server.fail(companyfacts(JD), page(200, MAINTENANCE))
    assert "Scheduled maintenance" in home.refresh().reason
    assert home.filings()[0] == (FY17, "pending_at_source")
    found = home.refresh(NOW + timedelta(seconds=1))
    assert (found.status, found.issuers[0].loaded) == ("current", 1)


def test_requests_stop_when_issuer_after_issuer_fails(home: Home, server: EdgarServer) -> None:
    home.platforms(*range(1, 9))
    for cik in range(1, 9):
        server.fail(submissions(cik), *[hung_up] * 4)
    found = home.refresh()
    assert "3 issuers in a row got no answer" in found.reason
    assert set(server.requests) == {submissions(cik) for cik in (1, 2, 3)}


def test_a_cik_counts_once_however_it_is_written(home: Home) -> None:
    rows = [f"a,A,{JD},12-31,CNY", f"b,B,{JD:010d},12-31,CNY", "c,C,,12-31,CNY", "d,D,CIK12,12-31,CNY"]
    home.settings.figures[0].joinpath("platforms.csv").write_text(PLATFORMS.format(rows="\n".join(rows)))
    loaded = load_reference(home.con, home.settings, NOW)
    assert platform_ciks(home.con) == [JD]
    assert [row.column_name for row in loaded.quarantined] == ["sec_cik"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"form": []}, "columns of different lengths"),
        ({"form": None}, "form is missing"),
        ({"filingDate": ["27 April 2018"]}, "cannot be read"),
        ({"accessionNumber": ["1"]}, "'1' is no accession number"),
        ({"isXBRL": ["yes"]}, "cannot be read"),
    ],
)
def test_a_list_of_another_form_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ContentError, match=said):
        read_filings({**columns([filing(FY17)]), **changes}, "here")
