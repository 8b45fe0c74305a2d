"""A small warehouse to publish: the same number everywhere, so that a torn read would show."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from etl.config import Settings, load_settings
from etl.publish.publication import Publication, publish
from etl.warehouse import Connection, attached, open_build, open_snapshot

NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)

REST = """
create or replace view marts.few as select observation_id from core.observation where observation_id < 3;
comment on view marts.few is 'the first';
comment on column marts.few.observation_id is 'their number';
create or replace macro core.observation_as_of(as_of_date date) as table
    select o.* from core.observation as o where o.published_on <= as_of_date;
comment on macro table core.observation_as_of is 'what was known on a day';
create or replace macro marts.total_as_of(as_of_date date) as table
    with seen as (select o.* from core.observation_as_of(as_of_date) as o)
    select count(*)::bigint as rows, sum(s.value)::decimal(38, 2) as total, 'it''s  so'::varchar as note
    from seen as s;
"""


def settings_in(home: Path) -> Settings:
    return load_settings({"WAREHOUSE_HOME": str(home)})


def publish_reference(warehouse: Connection, home: Path) -> Settings:
    """Publish a copy of the warehouse of the reference data from a home of its own."""
    settings = settings_in(home)
    settings.build_db.parent.mkdir(parents=True)
    ((catalog,),) = warehouse.execute("select current_database()").fetchall()
    with attached(warehouse, settings.build_db, "copied", read_only=False):
        warehouse.execute(f'copy from database "{catalog}" to copied')
        warehouse.execute("checkpoint copied")
    with open_build(settings) as con:
        publish(con, settings, now=NOW)
    return settings


def fill(con: Connection, number: int, rows: int = 500) -> None:
    """Build core and marts anew, as a refresh does; every value in them is `number`."""
    con.execute(
        f"""
        create or replace table core.observation as
        select
            i::bigint as observation_id, 'pdd'::varchar as platform, {number}::decimal(18, 2) as value,
            date '2020-01-01' + i::integer as published_on, timestamp '2026-01-01 00:00:00' as loaded_at,
            map {{'k': i::varchar}} as fields, [i, null] as parents, null::double as nothing
        from range({rows}) as r(i)
        """
    )
    con.execute("comment on table core.observation is 'one figure; it''s printed'")
    con.execute("comment on column core.observation.value is 'the figure; \"quoted\"'")
    con.execute(
        "create or replace table marts.total as "
        "select count(*)::bigint as rows, sum(o.value)::decimal(38, 2) as total from core.observation as o"
    )
    con.execute(REST)


def load(con: Connection, file: str, superseded: bool = False) -> None:
    """Write an audit row of one file that was read."""
    con.execute(
        "insert into audit.load by name select 'reference' as source, ? as file, 'abc' as content_hash, "
        "3 as rows_read, 2 as rows_loaded, 1 as rows_quarantined, 0 as rows_superseded, 'partly_loaded' as status, "
        "timestamp '2026-01-01 00:00:00' as loaded_at, "
        "if(?, timestamp '2026-02-01 00:00:00', null) as superseded_at",
        [file, superseded],
    )


def refresh(settings: Settings, number: int, rows: int = 500) -> Publication:
    """Build with `number` and publish."""
    with open_build(settings) as con:
        fill(con, number, rows)
        return publish(con, settings, now=NOW)


def served(path: Path) -> tuple[int, int]:
    """Read version and number from a published file; fails when two of its tables disagree."""
    with open_snapshot(path) as con:
        return read_served(con)


def read_served(con: Connection) -> tuple[int, int]:
    """Read version and number over an open connection; fails when two of its tables disagree."""
    version = con.execute("select version from meta.publication").fetchall()[0][0]
    rows, total, low, high = con.execute(
        "select count(*), sum(value), min(value), max(value) from core.observation"
    ).fetchall()[0]
    counted = con.execute("select * from marts.total").fetchall()[0]
    twin = con.execute("select rows, total from marts.total_as_of(date '9999-12-31')").fetchall()[0]
    assert low == high, f"core.observation is torn: {low} and {high}"
    assert counted == twin == (rows, total), f"the tables disagree: {counted}, {twin}, {(rows, total)}"
    return version, int(low)


def leftovers(settings: Settings) -> list[str]:
    """List files in the serving folder that are neither published nor a pin."""
    return sorted(
        path.name
        for path in settings.serving_dir.rglob("*")
        if path.is_file() and (path.name.startswith(".") or path.suffix not in (".duckdb", ""))
    )
