"""Printed forms of figures, read as numbers: "RMB13,441,813 thousand", "2兆4440億元", "one billion", "45.3%".

A form is read into every figure that it can stand for, each with half a unit of its last printed digit and the
currencies it may be in. The reader is strict: a number with a scale word counts only at that scale, and next to
a number with a scale, a currency or a percent sign, bare numbers (years, footnotes) are ignored. A form without
a readable number gives no figure and contradicts no value. `etl.printed.words` splits a form into tokens; this
module finds numbers among them and combines compounds ("2兆4440億"), ranges and the scale of a table.

Source of the forms: documents as people copied them, so an editor's remarks in square brackets are read too.
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
    tokenize,
)

_CONNECTORS = ("in", "of", "chinese")  # words that may stand between a number and its scale or currency
_RANGE_WORDS = ("to", "and")
_GROUPED = re.compile(r"[0-9]{1,3}(?:([.,])[0-9]{2,3}(?:\1[0-9]{2,3})*)?")
Readings = tuple[tuple[Decimal, int | None], ...]  # number and its decimals; None for a number in words


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

        `either_sign` is for quantities that may be printed negative (expenses). `bound` is for at_least and
        at_most values, which an end of a printed range may state.
        """
        code = unit[:3] if unit[:3] in CURRENCY_CODES else ""
        if (self.currencies and code not in self.currencies) or (self.bound and not bound):
            return False
        printed = self.value.scaleb(-2) if self.percent and unit != "percent" else self.value
        if either_sign or not self.signed:
            return printed.copy_abs() == value.copy_abs()
        return printed == value


@dataclass(frozen=True)
class Part:
    """A number with the scale and currency next to it; `first` and `last` are its tokens, last exclusive."""

    readings: Readings  # the likeliest first; more than one where a comma may be the decimal one
    first: int
    last: int
    exponent: int | None = None
    currencies: frozenset[str] = frozenset()
    percent: bool = False
    negative: bool | None = False  # None: the print leaves it open
    addend: Decimal = Decimal(0)  # the part of a compound before this one: 7 trillion in "7 trillion 494,000 million"

    @property
    def value(self) -> Decimal:
        """The likeliest reading, in base units and without sign."""
        return self.addend + self.readings[0][0].scaleb(self.exponent or 0)

    @property
    def marked(self) -> bool:
        """Whether a scale, a currency or a percent sign marks this number as the figure of the form."""
        return self.exponent is not None or self.percent or bool(self.currencies)

    def figures(self, *, bound: bool = False) -> Iterator[PrintedFigure]:
        """Each reading as a figure."""
        exponent = self.exponent or 0
        for number, decimals in self.readings:
            half = None if decimals is None else Decimal(5).scaleb(exponent - decimals - 1)
            value = self.addend + number.scaleb(exponent)
            signed = self.negative is not None
            yield PrintedFigure(-value if self.negative else value, half, self.currencies, self.percent, signed, bound)


def figures(printed: str) -> tuple[PrintedFigure, ...]:
    """Every figure that the printed form can be read as; empty where it holds no readable number."""
    with localcontext(prec=100):
        tokens = tokenize(printed)
        parts = _compounds(tokens, _with_table_scale(tokens, _parts(tokens)))
        found: list[PrintedFigure] = []
        in_range: set[int] = set()
        for low, high in pairwise(parts):
            if of_range := _range(tokens, low, high):
                found += of_range
                in_range |= {low.first, high.first}
        is_marked = any(part.marked for part in parts)
        for part in parts:
            if part.first not in in_range and (part.marked or not is_marked):
                found += part.figures()
        if FALLING.search(printed):
            found = [replace(figure, signed=False) for figure in found]
    return tuple(dict.fromkeys(found))


def _parts(tokens: list[Token]) -> list[Part]:
    """Every number of the form, in order, each with the tokens that belong to it."""
    parts: list[Part] = []
    at = 0
    while at < len(tokens):
        readings, last = _number(tokens, at)
        part = _part(tokens, at, last, readings, parts[-1].last if parts else 0) if readings else None
        if part:
            parts.append(part)
        at = part.last if part else max(last, at + 1)
    return parts


def _part(tokens: list[Token], at: int, last: int, readings: Readings, start: int) -> Part | None:
    """The number in tokens `at` to `last` with the marks around it; the marks before it begin at `start` or later."""
    first, negative, currencies = at, False, frozenset[str]()
    while first > start:
        before = tokens[first - 1]
        if before.kind == "currency":
            currencies |= CURRENCIES[before.text]
        elif before.kind == "dash" and _is_minus(tokens, first - 1):
            negative = True
        else:
            break
        first -= 1
    in_brackets = _kind(tokens, first - 1) == "open" and _kind(tokens, last) == "close"
    bare = Part(readings, first, last, None, currencies, False, None if in_brackets else negative)
    part = _with_marks_after(tokens, bare)
    if readings[0][1] is None and part.exponent is None:
        return None  # a number word without a scale is prose
    if not any(token.text in COMMA_SCALES for token in tokens[last : part.last]):
        part = replace(part, readings=readings[:1])
    return part


def _kind(tokens: list[Token], at: int) -> str:
    """Kind of the token at an index; '' outside the form."""
    return tokens[at].kind if 0 <= at < len(tokens) else ""


