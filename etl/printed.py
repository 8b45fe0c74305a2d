"""Printed forms of figures, read as numbers: "RMB13,441,813 thousand", "2兆4440億元", "one billion", "45.3%".

A form is read into every figure it can stand for, each with half a unit of its last printed digit and the
currencies it may be in. The reader is strict: a number with a scale word counts only at that scale, and
beside a number with a scale, a currency or a percent sign the bare ones (years, footnotes) count for
nothing. What cannot be read as a number contradicts nothing.

Source of the forms: documents as people copied them, so marks of an editor in square brackets are read too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal, localcontext
from itertools import pairwise

from etl.printed_parts import Part, kind_at, parts_of
from etl.printed_words import CURRENCIES, CURRENCY_CODES, FALLING, SCALES, Token, tokens

_JOIN = ("to", "and")


@dataclass(frozen=True)
class Figure:
    """One number that a printed form states.

    `value` is in base units (thousands and millions multiplied out), `half_width` half a unit of its last
    printed digit, None where no digit is printed ("one billion"). `currencies` are the ISO 4217 codes it may
    be in, empty where none is named. `signed` is False where the print leaves the sign open ("a loss of 73
    million", "(73,006)"). `bound` marks the ends of a printed range, which are bounds and not points.
    """

    value: Decimal
    half_width: Decimal | None
    currencies: frozenset[str] = frozenset()
    percent: bool = False
    signed: bool = True
    bound: bool = False

    def says(self, value: Decimal, unit: str, *, either_sign: bool = False, bound: bool = False) -> bool:
        """Whether the figure states `value` of `unit` (CNY, CNY_per_person, percent, persons ...).

        `either_sign` for what may be printed negative (expenses); `bound` if the value is an at_least or
        at_most figure, for which an end of a printed range will do.
        """
        code = unit[:3] if unit[:3] in CURRENCY_CODES else ""
        if (self.currencies and code not in self.currencies) or (self.bound and not bound):
            return False
        printed = self.value.scaleb(-2) if self.percent and unit != "percent" else self.value
        if either_sign or not self.signed:
            return printed.copy_abs() == value.copy_abs()
        return printed == value


def figures(printed: str) -> tuple[Figure, ...]:
    """Every figure that the printed form can be read as; empty where it holds no number that can be read."""
    with localcontext(prec=100):
        cut = tokens(printed)
        parts = _compounds(cut, _with_table_scale(cut, parts_of(cut)))
        ranges = [r for low, high in pairwise(parts) if (r := _range(cut, low, high))]
        in_range = {part.first for _, low, high in ranges for part in (low, high)}
        found = [figure for made, _, _ in ranges for figure in made]
        marked = any(part.marked for part in parts)
        for part in parts:
            if part.first not in in_range and (part.marked or not marked):
                found.extend(_of(part))
        if FALLING.search(printed):
            found = [replace(figure, signed=False) for figure in found]
    return tuple(dict.fromkeys(found))


def _of(part: Part, *, bound: bool = False) -> list[Figure]:
    signed = part.negative is not None
    return [
        Figure(value, half, part.currencies, part.percent, signed, bound) for value, half in part.values()
    ]


def _with_table_scale(cut: list[Token], parts: list[Part]) -> list[Part]:
    """Give bare numbers the scale that stands apart, as tables state it: "(in millions)", "RMB'000"."""
    taken = {at for part in parts for at in range(part.first, part.last)}
    apart = [
        at
        for at, token in enumerate(cut)
        if token.kind == "scale"
        and at not in taken
        and (kind_at(cut, at - 1) == "currency" or _leads(cut, at - 1))
    ]
    if not apart:
        return parts
    scaled = []
    for part in parts:
        at = max((a for a in apart if a < part.first), default=apart[0])
        named = CURRENCIES[cut[at - 1].text] if cut[at - 1].kind == "currency" else frozenset[str]()
        bare = part.exponent is None and not part.percent
        taking = replace(part, exponent=SCALES[cut[at].text], currencies=part.currencies or named)
        scaled.append(taking if bare else part)
    return scaled


def _leads(cut: list[Token], at: int) -> bool:
    return at >= 0 and (cut[at].text == "in" or (cut[at].kind == "open" and len(cut[at + 1].text) > 1))


def _compounds(cut: list[Token], parts: list[Part]) -> list[Part]:
    """Join "2兆4440億" and "8 trillion 119 billion"; drop the gloss of a scale in "6.281 yi (100m)"."""
    joined: list[Part] = []
    for part in parts:
        before = joined[-1] if joined else None
        if before is None or before.exponent is None:
            joined.append(part)
        elif before.last == part.first and _continues(cut, before, before.exponent, part):
            currencies = before.currencies | part.currencies
            whole = replace(part, first=before.first, addend=before.value, currencies=currencies)
            joined[-1] = replace(whole, negative=before.negative)
        elif before.last != part.first - 1 or part.value != Decimal(1).scaleb(before.exponent):
            joined.append(part)
    return joined


def _continues(cut: list[Token], before: Part, exponent: int, part: Part) -> bool:
    """Whether a number right after a scaled one counts the smaller units of the same figure."""
    if part.exponent is None:  # 1億2345万6789: only glued, and not in Latin script, where it is a footnote
        sign = cut[before.last - 1]
        return not sign.text.isascii() and sign.end == cut[part.first].start and part.value < 10**exponent
    return part.exponent < exponent and part.value < Decimal(1).scaleb(exponent)


def _range(cut: list[Token], low: Part, high: Part) -> tuple[list[Figure], Part, Part] | None:
    """Middle and ends of "200-210 million" or "200 to 210 million"; None if the two are no range."""
    between = cut[low.last : high.first]
    if len(between) != 1 or not (between[0].kind == "dash" or between[0].text in _JOIN):
        return None
    dash = between[0].kind == "dash"
    if not dash and (low.exponent is not None or low.percent or high.exponent is None):
        return None
    currencies = low.currencies | high.currencies
    exponent = high.exponent if low.exponent is None else low.exponent
    low = replace(low, exponent=exponent, currencies=currencies, percent=high.percent)
    high = replace(high, currencies=currencies)
    if low.value >= high.value:
        return None
    half = (high.value - low.value) / 2
    middle = Figure(low.value + half, half, currencies, high.percent)
    return [middle, *_of(low, bound=dash), *_of(high, bound=dash)], low, high
