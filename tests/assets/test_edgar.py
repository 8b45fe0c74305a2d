"""EDGAR in the jobs: a refresh goes on without it, says how it stands, and a look without news ends."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from assets.definitions import definitions
from assets.jobs import LOOK_FOR_FILINGS, REFRESH
from assets.summary import outcome, summary
from etl.config import ROOT, load_settings
from etl.edgar import client as edgar_http
from etl.warehouse import open_build, open_snapshot
from tests.assets.conftest import QUIET, Project, metadata
from tests.support.edgar_server import AGENT, RATE, UNDECLARED, EdgarServer, fact, filing, page, submissions

pytestmark = pytest.mark.slow

JD = 1549802
ISSUERS = sorted(
    int(row["sec_cik"])
    for row in csv.DictReader((ROOT / "data/reference/platforms.csv").open(encoding="utf-8", newline=""))
    if row["sec_cik"]
)
FIRST = ISSUERS[0]  # they are asked in the order of their numbers
TOLD: dict[str, str] = {}  # by run, what `make refresh` would have printed
FY17 = "0001104659-18-027535"
EDGAR = {"raw.edgar_filing", "raw.edgar_body"}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[EdgarServer]:
    monkeypatch.setattr(edgar_http, "LIMITER", edgar_http.Limiter(per_second=1e6))
    with EdgarServer() as edgar:
        for cik in ISSUERS:
            edgar.lists(cik)
        edgar.lists(JD, filing(FY17), filing("0001104659-18-031234", "6-K", xbrl=0))
        edgar.has_facts(JD, fact(FY17, 14_918_000_000))
        yield edgar


def run(home: Path, server: EdgarServer, job: str = REFRESH, agent: str = AGENT) -> dg.ExecuteInProcessResult:
    server.requests.clear()
    environment = {"WAREHOUSE_HOME": str(home), "SEC_USER_AGENT": agent, "SEC_BASE_URL": server.url}
    definition = definitions(ROOT, environment).resolve_job_def(job)
    # What a schedule would send, so that the configuration of the job itself counts.
    config = {**(definition.run_config or {}), **QUIET}
    with dg.DagsterInstance.ephemeral() as instance:
        result = definition.execute_in_process(instance=instance, run_config=config, raise_on_error=False)
        TOLD[result.run_id] = summary(outcome(result), 1.0)
    return result


def report(result: dg.ExecuteInProcessResult) -> str:
    """What `make refresh` would have printed."""
    return TOLD[result.run_id]


def materialised(result: dg.ExecuteInProcessResult) -> set[str]:
    return {".".join(e.asset_key.path) for e in result.get_asset_materialization_events() if e.asset_key}


def warned(result: dg.ExecuteInProcessResult) -> set[str]:
    return {c.check_name for c in result.get_asset_check_evaluations() if not c.passed}


def published_status(home: Path) -> list[tuple[str, str]]:
    """How the readers of the snapshot see EDGAR."""
    with open_snapshot(load_settings({"WAREHOUSE_HOME": str(home)}, ROOT).serving_db) as con:
        return con.execute(
            "select status, reason from audit.source_status where source = 'edgar' and until is null"
        ).fetchall()


def test_without_a_user_agent_the_embedded_figures_are_published_and_the_ui_says_what_is_missing(
    first: tuple[Project, dg.ExecuteInProcessResult],
) -> None:
    project, result = first
    assert result.success
    shown = metadata(result, "raw.edgar_filing")
    assert shown["EDGAR"].value == "off"
    assert "SEC_USER_AGENT is not set" in shown["what is missing"].value
    ((status, reason),) = published_status(project.home)
    assert (status, reason[:14]) == ("off", "SEC_USER_AGENT")
    assert "edgar_answers" not in warned(result)


def test_a_refresh_reads_filings_and_shows_them(refreshed: Project, server: EdgarServer) -> None:
    result = run(refreshed.home, server, LOOK_FOR_FILINGS)
    assert result.success
    asked = f"current: {len(ISSUERS)} issuers, {len(ISSUERS) + 1} requests"
    assert f"EDGAR      {asked}, 1 reports with new facts, 0 reports pending" in report(result)
    shown = metadata(result, "raw.edgar_filing")
    assert f"[{FY17}](https://www.sec.gov/Archives/edgar/data/{JD}/000110465918027535/report.htm)" in str(
        shown["newest reports"].value
    )
    assert [row.data["cik"] for row in shown["by issuer"].records] == [str(cik) for cik in ISSUERS]
    assert published_status(refreshed.home) == [("current", "")]


def test_a_poll_without_news_skips_everything_downstream(refreshed: Project, server: EdgarServer) -> None:
    first = run(refreshed.home, server, LOOK_FOR_FILINGS)
    assert first.success
    assert {*EDGAR, "serving.warehouse"} <= materialised(first)
    assert "raw.reference_row" not in materialised(first)

    second = run(refreshed.home, server, LOOK_FOR_FILINGS)
    assert second.success
    assert materialised(second) == set()
    assert server.requests == [submissions(cik) for cik in ISSUERS]
    assert second.get_asset_check_evaluations(), "that nothing is new is checked all the same"


def test_a_new_report_refreshes_what_depends_on_it(refreshed: Project, server: EdgarServer) -> None:
    run(refreshed.home, server, LOOK_FOR_FILINGS)
    server.lists(JD, filing("0001104659-19-021000", filed="2019-04-15"), filing(FY17))
    server.has_facts(JD, fact(FY17, 14_918_000_000), fact("0001104659-19-021000", 19_237_000_000, 2018))
    result = run(refreshed.home, server, LOOK_FOR_FILINGS)
    assert {*EDGAR, "serving.warehouse"} <= materialised(result)


def test_a_block_lets_the_refresh_go_on_and_marks_it_stale(refreshed: Project, server: EdgarServer) -> None:
    server.fail(submissions(FIRST), page(403, RATE))
    result = run(refreshed.home, server)
    assert result.success
    assert server.requests == [submissions(FIRST)]
    assert {"marts.cac_trend", "serving.warehouse"} <= materialised(result)
    assert warned(result) >= {"edgar_answers"}
    assert "EDGAR      stale:" in report(result)
    ((status, reason),) = published_status(refreshed.home)
    assert status == "stale"
    assert "Request Rate Threshold Exceeded" in reason

    again = run(refreshed.home, server, LOOK_FOR_FILINGS)
    assert again.success
    assert materialised(again) == set()
    assert server.requests == []


def test_a_rejected_user_agent_fails_with_the_fix(refreshed: Project, server: EdgarServer) -> None:
    server.fail(submissions(FIRST), page(403, UNDECLARED))
    result = run(refreshed.home, server, LOOK_FOR_FILINGS)
    assert not result.success
    assert "SEC_USER_AGENT must be your name and e-mail" in report(result)
    assert "STEP_UP_FOR_RETRY" not in {event.event_type_value for event in result.all_events}
    assert server.requests == [submissions(FIRST)]


def test_a_malformed_user_agent_fails_before_any_request(refreshed: Project, server: EdgarServer) -> None:
    result = run(refreshed.home, server, LOOK_FOR_FILINGS, agent="robot")
    assert not result.success
    assert "found 'robot'" in report(result)
    assert server.requests == []


def test_a_broken_register_is_rolled_back(refreshed: Project, server: EdgarServer) -> None:
    with open_build(refreshed.settings) as con:
        con.execute("insert into raw.edgar_filing (cik, accession, status) values (1, 'x', 'facts_loaded')")
    result = run(refreshed.home, server, LOOK_FOR_FILINGS)
    assert not result.success
    assert "raw.edgar_filing keeps its last good rows" in report(result)
    with open_build(refreshed.settings) as con:
        assert con.execute("select count(*) from raw.edgar_body").fetchall() == [(0,)]


def test_the_poll_for_filings_is_off_by_default() -> None:
    schedule = definitions().resolve_schedule_def("look_for_filings_on_weekdays")
    assert schedule.default_status == dg.DefaultScheduleStatus.STOPPED
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("20 6-22 * * 1-5", "America/New_York")
