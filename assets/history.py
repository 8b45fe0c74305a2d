"""Retire old runs from Dagster's history, which otherwise grows by 3 to 5 MB a run without end.

Deleting a run in Dagster takes along what it holds, also the last materialization of a day that no later run built.
Here a run older than WAREHOUSE_HISTORY_DAYS goes with all its events, except the latest materialization of each asset
and the newest result of each check: a run that holds one keeps its row, its beginning, its end and those. The latest
materialization of a day becomes a mark without a run and without metadata, as someone's report in the UI is one, so
that a day costs the same whatever its tables say about themselves. Other events without a run, such as the health after
each run and the freshness that the daemon finds, leave by their number: the newest MOST_RUNLESS of each asset, kind and
partition stay. Source: the SQLite files of Dagster 1.13, an index over all runs and a file of events for each run.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime, timedelta
from logging import DEBUG
from pathlib import Path

import dagster as dg
from dagster._core.events import DagsterEvent, DagsterEventType, StepMaterializationData
from dagster._core.instance import RUNLESS_JOB_NAME, RUNLESS_RUN_ID
from dagster._serdes import deserialize_value, serialize_value

from etl.config import Settings

FINISHED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
RETIRED = "warehouse/retired"
WAIT_SECONDS = 30
# Free pages of the index, as a share of all, above which its space is given back; below, new events fill them.
MOST_FREE = 0.25

MOST_RUNLESS = 100
RUNLESS = """delete from event_logs where run_id = '' and id in (select id from (
    select id, row_number() over (partition by asset_key, dagster_event_type, partition order by id desc) as place
    from event_logs where run_id = '') where place > ?)"""
REPLACED_MARKS = """delete from event_logs where run_id = '' and dagster_event_type = 'ASSET_MATERIALIZATION'
and partition is not null and exists (
    select 1 from event_logs as n
    where n.asset_key = event_logs.asset_key and n.dagster_event_type = 'ASSET_MATERIALIZATION'
        and n.partition = event_logs.partition and n.id > event_logs.id)"""
RUNLESS_CHECKS = """delete from asset_check_executions where run_id = '' and id in (select id from (
    select id, row_number() over (partition by asset_key, check_name order by id desc) as place
    from asset_check_executions where run_id = '') where place > ?)"""
RUNLESS_TAGS = "delete from asset_event_tags where event_id not in (select id from event_logs)"

KEPT = """
create temp table kept as
select e.id, e.run_id, e.asset_key, e.partition from event_logs as e
where e.run_id in (select run_id from old_run) and e.dagster_event_type = 'ASSET_MATERIALIZATION' and not exists (
    select 1 from event_logs as n
    where n.asset_key = e.asset_key and n.dagster_event_type = 'ASSET_MATERIALIZATION'
        and n.partition is e.partition and n.id > e.id);
create temp table day_mark as
select k.id from kept as k
where k.partition is not null and exists (
    select 1 from event_logs as n
    where n.asset_key = k.asset_key and n.dagster_event_type = 'ASSET_MATERIALIZATION' and n.id > k.id);
