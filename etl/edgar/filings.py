"""SEC EDGAR: which reports an issuer has filed, and the facts that its filings carry in XBRL.

https://data.sec.gov publishes, for each issuer by its CIK, `submissions` (the list of filings, by columns; older ones
on further pages) and `companyfacts` (every fact of every filing). Neither says whether it has changed, so the small
list is requested each time, and the large body only when a listed report with XBRL has no facts here: one request an
issuer when nothing is new. A report can be listed before its facts are served: it is pending_at_source and requested
again after an hour, then two, four ...; after thirty days it counts as having none. Bodies are kept as they came;
amounts, periods and concepts are read in etl.edgar.facts.

What goes wrong: the CIK is a number in some bodies and a padded string in others; most filings carry no facts of use;
columns of different lengths would pair a form with another filing's date. When EDGAR blocks or does not answer, the
refresh goes on with the figures that were loaded, marked stale in audit.source_status. A refused agent stops the
refresh, because it stays refused until someone corrects it.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from etl.bounds import EDGAR_SECONDS, LONGEST_WAIT
from etl.config import Settings
from etl.edgar.client import BlockedError, Client, ContentError, Response, UnavailableError, UnknownIssuerError
from etl.edgar.store import store_body
from etl.ledger import Ledger, Status
from etl.warehouse import Connection, count, prepared

SOURCE = "edgar"
OFF = (
    "SEC_USER_AGENT is not set: no filings were read, only figures loaded earlier are used. "
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
_COLUMNS = ("accessionNumber", "form", "filingDate", "acceptanceDateTime", "reportDate", "isXBRL", "primaryDocument")
_PAGE = re.compile(r"CIK[0-9]{10}-submissions-[0-9]{1,9}\.json")
_ACCESSION = re.compile(r"[0-9]{10}-[0-9]{2}-[0-9]{6}")
_CIK = re.compile(r"[0-9]{1,10}")

OpenClient = Callable[[str | None, str], Client]
Filing = dict[str, Any]
"""A filed report as listed, by the columns of raw.edgar_filing."""


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

    Raises the errors of etl.edgar.client; what was written until then is correct, and the next poll continues there.
    """

    def keep(kind: str, answer: Response, part: str = "") -> str:
        return store_body(con, settings, kind, cik, answer.body, headers=answer.headers, now=now, part=part)

    asked, path = client.requests, f"/submissions/CIK{cik:010d}.json"
    listing = client.get(path)
    if listing is None:
        raise UnknownIssuerError(f"EDGAR has no filings of CIK {cik}: correct the number")
    _check_cik(listing.document, cik, path)
    filings = _member(listing.document, "filings", dict, path)
    pages = _pages(filings, path)
    newest = read_filings(_member(filings, "recent", dict, path), path)
    keep("submissions", listing)
    listed = _record_filings(con, cik, newest, now)
    stored = "select part from raw.edgar_body where kind = 'submissions_page' and cik = ?"
    known = con.execute(stored, [cik]).fetchall()
    for part in [part for part in pages if (part,) not in known]:
        path = f"/submissions/{pages[part]}"
        page = client.get(path)
        if page is None:
            raise ContentError(f"{path}: listed, but EDGAR has no such file (404)")
        listed += _record_filings(con, cik, read_filings(page.document, path), now)
        keep("submissions_page", page, part)
    loaded = changed = 0
    if _is_due(con, cik, now) or _is_lost(con, settings, cik):
        path = f"/api/xbrl/companyfacts/CIK{cik:010d}.json"
        body = client.get(path)  # None when the issuer has never filed a fact
        facts = facts_by_accession(body.document, cik, path) if body else []
        if body and not facts and count(con, f"select count(*) from raw.edgar_fact where cik = {cik}"):
            raise ContentError(f"{path}: a body without facts, although it had some: those stay")
        loaded, changed = _record_facts(con, cik, facts, keep("companyfacts", body) if body else "", now)
    waiting = "select count(*) from raw.edgar_filing where cik = $cik and status = 'pending_at_source'"
    return IssuerPoll(
        cik=cik,
        entity=_text(listing.document.get("name", "")),
        requests=client.requests - asked,
        listed=listed,
        loaded=loaded,
        changed=changed,
        pending=count(con, waiting, {"cik": cik}),
    )


