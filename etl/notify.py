"""Tell people when something changed, and only then: through one channel, off unless WAREHOUSE_NOTIFY is set.

The channel is any address of the notification library Apprise: mail, chat, a web hook. What to tell is
queries, sql/alerts/*.sql: each gives a key, its state, whether to tell of a key never seen before, the
words, and the command to look closer. The states that were told are kept in $WAREHOUSE_HOME/notified.json;
they are written after the channel took the message, so a message that did not go out goes out next time.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from etl.config import Settings
from etl.errors import MendError, RetryError
from etl.warehouse import Connection, open_build

RUN = "run"
NEEDS = re.compile(r"^-- needs: (.+)$", re.MULTILINE)
States = dict[str, dict[str, str]]


@dataclass(frozen=True)
class Finding:
    """One thing that has a state: `alert` is the query that found it."""

    alert: str
    key: str
    state: str
    tell_when_new: bool
    words: str
    look: str

    def sentence(self) -> str:
        """What a person reads: what it is, what became of it, how to look closer."""
        return f"{self.alert}: {self.key} {self.words}\n    {self.look}"


def after_refresh(settings: Settings, failure: str | None) -> str:
    """Tell what changed since the last message; `failure` is the reason why the refresh failed, or None.

    Returns what became of it in one line, empty when notifications are off. Never raises for a channel
    that does not take the message: a refresh must not fail because nobody could be told. While another
    refresh holds the database only the run itself is told; that refresh tells the rest when it ends.
    """
    if not settings.notify:
        return ""
    findings = [_run(failure)]
    try:
        with open_build(settings) as con:
            findings += findings_in(con, settings.sql_dir / "alerts")
    except RetryError:
        pass
    except MendError as error:
        findings = [_run(failure or str(error))]
    told = _read(settings)
    news = [finding for finding in findings if _is_news(finding, told)]
    if news and not _send(settings.notify, news):
        return f"Notify     {len(news)} changes could not be sent; the next refresh tries again"
    _write(settings, told, findings)
    return f"Notify     {len(news)} changes told" if news else "Notify     no change to tell"


def findings_in(con: Connection, folder: Path) -> list[Finding]:
    """What the alert queries find in the open database; one whose table is not there yet finds nothing."""
    tables = {
        name
        for (name,) in con.execute(
            "select schema_name || '.' || table_name from duckdb_tables() where database_name = current_database()"
        ).fetchall()
    }
    found = []
    for path in sorted(folder.glob("*.sql")):
        query = path.read_text(encoding="utf-8")
        needs = {table.strip() for line in NEEDS.findall(query) for table in line.split(",")}
        if needs <= tables:
            found += [Finding(path.stem, *row) for row in con.execute(query).fetchall()]
    return found


def _run(failure: str | None) -> Finding:
    words = f"failed: {failure}" if failure else "succeeds again"
    return Finding(RUN, "refresh", "failed" if failure else "succeeded", failure is not None, words, "make dev")


def _is_news(finding: Finding, told: States) -> bool:
    before = told.get(finding.alert, {}).get(finding.key)
    return finding.tell_when_new if before is None else before != finding.state


def _send(address: str, news: list[Finding]) -> bool:
    """Send one message for all that is new; whether the channel took it."""
    import apprise

    channel = apprise.Apprise()
    title = news[0].sentence().splitlines()[0] if len(news) == 1 else f"Warehouse: {len(news)} changes"
    body = "\n".join(finding.sentence() for finding in news)
    return bool(channel.add(address)) and bool(channel.notify(title=title, body=body))


def _path(settings: Settings) -> Path:
    return settings.home / "notified.json"


def _read(settings: Settings) -> States:
    path = _path(settings)
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def _write(settings: Settings, told: States, findings: list[Finding]) -> None:
    """Remember the states; what an alert could not look at this time is remembered as it was."""
    for finding in findings:
        told.setdefault(finding.alert, {})[finding.key] = finding.state
    upcoming = _path(settings).with_suffix(".upcoming")
    upcoming.parent.mkdir(parents=True, exist_ok=True)
    upcoming.write_text(json.dumps(told, indent=1, ensure_ascii=False, sort_keys=True), encoding="utf-8")
    upcoming.replace(_path(settings))
