"""Tables whose rows another engine computes are those that DuckDB would have made, and only touched days are computed.

Spark itself is in test_models.py; here a stand-in answers, so that these tests run everywhere.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from etl.build import build as build_one
from etl.checks.run import CriticalFailure
from etl.checks.suite import Expectation, Suite
from etl.config import Settings, load_settings
from etl.daily.build import build_daily
from etl.daily.due import mark_changed_days
from etl.engine import Engine
from etl.models.file import Model
from etl.spark import engine as engines
from etl.spark.engine import spark_engine
from etl.spark.exchange import Exchange
from etl.warehouse import Connection
from tests.support.daily_models import (
    FIRST,
    NOW,
    START,
    build,
    deliver,
    deliver_at_random,
    fails,
    order,
    tables,
    whole,
    written,
)
from tests.support.spark_stand_in import StandIn, stand_in

pytestmark = pytest.mark.slow
PAIR = """-- Pairs.
-- grain: a, b
-- portable: yes
-- twin: no
select
    g.a::varchar as a, -- one
    g.b::bigint as b -- two
from core.given as g
"""
GIVEN = """-- What is given.
-- grain: id
-- portable: yes
select
    1::bigint as id, -- number
    'a'::varchar as a, -- one
    2::bigint as b -- two
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings({"WAREHOUSE_HOME": str(tmp_path / "home"), "WAREHOUSE_ENGINE": "sc://nowhere"})


@pytest.fixture
def models(tmp_path: Path) -> tuple[Model, ...]:
    """Those of the tests of daily builds, and one more by key: its keys are others in each run."""
    odd = FIRST.replace("from core.order_event as e", "from core.order_event as e where e.buyer_id_hash > 'b3'")
    return written(tmp_path / "sql", {"core/first_odd": odd})


@contextmanager
def opened(
    settings: Settings, models: tuple[Model, ...], monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Engine, StandIn]]:
    session = StandIn()
    monkeypatch.setattr(engines, "session", lambda _: stand_in(session))
    monkeypatch.setattr(engines, "load_models", lambda _: models)
    with spark_engine(settings) as engine:
        yield engine, session


def files(settings: Settings) -> set[tuple[str, int]]:
    """Each file of the exchange with the number that the disk gave it: one that is written again has another."""
    folder = settings.exchange_dir
    return {(str(path.relative_to(folder)), path.stat().st_ino) for path in folder.rglob("*.parquet")}


