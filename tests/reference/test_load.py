"""Rows of reference files on their way into raw.reference_row."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

from etl.config import load_settings
from etl.reference.load import AT_A_TIME, load_reference
from etl.warehouse import Connection, memory

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Watched:
    """A connection that notes how long the lists are that are bound to its statements."""

    def __init__(self, con: Connection) -> None:
        self.con = con
        self.lengths: list[int] = []

    def execute(self, sql: str, values: Any = ()) -> Connection:
        bound = values.values() if isinstance(values, Mapping) else values
        self.lengths += [len(value) for value in bound if isinstance(value, list)]
        return self.con.execute(sql, values)


def test_rows_are_bound_some_at_a_time_and_each_is_loaded_once() -> None:
    """DuckDB keeps bound lists beside its memory limit: all rows of 2,000 platforms at once took 950 MB."""
    with memory() as con:
        watched = Watched(con)
        loaded = load_reference(cast(Connection, watched), load_settings({}), NOW)
        assert max(watched.lengths) == AT_A_TIME
        assert sum(watched.lengths) == loaded.rows_loaded == loaded.rows_added > 3 * AT_A_TIME
        lines = "select file, count(distinct line) from raw.reference_row group by file order by file"
        wanted = sorted((file.file, file.rows_loaded) for file in loaded.files if file.rows_loaded)
        assert con.execute(lines).fetchall() == wanted
        assert not load_reference(con, load_settings({}), NOW).changed
