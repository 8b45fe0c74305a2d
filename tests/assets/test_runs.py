"""A run of the command line that finds nothing changed: what it says, and what the UI has of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from assets.health import HEALTH
from assets.metadata import asset_key
from etl.config import ROOT
from etl.models.graph import column_lineage, tables_behind
from tests.support.models import project_models
from tests.support.openlineage import faults, outputs, read_lines

pytestmark = pytest.mark.slow


def run(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("WAREHOUSE_", "DAGSTER_", "SEC_"))
    }
    environment = {**kept, "WAREHOUSE_HOME": str(home), "WAREHOUSE_LINEAGE_URL": str(home / "events.ndjson")}
    command = [sys.executable, "-m", "assets.cli", *words]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_an_unchanged_run_says_so_and_keeps_every_table_fresh(tmp_path: Path) -> None:
    home = tmp_path / "home"
    whole, unchanged = run(home, "refresh"), run(home, "refresh")
    assert whole.returncode == 0 and "Published  version 1" in whole.stdout, whole.stderr
    assert unchanged.returncode == 0, unchanged.stderr
    assert unchanged.stdout.startswith("Unchanged  nothing changed since the refresh of 20")
    assert "Tables" not in unchanged.stdout
    with dg.DagsterInstance.from_config(str(home / "dagster")) as instance:
        second, first = instance.get_runs()
        assert [run.job_name for run in (first, second)] == ["refresh", "refresh"]
        assert first.status == second.status == dg.DagsterRunStatus.SUCCESS
        assert second.remote_job_origin is not None, "without it the UI leaves the run out of its timeline"
        made = {key.to_user_string(): told(instance, key) for key in instance.get_asset_keys()}
        marts = [name for name in made if name.startswith("marts/")]
        assert len(marts) > 15
        assert {made[name][0].run_id for name in made if name != HEALTH.replace(".", "/")} == {second.run_id}
        for name in marts:
            newest, former = (event.asset_materialization for event in made[name][:2])
            assert newest and former and newest.tags == former.tags, "another data version is another table"
            assert {**newest.metadata, "changed": 0} == {**former.metadata, "changed": 0}
            assert newest.metadata["changed"].value is False
        health = instance.get_latest_materialization_event(asset_key(HEALTH))
        assert health and health.asset_materialization
        assert second.run_id[:8] in str(health.asset_materialization.metadata["last runs"].value)
    hold_lineage(read_lines(home / "events.ndjson"), first.run_id, second.run_id)

    daily, again = run(home, "daily"), run(home, "daily")
    assert daily.returncode == again.returncode == 0, daily.stderr + again.stderr
    assert not daily.stdout.startswith("Unchanged")
    assert again.stdout.startswith("Unchanged  nothing changed since the daily run of 20")
    (home / "inbox").mkdir(exist_ok=True)
    (home / "inbox/a.csv").write_text("no contract\n1\n", encoding="utf-8")
    delivered = run(home, "daily")
    assert delivered.returncode == 1 and "a.csv" in delivered.stdout
    assert "a.csv" in run(home, "daily").stdout, "what is refused is told each time"
    with dg.DagsterInstance.from_config(str(home / "dagster")) as instance:
        jobs = [(run.job_name, run.status.value) for run in instance.get_runs(limit=4)]
    assert jobs[2:] == [("refresh_daily", "SUCCESS")] * 2


def hold_lineage(events: list[dict[str, Any]], first: str, second: str) -> None:
    """Hold the events of a refresh, and of one that found nothing changed, against the schemas and the project."""
    assert [fault for event in events for fault in faults(event)] == []
    whole = [(event["eventType"], event["run"]["runId"]) for event in events if event["job"]["name"] == "refresh"]
    assert whole == [("START", first), ("COMPLETE", first), ("START", second), ("COMPLETE", second)]
    made = outputs(
        event for event in events if event["run"].get("facets", {}).get("parent", {}).get("run") == {"runId": first}
    )
    assert {"raw.reference_row", "marts.cac_trend", "serving.warehouse"} <= made.keys()
    models = project_models()
    for model in (model for model in models if model.name in made):
        (output,), inputs = made[model.name]["outputs"], {one["name"] for one in made[model.name]["inputs"]}
        assert inputs == tables_behind(model, models), model.name
        fields = output["facets"].get("columnLineage", {}).get("fields", {})
        found = {name: [(one["name"], one["field"]) for one in of["inputFields"]] for name, of in fields.items()}
        assert found == column_lineage(model, models), model.name
        assert [one["name"] for one in output["facets"]["schema"]["fields"]] == [one.name for one in model.columns]
    assert made["marts.cac_trend"]["outputs"][0]["outputFacets"]["outputStatistics"]["rowCount"] > 500
    checked = [event for event in events if event["job"]["name"] == "refresh.marts.cac_trend.checks"]
    assertions = checked[1]["inputs"][0]["inputFacets"]["dataQualityAssertions"]["assertions"]
    assert len(assertions) > 3 and all(one["success"] for one in assertions)


def told(instance: dg.DagsterInstance, key: dg.AssetKey) -> list[dg.EventLogEntry]:
    """The materializations of a table, newest first."""
    return [record.event_log_entry for record in instance.fetch_materializations(key, limit=3).records]
