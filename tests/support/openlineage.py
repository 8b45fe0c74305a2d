"""The schemas of OpenLineage, to hold events against; they are in tests/data/openlineage with their notice."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource

from etl.config import ROOT

FOLDER = ROOT / "tests" / "data" / "openlineage"
FORMATS = FormatChecker(())


@FORMATS.checks("uuid", ValueError)
def is_uuid(text: object) -> bool:
    """Whether a text is a UUID in its usual form."""
    return not isinstance(text, str) or str(UUID(text)) == text


@FORMATS.checks("uri", ValueError)
def is_uri(text: object) -> bool:
    """Whether a text can be an address."""
    return not isinstance(text, str) or (":" in text and not set(text) & set(' "<>'))


@FORMATS.checks("date-time", ValueError)
def is_moment(text: object) -> bool:
    """Whether a text is a moment with its distance from UTC."""
    return not isinstance(text, str) or datetime.fromisoformat(text).tzinfo is not None


@cache
def _registry() -> tuple[Registry[Any], dict[str, str]]:
    schemas = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))]
    names = {schema["$id"]: next(iter(schema["$defs"])) for schema in schemas}
    return Registry().with_resources((one["$id"], Resource.from_contents(one)) for one in schemas), names


def faults(event: Any, url: str = "") -> list[str]:
    """What is wrong with an event, by the schema of the event and by that of each facet in it."""
    registry, _ = _registry()
    schema = {"$ref": url or event["schemaURL"]}
    validator = Draft202012Validator(schema, registry=registry, format_checker=FORMATS)
    found = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(event)]
    for part in event.values() if isinstance(event, dict) else event:
        for one in part if isinstance(part, list) else [part]:
            if isinstance(one, dict):
                found += _in_facets(one)
    return found


def _in_facets(part: dict[str, Any]) -> list[str]:
    if "_schemaURL" in part:
        return faults(part, part["_schemaURL"])
    return [fault for value in part.values() if isinstance(value, dict) for fault in _in_facets(value)]


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The events of a file, as strict JSON."""
    return [json.loads(line, parse_constant=_refuse) for line in path.read_text(encoding="utf-8").splitlines()]


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is no JSON")


def outputs(events: Iterable[dict[str, Any]], kind: str = "COMPLETE") -> dict[str, dict[str, Any]]:
    """The last event of each table that a run made, by the table."""
    return {
        event["outputs"][0]["name"]: event for event in events if event["eventType"] == kind and event.get("outputs")
    }
