#!/usr/bin/env bash
# The dialects postgres and duckdb cannot parse IS DISTINCT FROM in a CASE or a select target, unless it is in brackets.
#
# Version: sqlfluff 4.5.0.
# Guess:   the operator is parsed wherever an expression may be: PostgreSQL and DuckDB have it, and ansi and snowflake
#          parse it.
# Seen:    `case when a is distinct from b then 1 end` and `select a is distinct from b` are unparsable for postgres and
#          duckdb; in WHERE, in brackets and as an argument of a function the same words are parsed.
# Matters: it is the comparison that takes two NULLs for equal. A file with a part that cannot be parsed is not fixed,
#          and a project that ignores parse errors no longer checks it. The models use a macro there.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet --disable-pip-version-check sqlfluff==4.5.0
"$folder/env/bin/python" - <<'PY'
import sys

import sqlfluff

QUERIES = {
    "in a case": "select case when t.a is distinct from t.b then 1 end as x from t\n",
    "a target": "select t.a is distinct from t.b as x from t\n",
    "in brackets": "select (t.a is distinct from t.b) as x from t\n",
    "an argument": "select coalesce(t.a is distinct from t.b, true) as x from t\n",
    "in where": "select t.a from t where t.a is distinct from t.b\n",
}
DIALECTS = ("postgres", "duckdb", "ansi", "snowflake")


def parses(query: str, dialect: str) -> bool:
    return not any(found["code"] == "PRS" for found in sqlfluff.lint(query, dialect=dialect))


print("sqlfluff", sqlfluff.__version__)
found = {words: [name for name in DIALECTS if not parses(query, name)] for words, query in QUERIES.items()}
for words, failing in found.items():
    print(f"{words}: not parsed by", ", ".join(failing) or "none")
bad = ["postgres", "duckdb"]
sys.exit(found != {"in a case": bad, "a target": bad, "in brackets": [], "an argument": [], "in where": []})
PY
