"""Runs as events of OpenLineage: what each table was made from, column by column, its rows and its checks.

Off unless WAREHOUSE_LINEAGE_URL is set. A run is a job with a run of its own; each table that it made is a job and a
run below it, with the tables that it read as inputs; the checks of a table are a job that reads it, which is where
the specification has their results. Identifiers of the runs below follow from that of the run, so that events that
are sent twice are the same.

The events are plain dictionaries: the client of the project validates nothing, sends a Decimal as a phrase and NaN as
a bare word. Here a value that JSON does not have is an error of the program, and the tests hold every event against
the schemas. Source: OpenLineage 2-0-2, https://openlineage.io/spec/2-0-2/OpenLineage.json.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal
from uuid import UUID, uuid5

import httpx

from etl.bounds import BOUNDS, LateError, RemoteRead, in_time
from etl.config import Settings
from etl.errors import MendError, RetryError
from etl.secrets import clean, secret_parts, shown
from etl.whole import append

PRODUCER = f"urn:commerce-warehouse:{version('commerce-warehouse')}"
SPEC = "https://openlineage.io/spec"
EVENT = f"{SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent"
# The version of the schema of each facet that is sent.
FACETS = {
    "ColumnLineageDatasetFacet": "1-2-0",
    "DataQualityAssertionsDatasetFacet": "1-1-0",
    "DocumentationDatasetFacet": "1-1-0",
    "ErrorMessageRunFacet": "1-0-1",
    "JobTypeJobFacet": "2-0-4",
    "OutputStatisticsOutputDatasetFacet": "1-0-2",
    "ParentRunFacet": "1-2-0",
    "SQLJobFacet": "1-1-0",
    "SchemaDatasetFacet": "1-2-0",
}
NAMESPACE = "commerce-warehouse"
Event = dict[str, Any]
State = Literal["COMPLETE", "FAIL", "ABORT"]


@dataclass(frozen=True)
class Assertion:
    """A check that ran on a table; `rule` is the kind of expectation, `column` '' where it is about none alone."""

    rule: str
    name: str
    why: str
    passed: bool
    is_critical: bool
    column: str = ""


@dataclass(frozen=True)
class MadeTable:
    """A table that a run made, or a step that failed: times in seconds since 1970, UTC.

    `columns` are (name, type, meaning); `sources` has for a column the (table, column) pairs that its value is
    computed from; `rows` is None where nothing counted them.
    """

    name: str
    started: float
    ended: float
    failure: str = ""
    is_table: bool = True
    description: str = ""
    sql: str = ""
    inputs: Sequence[str] = ()
    columns: Sequence[tuple[str, str, str]] = ()
    sources: Mapping[str, Sequence[tuple[str, str]]] = field(default_factory=dict)
    rows: int | None = None
    assertions: Sequence[Assertion] = ()


@dataclass(frozen=True)
class TracedRun:
    """A run of a job with the tables that it made, in their order."""

    run_id: str
    job: str
    started: float
    ended: float
    state: State
    failure: str = ""
    tables: Sequence[MadeTable] = ()


def events(run: TracedRun, settings: Settings) -> Iterator[Event]:
    """The events of a run in the order of their times: its start, its tables with their checks, its end."""
    writer = _EventWriter(run, NAMESPACE + ("-demo" if settings.is_demo else ""), secrets_of(settings))
    whole = {"run": {"runId": run.run_id}, "job": writer.job(run.job, "JOB")}
    yield writer.event("START", run.started, whole)
    for table in run.tables:
        yield from writer.table(table)
    if run.failure:
        whole |= {"run": {"runId": run.run_id, "facets": writer.error(run.failure)}}
    yield writer.event(run.state, run.ended, whole)


class _EventWriter:
    """Writes the events of one run."""

    def __init__(self, run: TracedRun, namespace: str, secrets: Sequence[str]) -> None:
        self._run, self._namespace, self._secrets = run, namespace, secrets

    def event(self, kind: str, seconds: float, about: Mapping[str, Any]) -> Event:
        """An event of a run."""
        at = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
        return {"eventType": kind, "eventTime": at, "producer": PRODUCER, "schemaURL": EVENT, **about}

    def table(self, table: MadeTable) -> Iterator[Event]:
        """The events of a table: start and end of the run that made it, and of the one that checked it."""
        made: Event = {
            "run": self._run_below(table.name),
            "job": self.job(f"{self._run.job}.{table.name}", "TASK", table),
            "inputs": [self._dataset(name) for name in table.inputs],
            "outputs": [self._output(table)] if table.is_table else [],
        }
        yield self.event("START", table.started, made)
        if table.failure:
            made |= {"run": self._run_below(table.name, self.error(table.failure))}
        yield self.event("FAIL" if table.failure else "COMPLETE", table.ended, made)
        if table.assertions:
            name = f"{table.name}.checks"
            checked = {
                "run": self._run_below(name),
                "job": self.job(f"{self._run.job}.{name}", "TASK"),
                "inputs": [self._dataset(table.name) | {"inputFacets": self._assertions(table)}],
                "outputs": [],
            }
            yield self.event("START", table.ended, checked)
            yield self.event("COMPLETE", table.ended, checked)

    def job(self, name: str, kind: str, table: MadeTable | None = None) -> dict[str, Any]:
        """A job, with the query of its table."""
        about = {"processingType": "BATCH", "integration": "DAGSTER", "jobType": kind}
        facets = {"jobType": _facet("JobTypeJobFacet", about)}
        if table and table.sql:
            facets["sql"] = _facet("SQLJobFacet", {"query": table.sql, "dialect": "duckdb"})
        return {"namespace": self._namespace, "name": name, "facets": facets}

    def error(self, message: str) -> dict[str, Any]:
        """Why a run failed, without secrets."""
        words = {"message": clean(message, self._secrets), "programmingLanguage": "PYTHON"}
        return {"errorMessage": _facet("ErrorMessageRunFacet", words)}

    def _run_below(self, name: str, facets: Mapping[str, Any] | None = None) -> dict[str, Any]:
        parent = {
            "run": {"runId": self._run.run_id},
            "job": {"namespace": self._namespace, "name": self._run.job},
        }
        run_id = str(uuid5(UUID(self._run.run_id), name))
        return {"runId": run_id, "facets": {"parent": _facet("ParentRunFacet", parent), **(facets or {})}}

    def _dataset(self, name: str) -> dict[str, Any]:
        return {"namespace": self._namespace, "name": name}

    def _output(self, table: MadeTable) -> dict[str, Any]:
        facets: dict[str, Any] = {}
        if table.columns:
            fields = [
                {"name": name, "type": kind, **({"description": meaning} if meaning else {})}
                for name, kind, meaning in table.columns
            ]
            facets["schema"] = _facet("SchemaDatasetFacet", {"fields": fields})
        if table.description:
            facets["documentation"] = _facet("DocumentationDatasetFacet", {"description": table.description})
        if table.sources:
            lineage = {
                column: {"inputFields": [self._dataset(name) | {"field": source} for name, source in pairs]}
                for column, pairs in table.sources.items()
            }
            facets["columnLineage"] = _facet("ColumnLineageDatasetFacet", {"fields": lineage})
        output = self._dataset(table.name) | {"facets": facets}
        if table.rows is None or table.failure:
            return output
        counted = _facet("OutputStatisticsOutputDatasetFacet", {"rowCount": table.rows})
        return output | {"outputFacets": {"outputStatistics": counted}}

    def _assertions(self, table: MadeTable) -> dict[str, Any]:
        listed = [
            {
                "assertion": one.rule,
                "name": one.name,
                "description": one.why,
                "success": one.passed,
                "severity": "error" if one.is_critical else "warn",
                **({"column": one.column} if one.column else {}),
            }
            for one in table.assertions
        ]
        return {"dataQualityAssertions": _facet("DataQualityAssertionsDatasetFacet", {"assertions": listed})}


def _facet(name: str, content: Mapping[str, Any]) -> dict[str, Any]:
    url = f"{SPEC}/facets/{FACETS[name]}/{name}.json#/$defs/{name}"
    return {"_producer": PRODUCER, "_schemaURL": url, **content}


def secrets_of(settings: Settings) -> list[str]:
    """What no event may hold: passwords and keys in the addresses of the settings."""
    addresses = (settings.s3_url, settings.postgres_dsn, settings.fx_url, settings.notify, settings.lineage_url)
    found = [part for address in addresses if address for part in secret_parts(address)]
    return [*found, settings.lineage_key] if settings.lineage_key else found


def send(run: TracedRun, settings: Settings) -> str:
    """Send the events of a run, if that is on; what became of them in one line, '' where all was taken or it is off.

    Raises nothing: the result of a run does not depend on who hears of it. What is not taken is not sent again.
    """
    if not settings.lineage_url:
        return ""
    address, began = settings.lineage_url, time.monotonic()
    try:
        lines = [json.dumps(event, allow_nan=False, ensure_ascii=False) for event in events(run, settings)]
        if file := settings.lineage_file:
            _add(file, "".join(f"{line}\n" for line in lines).encode())
        else:
            in_time(BOUNDS["lineage"], lambda reading: _post(address, settings.lineage_key, lines, reading))
    except (MendError, RetryError, OSError, httpx.HTTPError, httpx.InvalidURL, ValueError, TypeError) as error:
        if isinstance(error, LateError | httpx.TimeoutException):
            error = RetryError(f"no answer, and it was waited {time.monotonic() - began:,.1f} seconds")
        reason = clean(str(error) or type(error).__name__, secrets_of(settings))
        return f"Lineage    {shown(address)} did not take the events of this run: {reason}; the run is as it was"
    return ""


def _add(file: Path, data: bytes) -> None:
    """Add lines to a file. Raises MendError where that is none, or cannot be written."""
    if file.is_dir():
        raise MendError(f"{file} is a folder: name a file in it")
    if not file.parent.is_dir():
        raise MendError(f"{file.parent} is no folder: create it first")
    try:
        append(file, data)
    except OSError as error:
        reason = f"{file} cannot be written ({error.strerror})"
        raise MendError(
            f"{reason}: correct its permissions, or name another file with WAREHOUSE_LINEAGE_URL"
        ) from error


def _post(address: str, key: str | None, lines: Sequence[str], reading: RemoteRead) -> None:
    """Post each event. Raises RetryError for an answer that is no success, as a redirect, and after the time."""
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
    with httpx.Client(timeout=httpx.Timeout(reading.bounds.idle), follow_redirects=False) as client:
        for line in lines:
            reading.check()
            with client.stream("POST", address, content=line.encode(), headers=headers) as answer:
                if not answer.is_success:
                    raise RetryError(f"it answered {answer.status_code}")
                for _ in reading.pieces(answer.iter_bytes()):
                    pass
