"""Which rows of a table a query can use: leaving out all others changes no answer."""

from __future__ import annotations

import pytest

from etl.models.tree import parse, rows_read
from etl.warehouse import memory

ONE_KIND = "kind = 'a'"
QUERIES = {
    "select r.line from raw.row as r where r.kind = 'a'": (ONE_KIND,),
    "select r.line from raw.row as r where r.kind in ('a', 'b') and r.gone is null and r.line % 2 = 1": (
        "kind IN ('a', 'b') and gone IS NULL",
    ),
    "select count(*) from raw.row as r left join raw.row as s on s.line = r.line + 1 where r.kind = 'a'": (),
    "select r.line from raw.row as r where r.kind = 'a' union all select r.line from raw.row as r where r.kind = 'b'": (
        ONE_KIND,
        "kind = 'b'",
    ),
    "with x as (select r.line from raw.row as r where r.kind = 'a') "
    "select o.n, x.line from core.other as o left join x on x.line = o.n where o.n is not null": (ONE_KIND,),
    "select r.line, o.n from raw.row as r left join core.other as o on o.n = r.line where r.kind = 'a'": (ONE_KIND,),
    "select r.line, o.n from core.other as o left join raw.row as r on o.n = r.line where r.kind = 'a'": (),
    "select r.line, o.n from raw.row as r right join core.other as o on o.n = r.line where r.kind is null": (),
    "select r.line from raw.row as r where r.kind = 'a' or r.line = 4": (),
    "select r.line from raw.row as r where not r.kind = 'a'": (),
    "select r.line from raw.row as r where r.kind = r.gone": ("kind = gone",),
    "select r.line from raw.row as r where kind = 'a'": (),
    "select count(*) filter (where r.kind = 'a') from raw.row as r": (),
    "select r.kind, count(*) from raw.row as r group by r.kind having r.kind = 'a'": (),
    "select o.n from core.other as o where exists (from raw.row as r where r.kind = 'a' and r.line = o.n)": (ONE_KIND,),
    "select r.line from raw.row as r where r.kind = 'a' and r.line > (select min(s.line) from raw.row as s)": (),
    "select row.line from raw.row where row.kind = 'a'": (ONE_KIND,),
}


@pytest.mark.parametrize(("query", "expected"), QUERIES.items())
def test_what_a_where_demands_in_each_place_is_found_and_enough(query: str, expected: tuple[str, ...]) -> None:
    tree = parse(query) if not query.count("union") else parse(f"with u as ({query}) select u.line from u")
    conditions = rows_read(tree, "raw.row")
    assert conditions == expected
    answers = []
    for narrowed in ("true", " or ".join(f"({one})" for one in conditions) or "true"):
        with memory() as con:
            con.execute("create schema if not exists raw; create schema if not exists core")
            con.execute("create table core.other as select unnest([1, 2, 4, 5, null]) as n")
            con.execute(
                f"""create table raw.row as from (values ('a', 1, null), ('a', 2, 'a'), ('b', 3, null), ('c', 4, null),
                ('c', 5, 'x'), (null, 6, null)) as t(kind, line, gone) where {narrowed}"""
            )
            answers.append(con.execute(f"from ({tree.sql('duckdb')}) order by all").fetchall())
    assert answers[0] == answers[1]
    assert answers[0], "a query without an answer shows nothing"


def test_a_table_of_several_kinds_is_never_read_by_a_kind_that_is_not_there() -> None:
    assert rows_read(parse("select r.line from raw.row as r where r.kind = 'a'"), "raw.other") == ()
