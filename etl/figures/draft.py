"""A draft: the figures of a release or filing, found and held against what is known, for a person to confirm.

A draft is a folder in $WAREHOUSE_HOME/drafts. documents.csv and observations.csv have the form of the reference data,
review.csv has the verdict and the evidence on each row, unplaced.csv the numbers that were seen and not placed. Nothing
of it is in the data before it is accepted (`etl.figures.accept`).
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from etl.config import Settings
from etl.errors import MendError
from etl.figures.find import (
    ANY_PLATFORM,
    Candidate,
    Found,
    Metric,
    Subject,
    Unplaced,
    Words,
    agrees,
    find,
    quantity,
    without_conflicts,
)
from etl.figures.log import ACCEPTED, PROPOSED, REFUSED, Decision, Judge, Verdict, decisions, locked, record, stamp
from etl.figures.pages import Passage, read_pages
from etl.figures.xbrl import Concept, candidates, is_report, parts_of, read_report
from etl.printed.words import CURRENCY_CODES
from etl.reference.read import AcceptedRow, Reading, read
from etl.reference.tables import identified, is_cost
from etl.whole import write_whole

DOCUMENTS, OBSERVATIONS, REVIEW, UNPLACED = "documents.csv", "observations.csv", "review.csv", "unplaced.csv"
DOCUMENT_COLUMNS = ("document_id", "kind", "publisher", "title", "url", "published_on")
OBSERVATION_COLUMNS = (
    "observation_id",
    "platform",
    "metric",
    "scope",
    "period_type",
    "period_start",
    "period_end",
    "value",
    "unit",
    "qualifier",
    "rounding_half_width",
    "printed_as",
    "basis",
    "document_id",
    "locator",
    "note",
)
REVIEW_COLUMNS = ("observation_id", "verdict", "evidence", "value", "printed_as", "locator", "reason")
_QUANTITY = ("platform", "metric", "scope", "unit", "period_start", "period_end", "document_id")
_START = 20_000  # characters of a document in which the name of the company is looked for


@dataclass(frozen=True)
class About:
    """What the person says of a document; an empty text is not known. `basis` is that of its amounts of money."""

    platform: str = ""
    kind: str = "company_release"
    title: str = ""
    url: str = ""
    published_on: str = ""
    basis: str = ""


@dataclass(frozen=True)
class Row:
    """A figure of a document: its row of observations.csv, its verdict, and whether the data has it already."""

    fields: Mapping[str, str]
    verdict: Verdict
    is_known: bool


@dataclass(frozen=True)
class Draft:
    """What was made of a document; there is no folder where it has no figure that is new."""

    folder: Path | None
    document_id: str
    rows: tuple[Row, ...]
    unplaced: tuple[Unplaced, ...]
    notes: tuple[str, ...]


def propose(settings: Settings, file: Path, about: About, now: datetime, judge: Judge, *, again: bool = False) -> Draft:
    """Write a draft of the figures of a document that the data has not, with the verdict of a judge on each.

    Raises MendError for a file that cannot be read, a platform that is not sure, a document that was refused before
    or whose draft waits for a decision (`again` makes a new draft), and where no snapshot is published yet.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise MendError(f"{file}: cannot be read ({error.strerror}); fix: correct the path") from error
    content_hash = hashlib.sha256(parts_of(file, data)).hexdigest()
    with locked(settings):
        notes = _decided(settings, content_hash, again=again)
        reading = read(settings.figure_folders, settings.root)
        found, subject, told = _found(file, data, reading, about, settings.home / "taxonomies")
        notes += told
        document = _document(reading, content_hash, file, about)
        name = _name(settings, file, content_hash)
        folder = settings.drafts / name
        rows = {}
        for one in found:
            if isinstance(one, Candidate):
                fields_of = _observation(one, subject, document["document_id"], _basis(one, subject, reading, about))
                rows[fields_of["observation_id"]] = fields_of
        known = {_told(record.fields) for record in reading.records if record.kind == "observation"}
        new = [row for row in rows.values() if _told(row) not in known]
        if not new:
            everything = tuple(Row(row, Verdict("", ""), is_known=True) for row in rows.values())
            unplaced = tuple(one for one in found if isinstance(one, Unplaced))
            return Draft(None, document["document_id"], everything, unplaced, tuple(notes))
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder / DOCUMENTS, DOCUMENT_COLUMNS, [document])
        _write(folder / OBSERVATIONS, OBSERVATION_COLUMNS, new)
        folders = (*settings.figure_folders, folder)
        refused = _set_aside(folders, folder, settings.root)
        if refused:
            new = [row for row in new if row["observation_id"] not in refused]
            _write(folder / OBSERVATIONS, OBSERVATION_COLUMNS, new)
        verdicts = judge(settings, folders, document["document_id"], now)
        listed = [
            Row(row, verdicts.get(key, Verdict("in", "")), is_known=_told(row) in known)
            for key, row in rows.items()
            if key not in refused
        ]
        left = [one for one in found if isinstance(one, Unplaced)]
        left += [
            Unplaced(rows[key]["printed_as"], rows[key]["locator"], reason, "", rows[key]["metric"])
            for key, reason in refused.items()
        ]
        _write(folder / REVIEW, REVIEW_COLUMNS, [_reviewed(row) for row in listed if not row.is_known])
        _write(folder / UNPLACED, [field.name for field in fields(Unplaced)], [asdict(one) for one in left])
        entry = Decision(
            **stamp(now),
            decision=PROPOSED,
            draft=name,
            file=file.name,
            content_hash=content_hash,
            document_id=document["document_id"],
        )
        record(settings, [entry, *(of_figure(entry, row.fields, row.verdict) for row in listed if not row.is_known)])
    return Draft(folder, document["document_id"], tuple(listed), tuple(left), tuple(notes))


