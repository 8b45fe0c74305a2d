"""Notify people when something changed; off unless WAREHOUSE_NOTIFY is set.

The setting has one or more addresses of the notification library Apprise: mail, chat, a web hook. The queries
sql/alerts/*.sql say what to report: each gives a key, its state, whether to report a key that was never seen before, a
text, and the command that shows more. A query with the line `-- news` reports what came since it was asked first: what
it found then is history. No time is compared, so that a clock that was wrong hides nothing.

After a publication its digest is a message of its own (etl/page/digest.py). The states that were sent are kept for each
address in $WAREHOUSE_HOME/notified.json, which is written after the address took the message, so that a message that
could not be sent is sent the next time, to that address alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from etl.archive.standing import unfinished
from etl.config import Settings
from etl.deliver import Message, addresses_in, deliver, shown
from etl.errors import BusyError, MendError, RetryError
from etl.publish.files import kept_versions, snapshot_path
from etl.sent import BUSY, CHANNELS, PROBLEMS, RECORD, alone, name_of, read_record, write_record
from etl.warehouse import Connection, DatabaseError, open_build, open_snapshot

RECOVERY = "recovery"  # the query that tells of a build database that was lost
DIGEST, VERSION = "digest", "version"  # under which an address has the version whose digest was sent last
NEEDS = re.compile(r"^-- needs: (.+)$", re.MULTILINE)
NEWS = re.compile(r"^-- news$", re.MULTILINE)
MOST_LINES = 30  # of a message; how many more there are is its last line
MOST_BUSY = 5  # refreshes in a row that found another at work, after which somebody is told
States = dict[str, dict[str, str]]  # what was sent, by alert and key


class Finding(NamedTuple):
    """One thing with a state: `alert` is the query that found it, `look` the command that shows more.

    `is_news` says that what was there when the query was first asked is history.
    """

    alert: str
    key: str
    state: str
    tell_when_new: bool
    words: str
    look: str
    is_news: bool = False

    def sentence(self) -> str:
        """The text of a message: what it is, what happened to it, how to see more."""
        return f"{self.alert}: {self.key} {self.words}\n    {self.look}"


def after_refresh(settings: Settings, failure: str | None, job: str = "refresh", *, is_newest: bool = True) -> str:
    """Send what changed since the last message; `failure` is the reason why the run of `job` failed, or None.

    Returns the result in one line, empty when notifications are off. Raises nothing: a refresh must not fail because
    a notification does. While another refresh holds the database only the run itself is reported; that refresh
    reports the rest when it ends. A run after which another one of its job ended (`is_newest` false) is not reported.
    """
    if not settings.notify:
        return ""
    findings, asked = [_run(job, failure)] if is_newest else [], set[str]()
    try:
        with alone(settings):  # a look before it could tell what another process has found to be over
            try:
                with open_build(settings) as con:
                    findings += findings_in(con, settings.sql_dir / "alerts")
                    asked = _asked(con, settings)
            except RetryError:
                pass
            except MendError as error:
                findings = [_run(job, failure or str(error))]
            return _tell(settings, findings, asked)
    except (OSError, DatabaseError, RetryError) as error:
        return f"Notify     nothing could be sent ({error}); the next refresh tries again"


def after_error(settings: Settings, error: Exception, failure: str, job: str) -> str:
    """Send that a run of `job` did not even start, unless another one was at work; as after_refresh does."""
    return after_busy(settings, job) if isinstance(error, BusyError) else after_refresh(settings, failure, job)


def after_busy(settings: Settings, job: str) -> str:
    """Note that a run of `job` found another one at work, which is no failure; told after MOST_BUSY in a row.

    Returns and raises as after_refresh does.
    """
    if not settings.notify:
        return ""
    try:
        with alone(settings):
            record, _ = read_record(settings)
            times = int(record[BUSY].get(job, "0")) + 1
            record[BUSY][job] = str(times)
            write_record(settings, record)
            if times < MOST_BUSY:
                return ""
            words = f"found another one at work {MOST_BUSY} times in a row"
            return _tell(settings, [Finding("run", job, "busy", True, words, "make doctor")], set())
    except (OSError, ValueError, RetryError) as error:
        return f"Notify     nothing could be sent ({error}); the next refresh tries again"


def _tell(settings: Settings, findings: list[Finding], asked: set[str]) -> str:
    """Send each address what is new to it and note what it took; the result in one line."""
    record, lost = read_record(settings)
    addresses = {name_of(address): address for address in addresses_in(settings.notify or "")}
    record[CHANNELS] = {name: record[CHANNELS].get(name, record[CHANNELS].get("", {})) for name in addresses}
    record[PROBLEMS] = {}
    for finding in findings:
        if finding.alert == "run" and finding.state != "busy":
            record[BUSY].pop(finding.key, None)
    told = []
    for name, address in addresses.items():
        sent: States = json.loads(json.dumps(record[CHANNELS][name]))  # a channel of an older record may be shared
        words, problem = _tell_one(settings, address, findings, asked, sent)
        record[CHANNELS][name] = sent
        if problem:
            record[PROBLEMS][name] = f"{shown(address)}: {problem}"
        told.append(f"{shown(address)}: {words}" if len(addresses) > 1 else words)
    try:
        write_record(settings, record)
    except OSError as error:
        path = settings.home / RECORD
        lost += f"; {path} cannot be written ({error.strerror}), so the same is sent again: correct its permissions"
    return f"Notify     {'; '.join(told)}{lost}"


def _tell_one(
    settings: Settings, address: str, findings: list[Finding], asked: set[str], sent: States
) -> tuple[str, str | None]:
    """Send one address what is new to it and note in `sent` what it took: what became of it, and what went wrong."""
    news = []
    for finding in findings:
        before = sent.get(finding.alert, {}).get(finding.key)
        is_history = finding.is_news and finding.alert not in sent
        if (finding.tell_when_new and not is_history) if before is None else before != finding.state:
            news.append(finding)
    if news and (problem := deliver(address, _message(news))):
        return f"{_changes(news)} could not be sent: {problem}; the next refresh tries again", problem
    for alert in asked:  # the states of a query that did not run stay as they were
        sent.setdefault(alert, {})
    for finding in findings:
        sent.setdefault(finding.alert, {})[finding.key] = finding.state
    digests, problem = _send_digests(settings, address, sent)
    return (f"{_changes(news)} reported" if news else "no change to report") + digests, problem


def _send_digests(settings: Settings, address: str, sent: States) -> tuple[str, str | None]:
    """Send the digest of each publication since the last one that was sent, and note it; what became of it, in words.

    The publications before the first message are history, and so is what a rollback serves again.
    """
    from etl.page.digest import read_digest

    kept = kept_versions(settings)
    last = sent.setdefault(DIGEST, {}).setdefault(VERSION, str(max(kept, default=0)))
    told: list[str] = []
    problem = None
    for version in (version for version in kept if version > int(last)):
        try:
            with open_snapshot(snapshot_path(settings, version)) as con:
                text = read_digest(con, is_demo=settings.is_demo)
        except (DatabaseError, MendError) as error:
            return f"; the digest of version {version} could not be made: {error}", str(error)
        title, _, body = text.partition("\n")
        if problem := deliver(address, Message(title.removeprefix("# "), body.strip(), "markdown")):
            return (
                f"; the digest of version {version} could not be sent: {problem}; the next refresh tries again",
                problem,
            )
        sent[DIGEST][VERSION] = str(version)
        told.append(f"{version}")
    return f"; digest of version {', '.join(told)} sent" if told else "", None


def findings_in(con: Connection, folder: Path) -> list[Finding]:
    """The rows of the alert queries in the open database; a query whose table does not exist yet has none.

    A query that fails is a finding itself.
    """
    found = []
    for path, query in _queries(con, folder):
        is_news = bool(NEWS.search(query))
        try:
            rows = con.execute(query).fetchall()
        except DatabaseError as error:
            words = f"could not be asked, so nothing is told of it: {error}"
            found.append(Finding("query", path.stem, "fails", True, words, f"sql/alerts/{path.name}"))
            continue
        found += [Finding(path.stem, *row)._replace(is_news=is_news) for row in rows]
        found.append(Finding("query", path.stem, "answers", False, "is asked again", f"sql/alerts/{path.name}"))
    return found


def _asked(con: Connection, settings: Settings) -> set[str]:
    """The alerts whose queries can be asked."""
    return {path.stem for path, _ in _queries(con, settings.sql_dir / "alerts")}


def _queries(con: Connection, folder: Path) -> Iterator[tuple[Path, str]]:
    """The alert queries whose tables exist; while a recovery is unfinished, only its own: other states are older."""
    pattern = f"{RECOVERY}.sql" if unfinished(con) else "*.sql"
    tables = con.execute(
        "select schema_name || '.' || table_name from duckdb_tables() where database_name = current_database()"
    ).fetchall()
    for path in sorted(folder.glob(pattern)):
        query = path.read_text(encoding="utf-8")
        if {(table.strip(),) for line in NEEDS.findall(query) for table in line.split(",")} <= set(tables):
            yield path, query


def _run(job: str, failure: str | None) -> Finding:
    words = f"failed: {failure}" if failure else "succeeds again"
    return Finding("run", job, "failed" if failure else "succeeded", failure is not None, words, "make dev")


def _message(news: list[Finding]) -> Message:
    """One message with all that is new; its title has words of ours only, because no service escapes a title."""
    alerts = ", ".join(sorted({finding.alert for finding in news}))
    lines = [finding.sentence() for finding in news[:MOST_LINES]]
    if len(news) > MOST_LINES:
        lines.append(f"and {len(news) - MOST_LINES} more: make doctor")
    return Message(f"Warehouse: {_changes(news)} ({alerts})", "\n".join(lines))


def _changes(news: list[Finding]) -> str:
    return f"{len(news)} change{'' if len(news) == 1 else 's'}"
