"""Backups of a home that is being written, each restored: `python -m benchmarks.backups [ROUNDS] [COMMAND_ROUNDS]`.

A process delivers two files and runs the whole path, as `daily` and as `refresh` in turn; the second file comes at any
moment. Meanwhile another process makes a backup at a random moment of each round; what it stores is still being stored
while the next run is at work. While the backup holds the writer's lock, the home is also copied as it is, without the
code of backups. Then each backup is restored into an empty home, the next run is made there and in the copy with the
same clock, and the two snapshots must have the same tables with the same rows, every time and number included. Each
delivery that the backup holds has to be loaded once, with its values; after all deliveries came again, every one.

The rounds by command do the same with `warehouse daily`, `refresh` and `restore` on the embedded data with every table;
there times after the backup differ by themselves, and are held to be after it.

Then one byte of files of each kind is changed, and a restore has to refuse the backup with the file's name. Prints
counts; ends with 1 when something does not hold.
"""

from __future__ import annotations

import json
import math
import multiprocessing
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from multiprocessing.synchronize import Event, Semaphore
from pathlib import Path

from benchmarks.whole_path import settings_in, whole_path
from etl.backup.make import make_backup
from etl.backup.manifest import Manifest, manifests, read_manifest
from etl.backup.restore import restore
from etl.backup.stores import FolderStore
from etl.buyers import KEY_FILE
from etl.config import ROOT
from etl.errors import MendError
from etl.lock import try_lock, writer_lock
from etl.remote.postgres import State
from etl.warehouse import literal, memory, open_build, open_snapshot
from etl.whole import write_whole

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
FIRST = date(2025, 1, 1)
METRICS = "platform,date,channel,currency,orders,gmv\n"
ORDERS = "event_id,event_time,platform,buyer_id_hash,amount,currency,status\n"
MARK = "postgres/.0123456789abcdef.json"  # where the source from PostgreSQL keeps what it has
DAMAGED_OF_A_KIND = 5
CHILDREN = multiprocessing.get_context("forkserver")
CHILDREN.set_forkserver_preload(["benchmarks.backups"])


def rows_of(name: str) -> dict[str, int]:
    """The rows of a delivery by their key: 20 of its own, and one that every file of its kind replaces."""
    number = int(name[1:4])
    own = {f"{name[0]}{number * 20 + n}": number + n for n in range(20)}
    return own | {f"{name[0]}shared": number}


def deliver(home: Path, name: str) -> None:
    """Put a file into the inbox: m001.csv with figures of days, o001.csv with orders."""
    number, lines = int(name[1:4]), []
    for key, value in rows_of(name).items():
        day = FIRST + timedelta(0 if key.endswith("shared") else number)
        lines.append(
            f"pdd,{day},{key},CNY,{value},{value}.5\n"
            if name[0] == "m"
            else f"{key},{day} 10:00:00,jd,buyer-{value % 30},{value}.5,CNY,placed\n"
        )
    text = (METRICS if name[0] == "m" else ORDERS) + "".join(lines)
    write_whole(settings_in(home).inbox / name, text.encode())


def keep_on_running(home: str, rounds: int, begun: Event, staged: Semaphore) -> None:
    """Deliver and run, once a round; the next one begins when the backup of this round has let the home go."""
    place, chance = Path(home), random.Random(3)
    for number in range(1, rounds + 1):
        begun.set()
        write_whole(settings_in(place).inbox / MARK, json.dumps(asdict(State(content=f"{number:064x}"))).encode())
        deliver(place, f"m{number:03}.csv")
        later = threading.Timer(chance.uniform(0, 2), deliver, (place, f"o{number:03}.csv"))
        later.start()
        with writer_lock(settings_in(place), math.inf):
            whole_path(place, NOW + timedelta(hours=number), reference=number % 2 == 0)
        later.join()
        staged.acquire()


