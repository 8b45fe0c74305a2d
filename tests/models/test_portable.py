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
        ("dayofweek(a)", "is 1 on a Monday"),
        ("isodow(a)", "is 1 on a Monday"),
        ("log(2, a)", "ln(x)"),
        ("sign(a)", "case when"),
        ("mean(a)", "exact sum over a count"),  # seen on Spark 4.3 to give another value without an error
        ("cast(median(cast(a as double)) as integer)", "floor() it first"),
        ("cast(a * 1.5 as integer)", "floor() it first"),
        ("cast(sum(cast(a as decimal(18,4))) as bigint)", "floor() it first"),
        ("cast(case when b then cast(a as double) else 0 end as bigint)", "floor() it first"),
        ("cast(coalesce(sqrt(cast(a as double)), 0) as bigint)", "floor() it first"),
        ("cast(cast(a as varchar) as integer)", "where the file is read"),
        ("round(cast(a as double), 2)", "floor(x * 10^n + 0.5) / 10^n"),
        ("round(a, 2)", "floor(x * 10^n + 0.5) / 10^n"),
        ("cast(a as decimal(18,4)) / cast(b as decimal(18,4))", "cast both sides"),
        ("sum(cast(a as decimal(18,4))) / count(*)", "cast both sides"),
        ("cast(cast(a as decimal(20,4)) * cast(b as decimal(18,10)) as decimal(28,4))", "39 digits"),
        ("coalesce(cast(a as decimal(30,14)), 0) * (cast(b as decimal(18,4)))", "49 digits"),
        ("sum(cast(a as decimal(18,4))) * cast(b as decimal(18,10))", "57 digits"),
        ("cast(a as decimal(38,10)) + cast(b as decimal(18,4))", "39 digits"),
        ("a * 0.1234567890123456", "0.1234567890123456e0"),
        ("select a from (values (1, 0.5)) as v (a, b)", "0.5e0"),
        ("list_transform(a, lambda v, i: v * i)", "before list"),
        ("list_filter(a, lambda v, i: i > 1)", "number the rows"),
        ("list_sort(list_distinct(a))", "select distinct"),
        ("list_sort(list(a))", "is not null"),
        ("list_sort(list(a) filter (where a is not null))", "coalesce"),
        ("list_concat(a, ['b'])", "coalesce(x, [])"),
        ("not list_contains(a, 'b')", "coalesce(list_contains(x, y), false)"),
        ("substring(a, 0, 2)", "begins at 1"),
        ("substring(a, b, 2)", "begins at 1"),
        ("left(a, -1)", "length(x) - n"),
        ("right(a, 2)", "substring(x, n)"),
        ("dayname(a)", "leave formats"),
        ("monthname(a)", "leave formats"),
        ("extract(second from a)", "year(x)"),
        ("epoch(a)", "count whole days"),
        ("date_diff('day', cast(a as timestamp), b)", "cast both to DATE"),
        ("strftime(a, '%j')", "leave formats"),
        ("strptime(a, '%d/%m/%y')", "leave formats"),
        ("regexp_replace(a, '(b)', '[\\1]', 'g')", "no group"),
        ("a like 'a\\_b'", "without a backslash"),
        ("a like b", "starts_with"),
        ("a ilike 'b%'", "lower(x)"),
        ("format('{:,}', a)", "leave formats"),
        ("skewness(a)", "exact sums"),
        ("kurtosis(a)", "exact sums"),
        ("corr(a, b)", "exact sums"),
        ("stddev(a)", "exact sums"),
        ("try_cast(cast(a as varchar) as integer)", "where the file is read"),
        ("cast(cast(a as double) as varchar)", "leave formats"),
        ("cast(a / b as varchar)", "leave formats"),
        ("cast(cast(a as timestamptz) as varchar)", "timestamp (UTC)"),
        ("cast(a as float)", "columns are"),
        ("max(struct_pack(t := a, id := b))", "row_number()"),
        ("never_heard_of(a)", "docs/portable-sql.md"),
        ("weekday(a)", "is 1 on a Monday"),
        ("extract(dow from a)", "is 1 on a Monday"),
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
        "coalesce(list_sort(list(struct_pack(a := a))), [])",
        "coalesce(list_sort(list(a) filter (where a is not null)), [])",
        "median(cast(a as double))",
        "select a, count(*) from core.t as t group by a order by a",
        "a not in (1, 2)",
        "count(*)::bigint",
        "floor(a / b)::bigint",
        "regexp_replace(a, 'b', 'c', 'g')",
        "list_concat(coalesce(a, []), ['b']), list_contains(a, 'b'), not coalesce(list_contains(a, 'b'), false)",
        "ln(a), a / 2",
        "cast(floor(median(cast(a as double)) + 0.5) as integer)",
        "cast(count(*) * 2 + coalesce(sum(cast(a as bigint)), 0) as integer)",
        "cast(cast(a as decimal(19,4)) * cast(b as decimal(18,10)) as decimal(28,4))",
        "cast(cast(a as decimal(18,4)) as double) / nullif(cast(b as double), 0)",
        "a * 1.96, 1.6234863901184207e0 * a",
        "round(a), substring(a, 2, 3), left(a, length(a) - 1), starts_with(a, b), a like '%b'",
        "cast(a as date)::varchar, concat(a, '/', b), list_filter(a, lambda v: v is not null)",
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
