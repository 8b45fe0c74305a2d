"""datacontract-cli, which others check contracts with, finds every published table as its contract says it.

Its test opens the snapshot and counts: columns and their types, keys, empty values, words, and every rule of a suite.
It takes any number for any other (a DOUBLE where DECIMAL(28,4) is written), so what a type is exactly is held by our
own comparison, in the last test here.
"""

from __future__ import annotations

import logging
from collections import Counter
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from etl.odcs.compare import differences
from etl.odcs.release import contracts_of
from etl.odcs.types import Document
from etl.odcs.write import text_of
from etl.warehouse import Connection, tables_of
from tests.support.contracts_made import tree_contracts
from tests.support.publishing import publish_reference

pytestmark = pytest.mark.slow
cli = pytest.importorskip("datacontract.data_contract", reason="datacontract-cli is not installed: make env-dev")


@pytest.fixture(scope="module")
def contracts(warehouse: Connection, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Document]:
    """The contracts of a published snapshot of the reference data."""
    return contracts_of(publish_reference(warehouse, tmp_path_factory.mktemp("odcs")))


def by_schema(contracts: dict[str, Document]) -> dict[str, Document]:
    """One contract for all tables of a schema of the database, and one for what is delivered: each is read once."""
    found: dict[str, Document] = {}
    for name, document in contracts.items():
        schema = name.partition(".")[0]
        found.setdefault(schema, deepcopy(document) | {"schema": []})["schema"] += document["schema"]
    return found


def run_of(document: Document, folder: Path) -> Any:
    """What datacontract-cli finds out about a contract."""
    path = folder / "one.odcs.yaml"
    path.write_text(text_of(document), encoding="utf-8")
    logging.getLogger("datacontract").setLevel(logging.CRITICAL)
    return cli.DataContract(data_contract_file=str(path)).test()


def test_its_test_passes_for_every_published_table(contracts: dict[str, Document], tmp_path: Path) -> None:
    counted: Counter[str] = Counter()
    tables: set[str] = set()
    for schema, document in by_schema(contracts).items():
        if schema == "delivery":
            continue
        run = run_of(document, tmp_path)
        wrong = [(one.model, one.name, one.reason) for one in run.checks if one.result != "passed"]
        assert not wrong, schema
        tables |= {f"{schema}.{one.model}" for one in run.checks}
        counted.update(one.type for one in run.checks)
    published = {name for name in contracts if not name.startswith("delivery.")}
    assert tables == published
    columns = sum(len(contracts[name]["schema"][0]["properties"]) for name in published)
    assert counted["field_is_present"] >= columns
    assert counted["model_quality_sql"] > 300
    assert counted["field_enum"] > 90


def test_its_lint_takes_what_is_delivered(contracts: dict[str, Document], tmp_path: Path) -> None:
    """Of the tables its test says the same: it begins with the lint."""
    path = tmp_path / "delivery.odcs.yaml"
    path.write_text(text_of(by_schema(contracts)["delivery"]), encoding="utf-8")
    assert cli.DataContract(data_contract_file=str(path)).lint().result == "passed"
    wrong = text_of(by_schema(contracts)["delivery"]).replace("logicalType: boolean", "logicalType: flag")
    path.write_text(wrong, encoding="utf-8")
    assert cli.DataContract(data_contract_file=str(path)).lint().result == "failed"


def test_it_finds_a_fault(contracts: dict[str, Document], tmp_path: Path) -> None:
    wrong = deepcopy(contracts["marts.cac_trend"])
    found = {one["name"]: one for one in wrong["schema"][0]["properties"]}
    found["validity"]["enum"] = [{"value": "ok"}]
    found["cac"]["required"] = True
    failed = {(one.field, one.type) for one in run_of(wrong, tmp_path).checks if one.result == "failed"}
    assert failed == {("validity", "field_enum"), ("cac", "field_required")}


def test_a_snapshot_has_the_contracts_of_the_tree(contracts: dict[str, Document]) -> None:
    assert differences(tree_contracts(), contracts) == []
    assert {*tables_of("audit"), *tables_of("meta")} <= contracts.keys()


def test_a_type_that_it_takes_is_a_difference_here(contracts: dict[str, Document], tmp_path: Path) -> None:
    """The reason for a comparison of our own."""
    wrong = deepcopy(contracts["marts.cac_trend"])
    changed = {"cac": "DECIMAL(28,4)", "spend": "DOUBLE", "net_adds": "DECIMAL(28,4)"}
    for one in wrong["schema"][0]["properties"]:
        one["physicalType"] = changed.get(one["name"], one["physicalType"])
    assert run_of(wrong, tmp_path).result == "passed"
    found = differences({"marts.cac_trend": wrong}, {"marts.cac_trend": contracts["marts.cac_trend"]})
    assert {one.column: one.says for one in found if one.is_breaking} == {
        "cac": "was DECIMAL(28,4) and is DOUBLE",
        "net_adds": "was DECIMAL(28,4) and is DECIMAL(28,6)",
        "spend": "was DOUBLE and is DECIMAL(28,6)",
    }
