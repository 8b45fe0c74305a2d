"""The job `refresh` from the embedded files to the snapshot: what it does when all is well, and when not."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest

import assets.warehouse
from assets.summary import outcome, summary
from etl.config import Settings
from etl.daily.due import tables_from_deliveries
from etl.errors import MendError, RetryError
from etl.warehouse import open_build, open_snapshot
from tests.assets.conftest import Project, metadata
from tests.support.models import models_behind, project_models

pytestmark = pytest.mark.slow

Change = Callable[[str, str], Project]
FAILING = """
- type: expect_table_row_count_to_equal
  name: made_to_fail
  kwargs: {{value: 999}}
  severity: {severity}
  meta: {{why: this test says so}}
"""

REFERENCE = [dg.AssetKey(["raw", "reference_row"]), dg.AssetKey(["raw", "refresh_day"])]  # one step makes both
READ_NO_REFERENCE = {model.name for model in project_models() if not model.reads}


def materialised(result: dg.ExecuteInProcessResult) -> set[str]:
    events = result.get_asset_materialization_events()
    return {".".join(event.asset_key.path) for event in events if event.asset_key}


def failures(result: dg.ExecuteInProcessResult) -> dict[str, str]:
    return {
        event.step_key or "": event.step_failure_data.user_failure_data.description
        for event in result.all_events
        if event.is_step_failure
    }


def types(result: dg.ExecuteInProcessResult) -> set[str]:
    return {event.event_type_value for event in result.all_events}


def fingerprint(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_refresh_builds_and_publishes_every_table(
    first: tuple[Project, dg.ExecuteInProcessResult],
) -> None:
    project, result = first
    assert result.success
    models = project_models()
    tables = {model.name for model in models if not model.is_macro}
    of_prints = {name for name in tables if "core.observation_latest" in models_behind(name)}
    of_deliveries = tables_from_deliveries(models) - of_prints
    assert {"marts.partnership_effect", "marts.partnership_expense"} < of_prints
    assert materialised(result) == tables - of_deliveries | {
        "raw.reference_row",
        "raw.refresh_day",
        "raw.edgar_filing",
        "raw.edgar_body",
        "raw.edgar_fact",
        "serving.warehouse",
        "serving.page",
    }
    with open_snapshot(project.settings.serving_db) as con:
        cited = con.execute(
            "select round(c.cac, 2) from marts.cac_trend as c where c.platform = 'pdd' "
            "and c.definition = 'cac_net_12m' and c.period_end = date '2019-12-31'"
        ).fetchall()
    assert cited == [(163.01,)]  # 27,174.249m / (585.2m - 418.5m), METRICS.md


def test_metadata_of_a_table_in_the_ui(first: tuple[Project, dg.ExecuteInProcessResult]) -> None:
    project, result = first
    shown = metadata(result, "marts.cac_trend")
    with open_snapshot(project.settings.serving_db) as con:
        ((rows, comment),) = con.execute(
            "select count(*), (select comment from duckdb_columns() where table_name = 'cac_trend' "
            "and column_name = 'cac') from marts.cac_trend"
        ).fetchall()
    assert shown["dagster/row_count"].value == rows
    (cac,) = (c for c in shown["dagster/column_schema"].value.columns if c.name == "cac")
    assert (cac.type, cac.description) == ("DOUBLE", comment)
    assert "per buyer" in comment
    sources = shown["dagster/column_lineage"].value.deps_by_column["cac"]
    assert dg.AssetKey(["steps", "cac_ratio"]) in {source.asset_key for source in sources}
    assert "steps.cac_ratio.cac" in shown["columns come from"].value
    assert list(shown)[:4] == ["chart", "first rows", "newest data", "newest documents"], "what people look for first"
    assert shown["chart"].value.endswith("(/warehouse/page/cost.svg)")
    assert (project.settings.serving_dir / "page" / "cost.svg").read_text(encoding="utf-8").startswith("<svg")
    lines = shown["first rows"].value.splitlines()
    assert lines[0] == "| platform | period_end | cac | currency | validity | definition |"
    # 44,801.7 m / (868.7 m - 788.4 m), docs/reading-the-marts.md
    assert lines[2] == "| pdd | 2021-12-31 | 557.93 [557.24, 558.62] | CNY | ok | cac_net_12m |"
    assert shown["newest data"].value == "period_end 2021-12-31, known_on 2023-04-26"
    assert "- 2023-04-26: [" in shown["newest documents"].value
    inline = [name for name, value in shown.items() if isinstance(value, dg.MarkdownMetadataValue)]
    long = [name for name in inline if len(shown[name].value or "") >= 1000]
    assert long == ["columns come from"], "the UI hides a longer text behind a link"


def test_metadata_of_an_ingest_in_the_ui(first: tuple[Project, dg.ExecuteInProcessResult]) -> None:
    shown = metadata(first[1], "raw.reference_row")
    read, loaded = shown["rows read"].value, shown["rows loaded"].value
    assert read == loaded + shown["rows quarantined"].value
    files = {record.data["file"]: record.data["rows_read"] for record in shown["files"].records}
    assert sum(map(int, files.values())) == read
    assert "data/reference/observations.csv" in files
    assert "](http" in shown["newest documents"].value


def test_a_second_refresh_publishes_nothing(refreshed: Project) -> None:
    before = fingerprint(refreshed.settings.serving_db)
    result = refreshed.refresh()
    assert result.success
    serving = metadata(result, "serving.warehouse")
    assert serving["published"].value is False
    assert "nothing changed" in serving["reason"].value
    assert metadata(result, "marts.cac_trend")["changed"].value is False
    assert fingerprint(refreshed.settings.serving_db) == before


def test_the_page_follows_the_publication(first: tuple[Project, dg.ExecuteInProcessResult]) -> None:
    project, result = first
    shown = metadata(result, "serving.page")
    page = project.settings.serving_dir / "page" / "index.html"
    assert (shown["made"].value, shown["path"].value) == (True, str(page))
    assert shown["size in bytes"].value == page.stat().st_size
    size = page.stat().st_size
    assert 100_000 < size < 1_000_000
    assert f"Page       serving/page/index.html, {size / 1e3:,.0f} KB\n" in summary(outcome(result), 1)


def test_a_page_that_fails_is_told_and_the_publication_stands(
    refreshed: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(settings: Settings) -> None:
        raise MendError("the page was not made: a chart broke")

    monkeypatch.setattr("assets.page.make_page", broken)
    result = refreshed.refresh()
    assert not result.success
    assert failures(result) == {"serving__page": "the page was not made: a chart broke"}
    assert "serving.warehouse" in materialised(result)
    assert metadata(result, "serving.warehouse")["published"].value is False
    report = summary(outcome(result), 1)
    assert "Failed     serving.page: the page was not made: a chart broke" in report
    assert "Published  nothing new" in report


def test_a_critical_failure_keeps_the_previous_rows(changed: Change) -> None:
    project = changed("expectations/core/document.yaml", FAILING.format(severity="critical"))
    before = fingerprint(project.settings.serving_db)
    result = project.refresh()
    assert not result.success
    assert failures(result) == {"core__document": "core.document keeps its last good rows: made_to_fail did not hold"}
    checks = {c.check_name: c.passed for c in result.get_asset_check_evaluations() if "document" in c.asset_key.path}
    assert checks.pop("made_to_fail") is False
    assert len(checks) > 1
    assert all(checks.values())
    assert not {"core.document", "core.observation", "marts.cac_trend"} & materialised(result)
    assert {"core.platform", "core.confounder"} <= materialised(result), "what does not read it goes on"
    assert "serving.warehouse" not in materialised(result)
    assert fingerprint(project.settings.serving_db) == before
    assert "STEP_UP_FOR_RETRY" not in types(result)
    with open_build(project.settings) as con:
        told = con.execute(
            "select success, severity from audit.expectation_result where check_name = 'made_to_fail'"
        ).fetchall()
        assert told == [(False, "critical")]
        assert con.execute("select count(*) > 100 from core.document").fetchall() == [(True,)]


def test_a_critical_failure_of_the_input_loads_nothing(changed: Change) -> None:
    project = changed("data/reference/parties.csv", "new_party,New party,counterparty\n")
    with (project.root / "expectations/raw/reference_row.yaml").open("a", encoding="utf-8") as suite:
        suite.write(FAILING.format(severity="critical"))
    result = project.refresh()
    assert set(failures(result)) == {"raw__reference_row"}
    assert materialised(result) <= READ_NO_REFERENCE
    with open_build(project.settings) as con:
        query = "select count(*) from raw.reference_row where fields['party'] = 'new_party'"
        assert con.execute(query).fetchall() == [(0,)]


def test_a_warning_shows_and_does_not_block(changed: Change) -> None:
    project = changed("expectations/raw/reference_row.yaml", FAILING.format(severity="warning"))
    result = project.refresh(REFERENCE)
    assert result.success
    (check,) = (c for c in result.get_asset_check_evaluations() if c.check_name == "made_to_fail")
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert "this test says so" in (check.description or "")


def test_a_quarantined_row_is_reported_with_its_line_and_reason(changed: Change) -> None:
    project = changed("data/reference/parties.csv", ",nobody,counterparty\n")
    lines = (project.root / "data/reference/parties.csv").read_text(encoding="utf-8").splitlines()
    job_result = project.refresh(REFERENCE)
    assert job_result.success
    (row,) = metadata(job_result, "raw.reference_row")["quarantined"].records
    assert (row.data["file"], row.data["line"]) == ("data/reference/parties.csv", str(len(lines)))
    told = summary(outcome(job_result), 1.0)
    assert f"data/reference/parties.csv:{len(lines)}  {row.data['reason']}" in told
    assert "1 quarantined" in told
    assert "warned  raw.reference_row  nothing_quarantined" in told


def test_a_refused_file_fails_once_with_its_message(changed: Change) -> None:
    project = changed("data/reference/parties.csv", "")
    (project.root / "data/reference/parties.csv").write_text("party,kind\n", encoding="utf-8")
    result = project.refresh()
    (message,) = failures(result).values()
    assert "data/reference/parties.csv" in message
    assert "fix:" in message
    assert "STEP_UP_FOR_RETRY" not in types(result)
    assert materialised(result) <= READ_NO_REFERENCE


def test_a_database_in_use_is_tried_again(refreshed: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[int] = []

    def busy_once(settings: Settings):  # type: ignore[no-untyped-def]
        tries.append(1)
        if len(tries) == 1:
            raise RetryError("in use by another process")
        return open_build(settings)

    monkeypatch.setattr(assets.warehouse, "open_build", busy_once)
    monkeypatch.setattr(assets.warehouse, "RETRY_SECONDS", 0)
    result = refreshed.refresh([dg.AssetKey(["core", "party"])])
    assert result.success
    assert len(tries) == 2
    assert "STEP_UP_FOR_RETRY" in types(result)


def test_a_database_in_use_for_long_is_given_up(refreshed: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(settings: Settings) -> None:
        raise RetryError("in use by another process")

    monkeypatch.setattr(assets.warehouse, "open_build", busy)
    monkeypatch.setattr(assets.warehouse, "RETRY_SECONDS", 0)
    result = refreshed.refresh([dg.AssetKey(["core", "party"])])
    assert not result.success
    assert "Failed     core.party: in use by another process" in summary(outcome(result), 1.0)


def test_a_table_that_moved_leaves_no_copy_for_readers(refreshed: Project) -> None:
    with open_build(refreshed.settings) as con:  # as the version before steps left it
        con.execute("create table marts.cac_ratio as from steps.cac_ratio")
        con.execute("create macro marts.cac_ratio_as_of(as_of_date date) as table from marts.cac_ratio")
    result = refreshed.refresh([dg.AssetKey(["serving", "warehouse"])])
    assert result.success
    with open_snapshot(refreshed.settings.serving_db) as con:
        found = "select schema_name from {} where {} like 'cac_ratio%' order by all"
        assert con.execute(found.format("duckdb_tables()", "table_name")).fetchall() == [("steps",)]
        assert con.execute(found.format("duckdb_functions()", "function_name")).fetchall() == [("steps",)]
