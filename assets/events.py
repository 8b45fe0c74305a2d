"""Dagster's event log for a run of the command line: the same files with the same rows, written in fewer steps.

A refresh writes 1,400 events. Dagster's own storage opens a connection for each, writes an asset check in five
statements of three transactions, and reads the tables that a step is made from out of the file again for each of its
readers. Source: the schema of Dagster 1.13's SQLite files; tests/assets/test_events.py compares what both write.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import dagster as dg
from dagster._core.events import ASSET_CHECK_EVENTS, ASSET_EVENTS, EVENT_TYPE_TO_PIPELINE_RUN_STATUS
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus as Status
from dagster._core.storage.event_log.base import AssetRecord
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable, AssetKeyTable, SqlEventLogStorageTable
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from dagster._time import datetime_from_timestamp
from sqlalchemy import bindparam, create_engine
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.pool import StaticPool

BUSY_SECONDS = 60  # how long a write of the history waits for another process
# What stands in the index over all runs too.
MIRRORED = {*ASSET_EVENTS, *ASSET_CHECK_EVENTS, *EVENT_TYPE_TO_PIPELINE_RUN_STATUS}
CHECK = AssetCheckExecutionsTable.c
NEW_EVENT, NEW_CHECK = SqlEventLogStorageTable.insert(), AssetCheckExecutionsTable.insert()
CHECKED = AssetCheckExecutionsTable.update().where(
    CHECK.asset_key == bindparam("of_asset"),
    CHECK.check_name == bindparam("of_check"),
    CHECK.run_id == bindparam("of_run"),
    CHECK.partition.is_not_distinct_from(bindparam("of_partition")),
)


MADE = AssetKeyTable.update().where(AssetKeyTable.c.asset_key == bindparam("of_asset"))
NEW_ASSET = AssetKeyTable.insert()
RECORD = '{"__class__": "EventLogRecord", "event_log_entry": %s, "storage_id": %d}'


class RunEvents(SqliteEventLogStorage):
    """The event log of one process that holds a connection to each file, and knows what it wrote itself."""

    supports_asset_checks = True  # a history made by this version has their table

    def __init__(self, base_dir: str, inst_data: Any = None) -> None:
        self._engines: dict[str, Engine] = {}
        self._held: dict[str, Connection] | None = None
        self._tables: set[str] = set()
        self._records: dict[dg.AssetKey, AssetRecord] = {}
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: Any) -> "RunEvents":
        """The event log in the folder that the configuration of the instance names."""
        return cls(inst_data=inst_data, **config_value)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        """One transaction on a file, or that of the batch that is under way."""
        if self._held is not None:
            yield self._held[shard]
            return
        with self._db_lock, self._engine(shard).begin() as connection:
            yield connection

    def _engine(self, shard: str) -> Engine:
        if shard not in self._engines:
            options = {"timeout": BUSY_SECONDS, "check_same_thread": False}
            place = self.conn_string_for_shard(shard)
            self._engines[shard] = create_engine(place, poolclass=StaticPool, connect_args=options)
        if shard not in self._initialized_dbs:
            self._initdb(self._engines[shard])
            self._initialized_dbs.add(shard)
        return self._engines[shard]

    def dispose(self) -> None:
        """Close the files, each of which then takes in its log, which is as large as itself."""
        for engine in self._engines.values():
            engine.dispose()
        self._engines.clear()
        super().dispose()

    def has_table(self, table_name: str) -> bool:
        """Whether the index has a table; one that is there stays."""
        if table_name not in self._tables and super().has_table(table_name):
            self._tables.add(table_name)
        return table_name in self._tables

    def _has_asset_key_index_cols_on_connection(self, conn: Connection) -> bool:
        return True  # as in each history of this version

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Store events of one run in one transaction of each file."""
        with self._db_lock, ExitStack() as transactions:
            shards = ("index", events[0].run_id)
            self._held = {shard: transactions.enter_context(self._engine(shard).begin()) for shard in shards}
            try:
                for event in events:
                    self.store_event(event)
            finally:
                self._held = None

    def store_event(self, event: EventLogEntry) -> None:
        """Store an event in the file of its run and, where it tells of an asset, a check or the run, in the index."""
        kind = event.dagster_event_type if event.is_dagster_event else None
        if kind in ASSET_CHECK_EVENTS and event.run_id:
            self._store_check(event)
        elif kind in ASSET_EVENTS:
            self._store_asset(event)
        elif kind in MIRRORED:
            super().store_event(event)
        else:
            with self.run_connection(event.run_id) as connection:
                connection.execute(NEW_EVENT, self._event_to_row(event))

    def _store_asset(self, event: EventLogEntry) -> None:
        """Store what was planned, made or seen of an asset, and make it the newest that is known of it."""
        row = self._event_to_row(event)
        with self.run_connection(event.run_id) as connection:
            connection.execute(NEW_EVENT, row)
        with self.index_connection() as connection:
            number = connection.execute(NEW_EVENT, row).lastrowid
            self._store_asset_event_tags(connection, [event], [number])
            if event.get_dagster_event().is_step_materialization:
                about = {
                    # The text of the record, of which the event need not be written a second time.
                    "last_materialization": RECORD % (row["event"], number),
                    "last_run_id": event.run_id,
                    "last_materialization_timestamp": datetime_from_timestamp(event.timestamp),
                }
                if not connection.execute(MADE, {**about, "of_asset": row["asset_key"]}).rowcount:
                    connection.execute(NEW_ASSET, {**about, "asset_key": row["asset_key"]})
            else:
                self._store_asset_event(connection, event, number)
        if asset := event.get_dagster_event().asset_key:
            self._records.pop(asset, None)

    def _store_check(self, event: EventLogEntry) -> None:
        """Store that a check is planned, or its result in the place of that."""
        row = self._event_to_row(event)
        with self.run_connection(event.run_id) as connection:
            connection.execute(NEW_EVENT, row)
        told: Any = event.get_dagster_event().event_specific_data
        name = {"asset_key": told.asset_key.to_string(), "check_name": told.check_name, "run_id": event.run_id}
        with self.index_connection() as connection:
            number = connection.execute(NEW_EVENT, row).lastrowid
            about = {
                "evaluation_event": row["event"],
                "evaluation_event_timestamp": row["timestamp"],
                "evaluation_event_storage_id": number,
            }
            if not isinstance(told, dg.AssetCheckEvaluation):
                subset = told.partitions_subset
                for day in subset.get_partition_keys() if subset else [None]:
                    connection.execute(
                        NEW_CHECK, {**name, **about, "partition": day, "execution_status": Status.PLANNED.value}
                    )
                return
            target = told.target_materialization_data
            about |= {
                "partition": told.partition,
                "execution_status": (Status.SUCCEEDED if told.passed else Status.FAILED).value,
                "materialization_event_storage_id": target.storage_id if target else None,
            }
            of = dict(zip(("of_asset", "of_check", "of_run"), name.values(), strict=True))
            of["of_partition"] = told.partition
            if not connection.execute(CHECKED, {**about, **of}).rowcount:
                connection.execute(NEW_CHECK, {**name, **about})

    def get_asset_records(self, asset_keys: Sequence[dg.AssetKey] | None = None) -> Sequence[AssetRecord]:
        """What is known of assets; of each it is read again after this process stored something of it."""
        if asset_keys is None:
            return super().get_asset_records()
        if missing := [key for key in asset_keys if key not in self._records]:
            self._records |= {record.asset_entry.asset_key: record for record in super().get_asset_records(missing)}
        return [self._records[key] for key in asset_keys if key in self._records]
