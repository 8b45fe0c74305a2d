#!/usr/bin/env bash
# try_strptime with a list of forms takes 30 February for 2 March once a form has an offset.
#
# Version: DuckDB 1.5.6.
# Guess:   try_strptime(text, ['%Y-%m-%d %z']) gives what try_strptime(text, '%Y-%m-%d %z') gives: NULL for a day that
#          no month has, as its documentation says of every text that cannot be read.
# Seen:    the single form gives NULL. The list, also of one form, gives 2023-03-02 for 2023-02-30 +0000 and 2023-05-01
#          for 2023-04-31 +0000. Without %z the list gives NULL too.
# Matters: a delivered time with a day that does not exist counts on another day, without a fault. Profiles refuse forms
#          with %z.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet --disable-pip-version-check duckdb==1.5.6
"$folder/env/bin/python" - <<'PY'
import duckdb

con = duckdb.connect()
con.execute("set timezone = 'UTC'")


def read(forms: str, text: str) -> str | None:
    return con.execute(f"select try_strptime(text, {forms})::varchar from (values ('{text}')) as t(text)").fetchone()[0]


found = {
    "one form": read("'%Y-%m-%d %z'", "2023-02-30 +0000"),
    "a list": read("['%Y-%m-%d %z']", "2023-02-30 +0000"),
    "a list without offset": read("['%Y-%m-%d']", "2023-02-30"),
}
print(duckdb.__version__, found)
assert found["one form"] is None and found["a list without offset"] is None, found
assert found["a list"] and found["a list"].startswith("2023-03-02"), found
PY