@pytest.mark.parametrize("seed", range(3))
def test_building_day_by_day_equals_building_everything(
    con: Connection, settings: Settings, models: tuple[Model, ...], monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    rng = random.Random(seed)
    for number in range(60):
        deliver(con, NOW, START + timedelta(number), rng.randrange(100), rng.choice("ab"))
    with opened(settings, models, monkeypatch) as (engine, _):
        mark_changed_days(con, models)
        build(con, models, engine=engine)
    for step in range(1, 9):
        deliver_at_random(con, rng, NOW + timedelta(hours=step))
        mark_changed_days(con, models)
        with opened(settings, models, monkeypatch) as (engine, _):  # a run of its own
            results = build(con, models, engine=engine)
        assert tables(con, models) == whole(con, models)
        assert not any(result.whole for result in results.values())


def test_a_run_reads_and_writes_the_touched_days_alone_and_another_writes_nothing(
    con: Connection, settings: Settings, models: tuple[Model, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(90):
        order(con, NOW, f"e{number}", f"b{number % 7}", START + timedelta(number))
        deliver(con, NOW, START + timedelta(number), number)
    mark_changed_days(con, models)
    with opened(settings, models, monkeypatch) as (engine, _):
        build(con, models, engine=engine)
    before = files(settings)
    order(con, NOW + timedelta(hours=1), "late", "b1", START + timedelta(50))
    mark_changed_days(con, models)
    with opened(settings, models, monkeypatch) as (engine, session):
        build(con, models, engine=engine)
    assert {path.parts[-3] for path in session.read_files if "core.order_event" in path.parts} == {"2025-02-20"}
    changed = {tuple(name.split("/")[:2]) for name, _ in files(settings) - before}
    empty = {("core.first_one", "empty"), ("temp.daily_key", "empty")}  # no buyer is new, or new on another day
    empty |= {("core.first_odd", "empty")}
    assert changed - empty == {("core.order_event", "2025-02-20")}
    unchanged = files(settings)
    with opened(settings, models, monkeypatch) as (engine, session):
        build(con, models, engine=engine)
        assert (files(settings), session.written) == (unchanged, [])


def test_what_it_wrote_is_read_by_the_next_model_as_it_is(
    con: Connection, settings: Settings, models: tuple[Model, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(40):
        deliver(con, NOW, START + timedelta(number), number)
    mark_changed_days(con, models)
    with opened(settings, models, monkeypatch) as (engine, session):
        build(con, models, engine=engine)
        of_spend = {path for path in session.read_files if "marts.spend" in path.parts}
    assert {path.parts[-3] for path in of_spend} == {"2025-01", "2025-02"}
    con.execute("update marts.spend set spend = spend + 1 where date = '2025-01-05'")  # as nobody would
    with opened(settings, models, monkeypatch) as (engine, session):
        trailing = next(model for model in models if model.name == "marts.trailing")
        build_daily(
            con, trailing, models, Suite(trailing.name, ()), "run", days=[START], check=lambda *_: [], engine=engine
        )
        assert not of_spend & {path for path in session.read_files if path.parts[-3] == "2025-01"}


def test_a_failed_check_leaves_the_table_and_the_next_run_computes_again(
    con: Connection, settings: Settings, models: tuple[Model, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    spend = next(model for model in models if model.name == "marts.spend")
    deliver(con, NOW, START, 5)
    mark_changed_days(con, models)
    with opened(settings, models, monkeypatch) as (engine, _):
        build(con, models, engine=engine)
    before = tables(con, models)
    deliver(con, NOW + timedelta(hours=1), START, 7)
    mark_changed_days(con, models)
    with opened(settings, models, monkeypatch) as (engine, _), pytest.raises(CriticalFailure):
        build_daily(con, spend, models, Suite(spend.name, ()), "run", check=fails, engine=engine)
    assert tables(con, models) == before
    with opened(settings, models, monkeypatch) as (engine, _):
        build(con, models, engine=engine)
    assert tables(con, models) == whole(con, models) != before


def test_a_table_that_became_empty_leaves_no_rows_behind(
    con: Connection, settings: Settings, models: tuple[Model, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    order(con, NOW, "only", "b", START)
    for at, day in ((NOW, START), (NOW + timedelta(hours=1), None)):
        if day is None:
            order(con, at, "only", "b", None)
        mark_changed_days(con, models)
        with opened(settings, models, monkeypatch) as (engine, _):
            build(con, models, engine=engine)
        assert tables(con, models) == whole(con, models)
    assert con.execute("select count(*) from core.first_one").fetchall() == [(0,)]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([("a", 1), ("a", 2), ("b", 1)], True),
        ([("a", 1), ("a", 1)], False),
        ([("a", None), (None, None), (None, 1), ("a", 1)], True),
        ([("a", None), ("a", None)], False),  # NULL is a value in a key of several columns
        ([(None, None), (None, None)], False),
    ],
)
@pytest.mark.parametrize("least", [0, 10])
def test_a_key_is_unique_by_one_rule_whoever_is_asked(
    con: Connection,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    rows: list[tuple[str | None, int | None]],
    expected: bool,
    least: int,
) -> None:
    con.execute("create table core.given (id bigint, a varchar, b bigint)")
    con.executemany("insert into core.given values (?, ?, ?)", [(number, *row) for number, row in enumerate(rows)])
    models = written(tmp_path / "pairs", {"core/pair": PAIR, "core/given": GIVEN})
    pair = next(model for model in models if model.name == "core.pair")
    columns = {"column_list": ["a", "b"]}
    unique = Expectation("unique", "expect_compound_columns_to_be_unique", columns, "warning", "why")
    asked: list[str] = []
    with opened(settings, models, monkeypatch) as (engine, session):
        monkeypatch.setattr(engine, "least_asked", least)
        monkeypatch.setattr(session, "run", lambda sql, run=session.run: asked.append(sql) or run(sql))
        built = build_one(con, pair, Suite(pair.name, (unique,)), "run", models=models, engine=engine)
    assert [check.success for check in built.checks] == [expected]
    assert built.checks[0].exception is None and len(asked) == (least == 0)


def test_only_its_owner_can_open_the_files(settings: Settings, con: Connection) -> None:
    order(con, NOW, "e", "anna", START)
    Exchange(settings).files(con, "core.order_event")
    assert settings.exchange_dir.stat().st_mode & 0o77 == 0 and files(settings)
