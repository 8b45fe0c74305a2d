"""The days in Dagster's UI: a partition for each day that holds delivered rows, for all tables by day alike.

The set of days lives in the Dagster instance and follows the deliveries, so a day without data is not missing, and
no definition has to be loaded again when a day comes. A table is built for every day of the set when its step has
succeeded (etl.daily.due), whichever day the run was for: the days that do not show it yet are marked in one insert.
As events of the run each mark would take ten milliseconds, two minutes for two years of all tables.
"""

import logging
import time
from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import takewhile
from typing import cast
from zoneinfo import ZoneInfo

import dagster as dg
from dagster._core.events import DagsterEvent, DagsterEventType, StepMaterializationData
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage
from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    PARTITION_NAME_TAG,
)

from assets.instance import WHOLE
from etl.contracts import CONTRACTS, PERIOD_END
from etl.errors import MendError
from etl.warehouse import Connection

NAME = "days"
DAYS = dg.DynamicPartitionsDefinition(name=NAME)
ASKED = "warehouse/days"
"""The tag of a run for days of its own, with or without data (first and last, 2025-03-01/2025-03-31), or for DUE."""
DUE = "due"
# More days than these that are built once more keep the mark of their first build: a mark is a kilobyte.
MOST_SHOWN_AGAIN = 31


def run_tags(instance: dg.DagsterInstance, first: str = "", last: str = "") -> dict[str, str]:
    """The tags of a run that builds what is due, and the days from `first` to `last`.

    Raises MendError when these are no days.
    """
    tags = dict.fromkeys((ASSET_PARTITION_RANGE_START_TAG, ASSET_PARTITION_RANGE_END_TAG), day_of_run(instance))
    return tags | {ASKED: _range_of_days(first, last or first) if first else DUE}


def day_of_run(instance: dg.DagsterInstance) -> str:
    """The day of a run that is for no other: the last of the set, or yesterday, which is added to an empty one.

    Dagster runs no table by day that reads another without a day (1.13.27: "Cannot access partition_key").
    """
    if shown := instance.get_dynamic_partitions(NAME):
        return shown[-1]
    yesterday = (datetime.now(UTC).date() - timedelta(1)).isoformat()
    instance.add_dynamic_partitions(NAME, [yesterday])
    return yesterday


def day_that_is_over(instance: dg.DagsterInstance, now: datetime, zone: ZoneInfo) -> str:
    """The last day that is over in a time zone, added to the set: the day of a run that is scheduled there.

    At half past seven in Shanghai it is still the day before in UTC, by half an hour.
    """
    day = (now.astimezone(zone).date() - timedelta(1)).isoformat()
    instance.add_dynamic_partitions(NAME, [day])
    return day


def keep_days_of(instance: dg.DagsterInstance, run: dg.DagsterRun) -> None:
    """Add the days of a run that is about to work to the set: one without data is gone if it waited for another run.

    Dagster fails a run for a day that is not in the set (1.13.27: "Nonexistent partition keys").
    """
    named = (PARTITION_NAME_TAG, ASSET_PARTITION_RANGE_START_TAG, ASSET_PARTITION_RANGE_END_TAG)
    wanted = {run.tags[tag] for tag in named if tag in run.tags}
    if missing := sorted(wanted - {*instance.get_dynamic_partitions(NAME)}):
        instance.add_dynamic_partitions(NAME, missing)


def _range_of_days(first: str, last: str) -> str:
    today = datetime.now(UTC).date()
    for day in (first, last):
        try:
            written = date.fromisoformat(day)
        except ValueError:
            written = today
        if written.isoformat() != day or written >= today:
            raise MendError(f"{day} is not a day before today, written as 2025-03-31")
    if last < first:
        raise MendError(f"{first} is after {last}: give the first day first")
    return f"{first}/{last}"


def asked_days(context: dg.AssetExecutionContext) -> list[date]:
    """The days that the run was started for, by a backfill or on the command line; none where it builds what is due."""
    tag = context.run.tags.get(ASKED)
    if tag is None or (tag == DUE and WHOLE in context.run.tags):
        return [date.fromisoformat(day) for day in context.partition_keys]
    if tag == DUE:
        return []
    first, last = (date.fromisoformat(day).toordinal() for day in tag.split("/"))
    return [date.fromordinal(n) for n in range(first, last + 1)]


def follow_deliveries(instance: dg.DagsterInstance, con: Connection, keep: Collection[str] = ()) -> None:
    """Make the set of days that of the delivered rows, and of those to `keep`; a row with a period is of no day.

    The set keeps the order in which it is written: what is later than a new day is written again.
    """
    dated = [c for c in CONTRACTS if PERIOD_END not in {column.name for column in c.columns}]
    union = " union ".join(f"select {c.day}::date as day from {c.table}" for c in dated)
    rows = con.execute(f"select day::varchar from ({union})").fetchall()
    shown, wanted = instance.get_dynamic_partitions(NAME), sorted({*keep, *(day for (day,) in rows)})
    same = len(list(takewhile(lambda pair: pair[0] == pair[1], zip(shown, wanted, strict=False))))
    for day in shown[same:]:
        instance.delete_dynamic_partition(NAME, day)
    if wanted[same:]:
        instance.add_dynamic_partitions(NAME, wanted[same:])


def show_built(context: dg.AssetExecutionContext, key: dg.AssetKey, built: Sequence[date]) -> None:
    """Mark every day as built in a table whose step has succeeded; `built` are those of this run."""
    held, marked = context.instance.get_dynamic_partitions(NAME), context.instance.get_materialized_partitions(key)
    wanted = {*held} - marked | {*map(str, built if len(built) <= MOST_SHOWN_AGAIN else ())} & {*held}
    _mark(context, key, sorted(wanted - {*context.partition_keys}))  # Dagster marks the days of the run itself


def _mark(context: dg.AssetExecutionContext, key: dg.AssetKey, days: Sequence[str]) -> None:
    now, job, step = time.time(), context.job_name, context.op_execution_context.get_step_execution_context().step.key
    entries = [
        dg.EventLogEntry(  # type: ignore[no-untyped-call]
            error_info=None,
            level=logging.DEBUG,
            user_message="",
            run_id=context.run.run_id,
            timestamp=now,
            step_key=step,
            job_name=job,
            dagster_event=DagsterEvent(
                event_type_value=DagsterEventType.ASSET_MATERIALIZATION.value,
                job_name=job,
                step_key=step,
                event_specific_data=StepMaterializationData(dg.AssetMaterialization(key, partition=day)),
            ),
        )
        for day in days
    ]
    storage = cast("SqlEventLogStorage", context.instance.event_log_storage)
    if rows := [storage._event_to_row(entry) for entry in entries]:
        with storage.index_transaction() as index:
            index.execute(SqlEventLogStorageTable.insert(), rows)
