"""The check of an observation: a figure with its period, unit, interval and printed form.

The strict reader also concludes two things, the row's reading: `observation_id`, the file's or a hash of the
identity, and `rounding_half_width`, the file's or half a unit of the last printed digit (plain decimal text).

The reference files: their columns, their keys, and what a row of each must hold.

Which columns may be absent is said here and in docs/adding-figures.md. Observations are checked in
`etl.sources.published_figure`; a key that rows refer to is looked up in `etl.sources.published_register`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, Decimal, localcontext

from etl.printed.forms import PrintedFigure, figures
from etl.printed.words import CURRENCY_CODES
from etl.reference.rows import RowCheck

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


def check_observation(row: RowCheck) -> None:
    """RowCheck one row of observations.csv and fill its reading."""
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


def _period(row: RowCheck) -> None:
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


def _unit(row: RowCheck, usual: str) -> None:
    """Accept a metric's usual unit, and for money the same unit in another currency."""
    unit = row.text("unit")
    money = usual[:3] in CURRENCY_CODES
    if unit != usual and not (money and unit[:3] in CURRENCY_CODES and unit[3:] == usual[3:]):
        others = ", or the same in another ISO 4217 currency" if money else ""
        row.say("unit", f"{unit!r} is not a unit of {row.text('metric')}; write {usual}{others}")


def _printed(row: RowCheck, value: Decimal, half_width: Decimal | None, *, cost: bool) -> None:
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


def _shown(figure: PrintedFigure) -> str:
    unit = "%" if figure.percent else "/".join(sorted(figure.currencies))
    return f"{_plain(figure.value)} {unit}".strip()


DOCUMENT_KINDS = ("filing", "company_release", "media", "secondary")
METRIC_KINDS = ("flow", "stock", "ratio")
RELATIONS = ("renews", "resumes", "extends")
ANY_ISSUER = "*"  # platform of a concept that holds for every issuer without rows of its own
SIGNS = ("any", "positive")
ANYONE = "industry"  # subject of a claim about no party in particular

_YEAR = re.compile(r"[0-9]{4}")
_PRIORITY = re.compile(r"[1-9][0-9]?")
_CIK = re.compile(r"0{0,9}[1-9][0-9]{0,9}")


@dataclass(frozen=True)
class Table:
    """One of the reference files: kind of its rows, key columns, columns, and the check of a row."""

    kind: str
    keys: tuple[tuple[str, ...], ...]  # the first is the one other rows refer to
    required: tuple[str, ...]
    optional: tuple[str, ...]
    check: Callable[[RowCheck], None]


def _platform(row: RowCheck) -> None:
    row.filled("platform", "name")
    row.trimmed("platform")
    if row.text("reporting_currency") not in CURRENCY_CODES:
        row.say("reporting_currency", f"{row.text('reporting_currency')!r} is no ISO 4217 code; write CNY ...")
    try:
        date.fromisoformat(f"2000-{row.text('fiscal_year_end')}")
    except ValueError:
        row.say("fiscal_year_end", f"{row.text('fiscal_year_end')!r} is not a day of the year; write MM-DD")
    if row.text("sec_cik") and not _CIK.fullmatch(row.text("sec_cik")):
        row.say("sec_cik", f"{row.text('sec_cik')!r} is no number of the SEC; write digits, as in 1549802")


def _party(row: RowCheck) -> None:
    row.filled("party", "name", "kind")
    row.trimmed("party")
    if row.text("measured_in"):
        row.known("measured_in", "platform")


def _metric(row: RowCheck) -> None:
    row.filled("metric", "label", "unit")
    row.trimmed("metric", "unit")
    row.one_of("kind", METRIC_KINDS)


def _document(row: RowCheck) -> None:
    row.filled("document_id")
    row.trimmed("document_id")
    row.one_of("kind", DOCUMENT_KINDS)
    row.day("published_on", blank=True)
    if not row.text("title") and not row.text("url"):
        row.say("title", "and url are empty; nobody can find the document, give one of them")


def _definition_break(row: RowCheck) -> None:
    row.known("platform", "platform")
    row.known("metric", "metric")
    row.known("document_id", "document")
    row.day("from_period_end")
    row.filled("reason")
    row.trimmed("scope")


def _partnership(row: RowCheck) -> None:
    row.filled("partnership_id", "kind")
    row.trimmed("partnership_id")
    row.known("traffic_partner", "platform", "party")
    row.known("supply_partner", "platform", "party")
    row.known("document_id", "document")
    days = {column: row.day(column, blank=True) for column in ("announced_on", "effective_on", "ended_on")}
    began = days["effective_on"] or days["announced_on"]
    if began and days["ended_on"] and days["ended_on"] < began:
        row.say("ended_on", f"is before the deal began ({began}); correct one of them")


