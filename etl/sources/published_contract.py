"""The reference files: their columns, their keys, and what a row of each must hold.

Which columns may be absent is said here and in docs/adding-figures.md. Observations are checked in
`etl.sources.published_figure`; a key that rows refer to is looked up in `etl.sources.published_register`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from etl.printed_words import CURRENCY_CODES
from etl.sources.published_figure import IDENTITY, QUALIFIERS, check_observation
from etl.sources.published_row import Check

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
    check: Callable[[Check], None]


def _platform(row: Check) -> None:
    row.filled("platform", "name")
    row.trimmed("platform")
    if row.text("reporting_currency") not in CURRENCY_CODES:
        row.say(
            "reporting_currency", f"{row.text('reporting_currency')!r} is no ISO 4217 code; write CNY ..."
        )
    try:
        date.fromisoformat(f"2000-{row.text('fiscal_year_end')}")
    except ValueError:
        row.say("fiscal_year_end", f"{row.text('fiscal_year_end')!r} is not a day of the year; write MM-DD")
    if row.text("sec_cik") and not _CIK.fullmatch(row.text("sec_cik")):
        row.say("sec_cik", f"{row.text('sec_cik')!r} is no number of the SEC; write digits, as in 1549802")


def _party(row: Check) -> None:
    row.filled("party", "name", "kind")
    row.trimmed("party")
    if row.text("measured_in"):
        row.known("measured_in", "platform")


def _metric(row: Check) -> None:
    row.filled("metric", "label", "unit")
    row.trimmed("metric", "unit")
    row.one_of("kind", METRIC_KINDS)


def _document(row: Check) -> None:
    row.filled("document_id")
    row.trimmed("document_id")
    row.one_of("kind", DOCUMENT_KINDS)
    row.day("published_on", blank=True)
    if not row.text("title") and not row.text("url"):
        row.say("title", "and url are empty; nobody can find the document, give one of them")


def _definition_break(row: Check) -> None:
    row.known("platform", "platform")
    row.known("metric", "metric")
    row.known("document_id", "document")
    row.day("from_period_end")
    row.filled("reason")
    row.trimmed("scope")


def _partnership(row: Check) -> None:
    row.filled("partnership_id", "kind")
    row.trimmed("partnership_id")
    row.known("traffic_partner", "platform", "party")
    row.known("supply_partner", "platform", "party")
    row.known("document_id", "document")
    days = {column: row.day(column, blank=True) for column in ("announced_on", "effective_on", "ended_on")}
    began = days["effective_on"] or days["announced_on"]
    if began and days["ended_on"] and days["ended_on"] < began:
        row.say("ended_on", f"is before the deal began ({began}); correct one of them")


def _partnership_link(row: Check) -> None:
    row.known("partnership_id", "partnership")
    row.known("predecessor_id", "partnership")
    row.known("document_id", "document")
    row.one_of("relation", RELATIONS)
    if row.text("partnership_id") == row.text("predecessor_id"):
        row.say("predecessor_id", "is the deal itself; name the deal before it")


def _confounder(row: Check) -> None:
    row.filled("confounder", "source")
    row.trimmed("confounder")
    starts, ends = row.day("starts_on"), row.day("ends_on")
    if starts and ends and ends < starts:
        row.say("ends_on", f"is before starts_on {starts}; correct one of the two dates")


def _claim(row: Check) -> None:
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


def _edgar_concept(row: Check) -> None:
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
