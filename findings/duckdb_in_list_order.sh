#!/usr/bin/env bash
# A list of six constants behind IN is enough to lose the order of a CSV file's rows on the way into Parquet.
#
# Version: DuckDB 1.5.6, two threads, preserve_insertion_order = true (the default).
# Guess:   IN with a few constants is a filter like any other: COPY (SELECT ... FROM read_csv(...)) keeps the order of
#          the file, as the setting promises, and file_row_number of the result is the line.
# Seen:    with four constants no row of 400,000 moves; with six the planner makes a MARK join of the list, and in most
#          runs whole row groups of 122,880 rows change places. list_contains([...], x) instead of IN keeps the order.
# Matters: a pipeline that tells the line of a faulty row by its place tells another line, and only for files of more
#          than one row group, and only once the list of known words has grown to five. Ours did.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet --disable-pip-version-check duckdb==1.5.6
"$folder/env/bin/python" - "$folder" <<'PY'
import sys

import duckdb

con = duckdb.connect()
con.execute("set threads = 2")
file, target = f"{sys.argv[1]}/rows.csv", f"{sys.argv[1]}/rows.parquet"
with open(file, "w") as rows:
    rows.writelines(f"{n},k{n % 7},c{n % 5},{'x' * 20}\n" for n in range(400_000))
SOURCE = f"read_csv('{file}', auto_detect = false, header = false, columns = {{n: 'bigint', k: 'varchar', c: 'varchar', x: 'varchar'}})"


def moved(condition: str) -> int:
    """The most rows in ten runs that are not at their place."""
    most = 0
    for _ in range(10):
        con.execute(f"copy (select n, {condition} as odd from {SOURCE}) to '{target}' (format parquet)")
        ((rows,),) = con.execute(
            f"select count(*) from read_parquet('{target}', file_row_number = true) where n <> file_row_number"
        ).fetchall()
        most = max(most, rows)
    return most


def words(number: int) -> str:
    return ", ".join(f"'k{n}'" for n in range(number))


assert con.execute("select current_setting('preserve_insertion_order')").fetchall() == [(True,)]
found = {
    "four constants": moved(f"k not in ({words(4)})"),
    "six constants": moved(f"k not in ({words(6)})"),
    "six in list_contains": moved(f"not list_contains([{words(6)}], k)"),
}
plan = con.execute(f"explain select k not in ({words(6)}) from {SOURCE}").fetchall()[0][1]
print(duckdb.__version__, found, "MARK join" if "MARK" in plan else "no join")
assert "MARK" in plan
assert found["four constants"] == found["six in list_contains"] == 0 < found["six constants"], found
PY
