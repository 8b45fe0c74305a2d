"""The health of all in one asset: told after a run that succeeds and after one that fails."""

from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg
import pytest

from assets.health import CHECK, HEALTH, examined, health_asset, is_newest, tell_health
from assets.instance import prepare_home
from assets.metadata import MOST_SHOWN, asset_key
from etl.config import ROOT
from etl.warehouse import open_build
from tests.assets.conftest import QUIET, Project

pytestmark = pytest.mark.slow

NO_BACKUP = "**backup** none: no backup was made of this home"


@dg.op(config_schema={"fails": bool})
def work(context: dg.OpExecutionContext) -> None:
    if context.op_config["fails"]:
        raise ValueError("disk full")


@dg.job(name="refresh")
def some_job() -> None:
    work()


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def run(instance: dg.DagsterInstance, fails: bool) -> None:
    config = {**QUIET, "ops": {"work": {"config": {"fails": fails}}}}
    some_job.execute_in_process(config, instance=instance, raise_on_error=False)


def told(instance: dg.DagsterInstance) -> tuple[dict[str, str], dg.AssetCheckEvaluation]:
    """The text of each metadata entry, and the check, as they were recorded last."""
    event = instance.get_latest_materialization_event(asset_key(HEALTH))
    assert event and event.asset_materialization
    key = dg.AssetCheckKey(asset_key(HEALTH), CHECK)
    (record,) = instance.event_log_storage.get_asset_check_execution_history(key, limit=1)
    assert record.event and record.event.dagster_event
    shown = {name: str(value.value) for name, value in event.asset_materialization.metadata.items()}
    return shown, record.event.dagster_event.asset_check_evaluation_data


def test_after_a_good_run_only_the_backup_is_to_look_at(refreshed: Project, instance: dg.DagsterInstance) -> None:
    run(instance, fails=False)
    tell_health(instance, refreshed.settings)
    shown, check = told(instance)
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert (check.description or "").startswith("0 wrong, 1 to watch, ")
    assert [*shown][:5] == [
        "to look at",
        "last runs",
        "newest document",
        "newest day of delivered data",
        "newest figures",
    ]
    (line,) = shown["to look at"].splitlines()
    assert line.startswith(f"- {NO_BACKUP}")
    assert "| refresh | [" in shown["last runs"] and "| success |" in shown["last runs"]
    assert shown["newest document"] == "2026-08-25", "PDD's release, the newest of data/reference/documents.csv"
    assert shown["newest day of delivered data"] == "none is delivered"
    assert "disk " in shown["fine"] and "snapshot version 1" in shown["fine"]
    assert [name for name, text in shown.items() if len(text) >= MOST_SHOWN] == [], "the UI would hide it"


def test_a_failed_run_a_failed_check_and_a_row_set_aside_are_told(
    refreshed: Project, instance: dg.DagsterInstance
) -> None:
    run(instance, fails=False)
    run(instance, fails=True)
    with open_build(refreshed.settings) as con:
        con.execute(
            "insert into audit.expectation_result (checked_at, table_name, check_name, expectation_type, severity, "
            "success, unexpected_count, why, number) "
            "values (now(), 'core.party', 'key_is_unique', 'x', 'critical', false, 2, 'it matters', 1000000)"
        )
        con.execute(
            "insert into audit.quarantine (source, file, reason, loaded_at) "
            "values ('reference', 'data/parties.csv', 'name is empty', now())"
        )
    tell_health(instance, refreshed.settings)
    shown, check = told(instance)
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.ERROR)
    run_line, check_line, *others = shown["to look at"].splitlines()
    assert run_line.startswith("- **run** the last of refresh: ended as failure: [")
    assert check_line.startswith(
        "- **checks** [core.party key_is_unique](/assets/core/party?view=checks&checkDetail=key_is_unique): failed on "
    )
    assert check_line.endswith("2 rows: it matters → [failed-checks.md](/warehouse/docs/failed-checks.md)")
    assert any(line.startswith("- **quarantine** data/parties.csv: 1 rows set aside") for line in others)


def test_the_doctor_tells_runs_that_failed(refreshed: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the command line does, which has no asset of the health before it."""
    monkeypatch.setenv("DAGSTER_HOME", "")  # and back
    settings = refreshed.settings
    assert not [one for one in examined(settings, datetime.now(UTC)) if one.topic == "run"]
    with dg.DagsterInstance.from_config(str(prepare_home(settings))) as instance:
        run(instance, fails=True)
    found = [(one.state, one.subject, one.finding) for one in examined(settings, datetime.now(UTC))]
    assert found[0] == ("wrong", "the last of refresh", "ended as failure")
    (settings.home / "dagster/history/runs.db").write_bytes(b"no database" * 1000)
    found = [(one.state, one.subject) for one in examined(settings, datetime.now(UTC))]
    assert found[0] == ("wrong", "the history of runs")


def test_a_long_list_is_cut_and_counted(refreshed: Project, instance: dg.DagsterInstance) -> None:
    with open_build(refreshed.settings) as con:
        con.execute(
            "insert into audit.expectation_result (checked_at, table_name, check_name, expectation_type, severity, "
            "success, unexpected_count, why, number) select now(), 'core.party', 'check_' || n, 'x', 'warning', false, "
            "1, 'it matters', 1000000 from range(40) as t(n)"
        )
    tell_health(instance, refreshed.settings)
    lines = told(instance)[0]["to look at"].splitlines()
    assert lines[-1] == f"- and {41 - len(lines) + 1} more"


def test_a_home_in_which_nothing_is_built_has_a_health(
    tmp_path_factory: pytest.TempPathFactory, instance: dg.DagsterInstance
) -> None:
    tell_health(instance, Project(ROOT, tmp_path_factory.mktemp("empty")).settings)
    shown, check = told(instance)
    assert not check.passed
    assert "nothing was built yet → make refresh" in shown["to look at"]
    assert shown["newest document"] == "nothing is published"


def test_it_is_looked_at_again_by_hand(refreshed: Project, instance: dg.DagsterInstance) -> None:
    result = dg.materialize([health_asset(refreshed.root, refreshed.environment)], instance=instance)
    assert result.success
    (evaluation,) = result.get_asset_check_evaluations()
    assert (evaluation.check_name, evaluation.passed) == (CHECK, False)
    assert f"- {NO_BACKUP}" in told(instance)[0]["to look at"]


def test_a_fault_in_looking_at_the_health_is_told_and_raises_nothing(
    refreshed: Project, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("a fault of the program")

    monkeypatch.setattr("assets.health.examine", broken)
    told_so = tell_health(instance, refreshed.settings)
    assert (
        told_so == "Health     could not be told, which changes nothing else: ZeroDivisionError: a fault of the program"
    )


def test_only_the_newest_run_of_a_job_is_told(instance: dg.DagsterInstance) -> None:
    run(instance, fails=True)
    (first,) = instance.get_runs(limit=1)
    assert is_newest(instance, first)
    run(instance, fails=False)
    (second,) = instance.get_runs(limit=1)
    assert is_newest(instance, second) and not is_newest(instance, first)
