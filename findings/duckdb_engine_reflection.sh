#!/usr/bin/env bash
# A bug-fix release of SQLAlchemy takes the reflection of tables from duckdb_engine: 2.0.54 reflects, 2.0.55 does not.
#
# Version: duckdb_engine 0.17.0 on DuckDB 1.5.6, with SQLAlchemy 2.0.54, 2.0.55 and 2.1.9.
# Guess:   duckdb_engine, which asks for SQLAlchemy 1.3.22 or newer, reflects under every 2.0; only 2.1 is too new.
# Seen:    Table(..., autoload_with=engine) works up to 2.0.54. From 2.0.55 on it raises: the dialect is derived from that
#          of PostgreSQL, whose query for constraints now casts to REGCLASS, a type that DuckDB does not have. Columns
#          alone still reflect; under 2.1.9 not even those do. pip calls all three environments sound.
# Matters: what lists tables by SQLAlchemy (Superset, Alembic, notebooks) needs sqlalchemy<2.0.55 beside this engine.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/reflects.py" <<'PY'
import warnings

import sqlalchemy as sa

warnings.simplefilter("ignore")
engine = sa.create_engine("duckdb:///:memory:")
with engine.begin() as con:
    con.exec_driver_sql("create table cost (platform varchar, cac double)")


def works(what):
    try:
        what()
    except Exception as error:
        return str(error).splitlines()[0].rpartition("Error: ")[2][:44]
    return "works"


columns = works(lambda: sa.inspect(engine).get_columns("cost"))
table = works(lambda: sa.Table("cost", sa.MetaData(), autoload_with=engine))
print(f"{sa.__version__} columns: {columns}; table: {table}")
PY
for version in 2.0.54 2.0.55 2.1.9; do
    "${PYTHON:-python3}" -m venv "$folder/$version"
    env="$folder/$version/bin/python"
    "$env" -m pip install -q --disable-pip-version-check "sqlalchemy==$version" duckdb_engine==0.17.0 duckdb==1.5.6
    "$env" -m pip check > "$folder/check"
    "$env" "$folder/reflects.py" | tee -a "$folder/seen"
done
diff "$folder/seen" - <<'SEEN'
2.0.54 columns: works; table: works
2.0.55 columns: works; table: Type with name REGCLASS does not exist!
2.1.9 columns: Referenced table "pg_catalog.pg_collation" n; table: Referenced table "pg_catalog.pg_collation" n
SEEN
