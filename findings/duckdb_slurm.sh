#!/usr/bin/env bash
# DuckDB takes its default threads and memory from variables of the batch system Slurm, also where no Slurm is.
#
# Version: DuckDB 1.5.6, the library and its shell.
# Guess:   without a setting, threads are the cores of the machine and memory is four fifths of it; only SET, a
#          configuration or the limits of the container change that.
# Seen:    SLURM_CPUS_ON_NODE=1 gives one thread and SLURM_MEM_PER_NODE=1000 (megabytes) 800 MB, four fifths of it. In
#          the shell's safe mode, which refuses every SET, they are the only way to bound it.
# Matters: a warehouse that is run inside a batch job builds with other bounds than on the same machine outside of it;
#          and a shell for people can be bounded before its configuration is locked.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet --disable-pip-version-check duckdb==1.5.6 duckdb-cli==1.5.6
QUERY="select current_setting('threads') || ' ' || current_setting('memory_limit')"
library() { "$folder/env/bin/python" -c "import duckdb, sys; print(duckdb.sql(sys.argv[1]).fetchall()[0][0])" "$QUERY"; }
shell() { "$folder"/env/lib/python3*/site-packages/duckdb_cli/duckdb -no-init -safe -noheader -list -c "$QUERY"; }
bounded=$(SLURM_CPUS_ON_NODE=1 SLURM_MEM_PER_NODE=1000 library)
safe=$(SLURM_CPUS_ON_NODE=1 SLURM_MEM_PER_NODE=1000 shell)
echo "library: $bounded; shell in safe mode: $safe; without: $(library)"
[ "$bounded" = "$safe" ]
case "$bounded" in '1 '*) ;; *) exit 1 ;; esac
[ "$(library)" != "$bounded" ]
SET=$("$folder"/env/lib/python3*/site-packages/duckdb_cli/duckdb -no-init -safe -cmd "set threads = 1" -c "select 1" 2>&1 || true)
case "$SET" in *locked*) ;; *) echo "$SET"; exit 1 ;; esac
