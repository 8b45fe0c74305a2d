"""The summary of a refresh, from the typed results of its steps."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import dagster as dg
import pytest

from assets.step import Report
from assets.summary import RunOutcome, summary
from etl.build import BuildResult
from etl.daily.ingest import FetchResult, Ingested
from etl.edgar.facts import Body, FactLoad
from etl.edgar.filings import EdgarPoll, IssuerPoll
from etl.inbox.load import FileLoad
from etl.ledger import LoadRecord, QuarantineRecord, Standing
from etl.publish.publication import Publication
from etl.reference.load import IngestResult

pytestmark = pytest.mark.slow

FIGURES = "data/reference/claims.csv"


def report(*results: object, **rows: int) -> Report:
    return Report(results, [], {}, rows={name.replace("__", "."): count for name, count in rows.items()})


def lines(reports: dict[str, Report], **more: object) -> list[str]:
    found = RunOutcome("run-1234-5678", success=True, reports=reports, **more)  # type: ignore[arg-type]
    return summary(found, 10.0).splitlines()


def test_quarantined_rows_are_listed_with_file_line_value_and_reason() -> None:
    rows = [QuarantineRecord(FIGURES, "a", line, "value", f"jd,{line},x", "is no number") for line in range(2, 21)]
    refused = QuarantineRecord("b.csv", "b", None, None, None, "has no header")
    long = QuarantineRecord("c.csv", "c", 9, None, "y" * 101, "is sound")
    found = RunOutcome("run", True, {"inbox": report(Standing([*rows, refused, long], 25, {"s3": "does not answer"}))})
    shown = summary(found, 10.0).splitlines()
    assert shown[0] == "Quarantine 25 in no figure; correct them as they say (docs/quarantine.md):"
    assert shown[1] == f"  {FIGURES}:2  value is no number  jd,2,x"
    assert shown[20] == "  b.csv  has no header"
    assert shown[21] == f"  c.csv:9  is sound  {'y' * 99}…"
    assert shown[22] == "  ... and 4 more in audit.quarantine"
    assert shown[23] == "Not read   s3: does not answer"


@pytest.mark.parametrize(
    ("result", "is_whole"),
    [
        (Standing((), 0, {}), True),
        (Standing((), 0, {"ecb": "does not answer"}), False),
        (Standing([QuarantineRecord("a.csv", "a", 2, None, "x", "is empty")], 1, {}), False),
        (Ingested((), (FileLoad("a.csv", "a", "fx_rate", "loaded", 1, 1),), {}, ()), True),
        (Ingested((), (FileLoad("a.csv", "", None, "refused", reason="cannot be read"),), {}, ()), False),
    ],
)
def test_a_run_that_left_something_out_is_not_whole(result: object, is_whole: bool) -> None:
    assert RunOutcome("run", True, {"inbox": report(result)}).is_whole is is_whole
    assert not RunOutcome("run", False, {"inbox": report(result)}).is_whole
    assert RunOutcome("run", True, {"inbox": report(result)}).has_nothing_to_tell is is_whole


def test_a_failed_check_and_a_pin_are_told_by_every_refresh() -> None:
    key, warn = dg.AssetKey(["core", "party"]), dg.AssetCheckSeverity.WARN
    passed, warned = (dg.AssetCheckEvaluation(key, "key", holds, {}, severity=warn) for holds in (True, False))
    assert RunOutcome("run", True, {}, checks=[passed]).has_nothing_to_tell
    assert not RunOutcome("run", True, {}, checks=[passed, warned]).has_nothing_to_tell
    pinned = Publication(False, 3, "pinned to 3; `make unpin` lets refreshes publish again", Path("x"), 1, {})
    assert not RunOutcome("run", True, {"serving.warehouse": report(pinned)}).has_nothing_to_tell


def test_the_rows_of_the_reference_files_are_counted() -> None:
    loaded = IngestResult(
        rows_read=1025,
        rows_loaded=1000,
        rows_quarantined=25,
        rows_added=0,
        rows_superseded=0,
        changed=True,
        files=(LoadRecord(FIGURES, "a", 1025, 1000, 25, "partly_loaded"),),
        quarantined=(),
        documents=3,
        platforms=("jd",),
        period_start=None,
        period_end=None,
    )
    shown = lines({"raw.reference_row": report(loaded)})
    assert shown[0] == "Inputs     1,025 rows of 1 files: 1,000 loaded, 25 quarantined"


def test_figures_that_are_due_are_counted_and_fail_nothing() -> None:
    shown = lines({"core.due_latest": report(BuildResult(1_204, 0.1, [], True), core__due_latest=1_204)})
    assert "Due        1,204 figures should be out by now and are not here; no failure, see marts.coverage" in shown
    assert "Checks     0 passed, 0 warned, 0 failed" in shown


def test_edgar_says_its_answers_or_what_is_missing() -> None:
    issuer = IssuerPoll(cik=1, entity="JD", requests=2, listed=3, loaded=2, changed=0, pending=1)
    current = lines({"edgar": report(EdgarPoll(issuers=[issuer], requests=2))})
    assert current[0] == (
        "EDGAR      current: 1 issuers, 2 requests, 2 reports with new facts, 1 reports pending at source"
    )
    assert lines({"edgar": report(EdgarPoll("off", "no agent"))})[0] == "EDGAR      off: no agent"


def test_a_refused_body_of_facts_is_named() -> None:
    good, bad = (Body(cik, "hash", Path("x")) for cik in (1, 2))
    loads = (FactLoad(good, 10, 7, 2, 1), FactLoad(bad, 0, 0, 0, 0, "is no companyfacts JSON"))
    assert lines({"raw.edgar_fact": report(*loads)})[:2] == [
        "Facts      2 bodies read: 7 added, 2 superseded, 1 quarantined",
        "  refused  CIK0000000002.json  is no companyfacts JSON",
    ]


def test_files_of_the_inbox_that_were_not_loaded_whole_are_named() -> None:
    files = (
        FileLoad("a.csv", "a", "fx_rate", "loaded", 10, 10),
        FileLoad("b.csv", "b", "fx_rate", "partly_loaded", 10, 8, 2),
        FileLoad("c.csv", "c", None, "refused", reason="has no header"),
    )
    fetched = (FetchResult("s3", (Path("a.csv"),)), FetchResult("ecb", (), "does not answer"))
    days = {"core.fx_rate": (date(2025, 3, 1), date(2025, 3, 3))}
    assert lines({"inbox": report(Ingested(fetched, files, days, ()))})[:6] == [
        "Source     s3: 1 new files",
        "Source     ecb: does not answer",
        "Inbox      3 files, 20 rows: 18 loaded, 2 quarantined, 0 superseded",
        "  partly_loaded  b.csv  2 rows quarantined",
        "  refused  c.csv  has no header",
        "  days of core.fx_rate that changed: 2: 2025-03-01 to 2025-03-03",
    ]


def test_tables_are_listed_with_their_rows_and_the_times_by_phase() -> None:
    built = BuildResult(rows=3, seconds=0.1, checks=[], changed=True)
    published = Publication(True, 7, "nothing is served", Path("serving/warehouse.duckdb"), 2_500_000, {})
    shown = lines(
        {"core.party": report(built, core__party=1234), "serving.warehouse": report(published)},
        seconds={"raw.reference_row": 1.0, "edgar": 0.5, "core.party": 0.25, "serving.warehouse": 2.0},
    )
    assert shown == [
        "Tables     1 built",
        "  core.party                         1,234 rows   0.25 s",
        "Checks     0 passed, 0 warned, 0 failed",
        "Published  version 7, serving/warehouse.duckdb, 2.5 MB",
        "           reason: nothing is served",
        "Time       10.0 s: ingest 1.5 s, build 0.2 s, publish 2.0 s, start and bookkeeping 6.2 s",
    ]


def test_what_kept_the_reasons_of_changed_rows_away_is_told() -> None:
    path, problem = Path("serving/warehouse.duckdb"), "it took too long (marts.cac, 2 tables in all)"
    published = Publication(True, 7, "changed since version 6: marts.cac", path, 2_500_000, {}, problem)
    shown = lines({"serving.warehouse": report(published)})
    assert f"           not all reasons of changed rows were found: {problem}" in shown


def test_without_a_publication_readers_keep_what_they_have() -> None:
    shown = lines({}, errors={"core.party": "core.party keeps its last good rows"}, not_run=["marts.cac_trend"])
    assert shown[1:5] == [
        "Failed     core.party keeps its last good rows",
        "Not run    marts.cac_trend",
        "Published  nothing: the refresh failed, readers keep the snapshot they have",
        "           the whole trace is in `make dev`, run run-1234",
    ]
