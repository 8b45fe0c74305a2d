"""SEC EDGAR: which reports an issuer has filed, and the facts that its filings carry in XBRL.

https://data.sec.gov publishes, for each issuer by its CIK, `submissions` (the list of filings, by columns;
older ones on further pages) and `companyfacts` (every fact of every filing). Neither says whether it has
changed, so the small list is asked for, and the large body only when a listed report with XBRL has no facts
here: one request an issuer when nothing is new. A report can be listed before its facts are served: it is
pending_at_source and asked for again after an hour, then two, four ...; after thirty days it counts as having
none. Bodies are kept as they came; amounts, periods and concepts are read in etl.edgar.facts.

What goes wrong: the CIK is a number in some bodies and a padded string in others; most filings carry no facts
of use; columns of different lengths would pair a form with another filing's date. A blocked or silent EDGAR
stops no refresh: the figures that were loaded are served on, marked stale in audit.source_status. A refused
agent does stop it, because it stays refused until someone sets it right.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from etl.config import Settings
from etl.edgar.client import (
    BlockedError,
    Client,
    ContentError,
    Response,
    UnavailableError,
    UnknownIssuerError,
)
from etl.edgar.store import store_body
from etl.ledger import Ledger, Status
from etl.warehouse import Connection, count

SOURCE = "edgar"
OFF = (
    "SEC_USER_AGENT is not set: no filing was read, the figures loaded before are served alone. "
    'Set it to "name e-mail" in .env, as the SEC demands, and refresh again'
)
PATIENCE = timedelta(hours=1)
GIVE_UP = timedelta(days=30)
# After this many issuers in a row without a proper answer, the fault is EDGAR's and not the issuers'.
MOST_FAULTS_IN_A_ROW = 3
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

OpenClient = Callable[[str | None, str], Client]


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


def submissions(client: Client, cik: int) -> tuple[Response, Submissions]:
    """The issuer's list of filings.

    Raises what Client.get does, UnknownIssuerError, and ContentError for an unreadable list.
    """
    path = f"/submissions/CIK{cik:010d}.json"
    answer = client.get(path)
    if answer is None:
        raise UnknownIssuerError(f"EDGAR has no filings of CIK {cik}: correct the number")
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


def submissions_page(client: Client, page: Page) -> tuple[Response, tuple[Filing, ...]]:
    """The reports on a further page. Raises what Client.get does, ContentError for an unreadable list."""
    path = f"/submissions/{page.name}"
    answer = client.get(path)
    if answer is None:
        raise ContentError(f"{path}: listed, but EDGAR has no such file (404)")
    return answer, read_filings(answer.document, path)


def companyfacts(client: Client, cik: int) -> tuple[Response | None, dict[str, FiledFacts]]:
    """All facts of the issuer, and what there is of each accession; None when it has never filed a fact.

    Raises what Client.get does, and ContentError when the body is none of companyfacts or another issuer's.
    """
    path = f"/api/xbrl/companyfacts/CIK{cik:010d}.json"
    answer = client.get(path)
    return answer, facts_by_accession(answer.document, cik, path) if answer else {}


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


@dataclass(frozen=True)
class IssuerPoll:
    """What became of polling one issuer; counts are of filings.

    `listed` are new in the list, `loaded` those whose facts are new here, `changed` those of which
    EDGAR now serves other facts than before, `pending` those without theirs yet.
    """

    cik: int
    entity: str
    requests: int
    listed: int
    loaded: int
    changed: int
    pending: int


def poll_issuer(con: Connection, settings: Settings, client: Client, cik: int, now: datetime) -> IssuerPoll:
    """Bring raw.edgar_filing and raw.edgar_body up to date for one issuer, in the caller's transaction.

    Raises the errors of etl.edgar.client; what was written until then is true, and the next poll goes on
    from it.
    """
    asked = client.requests
    answer, listing = submissions(client, cik)
    _store(con, settings, cik, answer, now, kind="submissions")
    listed = _record_filings(con, cik, listing.filings, now)
    for page in listing.pages:
        part = f"{page.name}: {page.listed}"
        if not _is_stored(con, cik, part):
            answer, filings = submissions_page(client, page)
            listed += _record_filings(con, cik, filings, now)
            _store(con, settings, cik, answer, now, kind="submissions_page", part=part)
    loaded = changed = 0
    if _is_due(con, cik, now):
        found, facts = companyfacts(client, cik)
        content_hash = _store(con, settings, cik, found, now, kind="companyfacts") if found else ""
        loaded, changed = _record_facts(con, cik, facts, content_hash, now)
    return IssuerPoll(
        cik=cik,
        entity=listing.entity,
        requests=client.requests - asked,
        listed=listed,
        loaded=loaded,
        changed=changed,
        pending=_count_filings(con, "status = 'pending_at_source'", cik),
    )


def _store(
    con: Connection, settings: Settings, cik: int, answer: Response, now: datetime, *, kind: str, part: str = ""
) -> str:
    return store_body(con, settings, kind, cik, answer.body, headers=answer.headers, now=now, part=part)


def _is_stored(con: Connection, cik: int, part: str) -> bool:
    where = "kind = 'submissions_page' and cik = ? and part = ?"
    return bool(con.execute(f"select 1 from raw.edgar_body where {where}", [cik, part]).fetchall())


def _record_filings(con: Connection, cik: int, filings: Iterable[Filing], now: datetime) -> int:
    """Add what is newly listed, correct what is listed otherwise than before; returns how many are new."""
    rows = list({filing.accession: filing for filing in filings}.values())
    con.execute(
        """create or replace temp table listed as
        select unnest($accession::varchar[]) as accession, unnest($form::varchar[]) as form,
            unnest($filed::date[]) as filing_date, unnest($accepted::timestamptz[]) as accepted_at,
            unnest($reported::date[]) as report_date, unnest($xbrl::boolean[]) as is_xbrl,
            unnest($document::varchar[]) as primary_document""",
        {
            "accession": [f.accession for f in rows],
            "form": [f.form for f in rows],
            "filed": [f.filing_date for f in rows],
            "accepted": [f.accepted_at for f in rows],
            "reported": [f.report_date for f in rows],
            "xbrl": [f.is_xbrl for f in rows],
            "document": [f.primary_document for f in rows],
        },
    )
    con.execute(
        """update raw.edgar_filing as f set form = l.form, filing_date = l.filing_date,
            accepted_at = l.accepted_at, report_date = l.report_date, primary_document = l.primary_document,
            status = if(l.is_xbrl and not f.is_xbrl and f.status = 'no_facts', 'pending_at_source', f.status),
            is_xbrl = l.is_xbrl
        from listed as l where f.cik = $cik and f.accession = l.accession and (
            f.form, f.filing_date, f.accepted_at, f.report_date, f.primary_document, f.is_xbrl)
            is distinct from (
            l.form, l.filing_date, l.accepted_at, l.report_date, l.primary_document, l.is_xbrl)""",
        {"cik": cik},
    )
    new = count(
        con,
        """insert into raw.edgar_filing by name
        select $cik as cik, l.*, $now as first_seen_at,
            if(l.is_xbrl, 'pending_at_source', 'no_facts') as status
        from listed as l anti join raw.edgar_filing as f on f.cik = $cik and f.accession = l.accession
        order by l.accepted_at, l.accession""",
        {"cik": cik, "now": now},
    )
    con.execute("drop table listed")
    return new


def _is_due(con: Connection, cik: int, now: datetime) -> bool:
    """Whether a listed report has no facts yet and it is time to ask for them."""
    pending = con.execute(
        """select first_seen_at, looked_at from raw.edgar_filing
        where cik = ? and status = 'pending_at_source'""",
        [cik],
    ).fetchall()
    return any(looked is None or now - looked >= max(PATIENCE, looked - seen) for seen, looked in pending)


def _record_facts(
    con: Connection, cik: int, facts: dict[str, FiledFacts], content_hash: str, now: datetime
) -> tuple[int, int]:
    """Note which filings have their facts in the body; how many have them newly, and how many have others."""
    con.execute(
        """create or replace temp table served as
        select unnest($accession::varchar[]) as accession, unnest($count::bigint[]) as fact_count,
            unnest($hash::varchar[]) as facts_hash""",
        {
            "accession": list(facts),
            "count": [f.count for f in facts.values()],
            "hash": [f.facts_hash for f in facts.values()],
        },
    )
    # Facts that are gone have changed too; then the filing keeps the body that last had them.
    changed = """f.status = 'facts_loaded' and not exists (
        select 1 from served as s where s.accession = f.accession and s.facts_hash = f.facts_hash)"""
    values = {"cik": cik, "now": now}
    before = _count_filings(con, "status = 'facts_loaded'", cik)
    others = count(
        con, f"update raw.edgar_filing as f set facts_changed_at = $now where f.cik = $cik and {changed}", values
    )
    con.execute(
        """update raw.edgar_filing as f set status = 'facts_loaded', fact_count = s.fact_count,
            facts_hash = s.facts_hash, content_hash = $hash
        from served as s where f.cik = $cik and f.accession = s.accession""",
        {"cik": cik, "hash": content_hash},
    )
    con.execute("update raw.edgar_filing as f set looked_at = $now where f.cik = $cik and f.is_xbrl", values)
    con.execute(
        """update raw.edgar_filing as f set status = 'no_facts'
        where f.cik = $cik and f.status = 'pending_at_source' and f.filing_date < $day""",
        {"cik": cik, "day": (now - GIVE_UP).date()},
    )
    con.execute("drop table served")
    return _count_filings(con, "status = 'facts_loaded'", cik) - before, others


def _count_filings(con: Connection, where: str, cik: int) -> int:
    return count(con, f"select count(*) from raw.edgar_filing where cik = $cik and {where}", {"cik": cik})


@dataclass
class EdgarPoll:
    """What became of a poll: an entry for each issuer that answered, and why the others did not.

    `changed` says whether tables downstream may differ from before.
    """

    status: Status = "current"
    reason: str = ""
    issuers: list[IssuerPoll] = field(default_factory=list)
    requests: int = 0
    changed: bool = False


def refresh_edgar(con: Connection, settings: Settings, now: datetime, open_client: OpenClient = Client) -> EdgarPoll:
    """Poll EDGAR for every platform with a CIK, in the caller's transaction, and note how it answered.

    Raises AgentError for a SEC_USER_AGENT that is malformed or that EDGAR does not accept.
    """
    found = EdgarPoll()
    ledger = Ledger(con, SOURCE)
    until = None
    if settings.sec_user_agent is None:
        found.status, found.reason = "off", OFF
    elif blocked := ledger.blocked(now):
        found.status, (until, found.reason) = "stale", blocked
    else:
        with open_client(settings.sec_user_agent, settings.sec_base_url) as client:
            until = _poll_all(con, settings, client, now, found)
            found.requests = client.requests
    differs = ledger.set_status(found.status, found.reason, now, not_before=until)
    found.changed = differs or any(issuer.loaded or issuer.changed for issuer in found.issuers)
    return found


def platform_ciks(con: Connection) -> list[int]:
    """The CIKs of all platforms that have one, ascending. Source: sec_cik in platforms.csv."""
    rows = con.execute(
        """select distinct fields['sec_cik']::bigint from raw.reference_row
        where kind = 'platform' and superseded_at is null and fields['sec_cik'] <> '' order by 1"""
    ).fetchall()
    return [row[0] for row in rows]


def poll_each(ciks: Iterable[int], poll: Callable[[int], IssuerPoll]) -> Iterator[tuple[int, IssuerPoll | Exception]]:
    """Poll issuer after issuer; one that fails is yielded with its error, and the others go on.

    Raises BlockedError and AgentError as they come, and UnavailableError where several issuers in a row
    got no proper answer: nobody must be asked any more then.
    """
    in_a_row = 0
    for cik in ciks:
        try:
            yield cik, poll(cik)
            in_a_row = 0
        except (UnknownIssuerError, ContentError, UnavailableError) as error:
            in_a_row += not isinstance(error, UnknownIssuerError)
            if in_a_row == MOST_FAULTS_IN_A_ROW:
                raise UnavailableError(f"{in_a_row} issuers in a row got no answer; the last: {error}") from error
            yield cik, error


def _poll_all(con: Connection, settings: Settings, client: Client, now: datetime, found: EdgarPoll) -> datetime | None:
    """Fill `found`; returns until when EDGAR wants no request, if it blocks."""
    problems: list[str] = []
    until = None
    try:
        ciks = platform_ciks(con)
        for _, answer in poll_each(ciks, lambda cik: poll_issuer(con, settings, client, cik, now)):
            if isinstance(answer, IssuerPoll):
                found.issuers.append(answer)
            else:
                problems.append(str(answer))
    except BlockedError as error:
        problems.append(str(error))
        until = error.until
    except UnavailableError as error:
        problems.append(str(error))
    if problems:
        found.status, found.reason = "stale", "; ".join(problems)
    return until
