"""All portable models, one after the other, over made rows: both engines read the same inputs and give the same rows.

Inputs are drawn from small pools, so that keys meet: ties, repeated orders of a buyer, month ends, the hours of clock
changes, amounts with every digit used, NULL wherever a column of a delivery allows it. What they say together is no
shop's; only the comparison counts.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from etl.contracts import CONTRACTS
from etl.models.file import Model
from etl.models.graph import create_statements
from etl.spark.session import SparkSession
from etl.warehouse import Connection
from tests.support.engines import compared, share
from tests.support.models import create_empty, project_models

pytestmark = pytest.mark.slow
MODELS = project_models()
PORTABLE = [model for model in MODELS if model.portable]
ROWS = 160
DAYS = [date(2023, 12, 31), date(2024, 1, 31), *(date(2024, 2, 27) + timedelta(n) for n in range(5)), date(2024, 3, 31)]
CLOCKS = ["00:00:00", "01:30:00.5", "02:30:00", "02:30:00", "23:59:59.999999"]
POOLS = {
    "platform": ["shop", "mall"],
    "reporting_currency": ["CNY"],
    "currency": ["CNY", "USD"],
    "to_currency": ["CNY", "USD"],
    "partnership_id": ["", "a-b", "A-b"],
    "channel": ["", "live", "Live", "ads", "unattributed"],
    "delivered_channel": ["live", "Live", "ads"],
    "counts_as": ["live", "ads"],
    "account": ["", "one"],
    "buyer_id_hash": [*(f"buyer{n}" for n in range(9)), None],
    "core.buyer_alias.buyer_id_hash": ["buyer0", "buyer1"],
    "same_as": ["buyer2", "buyer0"],
    "order_source": ["Live", "ads", " live ", None],
    "status": ["placed", "placed", "refunded", "cancelled"],
    "metric": ["new_buyers", "marketing_spend"],
    "source": ["Live", "ads", " live ", None],
    "period_type": ["day"],
    "landing_page": ["https://x.example/p?utm_source=Live&utm_medium=cpc", "https://x.example/#", None],
}
AMOUNTS = ["0", "0.0001", "12.3457", "12.3457", "9999999999.9999"]
RATES = ["7.3454117628", "0.1388888889", "1"]


def value(table: str, name: str, kind: str, draw: Random, number: int) -> object:
    """One value for a column, by its name, else by its type."""
    if pool := POOLS.get(f"{table}.{name}") or POOLS.get(name):
        return draw.choice(pool)
    if name.endswith("_id") and kind == "VARCHAR":
        return f"{name}{number}"
    kind = kind.upper()
    if kind == "DATE":
        return draw.choice(DAYS)
    if kind.startswith("TIMESTAMP"):
        return datetime.fromisoformat(f"{draw.choice(DAYS)} {draw.choice(CLOCKS)}")
    if kind.startswith("DECIMAL"):
        return draw.choice(RATES if "rate" in name else AMOUNTS)
    if kind.endswith("[]") or kind.startswith("MAP") or kind.startswith("STRUCT"):
        return None
    if kind == "BOOLEAN":
        return draw.choice([True, False])
    return draw.choice(["a", "A", "b"]) if kind == "VARCHAR" else draw.choice([0, 1, 2, 30])


def fill(con: Connection, table: str, grain: Sequence[str], optional: Collection[str] = ()) -> None:
    """Rows for a table that no portable model makes, one for each of its keys that is drawn."""
    draw = Random(table)
    types = {name: kind for name, kind, *_ in con.execute(f"describe {table}").fetchall()}
    keys: set[tuple[object, ...]] = set()
    for number in range(ROWS):
        row = {name: value(table, name, kind, draw, number) for name, kind in types.items()}
        row |= {name: None for name in optional if name not in grain and draw.random() < 0.2}
        key = tuple(row[name] for name in grain)
        if key not in keys and None not in key:
            keys.add(key)
            places = ", ".join(f"?::{kind}" for kind in types.values())
            con.execute(f"insert into {table} select {places}", list(row.values()))


@pytest.fixture(scope="module")
def made(duckdb: Connection) -> Connection:
    """All tables that portable models read, made on DuckDB."""
    read = {table for model in PORTABLE for table in model.reads}
    for contract in CONTRACTS:
        optional = [column.name for column in contract.columns if not column.required]
        for table in read & {contract.table, contract.history}:
            fill(duckdb, table, contract.grain, optional)
    for model in MODELS:
        if model.portable:
            duckdb.execute(create_statements(model)[0])
        elif model.name in read:
            create_empty(duckdb, model)
            fill(duckdb, model.name, model.grain)
    return duckdb


def test_nearly_every_model_has_rows(made: Connection) -> None:
    empty = {model.name for model in PORTABLE if not made.execute(f"select 1 from {model.name} limit 1").fetchall()}
    assert empty <= {"marts.attribution_moved", "marts.daily_outlier", "steps.study_value"}


@pytest.mark.parametrize("model", PORTABLE, ids=lambda model: model.name)
def test_model(made: Connection, spark: SparkSession, model: Model, tmp_path: Path) -> None:
    share(made, spark, model.reads, tmp_path)
    assert compared(made, spark, model.sql, folder=tmp_path) == []
