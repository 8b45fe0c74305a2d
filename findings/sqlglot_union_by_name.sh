#!/usr/bin/env bash
# Column lineage of UNION ALL BY NAME pairs columns by their position.
#
# Version: SQLGlot 30.30.0.
# Guess:   spend comes from first.spend and second.spend: the parser keeps BY NAME, and lineage is asked for by name.
# Seen:    spend comes from first.spend and second.buyers, as if BY NAME were not there. There is no error.
# Matters: the UI shows lineage of columns; for a model with BY NAME it can name an unrelated column.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet --disable-pip-version-check sqlglot==30.30.0
"$folder/env/bin/python" - <<'PY'
import sys

import sqlglot
from sqlglot.lineage import lineage

QUERY = "select spend, buyers from x.first union all by name select buyers, spend from x.second"
SCHEMA = {"x": {table: {"spend": "int", "buyers": "int"} for table in ("first", "second")}}
found = {}
for column in ("spend", "buyers"):
    nodes = lineage(column, QUERY, schema=SCHEMA, dialect="duckdb").walk()
    found[column] = sorted(node.name for node in nodes if not node.downstream)
print(f"SQLGlot {sqlglot.__version__}: {found}")
sys.exit(found != {"spend": ["first.spend", "second.buyers"], "buyers": ["first.buyers", "second.spend"]})
PY
