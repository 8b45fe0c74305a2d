"""One number and its sources: `make explain ID=pdd/whole/cac_net_12m/2019-12-31`.

A row of marts.cac_trend is shown as its formula with the figures filled in, the meaning of its validity and flags,
and every input with its printed figure and document. It is computed a second time from these inputs by the formula
in core.definition, without the SQL of the marts. An observation is shown with all figures that documents print for
the same quantity, and with the one that counted from each day on. Meanings are read from core.term.
"""

from __future__ import annotations

import ast
import operator
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from difflib import SequenceMatcher
from math import isclose
from typing import Any

from rich.text import Text
from rich.tree import Tree

from etl.errors import MendError
from etl.warehouse import Connection, prepared

USAGE = "name a number: make explain ID=pdd/whole/cac_net_12m/2019-12-31, or the ID of an observation"
ROW = """
    select day.day, r.row_id, r.definition, r.period_start, r.period_end, r.cac, r.cac_low, r.cac_high, r.currency,
        r.validity, r.flags, r.input_observation_ids, r.known_on, d.formula, d.words,
        coalesce(v.meaning, replace(r.validity, '_', ' ')) as reason
    from {day} as day, {table} as r
    join core.definition as d on d.definition = r.definition
    left join core.term as v on v.kind = 'validity' and v.term = r.validity
    where r.row_id = $row_id order by day.day
"""
NOW, THEN = "(select null::date as day)", "(select unnest($days::date[]) as day)"
SAME_QUANTITY = """
    where figure.platform = $platform and figure.metric = $metric and figure.scope = $scope and figure.unit = $unit
        and figure.period_start is not distinct from $period_start and figure.period_end = $period_end
"""
MILLION = 1_000_000
SYMBOLS = ("S", "S_before", "N_t", "N_0", "N_before")  # as core.term explains them
SLACK = timedelta(days=7)  # the days by which the ends of a company's periods may differ, as in net_adds
HISTORY = Text("\nwhat was known when", style="bold")
SIGNS = str.maketrans({"−": "-", "×": "*"})
OPERATIONS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}
Row = Mapping[str, Any]


@dataclass(frozen=True)
class CitedFigure:
    """One observation with the label of its metric, the meaning of its derivation, and its document."""

    observation_id: str
    platform: str
    metric: str
    label: str
    scope: str
    period_start: date | None
    period_end: date
    value: Decimal
    value_low: Decimal | None
    value_high: Decimal | None
    unit: str
    qualifier: str
    basis: str
    locator: str | None
    printed_as: str | None
    derivation: str | None
    derived_from: Sequence[str]
    published_on: date | None
    covered_on: date | None
    kind: str | None
    publisher: str | None
    title: str | None
    url: str | None

    @property
    def amount(self) -> str:
        """The value with its unit and interval: `585.2 m persons  [585.15 m, 585.25 m]`."""
        low, high = (None if bound is None else amount(bound) for bound in (self.value_low, self.value_high))
        return f"{amount(self.value)} {self.unit}  {interval(low, high)}"

    @property
    def quantity(self) -> str:
        """Metric, platform, perimeter and period."""
        period = f"{self.period_start} to {self.period_end}" if self.period_start else f"on {self.period_end}"
        return clean(f"{self.label}, {self.platform}, {self.scope or 'whole'}, {period}")

    @property
    def lines(self) -> list[str]:
        """Quantity, printed form, document, link, identifier, and how the figure was derived."""
        dated = f"published on {self.published_on}" if self.published_on else "without a date"
        source = f"{self.publisher or 'no publisher'}, {self.kind or 'no kind'}, {dated}"
        return [
            self.quantity,
            clean(f"printed as “{self.printed_as}” at: {self.locator or 'no place given'}"),
            clean(f"{self.title or 'no title'}; {source}"),
            clean(self.url or "no link"),
            self.observation_id,
            *([f"not printed: {self.derivation}"] if self.derivation else []),
            *([f"perhaps known earlier: a document of {self.covered_on} covers the period"] if self.covered_on else []),
        ]

    @property
    def key(self) -> dict[str, object]:
        """The columns that identify the quantity."""
        names = ("platform", "metric", "scope", "unit", "period_start", "period_end")
        return {name: getattr(self, name) for name in names}


Symbols = Mapping[str, Sequence[CitedFigure]]


def explain(con: Connection, identifier: str) -> Iterator[Text | Tree]:
    """The parts to print for the row or observation `identifier`, from top to bottom.

    Raises MendError for an unknown name, for a snapshot of an older version and, after everything was printed, when
    the formula gives another number than the mart.
    """
    tables = con.execute("select schema_name || '.' || table_name from duckdb_tables()").fetchall()
    if not {("core.definition",), ("core.term",)} <= set(tables):
        raise MendError("an older version published this snapshot, without its definitions: run `make refresh`")
    if rows := _rows(con, ROW.format(day=NOW, table="marts.cac_trend"), {"row_id": identifier}):
        yield from _explain_row(con, rows[0])
    elif found := figures_of(con, [identifier]):
        yield from _explain_observation(con, found[0])
    else:
        known = con.execute("select row_id from marts.cac_trend union all select observation_id from core.observation")
        hint = near_names(identifier, [name for (name,) in known.fetchall()]) or USAGE
        raise MendError(f"nothing is called {identifier!r}; {hint}")


