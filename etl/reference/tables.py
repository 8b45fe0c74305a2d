"""The reference files: their columns, their keys, and what a row of each must hold.

Source of the columns: tables.yaml beside this module; docs/adding-figures.md lists them for people. A check never
changes a field: it notes what is wrong, by column, in words that the author of the file can act on. All folders share
one vocabulary: a key that is defined once may be used everywhere, the first row of a key counts, and a later one is a
duplicate.

The check of an observation also derives two values, the row's reading: `observation_id`, the file's or a hash of the
identity, and `rounding_half_width`, the file's or half a unit of the last printed digit, zeros at the end of a whole
number that is `about` right left out (plain decimal text).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_CEILING, Decimal, localcontext
from difflib import get_close_matches
from pathlib import Path

import yaml

from etl.names import canonical, fault_of, is_lost
from etl.printed.forms import PrintedFigure, read_form
from etl.printed.words import CURRENCY_CODES

Key = tuple[str, ...]

PERIOD_TYPES = ("year", "ttm", "quarter", "point", "other")
SPAN_DAYS = {"year": (357, 371), "ttm": (357, 371), "quarter": (84, 98)}  # 52/53-week years, 12 to 14 weeks
QUALIFIERS = ("exact", "about", "at_least", "at_most")
BASES = ("gaap", "ifrs", "non_gaap", "operating", "press")
FISCAL_YEAR_NAMES = ("by_start", "by_end")
DOCUMENT_KINDS = ("filing", "company_release", "media", "secondary")
METRIC_KINDS = ("flow", "stock", "ratio")
RELATIONS = ("renews", "resumes", "extends")
WEEKLY_METRICS = ("orders", "new_buyers", "gmv")  # of delivered daily data, see steps.study_value
STUDY_PERIODS = ("quarter", "ttm", "week")
DEAL_EVENTS = ("running", "ended", "resumed")
NATURES = ("sales_and_marketing", "marketing", "advertising_only")
ANY_ISSUER = "*"  # platform of a concept or an expense line that holds for every issuer without rows of its own
SIGNS = ("any", "positive")
EXPLANATIONS = ("restated", "perimeter", "estimate", "misprint", "conflict")
ANY_METRIC = "*"  # metric of a consolidation that holds for every metric without rows of its own
ANYONE = "industry"  # subject of a claim about no party in particular

_FEW = 12  # keys worth listing in a message
_LIMIT = Decimal(10) ** 22  # values are DECIMAL(28, 6)
_FINEST = Decimal("0.000001")
_COSTS = {"expense", "expenses", "cost", "costs", "spend"}
_DECIMAL = re.compile(r"-?[0-9]{1,22}(\.[0-9]{1,6})?")
_PLAIN = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_YEAR = re.compile(r"[0-9]{4}")
_PRIORITY = re.compile(r"[1-9][0-9]?")
# A path of one machine, alone or behind the name of an archive ("….zip:/x/R4.htm"), that no reader can open.
_LOCAL_PATH = re.compile(r"file:|[A-Za-z]:[\\/]|[/~.\\]|.*(?:\.[a-z0-9]{1,4}:/|/(?:tmp|temp)/)", re.IGNORECASE)
_CIK = re.compile(r"0{0,9}[1-9][0-9]{0,9}")


@dataclass(frozen=True)
class Place:
    """Where a row is: folder (by its position in the list of folders), file, physical line, fields."""

    folder: int
    file: str
    line: int
    fields: Mapping[str, str]

    def __str__(self) -> str:
        return f"{self.file} line {self.line}"

    def repeats(self, other: Place) -> bool:
        """Whether both rows say the same in every field; an absent column counts as blank."""
        columns = {*self.fields, *other.fields}
        return all(self.fields.get(column, "") == other.fields.get(column, "") for column in columns)


@dataclass
class Register:
    """Accepted and quarantined keys, by kind of row."""

    _accepted: dict[str, dict[Key, Place]] = field(default_factory=dict)
    _refused: dict[str, dict[Key, list[tuple[Place, str]]]] = field(default_factory=dict)

    def accept(self, kind: str, key: Key, place: Place) -> None:
        """Let rows use a key from here on."""
        self._accepted.setdefault(kind, {})[key] = place

    def refuse(self, kind: str, key: Key, place: Place, reason: str) -> None:
        """Remember why a row that defines a key was quarantined; an exact repetition is ignored."""
        first = self.first(kind, key)
        if any(key) and (first is None or not place.repeats(first)):
            self._refused.setdefault(kind, {}).setdefault(key, []).append((place, reason))

    def first(self, kind: str, key: Key) -> Place | None:
        """Find the accepted row of a key; None if no row was accepted."""
        return self._accepted.get(kind, {}).get(key)

    def keys(self, kind: str) -> list[str]:
        """The accepted keys of a kind whose key is one column, sorted."""
        return sorted(name for (name,) in self._accepted.get(kind, {}))

    def problem(self, kinds: Sequence[str], key: str, folder: int) -> str:
        """Why a row of `folder` may not use a key that a row of one of the kinds should define; '' if it may.

        A key that the folder itself defines, but differently and so in quarantine, is not taken from another
        folder: the row would speak of something else than its author meant.
        """
        places = [place for kind in kinds if (place := self.first(kind, (key,)))]
        refused = [entry for kind in kinds for entry in self._refused.get(kind, {}).get((key,), [])]
        own = [entry for entry in refused if entry[0].folder == folder]
        if any(place.folder == folder or not own for place in places):
            return ""
        if refused:
            place, reason = (own or refused)[0]
            return f"{key!r} is itself in quarantine ({place}: {reason})"
        known = sorted(name for kind in kinds for name in self.keys(kind))
        listed = f" (known: {', '.join(known)})" if 0 < len(known) <= _FEW else ""
        files = " or ".join(FILES[kind] for kind in kinds)
        return f"{key!r} stands in no {files}{listed}; add it there or correct it"


@dataclass
class RowCheck:
    """One row, its `problems` as (column, reason) and its `reading`; the check fills the last two."""

    fields: Mapping[str, str]
    register: Register
    folder: int
    problems: list[tuple[str, str]] = field(default_factory=list)
    reading: dict[str, str] = field(default_factory=dict)

    @property
    def reason(self) -> str:
        """All problems in one text."""
        return "; ".join(f"{column} {reason}".strip() for column, reason in self.problems)

    def text(self, column: str) -> str:
        """Text of a column, '' where the file has no such column."""
        return self.fields.get(column, "")

    def note(self, column: str, reason: str) -> None:
        """Note a problem of a column."""
        self.problems.append((column, reason))

    def require_filled(self, *columns: str) -> None:
        """Note each column that is blank."""
        for column in columns:
            if not self.text(column).strip():
                self.note(column, "is empty; fill it in")

    def require_name(self, *columns: str) -> None:
        """Note each column whose text is no plain name in its canonical form: another writing is another key."""
        for column in columns:
            text = self.text(column)
            if text.strip(" ") != text:
                self.note(column, f"{text!r} has spaces around it; remove them")
            elif fault := fault_of(text):
                self.note(column, f"{text!r} {fault}")
            elif canonical(text) != text:
                self.note(column, f"{text!r} is not in Unicode NFC, in which a letter is one character; retype it")

    def require_values(self) -> None:
        """Note each column with a formula or with what a spreadsheet leaves of a value that it lost."""
        for column, text in self.fields.items():
            if text.startswith(("=", "@")) or is_lost(text):
                self.note(column, f"{text[:80]!r} is a formula or an error of a spreadsheet; write the value")

    def require_one_of(self, **allowed: tuple[str, ...]) -> None:
        """Note each column whose text is none of the allowed ones."""
        for column, words in allowed.items():
            if self.text(column) not in words:
                self.note(column, f"{self.text(column)!r} is not known; write one of {', '.join(words)}")

    def require_known(self, **kinds: str) -> None:
        """Note each column whose key is not defined by an accepted row of the kind, or of one of two: `a or b`."""
        for column, kind in kinds.items():
            if problem := self.register.problem(kind.split(" or "), self.text(column), self.folder):
                self.note(column, problem)

    def require_platform(self, column: str = "platform") -> None:
        """Note a platform that is not defined but almost spelled like one that is.

        What is known of a company may be kept before its figures are: a row about a platform that no file defines
        is loaded and has no effect until one does.
        """
        text = self.text(column)
        self.require_filled(column)
        self.require_name(column)
        known = self.register.keys("platform")
        near = get_close_matches(text, known, 1, cutoff=0.8) if text not in known else []
        if near:
            self.note(column, f"{text!r} is no platform; did you mean {near[0]}?")

    def day(self, column: str, *, blank: bool = False) -> date | None:
        """Date of a column, or None with the problem noted; `blank` allows an empty one."""
        text = self.text(column)
        if text or not blank:
            try:
                return date.fromisoformat(text if _DAY.fullmatch(text) else "")
            except ValueError:
                self.note(column, f"{text!r} is not a date; write YYYY-MM-DD")
        return None

    def number(self, column: str, *, blank: bool = False) -> Decimal | None:
        """Decimal of a column, or None with the problem noted; `blank` allows an empty one."""
        text = self.text(column)
        if _DECIMAL.fullmatch(text):
            return Decimal(text)
        if text or not blank:
            reason = f"{text!r} is not a plain decimal number; write it like -1234.5, without signs of grouping"
            if _PLAIN.fullmatch(text):
                reason = f"{text!r} has more than 22 digits before or 6 digits after the point; shorten it"
            self.note(column, reason)
        return None


@dataclass(frozen=True)
class Table:
    """One of the reference files: kind of its rows, key columns, columns, and the check of a row."""

    kind: str
    file: str
    keys: tuple[tuple[str, ...], ...]  # the first is the one other rows refer to
    required: tuple[str, ...]
    optional: tuple[str, ...]
    check: Callable[[RowCheck], None]
    brings: str  # which kind of change a row is that came, went or was edited


def _check_platform(row: RowCheck) -> None:
    row.require_filled("platform", "name")
    row.require_name("platform")
    if row.text("reporting_currency") not in CURRENCY_CODES:
        row.note("reporting_currency", f"{row.text('reporting_currency')!r} is no ISO 4217 code; write CNY ...")
    try:
        date.fromisoformat(f"2000-{row.text('fiscal_year_end')}")
    except ValueError:
        row.note("fiscal_year_end", f"{row.text('fiscal_year_end')!r} is not a day of the year; write MM-DD")
    if row.text("fiscal_year_named") not in ("", *FISCAL_YEAR_NAMES):
        row.note("fiscal_year_named", f"{row.text('fiscal_year_named')!r} is none of {', '.join(FISCAL_YEAR_NAMES)}")
    if row.text("sec_cik") and not _CIK.fullmatch(row.text("sec_cik")):
        row.note("sec_cik", f"{row.text('sec_cik')!r} is no number of the SEC; write digits, as in 1549802")


def _check_party(row: RowCheck) -> None:
    row.require_filled("party", "name", "kind")
    row.require_name("party")
    if row.text("measured_in"):
        row.require_known(measured_in="platform")


def _check_metric(row: RowCheck) -> None:
    row.require_filled("metric", "label", "unit")
    row.require_name("metric", "unit")
    row.require_one_of(kind=METRIC_KINDS)


def _check_document(row: RowCheck) -> None:
    row.require_filled("document_id")
    row.require_name("document_id")
    row.require_one_of(kind=DOCUMENT_KINDS)
    row.day("published_on", blank=True)
    if not row.text("title") and not row.text("url"):
        row.note("title", "and url are empty; nobody can find the document, give one of them")
    if _LOCAL_PATH.match(row.text("url")):
        fix = "give the address of the document or of the archive that holds it, and name the file inside in locator"
        row.note("url", f"{row.text('url')!r} holds a path of one machine, which nobody else can open; {fix}")


def _check_definition_break(row: RowCheck) -> None:
    row.require_known(platform="platform", metric="metric", document_id="document")
    row.day("from_period_end")
    row.require_filled("reason")
    row.require_name("scope")


def identified(fields: Mapping[str, str]) -> str:
    """The identifier of a figure that is given none: a hash of the columns that identify it."""
    identity = "|".join(fields.get(column, "") for column in IDENTITY)
    return f"obs_{hashlib.sha256(identity.encode()).hexdigest()[:16]}"


def is_cost(metric: str, kind: str) -> bool:
    """Whether figures of a metric are stated positive and may be printed negative: an expense."""
    return kind == "flow" and bool(_COSTS & set(metric.split("_")))


def _check_observation(row: RowCheck) -> None:
    row.reading["observation_id"] = row.text("observation_id") or identified(row.fields)
    row.require_known(platform="platform", metric="metric", document_id="document")
    row.require_one_of(qualifier=QUALIFIERS, basis=BASES)
    row.require_name("observation_id", "scope")
    _check_period(row)
    metric = row.register.first("metric", (row.text("metric"),))
    if metric:
        _check_unit(row, metric.fields["unit"])
    value, half_width = row.number("value"), row.number("rounding_half_width", blank=True)
    if half_width is not None and row.text("rounding_half_width").startswith("-"):
        row.note("rounding_half_width", f"{half_width} is negative; write half a unit of the last digit")
    if value is not None and metric:
        with localcontext(prec=100):
            _check_print(row, value, half_width, is_cost=is_cost(row.text("metric"), metric.fields["kind"]))


def _check_period(row: RowCheck) -> None:
    row.require_one_of(period_type=PERIOD_TYPES)
    kind = row.text("period_type")
    start, end = row.day("period_start", blank=True), row.day("period_end")
    if kind == "point" and row.text("period_start"):
        row.note("period_start", "is filled, but a point has none; empty it or write another period_type")
    if kind != "point" and not row.text("period_start"):
        row.note("period_start", "is empty, which only a point may be; write its first day")
    if start and end:
        days = (end - start).days + 1
        low, high = SPAN_DAYS.get(kind, (1, days))
        if days < 1:
            row.note("period_end", f"{end} is before period_start {start}; correct one of them")
        elif not low <= days <= high:
            fix = "correct them, or write other"
            row.note("period_type", f"{kind} covers {low} to {high} days, these dates {days}; {fix}")


def _check_unit(row: RowCheck, usual: str) -> None:
    """Accept a metric's usual unit, and for money the same unit in another currency."""
    unit = row.text("unit")
    is_money = usual[:3] in CURRENCY_CODES
    if unit != usual and not (is_money and unit[:3] in CURRENCY_CODES and unit[3:] == usual[3:]):
        others = ", or the same in another ISO 4217 currency" if is_money else ""
        row.note("unit", f"{unit!r} is not a unit of {row.text('metric')}; write {usual}{others}")


