"""When assets run: the jobs `refresh`, `look_for_filings` and `refresh_daily`, and their schedules and sensors.

Everything runs in one process, step by step: DuckDB has one writer, and a process for each step costs seconds.
Schedules and the sensor on the inbox are stopped until they are switched on in the UI: opening `make dev` must
start no work, and the embedded data does not change by itself. A backfill is `refresh_daily` for a range of days,
from the UI or from the command line (docs/daily-models.md), in one run.
"""

import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import dagster as dg

from assets.days import day_of_run, day_that_is_over
from assets.health import is_newest, tell_health
from assets.history import retire
from assets.inbox_sensor import LOOK_SECONDS, look, status_of
from assets.instance import BY_COMMAND, prepare_home
from assets.life import DIED, close_dead_runs
from etl.config import Settings, load_settings
from etl.notify import after_refresh

REFRESH, LOOK_FOR_FILINGS, REFRESH_DAILY = "refresh", "look_for_filings", "refresh_daily"
SHANGHAI = ZoneInfo("Asia/Shanghai")


def automation(assets: Sequence[dg.AssetsDefinition], root: Path, environment: dict[str, str] | None) -> dg.Definitions:
    """The jobs, with their schedules and sensors.

    `refresh_daily`, which loads daily data, builds what is made from it; `refresh` does only where it is made from
    printed figures, too.
    At seven in Shanghai the SEC's filing day is over (half past five in the afternoon in New York).
    """
    by_day = dg.AssetSelection.assets(*(asset for asset in assets if asset.partitions_def is not None))
    others = dg.AssetSelection.assets(*(asset for asset in assets if asset.partitions_def is None))
    of_prints = others & dg.AssetSelection.assets("core/observation_latest").downstream()
    refresh = dg.define_asset_job(
        REFRESH,
        selection=(others - by_day.downstream()) | of_prints | dg.AssetSelection.groups("serving"),
        description="Read the sources, build and check every table, publish if anything changed.",
    )
    filings = dg.define_asset_job(
        LOOK_FOR_FILINGS,
        selection=dg.AssetSelection.assets("raw/edgar_filing", "raw/edgar_body").downstream(),
        config={"ops": {"edgar": {"config": {"only_if_new": True}}}},
        description="Ask EDGAR for new reports; only when there are, build what they touch and publish.",
    )
    daily = dg.define_asset_job(
        REFRESH_DAILY,
        selection=by_day | by_day.downstream(),
        description="Load the files in the inbox, build the days that they touch and those of the run, publish.",
    )
    schedules = [
        dg.ScheduleDefinition(
            name="refresh_every_morning",
            job=refresh,
            cron_schedule="0 7 * * *",
            execution_timezone=SHANGHAI.key,
            description="Stopped by default: switch it on where `make dev` or a Dagster daemon runs all day.",
        ),
        dg.ScheduleDefinition(
            name="look_for_filings_on_weekdays",
            job=filings,
            cron_schedule="20 6-22 * * 1-5",
            execution_timezone="America/New_York",
            description="Hourly while the SEC accepts filings; one request per issuer when there is none.",
        ),
        dg.ScheduleDefinition(
            name="refresh_daily_every_morning",
            job=daily,
            cron_schedule="30 7 * * *",
            execution_timezone=SHANGHAI.key,
            execution_fn=lambda context: dg.RunRequest(
                partition_key=day_that_is_over(context.instance, context.scheduled_execution_time, SHANGHAI)
            ),
            description="For the day that is over in Shanghai, with every day that is due; remote sources first.",
        ),
    ]

    @dg.sensor(
        name="inbox",
        job=daily,
        minimum_interval_seconds=LOOK_SECONDS,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description="One run for all new files of the inbox, once none of them is growing.",
    )
    def on_inbox(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        settings, instance = load_settings(environment, root), context.instance
        return look(settings, context.cursor, day_of_run(instance), partial(status_of, instance))

    return dg.Definitions(
        jobs=[refresh, filings, daily], schedules=schedules, sensors=[on_inbox, tell_success, tell_failure]
    )


def told_itself(run: dg.DagsterRun) -> bool:
    """Whether a run is one of the command line, which tells its end itself; one that is run again in the UI is not."""
    return BY_COMMAND in run.tags and run.parent_run_id is None


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.SUCCESS,
    name="tell_what_changed",
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="After a successful run: report what changed through WAREHOUSE_NOTIFY, if it is set.",
)
def tell_success(context: dg.RunStatusSensorContext) -> None:
    """Send what changed state, and retire old runs; a run of the command line has done both at its end."""
    if told_itself(context.dagster_run):
        return
    settings = load_settings()
    _tell(context, settings, None)
    close_dead_runs(context.instance)
    with suppress(sqlite3.Error):  # the next run retires what this one could not
        retire(context.instance, prepare_home(settings), settings, datetime.now(UTC))


@dg.run_failure_sensor(
    name="tell_failure",
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="After a failed run: report the failure through WAREHOUSE_NOTIFY, if it is set.",
)
def tell_failure(context: dg.RunFailureSensorContext) -> None:
    """Send that the refresh failed, and why, once until it succeeds; a run of the command line that lived did so."""
    message = context.failure_event.message or ""
    if told_itself(context.dagster_run) and DIED not in message:
        return
    settings = load_settings()
    _tell(context, settings, message)


def _tell(context: dg.RunStatusSensorContext, settings: Settings, failure: str | None) -> None:
    """Send what changed and record the health after a run of the daemon; by then another one may have ended."""
    run = context.dagster_run
    newest = is_newest(context.instance, run)
    context.log.info(after_refresh(settings, failure, run.job_name, is_newest=newest))
    from assets.lineage import tell_lineage  # imports SQLGlot, which definitions do without

    if unheard := tell_lineage(context.instance, settings, run.run_id):
        context.log.warning(unheard)
    if problem := tell_health(context.instance, settings):
        context.log.warning(problem)
