"""EDGAR within a refresh: ask about every platform that files there, and go on with what we have if it fails.

A blocked or silent EDGAR stops no refresh: the figures that were loaded serve on, marked stale in
audit.source_status. A refused agent does stop it, for it stays refused until someone sets it right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from etl.config import Settings
from etl.edgar_poll import IssuerPoll, poll_issuer
from etl.source_status import Status, not_before, set_status, standing_reason
from etl.sources.edgar import AgentError, BlockedError, Client, MissingError, SourceError, UnavailableError
from etl.warehouse import Connection

SOURCE = "edgar"
OFF = (
    "SEC_USER_AGENT is not set: no filing was read, the figures loaded before serve alone. "
    'Set it to "name e-mail" in .env, as the SEC demands, and refresh again'
)
# So many issuers in a row without a proper answer, and it is not the issuers.
MOST_FAULTS_IN_A_ROW = 3

OpenClient = Callable[[str | None, str], Client]


@dataclass
class EdgarPoll:
    """What a refresh learnt: an entry for each issuer that answered, and why the others did not.

    `changed` says whether anything downstream may come out differently than before.
    """

    status: Status = "current"
    reason: str = ""
    issuers: list[IssuerPoll] = field(default_factory=list)
    requests: int = 0
    changed: bool = False


def refresh_edgar(
    con: Connection, settings: Settings, now: datetime, open_client: OpenClient = Client
) -> EdgarPoll:
    """Poll EDGAR for every platform with a CIK, in the caller's transaction, and note how it answered.

    Raises AgentError for a SEC_USER_AGENT that is malformed or that EDGAR does not accept.
    """
    found = EdgarPoll()
    until = not_before(con, SOURCE, now)
    if settings.sec_user_agent is None:
        found.status, found.reason, until = "off", OFF, None
    elif until is not None:
        found.status, found.reason = "stale", standing_reason(con, SOURCE)
    else:
        with open_client(settings.sec_user_agent, settings.sec_base_url) as client:
            until = _ask(con, settings, client, now, found)
            found.requests = client.requests
    differs = set_status(con, SOURCE, found.status, found.reason, now, not_before=until)
    found.changed = differs or any(issuer.loaded or issuer.changed for issuer in found.issuers)
    return found


def platform_ciks(con: Connection) -> list[int]:
    """The CIKs of all platforms that have one, ascending. Source: sec_cik in platforms.csv."""
    rows = con.execute(
        """select distinct fields['sec_cik']::bigint from raw.published_row
        where kind = 'platform' and superseded_at is null and fields['sec_cik'] <> '' order by 1"""
    ).fetchall()
    return [row[0] for row in rows]


def one_by_one(
    ciks: Iterable[int], poll: Callable[[int], IssuerPoll]
) -> Iterator[tuple[int, IssuerPoll | SourceError]]:
    """Poll issuer after issuer; one that fails is told and the others go on.

    Raises BlockedError and AgentError as they come, and UnavailableError where several issuers in a row
    got no proper answer: nobody must be asked any more then.
    """
    in_a_row = 0
    for cik in ciks:
        try:
            yield cik, poll(cik)
            in_a_row = 0
        except (AgentError, BlockedError):
            raise
        except SourceError as error:
            in_a_row += not isinstance(error, MissingError)
            if in_a_row == MOST_FAULTS_IN_A_ROW:
                raise UnavailableError(
                    f"{in_a_row} issuers in a row got no answer; the last: {error}"
                ) from error
            yield cik, error


def _ask(
    con: Connection, settings: Settings, client: Client, now: datetime, found: EdgarPoll
) -> datetime | None:
    """Fill `found`; returns until when EDGAR wants no request, if it blocks."""
    problems: list[str] = []
    until = None
    try:
        ciks = platform_ciks(con)
        for _, answer in one_by_one(ciks, lambda cik: poll_issuer(con, settings, client, cik, now)):
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