def _pages(filings: Mapping[str, Any], place: str) -> dict[str, str]:
    """The names of the pages of older filings, by a text that changes when their content does."""
    pages = {}
    for entry in _member(filings, "files", list, place):
        if not isinstance(entry, dict) or not _PAGE.fullmatch(str(entry.get("name"))):
            raise ContentError(f"{place}: {_text(entry)} names no further page of filings")
        pages[f"{entry['name']}: {entry.get('filingCount')} filings to {entry.get('filingTo')}"] = str(entry["name"])
    return pages


def read_filings(columns: Mapping[str, Any], place: str) -> list[Filing]:
    """The filings among `columns` whose form is one of FORMS.

    `filing_date` is the SEC's day, `accepted_at` in UTC (None: not listed). Raises ContentError for a missing column,
    for columns of different lengths, and for a value that is not what its column holds.
    """
    lists = [_member(columns, name, list, place) for name in _COLUMNS]
    if len({len(values) for values in lists}) != 1:
        lengths = {name: len(values) for name, values in zip(_COLUMNS, lists, strict=True)}
        raise ContentError(f"{place}: columns of different lengths pair no filing: {lengths}")
    return [
        _filing(row, place) for row in zip(*lists, strict=True) if not isinstance(row[1], str | None) or row[1] in FORMS
    ]


def facts_by_accession(document: Mapping[str, Any], cik: int, place: str) -> list[dict[str, Any]]:
    """Per accession of a companyfacts body: count of facts, and a hash over identity and value of each (facts_hash).

    The hash leaves out fy, fp, form and frame, which describe the newest filing and move from one accession to the
    next. Facts without an accession number are left out. Raises ContentError for another kind of body.
    """
    facts: dict[str, list[str]] = {}
    if not document.get("facts"):
        return []  # an issuer that has filed none
    _check_cik(document, cik, place)
    try:
        for taxonomy, concepts in document["facts"].items():
            for concept, described in concepts.items():
                for unit, values in described["units"].items():
                    for v in values:
                        if isinstance(v.get("accn"), str) and _ACCESSION.fullmatch(v["accn"]):
                            fact = (taxonomy, concept, unit, *map(v.get, ("start", "end", "val", "filed")))
                            facts.setdefault(v["accn"], []).append(repr(fact))
    except (AttributeError, KeyError, TypeError) as error:
        raise ContentError(f"{place}: no body of facts ({type(error).__name__}: {error})") from error
    hashes = {accn: hashlib.sha256("\n".join(sorted(filed)).encode()).hexdigest() for accn, filed in facts.items()}
    return [{"accession": accn, "count": len(filed), "facts_hash": hashes[accn]} for accn, filed in facts.items()]


def _filing(row: tuple[Any, ...], place: str) -> Filing:
    accession, form, filed, accepted, reported, is_xbrl, primary = row
    try:
        if not _ACCESSION.fullmatch(accession):
            raise ValueError(f"{accession!r} is no accession number")
        if not isinstance(form, str):
            raise TypeError(f"{form!r} is no form")
        moment = datetime.fromisoformat(accepted) if accepted else None
        if moment is not None:
            moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        return {
            "accession": accession,
            "form": form,
            "filing_date": date.fromisoformat(filed),
            "accepted_at": moment,
            "report_date": date.fromisoformat(reported) if reported else None,
            "is_xbrl": bool(int(is_xbrl or 0)),
            "primary_document": _text(primary or ""),
        }
    except (TypeError, ValueError, OverflowError) as error:
        raise ContentError(f"{place}: filing {_text(accession)} cannot be read: {_text(error)}") from error


def _text(value: Any) -> str:
    """A text that a database takes: JSON may hold half a character."""
    return str(value).encode("utf-8", "replace").decode()[:400]


