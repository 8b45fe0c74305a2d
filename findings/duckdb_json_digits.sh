#!/usr/bin/env bash
# A number of a JSON file that is read as VARCHAR has passed through a DOUBLE: digits that the file has are gone.
#
# Version: DuckDB 1.5.6.
# Guess:   with `columns = {v: 'VARCHAR'}` nothing is converted, so the text of the number is that of the file.
# Seen:    12345678901234.5678 becomes 12345678901234.568 and 100000000000000.01 becomes 100000000000000.02; whole
#          numbers, also above 2^64, stay as they are, and so does everything in quotation marks.
# Matters: a figure of a filing is a number in JSON (companyfacts of the SEC); reading it "as text" to be exact is not.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet --disable-pip-version-check duckdb==1.5.6
"$folder/env/bin/python" - "$folder/numbers.json" <<'PY'
import sys

import duckdb

NUMBERS = ["12345678901234.5678", "100000000000000.01", "18446744073709551617", "0.1"]


def read(rows: list[str]) -> list[str]:
    with open(sys.argv[1], "w") as file:
        file.writelines(f'{{"v": {row}}}\n' for row in rows)
    query = "select v from read_json(?, format = 'newline_delimited', columns = {v: 'VARCHAR'})"
    return [value for (value,) in duckdb.execute(query, [sys.argv[1]]).fetchall()]


bare, quoted = read(NUMBERS), read([f'"{number}"' for number in NUMBERS])
print(duckdb.__version__, dict(zip(NUMBERS, bare)))
assert quoted == NUMBERS
assert bare[2:] == NUMBERS[2:], bare
assert bare[:2] == ["12345678901234.568", "100000000000000.02"], bare
PY