delete from kept where id in (select id from day_mark);
create temp table kept_check as
select max(c.id) as id from asset_check_executions as c where c.evaluation_event is not null
group by c.asset_key, c.check_name;
insert into kept
select c.evaluation_event_storage_id, c.run_id, null, null from asset_check_executions as c
where c.id in (select id from kept_check) and c.run_id in (select run_id from old_run);
"""
DELETED = (
    "delete from asset_event_tags where event_id in (select e.id from event_logs as e where "
    "e.run_id in (select run_id from old_run) and e.id not in (select id from kept))",
    "update event_logs set run_id = '', step_key = null, event = day_mark(event) where id in (select id from day_mark)",
    "delete from event_logs where run_id in (select run_id from old_run) and id not in (select id from kept)",
    "delete from asset_check_executions where run_id in (select run_id from old_run) "
    "and id not in (select id from kept_check)",
)


def retire(instance: dg.DagsterInstance, home: Path, settings: Settings, now: datetime) -> int:
    """Retire the runs that began more than WAREHOUSE_HISTORY_DAYS before `now`; how many were.

    `home` is Dagster's. Raises sqlite3.Error when another process keeps the history busy; the next call goes on.
    """
    before = now - timedelta(days=settings.history_days)
    records = instance.get_run_records(dg.RunsFilter(statuses=FINISHED, created_before=before))
    old = {record.dagster_run.run_id: record.dagster_run for record in records}
    shards = home / "history" / "runs"
    _retire_runless(shards)
    if not old:
        return 0
    with _opened(shards / "index.db") as con:
        con.execute("create temp table old_run (run_id text primary key)")
        con.executemany("insert into old_run values (?)", [(run_id,) for run_id in old])
        con.executescript(KEPT)
        con.create_function("day_mark", 1, _day_mark)
        with con:
            for statement in DELETED:
                con.execute(statement)
        kept = con.execute("select run_id, asset_key, partition from kept").fetchall()
        _give_back(con)
    holding = {run_id for run_id, *_ in kept}
    retired = 0
    for run_id, run in old.items():
        if run_id not in holding:
            instance.run_storage.delete_run(run_id)
            for path in shards.glob(f"{run_id}.db*"):
                path.unlink()
            retired += 1
        elif RETIRED not in run.tags:
            _trim(shards / f"{run_id}.db", [key for holder, *key in kept if holder == run_id])
            instance.add_run_tags(run_id, {RETIRED: now.date().isoformat()})
            retired += 1
    return retired


def _day_mark(event: str) -> str:
    """What stays of the materialization of a day: its asset, day and time, as reported without a run."""
    made = deserialize_value(event, dg.EventLogEntry)
    asset = made.get_dagster_event().step_materialization_data.materialization
    return serialize_value(
        dg.EventLogEntry(  # type: ignore[no-untyped-call]
            error_info=None,
            level=DEBUG,
            user_message="",
            run_id=RUNLESS_RUN_ID,
            timestamp=made.timestamp,
            job_name=RUNLESS_JOB_NAME,
            dagster_event=DagsterEvent(
                event_type_value=DagsterEventType.ASSET_MATERIALIZATION.value,
                job_name=RUNLESS_JOB_NAME,
                event_specific_data=StepMaterializationData(
                    dg.AssetMaterialization(asset.asset_key, partition=asset.partition)
                ),
            ),
        )
    )


def _retire_runless(shards: Path) -> None:
    """Leave the newest of the events that belong to no run, in the index and in the file that they have together."""
    if (shards / ".db").exists():
        with _opened(shards / ".db") as con, con:
            con.execute(RUNLESS, [MOST_RUNLESS])
    with _opened(shards / "index.db") as con, con:
        con.execute(REPLACED_MARKS)
        if con.execute(RUNLESS, [MOST_RUNLESS]).rowcount:
            con.execute(RUNLESS_TAGS)
        con.execute(RUNLESS_CHECKS, [MOST_RUNLESS])


def _trim(shard: Path, kept: list[list[str | None]]) -> None:
    """Leave of the events of a run its beginning and end and the materializations that are kept.

    A damaged file goes: nothing of it can be read, and it would keep all older runs from being retired.
    """
    if not shard.exists():
        return
    try:
        _trim_file(shard, kept)
    except sqlite3.OperationalError:  # another process keeps it busy
        raise
    except sqlite3.DatabaseError:
        shard.unlink()


def _trim_file(shard: Path, kept: list[list[str | None]]) -> None:
    with _opened(shard) as con:
        con.execute("create temp table kept (asset_key text, partition text)")
        con.executemany("insert into kept values (?, ?)", kept)
        with con:
            con.execute(
                "delete from event_logs where coalesce(dagster_event_type, '') not like 'PIPELINE_%' and not ("
                "coalesce(dagster_event_type, '') = 'ASSET_MATERIALIZATION' and exists (select 1 from kept as k "
                "where k.asset_key = event_logs.asset_key and k.partition is event_logs.partition))"
            )
        con.execute("vacuum")
        con.execute("pragma wal_checkpoint(truncate)")


def _give_back(con: sqlite3.Connection) -> None:
    """Return the free pages of a file to the disk, unless another process is reading it."""
    (free,), (pages,) = con.execute("pragma freelist_count").fetchone(), con.execute("pragma page_count").fetchone()
    if free > MOST_FREE * pages:
        with suppress(sqlite3.OperationalError):
            con.execute("vacuum")
            con.execute("pragma wal_checkpoint(truncate)")


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, timeout=WAIT_SECONDS)) as con:
        yield con
