#!/usr/bin/env bash
# The first value that is bound to a query imports pandas, whatever its type.
#
# Version: duckdb 1.5.6, pandas 3.0.
# Guess:   pandas is imported where a DataFrame is read or asked for; a query with a text as its parameter needs none.
# Seen:    `select ?` with 'x' imports pandas and NumPy: a quarter of a second of the processor and 60 MB, where a query
#          without parameters imports neither. DuckDB compares each value with pandas.NaT. Where the import fails, it
#          goes on without, and tries again at the next query.
# Matters: half of `warehouse effect` and a third of `warehouse explain` was this import. etl.warehouse.without_pandas
#          bars it in commands that use no pandas.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet --disable-pip-version-check duckdb==1.5.6 "pandas==3.0.*"
"$folder/env/bin/python" - <<'PYTHON'
import sys, time
import duckdb
con = duckdb.connect()
for query, values in (("select 1", None), ("select ?", ["x"])):
    started = time.process_time()
    con.execute(query, values).fetchall()
    print(query, values, "| pandas is imported:", "pandas" in sys.modules, f"| {time.process_time() - started:.2f} CPU s")
PYTHON
