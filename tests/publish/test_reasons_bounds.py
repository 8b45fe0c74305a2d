"""Finding out why rows changed keeps no snapshot from readers, and what it did not find out it says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from etl.config import Settings
from etl.publish import reasons
from etl.publish.worlds import World
from etl.warehouse import open_build, open_snapshot, prepared
from tests.support.changed_warehouse import DOCUMENT, RESTATED, build_and_publish
from tests.support.small_warehouse import publish_small_warehouse

pytestmark = pytest.mark.slow

ALERT = Path("sql/alerts/unexplained.sql")
Told = dict[tuple[str, ...], int]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Settings]:
    yield publish_small_warehouse(tmp_path / "home", without="obs_restated")


def published(home: Settings) -> tuple[Told, str, str]:
    """Publish a restated figure and its document: rows by reasons, what kept reasons away, and the alert."""
    with open_build(home) as con:
        assert not build_and_publish(con, home).published
        con.execute(RESTATED)
        con.execute(DOCUMENT, {"title": "JD annual report 2017"})
        publication = build_and_publish(con, home)
        assert publication.version == 2
        ((_, state, tells, words, _),) = con.execute(ALERT.read_text(encoding="utf-8")).fetchall()
        assert tells == (state == "2")
        assert con.execute("select current_database()").fetchall() == [("warehouse",)]
        assert con.execute("select count(*) from duckdb_databases() where not internal").fetchall() == [(1,)]
    with open_snapshot(home.serving_db) as con:
        rows = con.execute("select reasons, count(*) from meta.change group by all").fetchall()
    return {tuple(told): count for told, count in rows}, publication.problem, words


def test_nothing_is_told_where_all_was_found(home: Settings) -> None:
    told, problem, words = published(home)
    assert told.keys() == {("document",), ("restatement",)}
    assert problem == ""
    assert words == "version 2 has a reason for every changed row"


def test_an_error_leaves_reasons_to_choose_from_and_is_told(home: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> str:
        raise duckdb.IOException("no space left")

    monkeypatch.setattr(World, "place", fail)
    told, problem, words = published(home)
    assert told[("document", "restatement", "not_separated")] > 0
    assert all("not_separated" in reasons or len(reasons) == 1 for reasons in told)
    assert problem.startswith("IOException: no space left (")
    unclear = words.removeprefix("version 2 has ").partition(" changed rows without a certain reason: IOException")
    assert int(unclear[0]) > 0 and unclear[1]


def test_it_ends_when_its_time_is_over(home: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def never_end(world: World, _: str) -> str:
        world._con.execute(f"use {world._name}")
        world._con.execute("begin")
        world._con.execute("select count(*) from range(1000000000000) where range % 7 = 8")
        raise AssertionError

    monkeypatch.setattr(World, "place", never_end)
    monkeypatch.setattr(reasons, "MOST_SECONDS", 10)
    told, problem, words = published(home)
    assert told[("document", "restatement", "not_separated")] > 0
    assert problem.startswith("it took too long (")
    assert words.endswith(problem)


def test_without_what_changed_at_the_sources_rows_are_unexplained(
    home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(name: str) -> str:
        return "select no_such_column where $since is null" if name.startswith("changed_") else prepared(name)

    monkeypatch.setattr(reasons, "prepared", broken)
    told, problem, words = published(home)
    assert told.keys() == {("unexplained",)}
    assert problem.startswith("BinderException: ")
    assert "changed rows without a certain reason: BinderException: " in words


def test_an_interrupt_from_outside_ends_the_publication(home: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> str:
        raise duckdb.InterruptException("Interrupted!")

    monkeypatch.setattr(World, "place", interrupted)
    with pytest.raises(Exception, match="Interrupted"):
        published(home)
    with open_snapshot(home.serving_db) as con:
        assert con.execute("select version from meta.publication").fetchall() == [(1,)]
