"""Published tables and delivery contracts as YAML of the Open Data Contract Standard, one file each.

    marts.cac_trend.odcs.yaml       a published table: columns of the catalog, suite, units, words, key
    delivery.order_event.odcs.yaml  what a team delivers, as etl/contracts.yaml says it

Nothing is written here a second time: descriptions are the comments of the columns, rules follow from the suites
(etl/odcs/rules.py), units from etl/measures.yaml, words from core.term. The same tree gives the same text. What the
standard has no clause for is a customProperty; docs/contracts.md lists them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from etl.checks.suite import load_suite, suite_path
from etl.config import ROOT, project_version
from etl.contracts import CONTRACTS, Column, Contract
from etl.errors import MendError, written_to
from etl.measures import Measure, measures
from etl.models.file import CONTRACTS as PROMISES
from etl.models.file import Model
from etl.models.graph import load_models, twins_of
from etl.names import LONGEST
from etl.odcs.rules import Clauses, clauses_of
from etl.odcs.types import DELIVERY, ENDING, LATEST, Document, described
from etl.publish.diff import grains_of
from etl.publish.files import CONTENT_SCHEMAS, PERSONAL
from etl.warehouse import Connection, prepared
from etl.whole import write_whole

# The files of written contracts have two names, as marts.cac_trend; that of an accepted one has no dot.
WRITTEN = re.compile(rf"\w+\.\w+{re.escape(ENDING)}")
STANDARD = "v3.2.0"
SNAPSHOT = "data/serving/warehouse.duckdb"
# Columns of a key in which empty is a value: a stock has no first day, a claim may have no base.
MAY_BE_EMPTY = {
    "core.observation_latest": {"period_start"},
    "core.platform_metric_daily": {"currency"},
    "marts.claim_check": {"period_start", "period_end", "base_period_start", "base_period_end", "unit"},
    "marts.coverage": {"period_start"},
    "marts.partnership_window": {"period_start"},
    "marts.year_on_year": {"period_start"},
    "steps.claim_figure": {"known_day", "period_start"},
    "steps.claim_reading": {"period_start", "period_end", "base_period_start", "base_period_end", "unit"},
    "steps.claim_side": {"unit", "period_start", "period_end", "window_end"},
}
HELD = "Read only. Each publication replaces the file in one rename; open it again to see a newer one."


_COUNT = "select count(*) from (\n{}\n) as at_fault\n"


@dataclass(frozen=True)
class PublishedTable:
    """A published table: its comment, its columns by name, type and meaning, its suite, key and as-of macro."""

    name: str
    text: str
    columns: Sequence[Mapping[str, str]]
    clauses: Clauses
    grain: tuple[str, ...]
    twin: str


def published_contracts(con: Connection, snapshot: str = SNAPSHOT) -> dict[str, Document]:
    """A contract for each published table, by its name; `con` has them, as a snapshot or empty ones in memory.

    Raises MendError for a SQL file or a suite that is faulty.
    """
    models = load_models(ROOT / "sql")
    by_name = {model.name: model for model in models}
    grains, twins = grains_of(ROOT / "sql"), twins_of(models)
    rows = con.execute(prepared("exported_tables"), {"everything": True, "also": []}).fetchall()
    tables = {name: (text or "", columns) for name, text, columns in rows if _is_published(name, columns)}
    found = {}
    for name, (text, columns) in tables.items():
        types = {column["name"]: column["type"] for column in columns}
        question = by_name[name].question if name in by_name else ""
        clauses = Clauses()
        if suite_path(ROOT / "expectations", name, question).exists():
            clauses = clauses_of(con, load_suite(ROOT / "expectations", name, question), tables.keys(), types)
        table = PublishedTable(name, text, columns, clauses, grains.get(name, ()), twins.get(name, ""))
        found[name] = {
            **_head(name),
            "domain": by_name[name].group if name in by_name else name.partition(".")[0],
            "description": _about(table, by_name.get(name)),
            "servers": [_server(name, snapshot)],
            "schema": [_schema(table)],
        }
    return found


def _is_published(name: str, columns: Sequence[Mapping[str, str]]) -> bool:
    """Whether readers have the table: raw and a row a buyer or an order stay in the build database."""
    is_open = name.partition(".")[0] in (*CONTENT_SCHEMAS, "meta")
    return is_open and not any(column["name"] in PERSONAL for column in columns)


def _head(name: str) -> Document:
    return {
        "apiVersion": STANDARD,
        "kind": "DataContract",
        "id": name,
        "name": name,
        "version": project_version(),
        "status": "active",
    }


def _about(table: PublishedTable, model: Model | None) -> Document:
    twin = f"; as known on a day: from {table.twin}(date '2019-12-31')" if table.twin else ""
    promise = PROMISES[model.contract] if model and model.schema == "marts" else ""
    limits = f"{HELD} A row has {promise}." if promise else HELD
    return {"purpose": table.text, "usage": f"from {table.name}{twin}", "limitations": limits}


def _server(name: str, snapshot: str) -> Document:
    about = "the published snapshot, opened read-only with DuckDB 1.4 or newer"
    schema = name.partition(".")[0]
    return {"server": "snapshot", "type": "duckdb", "description": about, "database": snapshot, "schema": schema}


def _schema(table: PublishedTable) -> Document:
    numbers = _numbers(table.name, [column["name"] for column in table.columns])
    grain, clauses, name = table.grain, table.clauses, table.name.partition(".")[2]
    key = grain if grain in clauses.keys and not MAY_BE_EMPTY.get(table.name) else ()
    schema: Document = {
        "name": name,
        "physicalName": name,
        "physicalType": "table",
        "logicalType": "object",
        "description": table.text,
    }
    if grain:
        schema["dataGranularityDescription"] = f"One row per {', '.join(grain)}."
    schema["properties"] = [
        _property(column, clauses, numbers.get(column["name"], {}), key) for column in table.columns
    ]
    rules = [_unique(other) for other in clauses.keys if len(other) > 1 and other != key]
    if rules := [*rules, *clauses.rules]:
        schema["quality"] = rules
    if custom := _custom({"grain": list(grain), "asOf": table.twin}):
        schema["customProperties"] = custom
    return schema


def _unique(key: Sequence[str]) -> Document:
    """A key beside the primary one, or one in which empty is a value."""
    names = ", ".join(key)
    return {
        "id": "key_is_unique",
        "name": "key_is_unique",
        "description": f"no two rows have the same {names}, in which empty is a value too",
        "severity": "critical",
        "type": "sql",
        "query": _COUNT.format(f"select {names} from ${{object}} group by {names} having count(*) > 1"),
        "mustBe": 0,
    }


def _property(column: Mapping[str, str], clauses: Clauses, number: Mapping[str, Any], key: Sequence[str]) -> Document:
    name = column["name"]
    found: Document = {"name": name, **described(column["type"]), "description": column["meaning"]}
    found |= clauses.columns.get(name, {})
    if name in key:
        found |= {"required": True, "primaryKey": True, "primaryKeyPosition": key.index(name) + 1}
    if (name,) in clauses.keys:
        found["unique"] = True
    if words := clauses.words.get(name):
        listed = [{"value": word, **({"description": meaning} if meaning else {})} for word, meaning in words.items()]
        (found["items"] if found["logicalType"] == "array" else found)["enum"] = listed
    if custom := _custom(number):
        found["customProperties"] = custom
    return found


def _numbers(table: str, columns: Sequence[str]) -> dict[str, dict[str, Any]]:
    """By column what its number is: unit, the columns of its bounds, the columns over which it adds up."""
    found: dict[str, dict[str, Any]] = {}
    for one in measures(table, columns).values():
        found[one.column] = {"unit": one.unit, "low": one.low, "high": one.high, "addsUpOver": list(one.over)}
        found |= {bound: _bound(one) for bound in (one.low, one.high) if bound}
    return found


def _bound(number: Measure) -> dict[str, Any]:
    return {"unit": number.unit, "boundOf": number.column}


def _custom(values: Mapping[str, Any]) -> list[Document]:
    """Custom properties of these values, without the empty ones."""
    return [{"property": name, "value": value} for name, value in values.items() if value not in ("", [], None, False)]


# What teams deliver


def delivery_contracts(inbox: str = "data/inbox") -> dict[str, Document]:
    """A contract for each kind of delivered file, by `delivery.<name>`."""
    return {f"{DELIVERY}.{one.name}": _delivery(one, inbox) for one in CONTRACTS}


def _delivery(contract: Contract, inbox: str) -> Document:
    name = f"{DELIVERY}.{contract.name}"
    about = {
        "purpose": contract.tells,
        "usage": "Deliver files into the inbox; `warehouse inbox check FILE` says what one would load.",
        "limitations": "A column that is not required may be missing in a file. A row that breaks a rule is set aside.",
    }
    server = {"server": "inbox", "type": "local", "path": f"{inbox}/*.csv", "format": "csv"}
    return {
        **_head(name),
        "domain": DELIVERY,
        "description": about,
        "servers": [server | {"description": "CSV here; Parquet, NDJSON and XLSX are read too"}],
        "schema": [delivered_schema(contract)],
    }


def delivered_schema(contract: Contract) -> Document:
    """The schema of a delivery contract; etl/odcs/read.py reads it back."""
    key = contract.grain if all(contract.column(name).required for name in contract.grain) else ()
    return {
        "name": contract.name,
        "physicalType": "file",
        "logicalType": "object",
        "description": contract.tells,
        "dataGranularityDescription": f"One row per {', '.join(contract.grain)}.",
        "properties": [_delivered(column, key) for column in contract.columns],
        "quality": [_delivery_rule(contract, number) for number, _ in enumerate(contract.rules)],
        "customProperties": _custom(
            {"grain": list(contract.grain), "day": contract.day, "looseKey": contract.loose, "brings": contract.brings}
        ),
    }


def _delivered(column: Column, key: Sequence[str]) -> Document:
    found: Document = {"name": column.name, **described(column.type.upper()), "description": column.meaning}
    if column.required:
        found["required"] = True
    if column.name in key:
        found |= {"primaryKey": True, "primaryKeyPosition": key.index(column.name) + 1}
    if column.least is not None:
        found["logicalTypeOptions"] = {**found.get("logicalTypeOptions", {}), "minimum": column.least}
    if column.words:
        found["enum"] = [{"value": word} for word in column.words]
    if column.personal:
        found["classification"] = "personal"
    if column.also:
        found["synonyms"] = [{"synonym": name} for name in column.also]
    custom = {
        "default": column.default if column.default != "null" else "",
        "knownIn": column.known_in,
        "moneyOn": column.money_on,
        "kept": column.kept if column.kept != "$value" else "",
        "longestBytes": column.longest if column.longest != LONGEST else None,
    }
    if listed := _custom(custom):
        found["customProperties"] = listed
    return found


def _delivery_rule(contract: Contract, number: int) -> Document:
    rule = contract.rules[number]
    latest = LATEST[contract.column(rule.column).type] if "$latest" in rule.breaks else ""
    found: Document = {
        "id": f"rule_{number + 1}",
        "description": f"{rule.column or 'the row'} {rule.reason}",
        "severity": "critical",
        "type": "sql",
        "query": f"select count(*) from {contract.name} where {rule.breaks.replace('$latest', latest)}",
        "mustBe": 0,
    }
    custom = {"column": rule.column, "reason": rule.reason, "ownForm": rule.own_form}
    return {**found, "customProperties": _custom(custom)}


# Files


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """YAML as people write it: long texts as blocks, no references between equal parts."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _as_block(dumper: Any, text: str) -> Any:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _as_block)