def near_names(name: str, known: Iterable[str], separator: str = "/") -> str:
    """A hint with up to five known names like `name`, compared part by part; '' where none is like it.

    The first part, such as the platform of a number, decides: another one with the same rest is no near miss.
    Without a separator names are compared as a whole.
    """

    def parts(text: str) -> list[str]:
        text = text[:100]  # longer than any name: what was pasted by mistake is not compared whole
        return text.split(separator) if separator else [text]

    def likeness(other: str) -> tuple[float, float]:
        ratios = [SequenceMatcher(None, *pair).ratio() for pair in zip(parts(name), parts(other), strict=False)]
        return ratios[0], sum(ratios)

    ranked = sorted(
        ((likeness(other), other) for other in known), key=lambda found: (-found[0][0], -found[0][1], found[1])
    )
    near = [other for (first, _), other in ranked[:5] if first >= (0.6 if separator else 0.3)]
    return "\n".join(["near it:", *(f"  {other}" for other in near)]) if near else ""


def _explain_row(con: Connection, row: Row) -> Iterator[Text | Tree]:
    figures = figures_of(con, row["input_observation_ids"])
    symbols = by_symbol(figures, row["period_start"], row["period_end"])
    has_number = row["cac"] is not None
    yield Text(row["row_id"], style="bold")
    yield Text(_answer(row), style="bold green" if has_number else "bold yellow")
    day = row["known_on"] or "no day: an input is in a document without a date"
    yield Text(f"{row['period_start']} to {row['period_end']}, known on {day}")
    yield Text(f"\n{row['words']}")
    yield Text(f"{row['definition']} = {row['formula']}\n  = {filled(row['formula'], symbols)}")
    yield Text(f"  = {_ratio(row['cac']) or 'no number'}")
    if has_number:
        yield Text(f"\nvalidity {row['validity']}: {row['reason']}")
    for flag, meaning in con.execute(prepared("explain_flags"), {"flags": row["flags"]}).fetchall():
        yield Text(f"flag {flag}: {meaning}", style="yellow")
    yield from _earlier_answers(con, row, figures)
    tree = Tree(Text("its inputs", style="bold"))
    for symbol, group in symbols.items():
        for figure in group:
            _add(con, tree, figure, symbol)
    yield Text()
    yield tree
    again = evaluated(row["formula"], symbols)
    if has_number and (again is None or not isclose(again, row["cac"], rel_tol=1e-9)):
        raise MendError(f"these inputs give {again}, marts.cac_trend says {row['cac']}: do not use this number")


def _answer(row: Row) -> str:
    unit = f"{row['currency']} per buyer"
    bounds = interval(_ratio(row["cac_low"]), _ratio(row["cac_high"]))
    if row["cac"] is not None:
        return f"{_ratio(row['cac'])} {unit}  {bounds}"
    reason = f"No number, {row['validity']}: {row['reason']}."
    is_bounded = row["cac_low"] is not None or row["cac_high"] is not None
    return f"{reason} It lies within {bounds} {unit}." if is_bounded else reason


def _earlier_answers(con: Connection, row: Row, figures: Sequence[CitedFigure]) -> Iterator[Text]:
    """The answer of the row from each day on which another print of an input began to count."""
    days = sorted({day for history in _counted_from(con, figures).values() for day, _ in history if day})
    query = ROW.format(day=THEN, table="marts.cac_trend_as_of_for_platform(day.day, $platform)")
    answers: list[tuple[date, str]] = []
    asked = {"row_id": row["row_id"], "platform": row["row_id"].split("/")[0], "days": days}
    for then in _rows(con, query, asked) if days else ():
        if (answers or then["cac"] is not None) and (not answers or answers[-1][1] != _answer(then)):
            answers.append((then["day"], _answer(then)))
    if len(answers) > 1:
        yield HISTORY
        yield from (Text(f"  from {day}  {answer}") for day, answer in answers)


def _explain_observation(con: Connection, figure: CitedFigure) -> Iterator[Text | Tree]:
    prints = _prints(con, figure)
    history = _counted_from(con, [figure])[figure.observation_id]
    now = history[-1][1] if history else None
    yield Text(f"{figure.observation_id}\n{figure.amount}", style="bold")
    yield Text(figure.quantity)
    is_current = now == figure.observation_id
    yield Text("counts now" if is_current else f"does not count now, {now} does", "green" if is_current else "yellow")
    yield HISTORY
    amounts = {each.observation_id: f"{amount(each.value)} {each.unit}" for each in prints}
    for day, identifier in history:
        yield Text(f"  {f'from {day}' if day else 'on no dated day'}  {amounts[identifier]}  {identifier}")
    tree = Tree(Text("every figure for this quantity, oldest first", style="bold"))
    for each in prints:
        _add(con, tree, each, "counts now" if each.observation_id == now else "")
    yield Text()
    yield tree


