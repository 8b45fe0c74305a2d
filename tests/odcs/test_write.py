"""Every published table and every kind of delivery has a contract that the standard's schema takes."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from etl.contracts import CONTRACTS
from etl.errors import MendError
from etl.measures import measures, tables
from etl.odcs.compare import read_contracts
from etl.odcs.types import described, same_type
from etl.odcs.write import MAY_BE_EMPTY, text_of, write_contracts
from etl.publish.files import PERSONAL
from tests.support.contracts_made import tree_contracts
from tests.support.models import project_models

SCHEMA = Path(__file__).parent.parent / "data" / "odcs" / "odcs-3.2.0.schema.json"
VALIDATOR = jsonschema.Draft201909Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))


def column(table: str, name: str) -> dict[str, Any]:
    """A column of a contract of this tree."""
    return next(one for one in tree_contracts()[table]["schema"][0]["properties"] if one["name"] == name)


def custom(element: dict[str, Any]) -> dict[str, Any]:
    return {one["property"]: one["value"] for one in element.get("customProperties", ())}


def faults(document: dict[str, Any]) -> list[str]:
    return [f"{error.json_path}: {error.message[:200]}" for error in VALIDATOR.iter_errors(document)]


def test_the_schema_of_the_standard_takes_every_contract() -> None:
    assert {name: found for name, document in tree_contracts().items() if (found := faults(document))} == {}


def test_the_schema_of_the_standard_refuses_a_fault() -> None:
    wrong = deepcopy(tree_contracts()["marts.cac_trend"])
    wrong["schema"][0]["properties"][0]["logicalType"] = "text"
    assert faults(wrong)


def test_every_published_table_and_every_kind_of_delivery_has_one() -> None:
    made = {m.name for m in project_models() if not m.is_macro and not {c.name for c in m.columns} & set(PERSONAL)}
    found = tree_contracts().keys()
    assert made <= found
    assert {"audit.load", "meta.publication", "core.fx_rate"} <= found
    assert {f"delivery.{one.name}" for one in CONTRACTS} <= found
    assert not {name for name in found if name.startswith("raw.")}
    assert "core.order_event" not in found, "a row of it is an order, which readers do not have"


def test_a_number_has_type_unit_interval_and_the_comment_of_its_column() -> None:
    cac = column("marts.cac_trend", "cac")
    assert (cac["logicalType"], cac["physicalType"]) == ("number", "DOUBLE")
    assert custom(cac) == {"unit": "currency per buyer", "low": "cac_low", "high": "cac_high"}
    assert custom(column("marts.cac_trend", "cac_low")) == {"unit": "currency per buyer", "boundOf": "cac"}
    assert cac["description"] == "acquisition cost, currency per buyer; empty where validity is a null reason"
    assert column("marts.cac_trend", "spend")["physicalType"] == "DECIMAL(28,6)"


def test_every_number_that_has_a_unit_says_it() -> None:
    for table in tables():
        names = [one["name"] for one in tree_contracts()[table]["schema"][0]["properties"]]
        told = {name: custom(column(table, name)).get("unit") for name in measures(table, names)}
        assert told == {name: one.unit for name, one in measures(table, names).items()}, table


def test_words_of_the_vocabulary_are_enumerations_with_their_meaning() -> None:
    words = {one["value"]: one["description"] for one in column("marts.cac_trend", "validity")["enum"]}
    assert words["ok"] == "rounding is at most 5 % of the denominator"
    assert "missing_spend" in words
    assert "scope_mismatch" not in words, "that is a flag"
    flags = column("marts.cac_trend", "flags")
    assert "enum" not in flags
    assert "scope_mismatch" in {one["value"] for one in flags["items"]["enum"]}
    assert "cac_net_12m" in {one["value"] for one in column("marts.cac_trend", "definition")["enum"]}


def test_a_column_whose_suite_lists_no_words_has_no_enumeration() -> None:
    assert "enum" not in column("marts.cac_trend", "platform")


def test_the_key_is_primary_where_no_part_of_it_may_be_empty() -> None:
    key = ("platform", "scope", "definition", "period_end")
    assert [column("marts.cac_trend", name)["primaryKeyPosition"] for name in key] == [1, 2, 3, 4]
    for table, names in MAY_BE_EMPTY.items():
        schema = tree_contracts()[table]["schema"][0]
        assert names <= set(custom(schema)["grain"])
        assert not any(one.get("primaryKey") for one in schema["properties"]), table
        rules = {rule["id"] for rule in schema["quality"]}
        assert any(rule.startswith(("key_is_unique", "one_row_a_figure")) for rule in rules), table


def test_rules_of_a_suite_count_rows_at_fault() -> None:
    rules = {rule["id"]: rule for rule in tree_contracts()["marts.cac_trend"]["schema"][0]["quality"]}
    assert rules["low_value_high"]["type"] == "sql"
    assert "from marts.cac_trend as t where t.cac_low > t.cac" in rules["low_value_high"]["query"]
    assert rules["low_value_high"]["mustBe"] == 0
    assert rules["has_a_valid_headline"]["severity"] == "warning"
    assert rules["row_count_is_plausible"]["mustBeGreaterOrEqualTo"] == 1


def test_a_check_against_tables_that_readers_do_not_have_is_a_text() -> None:
    rules = {rule["id"]: rule for rule in tree_contracts()["core.due_latest"]["schema"][0]["quality"]}
    assert rules["due_by_the_day_of_the_refresh"]["type"] == "text"
    assert "raw.refresh_day: not published" in rules["due_by_the_day_of_the_refresh"]["description"]


def test_a_twin_is_named_where_there_is_one() -> None:
    assert custom(tree_contracts()["marts.cac_trend"]["schema"][0])["asOf"] == "marts.cac_trend_as_of"
    assert "asOf" not in custom(tree_contracts()["marts.restatement"]["schema"][0])


def test_files_are_the_same_twice_and_read_back_equal(tmp_path: Path) -> None:
    documents = {name: tree_contracts()[name] for name in ("marts.cac_trend", "delivery.order_event")}
    assert write_contracts(tmp_path / "out", documents) == 2
    first = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    write_contracts(tmp_path / "out", documents)
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == first
    assert read_contracts(tmp_path / "out") == documents
    assert yaml.safe_load(text_of(documents["marts.cac_trend"])) == documents["marts.cac_trend"]


def test_a_contract_that_is_no_more_is_removed_and_nothing_else_is(tmp_path: Path) -> None:
    documents = {name: tree_contracts()[name] for name in ("marts.cac_trend", "marts.coverage")}
    write_contracts(tmp_path, documents)
    write_contracts(tmp_path, {"marts.cac_trend": documents["marts.cac_trend"]})
    assert [path.name for path in tmp_path.iterdir()] == ["marts.cac_trend.odcs.yaml"]
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(MendError, match=r"holds notes\.txt, which is no contract"):
        write_contracts(tmp_path, documents)
    assert (tmp_path / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("decimal( 28 , 4)", "DECIMAL(28,4)"),
        ("numeric(10)", "DECIMAL(10,0)"),
        ("int8", "bigint"),
        ("TEXT", "varchar"),
        ("hugeint", "INT128"),
        ("struct(a int, b text)[]", "STRUCT(a INTEGER, b VARCHAR)[]"),
        ("datetime", "timestamp"),
    ],
)
def test_another_spelling_is_the_same_type(text: str, same: str) -> None:
    assert same_type(text) == same_type(same)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("DECIMAL(28,4)", "DECIMAL(28,6)"),
        ("DECIMAL(28,4)", "DECIMAL(18,4)"),
        ("DECIMAL(28,4)", "DOUBLE"),
        ("TIMESTAMP", "TIMESTAMPTZ"),
        ("VARCHAR", "VARCHAR[]"),
        ("STRUCT(a INT)", "STRUCT(b INT)"),
        ("BIGINT", "INTEGER"),
    ],
)
def test_another_type_is_not(one: str, other: str) -> None:
    assert same_type(one) != same_type(other)


def test_nested_types_are_described_to_the_end() -> None:
    found = described("STRUCT(number BIGINT, expected DOUBLE)[]")
    assert found["items"]["logicalType"] == "object"
    assert [(one["name"], one["physicalType"]) for one in found["items"]["properties"]] == [
        ("number", "BIGINT"),
        ("expected", "DOUBLE"),
    ]
    assert described("MAP(VARCHAR, HUGEINT)")["map"]["value"]["physicalType"] == "HUGEINT"
