"""What the UI tells after a run, through the same memory of what was told as `make refresh`."""

from pathlib import Path

import dagster as dg
import pytest

from assets.instance import BY_COMMAND, show_on_timeline
from assets.jobs import tell_failure, tell_success, told_itself
from assets.life import DIED
from etl.config import Settings
from tests.support.openlineage import read_lines

pytestmark = pytest.mark.slow


@dg.op(config_schema={"fails": bool})
def work(context: dg.OpExecutionContext) -> None:
    if context.op_config["fails"]:
        raise ValueError("disk full")


@dg.job
def some_job() -> None:
    work()


@pytest.mark.parametrize("fails", [True, False])
@pytest.mark.parametrize("is_command", [True, False])
def test_a_run_in_the_ui_sends_notifications_and_lineage(
    fails: bool, is_command: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("WAREHOUSE_LINEAGE_URL", str(tmp_path / "events.ndjson"))
    failures: list[str | None] = []
    healths: list[Settings] = []
    monkeypatch.setattr(
        "assets.jobs.after_refresh", lambda _, failure, job, *, is_newest: failures.append(failure) or ""
    )
    monkeypatch.setattr("assets.jobs.tell_health", lambda _, settings: healths.append(settings))
    config = {
        "ops": {"work": {"config": {"fails": fails}}},
        "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
    }
    with dg.DagsterInstance.ephemeral() as instance:
        tags = show_on_timeline(instance, "some_job") if is_command else {}
        result = some_job.execute_in_process(config, instance=instance, raise_on_error=False, tags=tags)
        context = dg.build_run_status_sensor_context(
            sensor_name="any",
            dagster_instance=instance,
            dagster_run=result.dagster_run,
            dagster_event=next(e for e in reversed(result.all_events) if e.is_job_event),
        )
        if fails:
            tell_failure(context.for_run_failure())
        else:
            tell_success(context)
    assert len(failures) == len(healths) == (not is_command), "the command line has told both itself"
    assert (tmp_path / "events.ndjson").exists() == (not is_command)
    if is_command:
        return
    kinds = [event["eventType"] for event in read_lines(tmp_path / "events.ndjson")]
    assert kinds == (["START", "START", "FAIL", "FAIL"] if fails else ["START", "COMPLETE"])
    (failure,) = failures
    assert (failure is None) is not fails
    assert not fails or "work" in str(failure)


CONFIG = {"ops": {"work": {"config": {"fails": True}}}}


def failed_run(instance: dg.DagsterInstance, message: str, **tags: str) -> dg.RunFailureSensorContext:
    """What the sensor on failures gets about a run that was reported as failed with a message."""
    run = instance.create_run_for_job(some_job, run_config=CONFIG, status=dg.DagsterRunStatus.STARTED, tags=tags)
    event = instance.report_run_failed(run, message=message)
    return dg.build_run_status_sensor_context(
        sensor_name="any", dagster_instance=instance, dagster_run=run, dagster_event=event
    ).for_run_failure()


def test_a_command_that_was_killed_is_told_by_the_daemon(monkeypatch: pytest.MonkeyPatch) -> None:
    failures: list[str | None] = []
    monkeypatch.setattr("assets.jobs.after_refresh", lambda _, failure, *__, **___: failures.append(failure) or "")
    monkeypatch.setattr("assets.jobs.tell_health", lambda *_: None)
    with dg.DagsterInstance.ephemeral() as instance:
        tell_failure(failed_run(instance, DIED, **{BY_COMMAND: "refresh"}))
        tell_failure(failed_run(instance, "disk full", **{BY_COMMAND: "refresh"}))
    assert failures == [DIED]


def test_a_run_of_the_command_line_that_is_run_again_in_the_ui_is_told() -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        command = instance.create_run_for_job(some_job, run_config=CONFIG, tags={BY_COMMAND: "refresh"})
        again = instance.create_run_for_job(
            some_job, run_config=CONFIG, tags=command.tags, parent_run_id=command.run_id, root_run_id=command.run_id
        )
    assert told_itself(command) and not told_itself(again), "Dagster copies the tags"
