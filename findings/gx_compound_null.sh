#!/usr/bin/env bash
# The same expectation finds a duplicate key with pandas and none with SQL.
#
# Version: Great Expectations 1.24.1.
# Guess:   expect_compound_columns_to_be_unique has one meaning: with `ignore_row_if: never`, two rows ('jd', NULL)
#          are duplicates, whether the rows are a frame or a table.
# Seen:    duplicates for pandas; unique for SQL, with each value of ignore_row_if.
# Matters: columns that are NULL where there is nothing to say (period_start of a point) cannot be part of a key that
#          this expectation guards.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet --disable-pip-version-check \
    great-expectations==1.24.1 pandas==3.1.1 sqlalchemy==2.1.9
cd "$folder"
env/bin/python - <<'PY'
import sqlite3
import sys

import great_expectations as gx
import pandas as pd

ROWS = pd.DataFrame({"platform": ["jd", "jd", "pdd"], "scope": [None, None, "core"]})
with sqlite3.connect("rows.sqlite") as con:
    ROWS.to_sql("rows", con, index=False)
context = gx.get_context(mode="ephemeral")
context.variables.progress_bars = {"globally": False}
frame = context.data_sources.add_pandas("pandas").add_dataframe_asset("rows")
sqlite = context.data_sources.add_sqlite("SQL", connection_string="sqlite:///rows.sqlite")
table = sqlite.add_table_asset("rows", table_name="rows")
batches = {
    "pandas": frame.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": ROWS}),
    "SQL": table.add_batch_definition_whole_table("all").get_batch(),
}
unique = gx.expectations.ExpectCompoundColumnsToBeUnique(column_list=["platform", "scope"], ignore_row_if="never")
found = {engine: batch.validate(unique).success for engine, batch in batches.items()}
print(f"Great Expectations {gx.__version__}: ('jd', NULL) twice is unique: {found}")
sys.exit(found != {"pandas": False, "SQL": True})
PY
