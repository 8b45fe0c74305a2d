"""Which change of a contract breaks those who rely on it, and which does not, in both directions."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from etl.errors import MendError
from etl.odcs.compare import ContractChange, differences, is_ours, read_contracts
from etl.odcs.release import refuse_if_broken
from etl.odcs.types import Document
from etl.odcs.write import text_of
from tests.support.contracts_made import tree_contracts

TABLE, DELIVERY = "marts.channel_pacing", "delivery.partner_target"
Change = Callable[[Document], Any]


def changed(name: str, change: Change) -> list[ContractChange]:
    """What is told where `change` was made to the schema of a contract of this tree."""
    after = {name: deepcopy(tree_contracts()[name])}
    change(after[name]["schema"][0])
    return differences({name: tree_contracts()[name]}, after)


def undone(name: str, change: Change) -> list[ContractChange]:
    """What is told where such a change is taken back."""
    before = {name: deepcopy(tree_contracts()[name])}
    change(before[name]["schema"][0])
    return differences(before, {name: tree_contracts()[name]})


def column(schema: Document, name: str) -> Document:
    return next(one for one in schema["properties"] if one["name"] == name)


def put(column_name: str, **clauses: Any) -> Change:
    """Give a column these clauses."""
    return lambda schema: column(schema, column_name).update(clauses)


def custom(name: str, key: str, value: Any) -> Change:
    """Give a custom property of a column, or of the table where the name is '', this value."""

    def change(schema: Document) -> None:
        element = column(schema, name) if name else schema
        rest = [one for one in element.get("customProperties", []) if one["property"] != key]
        element["customProperties"] = [*rest, *([{"property": key, "value": value}] if value else [])]

    return change


def without(name: str) -> Change:
    return lambda schema: schema["properties"].remove(column(schema, name))


def with_new(**clauses: Any) -> Change:
    new = {"name": "novel", "logicalType": "string", "physicalType": "VARCHAR", **clauses}
    return lambda schema: schema["properties"].append(new)


def renamed(name: str) -> Change:
    return put(name, name=f"{name}_new")


def words(name: str, *more: str, less: int = 0) -> Change:
    """Give a column further words, or take the last ones from it."""

    def change(schema: Document) -> None:
        enum = column(schema, name)["enum"]
        column(schema, name)["enum"] = enum[: len(enum) - less] + [{"value": word} for word in more]

    return change


def rule(query: str) -> Change:
    new = {"id": "further", "description": "further", "type": "sql", "query": query, "mustBe": 0}
    return lambda schema: schema.setdefault("quality", []).append(new)


def ordered(schema: Document) -> None:
    schema["properties"].reverse()


# A change, whether it breaks, and whether taking it back does.
FOR_READERS = {
    "a column is gone": (without("planned"), True, False),
    "a column is renamed": (renamed("planned"), True, True),
    "a column is new": (with_new(), False, True),
    "scale": (put("planned", physicalType="DECIMAL(18,2)"), True, True),
    "precision": (put("planned", physicalType="DECIMAL(38,4)"), True, True),
    "a decimal becomes a double": (put("planned", physicalType="DOUBLE"), True, True),
    "another spelling of a type": (put("planned", physicalType="numeric( 18 , 4 )"), False, False),
    "unit": (custom("planned", "unit", "CNY"), True, True),
    "no unit": (custom("planned", "unit", ""), True, False),
    "a bound is elsewhere": (custom("forecast", "low", "least"), True, True),
    "adds up over a column": (custom("planned", "addsUpOver", ["channel"]), False, True),
    "key": (custom("", "grain", ["platform", "month"]), True, True),
    "order of the key": (
        lambda s: custom("", "grain", [*reversed(_grain(s))])(s),
        False,
        False,
    ),
    "no twin": (custom("", "asOf", ""), False, False),
    "a twin": (custom("", "asOf", "marts.channel_pacing_as_of"), False, True),
    "a word more": (words("status", "late"), True, False),
    "a word less": (words("status", less=1), False, True),
    "no words": (lambda s: column(s, "status").pop("enum"), True, False),
    "NULL is allowed": (put("platform", required=False), True, False),
    "may repeat": (put("platform", unique=True), False, True),
    "a rule": (rule("select 1"), False, False),
    "description": (put("planned", description="in other words"), False, False),
    "order of columns": (ordered, False, False),
}
FOR_DELIVERERS = {
    "a column is gone": (without("agreed_on"), True, False),
    "a column is new": (with_new(), False, True),
    "a column that must be there": (with_new(required=True), True, True),
    "must be there": (put("agreed_on", required=True), True, False),
    "may be left out": (put("period_end", required=False), False, True),
    "scale": (put("target", physicalType="DECIMAL(18,2)"), True, True),
    "another spelling of a type": (put("target", physicalType="numeric(18, 4)"), False, False),
    "a word more": (words("metric", "gross_gmv"), False, True),
    "a word less": (words("metric", less=1), True, False),
    "any word": (lambda s: column(s, "metric").pop("enum"), False, True),
    "a higher minimum": (put("target", logicalTypeOptions={"minimum": 1}), True, False),
    "no minimum": (put("target", logicalTypeOptions={}), False, True),
    "default": (custom("shape", "default", "'seasonal'"), True, True),
    "known in a table": (custom("metric", "knownIn", "core.metric.metric"), True, False),
    "key": (custom("", "grain", ["partnership_id"]), True, True),
    "day": (custom("", "day", "period_end"), True, True),
    "a rule": (rule("select count(*) from partner_target where target > 10"), True, False),
    "description": (put("target", description="in other words"), False, False),
}


def _grain(schema: Document) -> list[str]:
    return next(one["value"] for one in schema["customProperties"] if one["property"] == "grain")


@pytest.mark.parametrize("case", FOR_READERS)
def test_what_breaks_readers(case: str) -> None:
    change, breaks, breaks_back = FOR_READERS[case]
    assert any(one.is_breaking for one in changed(TABLE, change)) == breaks
    assert any(one.is_breaking for one in undone(TABLE, change)) == breaks_back


@pytest.mark.parametrize("case", FOR_DELIVERERS)
def test_what_breaks_those_who_deliver(case: str) -> None:
    change, breaks, breaks_back = FOR_DELIVERERS[case]
    assert any(one.is_breaking for one in changed(DELIVERY, change)) == breaks
    assert any(one.is_breaking for one in undone(DELIVERY, change)) == breaks_back


@pytest.mark.parametrize("case", ["another spelling of a type", "order of the key", "order of columns"])
def test_what_is_no_change_at_all(case: str) -> None:
    assert changed(TABLE, FOR_READERS[case][0]) == []


def test_a_table_that_is_gone_breaks_and_a_new_one_does_not() -> None:
    two = {name: tree_contracts()[name] for name in (TABLE, "marts.coverage")}
    one = {TABLE: two[TABLE]}
    assert [str(found) for found in differences(two, one)] == ["BREAKS marts.coverage: is gone"]
    assert [str(found) for found in differences(one, two)] == ["ok     marts.coverage: is new"]


def test_words_of_a_list_are_compared_too() -> None:
    def change(schema: Document) -> None:
        column(schema, "flags")["items"]["enum"].append({"value": "brand_new"})

    assert [str(found) for found in changed("marts.cac_trend", change)] == [
        "BREAKS marts.cac_trend.flags: may hold brand_new now"
    ]


def test_a_word_gained_and_a_word_lost_are_both_told() -> None:
    found = changed(TABLE, words("status", "late", less=1))
    assert [one.is_breaking for one in found] == [True, False]


def test_contracts_of_one_version_promise_one_thing(tmp_path: Path) -> None:
    held = {TABLE: tree_contracts()[TABLE]}
    found = deepcopy(held)
    column(found[TABLE]["schema"][0], "planned")["physicalType"] = "DOUBLE"
    with pytest.raises(
        MendError, match=r"raise the version in pyproject\.toml.*\n  marts\.channel_pacing\.planned: was"
    ):
        refuse_if_broken(held, found, tmp_path)
    found[TABLE]["version"] = "99.0.0"
    refuse_if_broken(held, found, tmp_path)
    refuse_if_broken(held, {**held, "marts.coverage": tree_contracts()["marts.coverage"]}, tmp_path)


def test_a_folder_without_contracts_or_with_a_faulty_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MendError, match="has no contract"):
        read_contracts(tmp_path)
    (tmp_path / "one.odcs.yaml").write_text("id: one\n")
    with pytest.raises(MendError, match=r"one\.odcs\.yaml is no contract"):
        read_contracts(tmp_path)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("name: x\n", "is no contract: it has no id"),
        ("- 1\n", "holds no clauses"),
        ("id: [a\n", "cannot be read as YAML"),
        ("id: a.b\nid: a.c\n", "id is given twice, again in line 2"),
        ("id: a.b\nschema: {name: b}\n", "has no schema with an object"),
        ("id: a.b\nschema: [{name: b}]\n", "has a column without name or physicalType"),
        ("id: a.b\nschema: [{name: b, properties: [{name: c}]}]\n", "has a column without name or physicalType"),
        ("id: a.b\nschema: [{name: b, properties: [], quality: [{query: x}]}]\n", "has a rule without id"),
    ],
)
def test_each_file_that_cannot_be_compared_is_told_by_its_name(tmp_path: Path, text: str, fault: str) -> None:
    (tmp_path / "a.odcs.yaml").write_text(text)
    (tmp_path / "z.odcs.yaml").write_text("name: x\n")
    with pytest.raises(MendError) as found:
        read_contracts(tmp_path)
    first, second, last = str(found.value).splitlines()
    assert f"a.odcs.yaml {fault}" in first or (fault in first and first.startswith(str(tmp_path / "a.odcs.yaml")))
    assert second == f"{tmp_path / 'z.odcs.yaml'} is no contract: it has no id"
    assert last == "correct them, or take them out of the folder; nothing was compared"


def test_two_files_of_one_contract_are_told(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.odcs.yaml").write_text(text_of(tree_contracts()[TABLE]))
    with pytest.raises(MendError, match=rf"b\.odcs\.yaml has the id {TABLE} of another file of the folder; keep one"):
        read_contracts(tmp_path)


def test_a_contract_of_others_is_told_and_breaks_nothing(tmp_path: Path) -> None:
    (tmp_path / "shop.odcs.yaml").write_text("id: shop-a-orders\nschema: [{name: order_event, properties: []}]\n")
    (tmp_path / "ours.odcs.yaml").write_text(text_of(tree_contracts()[TABLE]))
    held = read_contracts(tmp_path)
    for before, after in ((held, {TABLE: held[TABLE]}), ({TABLE: held[TABLE]}, held)):
        (one,) = differences(before, after)
        assert str(one) == "ok     shop-a-orders: is no contract of this warehouse; not compared"
    assert [str(one) for one in differences(held, {"shop-a-orders": held["shop-a-orders"]}) if one.is_breaking] == [
        f"BREAKS {TABLE}: is gone"
    ]


def test_a_place_that_is_no_folder_is_told_as_that(tmp_path: Path) -> None:
    file = tmp_path / "one.odcs.yaml"
    file.write_text(text_of(tree_contracts()[TABLE]))
    with pytest.raises(MendError, match=r"one\.odcs\.yaml is a file: name a folder of contracts"):
        read_contracts(file)
    with pytest.raises(MendError, match=r"nowhere is not there: name a folder of contracts"):
        read_contracts(tmp_path / "nowhere")


def test_every_contract_that_is_written_is_ours() -> None:
    assert all(is_ours(document) for document in tree_contracts().values())
