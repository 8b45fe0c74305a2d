"""Seventy mixed changes, ten of each kind, on a home with the reference figures and a shop: why each row changed.

What is right does not come from the product: each kind of change is published alone, and all are published but one
kind. A reason is right where the kind alone changes the value, or where the value would be another without it.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Collection
from pathlib import Path

import pytest

from etl.publish.diff import diff
from etl.warehouse import open_snapshot
from tests.support.mixed_changes import CHANGES
from tests.support.whole_home import WholeHome

pytestmark = pytest.mark.slow

Place = tuple[str | None, str | None, str | None]
Reasons = dict[Place, set[str]]
Told = list[tuple[Place, list[str], list[str]]]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> WholeHome:
    """A home that was published once."""
    home = WholeHome.made(tmp_path_factory.mktemp("base") / "home")
    assert home.refresh().version == 1
    return home


def changed(base: WholeHome, folder: Path, kinds: Collection[str]) -> WholeHome:
    """A copy of the home in which these kinds of change were made."""
    home = base.copy(folder)
    for kind in kinds:
        for change in CHANGES[kind]:
            change(home)
    return home


def places(home: WholeHome, before: Path) -> set[Place]:
    """What differs from a snapshot, by table, row and column; the column is empty for a row that came or went."""
    found = diff(home.settings, str(before), str(home.settings.serving_db)).changes
    return {(table, key, column) for table, key, _, column, *_ in found}


@pytest.fixture(scope="module")
def everything(base: WholeHome, tmp_path_factory: pytest.TempPathFactory) -> WholeHome:
    """The home after all seventy changes, published at once."""
    home = changed(base, tmp_path_factory.mktemp("all") / "home", CHANGES)
    assert home.refresh().version == 2
    return home


def without_explaining(home: WholeHome) -> WholeHome:
    """The home, published as if for the first time: its snapshot says nothing of changes."""
    shutil.rmtree(home.settings.serving_dir)
    home.refresh()
    return home


@pytest.fixture(scope="module")
def alone(base: WholeHome, tmp_path_factory: pytest.TempPathFactory) -> Reasons:
    """By place, the kinds that change it when they are published alone."""
    found: Reasons = {}
    for kind in CHANGES:
        home = changed(base, tmp_path_factory.mktemp(kind) / "home", [kind])
        for place in places(without_explaining(home), base.settings.serving_db):
            found.setdefault(place, set()).add(kind)
    return found


@pytest.fixture(scope="module")
def but_for(base: WholeHome, everything: WholeHome, tmp_path_factory: pytest.TempPathFactory) -> Reasons:
    """By place, the kinds without which it would be another after the other sixty changes."""
    found: Reasons = {}
    for kind in CHANGES:
        home = changed(base, tmp_path_factory.mktemp(f"no_{kind}") / "home", CHANGES.keys() - {kind})
        for place in places(without_explaining(home), everything.settings.serving_db):
            found.setdefault(place, set()).add(kind)
    return found


@pytest.fixture(scope="module")
def told(everything: WholeHome) -> Told:
    with open_snapshot(everything.settings.serving_db) as con:
        rows = con.execute("select table_name, row_key, column_name, reasons, causes from meta.change").fetchall()
    return [((table, key, column), reasons, causes) for table, key, column, reasons, causes in rows]


def test_there_are_ten_of_each_kind() -> None:
    assert {kind: len(changes) for kind, changes in CHANGES.items()} == dict.fromkeys(CHANGES, 10)
    assert len(CHANGES) == 7


def expected(found: Reasons, place: Place) -> set[str]:
    """The kinds that change a value: those that change its column, or let its row come or go."""
    table, key, _ = place
    kinds = found.get(place, set()) | found.get((table, key, None), set())
    return {"document" if (table, kind) == ("core.document", "restatement") else kind for kind in kinds}


def of_rows(found: Reasons) -> Reasons:
    """The kinds by row, for rows that came or went, whose values are no places of their own."""
    rows: Reasons = {}
    for (table, key, _), kinds in found.items():
        rows.setdefault((table, key, None), set()).update(kinds)
    return found | rows


def test_every_changed_row_has_a_reason(told: Told) -> None:
    assert len(told) > 10_000
    assert [place for place, reasons, _ in told if not reasons or "unexplained" in reasons] == []


def test_no_reason_is_wrong(told: Told, alone: Reasons, but_for: Reasons) -> None:
    alone, but_for = of_rows(alone), of_rows(but_for)
    wrong = [
        (place, reasons, expected(alone, place), expected(but_for, place))
        for place, reasons, _ in told
        if not set(reasons) <= expected(alone, place) | expected(but_for, place)
    ]
    assert wrong == []


def test_no_reason_is_left_out(told: Told, alone: Reasons, but_for: Reasons) -> None:
    """Where every account agrees on the kinds, they are all told; elsewhere changes act on each other."""
    agreed = [
        (place, set(reasons), expected(alone, place))
        for place, reasons, _ in told
        if expected(alone, place) == expected(but_for, place) and place[2]
    ]
    assert len(agreed) > 0.8 * sum(1 for place, *_ in told if place[2])
    assert [one for one in agreed if one[1] != one[2]] == []


def test_each_kind_is_told_of_many_rows(told: Told) -> None:
    counts = Counter(reason for _, reasons, _ in told for reason in reasons)
    assert counts.keys() == CHANGES.keys()
    assert min(counts.values()) >= 10


def test_a_row_explains_a_table_that_only_a_later_run_makes(base: WholeHome, tmp_path: Path) -> None:
    home = base.copy(tmp_path / "home")
    shop = home.root / "data" / "shop" / "platforms.csv"
    shop.write_text(shop.read_text(encoding="utf-8").replace("12-31,CNY", "12-31,USD"), encoding="utf-8")
    found = []
    for daily in (False, True):
        assert home.refresh(daily=daily).published
        with open_snapshot(home.settings.serving_db) as con:
            found.append(
                con.execute("select table_name, list(distinct reasons) from meta.change group by 1").fetchall()
            )
    first, later = map(dict, found)
    assert first["core.platform"] == [["document"]]
    assert "marts.channel_cost" not in first
    assert later["marts.channel_cost"] == [["document"]]
    assert "core.platform" not in later
