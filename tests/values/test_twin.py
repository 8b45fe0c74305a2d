"""As-of twins: the same text reading what was known on a day, and nothing else of it changed."""

from datetime import date
from pathlib import Path

import pytest

from etl.errors import MendError
from etl.models.file import Model
from etl.models.graph import create_statements, load_models, macros_of, twin_sql
from etl.models.tree import replace_tables
from etl.warehouse import Connection, memory
from tests.support.models import project_models

TWINS = {
    "core.seen_latest": "core.seen_as_of(as_of_date)",
    "marts.story": "marts.story_as_of(as_of_date)",
}

SEEN = """-- A sighting.
-- grain: thing, seen_on
select
    r.fields['thing']::varchar as thing,   -- slug
    r.fields['weight']::integer as weight, -- kg
    r.fields['seen_on']::date as seen_on   -- day
from raw.reference_row as r
"""
SEEN_KNOWN = """-- The sightings that were known on a day.
-- macro: core.seen_known(as_of_date date)
-- grain: thing, seen_on
select
    s.thing::varchar as thing,   -- slug
    s.weight::integer as weight, -- kg
    s.seen_on::date as seen_on   -- day
from core.seen as s
where s.seen_on <= as_of_date
"""
SEEN_AS_OF = """-- The last sighting known on a day.
-- macro: core.seen_as_of(as_of_date date)
-- grain: thing
select
    k.thing::varchar as thing,   -- slug
    k.weight::integer as weight, -- kg
    k.seen_on::date as seen_on   -- day
from core.seen_known(as_of_date) as k
qualify row_number() over (partition by k.thing order by k.seen_on desc) = 1
"""
SEEN_LATEST = """-- The last sighting.
-- grain: thing
select
    o.thing::varchar as thing,   -- slug
    o.weight::integer as weight, -- kg
    o.seen_on::date as seen_on   -- day
from core.seen_as_of(date 'infinity') as o
"""
# CTE with the table's own name, self join, subqueries, a list of the base table
STORY = """-- What is told of a thing; core.seen_latest is only mentioned here.
-- grain: thing
with seen_latest as (select * from core.seen_latest),
heavier as (
    select seen_latest.thing, count(*) as things from seen_latest
    join core.seen_latest as other on other.weight > seen_latest.weight
    group by seen_latest.thing
)
select
    l.thing::varchar as thing,                                    -- slug
    l.weight::integer as weight,                                  -- kg
    coalesce(h.things, 0)::integer as heavier,                    -- count
    s.sightings::integer as sightings,                            -- count
    (select max(x.seen_on) from core.seen_latest as x)::date as newest,  -- last day of any thing
    'from core.seen_latest'::varchar as words                     -- core.seen_latest
from core.seen_latest as l
left join heavier as h on h.thing = l.thing
join (select seen.thing, count(*) as sightings from core.seen group by seen.thing) as s on s.thing = l.thing
"""
SHORT_STORY = """-- What is told of a thing.
-- grain: thing
select
    l.thing::varchar as thing,   -- slug
    l.weight::integer as weight  -- kg
from core.seen_latest as l
"""
TALE = """-- The sum of all stories.
-- grain: things
select
    count(*)::integer as things,    -- count
    sum(story.weight)::integer as weight -- kg
from marts.story
"""
FILES = {
    "core/seen.sql": SEEN,
    "macros/core/seen_known.sql": SEEN_KNOWN,
    "macros/core/seen_as_of.sql": SEEN_AS_OF,
    "core/seen_latest.sql": SEEN_LATEST,
    "marts/tales/story.sql": STORY,
    "marts/tales/tale.sql": TALE,
}


def load(folder: Path, files: dict[str, str]) -> tuple[Model, ...]:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return load_models(folder)


def make(con: Connection, models: tuple[Model, ...]) -> None:
    for model in models:
        for statement in create_statements(model):
            con.execute(statement)


