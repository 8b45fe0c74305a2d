"""What many tests ask for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from etl.warehouse import Connection, memory


@pytest.fixture
def con() -> Iterator[Connection]:
    """An empty warehouse in memory, for one test."""
    con = memory()
    yield con
    con.close()
