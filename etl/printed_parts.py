"""One number of a printed form with its scale, currency and sign: the step between tokens and figures.

`etl.printed_words` cuts a form into tokens, here numbers are found among them, `etl.printed` puts them
together: compounds, ranges, table scales.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from etl.printed_words import COMMA_SCALES, CURRENCIES, NUMBER_WORDS, SCALES, Token

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
