"""What the history of a run gives as lineage: of a run that failed, and of tables and checks that it made before."""

from __future__ import annotations

from pathlib import Path

import dagster as dg

from assets.lineage import tell_lineage, traced
from etl.config import load_settings
from etl.lineage import events
from tests.support.openlineage import faults, outputs, read_lines


@dg.asset(
    key=["marts", "made"],
    check_specs=[
        dg.AssetCheckSpec("adds_up", asset=["marts", "made"]),
        dg.AssetCheckSpec("idle", asset=["marts", "made"]),
    ],
)
def marts__made() -> dg.MaterializeResult:  # type: ignore[type-arg]
    rule = {"rule": "unexpected_rows_expectation", "rule: arguments": dg.MetadataValue.json({"column": "x"})}
    return dg.MaterializeResult(
        metadata={"dagster/row_count": 7},
        check_results=[
            dg.AssetCheckResult(
                passed=False,
                check_name="adds_up",
                severity=dg.AssetCheckSeverity.WARN,
                description="2 rows broke it: to the sum",
                metadata=rule,
            ),
            dg.AssetCheckResult(passed=True, check_name="idle", description="no new rows"),
        ],
    )


@dg.asset(key=["marts", "broken"], deps=[marts__made])
def marts__broken() -> None:
    raise dg.Failure("marts.broken has no column x", allow_retries=False)


def test_a_failed_run_tells_what_it_made_and_what_failed(tmp_path: Path) -> None:
    job = dg.Definitions([marts__made, marts__broken], jobs=[dg.define_asset_job("refresh")]).resolve_job_def("refresh")
    settings = load_settings({"WAREHOUSE_LINEAGE_URL": str(tmp_path / "events.ndjson")})
    with dg.DagsterInstance.ephemeral() as instance:
        result = job.execute_in_process(instance=instance, raise_on_error=False)
        run = traced("refresh", instance.all_logs(result.run_id), {}, result.run_id)
        assert tell_lineage(instance, settings, result.run_id) == ""
        assert tell_lineage(instance, settings, "no run of this history") == ""
    assert (run.state, run.failure) == ("FAIL", "marts.broken: marts.broken has no column x")
    found = read_lines(tmp_path / "events.ndjson")
    assert found == list(events(run, settings))
    assert [fault for event in found for fault in faults(event)] == []
    assert found[-1]["eventType"] == "FAIL" and found[-1]["run"]["runId"] == result.run_id
    made = outputs(found)["marts.made"]
    assert made["outputs"][0]["outputFacets"]["outputStatistics"]["rowCount"] == 7
    failed = outputs(found, "FAIL")["marts.broken"]
    assert failed["run"]["facets"]["errorMessage"]["message"] == "marts.broken has no column x"
    (checks,) = (one for one in found if one["job"]["name"].endswith("made.checks") and one["eventType"] == "COMPLETE")
    assertions = checks["inputs"][0]["inputFacets"]["dataQualityAssertions"]["assertions"]
    assert [(one["name"], one["success"], one["severity"], one["column"]) for one in assertions] == [
        ("adds_up", False, "warn", "x")
    ], "a check that did not run is none of this run"
