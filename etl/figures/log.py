"""decisions.csv in $WAREHOUSE_HOME/drafts: what was proposed, accepted and refused. Lines are only added."""

from __future__ import annotations

import csv
import fcntl
import getpass
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path

from etl.config import Settings
from etl.whole import append

PROPOSED, ACCEPTED, REFUSED = "proposed", "accepted", "refused"
# Verdicts of a figure: those of marts.tie_out, and a value many times that of its neighbours.
CONFIRMED, CONTRADICTED, EXPLAINED, ALONE, UNLIKELY = "confirmed", "contradicted", "explained", "alone", "unlikely"


@dataclass(frozen=True)
class Verdict:
    """Whether a figure ties out, and the evidence with its values and documents."""

    verdict: str
    evidence: str


# What judges the figures of a document (by its id) in folders of reference files: `etl.figures.evidence.tie_out`.
Judge = Callable[[Settings, Sequence[Path], str, datetime], dict[str, Verdict]]


@dataclass(frozen=True)
class Decision:
    """A line of decisions.csv: what became of one figure of a draft, or of all (then the figure is empty).

    `decision` is proposed, accepted or refused, `content_hash` the SHA-256 of the document, `decided_at` in UTC.
    """

    decided_at: str
    who: str
    decision: str
    draft: str
    file: str
    content_hash: str
    document_id: str
    observation_id: str = ""
    platform: str = ""
    metric: str = ""
    scope: str = ""
    period_start: str = ""
    period_end: str = ""
    value: str = ""
    unit: str = ""
    verdict: str = ""
    reason: str = ""


COLUMNS = tuple(field.name for field in fields(Decision))


@contextmanager
def locked(settings: Settings) -> Iterator[None]:
    """One process at a time writes drafts and decisions; another waits."""
    settings.drafts.mkdir(parents=True, exist_ok=True)
    with (settings.drafts / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def decisions(settings: Settings) -> list[Decision]:
    """All lines, oldest first; none where nothing was proposed yet."""
    path = _path(settings)
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return [Decision(**{name: line.get(name) or "" for name in COLUMNS}) for line in csv.DictReader(file)]


def record(settings: Settings, made: Iterable[Decision]) -> None:
    """Add lines."""
    path = _path(settings)
    is_new = not path.exists()
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    if is_new:
        writer.writeheader()
    writer.writerows(asdict(one) for one in made)
    append(path, text.getvalue().encode())


def stamp(now: datetime) -> dict[str, str]:
    """Time and person of a decision; the person is the user of the system, '' where it has no name."""
    try:
        who = getpass.getuser()
    except (KeyError, OSError):
        who = ""
    return {"decided_at": now.isoformat(timespec="seconds"), "who": who}


def _path(settings: Settings) -> Path:
    return settings.drafts / "decisions.csv"