@pytest.fixture
def con() -> Connection:
    con = memory()
    con.execute("""
        insert into raw.reference_row (fields)
        values (map {'thing': 'ball', 'weight': '1', 'seen_on': '2020-01-01'}),
            (map {'thing': 'ball', 'weight': '3', 'seen_on': '2021-01-01'}),
            (map {'thing': 'cube', 'weight': '2', 'seen_on': '2020-06-01'})
    """)
    return con


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select a.x from core.seen_latest as a", "select a.x from core.seen_as_of(as_of_date) as a"),
        ("select x from core.seen_latest", "select x from core.seen_as_of(as_of_date) as seen_latest"),
        (
            "select 1 from core.seen_latest a, CORE.Seen_Latest b",
            "select 1 from core.seen_as_of(as_of_date) a, core.seen_as_of(as_of_date) b",
        ),
        ('select 1 from "core"."seen_latest" as a', "select 1 from core.seen_as_of(as_of_date) as a"),
        (
            "select 'ü', 'core.seen_latest' -- core.seen_latest\nfrom core.seen_latest as ü /* tale */",
            "select 'ü', 'core.seen_latest' -- core.seen_latest\nfrom core.seen_as_of(as_of_date) as ü /* tale */",
        ),
        (
            "with seen_latest as (select 1 as x) select x from seen_latest, core.seen_latest as b",
            "with seen_latest as (select 1 as x) select x from seen_latest, core.seen_as_of(as_of_date) as b",
        ),
        (
            "select 1 from core.seen_latest_2 as a, core.seen_as_of(date '2020-01-01') as b, marts.story",
            "select 1 from core.seen_latest_2 as a, core.seen_as_of(date '2020-01-01') as b, "
            "marts.story_as_of(as_of_date) as story",
        ),
    ],
)
def test_only_table_names_are_replaced(sql: str, expected: str) -> None:
    assert replace_tables(sql, TWINS) == expected


def test_a_twin_shows_what_was_known_on_the_day(tmp_path: Path, con: Connection) -> None:
    make(con, load(tmp_path, FILES))
    query = "select thing, weight, heavier, sightings, newest, words from {} order by thing"
    words = "from core.seen_latest"
    today = [
        ("ball", 3, 0, 2, date(2021, 1, 1), words),
        ("cube", 2, 1, 1, date(2021, 1, 1), words),
    ]
    assert con.execute(query.format("marts.story")).fetchall() == today
    assert con.execute(query.format("marts.story_as_of(date '9999-12-31')")).fetchall() == today
    assert con.execute(query.format("marts.story_as_of(date '2020-12-31')")).fetchall() == [
        ("ball", 1, 1, 1, date(2020, 6, 1), words),
        ("cube", 2, 0, 1, date(2020, 6, 1), words),
    ]


def test_a_twin_reads_other_marts_as_of_the_same_day(tmp_path: Path, con: Connection) -> None:
    models = load(tmp_path, FILES)
    make(con, models)
    assert con.execute("from marts.tale").fetchall() == [(2, 5)]
    assert con.execute("from marts.tale_as_of(date '2020-12-31')").fetchall() == [(2, 3)]
    assert con.execute("from marts.tale_as_of(date '2020-01-01')").fetchall() == [(1, 1)]


def test_a_twin_reads_the_known_observations_once(tmp_path: Path) -> None:
    tale = next(model for model in load(tmp_path, FILES) if model.table == "tale")
    text = twin_sql(tale)
    assert text.count("core.seen_as_of(as_of_date)") == 1
    assert "marts.story_as_of(as_of_date)" not in text


def test_a_twin_works_in_a_lateral_join(tmp_path: Path, con: Connection) -> None:
    make(con, load(tmp_path, {**FILES, "marts/tales/story.sql": SHORT_STORY}))
    rows = con.execute("""
        select d.day, t.weight
        from (values (date '2020-12-31'), (date '2021-12-31')) as d(day), marts.tale_as_of(d.day) as t
        order by d.day
    """).fetchall()
    assert rows == [(date(2020, 12, 31), 3), (date(2021, 12, 31), 5)]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (
            # a core table made from today's figures, which no macro tells as of a day
            {
                "core/digest.sql": "-- D.\n-- grain: n\nselect 1::integer as n -- n\nfrom core.seen_latest",
                "marts/tales/tale.sql": TALE.replace("from marts.story", "from marts.story, core.digest as d"),
            },
            "today's core.digest",
        ),
        (
            {
                "marts/tales/story.sql": STORY.replace("-- grain: thing\n", "-- grain: thing\n-- twin: no\n"),
                "marts/tales/tale.sql": TALE.replace("from marts.story", "from marts.story, core.seen_latest as l"),
            },
            "today's marts.story",
        ),
        (
            {"macros/core/seen_as_of.sql": SEEN_AS_OF.replace("core.seen_known(as_of_date)", "core.seen")},
            "today's core.seen: call core.seen_known(as_of_date)",
        ),
    ],
)
def test_a_twin_that_would_read_todays_rows_is_refused(tmp_path: Path, files: dict[str, str], message: str) -> None:
    with pytest.raises(MendError) as refused:
        load(tmp_path, {**FILES, **files})
    assert message in str(refused.value)


