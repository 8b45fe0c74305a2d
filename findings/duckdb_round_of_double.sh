#!/usr/bin/env bash
# round(x, 2) of a DOUBLE gives another number in DuckDB 2.0 than in 1.5 where the third digit is a 5.
#
# Version: DuckDB 1.5.6 and 2.0.1.
# Guess:   the same query on the same file gives the same number in both; a new major version says so where it does not.
# Seen:    round(335.395, 2) is 335.4 in 1.5.6 and 335.39 in 2.0.1. Of the 100,000 numbers 0.005, 0.015, ... 2.0.1 rounds
#          all as their binary value lies, and so every second one down; 1.5.6 rounds 95 % of them up, as they are
#          printed. There is no error, and the cell looks alike.
# Matters: the cost of a published example differs by a cent between two drivers; compare rounded numbers of two versions
#          by their unrounded ones. A DECIMAL rounds the same in both.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/rounds.py" <<'PY'
import duckdb

con = duckdb.connect()
((one, decimal),) = con.execute("select round(335.395::double, 2), round(335.395::decimal(9, 3), 2)::double").fetchall()
((up,),) = con.execute(
    "select count(*) filter (round(x, 2) > x) from (select (i * 10 + 5) / 1000 as x from range(100000) as t(i))"
).fetchall()
print(duckdb.__version__, one, decimal, up)
PY
for version in 1.5.6 2.0.1; do
    "${PYTHON:-python3}" -m venv "$folder/$version"
    "$folder/$version/bin/python" -m pip install --quiet --disable-pip-version-check "duckdb==$version"
    "$folder/$version/bin/python" "$folder/rounds.py" | tee -a "$folder/seen"
done
diff "$folder/seen" - <<'SEEN'
1.5.6 335.4 335.4 95412
2.0.1 335.39 335.4 52000
SEEN
