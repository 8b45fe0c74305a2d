"""Which types a Parquet file gives back exactly: those that are allowed are tried with three readers."""

from __future__ import annotations

from contextlib import closing
from decimal import Decimal
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest

from etl.errors import MendError
from etl.lake import columns
from etl.lake.columns import lake_columns
from etl.warehouse import Connection, empty

# A value at the edge of each type, as SQL and as Python reads it back.
EXACT = {
    "boolean": ("false", False),
    "tinyint": ("-128", -128),
    "smallint": ("-32768", -32768),
    "integer": ("-2147483648", -2147483648),
    "bigint": ("-9223372036854775808", -9223372036854775808),
    "utinyint": ("255", 255),
    "usmallint": ("65535", 65535),
    "uinteger": ("4294967295", 4294967295),
    "ubigint": ("18446744073709551615", 18446744073709551615),
    "float": ("0.1", 0.10000000149011612),
    "double": ("5e-324", 5e-324),
    "varchar": ("'é\n\"'", 'é\n"'),
    "decimal(38,10)": ("-9999999999999999999999999999.9999999999", Decimal("-9999999999999999999999999999.9999999999")),
    "decimal(4,1)": ("999.9", Decimal("999.9")),
    "varchar[]": ("['a', null, '']", ["a", None, ""]),
    "struct(a integer, b decimal(38,6)[])": ("{'a': 1, 'b': [1.5, null]}", {"a": 1, "b": [Decimal("1.500000"), None]}),
}


def columns_of(con: Connection, kind: str, value: str = "null") -> tuple[columns.LakeColumn, ...]:
    relation = con.sql(f"select ({value})::{kind} as x")
    return lake_columns("marts.t", relation.columns, relation.types)


@pytest.mark.parametrize("kind", EXACT)
def test_three_readers_give_back_what_was_written(tmp_path: Path, kind: str) -> None:
    text, value = EXACT[kind]
    file = tmp_path / "x.parquet"
    with closing(empty()) as con:
        (column,) = columns_of(con, kind, text)
        con.execute(
            f"copy (select unnest([({text})::{kind}, null]) as x) to '{file}' "
            f"(format parquet, field_ids {{{column.fields}}})"
        )
        read = con.sql(f"from read_parquet('{file}')")
        assert [str(one).lower().replace(" ", "").replace('"', "") for one in read.types] == [kind.replace(" ", "")]
        assert read.fetchall() == [(value,), (None,)]
    assert pq.read_table(file).column("x").to_pylist() == [value, None]
    assert pl.read_parquet(file)["x"].to_list() == [value, None]


def test_every_allowed_type_is_tried() -> None:
    assert columns.INNER.keys() <= EXACT.keys()
    assert columns.TIMES.keys() == {"date", "timestamp", "timestamp with time zone"}, (
        "tests/lake/test_export.py has them"
    )


@pytest.mark.parametrize(
    "kind",
    [
        *("hugeint", "uhugeint", "interval", "time", "timetz", "timestamp_s", "timestamp_ns", "uuid", "blob", "bit"),
        *("json", "enum('a')", "integer[2]", "date[]", "struct(a timestamp)", "map(varchar, hugeint)"),
    ],
)
def test_other_types_are_refused_with_their_place(kind: str) -> None:
    with closing(empty()) as con, pytest.raises(MendError, match=r"marts\.t\.x.* is .*cast it in its model"):
        columns_of(con, kind)


def test_each_part_has_its_own_number() -> None:
    with closing(empty()) as con:
        (column,) = columns_of(con, "struct(a integer, b map(varchar, double[]))")
    assert column.fields == (
        '"x": {__duckdb_field_id: 1, "a": 2, "b": {__duckdb_field_id: 3, "key": 4, '
        '"value": {__duckdb_field_id: 5, "element": 6}}}'
    )
    assert [(parent, part.number, part.type) for parent, part in column.all()] == [
        (None, 1, "struct"),
        (1, 2, "int32"),
        (1, 3, "map"),
        (3, 4, "varchar"),
        (3, 5, "list"),
        (5, 6, "float64"),
    ]
