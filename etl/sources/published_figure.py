"""The check of an observation: a figure with its period, unit, interval and printed form.

The strict reader also concludes two things, the row's reading: `observation_id`, the file's or a hash of the
identity, and `rounding_half_width`, the file's or half a unit of the last printed digit (plain decimal text).
"""

from __future__ import annotations

import hashlib
from decimal import ROUND_CEILING, Decimal, localcontext

from etl.printed import Figure, figures
from etl.printed_words import CURRENCY_CODES
from etl.sources.published_row import Check

IDENTITY = (
    *("platform", "metric", "scope", "unit", "period_start", "period_end"),
    *("document_id", "locator", "printed_as"),
)
PERIOD_TYPES = ("year", "ttm", "quarter", "point", "other")
SPAN_DAYS = {"year": (357, 371), "ttm": (357, 371), "quarter": (84, 98)}  # 52/53-week years, 12 to 14 weeks
QUALIFIERS = ("exact", "about", "at_least", "at_most")
BASES = ("gaap", "ifrs", "non_gaap", "operating", "press")

_LIMIT = Decimal(10) ** 22  # values are DECIMAL(28, 6)
_FINEST = Decimal("0.000001")
_COSTS = {"expense", "expenses", "cost", "costs", "spend"}


def check_observation(row: Check) -> None:
    """Check one row of observations.csv and fill its reading."""
    identity = "|".join(row.text(column) for column in IDENTITY)
    digest = hashlib.sha256(identity.encode()).hexdigest()
    row.reading["observation_id"] = row.text("observation_id") or f"obs_{digest[:16]}"
    row.known("platform", "platform")
    row.known("metric", "metric")
    row.known("document_id", "document")
    row.one_of("qualifier", QUALIFIERS)
    row.one_of("basis", BASES)
    row.trimmed("observation_id", "scope")
    _period(row)
    metric = row.register.first("metric", (row.text("metric"),))
    if metric:
        _unit(row, metric.fields["unit"])
    value, half_width = row.number("value"), row.number("rounding_half_width", blank=True)
    if half_width is not None and row.text("rounding_half_width").startswith("-"):
        row.say("rounding_half_width", f"{half_width} is negative; write half a unit of the last digit")
    if value is not None and metric:
        words = set(row.text("metric").split("_"))
        cost = metric.fields["kind"] == "flow" and bool(words & _COSTS)
        with localcontext(prec=100):
            _printed(row, value, half_width, cost=cost)


def _period(row: Check) -> None:
    row.one_of("period_type", PERIOD_TYPES)
    kind = row.text("period_type")
    start, end = row.day("period_start", blank=True), row.day("period_end")
    if kind == "point" and row.text("period_start"):
        row.say("period_start", "is filled, but a point has none; empty it or write another period_type")
    if kind != "point" and not row.text("period_start"):
        row.say("period_start", "is empty, which only a point may be; write its first day")
    if start and end:
        days = (end - start).days + 1
        low, high = SPAN_DAYS.get(kind, (1, days))
        if days < 1:
            row.say("period_end", f"{end} is before period_start {start}; correct one of them")
        elif not low <= days <= high:
            fix = "correct them, or write other"
            row.say("period_type", f"{kind} covers {low} to {high} days, these dates {days}; {fix}")


def _unit(row: Check, usual: str) -> None:
    """Accept a metric's usual unit, and for money the same unit in another currency."""
    unit = row.text("unit")
    money = usual[:3] in CURRENCY_CODES
    if unit != usual and not (money and unit[:3] in CURRENCY_CODES and unit[3:] == usual[3:]):
        others = ", or the same in another ISO 4217 currency" if money else ""
        row.say("unit", f"{unit!r} is not a unit of {row.text('metric')}; write {usual}{others}")


def _printed(row: Check, value: Decimal, half_width: Decimal | None, *, cost: bool) -> None:
    """Hold the value against its printed form, and conclude the rounding half width."""
    unit, printed, qualifier = row.text("unit"), row.text("printed_as"), row.text("qualifier")
    bound = qualifier in ("at_least", "at_most")
    read = figures(printed)
    agreeing = [figure for figure in read if figure.says(value, unit, either_sign=cost, bound=bound)]
    if read and not agreeing:
        readings = " or ".join(_shown(figure) for figure in read[:3])
        row.say(
            "value",
            f"{row.text('value')} {unit} is contradicted by its printed form {printed!r}, which reads "
            f"{readings}; correct what is wrong, or add in square brackets how the form reads",
        )
        return
    finest = min((figure.half_width for figure in agreeing if figure.half_width is not None), default=None)
    if half_width is None:
        if finest is None:
            row.say("rounding_half_width", f"is empty and {printed!r} has no digits to give it; state it")
            return
        half_width = finest if finest >= _FINEST else finest.quantize(_FINEST, ROUND_CEILING)
        row.reading["rounding_half_width"] = _plain(half_width)
    else:
        row.reading["rounding_half_width"] = row.text("rounding_half_width")
        if finest is not None and qualifier == "exact" and half_width < finest:
            fix = f"write {_plain(finest)} or leave it empty"
            row.say("rounding_half_width", f"{_plain(half_width)} is finer than {printed!r} can be; {fix}")
    if abs(value) + half_width >= _LIMIT:
        row.say("value", "reaches more than 22 digits before the point with its rounding; use a larger unit")


def _plain(number: Decimal) -> str:
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _shown(figure: Figure) -> str:
    unit = "%" if figure.percent else "/".join(sorted(figure.currencies))
    return f"{_plain(figure.value)} {unit}".strip()