def _partnership_link(row: RowCheck) -> None:
    row.known("partnership_id", "partnership")
    row.known("predecessor_id", "partnership")
    row.known("document_id", "document")
    row.one_of("relation", RELATIONS)
    if row.text("partnership_id") == row.text("predecessor_id"):
        row.say("predecessor_id", "is the deal itself; name the deal before it")


def _confounder(row: RowCheck) -> None:
    row.filled("confounder", "source")
    row.trimmed("confounder")
    starts, ends = row.day("starts_on"), row.day("ends_on")
    if starts and ends and ends < starts:
        row.say("ends_on", f"is before starts_on {starts}; correct one of the two dates")


def _claim(row: RowCheck) -> None:
    row.filled("claim_id", "metric", "unit", "kind", "statement")
    row.trimmed("claim_id", "metric", "unit")
    for subject in row.text("subject").split(";"):
        problem = row.register.problem(("platform", "party"), subject, row.folder)
        if problem and subject != ANYONE:
            row.say("subject", f"{problem}, or write {ANYONE}")
    row.known("document_id", "document")
    row.one_of("qualifier", QUALIFIERS)
    row.number("value_from", blank=True)
    row.number("value_to", blank=True)
    ends = [row.text(column) for column in ("period_from", "period_to")]
    for column, text in zip(("period_from", "period_to"), ends, strict=True):
        if text and not _YEAR.fullmatch(text):
            row.day(column)
    if all(ends) and ends[1] < ends[0][: len(ends[1])]:
        row.say("period_to", f"{ends[1]} is before period_from {ends[0]}; correct one of them")


def _edgar_concept(row: RowCheck) -> None:
    if row.text("platform") != ANY_ISSUER:
        row.known("platform", "platform")
    row.known("metric", "metric")
    row.filled("taxonomy", "concept")
    row.trimmed("taxonomy", "concept")
    row.one_of("sign", SIGNS)
    if not _PRIORITY.fullmatch(row.text("priority")):
        row.say("priority", f"{row.text('priority')!r} is no rank; write 1 for the one asked first")


# In the order in which rows may refer to each other.
TABLES = (
    Table(
        "platform",
        keys=(("platform",),),
        required=("platform", "name", "fiscal_year_end", "reporting_currency"),
        optional=("company", "role", "sec_cik", "listing"),
        check=_platform,
    ),
    Table(
        "party",
        keys=(("party",),),
        required=("party", "name", "kind"),
        optional=("measured_in",),
        check=_party,
    ),
    Table(
        "metric",
        keys=(("metric",),),
        required=("metric", "label", "unit", "kind"),
        optional=("period_rule", "definition"),
        check=_metric,
    ),
    Table(
        "document",
        keys=(("document_id",),),
        required=("document_id", "kind", "published_on"),
        optional=("publisher", "title", "url"),
        check=_document,
    ),
    Table(
        "definition_break",
        keys=(("platform", "metric", "scope", "from_period_end"),),
        required=("platform", "metric", "from_period_end", "reason", "document_id"),
        optional=("scope",),
        check=_definition_break,
    ),
    Table(
        "observation",
        keys=(IDENTITY, ("observation_id",)),
        required=(
            *("platform", "metric", "period_type", "period_start", "period_end"),
            *("value", "unit", "qualifier", "printed_as", "basis", "document_id"),
        ),
        optional=("observation_id", "scope", "rounding_half_width", "locator", "note"),
        check=check_observation,
    ),
    Table(
        "partnership",
        keys=(("partnership_id",),),
        required=(
            *("partnership_id", "traffic_partner", "supply_partner"),
            *("kind", "announced_on", "document_id"),
        ),
        optional=("effective_on", "ended_on", "status", "scope", "terms", "note"),
        check=_partnership,
    ),
    Table(
        "partnership_link",
        keys=(("partnership_id", "predecessor_id"),),
        required=("partnership_id", "predecessor_id", "relation", "document_id"),
        optional=("note",),
        check=_partnership_link,
    ),
    Table(
        "confounder",
        keys=(("confounder", "starts_on"),),
        required=("confounder", "starts_on", "ends_on", "source"),
        optional=(),
        check=_confounder,
    ),
    Table(
        "claim",
        keys=(("claim_id",),),
        required=(
            *("claim_id", "subject", "metric", "statement", "value_from", "value_to", "unit", "qualifier"),
            *("period_from", "period_to", "kind", "document_id"),
        ),
        optional=("definition_stated", "note"),
        check=_claim,
    ),
    Table(
        "edgar_concept",
        keys=(("platform", "metric", "taxonomy", "concept"),),
        required=("platform", "metric", "taxonomy", "concept", "priority", "sign"),
        optional=("note",),
        check=_edgar_concept,
    ),
)
