"""A run as events of OpenLineage: valid by the schemas, strict JSON, sent within a time, without a secret."""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from etl import lineage
from etl.bounds import Bounds
from etl.config import Settings, load_settings
from etl.errors import MendError
from etl.lineage import Assertion, MadeTable, TracedRun, events, send
from tests.support.odd_server import OddServer
from tests.support.openlineage import faults, outputs, read_lines

RUN = "88607986-34ea-49cc-908a-74f8613c614c"
CHECKS = (
    Assertion("expect_column_values_to_not_be_null", "has_platform", "whose it is", True, True, "platform"),
    Assertion("unexpected_rows_expectation", "adds_up", "to the sum", False, False),
)
MADE = MadeTable(
    "marts.a",
    1000.5,
    1001.25,
    description="What a is.",
    sql="select 1",
    inputs=("core.b", "core.c"),
    columns=[("x", "DECIMAL(28,6)", "a number, CNY"), ("y", "VARCHAR[]", "")],
    sources={"x": [("core.b", "v"), ("core.c", "w")], "y": []},
    rows=3,
    assertions=CHECKS,
)
BROKEN = MadeTable("marts.d", 1001.5, 1002.0, "no such column; see http://ann:GEHEIM1@host/x", inputs=("marts.a",))
STEP = MadeTable("edgar", 1000.0, 1000.1, "away", is_table=False)
TRACED = TracedRun(
    RUN, "refresh", 1000.0, 1003.0, "FAIL", "marts.d: no such column; password GEHEIM2", (STEP, MADE, BROKEN)
)


def settings(**values: str) -> Settings:
    return load_settings({f"WAREHOUSE_{name.upper()}": value for name, value in values.items()})


def test_every_event_keeps_the_schemas_and_has_its_run() -> None:
    found = list(events(TRACED, settings()))
    assert [fault for event in found for fault in faults(event)] == []
    kinds = [(event["eventType"], event["job"]["name"]) for event in found]
    assert kinds == [
        ("START", "refresh"),
        ("START", "refresh.edgar"),
        ("FAIL", "refresh.edgar"),
        ("START", "refresh.marts.a"),
        ("COMPLETE", "refresh.marts.a"),
        ("START", "refresh.marts.a.checks"),
        ("COMPLETE", "refresh.marts.a.checks"),
        ("START", "refresh.marts.d"),
        ("FAIL", "refresh.marts.d"),
        ("FAIL", "refresh"),
    ]
    runs = [event["run"]["runId"] for event in found]
    assert runs[0] == runs[-1] == RUN and len(set(runs)) == 5, "one identifier a run, the same at its start and end"
    assert {event["run"]["facets"]["parent"]["run"]["runId"] for event in found[1:-1]} == {RUN}
    assert [event["eventTime"] for event in found[3:5]] == [
        "1970-01-01T00:16:40.500+00:00",
        "1970-01-01T00:16:41.250+00:00",
    ]
    assert runs == [event["run"]["runId"] for event in events(TRACED, settings())]


def test_a_table_has_inputs_columns_sources_rows_and_checks() -> None:
    found = list(events(TRACED, settings()))
    made = outputs(found)["marts.a"]
    assert [one["name"] for one in made["inputs"]] == ["core.b", "core.c"]
    (output,) = made["outputs"]
    assert output["outputFacets"]["outputStatistics"]["rowCount"] == 3
    assert output["facets"]["schema"]["fields"] == [
        {"name": "x", "type": "DECIMAL(28,6)", "description": "a number, CNY"},
        {"name": "y", "type": "VARCHAR[]"},
    ]
    sources = {
        column: [(one["name"], one["field"]) for one in of["inputFields"]]
        for column, of in output["facets"]["columnLineage"]["fields"].items()
    }
    assert sources == {"x": [("core.b", "v"), ("core.c", "w")], "y": []}
    checked = next(event for event in reversed(found) if event["job"]["name"] == "refresh.marts.a.checks")
    (read,) = checked["inputs"]
    assertions = read["inputFacets"]["dataQualityAssertions"]["assertions"]
    assert [(one["name"], one["success"], one["severity"], one.get("column")) for one in assertions] == [
        ("has_platform", True, "error", "platform"),
        ("adds_up", False, "warn", None),
    ]
    failed = outputs(found, "FAIL")["marts.d"]
    assert "outputFacets" not in failed["outputs"][0], "a table that keeps its last good rows has not been written"
    assert "no such column" in failed["run"]["facets"]["errorMessage"]["message"]


@pytest.mark.parametrize(
    ("path", "value", "fault"),
    [
        (("run", "runId"), "run 1", "is not a 'uuid'"),
        (("eventTime",), "2026-12-01 03:00:00", "is not a 'date-time'"),
        (("outputs", 0, "outputFacets", "outputStatistics", "rowCount"), "3", "is not of type 'integer'"),
        (
            ("outputs", 0, "facets", "columnLineage", "fields", "x", "inputFields", 0),
            {"name": "b"},
            "'field' is a required",
        ),
        (("job", "facets", "jobType", "_producer"), None, "is not of type 'string'"),
    ],
)
def test_the_schemas_find_faults(path: tuple[Any, ...], value: Any, fault: str) -> None:
    event = json.loads(json.dumps(outputs(events(TRACED, settings()))["marts.a"]))
    part = event
    for step in path[:-1]:
        part = part[step]
    part[path[-1]] = value
    assert any(fault in one for one in faults(event)), faults(event)


