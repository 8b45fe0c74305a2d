"""The page that tells a team what to deliver says what the contracts say, and the tables are theirs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from etl.config import ROOT, load_settings
from etl.contracts import AMOUNTS, CONTRACTS, PLATFORM_METRIC_DAILY, Column, Contract
from etl.errors import FileError
from etl.inbox.check import Limits, check
from etl.inbox.open import choose_contract
from etl.names import LONGEST
from etl.warehouse import memory, open_build
from tests.support.inbox_files import NOW

PAGE = ROOT / "docs" / "daily-data.md"
OWN_FORM = " (in files of the contract's own form)"


def must(column: Column) -> str:
    """What a file must say of a column, in a word."""
    if column.required:
        return "yes"
    return f"no; {column.default} without" if column.default != "null" else "no"


def allowed(column: Column) -> str:
    """What a value is held to."""
    rules = [f"at least {column.least}"] if column.least is not None else []
    rules += [", ".join(column.words)] if column.words else []
    rules += [f"known in {column.known_in}"] if column.known_in else []
    rules += [f"money on {column.money_on}"] if column.money_on else []
    rules += [f"at most {column.longest} bytes"] if column.longest != LONGEST else []
    return "; ".join(rules)


def described(contract: Contract) -> str:
    """The section of the page about a contract."""
    lines = [
        f"### {contract.name}",
        f"{contract.tells} One row per {', '.join(contract.grain)}.",
        "",
        "| column | type | must be there | meaning | allowed |",
        "|---|---|---|---|---|",
        *(f"| {c.name} | {c.type} | {must(c)} | {c.meaning} | {allowed(c)} |" for c in contract.columns),
        "",
        "Set aside is a row of which this is true: "
        + "; ".join(f"{rule.column or 'the row'} {rule.reason}{OWN_FORM * rule.own_form}" for rule in contract.rules)
        + ".",
    ]
    return "\n".join(lines)


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.name)
def test_the_page_says_what_the_contract_says(contract: Contract) -> None:
    assert described(contract) in PAGE.read_text(encoding="utf-8"), f"put there:\n{described(contract)}"


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.name)
def test_a_contract_can_be_told_by_its_columns_and_checked(contract: Contract) -> None:
    required = [column.name for column in contract.columns if column.required]
    assert choose_contract(required) == contract
    with pytest.raises(FileError, match="fits no contract"):
        choose_contract(required[:-1])
    fields = {name: (f"f{number}", "varchar") for number, name in enumerate(required)}
    known = {column.known_in: ["a"] for column in contract.columns}
    found = check(contract, fields, Limits(known=known, now=NOW, is_demo=False, bad_share=0.2))
    nothing = ", ".join(f"null::varchar as f{number}" for number in range(len(required)))
    rows = (
        memory()
        .execute(
            f"select {found.fault} from "
            f"(select *, {', '.join(found.values)} from (select null::varchar as broken, {nothing}))"
        )
        .fetchall()
    )
    assert found.faults[rows[0][0]].column == next(c.name for c in contract.columns if c.required)
    assert len(found.faults) < 256, "a fault is kept in one byte"


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.name)
def test_every_contract_can_be_asked_as_of_a_time(contract: Contract) -> None:
    con = memory()
    found = con.execute(f"describe from raw.{contract.name}_as_of(now())").fetchall()
    assert found == con.execute(f"describe from {contract.table}").fetchall()


def test_every_daily_figure_is_in_the_rules_of_what_a_row_must_have() -> None:
    rules = {rule.column: rule.breaks for rule in PLATFORM_METRIC_DAILY.rules if " is null" in rule.breaks}
    numbers = (*AMOUNTS, "bigint")
    figures = [column for column in PLATFORM_METRIC_DAILY.columns if column.type in numbers]
    assert re.findall(r"(\w+) is null", rules[""]) == [column.name for column in figures]
    [amounts] = re.findall(r"coalesce\((.*)\) is not null", rules["currency"])
    assert amounts.split(", ") == [c.name for c in figures if "in currency" in c.meaning]


def test_what_duckdb_may_hold_in_memory_is_a_size(tmp_path: Path) -> None:
    limit = "select value from duckdb_settings() where name = 'memory_limit'"
    with open_build(load_settings({"WAREHOUSE_HOME": str(tmp_path), "WAREHOUSE_MEMORY": "2GiB"})) as con:
        assert con.execute(limit).fetchall() == [("2.0 GiB",)]


def test_a_row_without_a_figure_breaks_only_the_own_form_of_its_contract() -> None:
    """An exporter that writes a dash in every cell says that nothing was measured."""
    fields = {name: (f"f{number}", "varchar") for number, name in enumerate(("platform", "date"))}
    known = {column.known_in: ["a"] for column in PLATFORM_METRIC_DAILY.columns}
    limits = Limits(known=known, now=NOW, is_demo=False, bad_share=0.2)
    row = "(select null::varchar as broken, 'a' as f0, '2025-01-01' as f1)"
    for own_form, reason in ((True, "has no figure at all; deliver one, or leave the row out"), (False, "is sound")):
        found = check(PLATFORM_METRIC_DAILY, fields, limits, own_form=own_form)
        sql = f"select {found.fault} from (select *, {', '.join(found.values)} from {row})"
        [(fault,)] = memory().execute(sql).fetchall()
        assert found.faults[fault].reason == reason
