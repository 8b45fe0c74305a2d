"""The same work by this commit and by an older one, in turn in one run: `make bench-against REV=8ed5de8`.

The older commit is checked out into a temporary folder with an environment of its own, installed from its own locks.
Each work is a verb of the Makefile, run as a whole, in a home of its own on the data that the commit carries; what
counts are the processor's seconds of everything it started, and the wall clock. Both sides run once before anything
is counted. Printed are medians over the pairs and their ratio, this commit over the older one. The page is set beside
the older commit's first refresh: it is made from a snapshot that is there, in a process of its own, so that its
interpreter and imports are counted too. Of `make dev` counts what all of its processes took until it answered with the
assets, and the memory of all of them, shared pages once. Nothing here is a test: a busy machine changes the seconds,
less the ratios.

    python -m benchmarks.against REV [--pairs 5]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from urllib.request import Request, urlopen

import psutil

from benchmarks.embedded import Cost, measure_command
from etl.config import ROOT

# A figure that every commit carries, and what it is changed to: Pinduoduo's active buyers of 2018, in all its prints.
FIGURE = {"418500000": "418600000", "418.5 million": "418.6 million"}
DATA = ("data/reference", "data/published")
FIRST, UNCHANGED = "first refresh", "unchanged refresh"
CHANGED, DELIVERED, IDLE = "one changed figure", "daily, one small file", "daily, nothing waiting"
DEV, PAGE = "dev, to the first answer", "page, over the first refresh"
# What is read of a snapshot, each with its variable of make.
READ = {
    "explain": {"ID": "pdd/whole/cac_net_12m/2019-12-31"},
    "effect": {"DEAL": "kuaishou-jd-2020-direct-supply"},
    "snapshots": {},
}
WORKS = (FIRST, UNCHANGED, CHANGED, DELIVERED, IDLE, *READ, DEV)
# Without a warning, which the next run would tell again.
DELIVERY = """platform,date,channel,currency,orders,new_buyers,gmv,marketing_spend
jd,{day},,CNY,300,30,3001.5,300
jd,{day},search,CNY,300,30,3001.5,300
"""
ASSETS = json.dumps({"query": "{assetNodes{id}}"}).encode()
ANSWER_SECONDS, END_SECONDS = 300, 30


@dataclass(frozen=True)
class Side:
    """One commit in a folder of its own, with its environment."""

    folder: Path

    def figures(self) -> Path:
        """The observations of this commit. Raises FileNotFoundError where no known folder has them."""
        for folder in DATA:
            if (path := self.folder / folder / "observations.csv").exists():
                return path
        raise FileNotFoundError(f"{self.folder} has its reference data in none of {', '.join(DATA)}")

    def run(self, verb: str, home: Path, **settings: str) -> Cost:
        """Run `make VERB` in this home. Raises RuntimeError with what it printed where it fails."""
        return measure_command(["make", "--no-print-directory", verb], self.folder, self._environment(home, settings))

    def open(self, home: Path, **settings: str) -> Cost:
        """The cost of `make dev` until it answers with the assets of this home. Raises TimeoutError."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = ["make", "--no-print-directory", "dev", f"PORT={port}"]
        started = time.perf_counter()
        with tempfile.TemporaryFile() as output:
            top = psutil.Popen(
                command, cwd=self.folder, env=self._environment(home, settings), stdout=output, stderr=output
            )
            try:
                _wait_for_assets(f"http://127.0.0.1:{port}/graphql", started + ANSWER_SECONDS)
                seconds, processes = time.perf_counter() - started, [top, *top.children(recursive=True)]
                cpu = sum(sum(process.cpu_times()[:4]) for process in processes)
                return Cost(seconds, cpu, sum(process.memory_full_info().pss for process in processes) / 1e6, "")
            finally:
                _end([top, *top.children(recursive=True)])

    def _environment(self, home: Path, settings: Mapping[str, str]) -> dict[str, str]:
        # Nor what a shell says to Python: without compiled modules both sides would read their sources each time.
        foreign = ("WAREHOUSE_", "DAGSTER_", "PYTHON")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        return {**kept, "WAREHOUSE_HOME": str(home), **settings}


