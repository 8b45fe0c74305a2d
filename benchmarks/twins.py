"""What a twin costs: `python -m benchmarks.twins SNAPSHOT [EARLIER]`, each a snapshot file, of any version.

Every twin is asked for a few days, one at a time on one thread, five times in turn from both snapshots in one run,
and the least of the processor's seconds are printed with their ratio. A twin that only one of them has is listed
without one; steps were marts in earlier versions, so tables are matched by name. Nothing here is a test: a busy
machine is no fault.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from etl.warehouse import Connection, open_snapshot

DAYS = ("2016-06-30", "2018-12-31", "2020-05-27", "2023-12-31")
TURNS = 5


def twins(con: Connection) -> dict[str, str]:
    """The twins of tables in a snapshot, schema.name by the name of the table."""
    found = con.execute(
        "select function_name, any_value(schema_name) from duckdb_functions() where function_type = 'table_macro' "
        "and schema_name in ('steps', 'marts') and function_name like '%\\_as\\_of' escape '\\' group by all order by 1"
    ).fetchall()
    return {name.removesuffix("_as_of"): f"{schema}.{name}" for name, schema in found}


def seconds(con: Connection, twin: str) -> float:
    """Processor seconds to ask a twin for all days, one after the other."""
    start = time.process_time()
    for day in DAYS:
        con.execute(f"from {twin}(date '{day}')").fetchall()
    return time.process_time() - start


def show(times: Mapping[str, tuple[list[float], list[float]]]) -> None:
    """One line a twin: least of both and their ratio; then of all twins that both have."""
    both = {name: (min(new), min(old)) for name, (new, old) in times.items() if new and old}
    for name, (new, old) in times.items():
        ratio = f"{both[name][0] / both[name][1]:6.2f}" if name in both else ""
        shown = [f"{min(taken):8.3f}" if taken else " " * 8 for taken in (new, old)]
        print(f"{name:<28}{shown[0]}{shown[1]}  {ratio}")
    if both:
        first, second = (sum(pair[k] for pair in both.values()) for k in (0, 1))
        print(f"{'all that both have':<28}{first:8.3f}{second:8.3f}  {first / second:6.2f}")


def main() -> None:
    """Ask the twins of the snapshots named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("snapshots", nargs="+", type=Path, metavar="SNAPSHOT")
    paths = parser.parse_args().snapshots[:2]
    with ExitStack() as stack:
        cons = [stack.enter_context(open_snapshot(path, threads=1)) for path in paths]
        names = [twins(con) for con in cons]
        listed = sorted({name for found in names for name in found})
        times: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in listed}
        for _ in range(TURNS):
            for name, taken in times.items():
                for con, found, into in zip(cons, names, taken, strict=False):
                    if name in found:
                        into.append(seconds(con, found[name]))
    print(f"{'processor seconds for ' + str(len(DAYS)) + ' days':<28}{'first':>8}{'second':>8}   ratio")
    show(times)


if __name__ == "__main__":
    main()
