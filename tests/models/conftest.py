"""What the cases of models ask for."""

from collections.abc import Iterator

import pytest

from etl.warehouse import Connection, memory


@pytest.fixture(scope="package")
def empty() -> Iterator[Connection]:
    """One empty warehouse for all cases: each leaves it as it was. For a dozen rows a second thread only costs."""
    con = memory()
    con.execute("set threads = 1")
    yield con
    con.close()
