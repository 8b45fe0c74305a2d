"""Printed forms: the forms of the documents read right, and a wrong value, digit or scale never passes."""

from __future__ import annotations

import csv
import re
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from etl.printed.forms import PrintedFigure, figures

REFERENCE = Path(__file__).parent.parent.parent / "data" / "reference" / "observations.csv"
WORDS = {"thousand": 3, "million": 6, "billion": 9, "trillion": 12, "万": 4, "亿": 8}


def only(printed: str) -> PrintedFigure:
    (figure,) = figures(printed)
    return figure


@pytest.mark.parametrize(
    ("printed", "value", "half_width"),
    [
        ("RMB13,441,813 thousand", "13441813000", "500"),
        ("57 497 (CNY m)", "57497000000", "500000"),
        ("57\u00a0497 (CNY m)", "57497000000", "500000"),
        ("9.12億人 (China)", "912000000", "500000"),
        ("RMB 7 trillion 494,000 million", "7494000000000", "500000"),
        ("RMB 8 trillion 119 billion", "8119000000000", "500000000"),
        ("2兆4440億元", "2444000000000", "50000000"),
        ("1011億4300万元", "101143000000", "5000"),
        ("1億2345万6789人", "123456789", "0.5"),
        ("1.667万亿元", "1667000000000", "500000000"),
        ("92.7 [yi; text garbled as 'trillion']", "9270000000", "5000000"),
        ("6.281 yi (100m)", "628100000", "50000"),
        ("-577870 (RMB thousand)", "-577870000", "500"),
        ("RMB -73.0 million", "-73000000", "50000"),
        ("$20.72B (CNY)", "20720000000", "5000000"),
        ("350 milljónir", "350000000", "500000"),
        ("1.234,5 milioni", "1234500000", "50000"),
        ("12,5 million", "12500000", "50000"),
        ("313.8M", "313800000", "50000"),
        ("Rmb742bn", "742000000000", "500000000"),
        ("231 (in millions)", "231000000", "500000"),
        ("RMB'000 13,441,813", "13441813000", "500"),
        ("(in thousands of RMB, unaudited) 13,441", "13441000", "500"),
        ("RMB 521,473,731 (thousands)", "521473731000", "500"),
        ("76204000000", "76204000000", "0.5"),
        ("1,720.10", "1720.1", "0.005"),
        ("around 570 million in FY2021", "570000000", "500000"),
        ("570 million in 2021", "570000000", "500000"),
        ("Q2 300 million", "300000000", "500000"),
        ("300 million+", "300000000", "500000"),
        ("144.6² billion", "144600000000", "50000000"),  # a footnote mark is no digit
        ("5 lakh crore", "5000000000000", "500000000000"),
    ],
)
def test_a_printed_form_is_read_as_one_figure(printed: str, value: str, half_width: str) -> None:
    figure = only(printed)
    assert (figure.value, figure.half_width) == (Decimal(value), Decimal(half_width))


@pytest.mark.parametrize(
    ("printed", "value"),
    [("one billion", 10**9), ("half a billion", 5 * 10**8), ("one hundred and twenty million", 120 * 10**6)],
)
def test_number_words_have_no_last_digit(printed: str, value: int) -> None:
    assert (only(printed).value, only(printed).half_width) == (value, None)


@pytest.mark.parametrize("printed", ["", "n/a", "tens of billions", "数亿", "2019-06-30", "—", "one of them"])
def test_text_without_a_number_contradicts_nothing(printed: str) -> None:
    assert figures(printed) == ()


def test_every_figure_of_a_form_is_read_with_its_own_currency() -> None:
    yuan, dollars = figures("RMB13.4 billion (US$1.95 billion)")
    assert yuan.says(Decimal("13400000000"), "CNY")
    assert dollars.says(Decimal("1950000000"), "USD")
    assert not dollars.says(Decimal("1950000000"), "CNY")
    assert not yuan.says(Decimal("13400000000"), "persons")
    same = figures("113.66 yi yuan (RMB11.366 billion)")
    assert {(f.value, f.half_width) for f in same} == {(Decimal("11366000000"), Decimal("500000"))}


def test_numbers_of_one_scale_are_no_compound() -> None:
    assert [figure.value for figure in figures("5 million 0.5 million")] == [5_000_000, 500_000]


def test_the_currency_of_a_rate_is_that_of_its_unit() -> None:
    assert only("RMB1,720.1").says(Decimal("1720.1"), "CNY_per_person")
    assert not only("RMB1,720.1").says(Decimal("1720.1"), "USD_per_person")


def test_percent_is_a_share_where_there_is_no_unit() -> None:
    assert only("45.3%").says(Decimal("45.3"), "percent")
    assert only("45.3%").says(Decimal("0.453"), "times")
    assert not only("45.3%").says(Decimal("45.3"), "persons")