@contextmanager
def lock_and_copy(home: Path, copy: Path, then: Callable[[], None] = lambda: None) -> Iterator[None]:
    """The writer's lock for a backup, with a copy of the home as it is then; calls `then` when the lock is free."""
    with writer_lock(settings_in(home), math.inf):
        shutil.copytree(home, copy, symlinks=True, ignore=shutil.ignore_patterns("*.part", "backup.lock"))
        yield
    then()


def deliveries(names: Iterator[str]) -> set[str]:
    """The files of an inbox that are loaded, of these paths in a home."""
    return {path.name for path in map(Path, names) if path.parts[0] == "inbox" and not path.name.startswith(".")}


def files_in(home: Path) -> set[str]:
    """The deliveries in the inbox of a home."""
    return deliveries(str(path.relative_to(home)) for path in (home / "inbox").rglob("*.csv"))


def level(home: Path, copy: Path, manifest: Manifest) -> set[str]:
    """Give the copy the deliveries that came between it and the backup; gives those that the backup lost."""
    stored = deliveries(file.path for file in manifest.files)
    for name in stored - files_in(copy):
        shutil.copy2(home / "inbox" / name, copy / "inbox" / name)
    return files_in(copy) - stored


def differences(one: Path, other: Path, *, after: datetime | None = None) -> list[str]:
    """The tables of two snapshots that differ; times later than `after` count as that, and names of runs as equal."""
    shown = "select schema_name || '.' || table_name, list(column_name || ' ' || data_type order by column_index) "
    with memory() as con:
        tables = []
        for name, path in (("one", one), ("other", other)):
            con.execute(f"attach {literal(str(path))} as {name} (read_only)")
            query = f"{shown} from duckdb_columns() where database_name = '{name}' and not internal group by all"
            tables.append(dict(con.execute(query).fetchall()))
        if tables[0] != tables[1]:
            return [f"columns of {sorted(name for name in tables[0] if tables[0][name] != tables[1].get(name))}"]
        found = []
        for table, columns in tables[0].items():
            chosen = ", ".join(_compared(column, after) for column in columns)
            rows, others = (f"(select {chosen} from {name}.{table})" for name in ("one", "other"))
            query = f"({rows} except all {others}) union all ({others} except all {rows})"
            if wrong := con.execute(
                f"select count(*), any_value(q) from ({query}) as q having count(*) > 0"
            ).fetchall():
                found.append(f"{table} in {wrong[0][0]} rows, {str(wrong[0][1])[:300]}")
    return found


def _compared(column: str, after: datetime | None) -> str:
    name, _, kind = column.partition(" ")
    if after and kind.startswith("TIMESTAMP"):
        return f'least("{name}", {literal(after.isoformat())}::{kind}) as "{name}"'
    return f"null as {name}" if after and name in ("run_id", "fingerprint") else f'"{name}"'


def published_from(home: Path) -> set[str]:
    """The files that the rows of the served snapshot are from."""
    with open_snapshot(settings_in(home).serving_db) as con:
        return {file for (file,) in con.execute("select file from meta.input").fetchall()}


def miscounted(home: Path, names: set[str]) -> list[str]:
    """What the tables of a home have otherwise than the deliveries say, each loaded once, in the order of the names."""
    wanted: dict[str, int] = {}
    for name in sorted(names):
        wanted |= rows_of(name)
    with open_build(settings_in(home)) as con:
        values = "select channel, orders from core.platform_metric_daily where channel similar to 'm(\\d+|shared)' "
        values += "union all select event_id, floor(amount) from core.order_event"
        rows = con.execute(values).fetchall()
        loads = "select file, count(*) from audit.load where source = 'inbox' and superseded_at is null group by 1"
        loaded = dict(con.execute(loads).fetchall())
    found = []
    if len(rows) != len(wanted) or {key: int(value) for key, value in rows} != wanted:
        found.append(f"{len(rows)} of {len(wanted)} rows, or other values")
    if loaded != dict.fromkeys(names, 1):
        found.append(f"loads {sorted(set(loaded.items()) ^ set(dict.fromkeys(names, 1).items()))[:5]}")
    return found