def text_of(document: Document) -> str:
    """A contract as YAML; the same contract is the same text."""
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=116)


def write_contracts(to: Path, documents: Mapping[str, Document]) -> int:
    """Write a file for each contract into the folder `to`, and remove those of contracts that are no more.

    Returns how many files were written. Raises MendError where `to` is no folder or holds anything else.
    """
    if to.exists() and not to.is_dir():
        raise MendError(f"{to} is no folder: name another one")
    wanted = {f"{name}{ENDING}": text_of(document).encode() for name, document in documents.items()}
    held = {path.name for path in to.iterdir()} if to.exists() else set()
    if strange := sorted(name for name in held if not WRITTEN.fullmatch(name)):
        raise MendError(f"{to} holds {strange[0]}, which is no contract that was written here: name another folder")
    with written_to(to):
        to.mkdir(parents=True, exist_ok=True)
        for name, data in wanted.items():
            if name not in held or (to / name).read_bytes() != data:
                write_whole(to / name, data)
        for name in held - wanted.keys():
            (to / name).unlink()
    return len(wanted)


def listed(documents: Iterable[str]) -> str:
    """How many tables and kinds of delivery there are, in words."""
    names = list(documents)
    deliveries = sum(name.startswith(f"{DELIVERY}.") for name in names)
    return f"{len(names) - deliveries} published tables and {deliveries} kinds of delivery"