def _check_print(row: RowCheck, value: Decimal, half_width: Decimal | None, *, is_cost: bool) -> None:
    """Compare the value with its printed form, and derive the rounding half width."""
    unit, printed, qualifier = row.text("unit"), row.text("printed_as"), row.text("qualifier")
    is_bound = qualifier in ("at_least", "at_most")
    form = read_form(printed)
    if form.unread:
        row.note(
            "printed_as",
            f"{printed!r} is not read, because {form.unread!r} in it is not understood; copy the number as it is "
            "printed, or add in square brackets how the form reads, as in [1.5 million]",
        )
        return
    read = form.figures
    agreeing = [figure for figure in read if figure.says(value, unit, either_sign=is_cost, bound=is_bound)]
    if read and not agreeing:
        readings = " or ".join(_shown(figure) for figure in read[:3])
        row.note(
            "value",
            f"{row.text('value')} {unit} is contradicted by its printed form {printed!r}, which reads "
            f"{readings}; correct what is wrong, or add in square brackets how the form reads",
        )
        return
    halves = (figure.rounding(qualifier) for figure in agreeing)
    finest = min((half for half in halves if half is not None), default=None)
    if half_width is None:
        if finest is None:
            row.note("rounding_half_width", f"is empty and {printed!r} has no digits to give it; state it")
            return
        half_width = finest if finest >= _FINEST else finest.quantize(_FINEST, ROUND_CEILING)
        row.reading["rounding_half_width"] = _plain(half_width)
    else:
        row.reading["rounding_half_width"] = row.text("rounding_half_width")
        if finest is not None and not is_bound and half_width < finest:
            fix = f"write {_plain(finest)} or leave it empty"
            can_be = f"{printed!r} can be" + (" where it is only about right" if qualifier == "about" else "")
            row.note("rounding_half_width", f"{_plain(half_width)} is finer than {can_be}; {fix}")
    if abs(value) + half_width >= _LIMIT:
        row.note("value", "reaches more than 22 digits before the point with its rounding; use a larger unit")


