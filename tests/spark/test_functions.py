"""Every function and operator that portable SQL allows, over rows with NULLs, ties and edges of types and calendar."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlglot import exp

from etl.errors import MendError
from etl.models.portable import FUNCTIONS, GRAMMAR, unportable
from etl.models.tree import parse
from etl.spark.session import SparkSession
from etl.warehouse import Connection
from tests.support.engines import compared, share

TABLE = """create table core.edge as select * from (values
(1, 5, 2, 1.5::decimal(18, 4), 1.005::double, date '2024-01-31', timestamp '2024-03-31 01:30:00.5',
 'Hello, Wörld', 'h', true, ['b', 'a', null], 7::bigint),
(2, -5, 3, -2.5::decimal(18, 4), -0.5::double, date '2024-02-29', timestamp '2024-10-27 02:30:00',
 '', 'a', false, [], 0),
(3, null, null, null, null, null, null, null, null, null, null, null),
(4, 5, 2, 9999999999999.9999::decimal(18, 4), 1e15::double, date '1999-12-31', timestamp '1999-12-31 23:59:59.999999',
 ' a_b%c ', ' ', true, ['a', 'a'], 9007199254740993),
(5, 0, 7, 0.00005::decimal(18, 4), 0.1::double, date '2025-01-01', timestamp '2025-01-01 00:00:00',
 'ABC-abc-123', 'ABC', false, ['x'], -3),
(6, 2147483647, -1, 12.3450::decimal(18, 4), 2.675::double, date '2024-12-30', timestamp '1970-01-01 00:00:00',
 'ÀÉ漢字', 'à', null, ['a', null, 'z'], 1)
) as v (id, i, j, m, d, day, ts, s, p, b, l, n)"""

# One form a line, each over the columns above; those of a group are one row.
GROUPED = """
count(*)
count(e.i)
count(distinct e.i)
sum(e.i)
sum(e.m)
min(e.m)
max(e.d)
min(e.s)
max(e.s)
min(e.day)
max(e.ts)
min(struct_pack(a := e.id, b := e.j))
median(cast(e.i as double))
median(cast(e.d as double))
bool_and(e.b)
bool_or(e.b)
count(*) filter (where e.b)
coalesce(list_sort(list(e.s) filter (where e.s is not null)), [])
coalesce(list_sort(list(e.s) filter (where e.s = 'no')), [])
coalesce(list_sort(list(struct_pack(a := e.id, b := e.i))), [])
"""
BY_ROW = """
abs(e.i)
abs(e.m)
abs(e.d)
ceil(e.m)
cast(floor(e.m) as bigint)
cast(floor(e.d) as bigint)
ceil(e.d)
round(e.m)
round(e.d)
sqrt(abs(e.d))
ln(abs(e.d) + 1)
greatest(e.i, e.j)
least(e.i, e.j)
greatest(e.d, cast(e.i as double))
greatest(e.day, date '2024-02-01')
coalesce(e.i, 0)
nullif(e.i, 5)
date_diff('day', e.day, date '2024-03-01')
date_diff('day', cast(date_trunc('week', e.day) as date), e.day) + 1
cast(date_trunc('month', e.day) as date)
cast(date_trunc('quarter', e.ts) as date)
cast(date_trunc('year', e.day) as date)
last_day(e.day)
year(e.day)
quarter(e.day)
month(e.day)
day(e.day)
cast(e.day + interval 1 month as date)
cast(e.day - interval 3 month as date)
e.day + 28
e.day - 1
cast(e.ts as date)
concat(e.s, '/', e.p)
e.s || e.p
concat_ws('+', e.s, e.p, null)
left(e.s, 3)
left(e.s, length(e.s) - 1)
length(e.s)
lower(e.s)
upper(e.s)
regexp_extract(e.s, '([a-z]+)', 1)
regexp_extract(e.s, '[a-z]+')
replace(e.s, 'a', 'x')
replace(e.s, '', 'x')
regexp_replace(e.s, '[a-c]', 'x', 'g')
starts_with(e.s, e.p)
starts_with(e.s, '')
substring(e.s, 2, 3)
substring(e.s, 2)
trim(e.s)
[e.s, e.p]
list_concat(coalesce(e.l, []), ['q'])
list_contains(e.l, 'a')
coalesce(list_contains(e.l, 'nope'), false)
list_filter(e.l, lambda v: v is not null)
list_sort(list_filter(e.l, lambda v: v is not null))
e.i % 3
e.i / 2
(e.j + 1) * 2
cast(e.m as decimal(19, 4)) * cast(1.1 as decimal(18, 10))
cast(cast(e.m as decimal(19, 4)) * cast(1.1 as decimal(18, 10)) as decimal(28, 4))
cast(e.m as decimal(28, 4)) - e.j
cast(e.m as double) / nullif(cast(e.i as double), 0)
cast(e.m as decimal(18, 2))
cast(e.d as decimal(28, 6))
cast(e.n as double)
cast(e.m as varchar)
cast(e.day as varchar)
cast(e.ts as varchar)
cast(e.b as varchar)
-e.m
not e.b
e.b and null
e.b or null
e.i in (5, 0)
e.i not in (5, 0)
e.i between 0 and 5
e.i is null
e.i is distinct from e.j
e.i is not distinct from e.j
e.s like '%a%'
e.s like 'a_b'
e.s < e.p
e.s = e.p
e.s <> e.p
e.i > 0 and e.i >= 5 and e.j <= 2
case when e.b then e.i else e.j end
case e.i when 5 then 'five' else 'x' end
e.d * 1.1
e.d + 1.62e0
struct_pack(a := e.i, b := e.s)
row_number() over (order by e.i, e.id)
rank() over (order by e.i)
dense_rank() over (order by e.i desc)
lag(e.i) over (order by e.id)
lead(e.i, 2) over (order by e.id)
lead(e.day, 1, date '9999-12-31') over (order by e.id)
first_value(e.i) over (order by e.id)
last_value(e.i) over (order by e.id)
sum(e.m) over (order by e.i)
sum(e.m) over (order by e.id rows between 1 preceding and current row)
sum(e.m) over (order by e.j range between 1 preceding and current row)
count(*) over (order by e.i)
max(e.s) over (order by e.id)
"""
QUERIES = """
select o.id as x from core.edge as e join core.edge as o on o.i = e.i
select o.id as x from core.edge as e left join core.edge as o on o.i = e.j
select e.i as x, count(*) as n from core.edge as e group by e.i having count(*) > 1
with u as (select e.i from core.edge as e union all select e.j from core.edge as e) select u.i from u
with u as (select e.i from core.edge as e union select e.j from core.edge as e) select u.i from u
select o.x from (select e.i + 1 as x from core.edge as e) as o
select distinct e.i as x from core.edge as e
select e.id as x from core.edge as e where not exists (select 1 from core.edge as o where o.i = e.j)
select lower(e.p) as p, e.id from core.edge as e qualify row_number() over (partition by e.p order by e.id desc) = 1
select e.id from core.edge as e qualify row_number() over (partition by e.i order by e.id) = 1 and e.id > 1
with a as (select e.id, 'x' as p from core.edge as e qualify count(*) over (partition by e.p) = 1
    and row_number() over (order by e.id) > 1) select a.id, a.p from a
