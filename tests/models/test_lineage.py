"""Column lineage: through CTEs, stars and macros, down to the columns of tables."""

from pathlib import Path

from etl.config import ROOT
from etl.models.graph import column_lineage, load_models

THING = """-- A thing.
-- grain: thing
with row as (select * from raw.reference_row as r where r.kind = 'thing')
select
    row.fields['thing']::varchar as thing,              -- slug
    (row.line + row.line)::bigint as place,             -- line
    'none'::varchar as kind                             -- nothing
from row
"""
NOTE = """-- A note.
-- grain: remark
select r.file::varchar as remark -- words
from raw.reference_row as r
"""
THING_AS_OF = """-- A thing on a day.
-- macro: core.thing_as_of(as_of_date date)
-- grain: thing
select
    t.thing::varchar as thing, -- slug
    t.place::bigint as place   -- line
from core.thing as t
where as_of_date > date '2020-01-01'
"""
THING_LATEST = """-- A thing today.
-- grain: thing
select
    o.thing::varchar as thing, -- slug
    o.place::bigint as place   -- line
from core.thing_as_of(date 'infinity') as o
"""
STORY = """-- What is told.
-- grain: thing
with both as (
    select l.*, n.remark from core.thing_latest as l
    join core.note as n on true
    union all
    select o.thing, o.place + 1, '' from core.thing_as_of(date '2021-01-01') as o
)
select
    b.thing::varchar as thing,                                    -- slug
    row_number() over (order by b.place)::integer as position,    -- count
    b.remark::varchar as remark                                   -- words
from both as b
"""
CLAIM = """-- What was told.
-- grain: thing
-- twin: no
select
    s.thing::varchar as thing,      -- slug
    p.place::bigint as place        -- line
from marts.story_as_of(date '2021-01-01') as s
join lateral core.thing_as_of(date '2021-01-01') as p on p.thing = s.thing
"""

BY_NAME = """-- Things and the files that name them.
-- grain: thing
with both as (
    select t.thing, t.place from core.thing as t
    union all by name
    select r.line as place, r.kind as remark, r.file as thing from raw.reference_row as r
)
select
    both.thing::varchar as thing,   -- slug or file
    both.place::bigint as place,    -- line
    both.remark::varchar as remark  -- kind of the row; empty for a thing
from both
"""


def test_lineage_ends_at_the_columns_of_tables(tmp_path: Path) -> None:
    files = {
        "core/thing.sql": THING,
        "core/note.sql": NOTE,
        "macros/core/thing_as_of.sql": THING_AS_OF,
        "core/thing_latest.sql": THING_LATEST,
        "marts/tales/story.sql": STORY,
        "marts/tales/claim.sql": CLAIM,
        "core/by_name.sql": BY_NAME,
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    models = load_models(tmp_path)
    lineage = {model.name: column_lineage(model, models) for model in models}
    assert lineage["core.thing"] == {
        "thing": [("raw.reference_row", "fields")],
        "place": [("raw.reference_row", "line")],
        "kind": [],
    }
    assert lineage["core.thing_latest"] == {
        "thing": [("core.thing", "thing")],
        "place": [("core.thing", "place")],
    }
    assert lineage["marts.story"] == {
        "thing": [("core.thing", "thing"), ("core.thing_latest", "thing")],
        "position": [("core.thing", "place"), ("core.thing_latest", "place")],
        "remark": [("core.note", "remark")],
    }
    assert lineage["marts.claim"] == {
        "thing": [("marts.story", "thing")],
        "place": [("core.thing", "place")],
    }
    assert lineage["core.by_name"] == {
        "thing": [("core.thing", "thing"), ("raw.reference_row", "file")],
        "place": [("core.thing", "place"), ("raw.reference_row", "line")],
        "remark": [("raw.reference_row", "kind")],
    }


def test_models_of_the_project_that_unite_columns_by_name_have_lineage() -> None:
    models = load_models(ROOT / "sql")
    lineage = {model.name: column_lineage(model, models) for model in models}
    assert [model.name for model in models if model.reads and not lineage[model.name]] == []
    assert lineage["core.observation"]["loaded_at"] == [
        ("core.derived_window", "loaded_at"),
        ("core.printed_figure", "loaded_at"),
    ]
    assert lineage["core.printed_figure"]["loaded_at"] == [
        ("core.edgar_figure", "loaded_at"),
        ("raw.reference_row", "loaded_at"),
    ]
    assert lineage["steps.claim_side"]["value"] == [("steps.claim_figure", "value")]
