"""Printed forms of figures, read as numbers: "RMB13,441,813 thousand", "2兆4440億元", "one billion", "45.3%".

A form is read into every figure that it can stand for, each with half a unit of its last printed digit and the
currencies it may be in. The reader is strict: a number with a scale word counts only at that scale, and next to
a number with a scale, a currency or a percent sign, bare numbers (years, footnotes) are ignored. A form without
a number gives no figure and contradicts no value. A form is read whole or not at all: a word between a number and
its scale, or a part of a number in words, that is not understood refuses the form, and `unread` names it.
`etl.printed.words` splits a form into tokens, `etl.printed.numerals` reads numbers in words and in Chinese
characters; this module combines compounds ("2兆4440億"), ranges and the scale of a table.

Source of the forms: documents as people copied them, so an editor's remarks in square brackets are read too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal, localcontext
from itertools import pairwise

from etl.printed.numerals import SHARES, Numeral, read_fraction, read_words, write_digits
from etl.printed.words import (
    COMMA_SCALES,
    CURRENCIES,
    CURRENCY_CODES,
    FALLING,
    NUMBER_WORDS,
    SCALES,
    Token,
    normalized,
    tokenize,
)

# A mark glued to a number, as of a footnote: "12.5(1)", "12.5*", "12.5a"; a superscript is no part of the number.
_GLUED = re.compile(
    r"[*†‡§^#]|\s?\((?:[0-9]{1,2}|(?![kmbt])[a-z])\)|\[[0-9]{1,2}\]|(?![kmbt])[a-z](?![a-z0-9])", re.IGNORECASE
)
_EDITOR = re.compile(r"\[([^\]]*)\]")
_STOPS = frozenset(",;:，；：。")
_FOOTNOTE = re.compile("[0-9]{0,2}")
_NEAR = 4  # tokens between a number and a scale that belongs to it
_CONNECTORS = ("in", "of", "chinese")  # words that may stand between a number and its scale or currency
_RANGE_WORDS = ("to", "and")
# Words that leave a number in front of them open: "three of a million", "one to two million".
_OPEN = ("of", "a", "an", "the", "and", "odd", "or", "to", "-", "/", ".", *SHARES)
_GROUPED = re.compile(r"[0-9]{1,3}(?:([.,])[0-9]{2,3}(?:\1[0-9]{2,3})*)?")
Dropped = tuple[int, Numeral]  # its first token, and a number in words that is prose
Readings = tuple[tuple[Decimal, int | None], ...]  # number and its decimals; None for a number in words


@dataclass(frozen=True)
class PrintedFigure:
    """One number that a printed form states.

    `value` is in base units (thousands and millions multiplied out), `half_width` half a unit of its last
    printed digit, None where no digit is printed ("one billion"), and `about_half_width` the same where the print
    says "about", which measures no zero at the end of a whole number. `currencies` are the ISO 4217 codes it may
    be in, empty where none is named. `signed` is False where the print leaves the sign open ("a loss of 73
    million", "(73,006)"). `bound` marks the ends of a printed range, which are bounds and not points.
    """

    value: Decimal
    half_width: Decimal | None
    currencies: frozenset[str] = frozenset()
    percent: bool = False
    signed: bool = True
    bound: bool = False
    about_half_width: Decimal | None = None

    def rounding(self, qualifier: str) -> Decimal | None:
        """The half width of the figure under a qualifier (exact, about, at_least, at_most)."""
        return self.about_half_width if qualifier == "about" else self.half_width

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
    in_words: bool = False  # or as a fraction
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
            if decimals is None and value != round(value, 6):  # thirds have no end
                value = round(value, 6)
            signed = self.negative is not None
            yield PrintedFigure(
                -value if self.negative else value, half, self.currencies, self.percent, signed, bound,
                half and half.scaleb(_zeros(number) if decimals == 0 else 0),
            )  # fmt: skip


@dataclass(frozen=True)
class PrintedForm:
    """What a form states: its figures, or the word for which it is not read. Both are empty where it has no number."""

    figures: tuple[PrintedFigure, ...] = ()
    unread: str = ""


def figures(printed: str) -> tuple[PrintedFigure, ...]:
    """Every figure that the printed form can be read as; empty where it holds no readable number."""
    return read_form(printed).figures


def read_form(printed: str) -> PrintedForm:
    """The figures of a printed form, or the first word in it that is not understood.

    An editor who writes in square brackets how an unreadable form reads is believed.
    """
    form = _read(printed)
    if form.unread and (remarks := " ".join(r for r in _EDITOR.findall(printed) if not _FOOTNOTE.fullmatch(r))):
        remark = _read(remarks)
        return remark if remark.figures else form
    return form


def _read(printed: str) -> PrintedForm:
    with localcontext(prec=100):
        text, unread = write_digits(printed)
        tokens = tokenize(text)
        parts, dropped = _parts(tokens)
        unread = unread or _unread(text, tokens, parts, dropped)
        if unread:
            return PrintedForm(unread=unread)
        parts = _compounds(tokens, _with_table_scale(tokens, parts))
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
    return PrintedForm(tuple(dict.fromkeys(found)))


def _parts(tokens: list[Token]) -> tuple[list[Part], list[Dropped]]:
    """Every number of the form in order, with the tokens that belong to it; and numbers in words without a scale."""
    texts = [token.text for token in tokens]
    parts: list[Part] = []
    dropped: list[Dropped] = []
    at = 0
    while at < len(tokens):
        part = None
        if tokens[at].kind == "number":
            part = _part_in_digits(tokens, texts, at, parts[-1].last if parts else 0)
        elif not _follows_number(tokens, at) and (numeral := read_words(texts, at)):
            part = _part_in_words(tokens, at, numeral, parts[-1].last if parts else 0)
            if part is None:
                dropped.append((at, numeral))
                at = numeral.last - 1
        if part:
            parts.append(part)
        at = part.last if part else at + 1
    return parts, dropped


def _follows_number(tokens: list[Token], at: int) -> bool:
    """Whether an article is between a number and its scale ("585.2 a million"), where none belongs."""
    return tokens[at].text in ("a", "an") and _kind(tokens, at - 1) == "number"


def _part_in_digits(tokens: list[Token], texts: list[str], at: int, start: int) -> Part | None:
    readings: Readings = tuple(_digits(texts[at]))
    bare = Part(readings, at, at + 1)
    if readings and not readings[0][1] and (fraction := read_fraction(texts, bare.last, readings[0][0])):
        bare = Part(((fraction.number, None),), at, fraction.last, in_words=True)
    return _part(tokens, bare, start) if readings else None


def _part_in_words(tokens: list[Token], at: int, numeral: Numeral, start: int) -> Part | None:
    """The part of a number in words; None for one without a scale, which is prose."""
    readings: Readings = ((numeral.number, numeral.decimals),)
    part = _part(tokens, Part(readings, at, numeral.last, 0 if numeral.is_whole else None, in_words=True), start)
    return None if numeral.unread or part.exponent is None else part


def _part(tokens: list[Token], bare: Part, start: int) -> Part:
    """A bare number with the marks around it; those before it begin at token `start` or later."""
    first, last, negative, currencies = bare.first, bare.last, False, frozenset[str]()
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
    bare = replace(bare, first=first, currencies=currencies, negative=None if in_brackets else negative)
    part = _with_marks_after(tokens, bare)
    if not any(token.text in COMMA_SCALES for token in tokens[last : part.last]):
        part = replace(part, readings=part.readings[:1])
    return part


def _unread(text: str, tokens: list[Token], parts: list[Part], dropped: list[Dropped]) -> str:
    """The first words for which the form is not read, in the order of their kinds; '' where all is understood."""
    return (
        next((numeral.unread for _, numeral in dropped if numeral.unread), "")
        or _torn(tokens, parts, dropped)
        or _glued_mark(text, tokens)
        or _stray_scale(tokens, parts)
    )


def _torn(tokens: list[Token], parts: list[Part], dropped: list[Dropped]) -> str:
    """What is between two pieces that are likely one number, of which only one would be read."""
    starting, ending = {part.first: part for part in parts}, {part.last: part for part in parts}
    gaps: list[tuple[int, int, bool]] = []
    for first, numeral in dropped:
        for near in range(_NEAR + 1):
            if part := starting.get(numeral.last + near):
                gaps.append((numeral.last, part.first, part.in_words))
            if (part := ending.get(first - near)) and part.in_words and not part.exponent:
                gaps.append((part.last, first, True))
    for after in (at + 1 for at, token in enumerate(tokens) if token.text in SHARES):
        for near in range(_NEAR + 1):
            part = starting.get(after + near)
            if part and part.in_words:
                gaps.append((after, part.first, True))
            elif part and part.marked and near and tokens[after - 1].text != "quarter":  # mostly three months
                gaps.append((after, part.first, False))
    for one, other in pairwise(parts):
        is_bare = (not one.marked or one.exponent == 0) and other.exponent is not None and not _is_year(one)
        if is_bare and not _range(tokens, one, other):
            gaps.append((one.last, other.first, other.in_words))
    for start, end, either in sorted(gaps):
        if _is_open(tokens[start:end], in_words=either):
            return " ".join(token.text for token in tokens[max(start - 1, 0) : end + 1])
    return ""


def _glued_mark(text: str, tokens: list[Token]) -> str:
    """A number with a mark directly behind it, as of a footnote, which may be taken for a part of it."""
    text = normalized(text)
    for at, token in enumerate(tokens):
        if token.kind != "number":
            continue
        if re.fullmatch("[0-9]+,[0-9]{4,}", token.text):
            return token.text
        if mark := _GLUED.match(text, token.end):
            return text[token.start : token.end] + mark.group()
        scale = tokens[at - 1]
        is_glued = at > 1 and scale.kind == "scale" and scale.end == token.start and not scale.text.isascii()
        if is_glued and (len(token.text) <= 2 or "." in tokens[at - 2].text) and _kind(tokens, at + 1) != "scale":
            return text[tokens[at - 2].start : token.end]
    return ""


def _is_open(between: list[Token], *, in_words: bool = False) -> bool:
    """Whether two numbers are one that is not understood: nothing between them but what belongs to a number.

    Of two numbers in words, any few words between them make that likely.
    """
    is_near = len(between) <= _NEAR
    if in_words:
        return is_near and not any(token.text in _STOPS for token in between)
    return is_near and all(token.text in _OPEN for token in between)


def _is_year(part: Part) -> bool:
    return part.readings[0][1] == 0 and 1900 <= part.value <= 2100


def _stray_scale(tokens: list[Token], parts: list[Part]) -> str:
    """What is between a number and a scale that no number has taken."""
    taken = {at for part in parts for at in range(part.first, part.last)}
    table = _table_scales(tokens, parts)
    for at, token in enumerate(tokens):
        is_scale = (
            token.kind == "scale" and SCALES[token.text] >= 3 and (len(token.text) > 1 or not token.text.isascii())
        )
        if not is_scale or at in taken or at in table:
            continue
        for before in range(at - 1, max(at - 2 - _NEAR, -1), -1):
            if before not in taken and tokens[before].kind == "number":
                return tokens[before].text
            if before not in taken and tokens[before].text in NUMBER_WORDS:
                return " ".join(token.text for token in tokens[before + 1 : at + 1])
            if before in taken:
                part = next(part for part in parts if part.first <= before < part.last)
                if not part.exponent and not part.percent:
                    return " ".join(token.text for token in tokens[part.last : at + 1])
                break
            if tokens[before].text in _STOPS:
                break
    return ""


def _zeros(number: Decimal) -> int:
    """How many zeros a whole number ends in: 1 for 570; 0 for nought."""
    digits = str(int(number))
    return len(digits) - len(digits.rstrip("0")) if number else 0


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
        if kind == "scale" and (not part.exponent or _kind(tokens, at - 1) == "scale"):
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


def _table_scales(tokens: list[Token], parts: list[Part]) -> list[int]:
    """The places of scales that stand alone, as in tables: "(in millions)", "RMB'000"."""
    taken = {at for part in parts for at in range(part.first, part.last)}
    return [
        at
        for at, token in enumerate(tokens)
        if at
        and token.kind == "scale"
        and at not in taken
        and (
            tokens[at - 1].kind == "currency"
            or tokens[at - 1].text == "in"
            or (tokens[at - 1].kind == "open" and len(token.text) > 1)
        )
    ]


def _with_table_scale(tokens: list[Token], parts: list[Part]) -> list[Part]:
    """Give bare numbers the scale that stands alone, as in tables: "(in millions)", "RMB'000"."""
    scales = _table_scales(tokens, parts)

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
    middle = PrintedFigure(low.value + half, half, currencies, high.percent, about_half_width=half)
    return [middle, *low.figures(bound=is_dash), *high.figures(bound=is_dash)]
