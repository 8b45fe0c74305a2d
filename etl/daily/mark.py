"""Days that are due in the tables that are built day by day; etl.daily.due says when that is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from etl.warehouse import Connection

if TYPE_CHECKING:
    from etl.models.file import Model


def make_due(con: Connection, models: Sequence[Model], changed: set[str], days: Sequence[date]) -> None:
    """Make the days due in the daily tables that read one of the changed tables."""
    for model in models:
        if model.daily and not changed.isdisjoint(model.reads):
            con.execute("insert into raw.daily_due (table_name, day) select ?, unnest(?::date[])", [model.name, days])
