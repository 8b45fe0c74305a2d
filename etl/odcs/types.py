"""DuckDB's types as the Open Data Contract Standard describes them, and whether two spellings are one type."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlglot import exp
from sqlglot.errors import SqlglotError

Document = dict[str, Any]  # a contract, or a part of one, as YAML has it
ENDING = ".odcs.yaml"
DELIVERY = "delivery"  # what ids of delivery contracts begin with
# What a rule of a delivery contract says of now, as SQL that runs anywhere.
LATEST = {"date": "current_date", "timestamp": "(now() at time zone 'UTC')"}
Kind = exp.DataType.Type
_BITS = {"TINYINT": 8, "SMALLINT": 16, "INT": 32, "BIGINT": 64, "INT128": 128}
_UNSIGNED = {f"U{name}": bits for name, bits in _BITS.items()}
INTEGERS = {name: f"i{bits}" for name, bits in _BITS.items()} | {name: f"u{bits}" for name, bits in _UNSIGNED.items()}
FLOATS = {"FLOAT": "f32", "DOUBLE": "f64"}
FORMATS = {**INTEGERS, **FLOATS}
NESTED = {"ARRAY": "array", "LIST": "array", "MAP": "map", "STRUCT": "object"}
TIME_OPTIONS = {"timezone": False, "defaultTimezone": "Etc/UTC"}
PLAIN = {"TEXT": "string", "VARCHAR": "string", "BOOLEAN": "boolean", "DATE": "date", "TIME": "time"}
TIMES = ("TIMESTAMP", "TIMESTAMPNTZ", "DATETIME", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS")


@lru_cache(maxsize=1024)
def same_type(text: str) -> str:
    """A type in one spelling, whatever blanks, case and other names of it a text has.

    `numeric( 10 )` is DECIMAL(10, 0), `int8` is BIGINT. A text that is no type of DuckDB is itself, without blanks.
    """
    try:
        tree = exp.DataType.build(text, dialect="duckdb")
    except (ValueError, SqlglotError):
        return "".join(text.split()).upper()
    for decimal in tree.find_all(exp.DataType):
        if decimal.this == Kind.DECIMAL and len(decimal.expressions) == 1:
            decimal.append("expressions", exp.DataTypeParam(this=exp.Literal.number(0)))
    return str(tree.sql("duckdb"))


def described(text: str) -> dict[str, Any]:
    """The clauses about a type: logicalType, what belongs to it, and physicalType as DuckDB writes it."""
    return _described(exp.DataType.build(text, dialect="duckdb"), text)


def _described(tree: exp.DataType, text: str) -> dict[str, Any]:
    name, parts = tree.this.name, tree.expressions
    found: dict[str, Any] = {"logicalType": _logical(name), "physicalType": text}
    if name in NESTED:
        inner = [_described(part, _written(part)) for part in (getattr(part, "kind", None) or part for part in parts)]
        if name == "STRUCT":
            found["properties"] = [{"name": part.name, **one} for part, one in zip(parts, inner, strict=True)]
        elif name == "MAP":
            found["map"] = dict(zip(("key", "value"), inner, strict=True))
        else:
            (found["items"],) = inner
    if options := {"format": form} if (form := FORMATS.get(name)) else TIME_OPTIONS if name in TIMES else {}:
        found["logicalTypeOptions"] = dict(options)
    return found


def _logical(name: str) -> str:
    """The logicalType of a type by its name in SQLGlot."""
    if name in INTEGERS:
        return "integer"
    return NESTED.get(name) or ("timestamp" if name in TIMES else PLAIN.get(name, "number"))


def _written(tree: exp.DataType) -> str:
    """A type within another as DuckDB's catalog writes it."""
    return str(tree.sql("duckdb")).replace("TEXT", "VARCHAR").replace("INT128", "HUGEINT")
