"""The test of all models is itself tested: it finds what differs, and refuses a case that tests nothing."""

from pathlib import Path

import pytest

from etl.warehouse import Connection
from tests.support.model_cases import run_case

THING = """-- A thing.
-- grain: thing
select
    r.fields['thing']::varchar as thing,              -- slug
    nullif(r.fields['note'], '')::varchar as note,    -- remark
    (r.fields['weight']::integer / 3)::double as third -- a third of the weight, kg
from raw.reference_row as r
"""
THING_AS_OF = """-- A thing, by a day.
-- macro: core.thing_as_of(as_of_date date)
-- grain: thing
select t.thing::varchar as thing -- slug
from core.thing as t
where as_of_date > date '2020-01-01'
"""
THING_LATEST = """-- A thing today.
-- grain: thing
select o.thing::varchar as thing -- slug
from core.thing_as_of(date 'infinity') as o
"""
STORY = """-- What is told.
-- grain: things
select count(*)::integer as things -- count
from core.thing_latest as l
"""
DEFINITION = """-- What there is.
-- grain: definition
select d.definition::varchar as definition, -- name
    d.factor::integer as factor -- times
from (values ('once', 1), ('twice', 2)) as d(definition, factor)
"""
COST = """-- What it costs.
-- grain: definition
-- twin: no
select d.definition::varchar as definition, -- name
    (d.factor * length(t.thing))::integer as cost -- coins
from core.thing as t
cross join core.definition as d
"""
RAW = (
    'fields\n"{""thing"": ""ball"", ""note"": """", ""weight"": ""1""}"\n"{thing=cube, note=\'red, blue\', weight=2}"\n'
)


@pytest.fixture
def sql_dir(tmp_path: Path) -> Path:
    files = {
        "core/thing.sql": THING,
        "macros/core/thing_as_of.sql": THING_AS_OF,
        "core/thing_latest.sql": THING_LATEST,
        "marts/tales/story.sql": STORY,
        "core/definition.sql": DEFINITION,
        "marts/costs/cost.sql": COST,
    }
    for name, text in files.items():
        path = tmp_path / "sql" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "sql"


def case(folder: Path, table: str, files: dict[str, str]) -> Path:
    path = folder / table / "case"
    path.mkdir(parents=True)
    for name, text in files.items():
        (path / name).write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("expected", "problems"),
    [
        # any order of rows, doubles within 1e-9, an empty field is NULL
        ('thing,note,third\ncube,"red, blue",0.6666666666\nball,,0.33333333333\n', []),
        ("thing\nball\ncube\n", []),
        (
            "thing,note,third\ncube,red,0.67\nball,,0.33333333333\n",
            [
                "  differs     thing=cube: note is red, blue, expected red",
                "  differs     thing=cube: third is 0.6666666666666666, expected 0.67",
            ],
        ),
        ('thing,note\ncube,"red, blue"\nball,""\n', ["  differs     thing=ball: note is None, expected "]),
        ("thing\nball\n", ["  unexpected  thing=cube"]),
        ("thing\nball\ncube\ncone\n", ["  missing     thing=cone"]),
        ("thing\nball\ncube\ncube\n", ["  missing     thing=cube"]),
        ("note\n", ["  unexpected  note=None", "  unexpected  note=red, blue"]),
    ],
)
def test_differences_are_reported_by_row_and_cell(
    empty: Connection, sql_dir: Path, tmp_path: Path, expected: str, problems: list[str]
) -> None:
    files = {"raw.reference_row.csv": RAW, "expected.csv": expected}
    assert run_case(empty, case(tmp_path, "core/thing", files), sql_dir) == problems


@pytest.mark.parametrize(
    ("table", "day", "expected", "fits"),
    [
        ("core/thing_as_of", "2021-01-01", "thing\nball\n", True),
        ("core/thing_as_of", "2019-01-01", "thing\n", True),
        ("core/thing_as_of", "2019-01-01", "thing\nball\n", False),
        ("core/thing_latest", "2019-01-01", "thing\n", True),
        ("core/thing_latest", None, "thing\nball\n", True),
        ("marts/story", "2019-01-01", "things\n0\n", True),
        ("marts/story", "2021-01-01", "things\n1\n", True),
        ("marts/story", "2021-01-01", "things\n0\n", False),
    ],
)
def test_as_of_asks_the_twin(
    empty: Connection,
    sql_dir: Path,
    tmp_path: Path,
    table: str,
    day: str | None,
    expected: str,
    fits: bool,
) -> None:
    files = {"core.thing.csv": "thing\nball\n", "expected.csv": expected}
    if day:
        files["as_of.txt"] = f"{day}\n"
    assert (run_case(empty, case(tmp_path, table, files), sql_dir) == []) is fits


@pytest.mark.parametrize(
    ("table", "files", "message"),
    [
        ("core/thin", {"expected.csv": "thing\n"}, "there is no model core.thin"),
        ("core/thing", {"core.thin.csv": "a\n", "expected.csv": "thing\n"}, "from no table core.thin"),
        ("core/thing", {"marts.story.csv": "things\n", "expected.csv": "thing\n"}, "no table marts.story"),
        ("marts/story", {"core.thing.csv": "thing\n", "expected.csv": "things\n0\n"}, "no table core.thing"),
        ("core/thing", {"raw.reference_row.csv": "field\n", "expected.csv": "thing\n"}, "no such column"),
        ("core/thing", {"expected.csv": "thin\n"}, "compares columns that core.thing does not have: thin"),
        ("core/thing", {"as_of.txt": "2020-01-01", "expected.csv": "thing\n"}, "has no twin"),
        ("core/thing_as_of", {"expected.csv": "thing\n"}, "say the day in as_of.txt"),
    ],
)
def test_a_case_that_tests_nothing_is_refused(
    empty: Connection,
    sql_dir: Path,
    tmp_path: Path,
    table: str,
    files: dict[str, str],
    message: str,
) -> None:
    with pytest.raises(AssertionError, match=message):
        run_case(empty, case(tmp_path, table, files), sql_dir)


@pytest.mark.parametrize(
    ("table", "files", "problems"),
    [
        ("core/definition", {"expected.csv": "definition,factor\ntwice,2\n"}, []),
        ("core/definition", {"expected.csv": "definition,factor\ntwice,3\n"}, ["definition=twice: factor is 2"]),
        ("core/definition", {"expected.csv": "definition,factor\nthrice,3\n"}, ["missing     definition=thrice"]),
        ("marts/cost", {"core.thing.csv": "thing\nball\n", "expected.csv": "definition,cost\ntwice,8\n"}, []),
        (
            "marts/cost",
            {
                "core.thing.csv": "thing\nball\n",
                "core.definition.csv": "definition,factor\nonce,1\ntwice,2\n",
                "expected.csv": "definition,cost\ntwice,8\n",
            },
            ["unexpected  definition=once"],
        ),
        (
            "marts/cost",
            {"core.thing.csv": "thing\nball\n", "expected.csv": "definition,cost\n"},
            ["unexpected  definition=once", "unexpected  definition=twice"],
        ),
    ],
)
def test_one_more_definition_changes_no_case(
    empty: Connection, sql_dir: Path, tmp_path: Path, table: str, files: dict[str, str], problems: list[str]
) -> None:
    found = run_case(empty, case(tmp_path, table, files), sql_dir)
    assert [problem for problem, line in zip(problems, found, strict=True) if problem not in line] == []


def test_a_case_without_an_answer_is_refused(empty: Connection, sql_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"expected\.csv"):
        run_case(empty, case(tmp_path, "core/thing", {}), sql_dir)
