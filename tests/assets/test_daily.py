"""The job `refresh_daily` from files in the inbox to the snapshot: what it builds, what it leaves alone."""

from __future__ import annotations

import hashlib
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import dagster as dg
import pytest
from dagster._core.storage.tags import PARTITION_NAME_TAG

from assets.days import NAME, day_of_run, day_that_is_over, run_tags
from assets.definitions import definitions
from assets.jobs import REFRESH_DAILY, SHANGHAI
from assets.summary import outcome, summary
from etl.config import ROOT, SIMULATED, Settings
from etl.daily.due import DELIVERED
from etl.errors import MendError
from etl.models.graph import load_models
from etl.notify import findings_in
from etl.warehouse import open_build, open_snapshot
from tests.assets.conftest import QUIET, Project, metadata
from tests.support.command import run

pytestmark = pytest.mark.slow

DAILY = "platform,date,channel,partnership_id,currency,orders,new_buyers,gmv,marketing_spend\n"
EVENT = "event_id,event_time,platform,channel,partnership_id,buyer_id_hash,amount,currency,status\n"
RATE = "currency,quote_currency,period_start,period_end,rate,source\n"
LAST = date(2025, 3, 30)
FAILING = """
- type: expect_table_row_count_to_equal
  name: made_to_fail
  kwargs: {value: 999}
  severity: critical
  meta: {why: this test says so}
"""


def day_of(day: date, orders: int = 100) -> str:
    """A day of JD: its total and two channels, one of them paid in USD."""
    return (
        f"jd,{day},,,CNY,{orders},,{10 * orders},\n"
        f"jd,{day},search,,CNY,{orders - 40},,{10 * orders - 144},\n"
        f"jd,{day},ads,,USD,40,10,20,3\n"
    )


def built(result: dg.ExecuteInProcessResult, table: str) -> str:
    """What the metadata of the run's own event says of the days that were built."""
    event = [
        e.materialization
        for e in result.get_asset_materialization_events()
        if e.asset_key == dg.AssetKey(table.split(".")) and e.materialization.metadata
    ][-1]
    return str(event.metadata["days built"].value)


def waiting(result: dg.ExecuteInProcessResult) -> set[str]:
    """The tables whose check on the quarantine warns."""
    checks = [c for c in result.get_asset_check_evaluations() if c.check_name == "nothing_waits_in_quarantine"]
    assert len(checks) == len(DELIVERED)
    return {".".join(c.asset_key.path) for c in checks if not c.passed}


