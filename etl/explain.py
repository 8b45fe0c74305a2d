"""One number with everything it stands on: `make explain ID=pdd/whole/cac_net_12m/2019-12-31`.

A row of marts.cac_trend is shown as its formula with the figures filled in, what its validity and flags
mean, and every input down to the printed figure and its document. An observation is shown beside all
figures that documents print for the same quantity, with the one that counted from each day on.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from difflib import get_close_matches
from math import isclose
from typing import Any

from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from etl.config import load_settings
from etl.figure import Figure, by_id, counted_from, interval, same_quantity
from etl.formula import DERIVATIONS, FLAGS, FORMULAS, VALIDITY, meaning, roles
from etl.warehouse import Connection, DatabaseError, WarehouseError, open_snapshot

USAGE = "name a number: make explain ID=pdd/whole/cac_net_12m/2019-12-31, or the ID of an observation"
ROW = """
    select row_id, platform, scope, definition, period_start, period_end, cac, cac_low, cac_high, currency,
        validity, flags, input_observation_ids, known_on
    from {table} where row_id = $row_id
"""

Row = Mapping[str, Any]


class UnknownIdError(WarehouseError):
    """No row of marts.cac_trend and no observation is called so; the message has near matches."""


class DisagreementError(WarehouseError):
    """The formula over a row's inputs does not give the row's number."""


def explain(con: Connection, identifier: str) -> Iterator[Text | Tree]:
    """What is to be shown for the row or observation `identifier`, from top to bottom.

    Raises UnknownIdError, and DisagreementError after everything else was shown.
    """
    row = _row(con, "marts.cac_trend", identifier)
    if row is not None:
        yield from _explain_row(con, row)
        return
    found = by_id(con, [identifier])
    if not found:
        raise UnknownIdError(_unknown(con, identifier))
    yield from _explain_observation(con, found[0])


def main(arguments: Sequence[str]) -> int:
    """Print the explanation of the one identifier in `arguments`; 1 with the reason when there is none."""
    identifier = " ".join(arguments).strip()
    if not identifier:
        print(USAGE, file=sys.stderr)
        return 1
    # A line is never cut or wrapped by us: links stay whole, the terminal wraps.
    console = Console(width=100_000, highlight=False, soft_wrap=True)
    try:
        with open_snapshot(load_settings().serving_db) as con:
            for part in explain(con, identifier):
                console.print(part)
    except (WarehouseError, DatabaseError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _row(con: Connection, table: str, row_id: str) -> Row | None:
    result = con.execute(ROW.format(table=table), {"row_id": row_id})
    names = [column[0] for column in result.description]
    values = result.fetchone()
    return dict(zip(names, values, strict=True)) if values else None


def _explain_row(con: Connection, row: Row) -> Iterator[Text | Tree]:
    figures = by_id(con, row["input_observation_ids"])
    symbols = roles(figures, row["period_start"], row["period_end"])
    formula = FORMULAS[row["definition"]]
    has_number = row["cac"] is not None
    yield Text(row["row_id"], style="bold")
    yield Text(_answer(row), style="bold green" if has_number else "bold yellow")
    known = row["known_on"]
    day = f"known on {known}" if known else "known on no day: an input stands in a document without a date"
    yield Text(f"{row['period_start']} to {row['period_end']}, {day}")
    yield Text(f"\n{formula.words}")
    yield Text(f"{row['definition']} = {formula.shape}\n  = {formula.filled(symbols)}")
    yield Text(f"  = {_ratio(row['cac']) or 'no number'}")
    if has_number:
        yield Text(f"\nvalidity {row['validity']}: {meaning(VALIDITY, row['validity'])}")
    for flag in row["flags"]:
        yield Text(f"flag {flag}: {meaning(FLAGS, flag)}", style="yellow")
    yield from _earlier_answers(con, row, figures)
    tree = Tree(Text("it stands on", style="bold"))
    for symbol, group in symbols.items():
        for figure in group:
            _add(con, tree, figure, symbol, frozenset())
    yield Text()
    yield tree
    again = formula.value(symbols)
    if has_number and (again is None or not isclose(again, row["cac"], rel_tol=1e-9)):
        raise DisagreementError(
            f"these inputs give {again}, marts.cac_trend says {row['cac']}: do not use this number"
        )


def _answer(row: Row) -> str:
    unit = f"{row['currency']} per buyer"
    bounds = interval(_ratio(row["cac_low"]), _ratio(row["cac_high"]))
    if row["cac"] is not None:
        return f"{_ratio(row['cac'])} {unit}  {bounds}"
    reason = f"No number, {row['validity']}: {meaning(VALIDITY, row['validity'])}."
    is_bounded = row["cac_low"] is not None or row["cac_high"] is not None
    return f"{reason} It lies within {bounds} {unit}." if is_bounded else reason


def _earlier_answers(con: Connection, row: Row, figures: Sequence[Figure]) -> Iterator[Text]:
    """What the row said from each day on which another print of an input began to count."""
    answers: list[tuple[date, str]] = []
    for day in sorted({day for figure in figures for day, _ in counted_from(con, figure) if day}):
        then = _row(con, f"marts.cac_trend_as_of(date '{day}')", row["row_id"])
        answer = _answer(then) if then else ""
        if then and (answers or then["cac"] is not None) and (not answers or answers[-1][1] != answer):
            answers.append((day, answer))
    if len(answers) > 1:
        yield Text("\nwhat was known when", style="bold")
        yield from (Text(f"  from {day}  {answer}") for day, answer in answers)


def _explain_observation(con: Connection, figure: Figure) -> Iterator[Text | Tree]:
    prints = same_quantity(con, figure)
    history = counted_from(con, figure)
    now = history[-1][1] if history else None
    yield Text(figure.observation_id, style="bold")
    yield Text(f"{figure.amount}  {figure.interval}", style="bold")
    yield Text(figure.quantity)
    if now == figure.observation_id:
        yield Text("counts now", style="green")
    else:
        yield Text(f"does not count now, {now} does", style="yellow")
    yield Text("\nwhat was known when", style="bold")
    amounts = {each.observation_id: each.amount for each in prints}
    for day, identifier in history:
        yield Text(f"  {f'from {day}' if day else 'on no dated day'}  {amounts[identifier]}  {identifier}")
    tree = Tree(Text("every figure for this quantity, oldest first", style="bold"))
    for each in prints:
        _add(con, tree, each, "counts now" if each.observation_id == now else "", frozenset())
    yield Text()
    yield tree


def _add(con: Connection, tree: Tree, figure: Figure, mark: str, above: frozenset[str]) -> None:
    """Hang a figure into the tree, and below it, if it was derived, the figures it follows from."""
    label = Text(f"{mark}  " if mark else "", style="bold")
    label.append(f"{figure.amount}  {figure.interval}  {figure.qualifier}, {figure.basis}", style="bold")
    for line in figure.lines:
        label.append(f"\n{line}", style="not bold")
    if figure.derivation:
        label.append(f"\n{meaning(DERIVATIONS, figure.derivation)}", style="not bold yellow")
    branch = tree.add(label)
    seen = above | {figure.observation_id}
    for parent in by_id(con, [one for one in figure.derived_from if one not in seen]):
        _add(con, branch, parent, "", seen)


def _unknown(con: Connection, identifier: str) -> str:
    known = con.execute(
        "select row_id from marts.cac_trend union all select observation_id from core.observation"
    ).fetchall()
    near = get_close_matches(identifier, [name for (name,) in known], n=5, cutoff=0.6)
    hint = "\n".join(["near it:", *(f"  {name}" for name in near)]) if near else USAGE
    return f"nothing is called {identifier!r}; {hint}"


def _ratio(value: float | None) -> str | None:
    """Rounded where shown: two decimals, or four significant digits below ten."""
    if value is None:
        return None
    return f"{value:,.2f}" if abs(value) >= 10 else f"{value:.4g}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
