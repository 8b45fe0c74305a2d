"""SQL files become models: what is read from the text, in which order, and what is refused."""

import re
from pathlib import Path

import pytest

from etl.errors import MendError
from etl.models.file import OutputColumn
from etl.models.graph import USE_FIRST, create_statements, load_models
from etl.warehouse import Connection

THING = """-- A thing of the sources.
-- It may be anything.
-- grain: thing
select
    r.fields['thing']::varchar as thing, -- slug; '' is the whole, "so it is": a, b
    case
        when r.line::integer > 1 then 1.5 -- not a column's comment
        else 0
    end::decimal(18, 2)  as  weight,     -- kg :: as printed
    [r.file]::struct(a integer, b varchar[])[] as parts -- last one
from raw.reference_row as r
"""
SEEN = """-- A sighting.
-- grain: thing, seen_on
select
    r.fields['thing']::varchar as thing, -- slug
    r.fields['seen_on']::date as seen_on -- day
from raw.reference_row as r
"""
SEEN_AS_OF = """-- The last sighting known on a day.
-- macro: core.seen_as_of(as_of_date date)
-- grain: thing
select
    s.thing::varchar as thing,        -- slug
    max(s.seen_on)::date as seen_on   -- day
from core.seen as s
where s.seen_on <= as_of_date
group by s.thing
"""
SEEN_LATEST = """-- The last sighting.
-- grain: thing
select
    o.thing::varchar as thing,  -- slug
    o.seen_on::date as seen_on  -- day
from core.seen_as_of(date 'infinity') as o
"""
STORY = """-- What is told of a thing.
-- grain: thing
select
    l.thing::varchar as thing -- slug
from core.seen_latest as l
"""
CLAIM = """-- What was told on two days.
-- grain: thing
-- twin: no
select
    a.thing::varchar as thing -- slug
from marts.story_as_of(date '2020-01-01') as a
join marts.story as b on b.thing = a.thing
"""
FILES = {
    "core/thing.sql": THING.replace("[r.file]", "[]"),
    "core/seen.sql": SEEN,
    "macros/core/seen_as_of.sql": SEEN_AS_OF,
    "core/seen_latest.sql": SEEN_LATEST,
    "marts/tales/story.sql": STORY,
    "marts/tales/claim.sql": CLAIM,
}


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def mart(body: str, header: str = "-- What is told.\n-- grain: thing\n") -> dict[str, str]:
    return {**FILES, "marts/tales/tale.sql": header + body}


def test_header_types_and_comments_are_read_from_the_text(tmp_path: Path) -> None:
    (thing,) = load_models(write(tmp_path, {"core/thing.sql": THING}))
    assert thing.name == "core.thing"
    assert thing.description == "A thing of the sources. It may be anything."
    assert thing.grain == ("thing",)
    assert thing.reads == ("raw.reference_row",)
    assert not thing.is_macro
    assert not thing.twin
    assert thing.columns == (
        OutputColumn("thing", "varchar", "slug; '' is the whole, \"so it is\": a, b"),
        OutputColumn("weight", "decimal(18, 2)", "kg :: as printed"),
        OutputColumn("parts", "struct(a integer, b varchar[])[]", "last one"),
    )


def test_order_follows_reads_and_a_call_of_a_twin_reads_its_mart(tmp_path: Path) -> None:
    models = load_models(write(tmp_path, FILES))
    names = [model.name for model in models]
    assert names == [
        "core.seen",
        "core.thing",
        "core.seen_as_of",
        "core.seen_latest",
        "marts.story",
        "marts.claim",
    ]
    by_name = {model.name: model for model in models}
    assert by_name["core.seen_as_of"].is_macro
    assert by_name["core.seen_latest"].reads == ("core.seen_as_of()",)
    assert by_name["marts.claim"].reads == ("marts.story",)
    assert by_name["marts.story"].twin
    assert by_name["marts.story"].as_of == (("core.seen_latest", "core.seen_as_of"),)
    assert not by_name["marts.claim"].twin


def test_examples_are_no_models(tmp_path: Path) -> None:
    assert load_models(write(tmp_path, {"examples/first.sql": "select 1"})) == ()


