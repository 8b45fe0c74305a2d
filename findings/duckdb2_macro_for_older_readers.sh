#!/usr/bin/env bash
# A file that DuckDB 2 writes for DuckDB 1.4 has views and macros that DuckDB 1 cannot run.
#
# Version: DuckDB 2.0.1 writes with storage_version v1.4.0; 1.5.6 and 1.4.4 read.
# Guess:   a file of that storage version is for those readers, views and macros too: they are kept as text.
# Seen:    the table and a macro with CASE give their rows. A view and a macro with if(a, b, c) fail when they are used:
#          DuckDB 1 has no such function, its parser makes CASE of it; DuckDB 2 keeps a call.
# Matters: an as-of macro of a snapshot that DuckDB 2 wrote would fail for all readers of 1.x, among them the newest
#          package of DuckDB's shell (duckdb-cli 1.5.6), and nothing tells it before a reader calls one.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for version in 2.0.1 1.5.6 1.4.4; do
    "${PYTHON:-python3}" -m venv "$folder/$version"
    "$folder/$version/bin/python" -m pip install --quiet --disable-pip-version-check "duckdb==$version"
done
"$folder/2.0.1/bin/python" - "$folder/new.duckdb" <<'PY'
import sys

import duckdb

con = duckdb.connect()
con.execute(f"attach '{sys.argv[1]}' as new (storage_version 'v1.4.0')")
con.execute("use new")
con.execute("create table cost as select * from (values ('jd', 147.67), ('pdd', -1.0)) as c(platform, cac)")
con.execute("create view positive as select platform, if(cac > 0, cac, null) as cac from cost")
con.execute("create macro with_case(x) as table select platform, case when cac > x then cac end as cac from cost")
con.execute("create macro with_if(x) as table select platform, if(cac > x, cac, null) as cac from cost")
PY
cat > "$folder/read.py" <<'PY'
import sys

import duckdb

con = duckdb.connect(sys.argv[1], read_only=True)
found = []
for query in ("from cost", "from positive", "from with_case(0)", "from with_if(0)"):
    try:
        found.append(len(con.execute(query).fetchall()))
    except duckdb.Error as error:
        found.append(str(error).splitlines()[0])
print(f"DuckDB {duckdb.__version__}: {found}")
expected = [2, 2, 2, 2]
if duckdb.__version__ < "2":
    expected[1] = expected[3] = "Catalog Error: Scalar Function with name if does not exist!"
sys.exit(found != expected)
PY
for version in 2.0.1 1.5.6 1.4.4; do
    "$folder/$version/bin/python" "$folder/read.py" "$folder/new.duckdb"
done
