"""Two databases have one fingerprint exactly when a reader could not tell them apart."""

from __future__ import annotations

import multiprocessing
import random
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from etl.publish.files import read_contents
from etl.warehouse import Connection, create_database, memory, open_build
from tests.support.publishing import fill, load, settings_in

pytestmark = pytest.mark.slow

CHANGES = {
    "one value": "update core.observation set value = 8 where observation_id = 5",
    "a null for a value": "update core.observation set platform = null where observation_id = 5",
    "a duplicate row": "insert into core.observation from core.observation where observation_id = 5",
    "two equal rows more": "insert into core.observation select o.* from core.observation o, range(2) "
    "where observation_id = 5",
    "a row less": "delete from marts.total",
    "an element of a map": "update core.observation set fields = map {'k': 'x'} where observation_id = 5",
    "a table comment": "comment on table marts.total is 'sum'",
    "a column comment": "comment on column marts.total.total is 'CNY'",
    "a column name": "alter table marts.total rename column total to sum",
    "a column type": "alter table marts.total alter total type decimal(38, 3)",
    "a new table": "create table marts.more as select 1 as one",
    "a table less": "drop table marts.total",
    "a quarantined row": "insert into audit.quarantine (file, line) values ('f.csv', 3)",
    "a load": "insert into audit.load (file) values ('g.csv')",
    "a macro body": "create or replace macro marts.total_as_of(as_of_date date) as table select 1 as one",
    "blanks in a literal": "create or replace macro marts.half(a) as a || 'it''s so'",
    "a scalar macro": "create or replace macro known_on(day) as day",
    "a macro comment": "comment on macro table marts.total_as_of is 'other'",
    "a view": "create or replace view marts.few as select observation_id from core.observation",
    "a view comment": "comment on view marts.few is 'other'",
}

NO_CHANGES = {
    "the journal of expectations": "insert into audit.expectation_result (run_id) values ('r')",
    "the journal of publications": "insert into audit.publication (version) values (7)",
    "raw": "insert into raw.reference_row (line) values (1)",
    "a table made anew in another order": "create or replace table core.observation as "
    "from core.observation order by hash(observation_id); "
    "comment on table core.observation is 'one figure; it''s printed'; "
    "comment on column core.observation.value is 'the figure; \"quoted\"'",
}


@pytest.fixture
def con() -> Iterator[Connection]:
    with closing(memory()) as con:
        fill(con, 7, rows=50)
        con.execute("create macro marts.half(a) as a || 'it''s  so'")
        yield con


@pytest.mark.parametrize("statement", CHANGES.values(), ids=CHANGES)
def test_every_visible_change_changes_the_fingerprint(con: Connection, statement: str) -> None:
    before = read_contents(con).fingerprint
    con.execute(statement)
    assert read_contents(con).fingerprint != before


@pytest.mark.parametrize("statement", NO_CHANGES.values(), ids=NO_CHANGES)
def test_invisible_changes_keep_the_fingerprint(con: Connection, statement: str) -> None:
    before = read_contents(con).fingerprint
    con.execute(statement)
    assert read_contents(con).fingerprint == before


def test_swapping_two_values_changes_the_fingerprint(con: Connection) -> None:
    con.execute("create table marts.pair as select * from (values (1, 2), (null, 3)) as t(a, b)")
    before = read_contents(con).fingerprint
    con.execute("update marts.pair set a = b, b = a where a is null")
    assert read_contents(con).fingerprint != before


class AnotherVersion:
    """A connection on which DuckDB says that it is another version."""

    def __init__(self, con: Connection) -> None:
        self.con = con

    def execute(self, sql: str, *values: Any) -> Any:
        return self.con.execute(sql.replace("version()", "'v9'"), *values)


def test_another_version_of_duckdb_changes_the_fingerprint(con: Connection) -> None:
    before = read_contents(con)
    after = read_contents(AnotherVersion(con))  # type: ignore[arg-type]
    assert after.hashes == before.hashes
    assert after.fingerprint != before.fingerprint


def _fingerprint_of(home: str) -> str:
    with open_build(settings_in(Path(home))) as con:
        return read_contents(con).fingerprint


def test_the_fingerprint_is_the_same_in_other_processes_and_after_a_rebuild(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    with open_build(settings) as con:
        fill(con, 7)
        load(con, "a.csv")
        made = read_contents(con).fingerprint
    with open_build(settings) as con:
        reopened = read_contents(con).fingerprint
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        elsewhere = pool.apply(_fingerprint_of, (str(tmp_path),))
    with open_build(settings) as con:
        fill(con, 7)
        rebuilt = read_contents(con).fingerprint
    assert {made, reopened, elsewhere, rebuilt} == {made}


def test_twenty_tables_take_well_under_a_third_of_a_second(tmp_path: Path) -> None:
    con = create_database(tmp_path / "many.duckdb")
    con.execute("create schema core")
    columns = ", ".join(f"i + {k} as c{k}" for k in range(15))
    for number in range(20):
        con.execute(
            f"create table core.t{number} as select 'a' || i as t, i * 1.5 as v, {columns} "
            f"from range({random.Random(number).randint(100, 1000)}) as r(i)"
        )
    best = min(_seconds(con) for _ in range(3))
    con.close()
    assert best < 0.3


def _seconds(con: Connection) -> float:
    start = time.perf_counter()
    read_contents(con)
    return time.perf_counter() - start
