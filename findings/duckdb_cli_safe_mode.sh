#!/usr/bin/env bash
# The program `duckdb` of the package duckdb-cli answers no query in safe mode.
#
# Version: duckdb-cli 1.5.6 from PyPI; with 1.5.0 it answers.
# Guess:   `duckdb -safe -c "select 1"` is the same whether the shell was installed by pip or downloaded.
# Seen:    the program is a Python wrapper that gives the shell a command of its own first, SET extension_directories.
#          Safe mode has locked the settings by then, so the shell ends with an error before the query. The binary beside
#          the wrapper, in the same package, answers.
# Matters: a script that reads a snapshot in safe mode fails after `pip install -U`; `make sql` starts the binary itself.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet --disable-pip-version-check duckdb-cli==1.5.6
binary=$("$folder/env/bin/python" -c "import duckdb_cli, pathlib; print(pathlib.Path(duckdb_cli.__file__).with_name('duckdb'))")
query="select version() as version"
"$binary" -safe -csv -c "$query" | tee "$folder/seen"
"$folder/env/bin/duckdb" -csv -c "$query" | tee -a "$folder/seen"
"$folder/env/bin/duckdb" -safe -csv -c "$query" 2>&1 | tee -a "$folder/seen" || true
diff "$folder/seen" - <<'SEEN'
version
v1.5.6
version
v1.5.6
Invalid Input Error: Cannot change configuration option "extension_directories" - the configuration has been locked
SEEN
