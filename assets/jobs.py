"""When and how assets run: the job `refresh` and its schedule.

Everything runs in one process, step by step: DuckDB has one writer, and a process a step costs seconds.
"""

from collections.abc import Sequence

import dagster as dg

REFRESH = "refresh"


def automation(assets: Sequence[dg.AssetsDefinition]) -> dg.Definitions:
    """The job that runs all assets without partitions, and its schedule.

    The schedule is stopped until someone switches it on in the UI: opening `make dev` to look must start
    no work, and the embedded data does not change by itself. At seven in Shanghai the SEC's filing day is
    over (half past five in the afternoon in New York).
    """
    job = dg.define_asset_job(
        REFRESH,
        selection=dg.AssetSelection.assets(*(asset for asset in assets if asset.partitions_def is None)),
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
    return dg.Definitions(jobs=[job], schedules=[every_morning])