def by_path(number: int) -> Callable[[Path], None]:
    """The next run in one process, on the same clock wherever it is made."""
    return lambda home: whole_path(home, NOW + timedelta(days=30), reference=number % 2 == 1)


def by_command(home: Path) -> None:
    """The next runs by the commands."""
    for word in ("refresh", "daily"):
        command(home, word)


def command(home: Path, *words: str) -> None:
    """Run a command of the warehouse. Raises MendError with what it printed when it fails."""
    environment = {**os.environ, "WAREHOUSE_HOME": str(home), "DAGSTER_HOME": ""}
    line = [sys.executable, "-m", "assets.cli", *words]
    done = subprocess.run(line, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise MendError(f"{words} failed: {done.stdout[-500:]} {done.stderr[-1500:]}")


def hold(home: Path, store: FolderStore, manifest: Manifest, copy: Path, run: Callable[[Path], None]) -> list[str]:
    """Restore a backup, run there and in the copy of that moment; what differs. Both homes are there afterwards."""
    second, is_command = copy.with_name("second"), run is by_command
    shutil.rmtree(second, ignore_errors=True)
    at = manifest.name.removeprefix("backups/")
    if is_command:
        command(second, "restore", str(store.root), "--at", at, "--key", str(home / KEY_FILE))
    else:
        restore(settings_in(second), store, at=at, key=home / KEY_FILE)
    found = [f"{name} is lost" for name in level(home, copy, manifest)]
    served, other = settings_in(second).serving_db, settings_in(copy).serving_db
    if served.exists() or other.exists():
        found += [f"as restored: {what}" for what in differences(served, other)]
    run(second)
    run(copy)
    found += differences(served, other, after=manifest.made_at if is_command else None)
    return found + miscounted(second, files_in(second))


def come_again(home: Path, second: Path) -> list[str]:
    """Deliver everything once more to a restored home, and run; what is lost or doubled."""
    for path in sorted((home / "inbox").glob("*.csv")):  # the inbox takes files in the order of their times
        shutil.copyfile(path, second / "inbox" / path.name)
    whole_path(second, NOW + timedelta(days=31))
    return miscounted(second, files_in(home))


def in_process(folder: Path, rounds: int, counts: Counter[str]) -> tuple[FolderStore, list[str]]:
    """Back up while a process writes, then restore each; the place of the backups, and what does not hold."""
    home, store, chance, found, made = folder / "home", FolderStore(folder / "backups"), random.Random(7), [], []
    deliver(home, "m000.csv")
    deliver(home, "o000.csv")
    whole_path(home, NOW, reference=True)
    begun, staged = CHILDREN.Event(), CHILDREN.Semaphore(0)
    writer = CHILDREN.Process(target=keep_on_running, args=(str(home), rounds, begun, staged))
    writer.start()
    for number in range(1, rounds + 1):
        begun.wait()
        begun.clear()
        time.sleep(chance.uniform(0, 3))
        with (home / "build" / "refresh.lock").open("a") as lock:
            counts["begun while a run was at work"] += not try_lock(lock)
        lock_of = lock_and_copy(home, folder / f"copy_{number}", staged.release)
        made.append(make_backup(settings_in(home), store, lock_of).manifest)
    writer.join(120)
    if writer.exitcode:
        found.append(f"the writer ended with {writer.exitcode}")
    for number, manifest in enumerate(made, 1):
        copy = folder / f"copy_{number}"
        counts["with a delivery that waited"] += not files_in(copy) <= published_from(copy)
        wrong = hold(home, store, manifest, copy, by_path(number))
        counts["restored"] += 1
        counts["equal"] += not wrong
        counts["deliveries counted"] += len(files_in(copy))
        counts["held fewer deliveries than the home had in the end"] += files_in(copy) < files_in(home)
        if number % 5 == 0:
            wrong += come_again(home, folder / "second")
            counts["delivered again"] += 1
        found += [f"backup {number}: {what}" for what in wrong]
        print(*found[-len(wrong) :] if wrong else [f"{number}: {dict(counts)}"], sep="\n", flush=True)
        shutil.rmtree(copy)
    return store, found


def through_commands(folder: Path, rounds: int, counts: Counter[str]) -> tuple[FolderStore, list[str]]:
    """The same with commands on the embedded data."""
    home, store, chance, found = folder / "home", FolderStore(folder / "backups"), random.Random(5), []
    command(home, "refresh")
    for number in range(1, rounds + 1):
        deliver(home, f"m{number:03}.csv")
        deliver(home, f"o{number:03}.csv")
        started = time.monotonic()
        words = ("daily", "refresh") if number % 2 else ("refresh", "daily")
        with ThreadPoolExecutor(1) as writer:
            runs = [writer.submit(command, home, word) for word in words]
            time.sleep(chance.uniform(0, 15))
            copy = folder / "copy"
            manifest = make_backup(settings_in(home), store, lock_and_copy(home, copy)).manifest
            for run in runs:
                run.result()
        seconds = time.monotonic() - started
        wrong = hold(home, store, manifest, copy, by_command)
        counts["restored by command"] += 1
        counts["equal by command"] += not wrong
        found += [f"by command, backup {number}: {what}" for what in wrong]
        print(f"by command {number}, {seconds:.0f} s for {words}: {wrong or 'equal'}", flush=True)
        shutil.rmtree(copy)
    return store, found


def damaged(folder: Path, store: FolderStore, key: Path, counts: Counter[str]) -> list[str]:
    """Change one byte of stored files of each kind; those whose backup was not refused by their name."""
    chance, found, kinds = random.Random(11), [], Counter[str]()
    manifest = read_manifest(store, manifests(store)[-1])
    wanted = [("manifest", manifest.name, manifest.name)]
    for file in chance.sample(manifest.files, len(manifest.files)):
        kind = "marks" if Path(file.path).name.startswith(".") else f"{Path(file.path).parts[0]}/"
        kinds[kind] += 1
        if kinds[kind] <= DAMAGED_OF_A_KIND and file.size:
            wanted.append((kind, file.name, file.path))
    paths: dict[str, list[str]] = {}  # what is served is kept, too: one content with two paths
    for file in manifest.files:
        paths.setdefault(file.name, []).append(file.path)
    for kind, name, path in wanted:
        stored = store.root / name
        whole = stored.read_bytes()
        at = chance.randrange(len(whole))
        stored.write_bytes(whole[:at] + bytes([whole[at] ^ (1 << chance.randrange(8))]) + whole[at + 1 :])
        target = folder / "refused"
        try:
            restore(settings_in(target), store, key=key)
            found.append(f"{path} with another byte {at} was restored")
        except MendError as error:
            counts[f"damaged {kind}"] += 1
            named = any(path in str(error) for path in paths.get(name, [name]))
            if name not in str(error) or not named or (target / "build").exists():
                found.append(f"{path} with another byte {at}: {error}")
        stored.write_bytes(whole)
        shutil.rmtree(target, ignore_errors=True)
    return found


def main(rounds: int = 50, command_rounds: int = 3) -> int:
    """Back up, restore, compare, damage; the exit code."""
    counts, found, started = Counter[str](), list[str](), time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        for part, number in ((in_process, rounds), (through_commands, command_rounds)):
            if number:
                folder = Path(name) / part.__name__
                folder.mkdir()
                store, wrong = part(folder, number, counts)
                found += wrong + damaged(folder, store, folder / "home" / KEY_FILE, counts)
    print(f"{time.monotonic() - started:,.0f} s: {dict(counts)}", *found, sep="\n", flush=True)
    return int(bool(found))


if __name__ == "__main__":
    # The children shall not read this module a second time as their own main module.
    sys.modules["__main__"].__spec__ = None
    del sys.modules["__main__"].__file__
    from benchmarks.backups import main as of_the_module

    sys.exit(of_the_module(*map(int, sys.argv[1:])))