def of_figure(entry: Decision, row: Mapping[str, str], verdict: Verdict, reason: str = "") -> Decision:
    """The line of the log on one figure of a draft, from the line on the whole."""
    columns = ("observation_id", "platform", "metric", "scope", "period_start", "period_end", "value", "unit")
    told = {column: row.get(column, "") for column in columns}
    return replace(entry, **told, verdict=verdict.verdict, reason=reason or entry.reason)


def _decided(settings: Settings, content_hash: str, *, again: bool) -> list[str]:
    """What was decided on a document before. Raises MendError where it was refused or waits, unless `again`."""
    earlier = [entry for entry in decisions(settings) if entry.content_hash == content_hash]
    wholes = [entry for entry in earlier if not entry.observation_id]
    if not wholes:
        return []
    last = wholes[-1]
    day = last.decided_at[:10]
    by = f" by {last.who}" if last.who else ""
    words = {
        PROPOSED: f"this document was proposed on {day}{by} as {last.draft}: accept or refuse that draft",
        REFUSED: f"this document was refused on {day}{by}: {last.reason}",
        ACCEPTED: f"this document was accepted on {day}{by} as {last.draft}",
    }[last.decision]
    if last.decision != ACCEPTED and not again:
        raise MendError(f"{words}; --again proposes it anew")
    return [words]


def _name(settings: Settings, file: Path, content_hash: str) -> str:
    """The name of a draft: that of the file, its hash, and a number where a draft of that name is decided already."""
    base = f"{re.sub('[^a-z0-9]+', '-', file.stem.lower()).strip('-')[:40]}-{content_hash[:8]}"
    decided = {entry.draft for entry in decisions(settings) if entry.decision in (ACCEPTED, REFUSED)}
    return next(name for name in (base, *(f"{base}-{n}" for n in range(2, 1000))) if name not in decided)


def _found(
    file: Path, data: bytes, reading: Reading, about: About, packages: Path
) -> tuple[list[Found], Subject, tuple[str, ...]]:
    """The numbers of a document, the platform that it is about, and what is to be said of the whole.

    A report gives its facts and, where it is HTML, also what stands in its text; a fact goes before its own print.
    """
    if not is_report(data):
        passages = read_pages(data)
        subject = subject_of(reading, about.platform or _platform(passages, reading))
        return find(passages, subject), subject, ()
    report = read_report(file, packages)
    ciks = {row.fields["platform"]: row.fields.get("sec_cik", "").lstrip("0") for row in of_kind(reading, "platform")}
    told = Counter(fact.cik for fact in report.facts if fact.cik)
    platform = about.platform or next((name for name, cik in ciks.items() if cik and cik in told), "")
    if not platform:
        raise MendError(
            f"{file.name} is of CIK {', '.join(told) or 'none'}, which no platform has; fix: give --platform"
        )
    subject = subject_of(reading, platform)
    facts = candidates(report, subject, ciks[platform], _concepts(reading, platform))
    texts = find(read_pages(data), subject) if data.lstrip()[:1] == b"<" else []
    tagged = {quantity(one): one for one in facts if isinstance(one, Candidate)}
    prints = [
        one
        for one in texts
        if not (isinstance(one, Candidate) and (fact := tagged.get(quantity(one))) and agrees(one, fact))
    ]
    return without_conflicts([*facts, *prints]), subject, report.notes


def _concepts(reading: Reading, platform: str) -> dict[tuple[str, str], Concept]:
    """The concepts that tell the metrics of a platform: its own, else those of every platform."""
    rows = [entry.fields for entry in of_kind(reading, "edgar_concept")]
    own = {row["metric"] for row in rows if row["platform"] == platform}
    return {
        (row["taxonomy"], row["concept"]): Concept(row["metric"], int(row["priority"]), row["sign"] == "positive")
        for row in rows
        if row["platform"] == platform or (row["platform"] == ANY_PLATFORM and row["metric"] not in own)
    }


def of_kind(reading: Reading, kind: str) -> list[AcceptedRow]:
    """The rows of one of the reference files."""
    return [entry for entry in reading.records if entry.kind == kind]