def fingerprint(settings: Settings) -> str:
    return hashlib.sha256(settings.serving_db.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def delivered(
    first: tuple[Project, dg.ExecuteInProcessResult], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Project, dg.ExecuteInProcessResult]:
    """Thirty days of JD, some orders and a rate, loaded for the last of the days. Read only."""
    home = tmp_path_factory.mktemp("daily") / "home"
    shutil.copytree(first[0].home, home, symlinks=True)
    project = Project(ROOT, home)
    days = "".join(day_of(LAST - timedelta(n)) for n in range(30))
    project.deliver("team/march.csv", DAILY + days + f"jd,{LAST},affiliate,,yuan,1,1,1,1\n")
    project.deliver("rates.csv", RATE + "USD,CNY,2025-03-01,2025-03-31,7.2,house\n")
    orders = f"e1,{LAST} 08:00:00,jd,search,,ann,50,CNY,placed\ne2,{LAST} 09:00:00,jd,search,,ann,70,CNY,placed\n"
    project.deliver("orders.csv", EVENT + orders)
    project.deliver("broken.csv", "platform,date\njd,2025-03-01\n")
    return project, project.refresh_daily(str(LAST))


@pytest.fixture
def again(delivered: tuple[Project, dg.ExecuteInProcessResult], tmp_path: Path) -> Project:
    """A copy of that home, to run again."""
    shutil.copytree(delivered[0].home, tmp_path / "home", symlinks=True)
    return Project(ROOT, tmp_path / "home")


def test_files_become_figures_that_readers_see(delivered: tuple[Project, dg.ExecuteInProcessResult]) -> None:
    project, result = delivered
    assert result.success
    with open_snapshot(project.settings.serving_db) as con:
        rows = con.execute(
            "select m.channel, m.orders, m.new_buyers, m.gmv::varchar, m.marketing_spend::varchar, m.source, "
            "m.rate_kind from core.daily_metric as m where m.date = ? order by m.channel",
            [LAST],
        ).fetchall()
        comment = con.execute(
            "select comment from duckdb_columns() where table_name = 'platform_metric_daily' and column_name = 'gmv'"
        ).fetchall()
    # by hand: 20 USD at 7.2 are 144 CNY, 3 USD 21.6; Ann is one new buyer, in the total and in search
    assert rows == [
        ("", 100, 1, "1000.0000", None, "delivered, rest from events", "same"),
        ("ads", 40, 10, "144.0000", "21.600000", "delivered", "period"),
        ("search", 60, 1, "856.0000", None, "delivered, rest from events", "same"),
    ]
    assert "value of the orders placed" in comment[0][0]
    checks = {c.check_name: c.passed for c in result.get_asset_check_evaluations()}
    assert checks["channels_add_up_to_the_total"]
    assert not checks["delivered_figures_agree_with_the_orders"], "100 orders delivered, 2 in the events"


def by_day() -> list[str]:
    """The tables by day."""
    return [".".join(spec.key.path) for spec in definitions().resolve_all_asset_specs() if spec.partitions_def]


def test_the_days_of_the_ui_are_those_that_hold_data(
    delivered: tuple[Project, dg.ExecuteInProcessResult], again: Project
) -> None:
    held = [str(LAST - timedelta(n)) for n in range(29, -1, -1)]
    tables = by_day()
    assert {*tables} == {*DELIVERED} | {model.name for model in load_models(ROOT / "sql") if model.daily}
    assert delivered[0].days() == held
    assert {table: delivered[0].days(table) for table in tables} == dict.fromkeys(tables, held), "none is missing"
    later, earlier = LAST + timedelta(3), LAST - timedelta(100)
    again.deliver("more.csv", DAILY + day_of(later) + day_of(earlier))
    assert again.refresh_daily().success
    held = [str(earlier), *held, str(later)]
    assert again.days() == held, "in their order, and without the days between"
    assert {table: again.days(table) for table in tables} == dict.fromkeys(tables, held)


def test_a_history_of_runs_that_was_lost_is_marked_anew(again: Project) -> None:
    held = again.days()
    shutil.rmtree(again.home / "runs")
    assert again.refresh_daily().success
    assert again.days() == held
    assert {table: again.days(table) for table in by_day()} == dict.fromkeys(by_day(), held)


def test_a_backfill_of_the_ui_builds_its_days(again: Project) -> None:
    first, last = str(LAST - timedelta(2)), str(LAST - timedelta(1))
    result = again.refresh_daily(first, last, backfill=True)
    assert result.success
    assert built(result, "core.daily_metric") == f"2: {first} to {last}"
    assert len(again.days("core.daily_metric")) == 30


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [("2025-3-1", "", "not a day"), ("x", "", "not a day"), ("2025-03-02", "2025-03-01", "is after"),
     (str(datetime.now(UTC).date()), "", "before today"), ("20250301", "", "not a day")],
)  # fmt: skip
def test_days_that_are_none_are_refused(first: str, last: str, said: str) -> None:
    with dg.DagsterInstance.ephemeral() as instance, pytest.raises(MendError, match=said):
        run_tags(instance, first, last)


def test_quarantined_rows_and_refused_files_are_reported(delivered: tuple[Project, dg.ExecuteInProcessResult]) -> None:
    told = summary(outcome(delivered[1]), 1.0)
    assert "Inbox      4 files" in told
    assert "partly_loaded  team/march.csv" in told
    assert "refused  broken.csv" in told
    assert "days of core.platform_metric_daily that changed: 30: 2025-03-01 to 2025-03-30" in told
    assert "  team/march.csv:92  currency " in told and "affiliate,,yuan,1" in told
    assert "  broken.csv  breaks its contract" in told
    assert waiting(delivered[1]) == {"core.platform_metric_daily"}