def test_reads_are_found_anywhere_in_the_query(tmp_path: Path) -> None:
    body = """with story as (select s.* from marts.story as s),
    other as (from core.thing select thing)
select
    (select max(x.thing) from core.seen_latest x)::varchar as thing, -- slug
    'core.missing from marts.missing'::varchar as quoted -- core.missing is only a word here
from story /* core.missing */
join lateral core.seen_as_of(date '2020-01-01') as o on o.thing = story.thing
where exists (select 1 from "core"."seen_latest" as e where e.thing = story.thing)
"""
    header = "-- What is told.\n-- grain: thing\n-- twin: no\n"
    tale = next(m for m in load_models(write(tmp_path, mart(body, header))) if m.table == "tale")
    assert tale.reads == ("marts.story", "core.thing", "core.seen_latest", "core.seen_as_of()")


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"core/a.sql": "select 1::integer as a -- one\n"}, "says what a row is"),
        ({"core/a.sql": "-- A.\nselect 1::integer as a -- one\n"}, "-- grain:"),
        ({"core/a.sql": "-- A.\n-- grain: b\nselect 1::integer as a -- one\n"}, "grain names b"),
        ({"core/a.sql": "-- A.\n-- grain: a\n-- twins: no\nselect 1::integer as a -- one\n"}, "twins"),
        ({"core/a.sql": "-- A.\n-- grain: a\n-- twin: yes\nselect 1::integer as a -- one\n"}, "only no"),
        ({"core/a.sql": "-- A.\n-- grain: a\nselect 1::integer as a\n"}, "a has no comment"),
        ({"core/a.sql": "-- A.\n-- grain: a\nselect 1::integer as a -- \n"}, "a has no comment"),
        ({"core/a.sql": "-- A.\n-- grain: a,\n-- b\nselect 1::integer as a -- one\n"}, "grain names b"),
        ({"core/a.sql": "-- A.\n-- grain: a\n-- contract: none\nselect 1::integer as a -- one\n"}, "is one of figures"),
        ({"core/a.sql": "-- A.\n-- grain: a\nselect 1 as a -- one\n"}, "no declared type"),
        ({"core/a.sql": "-- A.\n-- grain: a\nselect 1 / 2::double as a -- half\n"}, "no declared type"),
        ({"core/a.sql": "-- A.\n-- grain: a\nselect cast(1::integer as double) as a -- one\n"}, "declared"),
        ({"core/a.sql": "-- A.\n-- grain: a\nselect 1::integer -- one\n"}, "has no name"),
        ({"core/a.sql": "-- A.\n-- grain: a\nselect * from raw.x as r -- all\n"}, "hides the schema"),
        ({"core/a.sql": "-- A.\n-- grain: a\nselect r.* from raw.x as r -- all\n"}, "hides the schema"),
        (
            {"core/a.sql": "-- A.\n-- grain: a\nselect 1::integer as a, -- one\n2::integer as a -- two\n"},
            "occurs twice",
        ),
        ({"core/a.sql": "-- A.\n-- grain: a\nselect 1::integer as a -- one\n; select 2"}, "one SELECT"),
        (
            {"core/a.sql": "-- A.\n-- grain: a\nselect 1::integer as a -- one\nunion all select 2"},
            "one SELECT",
        ),
        ({"core/a.sql": "-- A.\n-- grain: a\ndrop table core.b"}, "one SELECT"),
        ({"core/a.sql": "-- A.\n-- grain: a\nselect from where (\n"}, "not readable SQL"),
        ({"core/A.sql": "-- A.\n-- grain: a\nselect 1::integer as a -- one\n"}, "lower case"),
        ({"silver/a.sql": "-- A.\n-- grain: a\nselect 1::integer as a -- one\n"}, "belongs in"),
        ({"marts/a.sql": "-- A.\n-- grain: a\nselect 1::integer as a -- one\n"}, "marts/<question>/"),
        ({"core/b/a.sql": "-- A.\n-- grain: a\nselect 1::integer as a -- one\n"}, "belongs in"),
        ({"a.sql": "-- A.\n-- grain: a\nselect 1::integer as a -- one\n"}, "belongs in"),
        ({"macros/a.sql": "-- A.\n-- grain: a\nselect 1::integer as a -- one\n"}, "create or replace macro a("),
        ({"macros/a.sql": "create or replace macro a(x) as x"}, "describe its result in comment lines"),
        ({"macros/a.sql": "-- A.\ncreate or replace macro b(x) as x"}, "create or replace macro a("),
        (
            {"macros/core/a.sql": "-- A.\n-- grain: a\nselect 1::integer as a -- one\n"},
            "-- macro: core.a(as_of_date date)",
        ),
        (
            {"macros/core/a.sql": "-- A.\n-- macro: core.a(d date)\n-- grain: a\nselect 1::int as a -- one"},
            "-- macro: core.a(as_of_date date)",
        ),
        ({**FILES, "macros/core/seen.sql": SEEN_AS_OF.replace("_as_of(", "(")}, "also made by"),
        ({**FILES, "marts/tales/story_as_of.sql": STORY}, "name of the twin"),
    ],
)
def test_a_file_that_breaks_the_form_is_refused(tmp_path: Path, files: dict[str, str], message: str) -> None:
    with pytest.raises(MendError) as refused:
        load_models(write(tmp_path, files))
    assert message in str(refused.value)
    assert ".sql: " in str(refused.value)