def _is_minus(tokens: list[Token], at: int) -> bool:
    """Whether a hyphen is a minus: no space before its number, and not directly after another number."""
    if tokens[at].text not in "-−–" or tokens[at].end != tokens[at + 1].start:
        return False
    follows_directly = at > 0 and tokens[at - 1].end == tokens[at].start
    return not (follows_directly and tokens[at - 1].kind in ("number", "scale", "percent"))


def _with_marks_after(tokens: list[Token], part: Part) -> Part:
    """Part with the scale, currencies and percent sign that directly follow it, brackets or not."""
    at, in_brackets = part.last, part.negative is None
    while at < len(tokens):
        kind, text = tokens[at].kind, tokens[at].text
        if kind == "scale" and (part.exponent is None or _kind(tokens, at - 1) == "scale"):
            part = replace(part, exponent=(part.exponent or 0) + SCALES[text], last=at + 1)
        elif kind == "currency" and _kind(tokens, at + 1) != "number":
            part = replace(part, currencies=part.currencies | CURRENCIES[text], last=at + 1)
        elif kind == "percent":
            part = replace(part, percent=True, last=at + 1)
        elif kind == "close" and in_brackets:
            part = replace(part, last=at + 1)
        elif kind == "open":
            in_brackets = True
        elif text not in _CONNECTORS and not (kind == "dash" and _kind(tokens, at + 1) == "scale"):
            break
        at += 1
    return part


def _number(tokens: list[Token], at: int) -> tuple[Readings, int]:
    """Read the number, in digits or words, that starts at token `at`; and the token after it."""
    if tokens[at].kind == "number":
        return tuple(_digits(tokens[at].text)), at + 1
    text, after = tokens[at].text, tokens[at + 1].text if at + 1 < len(tokens) else ""
    if text == "half" and after == "a":
        return ((Decimal("0.5"), None),), at + 2
    if text in ("a", "an") and after in SCALES and len(after) > 1:
        return ((Decimal(1), None),), at + 1
    total, last = 0, at
    while last < len(tokens):
        text = tokens[last].text
        if text in NUMBER_WORDS:
            total += NUMBER_WORDS[text]
        elif text == "hundred" and total:
            total *= 100
        elif not (total and (text == "-" or (text == "and" and tokens[last - 1].text == "hundred"))):
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


def _with_table_scale(tokens: list[Token], parts: list[Part]) -> list[Part]:
    """Give bare numbers the scale that stands alone, as in tables: "(in millions)", "RMB'000"."""
    taken = {at for part in parts for at in range(part.first, part.last)}
    scales = [at for at, token in enumerate(tokens) if at and token.kind == "scale" and at not in taken]
    scales = [
        at
        for at in scales
        if tokens[at - 1].kind == "currency"
        or tokens[at - 1].text == "in"
        or (tokens[at - 1].kind == "open" and len(tokens[at].text) > 1)
    ]

    def scaled(part: Part) -> Part:
        if not scales or part.exponent is not None or part.percent:
            return part
        at = max((at for at in scales if at < part.first), default=scales[0])
        before = tokens[at - 1]
        currencies = part.currencies or (CURRENCIES[before.text] if before.kind == "currency" else frozenset())
        return replace(part, exponent=SCALES[tokens[at].text], currencies=currencies)

    return [scaled(part) for part in parts]


def _compounds(tokens: list[Token], parts: list[Part]) -> list[Part]:
    """Join "2兆4440億" and "8 trillion 119 billion"; drop the explanation of a scale in "6.281 yi (100m)"."""
    joined: list[Part] = []
    for part in parts:
        before = joined[-1] if joined else None
        if before is None or before.exponent is None:
            joined.append(part)
        elif before.last == part.first and _continues(tokens, before, before.exponent, part):
            currencies = before.currencies | part.currencies
            whole = replace(part, first=before.first, addend=before.value, currencies=currencies)
            joined[-1] = replace(whole, negative=before.negative)
        elif before.last != part.first - 1 or part.value != Decimal(1).scaleb(before.exponent):
            joined.append(part)
    return joined


def _continues(tokens: list[Token], before: Part, exponent: int, part: Part) -> bool:
    """Whether a number right after one with a scale counts the smaller units of the same figure."""
    if part.exponent is None:  # 1億2345万6789: only without a space, and not in Latin script, where it is a footnote
        scale = tokens[before.last - 1]
        return not scale.text.isascii() and scale.end == tokens[part.first].start and part.value < 10**exponent
    return part.exponent < exponent and part.value < Decimal(1).scaleb(exponent)


def _range(tokens: list[Token], low: Part, high: Part) -> list[PrintedFigure]:
    """Middle and ends of "200-210 million" or "200 to 210 million"; empty if the two are no range."""
    between = tokens[low.last : high.first]
    if len(between) != 1 or not (between[0].kind == "dash" or between[0].text in _RANGE_WORDS):
        return []
    is_dash = between[0].kind == "dash"
    if not is_dash and (low.exponent is not None or low.percent or high.exponent is None):
        return []
    currencies = low.currencies | high.currencies
    exponent = high.exponent if low.exponent is None else low.exponent
    low = replace(low, exponent=exponent, currencies=currencies, percent=high.percent)
    high = replace(high, currencies=currencies)
    if low.value >= high.value:
        return []
    half = (high.value - low.value) / 2
    middle = PrintedFigure(low.value + half, half, currencies, high.percent)
    return [middle, *low.figures(bound=is_dash), *high.figures(bound=is_dash)]
