"""An hour of real time with everything side by side, killed at random: `python -m benchmarks.soak [--minutes 60]`.

A home of its own gets `make dev` (web server, daemon, sensor on the inbox, a schedule every seven minutes), `daily` and
`refresh` as from cron, readers of the snapshot and a receiver of alerts. Every simulated day takes 55 seconds: its
file comes into the inbox, the history of runs becomes a day older, and on some days a row of the file is at fault and
corrected three days later. Runs, commands, daemon and the whole of `make dev` are killed at random (SIGKILL, SIGTERM)
and started again. At the end everything is left to finish, and then must hold:

- every delivered row is in the snapshot once, with its value, and each file was loaded once;
- no run of the sensor or of the schedule came twice, and none is left unfinished;
- each fault was told once and its end once, and a run was told as failed only when one had failed;
- readers saw no error, and never fewer days than before;
- memory of the daemon and its disk are flat after the first tenth.

Prints what it counts each minute and at the end; ends with 1 when something does not hold.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from typing import Any

import psutil

from etl.config import ROOT, Settings, load_settings
from etl.errors import MendError, RetryError
from etl.warehouse import DatabaseError, open_snapshot
from etl.whole import write_whole

FIRST = date(2026, 5, 1)
DAY_SECONDS = 55
HISTORY_DAYS = 6
CHANNELS = ("search", "social", "affiliate", "direct")
HEADER = "platform,date,channel,currency,orders,gmv\n"
WORKSPACE = "load_from: [{python_module: {module_name: benchmarks.soak_definitions, location_name: warehouse}}]\n"
FAILED = re.compile(r"run: \w+ failed: (?!another refresh is writing)")
BEGAN, ENDED = "rows in quarantine", "has nothing in quarantine"
FAULT_EVERY, MENDED_AFTER = 9, 3  # days
COMMAND_PAUSE = 90
UNFINISHED = ("NOT_STARTED", "QUEUED", "STARTING", "STARTED", "CANCELING")


class Receiver(BaseHTTPRequestHandler):
    """Keeps the messages of the channel."""

    def do_POST(self) -> None:
        """Take one."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.messages.append((time.time(), f"{body.get('title')}\n{body.get('message')}"))  # type: ignore[attr-defined]
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


