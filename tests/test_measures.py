"""Every number of every mart has a unit, and only what can be added up says so."""

from __future__ import annotations

import pytest

from etl.measures import Measure, main_number, measures, tables
from tests.support.models import project_models

NUMBERS = ("decimal", "double", "bigint", "integer", "hugeint", "smallint", "float")
MODELS = {model.name: model for model in project_models()}


@pytest.mark.parametrize("name", sorted(name for name in MODELS if name.startswith("marts.")))
def test_each_number_of_a_mart_is_named_once_as_a_number_or_as_a_bound(name: str) -> None:
    columns = [column.name for column in MODELS[name].columns]
    numbers = {column.name for column in MODELS[name].columns if column.type.lower().startswith(NUMBERS)}
    numbers -= {column.name for column in MODELS[name].columns if column.type.endswith("[]")}
    found = [column for one in measures(name, columns).values() for column in (one.column, one.low, one.high) if column]
    assert sorted(found) == sorted(numbers)


@pytest.mark.parametrize("name", sorted(tables()))
def test_units_and_sums_name_columns_that_are_there(name: str) -> None:
    columns = {column.name for column in MODELS[name].columns}
    for one in measures(name, columns).values():
        assert set(one.over) <= columns
        words = {word for word in ("currency", "unit", "metric") if word in one.unit.split()}
        assert words <= columns, f"{one.column}: {one.unit}"
    assert not main_number(name) or main_number(name) in measures(name, columns)


@pytest.mark.parametrize("name", sorted(tables()))
def test_no_cost_ratio_share_or_index_is_added_up(name: str) -> None:
    columns = {column.name for column in MODELS[name].columns}
    for one in measures(name, columns).values():
        if not {"per", "ratio", "share", "percent", "base", "logarithm", "rank", "days"}.isdisjoint(one.unit.split()):
            assert not one.over, one.column


def test_a_unit_is_written_with_what_the_row_says() -> None:
    cost = Measure("cac", "currency per buyer")
    assert cost.unit_in({"currency": "CNY"}) == "CNY per buyer"
    assert cost.unit_in({"currency": None}) == ""
    rate = Measure("average_rate", "currency for one of own_currency")
    assert rate.unit_in({"currency": "USD", "own_currency": "CNY"}) == "USD for one of CNY"
    planned = Measure("planned", "metric")
    assert planned.unit_in({"metric": "new_buyers", "currency": None}) == "persons"
    assert planned.unit_in({"metric": "marketing_spend", "currency": "EUR"}) == "EUR"
