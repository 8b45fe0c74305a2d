"""What a refresh of the embedded data costs, in seconds and memory: `make bench`.

Each part runs in a process of its own in a fresh home, on this machine, now; the bound that the ratios
refer to (importing Dagster, Great Expectations and DuckDB) is taken in the same run. Nothing here is a
test: a busy machine is no fault.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from etl.config import ROOT, load_settings

BOUND = ["-c", "import dagster, duckdb, great_expectations"]
REFRESH = ["-m", "assets.cli", "refresh"]
PHASES = ["-m", "benchmarks.embedded", "phases"]

# Goals on two cores: seconds and MB of a whole first refresh, seconds of all models.
WHOLE_SECONDS, WHOLE_MB, MODELS_SECONDS = 25.0, 600.0, 2.0


@dataclass(frozen=True)
class Cost:
    """What a command took: wall clock and processor seconds with all that it started, peak MB of a process, output."""

    seconds: float
    cpu: float
    megabytes: float
    output: str


def measure(arguments: list[str], home: Path) -> Cost:
    """Run Python with `arguments` in the project, with `home` as WAREHOUSE_HOME.

    Raises RuntimeError with what it printed when it fails.
    """
    return measure_command(
        [sys.executable, *arguments], ROOT, {**os.environ, "WAREHOUSE_HOME": str(home), "DAGSTER_HOME": ""}
    )


# A child starts with the peak of the process that started it, so what starts it must be small.
STARTER = """
import os, subprocess, sys
child = subprocess.Popen(sys.argv[2:])
_, status, usage = os.wait4(child.pid, 0)
with open(sys.argv[1], "w") as told:
    print(os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime, usage.ru_maxrss, file=told)
"""


def measure_command(command: list[str], folder: Path, environment: Mapping[str, str]) -> Cost:
    """Run a command in a folder. Raises RuntimeError with what it printed when it fails."""
    with tempfile.TemporaryDirectory() as work:
        told, output = Path(work, "told"), Path(work, "output")
        started = time.perf_counter()
        with output.open("w") as written:
            start = [sys.executable, "-I", "-S", "-c", STARTER, str(told), *command]
            subprocess.run(start, cwd=folder, env=environment, stdout=written, stderr=subprocess.STDOUT, check=False)
        seconds = time.perf_counter() - started
        printed = output.read_text(encoding="utf-8", errors="replace")
        code, cpu, most = told.read_text().split() if told.exists() else ("not started", "0", "0")
    if code != "0":
        raise RuntimeError(f"{' '.join(command)} in {folder} failed:\n{printed}")
    unit = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes, Linux KiB
    return Cost(seconds, float(cpu), int(most) * unit / 1e6, printed)


def phases() -> dict[str, float]:
    """Seconds of each phase of a refresh without Dagster's own work, in this process and WAREHOUSE_HOME."""
    seconds: dict[str, float] = {}

    @contextmanager
    def timed(name: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        seconds[name] = time.perf_counter() - started

    with timed("import"):
        from etl.checks import gathered

        gathered.prepare()  # else the import of Great Expectations would count as validation
        from assets.definitions import definitions
        from etl.checks.run import run as run_suite
        from etl.checks.suite import load_suite
        from etl.daily.due import tables_from_deliveries
        from etl.models.graph import create_statements, load_models
        from etl.publish.publication import publish
        from etl.reference.load import load_reference
        from etl.warehouse import open_build, transaction
    settings = load_settings()
    with timed("definitions"):
        definitions(settings.root)
    known = load_models(settings.sql_dir)
    others = tables_from_deliveries(known)  # `make refresh` builds none of them
    models = [model for model in known if model.name not in others]
    tables = [model for model in models if not model.is_macro]
    suites = [load_suite(settings.suites_dir, model.name, model.question) for model in tables]
    now = datetime.now(UTC)
    with open_build(settings) as con:
        with timed("ingest"), transaction(con):
            load_reference(con, settings, now)
        with timed("models"), transaction(con):
            for model in models:
                for statement in create_statements(model):
                    con.execute(statement)
        with timed("validation"), transaction(con):
            for suite in suites:
                run_suite(con, suite)
        with timed("publish"):
            publish(con, settings, now=now)
    return seconds


def report() -> Iterator[str]:
    """The lines of the report, as they are known."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        measure(REFRESH, home / "warm")  # byte code and file cache: everything below is measured warm
        bound = measure(BOUND, home / "bound")

        def line(name: str, seconds: float, rest: str = "") -> str:
            return f"{name:<24}{seconds:>7.2f} s {seconds / bound.seconds:>7.2f} x{rest}"

        yield f"{'':<24}{'seconds':>9}{'of bound':>10}"
        yield line("bound: three imports", bound.seconds, f"  {bound.megabytes:>5.0f} MB")
        first = measure(REFRESH, home / "real")
        goal = f"  {_goal(first.seconds <= WHOLE_SECONDS)} {WHOLE_SECONDS:g} s"
        goal += f", {_goal(first.megabytes <= WHOLE_MB)} {WHOLE_MB:g} MB"
        yield line("first refresh", first.seconds, f"  {first.megabytes:>5.0f} MB{goal}")
        again = measure(REFRESH, home / "real")
        yield line("refresh, unchanged", again.seconds, f"  {again.megabytes:>5.0f} MB")
        for name, seconds in json.loads(measure(PHASES, home / "phases").output).items():
            met = f"  {_goal(seconds <= MODELS_SECONDS)} {MODELS_SECONDS:g} s" if name == "models" else ""
            yield line(f"  {name}", seconds, met)
        yield "the first refresh by its own report: " + first.output.strip().splitlines()[-1]


def _goal(met: bool) -> str:
    return "within the goal of" if met else "beyond the goal of"


def main(arguments: list[str]) -> int:
    """Print the report, or with `phases` the phases of this process as JSON."""
    if arguments == ["phases"]:
        print(json.dumps(phases()))
        return 0
    for line in report():
        print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