def _plain(number: Decimal) -> str:
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _shown(figure: PrintedFigure) -> str:
    unit = "%" if figure.percent else "/".join(sorted(figure.currencies))
    return f"{_plain(figure.value)} {unit}".strip()


def _check_partnership(row: RowCheck) -> None:
    row.require_filled("partnership_id", "kind")
    row.require_name("partnership_id")
    partner = "platform or party"
    row.require_known(traffic_partner=partner, supply_partner=partner, document_id="document")
    announced, effective = row.day("announced_on", blank=True), row.day("effective_on", blank=True)
    began, ended = effective or announced, row.day("ended_on", blank=True)
    if began and ended and ended < began:
        row.note("ended_on", f"is before the deal began ({began}); correct one of them")


def _check_partnership_link(row: RowCheck) -> None:
    row.require_known(partnership_id="partnership", predecessor_id="partnership", document_id="document")
    row.require_one_of(relation=RELATIONS)
    if row.text("partnership_id") == row.text("predecessor_id"):
        row.note("predecessor_id", "is the deal itself; name the deal before it")


def _check_partnership_event(row: RowCheck) -> None:
    row.require_known(partnership_id="partnership", document_id="document")
    row.require_one_of(event=DEAL_EVENTS)
    earliest, latest = row.day("earliest_on", blank=True), row.day("latest_on", blank=True)
    if earliest and latest and latest < earliest:
        row.note("latest_on", f"is before earliest_on {earliest}; correct one of the two dates")
    if row.text("event") == "running" and not (row.text("earliest_on") or row.text("latest_on")):
        row.note("earliest_on", "and latest_on are empty; that a deal ran says nothing without a day, give one of them")


