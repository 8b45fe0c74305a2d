"""A query in SQL ends at its limits with a sentence, reads the snapshot alone, and cites what its rows name."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from etl.config import Settings
from etl.errors import MendError
from etl.mcp.answer import SnapshotAsked, SqlAnswer
from etl.mcp.query import query
from tests.support.small_warehouse import publish_small_warehouse

TOLD = SnapshotAsked(version=1, refreshed_at="2026-03-01", simulated="")


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A published warehouse of a few figures."""
    return publish_small_warehouse(tmp_path_factory.mktemp("small"))


def asked(settings: Settings, sql: str, limit: int = 100, seconds: float = 20) -> SqlAnswer:
    """The answer of a query."""
    return query(settings.serving_db, TOLD, sql, limit, seconds)


def test_rows_come_with_units_and_are_cited_by_what_they_name(small: Settings) -> None:
    told = asked(small, "select row_id, cac, cac_low, validity from marts.cac_trend where cac is not null order by all")
    assert told.rows[0][:2] == ["jd/whole/cac_gross_10/2016-12-31", told.rows[0][1]]
    assert [column.unit for column in told.columns] == ["", "currency per buyer", "currency per buyer", ""]
    assert {one.observation_id for one in told.citations} >= {"obs_restated", "obs_2016", "obs_2015"}
    assert told.complete
    assert told.notes == []


def test_an_answer_that_names_no_source_says_so_and_guesses_no_unit(small: Settings) -> None:
    told = asked(small, "select spend as cac, count(*) as cac_low from marts.cac_trend group by all")
    assert [column.unit for column in told.columns] == ["", ""]
    assert told.notes[0].startswith("rows put together have no citation of their own")
    assert told.citations == []
    assert "no row names its source" in asked(small, "select cac from marts.cac_trend").notes[0]


def test_too_many_rows_end_at_the_limit(small: Settings) -> None:
    told = asked(small, "from range(1000)", limit=5)
    assert len(told.rows) == 5
    assert not told.complete
    assert told.notes[0].startswith("only the first 5 rows")


def test_too_long_an_answer_ends_at_its_limit(small: Settings) -> None:
    told = asked(small, "select repeat('x', 150000) from range(100)")
    assert len(told.rows) == 2
    assert not told.complete


def test_a_query_that_runs_on_is_stopped_with_a_sentence(small: Settings) -> None:
    started = time.monotonic()
    with pytest.raises(MendError, match="stopped after 2 seconds: narrow the query"):
        asked(small, "select sum(hash(a.range)) from range(1000000000000) as a", seconds=2)
    assert time.monotonic() - started < 15


def test_a_query_that_needs_too_much_memory_gets_a_sentence(small: Settings) -> None:
    with pytest.raises(MendError, match="needs more than 512MB of memory; narrow it"):
        asked(small, "select list(a.range) from range(200000000) as a", seconds=60)


@pytest.mark.parametrize(
    "sql",
    [
        "create table t as select 1",
        "insert into marts.cac_trend select * from marts.cac_trend",
        "copy (select 1) to 'there.csv'",
        "set threads = 1",
        "attach 'there.duckdb'",
        "select 1; select 2",
        "install httpfs",
        "call pragma_version()",
    ],
)
def test_only_one_select_is_answered(small: Settings, sql: str) -> None:
    with pytest.raises(MendError):
        asked(small, sql)


@pytest.mark.parametrize(
    "sql",
    ["from read_csv('README.md')", "from 'README.md'", "from read_text('README.md')", "from glob('*')"],
)
def test_no_file_is_read(small: Settings, sql: str) -> None:
    with pytest.raises(MendError):
        asked(small, sql)


def test_nothing_is_left_on_the_disk(small: Settings) -> None:
    def files(folder: Path) -> set[Path]:
        return set(folder.rglob("*"))

    before = files(small.home)
    asked(small, "select count(*) from marts.cac_trend")
    assert files(small.home) == before
