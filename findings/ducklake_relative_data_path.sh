#!/usr/bin/env bash
# A relative data path in a DuckLake catalogue is looked for below the folder of the reader, and count(*) hides it.
#
# Version: DuckDB 1.5.5, duckdb-extension-ducklake 1.5.5.
# Guess:   data_path 'data/' is relative to the catalogue's file, as file, table and schema paths are to their parents:
#          a lake is moved with its folder.
# Seen:    from another folder count(*) answers, from the catalogue alone, and every other query fails: the files are
#          looked for below the reader's folder. A look whether a copied lake is whole by its counts finds nothing.
# Matters: a lake that is copied to another place is read with data_path and override_data_path.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps duckdb==1.5.5 duckdb-extension-ducklake==1.5.5
cd "$folder"
cat > lake.py <<'PY'
import os
import sys
from pathlib import Path

import duckdb
import duckdb_extension_ducklake

extension = next(Path(duckdb_extension_ducklake.__file__).parent.rglob("ducklake.duckdb_extension"))
os.makedirs("lake")
os.chdir("lake")
con = duckdb.connect()
con.execute(f"load '{extension}'")
con.execute("attach 'ducklake:lake.ducklake' as lake (data_path 'data/', data_inlining_row_limit 0)")
con.execute("create table lake.t as select i from range(3) as r(i)")
con.execute("detach lake")
catalogue = duckdb.connect("lake.ducklake")
catalogue.execute("update ducklake_metadata set value = 'data/' where key = 'data_path'")
catalogue.close()
os.chdir("..")
con.execute("attach 'ducklake:lake/lake.ducklake' as lake (read_only)")
rows = con.execute("select count(*) from lake.t").fetchall()
try:
    seen = str(con.execute("select sum(i) from lake.t").fetchall())
except duckdb.IOException as error:
    seen = str(error).splitlines()[0]
print(f"DuckDB {duckdb.__version__}: count(*) {rows}, sum: {seen}")
sys.exit(rows != [(3,)] or 'Cannot open file "data/main/t' not in seen)
PY
"$folder/env/bin/python" lake.py