def test_a_range_gives_its_middle_and_its_ends_as_bounds() -> None:
    read = figures("200-210 million")

    def said(value: int, *, bound: bool) -> bool:
        return any(figure.says(Decimal(value), "persons", bound=bound) for figure in read)

    assert said(205_000_000, bound=False)
    assert not said(200_000_000, bound=False)
    assert said(200_000_000, bound=True)
    assert said(210_000_000, bound=True)
    assert not said(200, bound=True)
    assert read[0].half_width == Decimal(5_000_000)


@pytest.mark.parametrize("printed", ["a loss of RMB73 million", "(73,000) (RMB thousand)", "净亏损7300万元"])
def test_an_ambiguous_sign_is_left_open(printed: str) -> None:
    assert any(figure.says(Decimal(-73_000_000), "CNY") for figure in figures(printed))


def test_signs_must_agree_except_where_expenses_are_printed_negative() -> None:
    expense = only("-168990 (RMB thousand)")
    assert not expense.says(Decimal(168_990_000), "CNY")
    assert expense.says(Decimal(168_990_000), "CNY", either_sign=True)
    assert not only("~300 million").says(Decimal(-300_000_000), "persons")


@pytest.mark.parametrize("printed", ["1 " * 4000, "1," * 4000 + "1", "((" * 4000, "one " * 4000, "x" * 9000])
def test_long_forms_are_read_in_linear_time(printed: str) -> None:
    assert len(figures(printed)) <= 1


def _printed(digits: int, decimals: int, word: str, template: str) -> tuple[str, Decimal, Decimal]:
    number = Decimal(digits).scaleb(-decimals)
    exponent = WORDS[word]
    value = number.scaleb(exponent)
    half = Decimal(5).scaleb(exponent - decimals - 1)
    return (
        template.format(number=f"{number:,f}", spaced=f"{number:,f}".replace(",", " "), word=word),
        value,
        half,
    )


TEMPLATES = (
    "RMB{number} {word}", "{number} {word} yuan", "{spaced} (CNY {word})", "{number} (in {word} of RMB)",
    "about RMB {number} {word}, up 28.8% in 2021", "Q2 2020: {number} {word} renminbi", "{number}{word}",
)  # fmt: skip
FORMS = st.builds(
    _printed,
    st.integers(1, 10**7 - 1),
    st.integers(0, 3),
    st.sampled_from(sorted(WORDS)),
    st.sampled_from(TEMPLATES),
)


@settings(max_examples=300, deadline=None)
@given(FORMS)
def test_a_rendered_value_reads_back(form: tuple[str, Decimal, Decimal]) -> None:
    printed, value, half = form
    assert half in {f.half_width for f in figures(printed) if f.says(value, "CNY")}


@settings(max_examples=300, deadline=None)
@given(FORMS, st.data())
def test_a_wrong_value_never_agrees(form: tuple[str, Decimal, Decimal], data: st.DataObject) -> None:
    printed, value, half = form
    text = f"{value:f}"
    swaps = [i for i in range(len(text) - 1) if text[i : i + 2].isdigit() and text[i] != text[i + 1]]
    wrong = [value * 10, value / 10, value * 1000, value / 1000, value + half, -value]
    wrong += [Decimal(text[:i] + text[i + 1] + text[i] + text[i + 2 :]) for i in swaps]
    mistaken = data.draw(st.sampled_from(wrong))
    assert figures(printed)
    assert not any(figure.says(mistaken, "CNY") for figure in figures(printed))


@settings(max_examples=200, deadline=None)
@given(FORMS, st.sampled_from(sorted(WORDS)))
def test_a_wrong_scale_word_never_agrees(form: tuple[str, Decimal, Decimal], word: str) -> None:
    printed, value, _ = form
    wrong = re.sub("thousand|million|billion|trillion|万|亿", word, printed)
    assume(wrong != printed)
    assert not any(figure.says(value, "CNY") for figure in figures(wrong))


def test_reference_forms_agree_and_their_mutations_do_not() -> None:
    with REFERENCE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        value, text, unit, printed = Decimal(row["value"]), row["value"], row["unit"], row["printed_as"]
        bound = row["qualifier"] in ("at_least", "at_most")
        swapped = {text[:i] + text[i + 1] + text[i] + text[i + 2 :] for i in range(len(text) - 1)}
        wrong = {value * factor for factor in (10, 100, 1000, Decimal("0.1"), Decimal("0.001"))}
        wrong |= {Decimal(digits) for digits in swapped if re.fullmatch(r"-?\d+(\.\d+)?", digits)} - {value}
        assert _agrees(printed, value, unit, bound=bound), row
        assert [number for number in wrong if _agrees(printed, number, unit, bound=bound)] == [], row


def _agrees(printed: str, value: Decimal, unit: str, *, bound: bool) -> bool:
    return any(figure.says(value, unit, either_sign=True, bound=bound) for figure in figures(printed))