def _wait_for_assets(address: str, until: float) -> None:
    asked = Request(address, ASSETS, {"Content-Type": "application/json"})
    while time.perf_counter() < until:
        with suppress(OSError), urlopen(asked, timeout=60) as answer:
            if json.load(answer)["data"]["assetNodes"]:
                return
        time.sleep(0.2)
    raise TimeoutError(f"{address} did not answer with assets")


def _end(processes: Sequence[psutil.Process]) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    for process in psutil.wait_procs(processes, timeout=END_SECONDS)[1]:
        process.kill()


def check_out(revision: str, folder: Path) -> Side:
    """The files of a commit in `folder`, with an environment. Raises CalledProcessError where git or pip fails."""
    archive = subprocess.run(["git", "archive", revision], cwd=ROOT, check=True, capture_output=True).stdout
    folder.mkdir()
    subprocess.run(["tar", "-x", "-C", folder], input=archive, check=True)
    subprocess.run(["make", "--no-print-directory", "env"], cwd=folder, check=True)
    return Side(folder)


def change_a_figure(path: Path) -> None:
    """Change one figure in a file of observations. Raises ValueError where the figure is not there."""
    text = path.read_text(encoding="utf-8")
    for before, after in FIGURE.items():
        if before not in text:
            raise ValueError(f"{path} has no {before}")
        text = text.replace(before, after)
    path.write_text(text, encoding="utf-8")


def pair_of(side: Side, work: Path, *, has_page: bool) -> dict[str, Cost]:
    """The costs of one side's works in a fresh home, on a copy of its reference data."""
    home, figures = work / "home", work / "figures"
    shutil.copytree(side.figures().parent, figures)
    given = {"WAREHOUSE_FIGURES": str(figures)}
    costs = {FIRST: side.run("refresh", home, **given), UNCHANGED: side.run("refresh", home, **given)}
    if has_page:
        (home / "serving" / "page").unlink()
        costs[PAGE] = side.run("page", home, **given)
    change_a_figure(figures / "observations.csv")
    costs[CHANGED] = side.run("refresh", home, **given)
    for day in ("2025-03-01", "2025-03-02"):  # the first one makes all tables
        (home / "inbox").mkdir(exist_ok=True)
        (home / "inbox" / f"{day}.csv").write_text(DELIVERY.format(day=day), encoding="utf-8")
        costs[DELIVERED] = side.run("daily", home, **given)
    costs[IDLE] = side.run("daily", home, **given)
    costs |= {verb: side.run(verb, home, **given, **named) for verb, named in READ.items()}
    costs[DEV] = side.open(home, **given)
    return costs


def line(name: str, new: list[Cost], old: list[Cost]) -> str:
    """One work: medians of both, and their ratios."""
    cells = []
    for field in ("cpu", "seconds", "megabytes"):
        ours, theirs = (median(getattr(cost, field) for cost in costs) for costs in (new, old))
        cells.append(f"{ours:8.2f}{theirs:9.2f}{ours / theirs:7.2f}")
    return f"{name:<30}" + "  ".join(cells)


def report(revision: str, pairs: int, folder: Path) -> None:
    """Print the table of all works, after `pairs` pairs in turn."""
    new, old = Side(ROOT), check_out(revision, folder / "older")
    taken: Mapping[Side, list[dict[str, Cost]]] = {new: [], old: []}
    for side in (new, old):
        side.run("refresh", folder / f"warm-{side is new}")
    for number in range(pairs):
        for side in (new, old) if number % 2 == 0 else (old, new):
            work = folder / f"{number}-{'new' if side is new else 'old'}"
            work.mkdir()
            taken[side].append(pair_of(side, work, has_page=side is new))
            shutil.rmtree(work)
    ours, theirs = taken[new], taken[old]
    print(f"{pairs} pairs, this commit against {revision}: medians")
    heads = [f"{'now':>8}{'then':>9}{'ratio':>7}" for _ in range(3)]
    print(f"{'':<30}" + "  ".join(heads) + "\n" + f"{'':<30}{'CPU s':>24}  {'wall s':>24}  {'peak MB':>24}")
    for name in WORKS:
        print(line(name, [costs[name] for costs in ours], [costs[name] for costs in theirs]))
    print(line(PAGE, [costs[PAGE] for costs in ours], [costs[FIRST] for costs in theirs]))


def main() -> int:
    """Read the command line and print the report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("revision", metavar="REV")
    parser.add_argument("--pairs", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report(given.revision, given.pairs, Path(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