def _check_cik(document: Mapping[str, Any], cik: int, place: str) -> None:
    """Raise ContentError unless the body is that of `cik`, given as a number or as a padded string."""
    found = document.get("cik")
    if not _CIK.fullmatch(str(found)) or int(str(found)) != cik:
        raise ContentError(f"{place}: the body is of CIK {_text(found)}, asked for was {cik}")


def _member(holder: Mapping[str, Any], name: str, kind: type[Any], place: str) -> Any:
    value = holder.get(name)
    if not isinstance(value, kind):
        raise ContentError(f"{place}: {name} is missing or no {kind.__name__}; the format has changed")
    return value


def _record_filings(con: Connection, cik: int, filings: Iterable[Filing], now: datetime) -> int:
    """Add what is newly listed, correct what is listed otherwise than before; returns how many are new."""
    listed = list({filing["accession"]: filing for filing in filings}.values())
    actions = con.execute(prepared("edgar_listed"), {"cik": cik, "now": now, "rows": listed}).fetchall()
    return actions.count(("INSERT",))


def _is_due(con: Connection, cik: int, now: datetime) -> bool:
    """Whether a listed report has no facts yet and it is time to ask for them."""
    pending = con.execute(
        """select first_seen_at, looked_at from raw.edgar_filing
        where cik = ? and status = 'pending_at_source'""",
        [cik],
    ).fetchall()
    known = now.astimezone(UTC).replace(tzinfo=None)
    return any(looked is None or known - looked >= max(PATIENCE, looked - seen) for seen, looked in pending)


def _is_lost(con: Connection, settings: Settings, cik: int) -> bool:
    """Whether somebody removed the newest body with facts, so that it has to be fetched again."""
    newest = con.execute(
        "select path from raw.edgar_body where kind = 'companyfacts' and cik = ? order by fetched_at desc limit 1",
        [cik],
    ).fetchall()
    return any(not (settings.home / path).exists() for (path,) in newest)


def _record_facts(
    con: Connection, cik: int, facts: list[dict[str, Any]], content_hash: str, now: datetime
) -> tuple[int, int]:
    """Note which filings have their facts in the body; how many have them newly, and how many have others."""
    # Facts that are gone have changed too; then the filing keeps the body that last had them.
    con.execute(prepared("edgar_found"), {"cik": cik, "served": facts})
    values = {"day": (now - GIVE_UP).date(), "hash": content_hash, "now": now}
    con.execute(prepared("edgar_facts_found"), values)
    loaded, changed = (count(con, f"select count(*) from found where {kind}") for kind in ("is_new", "is_changed"))
    con.execute("drop table found")
    return loaded, changed


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
    """Poll EDGAR for every platform with a CIK, in the caller's transaction, and record how it answered.

    Raises AgentError for a SEC_USER_AGENT that is malformed or that EDGAR does not accept.
    """
    found, ledger, until = EdgarPoll(), Ledger(con, SOURCE), None
    if settings.sec_user_agent is None:
        found.status, found.reason = "off", OFF
    elif (blocked := ledger.blocked(now)) and blocked[0] <= now + LONGEST_WAIT:
        found.status, (until, found.reason) = "stale", blocked
    else:
        problems: list[Exception] = []
        with open_client(settings.sec_user_agent, settings.sec_base_url) as client:
            client.until = time.monotonic() + EDGAR_SECONDS
            try:
                polls = poll_each(platform_ciks(con), lambda cik: poll_issuer(con, settings, client, cik, now))
                for _, answer in polls:
                    if isinstance(answer, IssuerPoll):
                        found.issuers.append(answer)
                    else:
                        problems.append(answer)
            except (BlockedError, UnavailableError) as error:
                problems.append(error)
                until = error.until if isinstance(error, BlockedError) else None
            found.requests = client.requests
        if problems:
            found.status, found.reason = "stale", "; ".join(map(str, problems))
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
    got no proper answer: no further request may be made then.
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
