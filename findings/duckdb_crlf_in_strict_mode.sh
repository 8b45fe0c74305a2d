#!/usr/bin/env bash
# Telling the CSV reader that lines end with CR LF makes it take the whole file for one line, if it is strict.
#
# Version: DuckDB 1.5.6.
# Guess:   new_line = '\r\n' beside a file whose lines end so only spares the reader its guess; strict_mode = true is
#          the default and refuses malformed quotation marks.
# Seen:    with both, auto_detect = false and skip = 1 a file of 1,000 rows gives no row and no error. Without new_line,
#          or with strict_mode = false, it gives 1,000. A file with LF and new_line = '\n' gives 1,000 in both modes.
# Matters: a pipeline that leaves nothing to guess reads nothing of every file that Excel or Windows wrote. Ours counts
#          lines apart, noticed the difference, and read such files record by record, three times slower.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet --disable-pip-version-check duckdb==1.5.6
"$folder/env/bin/python" - "$folder" <<'PY'
import sys

import duckdb

con = duckdb.connect()
OPTIONS = (
    "auto_detect = false, header = false, skip = 1, delim = ',', quote = '\"', escape = '\"', "
    "columns = {day: 'varchar', spend: 'varchar'}"
)


def rows(ending: str, told: str, strict: str) -> int:
    file = f"{sys.argv[1]}/report.csv"
    with open(file, "w", newline="") as lines:
        lines.write(f"day,spend{ending}")
        lines.writelines(f"2026-03-{n % 28 + 1:02},{n}{ending}" for n in range(1000))
    ((found,),) = con.execute(
        f"select count(*) from read_csv('{file}', {OPTIONS}, {told} strict_mode = {strict})"
    ).fetchall()
    return found


found = {
    "CR LF told, strict": rows("\r\n", r"new_line = '\r\n',", "true"),
    "CR LF not told, strict": rows("\r\n", "", "true"),
    "CR LF told, not strict": rows("\r\n", r"new_line = '\r\n',", "false"),
    "LF told, strict": rows("\n", r"new_line = '\n',", "true"),
}
print(duckdb.__version__, found)
assert found == {
    "CR LF told, strict": 0,
    "CR LF not told, strict": 1000,
    "CR LF told, not strict": 1000,
    "LF told, strict": 1000,
}, found
PY
