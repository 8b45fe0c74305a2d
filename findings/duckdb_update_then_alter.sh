#!/usr/bin/env bash
# An UPDATE followed by an ALTER TABLE of the same table in one transaction: both succeed, the COMMIT fails.
#
# Version: DuckDB 1.5.6.
# Guess:   DuckDB has transactional DDL, so a migration that rewrites a column's values and then adds a column is one
#          transaction like any other.
# Seen:    UPDATE, then ALTER TABLE ADD COLUMN run without a word; COMMIT raises a TransactionException ("another
#          transaction has altered this table"), though there is no other transaction. The same two in the other
#          order commit, and so does CREATE TABLE AS with the new values and column, then DROP and RENAME.
# Matters: a migration that must not stop half way (values hashed, and the column that says so) works or not by the
#          order of its statements, and says so at its end only. Ours writes the table anew.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet --disable-pip-version-check duckdb==1.5.6
"$folder/env/bin/python" - "$folder" <<'PY'
import sys

import duckdb

UPDATE = "update orders set buyer = upper(buyer)"
ALTER = "alter table orders add column refunded decimal(18, 4)"
ANEW = (
    "create table anew as select * replace (upper(buyer) as buyer), null::decimal(18, 4) as refunded from orders; "
    "drop table orders; alter table anew rename to orders"
)


def tried(number: int, *statements: str) -> str:
    con = duckdb.connect(f"{sys.argv[1]}/{number}.duckdb")
    con.execute("create table orders as select 'b' || i as buyer from range(10) as r(i)")
    con.execute("begin")
    try:
        for statement in statements:
            con.execute(statement)
    except duckdb.Error as error:
        return f"{type(error).__name__} before the commit"
    try:
        con.execute("commit")
    except duckdb.Error as error:
        return f"{type(error).__name__} at the commit"
    return "committed"


found = {
    "update, alter": tried(1, UPDATE, ALTER),
    "alter, update": tried(2, ALTER, UPDATE),
    "written anew": tried(3, *ANEW.split("; ")),
}
print(duckdb.__version__, found)
assert found["update, alter"] == "TransactionException at the commit", found
assert found["alter, update"] == found["written anew"] == "committed", found
PY
