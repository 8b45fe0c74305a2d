#!/usr/bin/env bash
# Transpiling QUALIFY to Spark numbers the rows by an output column that has the name of the column meant.
#
# Version: SQLGlot 30.30.0.
# Guess:   t.name in the window stays t.name: it is qualified, and the output column is computed from it.
# Seen:    the window is over lower(t.name), the output column named name, so 'a' and 'A' are one and a row is lost.
# Matters: the text runs on Spark without an error; a channel's rate was that of another name for it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet --disable-pip-version-check sqlglot==30.30.0
"$folder/env/bin/python" - <<'PY'
import sys

import sqlglot

QUERY = "select lower(t.name) as name from t qualify row_number() over (partition by t.name order by t.n) = 1"
text = sqlglot.transpile(QUERY, read="duckdb", write="spark")[0]
print(f"SQLGlot {sqlglot.__version__}: {text}")
sys.exit("PARTITION BY LOWER(t.name)" not in text)
PY
