"""Whether a key stands twice among the rows of a load."""

from __future__ import annotations

from collections.abc import Iterator

from etl.contract import Contract
from etl.inbox_delivery import Load, count
from etl.warehouse import Connection

# Rows among which a repeated key is looked for at once, parts at most, and how many side by side.
PART, PARTS, ASIDE = 150_000, 256, 8


def is_repeated(con: Connection, contract: Contract, load: Load, rows: int) -> bool:
    """Whether rows of the load seem to have the same key; looked for in runs of days where a key has a day.

    What a run has to remember fits into a processor's cache, and some are gone through side by side.
    """
    question = f"select count(*) - count(distinct hash({', '.join(contract.grain)})) from {contract.table}"
    runs = [load.rows]
    if contract.day in contract.grain and rows > PART:
        runs = [f"{load.rows} and {run}" for run in _runs(con, contract, load, max(PART, rows // PARTS))]
    for number in range(0, len(runs), ASIDE):
        asked = " union all ".join(f"{question} where {run}" for run in runs[number : number + ASIDE])
        if count(con, f"select sum(n) from ({asked}) as q(n)"):
            return True
    return False


def _runs(con: Connection, contract: Contract, load: Load, size: int) -> Iterator[str]:
    """Conditions that cut the rows of the load into runs of days with about `size` rows."""
    days = con.execute(
        f"select {contract.day}, count(*) from {contract.table} where {load.rows} group by 1 order by 1"
    ).fetchall()
    first, taken = None, 0
    for day, number in days:
        first, taken = first or day, taken + number
        if taken >= size or day == days[-1][0]:
            yield f"{contract.day} between '{first}' and '{day}'"
            first, taken = None, 0
