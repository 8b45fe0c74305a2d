"""Notify people when something changed, through one channel; off unless WAREHOUSE_NOTIFY is set.

The channel is any address of the notification library Apprise: mail, chat, a web hook. The queries sql/alerts/*.sql
say what to report: each gives a key, its state, whether to report a key that was never seen before, a text, and the
command that shows more. After a publication its digest is a message of its own (etl/page/digest.py). The states that
were sent are kept in $WAREHOUSE_HOME/notified.json, which is written after the channel took the message, so that a
message that could not be sent is sent the next time.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import NamedTuple

from etl.config import Settings
from etl.errors import MendError, RetryError
from etl.publish.files import kept_versions, snapshot_path
from etl.warehouse import Connection, DatabaseError, open_build, open_snapshot

DIGEST, VERSION = "digest", "version"  # under which notified.json has the version whose digest was sent last
NEEDS = re.compile(r"^-- needs: (.+)$", re.MULTILINE)


class Finding(NamedTuple):
    """One thing with a state: `alert` is the query that found it, `look` the command that shows more."""

    alert: str
    key: str
    state: str
    tell_when_new: bool
    words: str
    look: str

    def sentence(self) -> str:
        """The text of a message: what it is, what happened to it, how to see more."""
        return f"{self.alert}: {self.key} {self.words}\n    {self.look}"


def after_refresh(settings: Settings, failure: str | None) -> str:
    """Send what changed since the last message; `failure` is the reason why the refresh failed, or None.

    Returns the result in one line, empty when notifications are off. Never raises for a channel that does not
    take the message: a refresh must not fail because a notification does. While another refresh holds the
    database only the run itself is reported; that refresh reports the rest when it ends.
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
    path, news = settings.home / "notified.json", []
    sent, lost = _read_sent(path)
    for finding in findings:
        before = sent.get(finding.alert, {}).get(finding.key)
        if finding.tell_when_new if before is None else before != finding.state:
            news.append(finding)
    if news and not _send(settings.notify, news):
        return f"Notify     {len(news)} changes could not be sent; the next refresh tries again{lost}"
    digests = _send_digests(settings, settings.notify, sent)
    for finding in findings:  # the states of a query that did not run stay as they were
        sent.setdefault(finding.alert, {})[finding.key] = finding.state
    upcoming = path.with_suffix(".upcoming")
    try:
        upcoming.parent.mkdir(parents=True, exist_ok=True)
        upcoming.write_text(json.dumps(sent, indent=1, ensure_ascii=False, sort_keys=True), encoding="utf-8")
        upcoming.replace(path)
    except OSError as error:
        lost += f"; {path} cannot be written ({error.strerror}), so the same is sent again: correct its permissions"
    return (f"Notify     {len(news)} changes reported" if news else "Notify     no change to report") + digests + lost


def _send_digests(settings: Settings, address: str, sent: dict[str, dict[str, str]]) -> str:
    """Send the digest of each publication since the last one that was sent, and note it; what became of it, in words.

    The publications before the first message are history, and so is what a rollback serves again.
    """
    from etl.page.digest import read_digest

    kept = kept_versions(settings)
    last = sent.setdefault(DIGEST, {}).setdefault(VERSION, str(max(kept, default=0)))
    told = []
    for version in kept:
        if version > int(last):
            try:
                with open_snapshot(snapshot_path(settings, version)) as con:
                    text = read_digest(con, is_demo=settings.is_demo)
            except (DatabaseError, MendError) as error:
                return f"; the digest of version {version} could not be made: {error}"
            if not _send_markdown(address, text):
                return f"; the digest of version {version} could not be sent, the next refresh tries again"
            sent[DIGEST][VERSION] = str(version)
            told.append(f"{version}")
    return f"; digest of version {', '.join(told)} sent" if told else ""


def _read_sent(path: Path) -> tuple[dict[str, dict[str, str]], str]:
    """The states that were sent, by alert and key; nothing, and words that say so, where the file cannot be read."""
    try:
        sent = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(sent, dict) and all(isinstance(states, dict) for states in sent.values()):
            return sent, ""
        reason = "holds something else"
    except FileNotFoundError:
        return {}, ""
    except (OSError, ValueError) as error:
        reason = str(error)
    return {}, f"; {path} could not be read ({reason}) and counts as empty: what stands is sent again"


def findings_in(con: Connection, folder: Path) -> list[Finding]:
    """The rows of the alert queries in the open database; a query whose table does not exist yet has none."""
    tables = con.execute(
        "select schema_name || '.' || table_name from duckdb_tables() where database_name = current_database()"
    ).fetchall()
    found = []
    for path in sorted(folder.glob("*.sql")):
        query = path.read_text(encoding="utf-8")
        needs = {(table.strip(),) for line in NEEDS.findall(query) for table in line.split(",")}
        if needs <= set(tables):
            found += [Finding(path.stem, *row) for row in con.execute(query).fetchall()]
    return found


def _run(failure: str | None) -> Finding:
    words = f"failed: {failure}" if failure else "succeeds again"
    return Finding("run", "refresh", "failed" if failure else "succeeded", failure is not None, words, "make dev")


def _send(address: str, news: list[Finding]) -> bool:
    """Send one message with all that is new; returns whether the channel took it."""
    import apprise

    title = news[0].sentence().splitlines()[0] if len(news) == 1 else f"Warehouse: {len(news)} changes"
    body = "\n".join(finding.sentence() for finding in news)
    channel = apprise.Apprise()
    return bool(channel.add(address)) and bool(channel.notify(title=title, body=body, body_format="text"))


def _send_markdown(address: str, text: str) -> bool:
    """Send a text in Markdown, whose first line is the title; returns whether the channel took it."""
    import apprise

    title, _, body = text.partition("\n")
    channel = apprise.Apprise()
    return bool(channel.add(address)) and bool(
        channel.notify(title=title.removeprefix("# "), body=body.strip(), body_format="markdown")
    )