def _check_confounder(row: RowCheck) -> None:
    row.require_filled("confounder", "source")
    row.require_name("confounder")
    starts, ends = row.day("starts_on"), row.day("ends_on")
    if starts and ends and ends < starts:
        row.note("ends_on", f"is before starts_on {starts}; correct one of the two dates")


def _check_study(row: RowCheck) -> None:
    row.require_filled("study_id", "reason")
    row.require_name("study_id")
    if "/" in row.text("study_id") or row.register.first("partnership", (row.text("study_id"),)):
        row.note("study_id", "is the name of a study by rule, or may be one; write another, without a slash")
    row.require_known(partnership_id="partnership", platform="platform")
    row.require_one_of(period=STUDY_PERIODS)
    if row.text("period") == "week":
        row.require_one_of(metric=WEEKLY_METRICS)
    else:
        row.require_known(metric="metric")
    deal = row.register.first("partnership", (row.text("partnership_id"),))
    partners = [deal.fields[side] for side in ("traffic_partner", "supply_partner")] if deal else []
    parties = [row.register.first("party", (partner,)) for partner in partners]
    measured = {*partners, *(party.fields.get("measured_in", "") for party in parties if party)}
    if deal and row.text("platform") not in measured:
        row.note("platform", f"{row.text('platform')!r} is no partner of the deal; write one of {_listed(measured)}")
    for donor in filter(None, row.text("donors").split(";")):
        if problem := row.register.problem(("platform",), donor, row.folder):
            row.note("donors", problem)
    row.day("event_on", blank=True)
    first, last = row.day("first_on", blank=True), row.day("last_on", blank=True)
    if first and last and last < first:
        row.note("last_on", f"is before first_on {first}; correct one of the two dates")