def test_a_second_run_changes_nothing(again: Project) -> None:
    before = fingerprint(again.settings)
    result = again.refresh_daily(str(LAST))
    assert result.success
    assert metadata(result, "serving.warehouse")["published"].value is False
    for table in ("core.first_purchase", "core.order_day", "core.daily_metric", "marts.daily_outlier"):
        assert metadata(result, table)["changed"].value is False
    assert fingerprint(again.settings) == before
    assert waiting(result) == {"core.platform_metric_daily"}, "the rows are still missing"
    assert not outcome(result).is_whole
    checks = {c.check_name: c.passed for c in result.get_asset_check_evaluations()}
    assert not checks["delivered_figures_agree_with_the_orders"], "the figures still do not agree"


def test_refresh_and_daily_in_turn_publish_nothing_new(again: Project) -> None:
    runs = again.refresh(), again.refresh_daily(str(LAST)), again.refresh(), again.refresh_daily(str(LAST))
    assert [metadata(result, "serving.warehouse")["published"].value for result in runs[2:]] == [False, False]


def test_daily_exits_with_1_until_what_was_refused_is_dismissed(
    refreshed: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    refreshed.deliver("good.csv", DAILY + day_of(LAST))
    refreshed.deliver("broken.csv", "platform,date\njd,2025-03-01\n")
    monkeypatch.setenv("WAREHOUSE_HOME", str(refreshed.home))
    monkeypatch.delenv("DAGSTER_HOME", raising=False)

    def served() -> list[tuple[object, ...]]:
        with open_snapshot(refreshed.settings.serving_db) as con:
            return con.execute(
                "select (select count(*) from core.daily_metric), list(q.file) "
                "from audit.quarantine as q where q.superseded_at is null"
            ).fetchall()

    told = run("daily", str(LAST))
    assert (told.exit_code, served()) == (1, [(3, ["broken.csv"])]), "what is good is published first"
    assert run("daily", str(LAST)).exit_code == 1, "it still waits"
    assert (
        run("inbox", "dismiss", "broken.csv").output == "broken.csv: 1 dismissed; the next `make daily` publishes it\n"
    )
    assert run("inbox", "dismiss", "broken.csv").exit_code == 1
    assert (run("daily", str(LAST)).exit_code, served()) == (0, [(3, None)])


def test_only_a_new_day_and_a_restated_day_are_built(again: Project) -> None:
    new, old = LAST + timedelta(1), LAST - timedelta(20)
    again.deliver("next.csv", DAILY + day_of(new))
    result = again.refresh_daily(str(new))
    assert built(result, "core.daily_metric") == f"1: {new} to {new}"
    assert metadata(result, "core.daily_metric")["rows built"].value == 3
    again.deliver("restated.csv", DAILY + day_of(old, 60))
    result = again.refresh_daily()
    assert built(result, "core.daily_metric") == f"1: {old} to {old}", "nobody asked for another day"
    assert metadata(result, "core.daily_metric")["made again"].value is True
    assert metadata(result, "core.order_day")["made again"].value is False, "no order was delivered"
    assert again.days("core.daily_metric")[-1] == str(new)
    with open_snapshot(again.settings.serving_db) as con:
        orders = con.execute(
            "select m.orders from core.daily_metric as m where m.channel = '' and m.date in (?, ?, ?) order by m.date",
            [old, old + timedelta(1), new],
        ).fetchall()
    assert orders == [(60,), (100,), (100,)]


def test_a_range_of_days_is_one_run(again: Project) -> None:
    first, last = LAST - timedelta(2), LAST - timedelta(1)
    result = again.refresh_daily(str(first), str(last))
    assert result.success
    assert built(result, "core.daily_metric") == f"2: {first} to {last}"


def test_the_alert_of_a_gap_says_what_the_table_holds(again: Project) -> None:
    """The case alert_holds_again_falsely: a run without news must not tell "holds again" while the gap stands."""

    def told() -> tuple[int, str]:
        with open_build(again.settings) as con:
            found = {f.key: f.state for f in findings_in(con, again.settings.sql_dir / "alerts")}
            gaps = con.execute("select count(*) from marts.daily_gap where kind = 'day'").fetchall()
        return gaps[0][0], found["marts.daily_gap no_day_is_left_out"]

    again.deliver("later.csv", DAILY + day_of(LAST + timedelta(3)))
    again.refresh_daily(str(LAST))
    assert told() == (1, "fails")
    again.refresh_daily(str(LAST))
    assert told() == (1, "fails"), "nothing new came"
    again.deliver("missing.csv", DAILY + day_of(LAST + timedelta(1)) + day_of(LAST + timedelta(2)))
    again.refresh_daily(str(LAST))
    assert told() == (0, "holds")


def test_a_critical_failure_keeps_the_last_good_rows_until_it_is_fixed(again: Project, tmp_path: Path) -> None:
    root = tmp_path / "project"
    for folder in ("sql", "expectations", "data/reference"):
        shutil.copytree(ROOT / folder, root / folder)
    with (root / "expectations/core/daily_metric.yaml").open("a", encoding="utf-8") as suite:
        suite.write(FAILING)
    again.deliver("next.csv", DAILY + day_of(LAST + timedelta(1)))
    before = fingerprint(again.settings)
    result = Project(root, again.home).refresh_daily(str(LAST))
    assert not result.success
    assert str(LAST + timedelta(1)) not in again.days("core.daily_metric")
    assert str(LAST + timedelta(1)) not in again.days("marts.daily_gap")
    assert fingerprint(again.settings) == before
    newest = "select max(m.date) from core.daily_metric as m"
    with open_build(again.settings) as con:
        assert con.execute(newest).fetchall() == [(LAST,)]
        told = con.execute(
            "select r.table_name, r.success from audit.expectation_result as r where r.check_name = 'made_to_fail'"
        ).fetchall()
        assert told == [("core.daily_metric", False)]
    assert again.refresh_daily(str(LAST)).success, "nothing new came, and yet the day is still due"
    with open_snapshot(again.settings.serving_db) as con:
        assert con.execute(newest).fetchall() == [(LAST + timedelta(1),)]


def test_in_the_demo_every_asset_says_simulated(tmp_path: Path) -> None:
    def specs() -> list[dg.AssetSpec]:
        return list(definitions(ROOT, {"WAREHOUSE_HOME": str(tmp_path)}).resolve_all_asset_specs())

    assert not any("simulated" in spec.kinds for spec in specs())
    (tmp_path / SIMULATED).touch()
    assert all("simulated" in spec.kinds for spec in specs())
    assert all((spec.description or "").startswith("Simulated data. ") for spec in specs())


def test_the_sensor_asks_for_the_last_day_that_holds_data(tmp_path: Path) -> None:
    project = Project(ROOT, tmp_path)
    project.deliver("a.csv", "a")
    defs = definitions(ROOT, project.environment)
    sensor = defs.resolve_sensor_def("inbox")
    with project.history() as instance:
        assert day_of_run(instance) == str(datetime.now(UTC).date() - timedelta(1)), "nothing holds data yet"
        instance.add_dynamic_partitions(NAME, ["2025-03-31"])
        repository = defs.get_repository_def()
        with dg.SensorEvaluationContext(instance.get_ref(), repository_def=repository) as context:
            cursor = sensor.evaluate_tick(context).cursor
        with dg.SensorEvaluationContext(instance.get_ref(), repository_def=repository, cursor=cursor) as context:
            (asked,) = sensor.evaluate_tick(context).run_requests or []
    assert asked.partition_key == "2025-03-31"


# By hand: Shanghai is eight hours ahead of UTC all year.
@pytest.mark.parametrize(
    ("now", "in_shanghai", "in_utc"),
    [
        ("2026-12-01 23:30:00", "2026-12-01", "2026-11-30"),  # 07:30 on the 2nd, when the schedule begins
        ("2026-12-01 23:59:59", "2026-12-01", "2026-11-30"),  # 07:59:59 on the 2nd
        ("2026-12-02 00:00:00", "2026-12-01", "2026-12-01"),  # 08:00 on the 2nd
        ("2026-12-02 00:00:01", "2026-12-01", "2026-12-01"),
        ("2026-12-01 15:59:59", "2026-11-30", "2026-11-30"),  # 23:59:59 on the 1st
        ("2026-12-01 16:00:00", "2026-12-01", "2026-11-30"),  # midnight
        ("2026-12-31 23:30:00", "2026-12-31", "2026-12-30"),
        ("2028-02-28 23:30:00", "2028-02-28", "2028-02-27"),
        ("2028-02-29 23:30:00", "2028-02-29", "2028-02-28"),
    ],
)
def test_the_day_that_is_over_in_shanghai_and_in_utc(now: str, in_shanghai: str, in_utc: str) -> None:
    at = datetime.fromisoformat(now).replace(tzinfo=UTC)
    with dg.DagsterInstance.ephemeral() as instance:
        assert day_that_is_over(instance, at, SHANGHAI) == in_shanghai
        assert day_that_is_over(instance, at.astimezone(SHANGHAI), ZoneInfo("UTC")) == in_utc
        assert {*instance.get_dynamic_partitions(NAME)} == {in_shanghai, in_utc}


@pytest.mark.parametrize("held", [[], ["2025-03-31"], ["2026-11-30", "2026-12-01"]])
def test_the_morning_schedule_is_for_the_day_that_is_over_in_shanghai(tmp_path: Path, held: list[str]) -> None:
    defs = definitions(ROOT, {"WAREHOUSE_HOME": str(tmp_path)})
    schedule = defs.resolve_schedule_def("refresh_daily_every_morning")
    began = datetime(2026, 12, 1, 23, 30, tzinfo=UTC)
    assert schedule.cron_schedule == f"{began.astimezone(SHANGHAI):%-M %-H} * * *"
    with Project(ROOT, tmp_path).history() as instance:
        if held:
            instance.add_dynamic_partitions(NAME, held)
        with dg.build_schedule_context(
            instance, repository_def=defs.get_repository_def(), scheduled_execution_time=began
        ) as morning:
            (asked,) = schedule.evaluate_tick(morning).run_requests or []
        assert asked.partition_key == "2026-12-01"
        assert instance.has_dynamic_partition(NAME, "2026-12-01"), "else Dagster refuses the run"


def test_a_day_of_the_schedule_without_data_is_gone_after_a_run_and_there_for_its_own(again: Project) -> None:
    held = again.days()
    with again.history() as instance:
        day_that_is_over(instance, datetime(2025, 4, 9, 23, 30, tzinfo=UTC), SHANGHAI)
    assert again.days() == [*held, "2025-04-09"]
    assert again.refresh_daily(str(LAST)).success
    assert again.days() == held
    job = definitions(again.root, again.environment).resolve_job_def(REFRESH_DAILY)
    with again.history() as instance:  # the scheduled run waited for the other one
        tags = {PARTITION_NAME_TAG: "2025-04-09"}
        assert job.execute_in_process(instance=instance, run_config=QUIET, tags=tags, raise_on_error=False).success
    assert again.days() == held


def test_schedules_and_sensors_are_off_by_default() -> None:
    defs = definitions()
    assert defs.resolve_schedule_def("refresh_daily_every_morning").default_status == (dg.DefaultScheduleStatus.STOPPED)
    assert defs.resolve_sensor_def("inbox").default_status == dg.DefaultSensorStatus.STOPPED
    job = defs.resolve_job_def("refresh_daily")
    assert job.backfill_policy == dg.BackfillPolicy.single_run()