def told_as_of() -> list[Model]:
    """The project's models that have a twin and rows from the embedded data alone."""
    needs_filings = "marts.reconciliation"  # tests/edgar/test_models.py asks its twin
    return [model for model in project_models() if model.twin and model.name != needs_filings]


def test_every_twin_at_infinity_equals_its_table(warehouse: Connection) -> None:
    models = told_as_of()
    assert models
    for model in models:
        warehouse.execute(f"create or replace temp table twin as from {model.name}_as_of(date 'infinity')")
        differing = [
            warehouse.execute(f"select count(*) from (from {a} except all from {b})").fetchall()
            for a, b in ((model.name, "twin"), ("twin", model.name))
        ]
        assert warehouse.execute(f"select count(*) > 0 from {model.name}").fetchall() == [(True,)], model.name
        assert differing == [[(0,)], [(0,)]], model.name
    warehouse.execute("drop table twin")


@pytest.mark.parametrize("day", ["2017-10-17", "2019-06-30", "2021-03-31", "9999-12-31"])
def test_no_twin_knows_the_future(warehouse: Connection, day: str) -> None:
    dated = [mart for mart in told_as_of() if any(column.name == "known_on" for column in mart.columns)]
    assert dated
    for mart in dated:
        late = warehouse.execute(f"select count(*) from {mart.name}_as_of(date '{day}') where known_on > date '{day}'")
        assert late.fetchall() == [(0,)], mart.name


def test_twins_give_the_same_rows_for_many_days_at_once(warehouse: Connection) -> None:
    """Called beside the days, as marts.restatement_effect does."""
    days = ("2018-04-26", "2018-04-27")
    beside = ", ".join(f"(date '{day}')" for day in days)
    for mart in told_as_of():
        at_once = f"select d.day, t.* from (values {beside}) as d(day), {mart.name}_as_of(d.day) as t"
        each = " union all ".join(f"select date '{day}', t.* from {mart.name}_as_of(date '{day}') as t" for day in days)
        rows = [sorted(map(repr, warehouse.execute(sql).fetchall())) for sql in (at_once, each)]
        assert len(rows[0]) > 10, mart.name
        assert rows[0] == rows[1], mart.name


@pytest.mark.parametrize("day", ["2017-10-17", "2020-12-31", "infinity"])
@pytest.mark.parametrize("macro", ["core.observation_known", "core.observation_as_of", "marts.cac_trend_as_of"])
def test_a_macro_for_one_platform_gives_the_rows_of_that_platform(warehouse: Connection, macro: str, day: str) -> None:
    assert macro in [one for model in project_models() if model.by_platform for one in macros_of(model)]
    whole = f"from {macro}(date '{day}')"
    one_by_one = (
        "select f.* from core.platform as p "
        f"cross join lateral (select t.* from {macro}_for_platform(date '{day}', p.platform) as t) as f"
    )
    [[rows, platforms]] = warehouse.execute(f"select count(*), count(distinct platform) {whole}").fetchall()
    assert rows > platforms > 5
    for more, fewer in ((whole, one_by_one), (one_by_one, whole)):
        assert warehouse.execute(f"({more}) except all ({fewer})").fetchall() == []
    assert warehouse.execute(f"from {macro}_for_platform(date '{day}', null)").fetchall() == []


def test_what_all_platforms_decide_is_not_asked_for_one(tmp_path: Path) -> None:
    """A model that reads a macro over all platforms, and a call of one that is not partitioned, are refused."""
    files = {"core/seen": SEEN, "macros/core/seen_known": SEEN_KNOWN, "macros/core/seen_as_of": SEEN_AS_OF}
    for name, text in files.items():
        path = tmp_path / f"{name}.sql"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            text.replace("-- grain: thing\n", "-- grain: thing\n-- partition: platform\n"), encoding="utf-8"
        )
    with pytest.raises(MendError, match=r"reads core.seen_known, which cannot be asked for one platform"):
        load_models(tmp_path)
    path.write_text(SEEN_AS_OF, encoding="utf-8")
    asking = SEEN_LATEST.replace("seen_as_of(date 'infinity')", "seen_as_of_for_platform(date 'infinity', 'jd')")
    (tmp_path / "core/seen_latest.sql").write_text(asking, encoding="utf-8")
    with pytest.raises(MendError, match=r"asks core.seen_as_of for one platform, but its file has no -- partition"):
        load_models(tmp_path)
