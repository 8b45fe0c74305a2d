"""A delivery leaves the archive by a setting, after it was told, and never one that the copy does not have."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from etl.archive.files import archived_files
from etl.archive.replay import catch_up
from etl.archive.retain import read_leaving, retire
from etl.warehouse import memory, open_build
from tests.support.inbox_files import Inbox, daily, inbox_in


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    """Three deliveries, ten days apart."""
    made = inbox_in(tmp_path)
    for number in (1, 2, 3):
        made.csv(f"{number}.csv", [daily(number)])
        made.load()
        made.now += timedelta(days=10)
    made.settings = made.settings.model_copy(update={"archive_days": 25})
    return made


def test_without_the_setting_nothing_goes(inbox: Inbox) -> None:
    settings = inbox.settings.model_copy(update={"archive_days": None})
    assert retire(inbox.con, settings, inbox.now + timedelta(days=9999)) == ""
    assert len(list(archived_files(settings))) == 3


def test_what_goes_is_told_a_week_before_and_only_what_the_copy_has_goes(inbox: Inbox) -> None:
    sentence = retire(inbox.con, inbox.settings, inbox.now)
    assert sentence.startswith("deliveries 1 to 2 leave the archive after 2026-04-07 (1.csv, 2.csv): an empty home can")
    assert retire(inbox.con, inbox.settings, inbox.now + timedelta(days=6)) == sentence
    assert len(list(archived_files(inbox.settings))) == 3
    retire(inbox.con, inbox.settings, inbox.now + timedelta(days=8))
    assert len(list(archived_files(inbox.settings))) == 3  # there is no copy that has them
    inbox.settings.build_copy.parent.mkdir(parents=True, exist_ok=True)
    with open_build(inbox.settings, is_recovering=True) as con:
        catch_up(con, inbox.settings, inbox.now)
    inbox.settings.build_db.rename(inbox.settings.build_copy)
    later = inbox.now + timedelta(days=16)
    retire(inbox.con, inbox.settings, later)
    assert [file.number for file in archived_files(inbox.settings)] == []
    assert read_leaving(inbox.settings) is None


def test_an_empty_home_is_told_what_it_cannot_get(inbox: Inbox) -> None:
    next(iter(archived_files(inbox.settings))).path.unlink()
    (sentence,) = catch_up(memory(), inbox.settings, inbox.now).lost
    assert sentence.startswith("delivery 1 of the archive is missing or damaged")


def test_a_clock_that_was_ahead_tells_again(inbox: Inbox) -> None:
    ahead = retire(inbox.con, inbox.settings, inbox.now + timedelta(days=300))
    assert ahead
    told = retire(inbox.con, inbox.settings, inbox.now)
    assert told != ahead
    assert len(list(archived_files(inbox.settings))) == 3
