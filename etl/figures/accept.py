"""A person's decision on a draft: its rows become part of the data, or are refused; both stay on record.

What a person may do to a draft before: delete rows of observations.csv, correct them, and write reasons into
review.csv. A row that no evidence confirms is accepted only with a reason: its own, or one for all rows that stand
alone. Only a reason of its own lets in a row against the evidence, and its note says so. The reason for one that is
contradicted begins with a word of contradictions.csv ("restated: see note 2"), to which it is added, since an
unexplained contradiction stops a refresh.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from io import StringIO
from pathlib import Path

from etl.config import Settings
from etl.errors import MendError
from etl.figures.draft import DOCUMENTS, OBSERVATIONS, REVIEW, of_figure
from etl.figures.log import (
    ACCEPTED,
    ALONE,
    CONFIRMED,
    CONTRADICTED,
    PROPOSED,
    REFUSED,
    Decision,
    Judge,
    Verdict,
    decisions,
    locked,
    record,
    stamp,
)
from etl.reference.read import AcceptedRow, read
from etl.reference.tables import EXPLANATIONS, FILES, TABLES
from etl.whole import write_whole

CONTRADICTIONS = FILES["contradiction"]
VALUE = next(table.keys[0] for table in TABLES if table.kind == "contradiction")
_EXPLAINED = re.compile(rf"({'|'.join(EXPLANATIONS)}): *(\S.*)", re.DOTALL)


@dataclass(frozen=True)
class Accepted:
    """What became of a draft: how many figures were appended to which folder, and how many were refused."""

    folder: Path
    figures: int
    refused: int


def accept(
    settings: Settings, name: str, now: datetime, judge: Judge, *, into: Path | None = None, checked: str = ""
) -> Accepted:
    """Append the rows of a draft to $WAREHOUSE_HOME/figures, or to the folder `into`.

    `checked` is the reason for all rows that stand alone. Rows that were proposed and taken out are refused. Raises
    MendError, and changes nothing, where a row would be set aside or lacks a reason, and for a draft that is decided.
    """
    with locked(settings):
        draft, entry, proposed = _waiting(settings, name)
        folder = into or settings.accepted
        folders = (*settings.figure_folders, *([folder] if any(folder.glob("*.csv")) else []), draft)
        (draft / CONTRADICTIONS).unlink(missing_ok=True)  # of an attempt before
        rows = _sound_rows(folders, draft, settings.root)
        own = {row["observation_id"]: row.get("reason", "").strip() for row in _rows(draft / REVIEW)}
        document = rows[0].fields["document_id"]
        verdicts = judge(settings, folders, document, now)
        if declared := _declared(rows, own, verdicts):
            _replace(draft / CONTRADICTIONS, _with_rows(draft / "none", declared, VALUE))
            verdicts = judge(settings, folders, document, now)
        reasons = {
            key: own.get(key, "") or (checked if verdicts[key].verdict == ALONE else "")
            for key in (row.reading["observation_id"] for row in rows)
        }
        problems = [
            f"  line {row.line}, {row.fields['printed_as']}: {found.verdict}, {found.evidence}"
            for row in rows
            if (found := verdicts[(key := row.reading["observation_id"])]).verdict == CONTRADICTED
            or (found.verdict != CONFIRMED and not reasons[key])
        ]
        if problems:
            lines = "\n".join(problems)
            fix = (
                f"write a reason for each into {draft / REVIEW} or delete the row; one that is contradicted needs a "
                f"reason like 'restated: see note 2', with one of {', '.join(EXPLANATIONS)}; --checked REASON is for "
                "all that stand alone"
            )
            raise MendError(f"nothing was accepted: rows of {draft / OBSERVATIONS} need a reason:\n{lines}\nfix: {fix}")
        kept = [_kept(row, verdicts, reasons) for row in rows]
        files = {
            DOCUMENTS: _with_rows(folder / DOCUMENTS, _rows(draft / DOCUMENTS), ("document_id",)),
            CONTRADICTIONS: _with_rows(folder / CONTRADICTIONS, declared, VALUE),
            OBSERVATIONS: _with_rows(folder / OBSERVATIONS, kept, ("observation_id",)),
        }
        folder.mkdir(parents=True, exist_ok=True)
        for file, content in files.items():
            _replace(folder / file, content)
        whole = replace(entry, **stamp(now), decision=ACCEPTED, reason=checked)
        refused = [
            replace(one, **stamp(now), decision=REFUSED, reason="taken out of the draft")
            for one in proposed
            if one.observation_id not in reasons
        ]
        figures = [
            of_figure(whole, row, verdicts[key], reasons[key]) for row in kept for key in (row["observation_id"],)
        ]
        record(settings, [whole, *figures, *refused])
    return Accepted(folder, len(kept), len(refused))


def refuse(settings: Settings, name: str, reason: str, now: datetime) -> int:
    """Record that a draft is refused, with the reason; the number of its figures. Its folder stays.

    Raises MendError for an empty reason and for a draft that is decided.
    """
    if not reason.strip():
        raise MendError("a refusal needs a reason, for whoever proposes the document again")
    with locked(settings):
        _, entry, proposed = _waiting(settings, name)
        record(
            settings,
            [replace(one, **stamp(now), decision=REFUSED, reason=reason.strip()) for one in (entry, *proposed)],
        )
    return len(proposed)


def listing(settings: Settings) -> list[Decision]:
    """The latest word on each draft, newest first."""
    latest = {entry.draft: entry for entry in decisions(settings) if not entry.observation_id}
    return sorted(latest.values(), key=lambda entry: entry.decided_at, reverse=True)


def _waiting(settings: Settings, name: str) -> tuple[Path, Decision, list[Decision]]:
    """Folder of a draft, and what was proposed of it last: the whole and its figures. Raises MendError for another."""
    name = Path(name).name
    entries = [entry for entry in decisions(settings) if entry.draft == name]
    wholes = [number for number, entry in enumerate(entries) if not entry.observation_id]
    if not wholes or not (settings.drafts / name).is_dir():
        known = ", ".join(entry.draft for entry in listing(settings) if entry.decision == PROPOSED) or "none"
        raise MendError(f"there is no draft {name!r}; drafts that wait: {known}")
    last = entries[wholes[-1]]
    if last.decision != PROPOSED:
        raise MendError(f"{name} was {last.decision} on {last.decided_at[:10]}; propose the document again")
    return settings.drafts / name, last, entries[wholes[-1] + 1 :]


def _declared(
    rows: Sequence[AcceptedRow], reasons: Mapping[str, str], verdicts: Mapping[str, Verdict]
) -> list[dict[str, str]]:
    """The contradictions that a reason explains, as rows of their file."""
    declared = []
    for row in rows:
        key = row.reading["observation_id"]
        found = _EXPLAINED.fullmatch(reasons.get(key, ""))
        if found and verdicts[key].verdict == CONTRADICTED:
            told = {name: row.fields.get(name, "") for name in (*VALUE, "document_id")}
            declared.append({**told, "explanation": found[1], "reason": found[2]})
    return declared


def _sound_rows(folders: Sequence[Path], draft: Path, root: Path) -> list[AcceptedRow]:
    """The figures of a draft as a refresh reads them. Raises MendError where it would set a row aside, or has none."""
    reading = read(folders, root)
    faults = [
        f"  {reject.file} line {reject.line}: {reject.reason}"
        for reject in reading.rejects
        if Path(reject.file).parent == draft
        and not (Path(reject.file).name == DOCUMENTS and reject.reason.startswith("repeats"))  # known already
    ]
    if faults:
        raise MendError("\n".join(("nothing was accepted: a refresh would set these rows aside:", *faults)))
    place = (draft / OBSERVATIONS).as_posix()
    rows = [entry for entry in reading.records if entry.file == place]
    if not rows:
        raise MendError(f"{place} has no row: refuse the draft")
    if strange := {row.fields["document_id"] for row in rows} - {
        row["document_id"] for row in _rows(draft / DOCUMENTS)
    }:
        raise MendError(
            f"{place} cites {', '.join(sorted(strange))}: a draft holds the figures of its own document only"
        )
    return rows


def _kept(row: AcceptedRow, verdicts: Mapping[str, Verdict], reasons: Mapping[str, str]) -> dict[str, str]:
    """A row as it is appended; its note says so where it was accepted against the evidence."""
    key = row.reading["observation_id"]
    note = row.fields.get("note", "")
    if verdicts[key].verdict not in (CONFIRMED, ALONE):
        note = "; ".join(filter(None, (note, f"accepted although {verdicts[key].verdict}: {reasons[key]}")))
    return {**row.fields, "observation_id": key, "note": note}


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return [{name: text or "" for name, text in row.items() if name} for row in csv.DictReader(file)]
    except OSError as error:
        raise MendError(f"{path}: cannot be read ({error.strerror}); propose the document again") from error


def _with_rows(path: Path, rows: Sequence[Mapping[str, str]], key: Sequence[str]) -> bytes:
    """A file with the rows whose key it has not behind what it holds, which stays byte for byte.

    Raises MendError where the file lacks a column that a row fills.
    """
    before = path.read_bytes() if path.exists() else b""
    held = _rows(path) if before else []
    if not rows:
        return before
    header = next(csv.reader(StringIO(before.decode("utf-8-sig"))), [])
    columns = header or list(rows[0])
    missing = sorted({name for row in rows for name, text in row.items() if text and name not in columns})
    if missing:
        raise MendError(
            f"{path} has no column {', '.join(missing)}: add it to the header and as an empty field to each row"
        )
    known = {tuple(row.get(name, "") for name in key) for row in held}
    text = StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n", extrasaction="ignore")
    if not before:
        writer.writeheader()
    writer.writerows(row for row in rows if tuple(row.get(name, "") for name in key) not in known)
    end = b"\n" if before and not before.endswith(b"\n") else b""
    return before + end + text.getvalue().encode()


def _replace(path: Path, content: bytes) -> None:
    """Write a file whole; none that would be empty."""
    if content:
        write_whole(path, content)
