"""The key of questions, asked through the protocol: numbers cited and equal to the mart, or none."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from shutil import copytree
from typing import Any

import anyio
import pytest
from mcp.client.client import Client

from etl.build import build
from etl.config import Settings, load_settings
from etl.mcp.server import server
from etl.models.graph import load_models
from etl.publish.publication import publish
from etl.warehouse import open_build, open_snapshot
from tests.support import questions
from tests.support.questions import Question

pytestmark = pytest.mark.slow
KEY = questions.read()
OF_REFERENCE = [one for one in KEY if one["home"] == "reference"]
# A document of a day after all that the questions ask about, and a restatement of what they rest on in it.
LATER = """
insert into raw.reference_row by name
select latest.* replace (
    map_from_entries(list_transform(map_entries(latest.fields), lambda e: case e.key
        when 'document_id' then struct_pack(key := e.key, value := 'doc_later_{number}')
        when 'published_on' then struct_pack(key := e.key, value := '2026-01-{number}')
        when 'value' then struct_pack(key := e.key, value := (e.value::decimal(28, 6) * 1.2)::varchar)
        when 'printed_as' then struct_pack(key := e.key, value := 'later {number}')
        else e end)) as fields,
    map_from_entries(list_transform(map_entries(latest.reading), lambda e: case e.key
        when 'observation_id' then struct_pack(key := e.key, value := 'obs_later_{number}') else e end)) as reading,
    timestamp '2026-02-{number} 00:00:00' as loaded_at
)
from raw.reference_row as latest
where latest.superseded_at is null and (
    latest.kind = 'observation' and latest.reading['observation_id'] = 'obs_ef14d9e3fc'
    or latest.kind = 'document' and latest.fields['document_id'] = (
        select any_value(o.fields['document_id']) from raw.reference_row as o
        where o.reading['observation_id'] = 'obs_ef14d9e3fc'
    )
)
"""


def ask(settings: Settings, asked: list[Question]) -> list[dict[str, Any]]:
    """The answers to questions, in their order, by the SDK's own client."""

    async def all_of_them() -> list[dict[str, Any]]:
        answers = []
        async with Client(server(settings)) as client:
            for one in asked:
                result = await client.call_tool(one["tool"], one["arguments"])
                assert not result.is_error, (one, result.content)
                answers.append(dict(result.structured_content or {}))
        return answers

    return anyio.run(all_of_them)


def without_version(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "snapshot"}


def test_the_key_has_questions_of_each_kind_and_over_the_marts() -> None:
    counts = {kind: sum(kind in one for one in KEY) for kind in ("number", "sentences", "no_number")}
    assert counts["number"] >= 120
    assert counts["sentences"] == 30
    assert counts["no_number"] == 50
    assert len({one["arguments"]["table"] for one in KEY if "number" in one}) >= 28
    assert sum("as_of" in one["arguments"] for one in KEY) >= 50


@pytest.mark.parametrize("home", ["reference", "demo"])
def test_every_number_is_cited_and_equal_to_the_mart_and_to_the_key(home: str, request: pytest.FixtureRequest) -> None:
    settings: Settings = request.getfixturevalue(home)
    asked = [one for one in KEY if "number" in one and one["home"] == home]
    with open_snapshot(settings.serving_db) as con:
        for question, answer in zip(asked, ask(settings, asked), strict=True):
            (fact,) = answer["facts"]
            column = question["number"]["column"]
            (number,) = [one for one in fact["numbers"] if one["column"] == column]
            arguments = question["arguments"]
            table, day = arguments["table"], arguments.get("as_of")
            read = f"{table}_as_of(date '{day}')" if day else table
            tests = " and ".join(f"{name}::varchar = ${name}" for name in arguments["where"])
            ((held,),) = con.execute(f"select {column} from {read} where {tests}", arguments["where"]).fetchall()
            assert Decimal(number["value"]) == Decimal(str(held)), question
            assert number["value"] == question["number"]["value"], f"{question}: write the key again, see questions.py"
            assert number["unit"], question
            assert fact["no_number"] is None
            assert fact["citations"] or home == "demo", question
            assert bool(answer["snapshot"]["simulated"]) == (home == "demo")


def test_comparisons_say_what_keeps_a_pair_from_being_compared(reference: Settings) -> None:
    asked = [one for one in KEY if "sentences" in one]
    for question, answer in zip(asked, ask(reference, asked), strict=True):
        assert answer["notes"] == question["sentences"]
        assert answer["notes"], question


def test_a_question_without_an_answer_gets_its_reason_and_no_number(reference: Settings) -> None:
    asked = [one for one in KEY if "no_number" in one]
    for question, answer in zip(asked, ask(reference, asked), strict=True):
        expected = question["no_number"]
        said = [*answer["notes"], *(fact["no_number"] or "" for fact in answer["facts"])]
        assert any(expected["says"] in sentence for sentence in said), question
        values = [
            number["value"]
            for fact in answer["facts"]
            for number in fact["numbers"]
            if number["column"] == expected["column"] or question["tool"] == "cost"
        ]
        assert not any(values), question
        assert all(fact["no_number"] for fact in answer["facts"]), question


def test_a_day_has_the_same_answers_after_three_more_publications(reference: Settings, tmp_path: Path) -> None:
    """What later documents print changes no answer as of a day before them, and does change today's."""
    settings = load_settings({"WAREHOUSE_HOME": str(tmp_path / "home")})
    copytree(reference.home, settings.home)
    then = [one for one in OF_REFERENCE if "as_of" in one["arguments"]]
    now = {"tool": "cost", "arguments": {"platform": "pdd", "period_end": "2019-12-31"}}
    before = ask(settings, [*then, now])
    for number in (11, 12, 13):
        with open_build(settings) as con:
            con.execute(LATER.format(number=number))
            for model in load_models(settings.root / "sql"):
                build(con, model, None, f"later {number}")
            assert publish(con, settings, now=datetime(2026, 3, number, tzinfo=UTC)).published
    after = ask(settings, [*then, now])
    assert [answer["snapshot"]["version"] for answer in after] == [4] * len(after)
    for question, was, is_now in zip(then, before, after, strict=False):
        assert without_version(is_now) == without_version(was), question
    assert without_version(after[-1]) != without_version(before[-1]), "the later documents restate this cost"


def test_what_was_computed_for_a_claim_is_cited_by_its_figures(reference: Settings) -> None:
    """The claim's own document says what was claimed, and is named as that."""
    (told,) = ask(reference, [{"tool": "claims", "arguments": {"claim_id": "a01"}}])  # type: ignore[list-item]
    (fact,) = [one for one in told["facts"] if one["words"]["part"] == "to"]
    computed = next(one for one in fact["numbers"] if one["column"] == "computed")
    assert computed["value"].startswith("163.01")  # 27,174.249 / (585.2 - 418.5)
    roles = {one["figure"].partition(",")[0]: one["observation_id"] for one in fact["citations"]}
    assert roles.keys() == {
        "Annual active buyers",
        "Sales and marketing expense",
        "the claim itself",
    }
    assert roles["Sales and marketing expense"]
