#!/usr/bin/env bash
# A text becomes a DECIMAL of 19 digits a hundred times slower than one of 18.
#
# Version: DuckDB 1.5.6, one thread.
# Guess:   DECIMAL(19,4) is stored in 16 bytes and DECIMAL(18,4) in 8, so a cast from text takes perhaps two or three
#          times as long.
# Seen:    casting 300,000 texts such as 42857.14 takes 50 to 200 times as long (about 15 microseconds each instead of
#          0.1). The same texts cast to DECIMAL(18,4) and then widened to DECIMAL(28,9) take a few times the first.
# Matters: a reader of money that takes a wide type to be safe turns minutes of a large file into hours of casts; a
#          short text wants a cast to 18 digits first. Ours was 28 times slower than it is.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet --disable-pip-version-check duckdb==1.5.6
"$folder/env/bin/python" - <<'PY'
import time

import duckdb

con = duckdb.connect()
con.execute("set threads = 1")
con.execute("create table amount as select (i / 7)::decimal(18, 2)::varchar as text from range(300000) as r(i)")


def spent(value: str) -> float:
    """Processor seconds of one sum, the best of three."""
    best = float("inf")
    for _ in range(3):
        started = time.process_time()
        con.execute(f"select sum({value}) from amount").fetchall()
        best = min(best, time.process_time() - started)
    return best


short = spent("text::decimal(18, 4)")
wide, widened = spent("text::decimal(19, 4)"), spent("text::decimal(18, 4)::decimal(28, 9)")
print(duckdb.__version__, f"19 digits: {wide / short:.0f} times 18 digits; cast and widened: {widened / short:.1f} times")
assert wide > 20 * short
assert widened < 10 * short
PY
