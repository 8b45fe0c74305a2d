"""Single answers, held against documents and against what is said where there is no number."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import anyio
import pytest
from mcp.client.client import Client
from mcp_types import CallToolResult, TextContent

from etl.config import Settings
from etl.mcp.server import server
from tests.support.small_warehouse import publish_small_warehouse


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A published warehouse of a few figures."""
    return publish_small_warehouse(tmp_path_factory.mktemp("small"))


def call(settings: Settings, tool: str, **arguments: Any) -> CallToolResult:
    """One call by the SDK's own client."""

    async def one() -> CallToolResult:
        async with Client(server(settings)) as client:
            return await client.call_tool(tool, arguments)

    return anyio.run(one)


def answer(settings: Settings, tool: str, **arguments: Any) -> dict[str, Any]:
    """The structured answer of a call that is none at fault."""
    result = call(settings, tool, **arguments)
    assert not result.is_error, result.content
    return dict(result.structured_content or {})


def fault(settings: Settings, tool: str, **arguments: Any) -> str:
    """The sentence of a call at fault."""
    result = call(settings, tool, **arguments)
    assert result.is_error, result.structured_content
    (content,) = result.content
    assert isinstance(content, TextContent)
    return content.text


def numbers(told: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All numbers of an answer."""
    return (number for fact in told["facts"] for number in fact["numbers"])


def test_a_cost_has_interval_unit_validity_day_and_documents(small: Settings) -> None:
    """JD 2016: 10,158.7 million over 226.6 less 155.0 million buyers, as restated in the report of 2017."""
    told = answer(small, "cost", platform="jd", period_end="2016-12-31")
    (fact,) = told["facts"]
    (cost,) = [number for number in fact["numbers"] if number["column"] == "cac"]
    assert cost["value"].startswith("141.88")  # 10,158.7 / 71.6
    assert float(cost["low"]) < 141.88 < float(cost["high"])
    assert cost["unit"] == "CNY per buyer"
    assert fact["validity"]["meaning"]
    assert fact["known_on"] == "2018-04-27"
    cited = {one["observation_id"]: one for one in fact["citations"]}
    assert cited["obs_restated"]["title"] == "JD annual report 2017"
    assert cited["obs_restated"]["url"] == "https://example.org/17?a=1&b=[2]"
    assert cited["obs_restated"]["printed_as"] == "10,158.7"
    assert told["snapshot"] == {"version": 1, "refreshed_at": "2026-03-01T12:30:00", "simulated": ""}


def test_a_cost_as_of_a_day_is_of_what_was_printed_by_then(small: Settings) -> None:
    told = answer(small, "cost", platform="jd", period_end="2016-12-31", as_of="2017-12-31")
    (cost,) = [number for number in numbers(told) if number["column"] == "cac"]
    assert cost["value"].startswith("147.66")  # 10,573.0 / 71.6
    assert answer(small, "cost", platform="jd", as_of="2015-01-01")["facts"] == []


def test_a_cost_without_a_number_says_why_and_gives_none(small: Settings) -> None:
    told = answer(small, "cost", platform="kuaishou")
    assert told["facts"] == [] or all(fact["no_number"] for fact in told["facts"])
    assert not any(number["value"] for number in numbers(told))
    assert any("a cost needs sm_expense and annual_active_buyers" in note for note in told["notes"]) or told["facts"]


def test_explain_goes_down_to_prints_and_tells_what_was_known_when(small: Settings) -> None:
    told = answer(small, "explain", row_id="jd/whole/cac_net_12m/2016-12-31")
    assert told["filled"] == "10,158.7 m / (226.6 m − 155 m)"
    assert [one["symbol"] for one in told["inputs"]] == ["S", "N_t", "N_0"]
    assert [(then["from_day"], then["numbers"][0]["value"][:6]) for then in told["history"]] == [
        ("2017-03-02", "147.66"),
        ("2018-04-27", "141.88"),
    ]
    before = answer(small, "explain", row_id="jd/whole/cac_net_12m/2016-12-31", as_of="2018-01-01")
    assert before["filled"] == "10,573 m / (226.6 m − 155 m)"
    assert len(before["history"]) == 1


def test_text_of_a_document_carries_no_control_characters(small: Settings) -> None:
    told = answer(small, "rows", table="core.observation", where={"platform": "kuaishou"})
    (fact,) = told["facts"]
    (citation,) = fact["citations"]
    assert citation["title"] == "Results  [31mred  [bold]not bold[/bold]"
    assert fact["known_on"] is None


@pytest.mark.parametrize(
    ("tool", "arguments", "says"),
    [
        ("rows", {"table": "marts.nothing"}, "no published table is called 'marts.nothing'; the marts: "),
        ("rows", {"table": "marts.cac_trend", "where": {"cost": "1"}}, "marts.cac_trend has no column 'cost'; it has "),
        ("rows", {"table": "marts.channel_cost", "as_of": "2020-01-01"}, "cannot be asked as of a day"),
        ("rows", {"table": "marts.cac_trend", "as_of": "1 May 2020"}, "is not a day, written as 2020-05-27"),
        ("rows", {"table": "marts.cac_trend", "limit": 0}, "limit is at least 1"),
        ("cost", {"platform": "jd", "definition": "cac"}, "no definition is called 'cac'; there are cac_"),
        ("compare", {"platforms": ["jd"]}, "name two platforms or more"),
        ("compare", {"platforms": ["jd", "temu"]}, "no platform is called 'temu'; there are alibaba, jd, kuaishou"),
        ("cost", {"platform": "jd", "period_end": "2016"}, "not '2016'; those of jd in that year: 2016-12-31"),
        ("cost", {"platform": "jd", "period_end": "soon"}, "not 'soon'; without it the newest windows are told"),
        ("explain", {"row_id": "jd/whole/cac_net_12m/2016-12-30"}, "near it:\n  jd/whole/cac_net_12m/2016-12-31"),
        ("find", {"words": "jd", "kind": "shop"}, "kind is one of platform, metric"),
    ],
)
def test_a_question_at_fault_gets_its_sentence(
    small: Settings, tool: str, arguments: dict[str, Any], says: str
) -> None:
    assert says in fault(small, tool, **arguments)


def test_rows_left_out_are_told(small: Settings) -> None:
    told = answer(small, "rows", table="core.observation", limit=2)
    assert told["found"] > 2
    assert told["notes"] == [
        f"{told['found'] - 2} of {told['found']} rows are left out: raise limit up to 200, or narrow the question"
    ]


def test_names_are_found_by_all_their_words(small: Settings) -> None:
    told = answer(small, "find", words="active buyers", kind="metric")
    assert {one["name"] for one in told["names"]} >= {"annual_active_buyers"}
    assert "nothing that questions can name" in answer(small, "find", words="no such thing")["notes"][0]


def test_every_tool_has_a_schema_for_what_it_takes_and_answers_and_only_reads(small: Settings) -> None:
    async def listed() -> Any:
        async with Client(server(small)) as client:
            return (await client.list_tools()).tools

    tools = anyio.run(listed)
    assert len(tools) == 9
    for tool in tools:
        assert tool.output_schema, tool.name
        assert tool.output_schema["properties"]["snapshot"], tool.name
        assert tool.annotations.read_only_hint, tool.name
        assert tool.description, tool.name


def test_calls_side_by_side_share_nothing(small: Settings) -> None:
    """Connections of one process to one file share a database whose settings the first has locked."""

    async def at_once() -> list[CallToolResult]:
        found: list[CallToolResult] = []

        async def one(client: Client) -> None:
            found.append(await client.call_tool("cost", {"platform": "jd", "period_end": "2016-12-31"}))

        async with Client(server(small)) as client, anyio.create_task_group() as group:
            for _ in range(12):
                group.start_soon(one, client)
        return found

    found = anyio.run(at_once)
    assert len(found) == 12
    assert not any(result.is_error for result in found), [result.content for result in found if result.is_error]
    assert len({str(result.structured_content) for result in found}) == 1


def test_a_value_that_no_row_has_is_told_with_those_there_are(small: Settings) -> None:
    told = answer(small, "rows", table="core.platform", where={"platform": "temu"})
    assert "platform is never 'temu'; there are 'alibaba', 'jd', 'kuaishou'" in told["notes"][1]


def test_a_name_that_is_written_otherwise_is_told_as_it_is_here(small: Settings) -> None:
    near = answer(small, "find", words="Kuaishoo")["notes"]
    assert "\n  kuaishou" in near[1]
    other = answer(small, "find", words="京东")["notes"]
    assert "jd (JD.com)" in other[-1]


def test_a_day_after_the_snapshot_is_told(small: Settings) -> None:
    later = answer(small, "cost", platform="jd", as_of="2030-01-01")["notes"]
    assert later[-1] == "as_of 2030-01-01 is after this snapshot of 2026-03-01: the answer is what was known then"
    assert not any(
        "after this snapshot" in one for one in answer(small, "cost", platform="jd", as_of="2020-01-01")["notes"]
    )


def test_an_answer_ends_where_an_assistant_could_not_read_it(small: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = answer(small, "rows", table="marts.cac_trend", limit=10)
    monkeypatch.setattr("etl.mcp.answer.LONGEST", len(str(whole["facts"][0])) * 2)
    told = answer(small, "rows", table="marts.cac_trend", limit=10)
    assert 1 <= len(told["facts"]) < len(whole["facts"])
    assert told["facts"] == whole["facts"][: len(told["facts"])]
    left = len(whole["facts"]) - len(told["facts"])
    assert told["notes"][-1].startswith(
        f"{left} of {len(whole['facts'])} facts are left out, which would make more than"
    )
    monkeypatch.setattr("etl.mcp.answer.LONGEST", 1)
    assert len(answer(small, "rows", table="marts.cac_trend", limit=10)["facts"]) == 1