def test_no_secret_is_in_an_event(tmp_path: Path) -> None:
    file = tmp_path / "events.ndjson"
    with_secrets = settings(
        lineage_url=str(file), lineage_key="GEHEIM2", fx_url="https://ann:GEHEIM1@host/x", notify="json://u:GEHEIM3@h"
    )
    assert send(TRACED, with_secrets) == ""
    assert "GEHEIM" not in file.read_text()
    assert "no such column" in file.read_text()


def test_a_number_that_json_does_not_have_is_no_event(tmp_path: Path) -> None:
    for rows in (float("nan"), Decimal(3)):
        told = send(replace(TRACED, tables=(replace(MADE, rows=rows),)), settings(lineage_url=str(tmp_path / "e")))  # type: ignore[arg-type]
        assert "the run is as it was" in told
        assert not (tmp_path / "e").exists()


def test_a_file_gets_the_lines_of_each_run_and_nothing_is_sent_when_it_is_off(tmp_path: Path) -> None:
    file = tmp_path / "events.ndjson"
    assert send(TRACED, settings()) == ""
    assert list(tmp_path.iterdir()) == []
    for _ in range(2):
        assert send(TRACED, settings(lineage_url=f"file://{file}")) == ""
    assert len(read_lines(file)) == 20


def test_a_place_that_can_be_no_file_is_told_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for place, reason in [
        (tmp_path / "none" / "e", f"{tmp_path}/none is no folder: create it first"),
        (tmp_path / "file" / "e", f"{tmp_path}/file is no folder: create it first"),
        (tmp_path, f"{tmp_path} is a folder: name a file in it"),
        (Path("/sys/e"), "/sys/e cannot be written ("),
    ]:
        told = send(TRACED, settings(lineage_url=str(place)))
        assert told.startswith(f"Lineage    {place} did not take the events of this run: {reason}") and "\n" not in told
    assert (tmp_path / "file").read_text() == "x"


@pytest.mark.parametrize("address", ["ftp://x/y", "mailto:x", "http:/x", "HTTPS:x", "file://relative"])
def test_an_address_that_nothing_is_sent_to_is_refused(address: str) -> None:
    with pytest.raises(
        MendError, match=r"WAREHOUSE_LINEAGE_URL is .*; set it to http://\.\.\., https://\.\.\. or the path"
    ):
        settings(lineage_url=address)
    with pytest.raises(MendError) as refused:
        settings(lineage_url="ftp://ann:GEHEIM1@host/x")
    assert "GEHEIM1" not in str(refused.value)


def test_a_relative_path_starts_at_the_root_of_the_project(tmp_path: Path) -> None:
    found = load_settings({"WAREHOUSE_LINEAGE_URL": "events/runs.ndjson"}, tmp_path)
    assert found.lineage_file == tmp_path / "events" / "runs.ndjson"


def test_a_receiver_gets_each_event_with_the_key() -> None:
    with OddServer() as server:
        server.says(b"", 201)
        assert send(TRACED, settings(lineage_url=f"{server.url}/api/v1/lineage", lineage_key="GEHEIM2")) == ""
        assert server.asked == ["/api/v1/lineage"] * 10
        assert all("authorization: bearer geheim2" in head.lower() for head in server.heads)
        bodies = [json.loads(body) for body in server.bodies]
        assert bodies == list(events(TRACED, settings(lineage_key="GEHEIM2")))


def test_a_receiver_that_is_away_refuses_or_redirects_is_told_once_without_a_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with OddServer() as server, OddServer() as other:
        address = server.url.replace("http://", "http://ann:GEHEIM1@") + "/lineage?key=GEHEIM3"
        server.says(b"GEHEIM1", 500)
        told = send(TRACED, settings(lineage_url=address))
        assert told.endswith("/lineage?*** did not take the events of this run: it answered 500; the run is as it was")
        server.says(b"", 307, Location=f"{other.url}/elsewhere")
        assert "it answered 307" in send(TRACED, settings(lineage_url=address))
        assert other.asked == [] and len(server.asked) == 2, "after a refusal no further event is sent"
        monkeypatch.setitem(lineage.BOUNDS, "lineage", Bounds(seconds=0.5, idle=0.3, largest=1000))
        for misbehave in (server.stalls, server.trickles):
            misbehave()
            began = time.monotonic()
            told = send(TRACED, settings(lineage_url=address))
            assert "the run is as it was" in told and "GEHEIM" not in told
            assert re.search(r"no answer, and it was waited 0\.[3-9] seconds; the run", told), told
            assert time.monotonic() - began < 3
        server.says(b"x" * 5000)
        assert "which is the most that is read" in send(TRACED, settings(lineage_url=address))
    away = send(TRACED, settings(lineage_url="http://ann:GEHEIM1@127.0.0.1:1/lineage"))
    assert away.startswith("Lineage    http://127.0.0.1:1/lineage did not take the events") and away.count("\n") == 0
    assert "the run is as it was" in send(TRACED, settings(lineage_url="http://[no address"))