@pytest.mark.parametrize(
    ("condition", "is_refused"),
    [
        ("where exists (select 1 from core.seen_latest as e where e.thing = s.thing)", True),
        ("where not exists (select 1 from seen where seen.thing = s.thing)", True),
        ("where s.weight = (select max(e.weight) from core.seen_latest as e where e.thing = s.thing)", True),
        ("full join core.thing as e on e.thing = s.thing", True),
        ("cross join lateral (select max(e.weight) from core.seen_latest as e where e.thing = s.thing) as m", True),
        ("where exists (select 1 from core.thing as e where e.thing = s.thing)", False),
        ("where s.weight = (select max(e.weight) from core.seen_latest as e)", False),
        ("left join seen as e on e.thing = s.thing where e.thing is null", False),
    ],
)
def test_a_twin_has_nothing_that_fails_for_several_days(tmp_path: Path, condition: str, is_refused: bool) -> None:
    seen = "with seen as (select s.* from core.seen_latest as s)\n"
    files = mart(f"{seen}select s.thing::varchar as thing -- slug\nfrom core.seen_latest as s\n{condition}")
    if is_refused:
        with pytest.raises(MendError, match=r"tale\.sql: .* is asked about several days"):
            load_models(write(tmp_path, files))
    else:
        assert load_models(write(tmp_path, files))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("select r.file::varchar as thing -- x\nfrom raw.reference_row as r", "core, steps, marts only"),
        ("select r.file::varchar as thing -- x\nfrom audit.load as r", "core, steps, marts only"),
        ("select r.thing::varchar as thing -- x\nfrom core.thingy as r", "core.thingy, which no file makes"),
        (
            "select r.thing::varchar as thing -- x\nfrom core.thing_as_of(date '2020-01-01') as r",
            "no file makes",
        ),
        (
            "select r.thing::varchar as thing -- x\nfrom marts.claim_as_of(date '2020-01-01') as r",
            "no file makes",
        ),
        ("select r.thing::varchar as thing -- x\nfrom core.seen_as_of as r", "call core.seen_as_of(date)"),
        ("select r.thing::varchar as thing -- x\nfrom core.seen_latest(1) as r", "read core.seen_latest"),
        (
            "select r.thing::varchar as thing -- x\nfrom warehouse.core.seen_latest as r",
            "leave out the database",
        ),
        ("select r.thing::varchar as thing -- x\nfrom seen_latest as r", "write the schema"),
        ("select r.thing::varchar as thing -- x\nfrom 'a.csv' as r", "write the schema"),
        ("select r.thing::varchar as thing -- x\nfrom read_csv('a.csv') as r", "ingest it first"),
        (
            "select core.seen_latest.thing::varchar as thing -- x\nfrom core.seen_latest",
            "give the table an alias",
        ),
        (
            "select l.thing::varchar as thing -- x\nfrom core.seen_latest as l where now() > l.seen_on",
            "clock",
        ),
        (
            "select l.thing::varchar as thing -- x\nfrom core.seen_latest as l where today() > l.seen_on",
            "clock",
        ),
        (
            "select 'x'::varchar as thing, -- x\ncurrent_date::date as d -- d\nfrom core.seen_latest as l",
            "clock",
        ),
        (
            "select 1::int as thing, -- x\ncurrent_timestamp::date as d -- d\nfrom core.seen_latest as l",
            "clock",
        ),
        (
            "select 'x'::varchar as thing, -- x\nl.d::date as as_of_date -- y\nfrom core.seen_latest as l",
            "captures",
        ),
        (
            "select l.thing::varchar as thing -- x\nfrom core.seen_latest as l where as_of_date > l.d",
            "captures",
        ),
        (
            "with a as (select l.thing, l.seen_on as as_of_date from core.seen_latest as l)\n"
            "select a.thing::varchar as thing -- x\nfrom a",
            "captures",
        ),
        (
            "with a as (select l.thing, row_number() over () as n from core.seen_latest as l qualify n = 1)\n"
            "select a.thing::varchar as thing -- x\nfrom a",
            "QUALIFY",
        ),
        (
            "with a as (select l.thing, row_number() over () as n from core.seen_latest as l\n"
            "qualify n = 1 and count(*) over () > 0)\nselect a.thing::varchar as thing -- x\nfrom a",
            "QUALIFY",
        ),
        ("select t.thing::varchar as thing -- x\nfrom core.thing as t", "add -- twin: no"),
        ("select t.thing::varchar as thing -- x\nfrom marts.tale as t", "circle"),
    ],
)
def test_a_mart_that_breaks_a_rule_is_refused(tmp_path: Path, body: str, message: str) -> None:
    with pytest.raises(MendError) as refused:
        load_models(write(tmp_path, mart(body)))
    assert message in str(refused.value)
    assert "tale.sql" in str(refused.value)


