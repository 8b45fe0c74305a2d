"""Printed forms of figures, read as numbers: "RMB13,441,813 thousand", "2兆4440億元", "one billion", "45.3%".

A form is read into every figure it can stand for, each with half a unit of its last printed digit and the
currencies it may be in. The reader is strict: a number with a scale word counts only at that scale, and
beside a number with a scale, a currency or a percent sign the bare ones (years, footnotes) count for
nothing. What cannot be read as a number contradicts nothing. `etl.printed.words` cuts a form into tokens; here
numbers with scale, currency and sign are found among them and combined: compounds, ranges, table scales.

Source of the forms: documents as people copied them, so marks of an editor in square brackets are read too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal, localcontext
from itertools import pairwise

from etl.printed.words import (
    COMMA_SCALES,
    CURRENCIES,
    CURRENCY_CODES,
    FALLING,
    NUMBER_WORDS,
    SCALES,
    Token,
    tokens,
)

_GLUE = ("in", "of", "chinese")  # words that may stand between a number and its scale or currency
_GROUPED = re.compile(r"[0-9]{1,3}(?:([.,])[0-9]{2,3}(?:\1[0-9]{2,3})*)?")
Readings = tuple[tuple[Decimal, int | None], ...]  # number and decimals; no decimals: in words


@dataclass(frozen=True)
class Part:
    """A number with the scale and currency around it; `first` and `last` are its tokens, last exclusive."""

    readings: Readings  # the likeliest first; more than one where a comma may be the decimal one
    first: int
    last: int
    exponent: int | None = None
    currencies: frozenset[str] = frozenset()
    percent: bool = False
    negative: bool | None = False  # None: the print leaves it open
    addend: Decimal = Decimal(0)  # what a compound ("7 trillion 494,000 million") states before this part

    @property
    def value(self) -> Decimal:
        """What the likeliest reading states, in base units and without sign."""
        return self.addend + self.readings[0][0].scaleb(self.exponent or 0)

    @property
    def marked(self) -> bool:
        """Whether a scale, a currency or a percent sign says that this number is the figure."""
        return self.exponent is not None or self.percent or bool(self.currencies)

    def values(self) -> Iterator[tuple[Decimal, Decimal | None]]:
        """Each reading in base units, with half a unit of its last digit (None for number words)."""
        exponent = self.exponent or 0
        for number, decimals in self.readings:
            half = None if decimals is None else Decimal(5).scaleb(exponent - decimals - 1)
            value = self.addend + number.scaleb(exponent)
            yield (-value if self.negative else value), half


def kind_at(cut: list[Token], at: int) -> str:
    """Kind of the token at an index; '' outside the form."""
    return cut[at].kind if 0 <= at < len(cut) else ""


def parts_of(cut: list[Token]) -> list[Part]:
    """Every number of the form, in order, each with the tokens that belong to it."""
    parts: list[Part] = []
    at = 0
    while at < len(cut):
        readings, last = _number(cut, at)
        part = _part(cut, at, last, readings, parts[-1].last if parts else 0) if readings else None
        if part:
            parts.append(part)
        at = part.last if part else max(last, at + 1)
    return parts


def _part(cut: list[Token], at: int, last: int, readings: Readings, floor: int) -> Part | None:
    """Part for the number in tokens `at` to `last` with what stands around it, back to token `floor`."""
    first, negative, currencies = at, False, frozenset[str]()
    while first > floor:
        before = cut[first - 1]
        if before.kind == "currency":
            currencies |= CURRENCIES[before.text]
        elif before.kind == "dash" and _is_minus(cut, first - 1):
            negative = True
        else:
            break
        first -= 1
    in_brackets = kind_at(cut, first - 1) == "open" and kind_at(cut, last) == "close"
    bare = Part(readings, first, last, None, currencies, False, None if in_brackets else negative)
    part = _tail(cut, bare)
    if readings[0][1] is None and part.exponent is None:
        return None  # a number word without a scale is prose
    if not any(token.text in COMMA_SCALES for token in cut[last : part.last]):
        part = replace(part, readings=readings[:1])
    return part


def _is_minus(cut: list[Token], at: int) -> bool:
    """Whether a hyphen is a minus: not spaced from its number, and not directly after another number."""
    if cut[at].text not in "-−–" or cut[at].end != cut[at + 1].start:
        return False
    glued = at > 0 and cut[at - 1].end == cut[at].start
    return not (glued and cut[at - 1].kind in ("number", "scale", "percent"))


def _tail(cut: list[Token], part: Part) -> Part:
    """Part with the scale, currencies and percent sign that directly follow it, brackets or not."""
    at, bracketed = part.last, part.negative is None
    while at < len(cut):
        kind, text = cut[at].kind, cut[at].text
        if kind == "scale" and (part.exponent is None or kind_at(cut, at - 1) == "scale"):
            part = replace(part, exponent=(part.exponent or 0) + SCALES[text], last=at + 1)
        elif kind == "currency" and kind_at(cut, at + 1) != "number":
            part = replace(part, currencies=part.currencies | CURRENCIES[text], last=at + 1)
        elif kind == "percent":
            part = replace(part, percent=True, last=at + 1)
        elif kind == "close" and bracketed:
            part = replace(part, last=at + 1)
        elif kind == "open":
            bracketed = True
        elif text not in _GLUE and not (kind == "dash" and kind_at(cut, at + 1) == "scale"):
            break
        at += 1
    return part


def _number(cut: list[Token], at: int) -> tuple[Readings, int]:
    """Read the number, in digits or words, that starts at token `at`; and the token after it."""
    if cut[at].kind == "number":
        return tuple(_digits(cut[at].text)), at + 1
    text, after = cut[at].text, cut[at + 1].text if at + 1 < len(cut) else ""
    if text == "half" and after == "a":
        return ((Decimal("0.5"), None),), at + 2
    if text in ("a", "an") and after in SCALES and len(after) > 1:
        return ((Decimal(1), None),), at + 1
    total, last = 0, at
    while last < len(cut):
        text = cut[last].text
        if text in NUMBER_WORDS:
            total += NUMBER_WORDS[text]
        elif text == "hundred" and total:
            total *= 100
        elif not (total and (text == "-" or (text == "and" and cut[last - 1].text == "hundred"))):
            break
        last += 1
    return (((Decimal(total), None),) if total else ()), last


def _digits(text: str) -> Iterator[tuple[Decimal, int | None]]:
    """Read "1,234.5", "1.234,5", "1 234" or "12,5": the English way first, then with the decimal comma."""
    text = text.replace(" ", "").replace("'", "").replace("’", "")
    for group, point in ((",", "."), (".", ",")):
        whole, _, decimals = text.partition(point) if text.count(point) == 1 else (text, "", "")
        whole = whole or "0"
        if group in decimals or point in whole:
            continue
        if group not in whole or (_GROUPED.fullmatch(whole) and re.search(r"[.,][0-9]{3}$", whole)):
            yield Decimal(f"{whole.replace(group, '')}.{decimals or 0}"), len(decimals)


_JOIN = ("to", "and")


@dataclass(frozen=True)
class PrintedFigure:
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


def figures(printed: str) -> tuple[PrintedFigure, ...]:
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


def _of(part: Part, *, bound: bool = False) -> list[PrintedFigure]:
    signed = part.negative is not None
    return [PrintedFigure(value, half, part.currencies, part.percent, signed, bound) for value, half in part.values()]


def _with_table_scale(cut: list[Token], parts: list[Part]) -> list[Part]:
    """Give bare numbers the scale that stands apart, as tables state it: "(in millions)", "RMB'000"."""
    taken = {at for part in parts for at in range(part.first, part.last)}
    apart = [
        at
        for at, token in enumerate(cut)
        if token.kind == "scale" and at not in taken and (kind_at(cut, at - 1) == "currency" or _leads(cut, at - 1))
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


def _range(cut: list[Token], low: Part, high: Part) -> tuple[list[PrintedFigure], Part, Part] | None:
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
    middle = PrintedFigure(low.value + half, half, currencies, high.percent)
    return [middle, *_of(low, bound=dash), *_of(high, bound=dash)], low, high
