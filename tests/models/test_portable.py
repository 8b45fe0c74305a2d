"""Each rule of portable SQL can fail, names its fix, and lets pass what it asks for."""

from __future__ import annotations

from pathlib import Path

import pytest

from etl.config import ROOT
from etl.errors import MendError
from etl.models.graph import load_models
from etl.models.portable import unportable
from etl.models.tree import parse

MODEL = """-- A thing.
-- grain: day
-- portable: yes
select
    {}::date as day -- day
from core.order_event as e
"""


def found(text: str) -> list[str]:
    query = text if text.startswith("select") else f"select {text} from core.t as t"
    return list(unportable(parse(query)))


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("(a / b)::decimal(18,4)", "a ratio stays DOUBLE"),  # 1
        ("round(a / b, 2)::decimal(18,4)", "a ratio stays DOUBLE"),
        ("avg(a)", "exact sum over a count"),  # 2
        ("date_diff('month', a, b)", "year * 12 + month"),  # 3
        ("(a + interval 3 month)", "cast it back to DATE"),
        ("cast(a + interval 1 quarter as date)", "three months"),
        ("date_trunc('month', a)", "cast it back to DATE"),
        (
            "sum(a) over (order by d range between interval 3 month preceding and current row)",
            "year * 4 + quarter",
        ),  # 4
        ("select * from core.t as t asof join core.u as u on t.a >= u.a", "range join"),  # 5
        ("row_number() over (partition by a)", "order the window"),  # 6
        ("lag(a) over (partition by a)", "order the window"),
        ("first(a)", "row_number()"),
        ("any_value(a)", "row_number()"),
        ("arg_min(a, b)", "row_number()"),
        ("distinct on (a) a", "row_number()"),
        ("select a from core.t as t qualify rank() over (order by a) = 1", "row_number()"),
        ("select * from core.t as t pivot (sum(x) for y in (1, 2))", "FILTER or CASE"),  # 7
        ("select g from generate_series(1, 2) as g", "days from a table"),
        ("list(a)", "list_sort"),
        ("len(list_sort(list(a)))", "count() instead"),
        ("quantile_cont(a, 0.5)", "the only quantile"),  # 8
        ("median(a)", "cast(x as double)"),
        ("approx_count_distinct(a)", "no approximate"),
        ("select a, count(*) from core.t as t group by all", "list the columns"),
        ("select a from core.t as t order by all", "list the columns"),
        ("select * exclude (a) from core.t as t", "list the columns"),
        ("a not in (select b from core.u as u)", "not exists"),
        ("a at time zone 'UTC'", "UTC"),  # 9
        ("cast(a / b as bigint)", "floor() it first"),
        ("(1 + a / b)::integer", "floor() it first"),
        ("regexp_replace(a, 'b', 'c')", "add 'g'"),
        ("log(a)", "ln(x)"),
        ("dayofweek(a)", "isodow"),
        ("weekday(a)", "isodow"),
        ("extract(dow from a)", "isodow"),
        ("a // b", "floor(x / y)"),
        ("a / 0", "divided by 0"),
        ("random()", "no figure"),
    ],
)
def test_constructs_that_differ_between_the_engines_are_refused(text: str, fix: str) -> None:
    assert any(fix in sentence for sentence in found(text)), found(text)


@pytest.mark.parametrize(
    "text",
    [
        "cast(sum(a) as double) / nullif(cast(count(b) as double), 0)",
        "(floor(a * 100 + 0.5) / 100)::decimal(18,2)",
        "sum(a)::decimal(38,4)",
        "date_diff('day', a, b)",
        "cast(date_trunc('month', a) as date)",
        "(a + interval 3 month)::date",
        "sum(a) over (order by year * 4 + quarter range between 3 preceding and current row)",
        "select a from core.t as t qualify row_number() over (partition by a order by b) = 1",
        "min(struct_pack(a := a, b := b))",
        "list_sort(list(struct_pack(a := a)))",
        "median(cast(a as double))",
        "select a, count(*) from core.t as t group by a order by a",
        "a not in (1, 2)",
        "count(*)::bigint",
        "floor(a / b)::bigint",
        "regexp_replace(a, 'b', 'c', 'g')",
        "log(2, a), ln(a), isodow(a), a / 2",
    ],
)
def test_the_suggested_forms_pass(text: str) -> None:
    assert found(text) == []


def test_a_portable_model_is_checked_when_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "core" / "thing.sql"
    path.parent.mkdir()
    path.write_text(MODEL.format("date_trunc('month', e.event_time)"), encoding="utf-8")
    load_models(tmp_path)
    path.write_text(MODEL.format("any_value(e.event_time)"), encoding="utf-8")
    with pytest.raises(MendError, match=r"thing\.sql: is portable, but ANY_VALUE"):
        load_models(tmp_path)
    path.write_text(MODEL.format("e.event_time").replace("-- portable: yes\n", ""), encoding="utf-8")
    with pytest.raises(MendError, match="add -- portable: yes"):
        load_models(tmp_path)


def test_every_daily_model_is_portable() -> None:
    daily = [model for model in load_models(ROOT / "sql") if model.daily]
    assert daily
    assert all(model.portable for model in daily)
