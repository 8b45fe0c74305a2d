"""What the names in marts.cac_trend mean: definitions as formulas, validity, flags and derivations in words.

The SQL computes; here a number is only explained, and computed a second time from its inputs as a check.
The short table for readers is docs/names.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from etl.figure import Figure, amount

Values = Mapping[str, Decimal]
Symbols = Mapping[str, Sequence[Figure]]

# S: expense of the window. N_t, N_0: annual active buyers at its end and on the day before it.
# S_before, N_before: the expense of the year before, and the buyers on the day before that year.
SYMBOLS = ("S", "S_before", "N_t", "N_0", "N_before")
SYMBOL = re.compile(r"S_before|N_before|N_t|N_0|S")
SLACK = timedelta(
    days=7
)  # the days by which the ends of a company's periods may differ, as in marts.net_adds


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
