"""Facts of an inline XBRL or xBRL-CSV report on disk, read by Arelle, as candidate figures.

Arelle is an extra (`make xbrl-env`) and runs offline. Taxonomies that a report names by an address are taken from the
taxonomy packages (zip files) in $WAREHOUSE_HOME/taxonomies; without them the facts of an inline report are taken by the
names of their concepts, and those of xBRL-CSV cannot be read.

What goes wrong, seen with Arelle 2.47.3: a report that does not load has no facts and the run counts as a success; a
fact with a wrong period stays, with no period or one that ends in the year 9999; a cell with wrong decimals, also INF,
makes a fact of infinite precision; a date range in CSV includes its last day; INF as a value is invalid. None of these
is trusted: what is wrong with a fact sets it aside with its place, and errors about no fact are listed too.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from etl.errors import MendError
from etl.figures.find import Candidate, Found, Subject, Unplaced, Unsure, period_type
from etl.figures.periods import Period

INSTALL = "make xbrl-env"
_INLINE, _INSTANCE, _CSV = b"http://www.xbrl.org/2013/inlineXBRL", b"http://www.xbrl.org/2003/instance", b"xbrl-csv"
# What is told otherwise: a file that is not on disk, and a concept that it would define.
_TOLERATED = ("IOerror", "ix11.12.1.2:missingReferences", "oime:invalidTaxonomy")
_TAXONOMY = re.compile(r"/(us-gaap|ifrs-full)(?:/|$)")
_CELL = re.compile(r"Table (?P<table>\S+) row (?P<line>\d+)(?: column (?P<column>\S+))?|Fact (?P<id>\S+\.r_\d+\.\S+)")
_INVALID = 2  # how Arelle marks a value that its type does not allow
_LATEST = 3000  # a year after which no report ends


@dataclass(frozen=True)
class Concept:
    """A concept that tells a metric; of several, the one with the lowest priority counts."""

    metric: str
    priority: int
    is_positive: bool


@dataclass(frozen=True)
class Fact:
    """A numeric fact. `fault` is what is wrong with it; the rest is then a best effort, good for a message only.

    `value` is in units, `half_width` None for infinite precision, `unit` an ISO 4217 code where it is money, `cik` the
    issuer's number of the SEC, '' for another identifier.
    """

    taxonomy: str
    concept: str
    place: str
    printed: str
    value: Decimal
    half_width: Decimal | None
    unit: str
    period: Period | None
    cik: str
    fault: str


@dataclass(frozen=True)
class XbrlReport:
    """The facts of a report, errors that are about none of them as (place, words), and notes on the whole."""

    facts: tuple[Fact, ...]
    errors: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]


def is_report(data: bytes) -> bool:
    """Whether a file is inline XBRL, an XBRL instance, or the metadata of an xBRL-CSV report."""
    head = data[: 1 << 16]
    return any(mark in head for mark in (_INLINE, _INSTANCE)) or (head.lstrip()[:1] == b"{" and _CSV in head)


def parts_of(file: Path, data: bytes) -> bytes:
    """The bytes that a report consists of: of xBRL-CSV its metadata and its tables.

    Raises MendError for metadata that is no JSON and for a table that cannot be read.
    """
    if data.lstrip()[:1] != b"{":
        return data
    try:
        urls = [str(table["url"]) for table in json.loads(data)["tables"].values()]
    except (ValueError, AttributeError, KeyError, TypeError) as error:
        raise MendError(f"{file.name}: is no metadata of an xBRL-CSV report ({error})") from error
    for url in urls:
        try:
            data += (file.parent / url).read_bytes()
        except OSError as error:
            raise MendError(f"{file.parent / url}: cannot be read ({error.strerror}); {file.name} names it") from error
    return data


def read_report(file: Path, packages: Path) -> XbrlReport:
    """The numeric facts of a report, sound or with their fault, and the errors that are about none of them.

    Raises MendError where Arelle is not installed, and for a report that does not load or has no fact.
    """
    try:
        from arelle.api.Session import Session
        from arelle.logging.handlers.StructuredMessageLogHandler import StructuredMessageLogHandler
        from arelle.RuntimeOptions import RuntimeOptions
    except ImportError as error:
        raise MendError(f"{file.name} is an XBRL report, which Arelle reads: install it with `{INSTALL}`") from error
    options = RuntimeOptions(
        entrypointFile=str(file),
        internetConnectivity="offline",
        packages=[str(path) for path in sorted(packages.glob("*.zip"))],
        validate=True,
        keepOpen=True,
        disablePersistentConfig=True,
    )
    with Session() as session:
        session.run(options, logHandler=StructuredMessageLogHandler())
        logged = [entry for entry in session.get_log_messages() if entry["levelname"] in ("ERROR", "CRITICAL")]
        facts = [
            fact for model in session.get_models() for fact in model.facts if fact.isNumeric or fact.concept is None
        ]
        is_missing = any(entry["messageCode"] == "IOerror" for entry in logged)
        fix = f"; fix: put the zip packages of the taxonomies that it names into {packages}" if is_missing else ""
        if not facts:
            words = "; ".join(dict.fromkeys(str(entry["msg"]) for entry in logged[:3])) or "it has no numeric fact"
            raise MendError(f"{file.name}: no fact was read: {words}{fix}")
        names = {name: fact for fact in facts for name in _names(fact)}
        faults: dict[str, list[str]] = defaultdict(list)
        errors = []
        for entry in logged:
            if entry["messageCode"] in _TOLERATED:
                continue
            about = [name for start in _about(entry) for name in names if f"{name}.".startswith(f"{start}.")]
            for name in about:
                faults[name].append(str(entry["msg"]))
            if not about:
                errors.append((_shown(entry), str(entry["msg"])))
        read = tuple(_fact(fact, [words for name in _names(fact) for words in faults[name]]) for fact in facts)
    notes = (f"a taxonomy is not on disk, so concepts are taken by their names{fix}",) if is_missing else ()
    return XbrlReport(read, tuple(dict.fromkeys(errors)), notes)


def _names(fact: Any) -> list[str]:
    """What messages call a fact: the identifier of its element, and of a cell that of table, row and column."""
    return [name for name in (fact.objectId(), fact.id) if name]


def _about(entry: Mapping[str, Any]) -> Iterator[str]:
    """What a message is about: elements, cells, or whole rows.

    Its text calls a row by its line, header = 1, and an identifier by its number, which is one less.
    """
    for found in _CELL.finditer(str(entry["msg"])):
        column = f".{found['column']}" if found["column"] else ""
        yield found["id"] or f"{found['table']}.r_{int(found['line']) - 1}{column}"
    for ref in entry.get("refs", ()):
        yield str(ref.get("objectId") or "?")
        yield str(ref.get("href", "")).rpartition("#")[2] or "?"


def _shown(entry: Mapping[str, Any]) -> str:
    """Where a message is about, for people."""
    cell = _CELL.search(str(entry["msg"]))
    if cell and cell["table"]:
        return f"table {cell['table']}, line {cell['line']}"
    lines = [ref["sourceLine"] for ref in entry.get("refs", ()) if ref.get("sourceLine")]
    return f"line {lines[0]}" if lines else "the report"


def _fact(fact: Any, faults: Sequence[str]) -> Fact:
    """A fact of Arelle with everything that is wrong with it."""
    context = fact.context
    found = [*faults]
    value, half_width = Decimal(0), None
    if fact.isNil:
        found.append("is nil: the report says that there is no value")
    elif fact.xValid == _INVALID:
        found.append("the value is not valid")
    else:
        try:
            value = Decimal(fact.value)
        except InvalidOperation:
            found.append(f"{fact.value!r} is no number")
    if fact.decimals is None and not fact.isNil:
        found.append("says no decimals, so its rounding is not known")
    elif re.fullmatch(r"-?[0-9]{1,2}", fact.decimals or ""):
        half_width = Decimal(5).scaleb(-int(fact.decimals) - 1)
    if half_width is not None and value % (2 * half_width):
        found.append(f"has digits beyond its decimals ({fact.decimals})")
    period = _period(context)
    if context is None:
        found.append("names no context of the report")
    elif period is None:
        found.append("its period is not valid")
    elif period.start and period.start.day == period.end.day == 1:
        found.append(f"ends on {period.end}: a range of dates includes its last day, write the day before")
    elif context.hasSegment or context.hasScenario:
        parts = ", ".join(f"{axis.localName}" for axis in context.qnameDims)
        found.append(f"is of a part of the company ({parts})")
    scheme, identifier = context.entityIdentifier if context is not None else ("", "")
    taxonomy = _TAXONOMY.search(f"{fact.qname.namespaceURI}/")
    cell = re.fullmatch(r"(.+)\.r_([0-9]+)\.(.+)", fact.id or "")
    place = f"table {cell[1]}, line {int(cell[2]) + 1}" if cell else f"line {fact.sourceline}"
    return Fact(
        taxonomy[1] if taxonomy else "",
        fact.qname.localName,
        f"{taxonomy[1] if taxonomy else fact.qname.prefix}:{fact.qname.localName}, {place}",
        " ".join("".join(fact.itertext()).split()) or str(fact.value),
        value,
        half_width,
        _unit(fact.unit),
        period,
        identifier.lstrip("0") if scheme.endswith("/CIK") else "",
        "; ".join(dict.fromkeys(found)),
    )


def _unit(unit: Any) -> str:
    """The code of a currency, or the measures as they are."""
    over, under = unit.measures if unit is not None else ([], [])
    if len(over) == 1 and not under and over[0].namespaceURI.endswith("/iso4217"):
        return str(over[0].localName)
    return "*".join(str(one) for one in over) + "".join(f"/{one}" for one in under)


def _period(context: Any) -> Period | None:
    """The days of a context; None where Arelle has none, or the last of all days for one that it could not read."""
    if context is None or context.endDatetime is None or context.endDatetime.year > _LATEST:
        return None
    end = context.endDatetime.date() - timedelta(days=1)  # the midnight after the last day
    if context.isInstantPeriod:
        return Period(None, end, 0)
    start = context.startDatetime
    return Period(start.date(), end, 0) if start is not None and start.date() <= end else None


def candidates(
    report: XbrlReport, subject: Subject, cik: str, concepts: Mapping[tuple[str, str], Concept]
) -> list[Found]:
    """The facts of a report as figures of a platform; each is placed, or listed with the reason why not."""
    told: list[tuple[Fact, Concept]] = []
    found: list[Found] = [Unplaced("", place, words, "") for place, words in report.errors]
    first: dict[tuple[str, Period | None, str, Decimal], str] = {}
    best: dict[tuple[str, Period | None], int] = {}
    for fact in sorted(report.facts, key=lambda one: one.half_width or Decimal(0)):
        concept = concepts.get((fact.taxonomy, fact.concept))
        reason = "the concept tells no metric" if concept is None else _fault(fact, subject, cik)
        same = (fact.concept, fact.period, fact.unit, fact.value)
        if not reason and same in first:
            reason = f"says the same as {first[same]}"
        if reason or concept is None:
            found.append(Unplaced(fact.printed, fact.place, reason, str(fact.value), concept.metric if concept else ""))
            continue
        first[same] = fact.place
        told.append((fact, concept))
        key = concept.metric, fact.period
        best[key] = min(best.get(key, concept.priority), concept.priority)
    for fact, concept in told:
        try:
            if concept.priority > best[concept.metric, fact.period]:
                raise Unsure("another concept of higher rank tells the metric")
            found.append(_candidate(fact, concept, subject))
        except Unsure as reason:
            found.append(Unplaced(fact.printed, fact.place, str(reason), str(fact.value), concept.metric))
    return found


def _fault(fact: Fact, subject: Subject, cik: str) -> str:
    if fact.fault:
        return fact.fault
    if fact.cik != cik:
        return f"is of another entity ({fact.cik or 'no CIK'})"
    if fact.unit != subject.currency:
        return f"is in {fact.unit}; the platform reports in {subject.currency}"
    return ""


def _candidate(fact: Fact, concept: Concept, subject: Subject) -> Candidate:
    """A sound fact as a figure. Raises Unsure."""
    if fact.period is None or fact.period.start is None:
        raise Unsure("is of a day, and the metric of a period")
    if fact.value == 0:
        raise Unsure("is zero")
    value = abs(fact.value) if concept.is_positive else fact.value
    half = fact.half_width
    tagged = fact.value if half is None or half > Decimal("0.5") else fact.value.quantize(half * 2)
    return Candidate(
        concept.metric,
        "",
        period_type(fact.period, subject.metrics[concept.metric], subject),
        str(fact.period.start),
        str(fact.period.end),
        value,
        fact.unit,
        "exact",
        f"{tagged:f}",
        fact.place,
        f"tagged as {fact.printed}",
        "tagged as a negative number" if value != fact.value else "",
        half,
        "ifrs" if fact.taxonomy == "ifrs-full" else "gaap",
    )