def _listed(words: set[str]) -> str:
    return ", ".join(sorted(filter(None, words)))


def _check_study_exclusion(row: RowCheck) -> None:
    row.require_known(platform="platform", document_id="document")
    row.require_filled("reason")
    if row.text("metric") not in ("", *WEEKLY_METRICS):
        row.require_known(metric="metric")
    starts, ends = row.day("starts_on"), row.day("ends_on", blank=True)
    if starts and ends and ends < starts:
        row.note("ends_on", f"is before starts_on {starts}; correct one of the two dates")


def _check_claim(row: RowCheck) -> None:
    row.require_filled("claim_id", "metric", "unit", "kind", "statement")
    row.require_name("claim_id", "metric", "unit")
    for subject in row.text("subject").split(";"):
        problem = row.register.problem(("platform", "party"), subject, row.folder)
        if problem and subject != ANYONE:
            row.note("subject", f"{problem}, or write {ANYONE}")
    row.require_known(document_id="document")
    row.require_one_of(qualifier=QUALIFIERS)
    row.number("value_from", blank=True)
    row.number("value_to", blank=True)
    starts, ends = row.text("period_from"), row.text("period_to")
    for column, text in (("period_from", starts), ("period_to", ends)):
        if text and not _YEAR.fullmatch(text):
            row.day(column)
    if starts and ends and ends < starts[: len(ends)]:
        row.note("period_to", f"{ends} is before period_from {starts}; correct one of them")


def _check_edgar_concept(row: RowCheck) -> None:
    row.require_platform()
    row.require_known(metric="metric")
    row.require_filled("taxonomy", "concept")
    row.require_name("taxonomy", "concept")
    row.require_one_of(sign=SIGNS)
    if not _PRIORITY.fullmatch(row.text("priority")):
        row.note("priority", f"{row.text('priority')!r} is no rank; write 1 for the one asked first")