select v.a, v.b from (values (1, 0.5e0), (2, null)) as v (a, b)
"""


def lines(text: str) -> list[str]:
    """One form a line; a line that is indented goes on."""
    return [" ".join(part.split()) for part in text.strip().replace("\n    ", " ").split("\n")]


EACH = [
    *(f"select {form} as x from core.edge as e" for form in lines(GROUPED)),
    *(f"select e.id, {form} as x from core.edge as e" for form in lines(BY_ROW)),
    *lines(QUERIES),
]


@pytest.fixture(scope="module")
def edges(duckdb: Connection, spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    duckdb.execute("create schema if not exists core")
    duckdb.execute(TABLE)
    share(duckdb, spark, ["core.edge"], tmp_path_factory.mktemp("edge"))
    yield duckdb
    duckdb.execute("drop table core.edge")


@pytest.mark.parametrize("query", EACH)
def test_form(edges: Connection, spark: SparkSession, query: str) -> None:
    assert compared(edges, spark, query, types=False) == []


def test_all_that_is_allowed_is_tried() -> None:
    tried = {type(node) for query in EACH for node in parse(query).walk()}
    same_tree = {exp.DateTrunc, exp.NullSafeEQ}  # SQLGlot reads date_trunc as the other, and this as NOT of it
    assert [kind.__name__ for kind in (*FUNCTIONS, *GRAMMAR) if kind not in tried | same_tree] == []
    assert [sentence for query in EACH for sentence in unportable(parse(query))] == []


def test_a_difference_is_told(edges: Connection, spark: SparkSession) -> None:
    """isodow is transpiled to another number of the day, in silence."""
    told = compared(edges, spark, "select e.id, isodow(e.day) as x from core.edge as e", types=False)
    assert "only DuckDB: (('id', 1), ('x', 3))" in told


def test_what_spark_refuses_is_one_sentence(edges: Connection, spark: SparkSession) -> None:
    with pytest.raises(MendError, match=r"could not do it: \[ARITHMETIC_OVERFLOW\]"):
        spark.run("select cast(floor(e.d * 1e300) as bigint) as x from core.edge as e")
