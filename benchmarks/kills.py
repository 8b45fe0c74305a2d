"""Kills over the whole path, from a delivered file to the published snapshot: `python -m benchmarks.kills [KILLS]`.

A home with a published snapshot gets files that replace rows of each other, with rows to be set aside and a file to
be refused. A child process loads them, builds what is made from them and publishes; it kills itself (SIGKILL) after a
part of the time that this takes, four times in a row, and a fifth time up to five milliseconds after the
publication's rename began. Then the path is run to its end and has to leave exactly what a run that was not killed
leaves: every row once. A run that ends before it is killed counts as none. A reader opens the published snapshot all
the while and compares its tables with each other. Prints counts; ends with 1 when a row was lost or doubled or a
reader saw an error.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime, timedelta
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

from benchmarks.whole_path import MODELS, settings_in, whole_path
from etl.publish import files, publication
from etl.publish.files import read_contents
from etl.warehouse import open_build, open_snapshot

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
METRICS = "platform,date,channel,currency,orders,gmv\n"
ORDERS = "event_id,event_time,platform,buyer_id_hash,amount,currency,status\n"
KEPT = {
    "core.platform_metric_daily": "* exclude loaded_at",
    "raw.platform_metric_daily_history": "* exclude (loaded_at, superseded_at)",
    "core.order_event": "* exclude loaded_at",
    "raw.order_event_history": "* exclude (loaded_at, superseded_at)",
    "core.daily_metric": "* exclude loaded_at",
    "audit.load": "* exclude (loaded_at, superseded_at), superseded_at is null",
    "audit.quarantine": "* exclude (loaded_at, superseded_at), superseded_at is null",
}
CHILDREN = multiprocessing.get_context("forkserver")
IN_A_ROW = 5
CHILDREN.set_forkserver_preload(["benchmarks.kills"])


def deliver(home: Path, number: int) -> None:
    """Put the files of a delivery into the inbox: each replaces rows of the one before and has faults."""
    inbox = settings_in(home).inbox
    inbox.mkdir(parents=True, exist_ok=True)
    day = [(datetime(2025, 1, 1, tzinfo=UTC) + timedelta(days=n)).date() for n in range(120)]
    for part in range(2):
        rows = [f"pdd,{day[n % 120]},c{n // 120},CNY,{n % 50},{number}.{part}5\n" for n in range(part, 600)]
        rows[part * 7] = rows[part * 7].replace("pdd", "nobody")
        (inbox / f"metrics_{number}_{part}.csv").write_text(METRICS + "".join(rows), encoding="utf-8")
        orders = [
            f"e{n},{day[n % 119 if n % 119 != 60 else 61]} 10:00:0{part},jd,b{n % 90},{number}.5,CNY,placed\n"
            for n in range(500)
        ]
        orders[3] = orders[3].replace("CNY", "RMB")
        (inbox / f"orders_{number}_{part}.csv").write_text(ORDERS + "".join(orders), encoding="utf-8")
    (inbox / f"none_{number}.csv").write_text(f"no,contract\n{number},2\n", encoding="utf-8")


def run_and_die(home: str, after: float, in_rename: bool, answer: Any) -> None:
    """Run the whole path and die after some seconds, or so long after the rename began; 0 never."""

    def die_later() -> None:
        timer = threading.Timer(after, os.kill, (os.getpid(), signal.SIGKILL))
        timer.daemon = True
        timer.start()

    if in_rename:
        install = files.install

        def install_and_die(finished: Path, target: Path) -> None:
            answer.put("renaming")
            die_later()
            install(finished, target)

        setattr(publication, "install", install_and_die)  # noqa: B010 (it is imported there)
    elif after:
        die_later()
    started = time.monotonic()
    whole_path(Path(home), NOW + timedelta(days=1))
    answer.put(time.monotonic() - started)
    if after:
        os.kill(os.getpid(), signal.SIGKILL)


def in_child(home: Path, after: float = 0, *, in_rename: bool = False) -> tuple[bool, bool, float]:
    """Whether it was killed on the way, whether its rename had begun, and how long it took."""
    answer = CHILDREN.SimpleQueue()
    child = CHILDREN.Process(target=run_and_die, args=(str(home), after, in_rename, answer))
    child.start()
    child.join(300)
    said = []
    while not answer.empty():
        said.append(answer.get())
    seconds = [word for word in said if isinstance(word, float)]
    return not seconds, "renaming" in said, seconds[0] if seconds else 0.0


def state(home: Path) -> dict[str, Any]:
    """What is kept in the build database, without times, and what is served."""
    settings, built = settings_in(home), {model.name for model in MODELS}
    with open_build(settings) as con:
        found: dict[str, Any] = {
            table: con.execute(f"select {columns} from {table} order by all").fetchall()
            for table, columns in KEPT.items()
        }
        doubled = "select count(*) - count(distinct (platform, date, channel, partnership_id)) from core.daily_metric"
        assert con.execute(doubled).fetchall() == [(0,)]
    with open_snapshot(settings.serving_db) as con:
        rows = read_contents(con).rows
        found["served"] = {table: number for table, number in rows.items() if table in KEPT or table in built}
        found["sums"] = con.execute("select count(*), sum(orders), sum(gmv) from core.daily_metric").fetchall()
    return found


def read_on(path: str, allowed: set[int], stop: Event, answer: Any) -> None:
    """Open the published snapshot again and again, and compare what it says of itself."""
    reads, errors = 0, []
    while not stop.is_set():
        try:
            with open_snapshot(Path(path)) as con:
                (kept,) = con.execute("select count(*) from core.daily_metric").fetchall()[0]
                versions = con.execute("select version from meta.publication").fetchall()
                if kept not in allowed or len(versions) != 1:
                    errors.append(f"versions {versions} with {kept} rows")
                reads += 1
            time.sleep(0.02)
        except Exception as error:
            errors.append(f"{type(error).__name__}: {error}")
    answer.put((reads, errors))


def main(kills: int = 500) -> int:
    """Kill, finish, compare; the exit code."""
    chance = random.Random(7)
    with tempfile.TemporaryDirectory() as folder:
        first, clean, copy = (Path(folder) / name for name in ("first", "clean", "copy"))
        deliver(first, 1)
        whole_path(first, NOW, reference=True)
        before = state(first)
        deliver(first, 2)
        shutil.copytree(first, clean)
        _, _, seconds = in_child(clean)
        wanted = state(clean)
        allowed = {found["served"]["core.daily_metric"] for found in (before, wanted)}
        print(f"one run takes {seconds:.2f} s and leaves {sum(len(rows) for rows in wanted.values())} rows", flush=True)
        counts = {"killed": 0, "in the rename": 0, "lost or doubled": 0, "reads": 0, "reader errors": 0}
        for number in range(0, kills, IN_A_ROW):
            shutil.copytree(first, copy)
            stop, answer = CHILDREN.Event(), CHILDREN.SimpleQueue()
            place = str(settings_in(copy).serving_db)
            reader = CHILDREN.Process(target=read_on, args=(place, allowed, stop, answer))
            reader.start()
            for last in (*[False] * (IN_A_ROW - 1), True):
                after = chance.uniform(0, 0.005 if last else seconds)
                killed, renaming, _ = in_child(copy, after, in_rename=last)
                counts["killed"] += killed
                counts["in the rename"] += killed and renaming
            whole_path(copy, NOW + timedelta(days=2))
            stop.set()
            reader.join(60)
            reads, errors = answer.get()
            counts["reads"] += reads
            counts["reader errors"] += len(errors)
            found = state(copy)
            differs = [name for name in wanted if found[name] != wanted[name]]
            counts["lost or doubled"] += bool(differs)
            if differs or errors:
                print(f"after kill {number + IN_A_ROW}: {differs} {errors[:3]}", flush=True)
            shutil.rmtree(copy)
            if (number + IN_A_ROW) % 50 == 0 and number + IN_A_ROW < kills:
                print(f"{number + IN_A_ROW}: {counts}", flush=True)
    print(f"{kills}: {counts}", flush=True)
    return int(counts["lost or doubled"] > 0 or counts["reader errors"] > 0 or counts["killed"] < kills * 0.6)


if __name__ == "__main__":
    # The children shall not read this module a second time as their own main module.
    sys.modules["__main__"].__spec__ = None
    del sys.modules["__main__"].__file__
    from benchmarks.kills import main as of_the_module

    sys.exit(of_the_module(*map(int, sys.argv[1:])))
