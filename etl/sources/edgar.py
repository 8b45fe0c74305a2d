"""SEC EDGAR: which reports an issuer has filed, and the facts that its filings carry in XBRL.

https://data.sec.gov publishes, for each issuer by its CIK, `submissions` (the list of filings, by columns;
older ones on further pages) and `companyfacts` (every fact of every filing). Neither says whether it has
changed, so the small list is asked for and the large body fetched only when the list names a filing
that we have no facts of. What goes wrong: the CIK is a number in some bodies and a padded string in others;
a filing is listed before its facts appear; most filings carry no facts of use; columns of different
lengths would pair a form with another filing's date.

Amounts, periods and concepts are not read here: a body is kept as it came.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from etl.sources import SourceError
from etl.sources.edgar_http import (
    AgentError,
    Answer,
    BlockedError,
    Client,
    Clock,
    ContentError,
    Limiter,
    MissingError,
    UnavailableError,
)

__all__ = [
    "FORMS",
    "AgentError",
    "Answer",
    "BlockedError",
    "Client",
    "Clock",
    "ContentError",
    "FiledFacts",
    "Filing",
    "Limiter",
    "MissingError",
    "Page",
    "SourceError",
    "Submissions",
    "UnavailableError",
    "companyfacts",
    "facts_by_accession",
    "read_filings",
    "submissions",
    "submissions_page",
]

# Annual, quarterly and interim reports, their transition forms and amendments. Other forms (prospectuses,
# proxy statements) carry facts too, without a fiscal year and partly of other companies.
FORMS = frozenset(
    form + amended
    for form in ("10-K", "10-KT", "10-Q", "10-QT", "20-F", "20-FT", "40-F", "40-FT", "6-K")
    for amended in ("", "/A")
)
_COLUMNS = (
    "accessionNumber",
    "form",
    "filingDate",
    "acceptanceDateTime",
    "reportDate",
    "isXBRL",
    "primaryDocument",
)
_PAGE = re.compile(r"CIK\d{10}-submissions-\d+\.json")
_ACCESSION = re.compile(r"\d{10}-\d{2}-\d{6}")


@dataclass(frozen=True)
class Filing:
    """A filed report as listed. `filing_date` is the SEC's day, `accepted_at` in UTC (None: not listed)."""

    accession: str
    form: str
    filing_date: date
    accepted_at: datetime | None
    report_date: date | None
    is_xbrl: bool
    primary_document: str


@dataclass(frozen=True)
class Page:
    """A further page of older filings; `listed` changes when its content does."""

    name: str
    listed: str


@dataclass(frozen=True)
class Submissions:
    """An issuer's name, its newest reports and where the older ones are listed."""

    entity: str
    filings: tuple[Filing, ...]
    pages: tuple[Page, ...]


@dataclass(frozen=True)
class FiledFacts:
    """What a body has of one accession: number of facts, and a hash over identity and value of each."""

    count: int
    facts_hash: str


def submissions(client: Client, cik: int) -> tuple[Answer, Submissions]:
    """The issuer's list of filings. Raises what Client.get does, ContentError for an unreadable list."""
    path = f"/submissions/CIK{cik:010d}.json"
    answer = client.get(path)
    _check_cik(answer.document, cik, path)
    filings = _member(answer.document, "filings", dict, path)
    pages = []
    for entry in _member(filings, "files", list, path):
        if not isinstance(entry, dict) or not _PAGE.fullmatch(str(entry.get("name"))):
            raise ContentError(f"{path}: {entry!r} names no further page of filings")
        listed = f"{entry.get('filingCount')} filings to {entry.get('filingTo')}"
        pages.append(Page(entry["name"], listed))
    newest = read_filings(_member(filings, "recent", dict, path), path)
    return answer, Submissions(str(answer.document.get("name", "")), newest, tuple(pages))


def submissions_page(client: Client, page: Page) -> tuple[Answer, tuple[Filing, ...]]:
    """The reports on a further page. Raises what Client.get does, ContentError for an unreadable list."""
    path = f"/submissions/{page.name}"
    answer = client.get(path)
    return answer, read_filings(answer.document, path)


def companyfacts(client: Client, cik: int) -> tuple[Answer, dict[str, FiledFacts]]:
    """All facts of the issuer, and what there is of each accession. Raises what Client.get does.

    MissingError means that the issuer has never filed a fact; ContentError, that the body is no such body
    or another issuer's.
    """
    path = f"/api/xbrl/companyfacts/CIK{cik:010d}.json"
    answer = client.get(path)
    return answer, facts_by_accession(answer.document, cik, path)


def read_filings(columns: Mapping[str, Any], place: str) -> tuple[Filing, ...]:
    """The filings among `columns` whose form is one of FORMS.

    Raises ContentError for a missing column, for columns of different lengths, and for a value that
    is not what its column holds.
    """
    lists = [_member(columns, name, list, place) for name in _COLUMNS]
    if len({len(values) for values in lists}) != 1:
        lengths = {name: len(values) for name, values in zip(_COLUMNS, lists, strict=True)}
        raise ContentError(f"{place}: columns of different lengths pair no filing: {lengths}")
    return tuple(_filing(row, place) for row in zip(*lists, strict=True) if row[1] in FORMS)


def facts_by_accession(document: Mapping[str, Any], cik: int, place: str) -> dict[str, FiledFacts]:
    """What a companyfacts body has of each accession. Raises ContentError for another kind of body.

    The hash leaves out fy, fp, form and frame, which describe the newest filing and wander from one
    accession to the next.
    """
    _check_cik(document, cik, place)
    facts: dict[str, list[str]] = {}
    try:
        for taxonomy, concepts in document["facts"].items():
            for concept, described in concepts.items():
                for unit, values in described["units"].items():
                    for v in values:
                        fact = (taxonomy, concept, unit, v.get("start"), v["end"], v["val"], v.get("filed"))
                        facts.setdefault(v["accn"], []).append(repr(fact))
    except (AttributeError, KeyError, TypeError) as error:
        raise ContentError(f"{place}: no body of facts ({type(error).__name__}: {error})") from error
    return {
        accession: FiledFacts(len(filed), hashlib.sha256("\n".join(sorted(filed)).encode()).hexdigest())
        for accession, filed in facts.items()
    }


def _filing(row: tuple[Any, ...], place: str) -> Filing:
    accession, form, filed, accepted, reported, is_xbrl, primary = row
    try:
        if not _ACCESSION.fullmatch(accession):
            raise ValueError(f"{accession!r} is no accession number")
        return Filing(
            accession=accession,
            form=form,
            filing_date=date.fromisoformat(filed),
            accepted_at=_utc(accepted) if accepted else None,
            report_date=date.fromisoformat(reported) if reported else None,
            is_xbrl=bool(int(is_xbrl or 0)),
            primary_document=str(primary or ""),
        )
    except (TypeError, ValueError) as error:
        raise ContentError(f"{place}: filing {accession} cannot be read: {error}") from error


def _utc(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _check_cik(document: Mapping[str, Any], cik: int, place: str) -> None:
    """Raise ContentError unless the body is that of `cik`, given as a number or as a padded string."""
    found = document.get("cik")
    if not str(found).isdigit() or int(str(found)) != cik:
        raise ContentError(f"{place}: the body is of CIK {found!r}, asked for was {cik}")


def _member(holder: Mapping[str, Any], name: str, kind: type[Any], place: str) -> Any:
    value = holder.get(name)
    if not isinstance(value, kind):
        raise ContentError(f"{place}: {name} is missing or no {kind.__name__}; the format has changed")
    return value
