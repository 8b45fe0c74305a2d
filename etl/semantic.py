"""A semantic model of the marts in the open interchange format of the field (OSI, since 2026 Apache Ossie).

Made of what the contracts of the tables say (etl/odcs), which is read from the snapshot, the suites and core.term, and
of etl/measures.yaml. A metric cannot give a wrong number: one that adds up gives none as soon as the selected rows
differ in anything but the columns over which it adds up, or one of them has no number; one that does not add up (a
cost, a ratio, a stock) gives the number of one selected row and none of several.

Source: the specification 0.2.0.dev0, https://github.com/apache/ossie, core-spec/spec.md and osi-schema.json.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from etl.errors import MendError, written_to
from etl.measures import OF_ROW, Measure, main_number, measures
from etl.odcs.write import published_contracts, text_of
from etl.warehouse import Connection, open_snapshot
from etl.whole import write_whole

VERSION = "0.2.0.dev0"
VENDOR = "COMMERCE_WAREHOUSE"
DATABASE = "warehouse"  # the name that DuckDB gives to the snapshot's file
# Beside the marts: what their rows name.
VOCABULARY = ("core.platform", "core.metric", "core.document", "core.definition")
TYPES = {
    "VARCHAR": "String",
    "BIGINT": "Integer",
    "INTEGER": "Integer",
    "SMALLINT": "Integer",
    "DOUBLE": "Float",
    "FLOAT": "Float",
    "DECIMAL": "Decimal",
    "BOOLEAN": "Boolean",
    "DATE": "Date",
    "TIMESTAMP": "DateTime",
}
HOW_TO_READ = (
    "A metric is NULL where the selected rows have no single answer: filter, or group by the columns that its "
    "description names. A cost, ratio, share or count of persons over overlapping windows is never added up or "
    "averaged. A row without a number says why in validity, verdict or status. Quote a number with its bounds (_low, "
    "_high), unit and known_on."
)
HEAD, MODEL = 4096, re.compile(rb"""^[{\s]*["']?semantic_model["']?\s*:""", re.MULTILINE)
Document = dict[str, Any]


@dataclass(frozen=True)
class MartTable:
    """A table of the model: `columns` are its properties in the contract, `numbers` its measures by column."""

    name: str
    text: str
    grain: tuple[str, ...]
    columns: Sequence[Mapping[str, Any]]
    numbers: Mapping[str, Measure]

    @property
    def dataset(self) -> str:
        """The name of the dataset."""
        return self.name.partition(".")[2]

    def has(self, column: str) -> bool:
        """Whether it has a column."""
        return any(one["name"] == column for one in self.columns)


def semantic_model(con: Connection) -> Document:
    """The model of the marts of a snapshot, or of empty ones in memory, and of what their rows name."""
    tables = [
        _table(name, contract["schema"][0])
        for name, contract in published_contracts(con).items()
        if name.startswith("marts.") or name in VOCABULARY
    ]
    model = {
        "name": "commerce_marts",
        "description": "What it costs commerce platforms to win a customer, and what partnerships bring.",
        "ai_context": {"instructions": HOW_TO_READ},
        "datasets": [_dataset(table) for table in tables],
        "relationships": list(_relationships(con, tables)),
        "metrics": [metric for table in tables for metric in _metrics(table)],
    }
    return {"version": VERSION, "semantic_model": [model]}


def export_semantic(database: Path, to: Path, *, replace: bool = False) -> int:
    """Write the model of a snapshot into the file `to`; how many metrics it has.

    Raises MendError when the file exists and is not to be replaced or is no semantic model, when its folder is missing
    or cannot be written, or there is no snapshot.
    """
    if to.is_dir() or (to.exists() and not replace):
        raise MendError(f"{to} exists: name another file, or add --replace")
    if to.exists() and not _is_model(to):
        raise MendError(f"{to} exists and is no semantic model: name another file")
    if not to.absolute().parent.is_dir():
        raise MendError(f"{to.absolute().parent} is no folder: make it first")
    with open_snapshot(database) as con:
        model = semantic_model(con)
    with written_to(to):
        write_whole(to, text_of(model).encode())
    return len(model["semantic_model"][0]["metrics"])


def _is_model(path: Path) -> bool:
    """Whether a file begins as one of the format does, in YAML or JSON."""
    with path.open("rb") as file:
        return bool(MODEL.search(file.read(HEAD)))


def _table(name: str, schema: Mapping[str, Any]) -> MartTable:
    columns = schema["properties"]
    custom = {one["property"]: one["value"] for one in schema.get("customProperties", ())}
    numbers = measures(name, [column["name"] for column in columns])
    return MartTable(name, schema["description"], tuple(custom.get("grain", ())), columns, numbers)


def _dataset(table: MartTable) -> Document:
    bounds = {bound: number for number in table.numbers.values() for bound in (number.low, number.high) if bound}
    return {
        "name": table.dataset,
        "source": f"{DATABASE}.{table.name}",
        **({"primary_key": list(table.grain)} if table.grain else {}),
        "description": table.text,
        "fields": [_field(column, {**table.numbers, **bounds}.get(column["name"])) for column in table.columns],
        **_extension({"main_number": main_number(table.name)}),
    }


def _field(column: Mapping[str, Any], number: Measure | None) -> Document:
    """A column: a dimension unless it is a number or one of its bounds; with the words that may stand in it."""
    kind = TYPES.get(re.sub(r"\(.*", "", column["physicalType"]), "Opaque")
    listed = column.get("enum") or column.get("items", {}).get("enum") or ()
    words = {one["value"]: one.get("description", "") for one in listed}
    about = {
        "type": column["physicalType"] if kind in ("Opaque", "Decimal") else "",
        "unit": number.unit if number else "",
        "bound_of": number.column if number and number.column != column["name"] else "",
        "words": words,
    }
    found: Document = {"name": column["name"], "expression": _expression(quoted(column["name"]))}
    if not number:
        found["dimension"] = {"is_time": kind == "Date"}
    found |= {"description": column["description"], "datatype": kind}
    if words:
        told = "; ".join(f"{word}: {meaning}" if meaning else word for word, meaning in words.items())
        found["ai_context"] = {"instructions": f"Its words are {told}."}
    return found | _extension(about)


def _relationships(con: Connection, tables: Sequence[MartTable]) -> Iterator[Document]:
    """From a column to the table of the vocabulary whose key it is, where every row of the snapshot keeps that.

    The metric of a number whose unit follows from it is one of the daily data, which core.metric does not list.
    """
    keys = {table.grain[0]: table for table in tables if table.name in VOCABULARY and len(table.grain) == 1}
    for table in tables:
        is_daily = any(number.unit.startswith("metric") for number in table.numbers.values())
        for column, target in keys.items():
            is_key = table.name not in VOCABULARY and table.has(column) and not (column == "metric" and is_daily)
            if is_key and _is_kept(con, table.name, target.name, column):
                yield {
                    "name": f"{table.dataset}_{column}",
                    "from": table.dataset,
                    "to": target.dataset,
                    "from_columns": [column],
                    "to_columns": [column],
                }


def _is_kept(con: Connection, table: str, target: str, column: str) -> bool:
    """Whether each value of a column is one of a key."""
    strange = f"select {column} from {table} where {column} is not null except select {column} from {target}"
    return not con.execute(f"{strange} limit 1").fetchall()


def _metrics(table: MartTable) -> Iterator[Document]:
    for number in table.numbers.values():
        column = next(one for one in table.columns if one["name"] == number.column)
        kind = TYPES.get(re.sub(r"\(.*", "", column["physicalType"]), "Opaque")
        alone = _alone(table, number)
        if number.over:
            alike = f" the rows differ in {', '.join(alone)}, or where" if alone else ""
            rule = f"Adds up over {', '.join(number.over)}; NULL where{alike} one of them has no number."
        else:
            rule = "Never added up or averaged: the number of one row, NULL where more are selected."
        about = {
            "unit": number.unit,
            "low": number.low,
            "high": number.high,
            "is_main": number.column == main_number(table.name),
            "adds_up_over": list(number.over),
            "alike_in": alone if number.over else [],
        }
        yield {
            "name": f"{table.dataset}_{number.column}",
            "expression": _expression(_aggregate(table.dataset, number, alone)),
            "description": f"{column['description']}. {rule}",
            "datatype": kind,
            **_extension(about),
        }


def _alone(table: MartTable, number: Measure) -> list[str]:
    """The columns in which rows must be alike to be added up: the key but for those it adds up over, and the unit's."""
    of_unit = [name for name in OF_ROW if re.search(rf"\b{name}\b", number.unit) and table.has(name)]
    return list(dict.fromkeys([*(name for name in table.grain if name not in number.over), *of_unit]))


def _aggregate(dataset: str, number: Measure, alone: Sequence[str]) -> str:
    value = f"{dataset}.{quoted(number.column)}"
    if not number.over:
        return f"CASE WHEN COUNT(*) = 1 THEN MAX({value}) END"
    tests = [f"COUNT({value}) = COUNT(*)"]
    for name in alone:
        column = f"{dataset}.{quoted(name)}"
        tests.append(f"COUNT(DISTINCT {column}) + MAX(CASE WHEN {column} IS NULL THEN 1 ELSE 0 END) <= 1")
    return f"CASE WHEN {' AND '.join(tests)} THEN SUM({value}) END"


def quoted(name: str) -> str:
    """A column as ANSI SQL names it; those that are words of SQL in quotes."""
    return f'"{name}"' if name in ("date", "value", "rank", "order", "share", "document", "month") else name


def _expression(text: str) -> Document:
    return {"dialects": [{"dialect": "ANSI_SQL", "expression": text}]}


def _extension(values: Mapping[str, Any]) -> Document:
    """What the format has no place for, without what is empty; {} where all is."""
    told = {name: value for name, value in values.items() if value not in ("", [], {}, False, None)}
    return {"custom_extensions": [{"vendor_name": VENDOR, "data": json.dumps(told)}]} if told else {}
