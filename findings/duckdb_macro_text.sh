#!/usr/bin/env bash
# The text of a table macro is not stable: made again from its own text it is another one, and the file keeps a third.
#
# Version: DuckDB 1.5.6, file with storage version v1.4.0.
# Guess:   macro_definition of duckdb_functions() is normalised when a macro is made, so a macro made from it has the
#          same text again, and so has the one read back from the file.
# Seen:    each time one more SELECT * FROM (...) AS valueslist around VALUES, without end; `is not false` becomes IS
#          DISTINCT FROM false and then a cast of 'f'; MATERIALIZED is kept in the session and lost in the file.
# Matters: a copy of a macro cannot be compared with its source by text: two equal publications look different, and a
#          hint that keeps a query from being computed twice is gone for readers. Our fingerprint drops what differs.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet --disable-pip-version-check duckdb==1.5.6
"$folder/env/bin/python" - "$folder/kept.duckdb" <<'PY'
import sys

import duckdb

QUERY = "with t as materialized (select v.a from (values (1)) as v(a)) select t.a is not false as b from t"
con = duckdb.connect()
con.execute(f"attach '{sys.argv[1]}' as kept (storage_version 'v1.4.0')")
con.execute("use kept")


def text() -> str:
    return con.execute("select macro_definition from duckdb_functions() where function_name = 'm'").fetchone()[0]


con.execute(f"create macro m() as table {QUERY}")
texts = [text()]
for _ in range(2):
    con.execute(f"create or replace macro m() as table {texts[-1]}")
    texts.append(text())
con.execute("use memory")
con.execute("detach kept")
con.execute(f"attach '{sys.argv[1]}' as kept")
con.execute("use kept")
texts.append(text())
print("duckdb", duckdb.__version__)
print(*texts, sep="\n")
nested = [found.count("valueslist") for found in texts]
words = ["IS DISTINCT FROM false" in found for found in texts]
hints = ["MATERIALIZED" in found for found in texts]
seen = ([1, 2, 3, 3], [True, False, False, False], [True, True, True, False])
sys.exit((nested, words, hints) != seen or con.execute("from m()").fetchall() != [(True,)])
PY
