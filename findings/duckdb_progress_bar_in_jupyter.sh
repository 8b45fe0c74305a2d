#!/usr/bin/env bash
# In a Jupyter kernel without ipywidgets DuckDB refuses to switch its progress bar off, which is off.
#
# Version: duckdb 1.5.6, ipykernel 7.4.0.
# Guess:   SET enable_progress_bar = false works everywhere, and most of all where no bar can be drawn.
# Seen:    it raises an InvalidInputException that asks for ipywidgets, "needed to render progress bars in Jupyter", and
#          so does SET enable_progress_bar = true; current_setting says false before and after. The same program outside
#          a kernel runs.
# Matters: a function that opens the snapshot for scripts and notebooks alike fails in the notebook only, where tests
#          seldom run; ours passes over that error.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet --disable-pip-version-check duckdb==1.5.6 ipykernel==7.4.0 nbclient
cat > "$folder/off.py" <<'PY'
import duckdb

con = duckdb.connect()
try:
    con.execute("set enable_progress_bar = false")
    print("switched off")
except duckdb.Error as error:
    print(type(error).__name__, "ipywidgets" in str(error))
print("it is on:", con.execute("select current_setting('enable_progress_bar')").fetchall()[0][0])
PY
"$folder/env/bin/python" - "$folder/off.py" 2>/dev/null <<'PY'
import pathlib
import subprocess
import sys

import nbclient
import nbformat

code = pathlib.Path(sys.argv[1]).read_text()
book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
nbclient.NotebookClient(book).execute()
kernel = book.cells[0].outputs[0]["text"]
script = subprocess.run([sys.executable, sys.argv[1]], capture_output=True, text=True, check=True).stdout
print("duckdb 1.5.6, as a script:", *script.splitlines(), "", "in a kernel:", *kernel.splitlines(), sep="\n")
if "switched off" not in script or "InvalidInputException True" not in kernel:
    sys.exit("duckdb has changed: etl/warehouse.py need not pass over the error any more")
PY
