"""Thousands of delivered files made by chance, at length: `python -m benchmarks.generated [FILES [FIRST_SEED]]`.

Each is loaded into an empty table and held against what its cells say, read apart from the product
(tests/support/generated.py). Every tenth input is a damaged answer of the European Central Bank instead. Prints what is
wrong with its seed, then counts and the slowest; ends with 1 when anything was.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from tests.support.generated import try_answer, try_one
from tests.support.inbox_files import inbox_in


def main(files: int = 4000, first: int = 0) -> int:
    """Try them; the exit code."""
    found, slowest = 0, (0.0, first)
    with tempfile.TemporaryDirectory() as folder:
        inbox = inbox_in(Path(folder) / "home")
        for seed in range(first, first + files):
            inbox.settings = inbox.settings.model_copy(update={"bad_share": (0.2, 1.0)[seed % 2]})
            started = time.perf_counter()
            for problem in try_answer(seed) if seed % 10 == 9 else try_one(inbox, seed):
                found += 1
                print(problem, flush=True)
            slowest = max(slowest, (time.perf_counter() - started, seed))
    print(f"{files:,} inputs, {found} problems, the slowest took {slowest[0]:.1f} s (seed {slowest[1]})")
    return int(found > 0)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
