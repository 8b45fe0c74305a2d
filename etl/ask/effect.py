"""What a deal did to the figures of its partners, or why nobody can tell: `make effect DEAL=...`.

Reads marts.partnership_effect of the published snapshot; etl/effect estimates it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from etl.ask.explain import near_names
from etl.errors import MendError
from etl.warehouse import Connection, prepared

Row = dict[str, Any]


def effects(con: Connection, deal: str) -> list[Row]:
    """The rows of marts.partnership_effect for a deal: those with an estimate first, then the nearest to one.

    Raises MendError for an unknown deal.
    """
    answer = con.execute(prepared("effect_of_deal"), {"deal": deal})
    names = [column[0] for column in answer.description or ()]
    rows = [dict(zip(names, row, strict=True)) for row in answer.fetchall()]
    if not rows:
        known = [
            name for (name,) in con.execute("select p.partnership_id from core.partnership as p order by 1").fetchall()
        ]
        of_both = [name for name in known if {*deal.split("-")} <= {*name.split("-")}]  # in whatever order
        if not deal:
            raise MendError(f"name a deal, as in DEAL={known[0] if known else 'id'}; there are {', '.join(known)}")
        hint = near_names(deal, of_both or known, "" if of_both else "-") or "core.partnership lists them"
        raise MendError(f"no deal is called {deal!r}; {hint}")
    return rows


def lines_of(rows: Sequence[Row]) -> Iterator[str]:
    """The lines of a deal in a terminal: each study that has donors, then the others by what they lack."""
    alone: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        if row["donors"]:
            yield from _lines(row)
        else:
            figure = " ".join(filter(None, [row["platform"], row["metric"], row["period"]]))
            alone.setdefault((row["status"], row["wording"]), []).append(figure or row["partnership_id"])
    for (status, wording), figures in alone.items():
        yield f"no number, {status}: {wording}"
        yield f"  {', '.join(figures)}"


def _lines(row: Row) -> Iterator[str]:
    figure = f"{row['platform']} {row['metric']} {row['period']}"
    if row["effect_pct"] is None:
        yield f"{figure}: no number, {row['status']}: {row['wording']}"
        yield f"  missing: {row['missing']}"
        yield f"  would lift it: {row['lifted_by']}"
    else:
        yield f"{figure}: {row['wording']} ({row['status']})"
        yield (
            f"  synthetic difference-in-differences {row['effect_pct']:+.1f} % "
            f"[{row['effect_pct_low']:+.1f}, {row['effect_pct_high']:+.1f}]; "
            f"{row['periods_before']} periods before, {row['periods_after']} after, until {row['last_period_end']}"
        )
        yield (
            f"  demeaned control {row['demeaned_control_pct']:+.1f} %, difference-in-differences "
            f"{row['difference_pct']:+.1f} %, without one donor each {row['left_out_pct_low']:+.1f} to "
            f"{row['left_out_pct_high']:+.1f} %"
        )
        yield f"  as large among placebos: {row['share_of_placebos']:.0%}"
    yield f"  donors: {', '.join(row['donors'])}"
    if row["smallest_pct"] is not None:
        yield f"  the smallest effect that could have been seen: {row['smallest_pct']:+.1f} %"
    if row["flags"]:
        yield f"  flags: {', '.join(row['flags'])}"
    if row["is_simulated"]:
        yield "  SIMULATED data"
