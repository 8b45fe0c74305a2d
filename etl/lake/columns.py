"""The columns of a table as DuckLake names them, and which types a Parquet file gives back exactly.

A type is allowed where DuckDB, Polars and PyArrow read from a Parquet file of DuckDB what was written into it:
tests/lake holds them to it. HUGEINT would become DOUBLE, INTERVAL would lose its microseconds, ENUM and BIT would
become text, and a UUID is plain bytes to Polars: these and all other types are refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from etl.errors import MendError

# Types by DuckDB's name of them, with DuckLake's; of nested ones the first may be inside, times only outside.
INNER = {
    "boolean": "boolean",
    "tinyint": "int8",
    "smallint": "int16",
    "integer": "int32",
    "bigint": "int64",
    "utinyint": "uint8",
    "usmallint": "uint16",
    "uinteger": "uint32",
    "ubigint": "uint64",
    "float": "float32",
    "double": "float64",
    "varchar": "varchar",
}
TIMES = {"date": "date", "timestamp": "timestamp", "timestamp with time zone": "timestamptz"}
NESTED = ("list", "struct", "map")
FLOATING = frozenset({"float32", "float64"})
CHILDREN = {"child": "element"}  # what DuckLake and Parquet call the value of a list


@dataclass(frozen=True)
class LakeColumn:
    """A column or a part of one: its number, which is its field in the Parquet file, and DuckLake's type."""

    number: int
    name: str
    type: str
    parts: tuple[LakeColumn, ...] = ()

    def all(self, parent: int | None = None) -> Iterator[tuple[int | None, LakeColumn]]:
        """The column and its parts, each with the number of what it is a part of."""
        yield parent, self
        for part in self.parts:
            yield from part.all(self.number)

    @property
    def fields(self) -> str:
        """The numbers as the option FIELD_IDS of a COPY names them."""
        name = quoted(self.name)
        if not self.parts:
            return f"{name}: {self.number}"
        return f"{name}: {{__duckdb_field_id: {self.number}, {', '.join(part.fields for part in self.parts)}}}"

    @property
    def is_floating(self) -> bool:
        """Whether it has a number of which two that are equal can differ: 0 and -0."""
        return any(column.type in FLOATING for _, column in self.all())


def quoted(name: str) -> str:
    """A name as an identifier of SQL."""
    return '"' + name.replace('"', '""') + '"'


def lake_columns(table: str, names: Sequence[str], types: Sequence[Any]) -> tuple[LakeColumn, ...]:
    """The columns of a table; `types` are those of a relation of DuckDB.

    Raises MendError for a type that a Parquet file does not give back exactly.
    """
    numbers = iter(range(1, 1_000_000))
    return tuple(
        _column(f"{table}.{name}", name, kind, numbers, inside=False) for name, kind in zip(names, types, strict=True)
    )


def _column(place: str, name: str, kind: Any, numbers: Iterator[int], *, inside: bool) -> LakeColumn:
    number, word = next(numbers), str(kind.id)
    if word == "decimal":
        (_, precision), (_, scale) = kind.children
        return LakeColumn(number, name, f"decimal({precision},{scale})")
    text = str(kind).lower()
    if word in NESTED:
        parts = tuple(
            _column(
                f"{place}.{part}", CHILDREN.get(part, part) if word == "list" else part, child, numbers, inside=True
            )
            for part, child in kind.children
        )
        return LakeColumn(number, name, word, parts)
    found = INNER.get(text) or (None if inside else TIMES.get(text))
    if not found:
        raise MendError(
            f"nothing was exported: {place} is {kind}, which no Parquet file gives back exactly to every reader: cast "
            "it in its model (HUGEINT to DECIMAL(38, 0), others to VARCHAR)"
        )
    return LakeColumn(number, name, found)
