"""When and how assets run: the jobs `refresh` and `look_for_filings`, each with its schedule.

Everything runs in one process, step by step: DuckDB has one writer, and a process a step costs seconds.
"""

from collections.abc import Sequence

import dagster as dg

from assets.serving import KEY as SERVING
from assets.sources import EDGAR_KEYS as EDGAR
from assets.sources import EDGAR_STEP as ASK_EDGAR
from etl.config import load_settings
from etl.notify import after_refresh

REFRESH = "refresh"
LOOK_FOR_FILINGS = "look_for_filings"


def automation(assets: Sequence[dg.AssetsDefinition]) -> dg.Definitions:
    """The job without daily data, the one that asks EDGAR, and their schedules.

    What is made from daily data is built where that data is loaded, by `refresh_daily`.

    The schedules are stopped until someone switches them on in the UI: opening `make dev` to look must
    start no work, and the embedded data does not change by itself. At seven in Shanghai the SEC's filing
    day is over (half past five in the afternoon in New York).
    """
    by_day = dg.AssetSelection.assets(*(asset for asset in assets if asset.partitions_def is not None))
    others = dg.AssetSelection.assets(*(asset for asset in assets if asset.partitions_def is None))
    job = dg.define_asset_job(
        REFRESH,
        selection=(others - by_day.downstream()) | dg.AssetSelection.assets(SERVING),
        description="Read the sources, build and check every table, publish if anything changed.",
        executor_def=dg.in_process_executor,
    )
    every_morning = dg.ScheduleDefinition(
        name="refresh_every_morning",
        job=job,
        cron_schedule="0 7 * * *",
        execution_timezone="Asia/Shanghai",
        default_status=dg.DefaultScheduleStatus.STOPPED,
        description="Stopped by default: switch it on where `make dev` or a Dagster daemon runs all day.",
    )
    filings = dg.define_asset_job(
        LOOK_FOR_FILINGS,
        selection=dg.AssetSelection.assets(*EDGAR).downstream(),
        config=dg.RunConfig(ops={ASK_EDGAR: {"config": {"only_if_new": True}}}),
        description="Ask EDGAR for new reports; only when there are, build what they touch and publish.",
        executor_def=dg.in_process_executor,
    )
    on_filing_days = dg.ScheduleDefinition(
        name="look_for_filings_on_weekdays",
        job=filings,
        cron_schedule="20 6-22 * * 1-5",
        execution_timezone="America/New_York",
        default_status=dg.DefaultScheduleStatus.STOPPED,
        description="Hourly while the SEC accepts filings; one request an issuer when there is none.",
    )
    return dg.Definitions(
        jobs=[job, filings],
        schedules=[every_morning, on_filing_days],
        sensors=[tell_success, tell_failure],
    )


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.SUCCESS,
    name="tell_what_changed",
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="After a run that succeeded: tell what changed through WAREHOUSE_NOTIFY, if it is set.",
)
def tell_success(context: dg.RunStatusSensorContext) -> None:
    """Tell what changed state, once; `make refresh` and this share one memory of what was told."""
    context.log.info(after_refresh(load_settings(), None))


@dg.run_failure_sensor(
    name="tell_failure",
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="After a run that failed: tell so through WAREHOUSE_NOTIFY, if it is set.",
)
def tell_failure(context: dg.RunFailureSensorContext) -> None:
    """Tell that the refresh failed, and why, once until it succeeds."""
    context.log.info(after_refresh(load_settings(), context.failure_event.message))
