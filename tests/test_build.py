"""Building a model: one transaction, the last good rows on failure, and what the checks said is kept."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import date
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from assets.models import dependencies
from etl.build import build, create_vocabulary, drop_unmade
from etl.checks.run import CheckResult, CriticalFailure, checked
from etl.checks.suite import Suite, load_suite
from etl.config import ROOT
from etl.errors import MendError
from etl.models.file import Model
from etl.models.graph import load_models
from etl.warehouse import Connection, memory
from tests.support.building import build_all

RAW = "insert into raw.reference_row (kind, line) values ('thing', {})"
THING = """-- A thing.
-- grain: line
select
    r.line::bigint as line -- where it stands
from raw.reference_row as r
"""
THING_AS_OF = """-- A thing on a day.
-- macro: core.thing_as_of(as_of_date date)
-- grain: line
select t.line::bigint as line -- where it stands
from core.thing as t
where as_of_date > date '2020-01-01'
"""
THING_LATEST = """-- A thing today.
-- grain: line
select o.line::bigint as line -- where it stands
from core.thing_as_of(date 'infinity') as o
"""
STORY = """-- What is told.
-- grain: things
select count(*)::integer as things -- count
from core.thing_latest as l
"""
OTHER = """-- Something that reads no thing.
-- grain: kind
select distinct r.kind::varchar as kind -- kind
from raw.reference_row as r
"""
FILES = {
    "core/thing.sql": THING,
    "core/other.sql": OTHER,
    "macros/core/thing_as_of.sql": THING_AS_OF,
    "core/thing_latest.sql": THING_LATEST,
    "marts/tales/story.sql": STORY,
}
BUILT = ["core.other", "core.thing", "core.thing_as_of", "core.thing_latest", "marts.story"]


def result(table: str, success: bool, severity: str = "critical", exception: str | None = None) -> CheckResult:
    return CheckResult(
        table=table,
        name="line_is_small",
        type="unexpected_rows_expectation",
        severity=severity,  # type: ignore[arg-type]
        success=success,
        observed={"most": 3},
        unexpected_count=0 if success else 1,
        element_count=2,
        rows=[],
        query=None,
        why="a long story bores",
        exception=exception,
        kwargs={"most": 5},
    )


def passes(con: Connection, suite: Suite, grain: Sequence[str] = ()) -> list[CheckResult]:
    return [result(suite.table, True)]


def rejects(table: str, severity: str = "critical", exception: str | None = None) -> Any:
    """A check that sees the uncommitted table and refuses it."""

    def check(con: Connection, suite: Suite, grain: Sequence[str] = ()) -> list[CheckResult]:
        assert con.execute(f"select count(*) > 0 from {suite.table}").fetchall() == [(True,)]
        bad = suite.table == table
        return [result(suite.table, not bad, severity, exception if bad else None)]

    return check


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def con() -> Connection:
    con = memory()
    con.execute(RAW.format(1))
    con.execute(RAW.format(2))
    return con


@pytest.fixture
def models(tmp_path: Path) -> dict[str, Model]:
    return {model.name: model for model in load_models(write(tmp_path / "sql", FILES))}


@pytest.fixture
def suites_dir(tmp_path: Path) -> Path:
    suite = (
        "expectations:\n"
        "  - type: expect_table_row_count_to_be_between\n"
        "    kwargs: {min_value: 1}\n"
        "    severity: critical\n"
        "    meta: {why: a story needs a thing}\n"
    )
    tables = [name.removesuffix(".sql") for name in FILES if not name.startswith("macros")]
    return write(tmp_path / "expectations", {f"{table}.yaml": suite for table in tables})


def results(con: Connection) -> list[tuple[Any, ...]]:
    return con.execute(
        "select run_id, table_name, check_name, severity, success, observed_value, unexpected_count, "
        "element_count, kwargs, why, exception from audit.expectation_result where checked_at is not null"
    ).fetchall()


def lines(con: Connection) -> list[int]:
    return [line for (line,) in con.execute("select line from core.thing order by line").fetchall()]


def test_build_makes_the_table_and_keeps_what_the_checks_said(con: Connection, models: dict[str, Model]) -> None:
    built = build(con, models["core.thing"], Suite("core.thing", ()), "run 1", passes)
    assert (built.rows, built.changed, [check.success for check in built.checks]) == (2, True, [True])
    assert built.seconds > 0
    assert lines(con) == [1, 2]
    assert results(con) == [
        (
            "run 1",
            "core.thing",
            "line_is_small",
            "critical",
            True,
            '{"most": 3}',
            0,
            2,
            '{"most": 5}',
            "a long story bores",
            None,
        )
    ]


def test_changed_is_true_exactly_when_content_or_types_changed(
    con: Connection, models: dict[str, Model], tmp_path: Path
) -> None:
    thing, suite = models["core.thing"], Suite("core.thing", ())
    assert build(con, thing, suite, "1", passes).changed
    assert not build(con, thing, suite, "2", passes).changed
    con.execute("update raw.reference_row set line = 3 where line = 2")
    assert build(con, thing, suite, "3", passes).changed
    con.execute(RAW.format(3))
    con.execute("update raw.reference_row set line = line")
    assert build(con, thing, suite, "4", passes).changed
    assert not build(con, thing, suite, "5", passes).changed
    retyped = THING.replace("bigint", "integer")
    (typed,) = load_models(write(tmp_path / "typed", {"core/thing.sql": retyped}))
    assert build(con, typed, suite, "6", passes).changed


def test_macro_is_built_without_a_suite(con: Connection, models: dict[str, Model]) -> None:
    build(con, models["core.thing"], Suite("core.thing", ()), "1", passes)
    macro = models["core.thing_as_of"]
    assert build(con, macro, None, "1").changed
    again = build(con, macro, None, "2")
    assert (again.rows, again.changed, again.checks) == (0, False, [])
    assert con.execute("from core.thing_as_of(date '2021-01-01') order by all").fetchall() == [(1,), (2,)]


@pytest.mark.parametrize(
    ("severity", "exception"), [("critical", None), ("warning", "Parser Error"), ("critical", "Parser Error")]
)
def test_critical_failure_keeps_the_last_good_rows(
    con: Connection, models: dict[str, Model], severity: str, exception: str | None
) -> None:
    thing, suite = models["core.thing"], Suite("core.thing", ())
    build(con, thing, suite, "1", passes)
    con.execute(RAW.format(3))
    with pytest.raises(CriticalFailure, match=r"core.thing: line_is_small") as failure:
        build(con, thing, suite, "2", rejects("core.thing", severity, exception))
    assert [check.success for check in failure.value.results] == [False]
    assert lines(con) == [1, 2]
    assert [row[0] for row in results(con)] == ["1", "2"]
    assert results(con)[1][4] is False
    assert build(con, thing, suite, "3", passes).rows == 3


def test_a_failed_mart_has_no_twin(con: Connection, models: dict[str, Model]) -> None:
    for name in BUILT[:-1]:
        suite = None if models[name].is_macro else Suite(name, ())
        build(con, models[name], suite, "1", passes)
    with pytest.raises(CriticalFailure):
        build(con, models["marts.story"], Suite("marts.story", ()), "1", rejects("marts.story"))
    made = "select count(*) from duckdb_functions() where function_name = 'story_as_of'"
    assert con.execute(made).fetchall() == [(0,)]
    build(con, models["marts.story"], Suite("marts.story", ()), "2", passes)
    assert con.execute(made).fetchall() == [(1,)]
    assert con.execute("from marts.story_as_of(date '2019-01-01')").fetchall() == [(0,)]
    assert con.execute("from marts.story_as_of(date '2021-01-01')").fetchall() == [(2,)]


def test_warning_commits_and_shows(con: Connection, models: dict[str, Model]) -> None:
    built = build(con, models["core.thing"], Suite("core.thing", ()), "1", rejects("core.thing", "warning"))
    assert [check.success for check in built.checks] == [False]
    assert lines(con) == [1, 2]
    assert [row[3:5] for row in results(con)] == [("warning", False)]


def test_a_check_that_breaks_the_transaction_leaves_the_connection_usable(
    con: Connection, models: dict[str, Model]
) -> None:
    def breaks(con: Connection, suite: Suite, grain: Sequence[str] = ()) -> list[CheckResult]:
        try:
            con.execute(f"select 'x'::integer from {suite.table}")
        except Exception as error:
            return [result(suite.table, False, "warning", str(error))]
        raise AssertionError("the statement must fail")

    with pytest.raises(CriticalFailure, match="Conversion Error"):
        build(con, models["core.thing"], Suite("core.thing", ()), "1", breaks)
    assert len(results(con)) == 1
    assert build(con, models["core.thing"], Suite("core.thing", ()), "2", passes).rows == 2


def test_sql_that_fails_names_its_file_and_keeps_the_rows(
    con: Connection, models: dict[str, Model], tmp_path: Path
) -> None:
    build(con, models["core.thing"], Suite("core.thing", ()), "1", passes)
    broken = THING.replace("r.line::bigint", "(r.kind::integer)::bigint")
    (model,) = load_models(write(tmp_path / "broken", {"core/thing.sql": broken}))
    with pytest.raises(MendError, match=r"core/thing.sql: Conversion Error"):
        build(con, model, Suite("core.thing", ()), "2", passes)
    assert lines(con) == [1, 2]


def test_models_are_built_in_order(con: Connection, tmp_path: Path, suites_dir: Path) -> None:
    assert list(build_all(con, write(tmp_path / "sql", FILES), suites_dir, "1", passes)) == BUILT
    assert con.execute("from marts.story").fetchall() == [(2,)]
    assert sorted({row[1] for row in results(con)}) == [
        "core.other",
        "core.thing",
        "core.thing_latest",
        "marts.story",
    ]


def test_tables_that_no_file_makes_are_dropped(con: Connection, tmp_path: Path, suites_dir: Path) -> None:
    build_all(con, write(tmp_path / "sql", FILES), suites_dir, "r1", passes)
    assert drop_unmade(con, load_models(tmp_path / "sql")) == []
    (tmp_path / "sql" / "marts/tales/story.sql").unlink()
    (tmp_path / "sql" / "core/other.sql").unlink()
    models = load_models(write(tmp_path / "sql", {"steps/story.sql": STORY}))
    con.execute("insert into raw.daily_state values ('marts.story', 'built')")
    assert drop_unmade(con, models) == ["marts.story_as_of", "core.other", "marts.story"]
    left = (
        "select schema_name || '.' || table_name from duckdb_tables() where schema_name in ('core', 'steps', 'marts')"
    )
    assert {"core.thing", "core.thing_latest", "core.fx_rate"} <= {name for (name,) in con.execute(left).fetchall()}
    assert ("marts.story",) not in con.execute(left).fetchall()
    assert con.execute("from raw.daily_state").fetchall() == []
    recorded = con.execute("select distinct table_name from audit.expectation_result order by all").fetchall()
    assert recorded == [("core.other",), ("core.thing",), ("core.thing_latest",), ("steps.story",)]


def test_checks_of_tables_that_no_model_makes_are_recorded_after_a_rollback(con: Connection) -> None:
    with pytest.raises(CriticalFailure) as failure, checked(con, "1") as checks:
        con.execute(RAW.format(3))
        checks.validate(Suite("raw.edgar_body", ()), check=passes)
        checks.validate(Suite("raw.reference_row", ()), check=rejects("raw.reference_row"))
    assert con.execute("select count(*) from raw.reference_row").fetchall() == [(2,)]
    assert [row[:2] for row in results(con)] == [("1", "raw.edgar_body"), ("1", "raw.reference_row")]
    assert [result.table for result in failure.value.results] == ["raw.edgar_body", "raw.reference_row"]


def test_checks_are_recorded_when_the_step_fails_after_them(con: Connection) -> None:
    with pytest.raises(ValueError, match="later"), checked(con, "1") as checks:
        checks.validate(Suite("raw.reference_row", ()), check=passes)
        raise ValueError("later")
    assert [row[:2] for row in results(con)] == [("1", "raw.reference_row")]


def test_the_vocabulary_of_an_updated_home_is_that_of_the_program() -> None:
    """A suite looks a new word up before the next refresh; what stands as it should is left alone."""
    words = [model for model in load_models(ROOT / "sql") if not model.reads and not model.is_macro]
    assert "core.term" in {model.name for model in words}
    with memory() as con:
        create_vocabulary(con, words)
        (before,) = con.execute("select count(*) from core.term").fetchall()
        made = con.execute("select table_oid from duckdb_tables() where table_name = 'term'").fetchall()
        create_vocabulary(con, words, renew=True)
        assert con.execute("select table_oid from duckdb_tables() where table_name = 'term'").fetchall() == made
        con.execute("delete from core.term where term = 'unsettled'")
        create_vocabulary(con, words, renew=True)
        assert con.execute("select count(*) from core.term").fetchall() == [before]
        con.execute("alter table core.term drop column meaning")
        create_vocabulary(con, words, renew=True)
        assert con.execute("select count(meaning) from core.term").fetchall() == [before]


COMPUTED = """-- A thing twice.
-- grain: line
-- python: computed_in_a_test, core.thing
select s.day::date as line -- made by Python
from raw.refresh_day as s
"""


def test_python_fills_what_a_model_reads_in_its_transaction(
    con: Connection, tmp_path: Path, suites_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What Python wrote is taken back with the model where a check fails; its inputs are built before it."""
    write(tmp_path / "sql", {"core/thing.sql": THING, "core/a_twice.sql": COMPUTED})
    thing, twice = load_models(tmp_path / "sql")
    assert (twice.reads, twice.filled) == (("raw.refresh_day", "core.thing"), ("raw.refresh_day",))
    module = ModuleType("computed_in_a_test")
    fill = "insert into raw.refresh_day (day) select date '2024-01-01' + line::int from core.thing"
    module.bring_up_to_date = lambda con: con.execute(fill)  # type: ignore[attr-defined]
    module.__spec__ = ModuleSpec(module.__name__, None)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    con.execute(RAW.format(3))
    build(con, thing, None, "run")
    suite = load_suite(suites_dir, "core.thing")
    with pytest.raises(CriticalFailure):
        build(con, twice, suite, "run", check=rejects(suite.table))
    assert con.execute("from raw.refresh_day").fetchall() == []
    assert build(con, twice, suite, "run", check=passes).rows == 3
    assert con.execute("select max(line) from core.a_twice").fetchall() == [(date(2024, 1, 4),)]
    assert dependencies(twice, (thing, twice)) == {"core.thing"}