@dataclass
class Soak:
    """One long run: its home, its processes and what was counted."""

    settings: Settings
    environment: dict[str, str]
    port: int
    chance: random.Random
    server: Any
    counts: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    delivered: dict[tuple[str, str], int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)  # files at fault, corrected later under the same name
    memory: list[tuple[float, float, float]] = field(default_factory=list)  # minute, age of the daemon, its MB
    disk: list[tuple[float, float, float]] = field(default_factory=list)  # minute, all, without shards of runs, MB
    started: float = field(default_factory=time.time)
    stopping: threading.Event = field(default_factory=threading.Event)
    failed: set[str] = field(default_factory=set)  # runs
    quiet: threading.Event = field(default_factory=threading.Event)
    dev: subprocess.Popen[bytes] | None = None

    @property
    def minute(self) -> float:
        """Minutes since the beginning."""
        return (time.time() - self.started) / 60

    def command(self, *words: str) -> subprocess.Popen[bytes]:
        """Start a command of the warehouse."""
        log = (self.settings.home / f"{words[0]}.log").open("ab")
        return subprocess.Popen(
            [sys.executable, "-m", "assets.cli", *words], cwd=ROOT, env=self.environment, stdout=log, stderr=log
        )

    # What runs side by side

    def deliver(self) -> None:
        """The file of each simulated day, and corrections."""
        day = 0
        while not self.quiet.is_set():
            self.deliver_day(day)
            self.age_history()
            day += 1
            self.counts["days"] = day
            self.quiet.wait(DAY_SECONDS)
        give_up = time.time() + 600
        while (open_ := [file for file in self.faults if not self.is_corrected(file)]) and time.time() < give_up:
            for file in open_:
                if self.told_of(file, BEGAN):
                    self.correct(file)
            time.sleep(5)

    def deliver_day(self, number: int) -> None:
        """A row for each channel; on some days one without a currency that exists."""
        day, rows, name = FIRST + timedelta(number), [], f"day_{number:03}.csv"
        is_faulty = number % FAULT_EVERY == 4
        for n, channel in enumerate(CHANNELS):
            orders = self.chance.randrange(1, 1000)
            self.delivered[str(day), channel] = orders
            currency = "QQQ" if is_faulty and n == 1 else "CNY"
            rows.append(f"jd,{day},{channel},{currency},{orders},{orders * 3}\n")
        write_whole(self.settings.inbox / name, (HEADER + "".join(rows)).encode())
        if is_faulty:
            self.faults.append(name)
        for file in self.faults:
            is_due = number >= int(file[4:7]) + MENDED_AFTER
            if is_due and self.told_of(file, BEGAN) and not self.is_corrected(file):
                self.correct(file)

    def is_corrected(self, file: str) -> bool:
        """Whether the correction of a file at fault was delivered."""
        return "QQQ" not in (self.settings.inbox / file).read_text(encoding="utf-8")

    def told_of(self, file: str, words: str) -> int:
        """How many messages said something of a file."""
        return sum(any(f"{file} " in line and words in line for line in text.splitlines()) for text in self.texts())

    def texts(self) -> list[str]:
        """The messages that came."""
        return [text for _, text in self.server.messages]

    def correct(self, file: str) -> None:
        """Deliver the whole day again, under its name: that ends what stands in quarantine of the file."""
        text = (self.settings.inbox / file).read_text(encoding="utf-8").replace("QQQ", "CNY")
        write_whole(self.settings.inbox / file, text.encode())

    def age_history(self) -> None:
        """A simulated day passes for the history of runs and for the ticks of the daemon."""
        home = self.settings.home / "dagster"
        with suppress(sqlite3.Error), closing(sqlite3.connect(home / "history" / "runs.db", timeout=30)) as con, con:
            con.execute(
                "update runs set create_timestamp = datetime(create_timestamp, '-1 day') "
                "where status in ('SUCCESS', 'FAILURE', 'CANCELED')"
            )

    def run_commands(self) -> None:
        """What cron does: mostly `daily`, at times `refresh`; some are killed on the way."""
        while not self.quiet.wait(self.chance.uniform(0.5, 1.5) * COMMAND_PAUSE):
            words = "refresh" if self.chance.random() < 0.2 else "daily"
            process = self.command(words)
            self.counts[words] += 1
            if self.chance.random() < 0.35:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(self.chance.uniform(1, 25))
                if process.poll() is None:
                    process.send_signal(self.chance.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM]))
                    self.counts["commands killed"] += 1
            self.counts[f"{words} ended with {process.wait()}"] += 1

    def keep_dev(self) -> None:
        """`make dev`, started again whenever it is gone."""
        while not self.stopping.is_set():
            if self.dev is None or self.dev.poll() is not None:
                self.start_dev()
            self.stopping.wait(3)

    def start_dev(self) -> None:
        """Start web server and daemon."""
        workspace = self.settings.home / "workspace.yaml"
        workspace.write_text(WORKSPACE, encoding="utf-8")
        words = ["-m", "assets.web", "dev", "-w", str(workspace), "-h", "127.0.0.1", "-p", str(self.port)]
        with (self.settings.home / "dev.log").open("ab") as log:
            self.dev = subprocess.Popen(
                [sys.executable, *words], cwd=ROOT, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )
        self.counts["make dev started"] += 1

    def kill_at_random(self) -> None:
        """One process of `make dev` at a time, or a run of the daemon."""
        while not self.quiet.wait(self.chance.uniform(60, 150)):
            target = self.chance.choice(["run", "run", "run", "daemon", "dev", "code server", "dev by SIGTERM"])
            processes = self.processes(target)
            if processes:
                sent = signal.SIGTERM if target == "dev by SIGTERM" else signal.SIGKILL
                with suppress(psutil.Error):
                    self.chance.choice(processes).send_signal(sent)
                    self.counts[f"{target} killed"] += 1

    def processes(self, kind: str) -> list[psutil.Process]:
        """The processes of `make dev` of a kind."""
        if self.dev is None or self.dev.poll() is not None:
            return []
        marks: dict[str, Callable[[list[str]], bool]] = {
            "dev": lambda words: False,
            "dev by SIGTERM": lambda words: False,
            "daemon": lambda words: words[1:4] == ["-m", "assets.web", "daemon"],
            "code server": lambda words: "grpc" in words[3:6],
            "run": lambda words: any("multiprocessing" in word for word in words),
        }
        with suppress(psutil.Error):
            top = psutil.Process(self.dev.pid)
            if kind.startswith("dev"):
                return [top]
            return [one for one in top.children(recursive=True) if marks[kind](one.cmdline())]
        return []

    def read(self) -> None:
        """A reader that opens the snapshot again and again."""
        days = 0
        while not self.stopping.is_set():
            try:
                with open_snapshot(self.settings.serving_db) as con:
                    ((rows, unique, newest),) = con.execute(
                        "select count(*), count(distinct (platform, date, channel, partnership_id)), "
                        "count(distinct date) from core.daily_metric"
                    ).fetchall()
                if rows != unique or newest < days:
                    self.problems.append(f"a reader saw {rows} rows, {unique} of them unique, {newest} days")
                days = newest
                self.counts["reads"] += 1
            except (DatabaseError, MendError, RetryError) as error:
                self.problems.append(f"a reader saw {type(error).__name__}: {error}")
            self.stopping.wait(0.5)

    def measure(self) -> None:
        """Memory of the daemon and size of Dagster's home."""
        while not self.stopping.wait(10):
            for process in self.processes("daemon"):
                with suppress(psutil.Error):
                    age = time.time() - process.create_time()
                    self.memory.append((self.minute, age, process.memory_info().rss / 1e6))
            sizes = Counter[bool]()
            for path in (self.settings.home / "dagster").rglob("*"):
                with suppress(OSError):
                    sizes[path.parent.name == "runs" and not path.name.startswith("index")] += path.lstat().st_size
            with suppress(sqlite3.Error):
                self.failed |= {run for run, status in self.runs("run_id, status") if status in ("FAILURE", "CANCELED")}
            self.disk.append((self.minute, sum(sizes.values()) / 1e6, sizes[False] / 1e6))
            if len(self.disk) % 6 == 0:
                print(f"{self.minute:5.1f} min  {self.disk[-1][1]:6.1f} MB  {self.told()}", flush=True)

    def told(self) -> str:
        """The counts in one line."""
        words = ", ".join(f"{name} {number}" for name, number in sorted(self.counts.items()))
        return f"{words}, messages {len(self.server.messages)}, problems {len(self.problems)}"

    # What must hold at the end

    def finish(self) -> None:
        """Leave the daemon alone until its queue is empty, then end it and run once more by hand."""
        give_up = time.time() + 900
        time.sleep(60)
        while self.unfinished() and time.time() < give_up:
            time.sleep(5)
        if left := self.unfinished():
            self.problems.append(f"{left} runs did not end within a quarter of an hour")
        self.stopping.set()
        if self.dev and self.dev.poll() is None:
            self.dev.terminate()
            self.dev.wait(60)
        for _ in range(2):
            self.command("daily").wait()

    def runs(self, columns: str) -> list[Any]:
        """Rows of Dagster's runs."""
        with closing(sqlite3.connect(self.settings.home / "dagster" / "history" / "runs.db", timeout=60)) as con:
            return con.execute(f"select {columns} from runs").fetchall()

    def unfinished(self) -> int:
        """How many runs have not ended."""
        return sum(status in UNFINISHED for (status,) in self.runs("status"))

    def judge(self) -> None:
        """Rows, runs and messages."""
        with open_snapshot(self.settings.serving_db) as con:
            rows = con.execute(
                "select date::varchar, channel, orders from core.platform_metric_daily where platform = 'jd'"
            ).fetchall()
            loads = con.execute(
                "select file, content_hash from audit.load where source = 'inbox' group by all having count(*) > 1"
            ).fetchall()
        found = {(day, channel): orders for day, channel, orders in rows}
        self.counts["rows"] = len(rows)
        if len(found) != len(rows) or found != self.delivered:
            different = {key for key in {*found, *self.delivered} if found.get(key) != self.delivered.get(key)}
            self.problems.append(f"{len(rows)} rows for {len(self.delivered)}; different: {sorted(different)[:5]}")
        if loads:
            self.problems.append(f"loaded more than once: {loads}")
        self.judge_runs()
        self.judge_messages()

    def judge_runs(self) -> None:
        """No run came twice; which failed."""
        with closing(sqlite3.connect(self.settings.home / "dagster" / "history" / "runs.db")) as con:
            doubled = con.execute(
                "select key, value, count(*) from run_tags where key in ('dagster/run_key', "
                "'dagster/scheduled_execution_time') group by 1, 2 having count(distinct run_id) > 1"
            ).fetchall()
        for (status,) in self.runs("status"):
            self.counts[f"runs {status}"] += 1
        if doubled:
            self.problems.append(f"runs that came twice: {doubled}")

    def judge_messages(self) -> None:
        """Each fault once, each end once, and failures only after failures."""
        for file in self.faults:
            began, ended = self.told_of(file, BEGAN), self.told_of(file, ENDED)
            if (began, ended) != (1, 1):
                self.problems.append(f"{file}: told {began} times, its end {ended} times")
        for at, text in self.server.messages:
            print(f"{(at - self.started) / 60:5.1f} min  {text[:240]!r}")
        failed = [text for text in self.texts() if FAILED.search(text)]
        self.counts["failures told"], self.counts["runs that failed"] = len(failed), len(self.failed)
        if len(failed) > len(self.failed):
            self.problems.append(f"{len(failed)} failures told, {len(self.failed)} runs failed")
        if failed and "succeeds again" not in "".join(self.texts()[self.texts().index(failed[-1]) :]):
            self.problems.append("the end of the last failure was not told")

    def flat(self) -> None:
        """Memory and disk after the first tenth, in tenths."""
        minutes = self.disk[-1][0]
        tenths: list[list[tuple[float, float]]] = [[] for _ in range(10)]
        for minute, everything, rest in self.disk:
            tenths[min(9, int(10 * minute / minutes))].append((everything, rest))
        held = [median(all_ for all_, _ in tenth) for tenth in tenths if tenth]
        other = [median(part for _, part in tenth) for tenth in tenths if tenth]
        print("disk of dagster/, MB by tenth:", ", ".join(f"{size:.0f}" for size in held))
        print("of it index, ticks, runs.db:  ", ", ".join(f"{size:.0f}" for size in other))
        old = [(age, size) for _, age, size in self.memory if age > 60]
        if old:
            by_age = Counter[int]()
            for age, size in old:
                by_age[int(age // 120)] = max(by_age[int(age // 120)], round(size))
            print("most memory of a daemon, MB by two minutes of its age:", dict(sorted(by_age.items())))


def main() -> int:
    """Run it; the exit code."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--minutes", type=float, default=60)
    words.add_argument("--seed", type=int, default=7)
    words.add_argument("--port", type=int, default=3970)
    words.add_argument("--home", type=Path)
    given = words.parse_args()
    home = given.home or Path(tempfile.mkdtemp(prefix="soak-"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    server.messages = []  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    own = {
        "WAREHOUSE_HOME": str(home),
        "WAREHOUSE_NOTIFY": f"json://127.0.0.1:{server.server_address[1]}",
        "WAREHOUSE_HISTORY_DAYS": str(HISTORY_DAYS),
        "WAREHOUSE_BAD_SHARE": "0.5",  # one row of four is set aside, and not the whole file
        "DAGSTER_HOME": str(home / "dagster"),
    }
    soak = Soak(load_settings(own), {**os.environ, **own}, given.port, random.Random(given.seed), server)
    soak.settings.inbox.mkdir(parents=True, exist_ok=True)
    if soak.command("refresh").wait():
        print((home / "refresh.log").read_text(encoding="utf-8"))
        return 1
    soak.started = time.time()
    work = [soak.deliver, soak.run_commands, soak.keep_dev, soak.kill_at_random, soak.read, soak.measure]
    threads = [threading.Thread(target=one, daemon=True) for one in work]
    for thread in threads:
        thread.start()
    time.sleep(given.minutes * 60)
    soak.quiet.set()
    threads[0].join()
    threads[1].join()
    soak.finish()
    soak.judge()
    soak.flat()
    print(soak.told())
    for problem in soak.problems:
        print(f"WRONG {problem}")
    print(f"home {home}, {soak.minute:.1f} minutes, {soak.counts['days']} simulated days")
    return int(bool(soak.problems))


if __name__ == "__main__":
    sys.exit(main())
