"""What it costs to read EDGAR's bodies: `python -m benchmarks.edgar`.

Two bounds, both taken in the same run: typing a body of 3 MB against DuckDB's bare reading of it with the
same schema, and 1,000 bodies against 10, in time a body and in memory. Bodies are real ones where this
machine has them, under other numbers, else made up.
"""

from __future__ import annotations

import gzip
import json
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from etl.config import load_settings
from etl.edgar.bulk import MEMORY
from etl.edgar.facts import STAGING, Body, load_body, stage
from etl.warehouse import memory, open_build

TYPED_BOUND, MANY_BOUND = 2.0, 1.3
FEW, MANY, ROUNDS = 10, 1000, 7
PLACES = [folder / "shared" / "data" / "edgar" for folder in Path(__file__).resolve().parents]
REAL = next((place for place in PLACES if place.is_dir()), PLACES[0])


def made_up(facts: int) -> dict[str, Any]:
    """A body of about 150 bytes a fact: concepts with 40 facts each, like those of a long-listed issuer."""
    concepts = {}
    for number in range(facts // 40):
        rows = [
            {
                "start": f"{2009 + year}-01-01",
                "end": f"{2009 + year}-12-31",
                "val": 1000 * (number + year),
                "accn": f"0000000007-{10 + year + again:02d}-000001",
                **{"fy": 2010 + year, "fp": "FY", "form": "10-K", "filed": f"{2010 + year + again}-03-01"},
            }
            for year in range(10)
            for again in range(4)
        ]
        concepts[f"Concept{number}"] = {"label": "x", "description": "y" * 200, "units": {"USD": rows}}
    return {"cik": 7, "entityName": "MADE UP", "facts": {"us-gaap": concepts}}


def bodies() -> list[str]:
    """The texts of the bodies to read, the largest first."""
    real = [gzip.decompress(path.read_bytes()).decode() for path in REAL.glob("*.companyfacts.json.gz")]
    texts = real or [json.dumps(made_up(facts)) for facts in (20_000, 8_000, 8_000, 800)]
    return sorted(texts, key=len, reverse=True)


def fastest(work: Callable[[], object]) -> float:
    """Seconds of processor time of the fastest of some rounds: a busy machine is no fault."""
    seconds = []
    for _ in range(ROUNDS):
        started = time.process_time()
        work()
        seconds.append(time.process_time() - started)
    return min(seconds)


def typing_cost(folder: Path) -> Iterator[str]:
    """The ratio of typed rows to bare reading, for the largest body."""
    text = bodies()[0]
    path = folder / "body.json.gz"
    path.write_bytes(gzip.compress(text.encode()))
    found = re.search(r'"cik":\s*"?0*([0-9]+)', text)
    body = Body(int(found[1]) if found else 0, "x", path)
    con = memory()
    con.execute("set threads = 1")
    read = STAGING.read_text(encoding="utf-8").partition(",\ntaxonomies")[0] + " select * from body"
    values = {"path": str(path), "size": 2 * len(text)}
    bare = fastest(lambda: con.execute(f"create or replace temp table bare as {read}", values))
    typed = fastest(lambda: stage(con, body))
    yield (
        f"{len(text) / 1e6:.1f} MB: bare read_json {bare:.3f} s, typed rows {typed:.3f} s, "
        f"{typed / bare:.2f} x ({_met(typed / bare <= TYPED_BOUND)} {TYPED_BOUND:g} x)"
    )


def many(count: int) -> None:
    """Load `count` bodies under numbers of their own; print seconds a body and the peak of memory in MB.

    A part of the peak is `cache`: what DuckDB keeps of the file it wrote, and gives back when it must.
    """
    with tempfile.TemporaryDirectory() as home:
        texts = bodies()
        paths = [Path(home) / f"{number}.json.gz" for number in range(len(texts))]
        settings = load_settings({"WAREHOUSE_HOME": home})
        with open_build(settings) as con:
            con.execute(f"set memory_limit = '{MEMORY}'")
            now, spent = datetime.now(UTC), 0.0
            for number in range(count):
                which = number % len(texts)
                cik = 1_000_000 + number
                text = re.sub(r'"cik":\s*"?[0-9]+"?', f'"cik":{cik}', texts[which], count=1)
                paths[which].write_bytes(gzip.compress(text.encode(), compresslevel=1))
                started = time.process_time()
                loaded = load_body(con, Body(cik, str(number), paths[which]), now)
                spent += time.process_time() - started
                if loaded.status != "loaded":
                    raise RuntimeError(loaded.message)
            cache = con.execute("select sum(memory_usage_bytes) / 1e6 from duckdb_memory()").fetchone()
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
    print(json.dumps({"seconds": spent / count, "megabytes": peak, "cache": cache[0] if cache else 0}))


def many_cost(count: int) -> Iterator[str]:
    """Time a body and memory of few bodies and of many, each in a process of its own."""
    cost = {}
    for number in (FEW, count):
        command = [sys.executable, "-m", "benchmarks.edgar", "many", str(number)]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        cost[number] = json.loads(output)
        seconds, megabytes, cache = (cost[number][name] for name in ("seconds", "megabytes", "cache"))
        yield f"{number:>5} bodies: {seconds:.3f} s a body, {megabytes:.0f} MB, of which cache {cache:.0f}"
    ratio = cost[count]["seconds"] / cost[FEW]["seconds"]
    yield f"time a body {ratio:.2f} x ({_met(ratio <= MANY_BOUND)} {MANY_BOUND:g} x)"


def _met(met: bool) -> str:
    return "within" if met else "BEYOND"


def main(arguments: list[str]) -> int:
    """Print the report; `many N` is a part of it, `quick` reads 100 bodies for 1,000."""
    if arguments[:1] == ["many"]:
        many(int(arguments[1]))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        for part in (typing_cost(Path(folder)), many_cost(100 if arguments == ["quick"] else MANY)):
            for line in part:
                print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
