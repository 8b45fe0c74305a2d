"""How a value is printed on the page: in a table, in a sentence and in the name of a mark alike."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

DIGITS = 2
WHOLE = 1000  # from here on a double without a fraction is printed without one


def printed(value: object, digits: int = DIGITS) -> str:
    """A value for people.

    A decimal keeps the digits that the mart has, without zeros at the end. A double is rounded to `digits` places; one
    that would be printed as zero keeps its first digit that is none.
    """
    if isinstance(value, bool) or value is None:
        return "" if value is None else str(value).lower()
    if isinstance(value, Decimal):
        text = f"{value:,f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    if isinstance(value, float):
        return _double(value, digits)
    if isinstance(value, int):
        return f"{value:,}"
    return value.isoformat() if isinstance(value, date) else str(value)


def _double(value: float, digits: int) -> str:
    if abs(value) >= WHOLE and value == int(value):
        return f"{value:,.0f}"
    text = f"{value:,.{digits}f}"
    is_lost = value != 0 and not text.strip("-0.,")
    return f"{value:.1g}" if is_lost else text


def machine_value(value: object) -> str:
    """A value for programs, with every digit: in <data>, <time> and CSV."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, float):
        return repr(value)
    return value.isoformat() if isinstance(value, date) else str(value)
