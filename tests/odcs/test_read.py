"""A delivery contract of others: what it becomes, and which of its clauses are refused with what to write instead."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from etl.config import load_settings
from etl.contracts import CONTRACTS, ORDER_EVENT, Column, Contract, Rule
from etl.errors import FileError, MendError
from etl.names import LONGEST
from etl.odcs.accept import accept_contract
from etl.odcs.read import delivery_profile, read_delivery, read_document
from etl.odcs.types import LATEST, Document
from etl.odcs.write import delivery_contracts, text_of
from etl.warehouse import create_database

SHOP: Document = {
    "apiVersion": "v3.1.0",
    "kind": "DataContract",
    "id": "shop-a-orders",
    "version": "1.2.0",
    "status": "active",
    "team": {"name": "Shop A"},
    "schema": [
        {
            "name": "order_event",
            "properties": [
                {"name": "event_id", "physicalName": "Order no", "required": True},
                {"name": "event_time", "physicalName": "Placed", "logicalType": "timestamp"},
                {"name": "platform", "customProperties": [{"property": "constant", "value": "pdd"}]},
                {"name": "amount", "physicalName": "Total", "physicalType": "numeric( 18 , 4 )"},
                {"name": "currency", "enum": [{"value": "EUR"}]},
                {"name": "status", "enum": [{"value": "placed"}, {"value": "cancelled"}]},
            ],
        }
    ],
}
Change = Callable[[Document], Any]


def with_change(change: Change) -> Document:
    document = deepcopy(SHOP)
    change(document)
    return document


def schema(document: Document) -> Document:
    found: Document = document["schema"][0]
    return found


def put(column_name: str, **clauses: Any) -> Change:
    """Give a column these clauses; `options` are logicalTypeOptions."""

    def change(document: Document) -> None:
        column = next(one for one in schema(document)["properties"] if one["name"] == column_name)
        column.update(clauses)

    return change


def asked(**options: Any) -> dict[str, Any]:
    return {"logicalTypeOptions": options}


def rule(**clauses: Any) -> Change:
    return lambda document: schema(document).update(quality=[clauses])


def refused(document: Document) -> str:
    with pytest.raises(FileError, match="has no meaning here") as found:
        read_delivery(document)
    return str(found.value).removeprefix("asks for what has no meaning here: ")


# Our own contracts


def written_back(document: Document) -> Contract:
    """A contract from its clauses alone, so that none of them is missing in the file."""
    file = document["schema"][0]
    of_file = {one["property"]: one["value"] for one in file["customProperties"]}
    columns, rules = [], []
    for one in file["properties"]:
        own = {each["property"]: each["value"] for each in one.get("customProperties", ())}
        columns.append(
            Column(
                name=one["name"],
                type=one["physicalType"].lower(),
                meaning=one["description"],
                required=one.get("required", False),
                default=own.get("default", "null"),
                least=one.get("logicalTypeOptions", {}).get("minimum"),
                words=tuple(word["value"] for word in one.get("enum", ())),
                known_in=own.get("knownIn", ""),
                money_on=own.get("moneyOn", ""),
                personal=one.get("classification") == "personal",
                also=tuple(each["synonym"] for each in one.get("synonyms", ())),
                kept=own.get("kept", "$value"),
                longest=own.get("longestBytes", LONGEST),
            )
        )
    for one in file["quality"]:
        own = {each["property"]: each["value"] for each in one["customProperties"]}
        breaks = one["query"].removeprefix(f"select count(*) from {file['name']} where ")
        for latest in LATEST.values():
            breaks = breaks.replace(latest, "$latest")
        rules.append(Rule(breaks, own.get("column", ""), own["reason"], own_form=own.get("ownForm", False)))
    return Contract(
        name=file["name"],
        tells=file["description"],
        grain=tuple(of_file["grain"]),
        day=of_file["day"],
        columns=tuple(columns),
        rules=tuple(rules),
        loose=of_file.get("looseKey", ""),
        brings=of_file["brings"],
    )


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.name)
def test_our_own_contracts_are_read_back_equal(contract: Contract) -> None:
    document = delivery_contracts()[f"delivery.{contract.name}"]
    assert read_delivery(document).contract == contract
    assert written_back(document) == contract


# What others may ask for


def test_a_contract_keeps_what_the_warehouse_asks_for() -> None:
    form = read_delivery(SHOP)
    assert form.names == {
        "event_id": "Order no",
        "event_time": "Placed",
        "amount": "Total",
        "currency": "currency",
        "status": "status",
    }
    assert form.constants == {"platform": "pdd"}
    currency, status = (form.contract.column(name) for name in ("currency", "status"))
    assert currency == replace(ORDER_EVENT.column("currency"), words=("EUR",))
    assert status.words == ("placed", "cancelled")
    assert form.contract.rules == ORDER_EVENT.rules
    assert form.contract.column("coupon") == ORDER_EVENT.column("coupon")


@pytest.mark.parametrize(
    ("change", "breaks", "column"),
    [
        (put("amount", **asked(maximum=1000)), "amount > 1000", "amount"),
        (put("amount", **asked(exclusiveMinimum=0)), "amount <= 0", "amount"),
        (put("amount", **asked(multipleOf=5)), "amount % 5 <> 0", "amount"),
        (put("event_time", **asked(minimum="2020-01-01")), "event_time < timestamp '2020-01-01'", "event_time"),
        (put("event_id", **asked(maxLength=5)), "length(event_id) > 5", "event_id"),
        (
            put("event_id", **asked(pattern="^A[0-9]+$")),
            "not regexp_full_match(event_id, '^A[0-9]+$')",
            "event_id",
        ),
        (
            rule(
                type="sql", query="select count(*) from order_event where amount > 10", mustBe=0, description="too much"
            ),
            "amount > 10",
            "",
        ),
    ],
)
def test_narrower_values_are_further_rules(change: Change, breaks: str, column: str) -> None:
    contract = read_delivery(with_change(change)).contract
    (further,) = contract.rules[len(ORDER_EVENT.rules) :]
    assert (further.breaks, further.column) == (breaks, column)


def test_what_the_standard_says_of_a_column_is_what_the_inbox_holds() -> None:
    least = read_delivery(with_change(put("amount", **asked(minimum=1)))).contract.column("amount")
    assert least.least == 1
    never = with_change(put("amount", quality=[{"metric": "nullValues", "mustBe": 0}]))
    assert read_delivery(never).contract.column("amount").required
    form = read_delivery(
        with_change(put("event_time", **asked(format="dd.MM.yyyy HH:mm", defaultTimezone="Asia/Tokyo")))
    )
    assert (form.times, form.zone) == (("%d.%m.%Y %H:%M",), "Asia/Tokyo")


# What is refused


@pytest.mark.parametrize(
    ("change", "path", "instead"),
    [
        (lambda d: d.update(apiVersion="v2.2.2"), "apiVersion: is 'v2.2.2'", "write a contract of version 3"),
        (lambda d: d.update(kind="DataProduct"), "kind: is 'DataProduct'", "write DataContract"),
        (lambda d: d["schema"].append({}), "schema: must have one object", "write a contract for each kind"),
        (lambda d: d.update(slaProperties=[{"property": "latency"}]), "slaProperties: nothing here", "leave it out"),
        (lambda d: d.update(sla=1), "sla: is no clause", "correct its name"),
        (
            lambda d: schema(d).update(name="orders"),
            "schema[0].name: is 'orders'",
            "write one of platform_",
        ),
        (lambda d: schema(d).update(relationships=[{"to": "a.b"}]), "schema[0].relationships: which table", "as enum"),
        (
            lambda d: schema(d).update(customProperties=[{"property": "grain", "value": ["event_id"]}]),
            "schema[0].customProperties.grain: is platform, event_id for order_event",
            "leave it out",
        ),
        (
            put("event_id", name="number"),
            "schema[0].properties[0].name: 'number' is no column",
            "write one of event_id",
        ),
        (put("event_id", name="coupon"), "schema[0].properties: event_id is missing", "customProperty `constant`"),
        (
            put("event_id", primaryKey=True),
            "schema[0].properties.primaryKey: the key of order_event is",
            "leave it out",
        ),
        (put("event_id", unique=True), "schema[0].properties[0].unique: one row a key", "leave it out"),
        (put("event_id", required=False), "schema[0].properties[0].required: order_event is not", "write true"),
        (put("event_id", encryptedName="x"), "schema[0].properties[0].encryptedName: values", "leave it out"),
        (put("event_id", transformLogic="x"), "schema[0].properties[0].transformLogic: it is not run", "profile"),
        (put("event_id", physicalType="VARCHAR(20)"), "schema[0].properties[0].physicalType: VARCHAR(", "maxLength"),
        (
            put("amount", physicalType="DECIMAL(10,1)"),
            "schema[0].properties[3].physicalType: amount is",
            "DECIMAL(18,4)",
        ),
        (
            put("amount", logicalType="integer"),
            "schema[0].properties[3].logicalType: amount is a number",
            "write number",
        ),
        (
            put("amount", **asked(minimum=-1)),
            "schema[0].properties[3].logicalTypeOptions.minimum: amount",
            "write 0 or",
        ),
        (put("amount", **asked(pattern="^1$")), "schema[0].properties[3].logicalTypeOptions.pattern:", "type sql"),
        (put("event_id", **asked(pattern="A1")), "schema[0].properties[0].logicalTypeOptions.pattern:", "type sql"),
        (put("event_id", **asked(pattern="^(?!A)$")), "schema[0].properties[0].logicalTypeOptions.pattern:", "sql"),
        (
            put("event_time", **asked(defaultTimezone="CEST")),
            "logicalTypeOptions.defaultTimezone: 'CEST'",
            "Europe/Berlin",
        ),
        (put("event_time", **asked(format="EEE d")), "logicalTypeOptions.format: 'EEE d' is not read", "ISO 8601"),
        (
            put("status", enum=[{"value": "shipped"}]),
            "schema[0].properties[5].enum: shipped has no meaning",
            "write of",
        ),
        (put("amount", enum=[{"value": 1}]), "schema[0].properties[3].enum: amount holds no words", "minimum"),
        (
            put("currency", customProperties=[{"property": "moneyOn", "value": "date"}]),
            "schema[0].properties[4].customProperties.moneyOn: is the warehouse's to say",
            "write event_time",
        ),
        *(
            (put(column, **asked(**options)), f".logicalTypeOptions.{name}: {why}", instead)
            for column, options, name, why, instead in (
                ("amount", {"maximum": float("nan")}, "maximum", "nan is no number", "write a number"),
                ("amount", {"minimum": float("-inf")}, "minimum", "-inf is no number", "write a number"),
                (
                    "amount",
                    {"exclusiveMaximum": float("inf")},
                    "exclusiveMaximum",
                    "inf is no number",
                    "write a number",
                ),
                ("amount", {"minimum": True}, "minimum", "True is no number", "write a number"),
                ("amount", {"maximum": 10**38 - 1}, "maximum", "9999", "write a number below 1000000000000000000"),
                ("amount", {"minimum": 5, "maximum": 4}, "maximum", "no value is both", "write more than 5"),
                ("amount", {"minimum": 5.5, "exclusiveMaximum": 5.5}, "exclusiveMaximum", "no value", "more than 5.5"),
                ("amount", {"maximum": -1}, "maximum", "no value is both at most -1 and at least 0", "more than 0"),
                (
                    "event_time",
                    {"minimum": "2026-02-01", "maximum": "2026-01-01"},
                    "maximum",
                    "no value",
                    "more than 2026-02",
                ),
                ("event_id", {"minLength": 9, "maxLength": 8}, "maxLength", "no value is both", "write more than 9"),
                ("event_id", {"maxLength": 0}, "maxLength", "0 is no number of characters", "whole number above 0"),
                ("event_id", {"minLength": -1}, "minLength", "-1 is no number of characters", "whole number above 0"),
                ("amount", {"multipleOf": 0}, "multipleOf", "nothing is a multiple of 0", "write a number above 0"),
                ("amount", {"multipleOf": -0.5}, "multipleOf", "nothing is a multiple of -0.5", "a number above 0"),
            )
        ),
        *(
            (put(column, customProperties=[{"property": "constant", "value": value}]), f".constant: {why}", instead)
            for column, value, why, instead in (
                ("platform", ["pdd"], "['pdd'] is no single value", "write one word"),
                ("platform", {"a": 1}, "{'a': 1} is no single value", "write one word"),
                ("platform", None, "None is no single value", "write one word"),
                ("platform", " ", "' ' is no varchar", "write a value of platform"),
                ("amount", float("nan"), "nan is no decimal", "write a value of amount"),
                ("event_time", "soon", "'soon' is no timestamp", "write a value of event_time"),
                ("status", "shipped", "shipped has no meaning", "write one of placed"),
                ("currency", "RMB", "'RMB' is no currency", "ISO 4217"),
            )
        ),
        (put("status", enum=[]), "schema[0].properties[5].enum: takes no word", "list the words"),
        (
            put("currency", customProperties=[{"property": "constant", "value": "CNY"}]),
            "schema[0].properties[4].enum: does not take the constant 'CNY'",
            "write it among the words",
        ),
        (
            put("status", quality=[{"metric": "invalidValues", "mustBe": 0, "arguments": {"validValues": []}}]),
            "schema[0].properties[5].quality[0].arguments.validValues: takes no word",
            "list the words",
        ),
        (
            put("status", physicalName="TOTAL"),
            "schema[0].properties[5].physicalName: 'TOTAL' is the column of amount already",
            "the customProperty `constant`",
        ),
        (
            lambda d: schema(d)["properties"].append({"name": "amount", "physicalName": "Sum"}),
            "schema[0].properties[6].name: amount is described before",
            "keep one of them",
        ),
        (lambda d: d.update(status="retired"), "status: is 'retired'", "take the contract that follows it"),
        (lambda d: d.update(status="deprecated"), "status: is 'deprecated'", "or write active"),
        (rule(type="custom", engine="soda"), "schema[0].quality[0]: rules of type custom", "type sql"),
        (rule(metric="rowCount", mustBeGreaterThan=1), "schema[0].quality[0]: a row at fault", "mustBe: 0"),
        (rule(metric="rowCount", mustBe=0), "schema[0].quality[0]: rowCount is not held", "for each row"),
        (
            rule(type="sql", query="select max(amount) from order_event", mustBe=0),
            "schema[0].quality[0].query: is no condition",
            "select count(*) from order_event where",
        ),
        (
            rule(type="sql", query="select count(*) from order_event where price > 1", mustBe=0),
            "schema[0].quality[0].query: names price",
            "columns of the row",
        ),
        (
            rule(type="sql", query="select count(*) from order_event where getenv('HOME') <> ''", mustBe=0),
            "schema[0].quality[0].query: uses the function getenv",
            "columns of the row",
        ),
        (
            rule(type="sql", query="select count(*) from order_event where exists (select 1)", mustBe=0),
            "schema[0].quality[0].query: uses",
            "columns of the row",
        ),
    ],
)
def test_a_clause_without_a_meaning_is_refused(change: Change, path: str, instead: str) -> None:
    told = refused(with_change(change))
    assert path in told
    assert instead in told.split(path, 1)[1]


def test_every_refused_clause_is_told_at_once() -> None:
    def change(document: Document) -> None:
        document["slaProperties"] = [{"property": "latency"}]
        put("amount", logicalType="integer")(document)
        put("event_id", unique=True)(document)

    assert [part.partition(":")[0] for part in refused(with_change(change)).split("; ")[::2]] == [
        "slaProperties",
        "schema[0].properties[0].unique",
        "schema[0].properties[3].logicalType",
    ]


@pytest.mark.parametrize("clause", ["support", "price", "team", "roles", "tags", "servers", "description"])
def test_what_only_describes_is_read_over(clause: str) -> None:
    assert read_delivery(with_change(lambda d: d.update({clause: [{"any": "thing"}]}))) == read_delivery(SHOP)


def test_what_is_not_of_the_form_of_the_standard_is_refused() -> None:
    with pytest.raises(FileError, match="is not of the form of the standard"):
        read_delivery(with_change(put("status", enum=["placed"])))


def test_persons_in_two_columns_cannot_be_hidden_by_a_profile() -> None:
    with pytest.raises(FileError, match="names persons in two columns"):
        delivery_profile("aliases", delivery_contracts()["delivery.buyer_alias"])


# Taking one into the home


def test_a_contract_is_taken_once_under_a_name_of_its_own(tmp_path: Path) -> None:
    settings = load_settings({"WAREHOUSE_HOME": str(tmp_path / "home")})
    file = tmp_path / "Orders.odcs.yaml"
    file.write_text(text_of(SHOP))
    with pytest.raises(MendError, match="is no name of a contract"):
        accept_contract(settings, file)
    told = accept_contract(settings, file, "shop_a")
    assert told[1:3] == ["a file must have Order no, Placed, Total, currency, status", "platform is always 'pdd'"]
    kept = settings.home / "profiles" / "shop_a.odcs.yaml"
    assert kept.read_bytes() == file.read_bytes()
    with pytest.raises(MendError, match="has that name"):
        accept_contract(settings, file, "shop_a")
    with pytest.raises(MendError, match=r"google_ads\.yaml has that name"):
        accept_contract(settings, file, "google_ads", replace=True)
    file.write_text(text_of(with_change(put("event_id", unique=True))))
    with pytest.raises(MendError, match=r"properties\[0\]\.unique: one row a key"):
        accept_contract(settings, file, "shop_a", replace=True)
    assert "unique" not in kept.read_text(), "the contract of before stays"


def test_a_clause_that_is_given_twice_is_refused_and_no_half_is_taken(tmp_path: Path) -> None:
    file = tmp_path / "shop.odcs.yaml"
    file.write_text(text_of(SHOP) + "status: draft\n")
    with pytest.raises(FileError, match=r"status is given twice, again in line \d+; keep one"):
        read_document(file)
    file.write_text("schema:\n- properties:\n  - name: a\n    enum: [b]\n    enum: [c]\n")
    with pytest.raises(FileError, match=r"schema\[0\]\.properties\[0\]\.enum is given twice, again in line 5"):
        read_document(file)
    file.write_text("a: &a {b: 1}\nc: {<<: *a, b: 2}\n")
    assert read_document(file) == {"a": {"b": 1}, "c": {"b": 2}}, "what is merged in is no repetition"


@pytest.mark.parametrize(("platform", "is_known"), [("pdd", True), ("nobody", False)])
def test_a_constant_that_the_snapshot_does_not_know_is_told(tmp_path: Path, platform: str, *, is_known: bool) -> None:
    settings = load_settings({"WAREHOUSE_HOME": str(tmp_path / "home")})
    file = tmp_path / "shop.odcs.yaml"
    constant = [{"property": "constant", "value": platform}]
    file.write_text(text_of(with_change(put("platform", customProperties=constant))))
    told = accept_contract(settings, file, "before")
    assert f"note: no snapshot is published yet, so platform '{platform}' was not looked up" in told
    con = create_database(settings.serving_db)
    con.execute("create schema core")
    con.execute("create table core.platform as select 'pdd' as platform")
    con.close()
    notes = [one for one in accept_contract(settings, file, "shop_a") if one.startswith("note: ")]
    assert len(notes) == (not is_known)
    assert is_known or "core.platform does not know platform 'nobody', so every row would go to quarantine" in notes[0]


def test_a_small_number_is_compared_as_a_decimal() -> None:
    rules = read_delivery(with_change(put("amount", **asked(multipleOf=0.00001)))).contract.rules
    assert rules[-1].breaks == "amount % 0.00001 <> 0"