def _check_expense_line(row: RowCheck) -> None:
    row.require_platform()
    row.require_filled("line", "source")
    row.require_name("concept")
    row.require_one_of(nature=NATURES)
    if row.text("platform") == ANY_ISSUER and not row.text("concept"):
        row.note("concept", "is empty, which it may be for one platform only; write taxonomy:concept")


def _check_consolidation(row: RowCheck) -> None:
    row.require_platform()
    if row.text("metric") != ANY_METRIC:
        row.require_known(metric="metric")
    row.require_filled("source")
    row.require_name("consolidation")
    row.day("published_from")


def _check_contradiction(row: RowCheck) -> None:
    row.require_platform()
    row.require_known(metric="metric")
    row.require_filled("unit", "document_id", "reason")
    row.require_name("scope", "unit", "document_id")
    row.require_one_of(explanation=EXPLANATIONS)
    row.day("period_start", blank=True)
    row.day("period_end")
    row.number("value")


def _check_check_exception(row: RowCheck) -> None:
    row.require_filled("check", "row_key", "observation_id", "document_id", "reason")
    row.require_name("check", "row_key", "observation_id", "document_id")


def _check_discontinued(row: RowCheck) -> None:
    row.require_platform()
    if row.text("metric") != ANY_METRIC:
        row.require_known(metric="metric")
    row.require_known(document_id="document")
    row.require_filled("reason")
    row.require_name("scope")
    row.day("last_period_end")


def _check_euro_rate(row: RowCheck) -> None:
    row.require_known(document_id="document")
    if row.text("currency") not in CURRENCY_CODES or row.text("currency") == "EUR":
        row.note("currency", f"{row.text('currency')!r} is no ISO 4217 code of another currency than the euro")
    fixings = [fixing.partition("=") for fixing in row.text("fixings").split(" ")]
    days = [f"{row.text('month')}-{day}" for day, _, _ in fixings]
    for text, (_, _, rate) in zip(days, fixings, strict=True):
        try:
            date.fromisoformat(text if _DAY.fullmatch(text) else "")
        except ValueError:
            row.note("fixings", f"{text!r} is not a date; write month as YYYY-MM and each fixing as DD=rate")
            return
        if not (_DECIMAL.fullmatch(rate) and Decimal(rate) > 0):
            row.note("fixings", f"{rate!r} on {text} is no rate; write units of the currency for one euro")
            return
    if days != sorted(set(days)):
        row.note("fixings", "are not one a day, in the order of the days; a day twice would count twice")


def _check_metric_word(row: RowCheck) -> None:
    row.require_platform()
    if row.text("metric"):
        row.require_known(metric="metric")
    row.require_filled("words")
    row.require_name("words", "scope")
    if row.text("words") != row.text("words").casefold():
        row.note("words", f"{row.text('words')!r} has capital letters; write it in lower case")


_CHECKS = {
    "platform": _check_platform,
    "party": _check_party,
    "metric": _check_metric,
    "document": _check_document,
    "definition_break": _check_definition_break,
    "observation": _check_observation,
    "partnership": _check_partnership,
    "partnership_link": _check_partnership_link,
    "partnership_event": _check_partnership_event,
    "confounder": _check_confounder,
    "study": _check_study,
    "study_exclusion": _check_study_exclusion,
    "claim": _check_claim,
    "edgar_concept": _check_edgar_concept,
    "expense_line": _check_expense_line,
    "consolidation": _check_consolidation,
    "contradiction": _check_contradiction,
    "check_exception": _check_check_exception,
    "discontinued": _check_discontinued,
    "euro_rate": _check_euro_rate,
    "metric_word": _check_metric_word,
}


def _tables(path: Path) -> Iterator[Table]:
    """The tables of a YAML file."""
    for kind, table in yaml.safe_load(path.read_text(encoding="utf-8")).items():
        keys = tuple(tuple(key.split()) for key in table["keys"])
        required, optional = tuple(table["required"].split()), tuple(table.get("optional", "").split())
        brings = table.get("brings", "document")
        yield Table(kind, table["file"], keys, required, optional, _CHECKS[kind], brings)


TABLES = tuple(_tables(Path(__file__).with_suffix(".yaml")))
IDENTITY = next(table.keys[0] for table in TABLES if table.kind == "observation")
BRINGS = {table.kind: table.brings for table in TABLES}
FILES = {table.kind: table.file for table in TABLES}