@pytest.mark.parametrize(
    "body",
    [
        # what the rules above must not refuse
        "select l.thing::varchar as thing -- now(), current_date, core.x.y\nfrom core.seen_latest as l",
        "select l.thing::varchar as thing -- x\nfrom core.seen_latest as l\n"
        "qualify row_number() over (partition by l.thing order by l.seen_on) = 1",
        "select g.day::varchar as thing -- x\nfrom generate_series(1, 2) as g(day), core.seen_latest as l",
        "select u.x::varchar as thing -- x\nfrom core.seen_latest as l, unnest([l.thing]) as u(x)",
        "select v.x::varchar as thing -- x\nfrom (values (1)) as v(x), core.seen_latest as l",
        "select {'core': {'b': l.thing}}.core.b::varchar as thing -- x\nfrom core.seen_latest as l",
        "select l.thing::varchar as thing -- x\nfrom core.seen_latest as l, "
        "core.seen_as_of(as_of_date := date '2020-01-01') as p",
    ],
)
def test_queries_that_only_resemble_a_broken_rule_pass(tmp_path: Path, body: str, con: Connection) -> None:
    for model in load_models(write(tmp_path, mart(body))):
        for statement in create_statements(model):
            con.execute(statement)


def test_comments_and_header_lines_go_on_in_the_next_line(tmp_path: Path) -> None:
    text = (
        "-- A thing,\n-- or two.\n-- grain: a,\n--     b\n-- contract: prints\nselect\n    1::integer as a,  -- one;\n"
        "    -- more of it\n    -- and more -- still\n    2::integer as b\n    -- two\n"
    )
    (model,) = load_models(write(tmp_path, {"core/a.sql": text}))
    assert (model.description, model.grain, model.contract) == ("A thing, or two.", ("a", "b"), "prints")
    assert [column.comment for column in model.columns] == ["one; more of it and more -- still", "two"]


def test_a_circle_is_named(tmp_path: Path) -> None:
    text = "-- A.\n-- grain: x\nselect t.x::integer as x -- x\nfrom core.{} as t"
    files = {f"core/{name}.sql": text.format(read) for name, read in ("ab", "bc", "ca")}
    with pytest.raises(MendError) as refused:
        load_models(write(tmp_path, files))
    circle = "core.a reads core.b reads core.c reads core.a reads core.b reads core.c"
    assert re.search(r"circle: (.*);", str(refused.value))[1] in circle


def test_statements_make_types_and_comments_every_time(tmp_path: Path, con: Connection) -> None:
    models = load_models(write(tmp_path, FILES))
    ours = "schema_name in ('core', 'steps', 'marts')"
    for _ in range(2):
        for model in models:
            for statement in create_statements(model):
                con.execute(statement)
        tables = con.execute(f"select table_name, comment from duckdb_tables() where {ours} order by all").fetchall()
        assert ("thing", "A thing of the sources. It may be anything.") in tables
        assert all(comment for _, comment in tables)
        columns = con.execute(
            "select column_name, data_type, comment from duckdb_columns() where table_name = 'thing'"
        ).fetchall()
        assert columns == [
            ("thing", "VARCHAR", "slug; '' is the whole, \"so it is\": a, b"),
            ("weight", "DECIMAL(18,2)", "kg :: as printed"),
            ("parts", "STRUCT(a INTEGER, b VARCHAR[])[]", "last one"),
        ]
        macros = con.execute(
            f"select function_name, comment from duckdb_functions() where {ours} order by all"
        ).fetchall()
        assert macros == [
            ("seen_as_of", f"The last sighting known on a day. {USE_FIRST}"),
            ("story_as_of", f"What is told of a thing. As known on as_of_date. {USE_FIRST}"),
        ]
