#!/usr/bin/env bash
# A cast of a wide DECIMAL to fewer decimal places takes tens of times as long as the product that made it.
#
# Version: DuckDB 1.5.6.
# Guess:   rounding a DECIMAL(37, 14) to eight places is one division by a power of ten for each value: at most three
#          times as long as the multiplication before it. In a query that joins a million orders to their buyers by a
#          hash and converts each, the join takes most of the time.
# Seen:    the cast takes 30 to 70 times as long as multiplying and adding up, and most of the time of that query. A cast
#          that keeps the places, or of up to 18 digits, costs next to nothing. The values are right.
# Matters: steps.buyer_value adds up the orders of one rate before it converts and rounds; a third of the time, and one
#          rounding instead of one for each order.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet --disable-pip-version-check duckdb==1.5.6
"$folder/env/bin/python" - <<'PY'
import sys
import time

import duckdb

con = duckdb.connect()
con.execute("set threads = 1")
con.execute(
    "create table t as select (i % 100000 / 7)::decimal(18, 4) as paid, 1.5::decimal(18, 10) as rate "
    "from range(2000000) as r(i)"
)


def seconds(value: str) -> float:
    """Processor time of adding up, the least of three."""
    spent = []
    for _ in range(3):
        start = time.process_time()
        con.execute(f"select sum({value}) from t").fetchall()
        spent.append(time.process_time() - start)
    return min(spent)


product = seconds("paid::decimal(19, 4) * rate")
fewer = seconds("(paid::decimal(19, 4) * rate)::decimal(28, 8)")
same = seconds("(paid::decimal(19, 4) * rate)::decimal(30, 14)")
narrow = seconds("rate::decimal(18, 4)")
print(
    f"DuckDB {duckdb.__version__}: product {product:.2f} s, cast to fewer places {fewer:.2f} s, to the same places "
    f"{same:.2f} s, fewer places of 18 digits {narrow:.2f} s"
)
sys.exit(fewer < 10 * product or same > 5 * product or narrow > 5 * product)
PY
