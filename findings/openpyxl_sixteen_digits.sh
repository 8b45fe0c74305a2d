#!/usr/bin/env bash
# openpyxl writes a number with 16 digits: one double in ten comes back as another one.
#
# Version: openpyxl 3.1.5.
# Guess:   a double is written so that it can be read back, as repr does and as Excel itself does, with up to 17 digits.
# Seen:    0.1 + 0.2 comes back as 0.3, and of 10,000 ratios 1,047 as a neighbour; a whole number of 17 digits loses its
#          last ones. Nothing is said, neither when it is written nor when it is read.
# Matters: an export to a workbook that is read back and compared fails, and one that is not compared has other numbers
#          than the database. We put the 17 digits into the cell ourselves (etl/publish/workbook.py).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet --disable-pip-version-check openpyxl==3.1.5
"$folder/env/bin/python" - <<'PY'
import io
import sys

import openpyxl

values = [0.1 + 0.2, *(7 * i / (i + 3) for i in range(1, 10_000)), 12345678901234567]
for is_fast in (True, False):
    book = openpyxl.Workbook(write_only=is_fast)
    sheet = book.create_sheet("s") if is_fast else book.active
    for value in values:
        sheet.append([value])
    file = io.BytesIO()
    book.save(file)
    read = [row[0] for row in openpyxl.load_workbook(file)["s" if is_fast else "Sheet"].iter_rows(values_only=True)]
    other = sum(one != back for one, back in zip(values, read, strict=True))
    print(f"openpyxl {openpyxl.__version__}, write_only={is_fast}: {other} of {len(values)} are other numbers;",
          f"{values[0]!r} is {read[0]!r}, {values[-1]} is {read[-1]}")
    if read[0] != 0.3 or other < 1000 or read[-1] == values[-1]:
        sys.exit("openpyxl has changed: the detour of etl/publish/workbook.py can go")
PY
