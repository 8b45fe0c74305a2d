#!/usr/bin/env bash
# A list of dicts as a parameter gives every dict the keys of all, also where it is cast to a list of maps.
#
# Version: DuckDB 1.5.6.
# Guess:   `?::map(varchar, varchar)[]` makes one map of each dict, with the keys of that dict, as `?::map(...)` does.
# Seen:    the dicts become one STRUCT with the keys of all first: each map then has every key, with NULL for those that
#          its dict lacks. There is no error, and a dict alone gives its own keys only.
# Matters: rows of files with different columns, bound as a list, are stored with fields that nobody delivered, empty
#          ones, in raw.reference_row; it is bound as {"key": [...], "value": [...]} instead, which is a map.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet --disable-pip-version-check duckdb==1.5.6
"$folder/env/bin/python" - <<'PY'
import sys

import duckdb

con = duckdb.connect()
rows = [{"platform": "pdd"}, {"metric": "sm_expense"}]
in_a_list = con.execute("select unnest(?::map(varchar, varchar)[])", [rows]).fetchall()
alone = [con.execute("select ?::map(varchar, varchar)", [row]).fetchone()[0] for row in rows]
pairs = [{"key": list(row), "value": list(row.values())} for row in rows]
as_pairs = con.execute("select unnest(?::map(varchar, varchar)[])", [pairs]).fetchall()
print("duckdb", duckdb.__version__)
print("in a list:", in_a_list)
print("one by one:", alone)
print("as key and value:", as_pairs)
seen = [({"platform": "pdd", "metric": None},), ({"platform": None, "metric": "sm_expense"},)]
sys.exit(in_a_list != seen or alone != rows or as_pairs != [(row,) for row in rows])
PY
