#!/usr/bin/env bash
# NOT EXISTS over a CTE lets every row through inside LATERAL.
#
# Version: DuckDB 1.5.6 (1.5.5 as well; 1.4.0 and 2.0.1 give the right rows).
# Guess:   a subquery that is asked for the days of a table gives for each day the rows that asking for this day gives.
# Seen:    the year 2023 is printed, yet NOT EXISTS keeps its sum of quarters; EXISTS would find nothing. No error.
# Matters: an as-of twin called for several days, `from days as d, marts.x_as_of(d.day)`, can return rows that it has
#          on none of these days: the printed expense of a year, and beside it the sum of its quarters.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet --disable-pip-version-check duckdb==1.5.6
"$folder/env/bin/python" - <<'PY'
import sys

import duckdb

con = duckdb.connect()
con.execute("""
    create table expense as
    select * from (values
        ('printed', date '2023-12-31', date '2024-03-01'),
        ('sum of quarters', date '2023-12-31', date '2024-03-01'),
        ('sum of quarters', date '2024-12-31', date '2025-03-01')
    ) as e(kind, year_end, published_on)
""")
SUMS = """
    with known as (select * from expense where published_on <= {day})
    select q.year_end::varchar
    from known as q
    where q.kind = 'sum of quarters'
        and not exists (select 1 from known as p where p.kind = 'printed' and p.year_end = q.year_end)
"""
one_day = con.execute(SUMS.format(day="date '2026-01-01'")).fetchall()
days = f"""
    select s.* from (values (date '2026-01-01')) as d(day), lateral ({SUMS.format(day="d.day")}) as s order by all
"""
found = {"one day": one_day, "a table of that day": con.execute(days).fetchall()}
print(f"DuckDB {duckdb.__version__}: years known by sums only, for {found}")
expected = {"one day": [("2024-12-31",)], "a table of that day": [("2023-12-31",), ("2024-12-31",)]}
sys.exit(found != expected)
PY
