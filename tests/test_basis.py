"""A table that would be made and checked with the same result is left as it is, and no other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path

import pytest

from etl import basis
from etl.build import BuildResult, build
from etl.checks.run import CheckResult
from etl.checks.suite import Expectation, Suite
from etl.models.file import Model
from etl.models.graph import load_models
from etl.warehouse import Connection, memory

RAW = "insert into raw.reference_row (kind, line) values ('{}', {})"
FILES = {
    "core/thing.sql": """-- A thing.
-- grain: line
select r.line::bigint as line -- where it stands
from raw.reference_row as r
where r.kind = 'thing'
""",
    "core/word.sql": """-- A word that suites look up.
-- grain: word
select r.line::varchar as word -- the word
from raw.reference_row as r
where r.kind = 'word'
""",
    "macros/core/thing_as_of.sql": """-- A thing on a day.
-- macro: core.thing_as_of(as_of_date date)
-- grain: line
select t.line::bigint as line -- where it stands
from core.thing as t
where as_of_date > date '2020-01-01'
""",
    "core/thing_latest.sql": """-- A thing today.
-- grain: line
select (o.line % 10)::bigint as line -- where it stands
from core.thing_as_of(date 'infinity') as o
""",
    "marts/tales/story.sql": """-- What is told.
-- grain: things
select count(*)::integer as things -- count
from core.thing_latest as l
""",
}
TABLES = ["core.thing", "core.thing_latest", "core.word", "marts.story"]
LOOKED_UP = "select * from {batch} as b where b.things in (select w.word::integer from core.word as w)"
RUNS = (f"run of test_basis {n}" for n in count())


def checks(success: bool = True) -> Callable[[Connection, Suite, Sequence[str]], list[CheckResult]]:
    def check(con: Connection, suite: Suite, grain: Sequence[str] = ()) -> list[CheckResult]:
        return [CheckResult(suite.table, "key", "form", "warning", success, "why", {})]

    return check


def suite(table: str, why: str = "it matters") -> Suite:
    kwargs = {"unexpected_rows_query": LOOKED_UP} if table == "marts.story" else {}
    return Suite(table, (Expectation("key", "unexpected_rows_expectation", kwargs, "warning", why),))


class Project:
    """Models over two kinds of rows, in a database of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.con = folder, memory()
        for name, text in FILES.items():
            self.write(name, text)
        for kind, line in (("thing", 1), ("thing", 2), ("word", 7)):
            self.con.execute(RAW.format(kind, line))

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    @property
    def models(self) -> tuple[Model, ...]:
        return load_models(self.folder)

    def refresh(self, success: bool = True, whole: bool = False, why: str = "it matters") -> list[str]:
        """The tables that a run made; in the order of dependencies, macros after their table."""
        run, made = next(RUNS), []
        for model in self.models:
            is_table = not model.is_macro
            told = suite(model.name, why) if is_table else None
            result: BuildResult = build(self.con, model, told, run, checks(success), models=self.models, whole=whole)
            made += [model.name] if result.made and is_table else []
        return sorted(made)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    made = Project(tmp_path / "sql")
    assert made.refresh() == TABLES
    assert made.refresh() == []
    yield made


def test_what_reads_a_changed_table_is_made_and_nothing_else(project: Project) -> None:
    project.con.execute(RAW.format("thing", 3))
    assert project.refresh() == ["core.thing", "core.thing_latest", "marts.story"], "core.word takes words alone"
    assert project.con.execute("from marts.story").fetchall() == [(3,)]
    assert project.refresh() == []


def test_a_table_whose_content_did_not_change_stops_the_wave(project: Project) -> None:
    project.con.execute(RAW.format("note", 9))  # of a kind that no model takes
    assert project.refresh() == []
    project.con.execute("update raw.reference_row set line = 12 where line = 2")  # 12 % 10 = 2
    assert project.refresh() == ["core.thing", "core.thing_latest"]


def test_rows_that_leave_or_enter_what_a_query_takes_count(project: Project) -> None:
    project.con.execute("update raw.reference_row set kind = 'word' where line = 1")
    assert project.refresh() == TABLES


def test_a_table_that_a_suite_looks_up_counts_as_read(project: Project) -> None:
    project.con.execute("update raw.reference_row set line = 8 where kind = 'word'")
    assert project.refresh() == ["core.word", "marts.story"]


@pytest.mark.parametrize(
    ("name", "before", "after", "made"),
    [
        ("core/thing.sql", "'thing'", "'thing' and r.line < 2", ["core.thing", "core.thing_latest", "marts.story"]),
        ("core/thing.sql", "-- A thing.", "-- A thing, in other words.", ["core.thing"]),
        ("core/thing.sql", "where it stands", "its place", ["core.thing"]),
        ("macros/core/thing_as_of.sql", "2020-01-01", "2021-01-01", ["core.thing_latest"]),
        ("core/thing_latest.sql", "% 10", "% 9", ["core.thing_latest"]),  # with the same rows
        ("core/thing_latest.sql", "% 10", "% 2", ["core.thing_latest", "marts.story"]),
        ("core/thing_latest.sql", "::bigint", "::integer", ["core.thing_latest", "marts.story"]),
    ],
)
def test_a_changed_text_makes_its_table_again(
    project: Project, name: str, before: str, after: str, made: list[str]
) -> None:
    project.write(name, FILES[name].replace(before, after))
    assert project.refresh() == made
    assert project.refresh() == []


@pytest.mark.parametrize(
    ("statement", "made"),
    [
        ("update core.thing_latest set line = 5 where line = 1", ["core.thing_latest"]),
        ("insert into core.thing_latest values (1)", ["core.thing_latest"]),
        ("alter table core.thing_latest add column extra integer", ["core.thing_latest"]),
        ("drop table marts.story", ["marts.story"]),
        ("drop macro table marts.story_as_of", ["marts.story"]),
        ("delete from raw.model_built where table_name = 'core.word'", ["core.word"]),
    ],
)
def test_what_somebody_changed_by_hand_is_made_again(project: Project, statement: str, made: list[str]) -> None:
    before = project.con.execute("from core.thing_latest order by all").fetchall()
    project.con.execute(statement)
    assert project.refresh() == made
    assert project.con.execute("from core.thing_latest order by all").fetchall() == before
    assert project.refresh() == []


def test_a_changed_suite_judges_the_rows_again(project: Project) -> None:
    assert project.refresh(why="for another reason") == TABLES
    assert project.refresh(why="for another reason") == []


def test_a_check_that_warned_is_told_by_every_run(project: Project) -> None:
    assert project.refresh(success=False, whole=True) == TABLES
    assert project.refresh(success=False) == TABLES
    assert project.refresh() == TABLES, "it passes again"
    assert project.refresh() == []


def test_another_program_makes_every_table(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(basis, "_machinery", lambda: "another")
    assert project.refresh() == TABLES


def test_the_whole_is_made_on_request_and_is_known_then(project: Project) -> None:
    assert project.refresh(whole=True) == TABLES
    assert project.refresh() == []


def test_a_table_that_was_left_counts_as_made_now_for_the_reasons_of_changes(project: Project) -> None:
    project.con.execute("update raw.model_built set built_at = timestamp '2020-01-01'")
    assert project.refresh() == []
    ((oldest,),) = project.con.execute("select min(built_at)::date::varchar from raw.model_built").fetchall()
    assert oldest > "2020-01-01"
