#!/usr/bin/env bash
# The words that a contract allows in the items of a list are not tested where physicalType says what DuckDB says.
#
# Version: datacontract-cli 1.2.8 with DuckDB 1.5.6.
# Guess:   `items.enum` of a list column is tested whatever spelling its physicalType has, as enum of a plain column is.
# Seen:    with physicalType ARRAY, or none, a word that is not listed fails; with VARCHAR[], which is what DuckDB's
#          catalog says and what the same test accepts as the type, no check is made of the items, and the test passes.
# Matters: contracts of this project have VARCHAR[] and the words of flags under items; that each flag is one of them is
#          tested by the rule words_are_explained of the suite, which is a query.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet --disable-pip-version-check 'datacontract-cli[duckdb]==1.2.8' duckdb==1.5.6
cd "$folder"
env/bin/python - <<'PY'
import sys
from importlib.metadata import version

import duckdb
from datacontract.data_contract import DataContract

with duckdb.connect("one.duckdb") as con:
    con.execute("create table one as select ['known', 'unknown'] as flags")
CONTRACT = """
apiVersion: v3.2.0
kind: DataContract
id: one
version: 1.0.0
status: active
servers: [{server: here, type: duckdb, database: one.duckdb, schema: main}]
schema:
- name: one
  properties:
  - name: flags
    logicalType: array
    PHYSICAL
    items: {logicalType: string, enum: [{value: known}]}
"""
found = {}
for kind in ("VARCHAR[]", "ARRAY", ""):
    text = CONTRACT.replace("PHYSICAL", f"physicalType: {kind}" if kind else "description: none")
    run = DataContract(data_contract_str=text).test()
    found[kind] = (run.result.value, sum(one.type == "field_enum" for one in run.checks))
print(f"datacontract-cli {version('datacontract-cli')}: result and checks of words by physicalType: {found}")
sys.exit(found != {"VARCHAR[]": ("passed", 0), "ARRAY": ("failed", 1), "": ("failed", 1)})
PY
