"""Which filings are new at EDGAR, and the bodies with their facts: one request an issuer when nothing is.

The list of filings is asked for; older pages of it are read once; companyfacts is fetched only when a
listed report with XBRL has no facts here. A report can be listed before its facts are served: it waits
as pending_at_source and is asked for again after an hour, then two, four ...; after thirty days
EDGAR is taken at its word that it has none.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from etl.config import Settings
from etl.edgar import store_body
from etl.sources import edgar
from etl.sources.edgar import Answer, Client, FiledFacts, Filing
from etl.warehouse import Connection

PATIENCE = timedelta(hours=1)
GIVE_UP = timedelta(days=30)


@dataclass(frozen=True)
class IssuerPoll:
    """What came of asking about one issuer; counts are of filings.

    `listed` are new in the list, `loaded` those whose facts are new here, `changed` those of which
    EDGAR now serves other facts than before, `pending` those still waiting for theirs.
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

    Raises the errors of etl.sources.edgar; what was written until then is true, and the next poll
    goes on from it.
    """
    asked = client.requests
    answer, list_of = edgar.submissions(client, cik)
    _store(con, settings, cik, answer, now, kind="submissions")
    listed = _list(con, cik, list_of.filings, now)
    for page in list_of.pages:
        part = f"{page.name}: {page.listed}"
        if not _known(con, cik, part):
            answer, filings = edgar.submissions_page(client, page)
            listed += _list(con, cik, filings, now)
            _store(con, settings, cik, answer, now, kind="submissions_page", part=part)
    loaded = changed = 0
    if _due(con, cik, now):
        try:
            answer, facts = edgar.companyfacts(client, cik)
            content_hash = _store(con, settings, cik, answer, now, kind="companyfacts")
        except edgar.MissingError:  # an issuer without a single fact has no such file
            content_hash, facts = "", {}
        loaded, changed = _note_facts(con, cik, facts, content_hash, now)
    pending = _count(con, "status = 'pending_at_source'", cik)
    return IssuerPoll(cik, list_of.entity, client.requests - asked, listed, loaded, changed, pending)


def _store(
    con: Connection, settings: Settings, cik: int, answer: Answer, now: datetime, *, kind: str, part: str = ""
) -> str:
    return store_body(con, settings, kind, cik, answer.body, headers=answer.headers, now=now, part=part)


def _known(con: Connection, cik: int, part: str) -> bool:
    where = "kind = 'submissions_page' and cik = ? and part = ?"
    return bool(con.execute(f"select 1 from raw.edgar_body where {where}", [cik, part]).fetchall())


def _list(con: Connection, cik: int, filings: Iterable[Filing], now: datetime) -> int:
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
    here = {"cik": cik}
    con.execute(
        """update raw.edgar_filing as f set form = l.form, filing_date = l.filing_date,
            accepted_at = l.accepted_at, report_date = l.report_date, primary_document = l.primary_document,
            status = if(l.is_xbrl and not f.is_xbrl and f.status = 'no_facts', 'pending_at_source', f.status),
            is_xbrl = l.is_xbrl
        from listed as l where f.cik = $cik and f.accession = l.accession and (
            f.form, f.filing_date, f.accepted_at, f.report_date, f.primary_document, f.is_xbrl)
            is distinct from (
            l.form, l.filing_date, l.accepted_at, l.report_date, l.primary_document, l.is_xbrl)""",
        here,
    )
    new = con.execute(
        """insert into raw.edgar_filing by name
        select $cik as cik, l.*, $now as first_seen_at,
            if(l.is_xbrl, 'pending_at_source', 'no_facts') as status
        from listed as l anti join raw.edgar_filing as f on f.cik = $cik and f.accession = l.accession
        order by l.accepted_at, l.accession""",
        {**here, "now": now},
    ).fetchall()
    con.execute("drop table listed")
    return int(new[0][0])


def _due(con: Connection, cik: int, now: datetime) -> bool:
    """Whether a listed report waits for facts and it is time to ask for them."""
    waiting = con.execute(
        """select first_seen_at, looked_at from raw.edgar_filing
        where cik = ? and status = 'pending_at_source'""",
        [cik],
    ).fetchall()
    return any(looked is None or now - looked >= max(PATIENCE, looked - seen) for seen, looked in waiting)


def _note_facts(
    con: Connection, cik: int, facts: dict[str, FiledFacts], content_hash: str, now: datetime
) -> tuple[int, int]:
    """Note which filings have their facts in the body; returns how many got them, and how many others."""
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
    here = {"cik": cik, "now": now}
    was = _count(con, "status = 'facts_loaded'", cik)
    others = con.execute(
        f"update raw.edgar_filing as f set facts_changed_at = $now where f.cik = $cik and {changed}", here
    ).fetchall()
    con.execute(
        """update raw.edgar_filing as f set status = 'facts_loaded', fact_count = s.fact_count,
            facts_hash = s.facts_hash, content_hash = $hash
        from served as s where f.cik = $cik and f.accession = s.accession""",
        {"cik": cik, "hash": content_hash},
    )
    con.execute("update raw.edgar_filing as f set looked_at = $now where f.cik = $cik and f.is_xbrl", here)
    con.execute(
        """update raw.edgar_filing as f set status = 'no_facts'
        where f.cik = $cik and f.status = 'pending_at_source' and f.filing_date < $day""",
        {"cik": cik, "day": (now - GIVE_UP).date()},
    )
    con.execute("drop table served")
    return _count(con, "status = 'facts_loaded'", cik) - was, int(others[0][0])


def _count(con: Connection, where: str, cik: int) -> int:
    query = f"select count(*) from raw.edgar_filing where cik = ? and {where}"
    return int(con.execute(query, [cik]).fetchall()[0][0])
