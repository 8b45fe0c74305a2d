"""When the daily path runs: the job `refresh_daily`, its schedule, and a sensor on the inbox.

Both are stopped until someone switches them on in the UI. A backfill is the job for a range of days, from
the UI or from the command line (docs/daily-models.md); whatever its length it is one run.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import dagster as dg

from assets.daily import DAYS
from etl.config import Settings, load_settings

REFRESH_DAILY = "refresh_daily"
INBOX = "inbox"
LOOK_SECONDS = 30
Mark = list[int]


def daily_automation(
    assets: Sequence[dg.AssetsDefinition], root: Path, environment: dict[str, str] | None
) -> dg.Definitions:
    """The job over the partitioned assets and all that is made from them, and what starts it."""
    daily = dg.AssetSelection.assets(*(asset for asset in assets if asset.partitions_def is not None))
    job = dg.define_asset_job(
        REFRESH_DAILY,
        selection=daily | daily.downstream(),
        description="Load what waits in the inbox, build the days it touches and those of the run, publish.",
        executor_def=dg.in_process_executor,
    )

    @dg.schedule(
        name="refresh_daily_every_morning",
        job=job,
        cron_schedule="30 7 * * *",
        execution_timezone="Asia/Shanghai",
        default_status=dg.DefaultScheduleStatus.STOPPED,
        description="For the last day that is over; remote sources are asked first.",
    )
    def every_morning(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        return dg.RunRequest(partition_key=last_day())

    @dg.sensor(
        name=INBOX,
        job=job,
        minimum_interval_seconds=LOOK_SECONDS,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description="One run for all new files of the inbox, once none of them grows any more.",
    )
    def on_inbox(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        return look(load_settings(environment, root), context.cursor)

    return dg.Definitions(jobs=[job], schedules=[every_morning], sensors=[on_inbox])


def last_day() -> str:
    """The last day that is over: what a run is for that was not asked for another."""
    key = DAYS.get_last_partition_key()
    if key is None:
        raise ValueError("there is no day before today: check the clock of this machine")
    return key


def look(settings: Settings, cursor: str | None) -> dg.SensorResult:
    """One run for the files that nobody asked a run for, when all are as they were at the last look.

    The cursor keeps size and time of each file at the last look, and the content hashes for which a run was
    asked. A file that is touched, moved or delivered again under another name is no new one.
    """
    from etl.inbox_bytes import content_hash  # brings numpy, which the definitions must not wait for
    from etl.inbox_run import inbox_files, inbox_name

    memory: dict[str, Any] = json.loads(cursor) if cursor else {"seen": {}, "asked": {}}
    files = {inbox_name(path, settings): path for path in inbox_files(settings)}
    now = {name: _mark(path) for name, path in files.items()}
    # By name and mark first: a file that stands as it stood when its run was asked is not read again.
    new = [name for name in now if now[name] != memory["asked"].get(name, {}).get("mark")]
    growing = [name for name in new if now[name] != memory["seen"].get(name)]
    asked = {name: entry for name, entry in memory["asked"].items() if name in now}
    if growing or not new:
        told = f"waiting for {', '.join(sorted(growing)[:5])} to stop growing" if growing else "no new file"
        return _result(told, now, asked)
    known = {entry["hash"] for entry in memory["asked"].values()}
    hashes = {name: content_hash(files[name]) for name in new}
    asked |= {name: {"mark": now[name], "hash": hashes[name]} for name in new}
    batch = sorted(set(hashes.values()) - known)
    if not batch:
        return _result("no new content", now, asked)
    run_key = hashlib.sha256("".join(batch).encode()).hexdigest()
    request = dg.RunRequest(run_key=run_key, partition_key=last_day(), tags={"inbox/files": str(len(batch))})
    return dg.SensorResult(run_requests=[request], cursor=json.dumps({"seen": now, "asked": asked}))


def _result(reason: str, seen: dict[str, Mark], asked: dict[str, Any]) -> dg.SensorResult:
    return dg.SensorResult(
        skip_reason=dg.SkipReason(reason), cursor=json.dumps({"seen": seen, "asked": asked})
    )


def _mark(path: Path) -> Mark:
    stat = path.stat()
    return [stat.st_size, stat.st_mtime_ns]
