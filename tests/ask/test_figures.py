"""Figures as people read them: no digit lost, nothing that steers a terminal."""

from __future__ import annotations

import unicodedata
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from etl.ask.explain import amount, clean, interval


@given(st.decimals(min_value=-(10**20), max_value=10**20, places=6))
def test_an_amount_keeps_every_digit(value: Decimal) -> None:
    text = amount(value)
    number = Decimal(text.removesuffix(" m").replace(",", ""))
    assert number * (1_000_000 if text.endswith(" m") else 1) == value


def test_amounts_read_as_people_write_them() -> None:
    assert amount(Decimal("27174249000.000000")) == "27,174.249 m"
    assert amount(Decimal("585200000.000000")) == "585.2 m"
    assert amount(Decimal("999999.500000")) == "999,999.5"
    assert amount(Decimal("100.000000")) == "100"
    assert amount(Decimal("0.000000")) == "0"


def test_an_open_interval_names_its_one_bound() -> None:
    assert interval("1", "2") == "[1, 2]"
    assert interval("1", None) == "at least 1"
    assert interval(None, "2") == "at most 2"
    assert interval(None, None) == "no bound"


@given(st.text())
def test_clean_text_is_one_line_without_control_characters(text: str) -> None:
    cleaned = clean(text)
    assert len(cleaned) == len(text)
    assert not any(unicodedata.category(character) in ("Cc", "Cf") for character in cleaned)
