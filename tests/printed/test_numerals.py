"""Numbers in words and in Chinese characters: read whole, with their half width, or refused with the word."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest

from etl.printed.forms import figures, read_form

ONES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
ONES += ["thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
TENS = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
SCALES = {"thousand": 3, "million": 6, "billion": 9, "trillion": 12}
SHARES = {"half a": "0.5", "a quarter of a": "0.25", "three quarters of a": "0.75", "two fifths of a": "0.4"}
MIXED = {"and a half": "0.5", "and a quarter": "0.25", "and three quarters": "0.75"}
CHINESE, UNITS = "零一二三四五六七八九", ["", "十", "百", "千"]


@pytest.mark.parametrize(
    ("printed", "value", "half_width"),
    [
        ("one point five million", "1500000", "50000"),
        ("two point three billion", "2300000000", "50000000"),
        ("zero point two five billion", "250000000", "5000000"),
        ("three quarters of a million", "750000", None),
        ("a quarter of a billion", "250000000", None),
        ("two thirds of a million", "666666.666667", None),
        ("1 1/2 million", "1500000", None),
        ("1½ million", "1500000", None),
        ("3/4 of a million", "750000", None),
        ("one and a half million", "1500000", None),
        ("1 and a half million", "1500000", None),
        ("one thousand two hundred", "1200", None),
        ("two hundred and fifty million buyers", "250000000", None),
        ("one thousand two hundred million", "1200000000", None),
        ("two million three hundred thousand", "2300000", None),
        ("一亿二千万", "120000000", "5000000"),
        ("一亿零五百万", "105000000", "500000"),
        ("十二点五亿", "1250000000", "5000000"),
        ("两亿", "200000000", "50000000"),
        ("三万五千", "35000", "500"),
        ("百分之三十二点五", "32.5", "0.05"),
        ("1.5千万", "15000000", "500000"),
        ("百度 二〇一九年 第一季度 5亿元", "500000000", "50000000"),
    ],
)
def test_a_numeral_is_read_with_the_half_width_that_it_prints(printed: str, value: str, half_width: str | None) -> None:
    (figure,) = figures(printed)
    assert figure.value == Decimal(value)
    assert figure.half_width == (half_width and Decimal(half_width))


@pytest.mark.parametrize(
    ("printed", "word"),
    [
        ("one five million", "five"),
        ("one point million", "point"),
        ("one point twenty million", "point"),
        ("one hundred hundred million", "hundred"),
        ("one million two", "two"),
        ("three of a million", "three of a"),
        ("four thirds of a million", "four thirds of a"),
        ("one to two million", "one to two"),
        ("five dozen million", "dozen million"),
        ("5 dozen million", "dozen million"),
        ("585.2a million", "585.2a"),
        ("12.5(1) million", "12.5(1)"),
        ("12.5 (1) million", "12.5 (1)"),
        ("12.5[1] million", "12.5[1]"),
        ("12.5* million", "12.5*"),
        ("12..5 million", "12..5"),
        ("RMB1,2345 million", "1,2345"),
        ("2.5 and a half million", "2.5 and a"),
        ("2/1 million", "2 / 1"),
        ("half of the 500 million", "half of the 500"),
        ("5.02亿1", "5.02亿1"),
        ("1亿5", "1亿5"),
        ("一亿二", "二"),
        ("三万五", "五"),
        ("一百二", "一百二"),
        ("十几亿", "十几"),
        ("二五亿", "二五"),
        ("三分之一亿", "三分之"),
    ],
)
def test_a_form_that_is_half_understood_is_refused_with_the_word(printed: str, word: str) -> None:
    form = read_form(printed)
    assert form.figures == ()
    assert form.unread == word


@pytest.mark.parametrize(
    "piece", ["half of 5 million ", "one 5 million ", "one and a half million and a half ", "一亿二"]
)
def test_a_long_form_that_is_not_understood_is_refused_in_linear_time(piece: str) -> None:
    assert read_form(piece * 4000).unread


def test_an_editor_says_how_an_unreadable_form_reads() -> None:
    assert [figure.value for figure in figures("five dozen million [60 million]")] == [60_000_000]


def below_thousand(number: int, rng: random.Random) -> str:
    hundreds, rest = divmod(number, 100)
    words = [f"{ONES[hundreds]} hundred"] if hundreds else []
    if rest:
        small = ONES[rest] if rest < 20 else TENS[rest // 10] + (rng.choice("- ") + ONES[rest % 10]) * bool(rest % 10)
        words += [rng.choice(["and ", ""]) * bool(hundreds) + small]
    return " ".join(words)


def chinese(number: int) -> str:
    """A number from 1 to 9,999 as it is written out, with 零 for a place that is skipped."""
    text, digits = "", [int(digit) for digit in str(number)]
    for place, digit in enumerate(digits):
        unit = UNITS[len(digits) - 1 - place]
        if digit:
            text += CHINESE[digit] + unit
        elif any(digits[place:]) and not text.endswith("零"):
            text += "零"
    return text.removeprefix("一") if 10 <= number < 20 else text


def well_formed(rng: random.Random) -> tuple[str, Decimal]:
    """One printed form and its value."""
    scale = rng.choice(list(SCALES))
    exponent = SCALES[scale]
    number = rng.choice([rng.randint(1, 19), rng.randint(20, 99), rng.randint(100, 999)])
    words = below_thousand(number, rng)
    decimals = [rng.randint(0, 9) for _ in range(rng.randint(1, 3))]
    big, places = rng.choice([("万", 4), ("亿", 8)])
    match rng.randrange(8):
        case 0:
            return f"{words} {scale}", Decimal(number).scaleb(exponent)
        case 1:
            point = " ".join(ONES[digit] for digit in decimals)
            value = Decimal(f"{number}.{''.join(map(str, decimals))}")
            return f"{words} point {point} {scale}", value.scaleb(exponent)
        case 2:
            share = rng.choice(list(SHARES))
            return f"{share} {scale}", Decimal(SHARES[share]).scaleb(exponent)
        case 3:
            mixed = rng.choice(list(MIXED))
            return f"{words} {mixed} {scale}", (number + Decimal(MIXED[mixed])).scaleb(exponent)
        case 4:
            rest = rng.randint(1, 999)
            below = {"million": "thousand", "billion": "million", "trillion": "billion"}.get(scale, "")
            value = Decimal(number).scaleb(exponent) + Decimal(rest).scaleb(SCALES.get(below, 0))
            return f"{words} {scale} {below_thousand(rest, rng)} {below}".strip(), value
        case 5:
            whole, part = rng.randint(1, 20), rng.choice([(1, 2), (1, 4), (3, 4), (2, 5)])
            return f"{whole} {part[0]}/{part[1]} {scale}", (whole + Decimal(part[0]) / part[1]).scaleb(exponent)
        case 6:
            whole = rng.randint(1, 9999)
            point = "点" + "".join(CHINESE[digit] for digit in decimals) if whole % 10 or whole < 10 else ""
            value = Decimal(f"{whole}.{''.join(map(str, decimals))}") if point else Decimal(whole)
            return f"{chinese(whole)}{point}{big}", value.scaleb(places)
        case _:
            whole, rest = rng.randint(1, 9999), rng.randint(1000, 9999)
            return f"{chinese(whole)}亿{chinese(rest)}万元", Decimal(whole).scaleb(8) + Decimal(rest).scaleb(4)


def test_well_formed_numerals_give_their_value_or_are_refused() -> None:
    rng = random.Random(20261129)
    forms = [well_formed(rng) for _ in range(2000)]
    read = [(printed, value, read_form(printed)) for printed, value in forms]
    wrong = [(p, v, f) for p, v, f in read if f.figures and {x.value for x in f.figures} != {v}]
    assert wrong == []
    silent = [(printed, value) for printed, value, form in read if not form.figures and not form.unread]
    assert silent == []
    assert sum(bool(form.figures) for _, _, form in read) >= 0.95 * len(read)


def test_a_numeral_with_a_strange_word_in_it_is_refused() -> None:
    rng = random.Random(7)
    tried = 0
    for _ in range(1000):
        words = well_formed(rng)[0].split(" ")
        at = rng.randrange(1, len(words)) if len(words) > 1 else 0
        # A whole number may end before the word: "two million odder three thousand" has two numbers.
        before = words[:at] if words[at - 1] != "and" else words[: at - 1]
        if at and before[-1] not in SCALES:
            tried += 1
            form = read_form(" ".join([*words[:at], "odder", *words[at:]]))
            assert form.figures == (), words
            assert form.unread or words[0] in ("a", "half"), words  # these alone are no numbers
    assert tried > 500
