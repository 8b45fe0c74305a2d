"""What the names in marts.cac_trend mean: definitions as formulas, validity, flags and derivations in words.

The SQL computes; here a number is only explained, and computed a second time from its inputs as a check.
The short table for readers is docs/names.md.

One number with everything it stands on: `make explain ID=pdd/whole/cac_net_12m/2019-12-31`.

A row of marts.cac_trend is shown as its formula with the figures filled in, what its validity and flags
mean, and every input down to the printed figure and its document. An observation is shown beside all
figures that documents print for the same quantity, with the one that counted from each day on.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from difflib import get_close_matches
from math import isclose
from typing import Any

from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from etl.ask.figures import Figure, amount, by_id, counted_from, interval, same_quantity
from etl.config import load_settings
from etl.warehouse import Connection, DatabaseError, WarehouseError, open_snapshot

Values = Mapping[str, Decimal]
Symbols = Mapping[str, Sequence[Figure]]

# S: expense of the window. N_t, N_0: annual active buyers at its end and on the day before it.
# S_before, N_before: the expense of the year before, and the buyers on the day before that year.
SYMBOLS = ("S", "S_before", "N_t", "N_0", "N_before")
SYMBOL = re.compile(r"S_before|N_before|N_t|N_0|S")
SLACK = timedelta(days=7)  # the days by which the ends of a company's periods may differ, as in steps.net_adds


@dataclass(frozen=True)
class Formula:
    """A definition of acquisition cost: in symbols (`shape`), in words, and as a computation."""

    shape: str
    words: str
    compute: Callable[[Values], Decimal]

    def filled(self, symbols: Symbols) -> str:
        """The shape with its figures in the place of the symbols; a question mark where one is missing."""
        return SYMBOL.sub(lambda match: _written(symbols.get(match[0], ())), self.shape)

    def value(self, symbols: Symbols) -> Decimal | None:
        """The number that the figures give; None where one is missing or the denominator is zero."""
        sums = {name: sum((f.value for f in figures), Decimal(0)) for name, figures in symbols.items()}
        try:
            return self.compute(sums)
        except (KeyError, ZeroDivisionError):
            return None


def roles(figures: Sequence[Figure], period_start: date, period_end: date) -> Symbols:
    """Which symbol each input of a row over this window stands for; a symbol's figures are summed.

    The symbols come in the order of SYMBOLS, the figures of one by their period.
    """
    found: dict[str, list[Figure]] = {symbol: [] for symbol in SYMBOLS}
    for figure in sorted(figures, key=lambda figure: figure.period_end):
        if figure.metric == "sm_expense":
            name = "S" if figure.period_end >= period_start else "S_before"
        elif abs(figure.period_end - period_end) <= SLACK:
            name = "N_t"
        elif abs(figure.period_end - (period_start - timedelta(days=1))) <= SLACK:
            name = "N_0"
        else:
            name = "N_before"
        found[name].append(figure)
    return {symbol: group for symbol, group in found.items() if group}


def _written(figures: Sequence[Figure]) -> str:
    terms = [amount(figure.value) for figure in figures]
    return f"({' + '.join(terms)})" if len(terms) > 1 else "".join(terms) or "?"


def _net(window: str) -> Formula:
    return Formula(
        "S / (N_t − N_0)",
        f"sales and marketing expense of {window} over the buyers gained net in the same window",
        lambda v: v["S"] / (v["N_t"] - v["N_0"]),
    )


def _gross(lapse_pct: int) -> Formula:
    kept = 1 - Decimal(lapse_pct) / 100
    return Formula(
        f"S / (N_t − {kept} × N_0)",
        f"a scenario, no fact: expense of a year over the buyers won if {lapse_pct} % of the earlier lapsed",
        lambda v: v["S"] / (v["N_t"] - kept * v["N_0"]),
    )


FORMULAS: Mapping[str, Formula] = {
    "cac_net_12m": _net("twelve months"),
    "cac_pooled_2y": _net("two years"),
    "cac_pooled_3y": _net("three years"),
    "cac_net_quarter": _net("a quarter"),
    "cac_gross_10": _gross(10),
    "cac_gross_20": _gross(20),
    "cac_gross_30": _gross(30),
    "marginal_cac": Formula(
        "(S − S_before) / ((N_t − N_0) − (N_0 − N_before))",
        "change of yearly expense over the change of yearly net adds, against the year before",
        lambda v: (v["S"] - v["S_before"]) / ((v["N_t"] - v["N_0"]) - (v["N_0"] - v["N_before"])),
    ),
}

VALIDITY: Mapping[str, str] = {
    "ok": "rounding of the printed buyer counts is at most 5 % of the denominator",
    "coarse": "rounding of the printed buyer counts is over 5 %, at most 20 %, of the denominator",
    "uninformative": "rounding is over 20 % of the denominator: mostly rounding, never rank it",
    "definition_break": "what the company counts changed inside the window, so its ends cannot be compared",
    "missing_spend": "no document in the data set prints the sales and marketing expense of this window",
    "missing_buyers_start": "no document in the data set prints the buyers on the day before the window",
    "missing_buyers_end": "no document in the data set prints the buyers on the last day of the window",
    "bounds_only": 'an input is printed as "about", "more than" or "nearly": it gives a bound and no point',
    "net_loss_of_buyers": "the platform had fewer buyers at the end than at the start, so it gained none",
    "net_adds_within_rounding": "the gain is no larger than the rounding of the two counts, so it may be nil",
    "missing_previous_window": "the year before has no expense or no buyer count to compare with",
    "change_within_rounding": "the change against the year before is smaller than the rounding of the prints",
    "spend_up_adds_down": "the platform spent more and gained fewer buyers than the year before",
    "spend_down_adds_up": "the platform spent less and gained more buyers than the year before",
    "missing_revenue": "no document in the data set prints the revenue of exactly this window",
    "missing_gross_profit": "no document in the data set prints the gross profit of exactly this window",
    "gmv_not_disclosed": "no document in the data set prints the GMV of this window and perimeter",
    "revenue_not_positive": "the revenue is nil or less: a ratio to it says nothing",
    "margin_not_positive": "the gross profit is nil or less: what is spent never comes back",
    "margin_within_rounding": "the gross profit may be nil within its rounding: only one bound is given",
}

FLAGS: Mapping[str, str] = {
    "scope_mismatch": "the whole company's expense stands against a narrower count of buyers",
    "restated_input": "the company had printed a different figure before",
    "mixed_vintage": "figures from before and after a restatement are summed",
    "derived_input": "a level was not printed but follows from a printed increase",
    "press_basis": "an input is a figure of the press",
    "approx_input": "an input is no exact figure",
    "undated_input": "an input stands in a document without a date",
    "ttm_vs_quarter": "a quarter's expense stands against the change of a twelve-month count",
    "fy_misaligned": "the window does not end with the company's fiscal year",
    "summed_quarters": "the year's expense is the sum of four printed quarters",
    "definition_break": "what is counted changed inside the window",
    "proxy": "no measurement of what its name says: the whole company's margin stands for a buyer's",
    "recomputed_disagrees": "a printed figure and the one recomputed from its parts do not meet",
}

DERIVATIONS: Mapping[str, str] = {
    "level_less_increase": "not printed: a printed level less a printed increase",
    "level_plus_increase": "not printed: a printed level plus a printed increase",
    "year_less_nine_months": "not printed: the filed year less its first nine months, of one vintage",
    "year_less_half": "not printed: the filed year less its first half, of one vintage",
    "nine_months_less_half": "not printed: nine months as filed less their first half, of one vintage",
    "half_less_quarter": "not printed: the filed half year less its first quarter, of one vintage",
}


def meaning(words: Mapping[str, str], name: str) -> str:
    """What `name` means; the name itself, readable, where nobody has written it down."""
    return words.get(name, name.replace("_", " "))


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
        raise DisagreementError(f"these inputs give {again}, marts.cac_trend says {row['cac']}: do not use this number")


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
