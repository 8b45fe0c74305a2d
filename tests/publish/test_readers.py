"""Four readers in processes of their own, over fifty publications: no error, no torn read, no step back."""

from __future__ import annotations

import multiprocessing
import time
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from etl.publish.publication import publish
from etl.warehouse import open_build, open_snapshot
from tests.support.publishing import NOW, fill, leftovers, read_served, refresh, served, settings_in

pytestmark = pytest.mark.slow

READERS = 4
PUBLICATIONS = 50


def read_on(path: str, ready: Event, stop: Event, answers: Queue) -> None:
    """Open, read several tables, close, over and over; answer with what was seen, or the first error."""
    seen: list[tuple[int, int]] = []
    rounds = 0
    try:
        last = False
        while not last:
            last = stop.is_set()  # the last round starts after the last publication
            found = served(Path(path))
            rounds += 1
            if not seen or seen[-1] != found:
                seen.append(found)
            ready.set()
            time.sleep(0.1)  # two cores: let the publisher have its turn
        answers.put((rounds, seen, None))
    except BaseException as error:
        ready.set()
        answers.put((rounds, seen, repr(error)))


def test_readers_never_fail_tear_or_step_back_while_fifty_snapshots_are_published(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    assert refresh(settings, 1).published
    context = multiprocessing.get_context("spawn")
    stop, answers = context.Event(), context.Queue()
    started = [context.Event() for _ in range(READERS)]
    readers = [
        context.Process(target=read_on, args=(str(settings.serving_db), ready, stop, answers), daemon=True)
        for ready in started
    ]
    for reader in readers:
        reader.start()
    assert all(ready.wait(60) for ready in started)
    with open_build(settings) as con:
        for number in range(2, PUBLICATIONS + 2):
            fill(con, number)
            assert publish(con, settings, now=NOW).published
        recorded = con.execute("select version from audit.publication order by rowid").fetchall()
    stop.set()
    results = [answers.get(timeout=60) for _ in readers]
    for reader in readers:
        reader.join(10)
    for rounds, seen, error in results:
        assert error is None
        assert all(version == number for version, number in seen), "a version with the content of another"
        assert seen == sorted(seen), "a reader saw an older version after a newer one"
        assert seen[-1] == (PUBLICATIONS + 1, PUBLICATIONS + 1)
        assert rounds >= PUBLICATIONS
        assert len(seen) > PUBLICATIONS / 4, "the reader saw too few versions to prove anything"
    assert leftovers(settings) == []
    assert recorded == [(version,) for version in range(1, PUBLICATIONS + 2)]


def hold(path: str, ready: Event, stop: Event, answers: Queue) -> None:
    """Keep one connection open and read over it again and again."""
    with open_snapshot(Path(path)) as con:
        seen = {read_served(con)}
        ready.set()
        while not stop.is_set():
            seen.add(read_served(con))
        seen.add(read_served(con))
    answers.put(seen)


def test_a_connection_held_open_sees_one_snapshot_also_after_it_is_pruned(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    refresh(settings, 1)
    context = multiprocessing.get_context("spawn")
    ready, stop, answers = context.Event(), context.Event(), context.Queue()
    reader = context.Process(target=hold, args=(str(settings.serving_db), ready, stop, answers), daemon=True)
    reader.start()
    assert ready.wait(60)
    for number in range(2, 9):
        refresh(settings, number)
    assert not (settings.snapshots_dir / "1.duckdb").exists()
    stop.set()
    assert answers.get(timeout=60) == {(1, 1)}
    reader.join(10)