def subject_of(reading: Reading, platform: str) -> Subject:
    """A platform with its vocabulary, from the reference files. Raises MendError for one that they do not have."""
    rows = {kind: [entry.fields for entry in of_kind(reading, kind)] for kind in ("platform", "metric", "metric_word")}
    own = next((row for row in rows["platform"] if row["platform"] == platform), None)
    if own is None:
        known = ", ".join(sorted(row["platform"] for row in rows["platform"]))
        raise MendError(f"{platform!r} is no platform of the reference files; fix: --platform with one of {known}")
    metrics = {
        row["metric"]: Metric(row["unit"], row["kind"], row.get("period_rule", ""), is_cost(row["metric"], row["kind"]))
        for row in rows["metric"]
    }
    words = {
        row["words"]: Words(row["metric"], row.get("scope", ""), row["words"])
        for wanted in (ANY_PLATFORM, platform)
        for row in rows["metric_word"]
        if row["platform"] == wanted
    }
    return Subject(platform, own["fiscal_year_end"], own["reporting_currency"], metrics, tuple(words.values()))


def _platform(passages: Sequence[Passage], reading: Reading) -> str:
    """The platform whose name the beginning of a document prints most often. Raises MendError where none is sure."""
    text = " ".join(passage.text for passage in passages)[:_START].casefold()
    names: dict[str, set[str]] = {}
    companies = Counter(entry.fields.get("company", "") for entry in reading.records if entry.kind == "platform")
    for row in (entry.fields for entry in reading.records if entry.kind == "platform"):
        own = {row["name"].partition(" (")[0]}
        if (company := row.get("company", "")) and companies[company] == 1:
            own.add(re.split(r",? (?:Inc|Ltd|Limited|Holdings?|Group|SE|plc)\b", company)[0])
        names[row["platform"]] = {name.casefold() for name in own if len(name) > 3}
    counts = Counter({platform: sum(text.count(name) for name in own) for platform, own in names.items()})
    (first, most), (_, next_most) = (*counts.most_common(2), ("", 0), ("", 0))[:2]
    if not most or most == next_most:
        raise MendError("the document does not name one platform more often than the others; fix: give --platform")
    return first


def _document(reading: Reading, content_hash: str, file: Path, about: About) -> dict[str, str]:
    """The row of a document: that of the data where it has one with this address."""
    known = next(
        (e.fields for e in reading.records if e.kind == "document" and about.url and e.fields.get("url") == about.url),
        None,
    )
    if known:
        return {column: known.get(column, "") for column in DOCUMENT_COLUMNS}
    return {
        "document_id": f"doc_{content_hash[:12]}",
        "kind": about.kind,
        "publisher": "",
        "title": about.title or file.name,
        "url": about.url,
        "published_on": about.published_on,
    }


def _basis(one: Candidate, subject: Subject, reading: Reading, about: About) -> str:
    """How the figure is measured: as told, else as most known figures of the platform and metric, else by its unit."""
    if one.unit[:3] not in CURRENCY_CODES:
        return "operating"
    if one.basis or about.basis:
        return one.basis or about.basis
    told = Counter(
        entry.fields["basis"]
        for entry in reading.records
        if entry.kind == "observation"
        and (entry.fields["platform"], entry.fields["metric"]) == (subject.platform, one.metric)
    )
    return told.most_common(1)[0][0] if told else "gaap"


def _observation(one: Candidate, subject: Subject, document: str, basis: str) -> dict[str, str]:
    row = {
        "platform": subject.platform,
        "metric": one.metric,
        "scope": one.scope,
        "period_type": one.period_type,
        "period_start": one.period_start,
        "period_end": one.period_end,
        "value": _plain(one.value),
        "unit": one.unit,
        "qualifier": one.qualifier,
        "rounding_half_width": "" if one.half_width is None else _plain(one.half_width),
        "printed_as": one.printed_as,
        "basis": basis,
        "document_id": document,
        "locator": one.locator,
        "note": one.note,
    }
    return {"observation_id": identified(row), **row}


def _plain(number: Decimal) -> str:
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _told(row: Mapping[str, str]) -> tuple[str, ...]:
    """What a row says: the quantity, the document and the value. A figure that the data has says the same."""
    return *(row.get(column, "") for column in _QUANTITY), _plain(Decimal(row["value"]))


def _set_aside(folders: Sequence[Path], folder: Path, root: Path) -> dict[str, str]:
    """The rows of a draft that a refresh would set aside, by observation, with the reason."""
    reading = read(folders, root)
    place = (folder / OBSERVATIONS).as_posix()
    return {
        next(csv.reader([reject.raw_text]))[0]: f"would be set aside: {reject.reason}"
        for reject in reading.rejects
        if reject.file == place
    }


def _reviewed(row: Row) -> dict[str, str]:
    told = {column: row.fields[column] for column in ("observation_id", "value", "printed_as", "locator")}
    return told | asdict(row.verdict) | {"reason": ""}


def _write(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> None:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_whole(path, text.getvalue().encode())