def _add(con: Connection, tree: Tree, figure: CitedFigure, mark: str, above: frozenset[str] = frozenset()) -> None:
    """Add a figure to the tree and, if it was derived, the figures that it follows from below it."""
    heading = f"{mark}  {figure.amount}  {figure.qualifier}, {figure.basis}".strip()
    branch = tree.add(Text.assemble((heading, "bold"), *(f"\n{line}" for line in figure.lines)))
    seen = above | {figure.observation_id}
    for parent in figures_of(con, [one for one in figure.derived_from if one not in seen]):
        _add(con, branch, parent, "", seen)


def by_symbol(figures: Sequence[CitedFigure], period_start: date, period_end: date) -> Symbols:
    """The inputs of a row over this window by symbol, in the order of SYMBOLS; those of one symbol are summed."""
    found: dict[str, list[CitedFigure]] = {symbol: [] for symbol in SYMBOLS}
    for figure in sorted(figures, key=lambda figure: figure.period_end):
        if figure.metric == "sm_expense":
            symbol = "S" if figure.period_end >= period_start else "S_before"
        elif abs(figure.period_end - period_end) <= SLACK:
            symbol = "N_t"
        elif abs(figure.period_end - (period_start - timedelta(days=1))) <= SLACK:
            symbol = "N_0"
        else:
            symbol = "N_before"
        found[symbol].append(figure)
    return {symbol: group for symbol, group in found.items() if group}


def filled(formula: str, symbols: Symbols) -> str:
    """The formula with figures instead of symbols; a question mark where one is missing."""

    def written(symbol: re.Match[str]) -> str:
        terms = [amount(figure.value) for figure in symbols.get(symbol[0], ())]
        return f"({' + '.join(terms)})" if len(terms) > 1 else "".join(terms) or "?"

    return re.sub(r"[A-Z]\w*", written, formula)


def evaluated(formula: str, symbols: Symbols) -> Decimal | None:
    """The number that the figures give; None where one is missing or the denominator is zero."""

    def value(node: ast.expr) -> Decimal:
        match node:
            case ast.BinOp(left, operation, right):
                return Decimal(OPERATIONS[type(operation)](value(left), value(right)))
            case ast.Name(symbol):
                return sum((figure.value for figure in symbols[symbol]), Decimal(0))
            case ast.Constant(number):
                return Decimal(str(number))
        raise ValueError(f"{formula}: a formula is made of symbols, numbers and + − × /")

    try:
        return value(ast.parse(formula.translate(SIGNS), mode="eval").body)
    except (KeyError, ArithmeticError):
        return None


def _rows(con: Connection, query: str, values: Mapping[str, Any]) -> list[Row]:
    result = con.execute(query, dict(values))
    names = [column[0] for column in result.description]
    return [dict(zip(names, found, strict=True)) for found in result.fetchall()]


def figures_of(con: Connection, identifiers: Sequence[str]) -> list[CitedFigure]:
    """The observations with these identifiers, in their order; unknown ones are left out."""
    query = f"{prepared('explain_figures')} where list_contains($ids, figure.observation_id)"
    rows = con.execute(query, {"ids": list(identifiers)}).fetchall()
    found = {row[0]: CitedFigure(*row) for row in rows}
    return [found[name] for name in identifiers if name in found]


def _prints(con: Connection, figure: CitedFigure) -> list[CitedFigure]:
    """All figures that documents print for the quantity of `figure`, oldest first, undated last."""
    order = "order by figure.published_on nulls last, figure.observation_id"
    query = f"{prepared('explain_figures')} {SAME_QUANTITY} {order}"
    return [CitedFigure(*row) for row in con.execute(query, figure.key).fetchall()]


def _counted_from(con: Connection, figures: Sequence[CitedFigure]) -> dict[str, list[tuple[date | None, str]]]:
    """By figure, the days from which another observation counted for its quantity; the last one counts now.

    The day is None where only an undated figure is known.
    """
    histories: dict[str, list[tuple[date | None, str]]] = {figure.observation_id: [] for figure in figures}
    for asked, day, found in con.execute(prepared("explain_counted"), {"ids": list(histories)}).fetchall():
        if not (history := histories[asked]) or history[-1][1] != found:
            history.append((day, found))
    return histories


def amount(value: Decimal) -> str:
    """A figure with all its digits, in millions from a million on."""
    is_large = abs(value) >= MILLION
    text = f"{value / MILLION if is_large else value:,f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) + " m" * is_large


def interval(low: str | None, high: str | None) -> str:
    """Two bounds as text; either may be missing."""
    if low is not None and high is not None:
        return f"[{low}, {high}]"
    if low is not None:
        return f"at least {low}"
    return f"at most {high}" if high is not None else "no bound"


def clean(text: str) -> str:
    """Text of a source on one line, without control characters and changes of the writing direction."""
    return "".join(character if unicodedata.category(character) not in ("Cc", "Cf") else " " for character in text)


def _ratio(value: float | None) -> str | None:
    """A ratio as text: two decimals, or four significant digits below ten."""
    if value is None:
        return None
    return f"{value:,.2f}" if abs(value) >= 10 else f"{value:.4g}"
