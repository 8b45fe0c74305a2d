"""Numbers in words and in Chinese characters: "one point five", "three quarters of a", "十二点五", "1 1/2".

A numeral is read whole or not at all: where a word of numbers follows that its grammar does not allow, the word is
reported, and the form that holds it gives no figure. Scales behind a numeral ("million", "亿") are left to
`etl.printed.forms`, except those inside it ("one thousand two hundred").

Source of the forms: English filings and press, Chinese releases. Colloquial shortenings with two readings (一亿二,
"one million two") are not read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from etl.printed.words import NUMBER_WORDS

_WORD_SCALES = {"thousand": 3, "million": 6, "billion": 9, "trillion": 12}
_SCALES = frozenset({*_WORD_SCALES, "hundred", "lakh", "crore", "bn", "mn"})
_ARTICLES = ("a", "an", "one")
_DIGIT_WORDS = {"zero": 0, "oh": 0} | {word: value for word, value in NUMBER_WORDS.items() if value < 10}
SHARES = {"half": 2, "halves": 2, "third": 3, "thirds": 3, "quarter": 4, "quarters": 4, "fifth": 5, "fifths": 5}


class Numeral(NamedTuple):
    """A number in words or with a fraction; `last` is the token after it.

    `decimals` counts the digits after the point, None where no digit is printed. `is_whole` says that scales inside
    it are multiplied out, `is_share` that it has a fraction. `unread` is the word that makes it unreadable.
    """

    number: Decimal
    decimals: int | None
    last: int
    is_whole: bool = False
    is_share: bool = False
    unread: str = ""


def read_words(texts: Sequence[str], at: int) -> Numeral | None:
    """The number in words that starts at token `at`; None where no word of a number is there."""
    text, after = _text(texts, at), _text(texts, at + 1)
    if text in ("zero", "oh") and after == "point":
        return _decimals(texts, Decimal(0), at + 1)
    if text in ("a", "an") and after in _SCALES - {"hundred"}:
        return Numeral(Decimal(1), None, at + 1)
    found = _share(texts, at, Decimal(0)) or _cardinal(texts, at)
    return _continued(texts, found) if found and not found.is_share and not found.unread else found


def _continued(texts: Sequence[str], whole: Numeral) -> Numeral:
    """A whole number with the decimals or the fraction behind it, and what may not follow it."""
    last, follows = whole.last, _text(texts, whole.last)
    found = None
    if follows == "point":
        found = _decimals(texts, whole.number, last)
    elif follows == "and":
        found = _share(texts, last + 1, whole.number)
    else:
        found = _share_of(texts, last, whole.number)
    unread = follows if follows in NUMBER_WORDS or follows == "hundred" else ""
    return found or whole._replace(unread=unread)


def read_fraction(texts: Sequence[str], at: int, number: Decimal) -> Numeral | None:
    """The fraction behind a whole number in digits ("1 1/2", "1 and a half"), or of it ("3/4"); None where none is."""
    if _text(texts, at) == "and":
        return _share(texts, at + 1, number)
    if _text(texts, at) == "/" and (share := _slash(f"{number:.0f}", _text(texts, at + 1))):
        return Numeral(share, None, _skip_of(texts, at + 2), is_share=True)
    if _text(texts, at + 1) == "/" and (share := _slash(_text(texts, at), _text(texts, at + 2))):
        return Numeral(number + share, None, at + 3, is_share=True)
    return None


def _slash(top: str, bottom: str) -> Decimal | None:
    """A proper fraction of small digits; None for other numbers with a slash, such as 2016/17."""
    if not (re.fullmatch("[1-9]", top) and re.fullmatch("[2-9]|10", bottom) and int(top) < int(bottom)):
        return None
    return _quotient(int(top), int(bottom))


def _quotient(top: int, bottom: int) -> Decimal:
    return Decimal(top) / Decimal(bottom)


def _share(texts: Sequence[str], at: int, number: Decimal) -> Numeral | None:
    """`number` and "half a", "a half", "a quarter of a", "three quarters of a" that starts at `at`."""
    if _text(texts, at) == "half":
        return _with_scale(texts, at + 1, number, _quotient(1, 2))
    count = 1 if _text(texts, at) in _ARTICLES else NUMBER_WORDS.get(_text(texts, at), 0)
    return _share_of(texts, at + 1, Decimal(count), number) if count else None


def _share_of(texts: Sequence[str], at: int, count: Decimal, number: Decimal = Decimal(0)) -> Numeral | None:
    """`number` and `count` parts, as in "quarters of a", whose name is at `at` or behind a hyphen there."""
    at += _text(texts, at) == "-"
    bottom = SHARES.get(_text(texts, at), 0)
    return _with_scale(texts, at + 1, number, count / bottom) if count < bottom else None


def _with_scale(texts: Sequence[str], at: int, number: Decimal, share: Decimal) -> Numeral | None:
    """A share counts only in front of a scale: "first quarter" and "half of them" are prose."""
    last = _skip_of(texts, at)
    return Numeral(number + share, None, last, is_share=True) if _text(texts, last) in _SCALES else None


def _skip_of(texts: Sequence[str], at: int) -> int:
    at += _text(texts, at) == "of"
    return at + (_text(texts, at) in _ARTICLES)


def _decimals(texts: Sequence[str], number: Decimal, at: int) -> Numeral:
    """`number` with the digits in words behind the word "point" at `at`."""
    digits, last = "", at + 1
    while (text := _text(texts, last)) in _DIGIT_WORDS:
        digits += str(_DIGIT_WORDS[text])
        last += 1
    unread = "point" if not digits else text if text in NUMBER_WORDS or text == "hundred" else ""
    return Numeral(number + Decimal(f"0.{digits or 0}"), len(digits), last, unread=unread)


def _cardinal(texts: Sequence[str], at: int) -> Numeral | None:
    """A whole number; its last scale is left unless a smaller part of the number follows it."""
    total, limit, last = Decimal(0), 0, at
    while group := _below_thousand(texts, last):
        count, after = group
        scale = _WORD_SCALES.get(_text(texts, after), 0)
        if limit and scale >= limit:  # one thousand two hundred million
            return Numeral(total + count, None, after, is_whole=True)
        follows = after + 1 + (_text(texts, after + 1) == "and")
        if scale and (rest := _below_thousand(texts, follows)) and _is_smaller(texts, rest, scale):
            total, limit, last = total + count * 10**scale, scale, follows
        elif limit >= 6 and count < 10 and not scale and texts[last - 1] != "and":
            return Numeral(total, None, after, is_whole=True, unread=texts[last])
        elif limit:
            return Numeral(total + count * 10**scale, None, after + bool(scale), is_whole=True)
        else:
            return Numeral(Decimal(count), None, after, is_whole="hundred" in texts[at:after])
    return Numeral(total, None, last, is_whole=True) if limit else None


def _is_smaller(texts: Sequence[str], group: tuple[int, int], scale: int) -> bool:
    """Whether a number that follows a scale counts the units below it, and has no fraction or point of its own."""
    count, after = group
    own = _WORD_SCALES.get(_text(texts, after), 0)
    is_below = count < 10**scale and own != scale and (own > scale or count * 10**own < 10**scale)
    return is_below and _text(texts, after) not in ("point", "-", *SHARES)


def _below_thousand(texts: Sequence[str], at: int) -> tuple[int, int] | None:
    """A number such as "two hundred and five" or "twelve hundred", and the token after it."""
    if _text(texts, at) in ("a", "an") and _text(texts, at + 1) == "hundred":
        count, last = 1, at + 1
    elif found := _below_hundred(texts, at):
        count, last = found
    else:
        return None
    if _text(texts, last) == "hundred":
        count, last = 100 * count, last + 1
        if rest := _below_hundred(texts, last + (_text(texts, last) == "and")):
            return count + rest[0], rest[1]
    return count, last


def _below_hundred(texts: Sequence[str], at: int) -> tuple[int, int] | None:
    count = NUMBER_WORDS.get(_text(texts, at), 0)
    if count < 20:
        return (count, at + 1) if count else None
    last = at + 1
    unit = last + (_text(texts, last) == "-")
    ones = NUMBER_WORDS.get(_text(texts, unit), 0)
    return (count + ones, unit + 1) if 0 < ones < 10 else (count, last)


def _text(texts: Sequence[str], at: int) -> str:
    return texts[at] if 0 <= at < len(texts) else ""


_CHINESE_DIGITS = dict(zip("零〇一二三四五六七八九两兩", [0, 0, *range(1, 10), 2, 2], strict=True)) | dict(
    zip("壹贰叁肆伍陆柒捌玖", range(1, 10), strict=True)
)
_CHINESE_UNITS = {"十": 1, "拾": 1, "百": 2, "佰": 2, "千": 3, "仟": 3}
_BIG = tuple("万萬亿億兆")
_UNIT_OF = {1: "十", 2: "百", 3: "千"}
_RUN = f"[{''.join(_CHINESE_DIGITS)}{''.join(_CHINESE_UNITS)}点點]+"
_CHINESE = re.compile(f"(第)?(百分之)?({_RUN})(?=(几|多|余|餘)?([万萬亿億兆]?))")
_OTHER_FRACTION = re.compile("[^百]分之")
_COUNTED = re.compile("[元圆人名位户戶家个個单單次件股美港%％,，;；。)）]|$")
_FRACTIONS = dict(zip("½⅓⅔¼¾⅕⅖⅗⅘", ("1/2", "1/3", "2/3", "1/4", "3/4", "1/5", "2/5", "3/5", "4/5"), strict=True))


def write_digits(printed: str) -> tuple[str, str]:
    """The form with Chinese numerals and single-character fractions in digits, and the numeral that is unreadable."""
    for sign, fraction in _FRACTIONS.items():
        printed = printed.replace(sign, f" {fraction}")
    other = _OTHER_FRACTION.search(printed)
    written, at, unread = "", 0, other.group() if other else ""
    for match in _CHINESE.finditer(printed):
        ordinal, percent, run, some, scale = match.groups()
        before, is_marked = printed[: match.start()][-1:], bool(scale or percent)
        is_short = len(run) == 1 and not is_marked
        is_left_over = is_short and run in _CHINESE_DIGITS and before in _BIG
        if not is_left_over and (ordinal or is_short or not _is_numeral(run, before, is_marked)):
            continue
        number = _chinese(run)
        if some or number is None or is_left_over:
            unread = unread or run + (some or "")
            continue
        is_counted = bool(is_marked or _COUNTED.match(printed, match.end(3)))
        written += printed[at : match.start()] + number.text(with_unit=is_counted) + "%" * bool(percent)
        at = match.end(3)
    return written + printed[at:], unread


def _is_numeral(run: str, before: str, is_marked: bool) -> bool:
    """Whether a run of characters is a numeral, and no name such as 百度, year such as 二〇一九 or scale such as 千."""
    if all(sign in _CHINESE_UNITS for sign in run):
        return run in ("十", "拾") and not before.isdigit()
    return is_marked or any(sign in _CHINESE_UNITS for sign in run)


class _Section(NamedTuple):
    """A number below ten thousand, or one with decimals; `unit` is the power of ten of its last printed digit."""

    number: Decimal
    unit: int

    def text(self, *, with_unit: bool) -> str:
        if self.unit > 0 and with_unit:
            return f"{self.number // 10**self.unit}{_UNIT_OF[self.unit]}"
        return f"{self.number:f}"


def _chinese(run: str) -> _Section | None:
    """The value of a run of Chinese digits and units; None where it has none, or two."""
    whole, point, decimals = run.replace("點", "点").partition("点")
    if point:
        places = "".join(str(_CHINESE_DIGITS.get(sign, "x")) for sign in decimals)
        section = _chinese(whole)
        if not places.isdecimal() or section is None or (section.unit > 0 and whole[-1] in _CHINESE_DIGITS):
            return None
        return _Section(section.number + Decimal(f"0.{places}"), -len(places))
    if len(whole) > 1 and all(sign in _CHINESE_DIGITS for sign in whole):
        # 零五 is 5 behind a scale; 二五 is no number
        return _Section(Decimal(_CHINESE_DIGITS[whole[1]]), 0) if whole[0] in "零〇" and len(whole) == 2 else None
    return _section(whole)


def _section(run: str) -> _Section | None:
    total, limit, unit, digit, has_zero = Decimal(0), 4, 0, 0, False
    for place, sign in enumerate(run):
        if unit := _CHINESE_UNITS.get(sign, 0):
            if unit >= limit or not (digit or (unit == 1 and (place == 0 or has_zero))):
                return None
            total, limit, digit, has_zero = total + (digit or 1) * 10**unit, unit, 0, False
        elif digit or (has_zero and not _CHINESE_DIGITS[sign]):
            return None
        else:
            digit, has_zero = _CHINESE_DIGITS[sign], has_zero or not _CHINESE_DIGITS[sign]
    is_shortened = digit and limit in (2, 3) and not has_zero  # 一百二 is 120 to most readers
    if is_shortened or not (digit or (total and not has_zero)):
        return None
    return _Section(total + digit, 0 if digit else unit)
