"""`make refresh`: run the job `refresh` in this process, record it for the UI, say what came of it.

Exit code 0 when every step succeeded, 130 when it was interrupted, 1 otherwise, with the reason in one
line and no traceback.
`python -m assets daily` runs `refresh_daily` for the last day that is over, or for a range of days:
`python -m assets daily 2025-03-01 2025-03-31`.
`python -m assets home` prepares DAGSTER_HOME for `make dev` and prints it.
"""

import gc
import sys
import time

# The libraries make millions of objects that live to the end: looking through them for garbage as often as
# Python does by default is a tenth of a refresh, most of it during the imports that follow.
gc.set_threshold(20_000, 20, 50)

from collections.abc import Sequence

import dagster as dg
import psutil
from dagster._core.storage.tags import ASSET_PARTITION_RANGE_END_TAG, ASSET_PARTITION_RANGE_START_TAG

from assets.daily import DAYS, REFRESH_DAILY, last_day
from assets.definitions import definitions
from assets.instance import close_dead_runs, prepare_home, write_history_fast
from assets.jobs import REFRESH
from assets.summary import outcome, summary
from etl.checks.suite import SuiteError
from etl.config import Settings, load_settings
from etl.models.tree import ModelError
from etl.notify import after_refresh
from etl.warehouse import WarehouseError

# The summary says what went wrong; Dagster's own log of it, with traces, is in the UI.
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
# By this tag the UI counts a run among those of the job; the location is that of workspace.yaml.
OF_THIS_PROJECT = {".dagster/repository": "__repository__@warehouse"}
REFUSALS = (ModelError, SuiteError, WarehouseError, ValueError)


def refresh(settings: Settings, job_name: str = REFRESH, days: Sequence[str] = ()) -> bool:
    """One refresh with its report on standard output; whether every step succeeded.

    `days` are the first and the last of the job that runs by day. Raises DagsterExecutionInterruptedError
    when it was interrupted.
    """
    job = definitions(settings.root).resolve_job_def(job_name)
    write_history_fast()
    with dg.DagsterInstance.from_config(str(prepare_home(settings))) as instance:
        close_dead_runs(instance, settings)
        result = job.execute_in_process(
            run_config=QUIET,
            instance=instance,
            tags={**OF_THIS_PROJECT, **_range(days)},
            raise_on_error=False,
        )
        found = outcome(result, instance)
    if found.interrupted:
        raise dg.DagsterExecutionInterruptedError
    print(summary(found, time.time() - psutil.Process().create_time()))
    told = after_refresh(settings, found.failure)
    if told:
        print(told)
    return result.success


def _range(days: Sequence[str]) -> dict[str, str]:
    """The tags by which a run knows its days. Raises ValueError for a day that no run can be for."""
    for day in days:
        if not DAYS.has_partition_key(day):
            raise ValueError(f"{day} is no day from {DAYS.start.date()} to {last_day()}, as in 2025-03-31")
    return dict(zip((ASSET_PARTITION_RANGE_START_TAG, ASSET_PARTITION_RANGE_END_TAG), days, strict=False))


def main(arguments: list[str]) -> int:
    """Run the command line; returns the exit code."""
    try:
        settings = load_settings()
        if arguments == ["home"]:
            print(prepare_home(settings))
            return 0
        job, days = REFRESH, []
        if arguments[:1] == ["daily"]:
            job, days = REFRESH_DAILY, (arguments[1:] * 2)[:2] or [last_day(), last_day()]
        try:
            return 0 if refresh(settings, job, days) else 1
        except REFUSALS as error:  # it did not even start
            after_refresh(settings, str(error))
            raise
    except (KeyboardInterrupt, dg.DagsterExecutionInterruptedError):
        print("Interrupted: readers keep the snapshot they have; `make refresh` starts anew", file=sys.stderr)
        return 130
    except REFUSALS as error:
        print(f"Nothing was refreshed: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
