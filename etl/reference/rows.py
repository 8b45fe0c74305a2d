"""Keys that rows of the reference files define, where each was defined, and why a key may not be used.

One vocabulary over all folders: a key defined once may be used everywhere. The first row of a key stands;
a later one is a duplicate.

One row of a reference file under examination: what every check is made of.

A check never changes a field. It notes what is wrong, by column, in words the author of the file can act on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

Key = tuple[str, ...]
FILES = {
    "platform": "platforms.csv",
    "party": "parties.csv",
    "metric": "metrics.csv",
    "document": "documents.csv",
    "definition_break": "definition_breaks.csv",
    "observation": "observations.csv",
    "partnership": "partnerships.csv",
    "partnership_link": "partnership_links.csv",
    "confounder": "confounders.csv",
    "claim": "claims.csv",
    "edgar_concept": "edgar_concepts.csv",
}
_FEW = 12  # keys worth listing in a message


@dataclass(frozen=True)
class Place:
    """Where a row stands: folder (by its position in the list of folders), file, physical line, fields."""

    folder: int
    file: str
    line: int
    fields: Mapping[str, str]

    def __str__(self) -> str:
        return f"{self.file} line {self.line}"

    def repeats(self, other: Place) -> bool:
        """Whether both rows say the same in every field; an absent column counts as blank."""
        columns = {*self.fields, *other.fields}
        return all(self.fields.get(column, "") == other.fields.get(column, "") for column in columns)


@dataclass
class Register:
    """Accepted and quarantined keys, by kind of row."""

    _accepted: dict[str, dict[Key, Place]] = field(default_factory=dict)
    _refused: dict[str, dict[Key, list[tuple[Place, str]]]] = field(default_factory=dict)

    def accept(self, kind: str, key: Key, place: Place) -> None:
        """Let rows use a key from here on."""
        self._accepted.setdefault(kind, {})[key] = place

    def refuse(self, kind: str, key: Key, place: Place, reason: str) -> None:
        """Remember why a row that defines a key was quarantined; a mere repetition harms nobody."""
        first = self.first(kind, key)
        if any(key) and (first is None or not place.repeats(first)):
            self._refused.setdefault(kind, {}).setdefault(key, []).append((place, reason))

    def first(self, kind: str, key: Key) -> Place | None:
        """Find the accepted row of a key; None if no row was accepted."""
        return self._accepted.get(kind, {}).get(key)

    def problem(self, kinds: Sequence[str], key: str, folder: int) -> str:
        """Why a row of `folder` may not use a key that a row of one of the kinds should define; '' if it may.

        A key that the folder itself defines, but differently and so in quarantine, is not taken from another
        folder: the row would speak of something else than its author meant.
        """
        places = [place for kind in kinds if (place := self.first(kind, (key,)))]
        refused = [entry for kind in kinds for entry in self._refused.get(kind, {}).get((key,), [])]
        own = [entry for entry in refused if entry[0].folder == folder]
        if any(place.folder == folder or not own for place in places):
            return ""
        if refused:
            place, reason = (own or refused)[0]
            return f"{key!r} is itself in quarantine ({place}: {reason})"
        known = [self._accepted.get(kind, {}) for kind in kinds]
        few = 0 < sum(map(len, known)) <= _FEW
        listed = f" (known: {', '.join(sorted(name for keys in known for (name,) in keys))})" if few else ""
        files = " or ".join(FILES[kind] for kind in kinds)
        return f"{key!r} stands in no {files}{listed}; add it there or correct it"


_DECIMAL = re.compile(r"-?[0-9]{1,22}(\.[0-9]{1,6})?")
_PLAIN = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass
class RowCheck:
    """One row, its `problems` as (column, reason) and its `reading`; the check fills the last two."""

    fields: Mapping[str, str]
    register: Register
    folder: int
    problems: list[tuple[str, str]] = field(default_factory=list)
    reading: dict[str, str] = field(default_factory=dict)

    def text(self, column: str) -> str:
        """Text of a column, '' where the file has no such column."""
        return self.fields.get(column, "")

    def say(self, column: str, reason: str) -> None:
        """Note a problem of a column."""
        self.problems.append((column, reason))

    def filled(self, *columns: str) -> None:
        """Say so of each column that is blank."""
        for column in columns:
            if not self.text(column).strip():
                self.say(column, "is empty; fill it in")

    def trimmed(self, *columns: str) -> None:
        """Say so of each column with spaces around its text: a key with spaces is another key."""
        for column in columns:
            if self.text(column).strip() != self.text(column):
                self.say(column, f"{self.text(column)!r} has spaces around it; remove them")

    def one_of(self, column: str, allowed: tuple[str, ...]) -> None:
        """Say so if the text is none of the allowed ones."""
        if self.text(column) not in allowed:
            self.say(column, f"{self.text(column)!r} is not known; write one of {', '.join(allowed)}")

    def known(self, column: str, *kinds: str) -> None:
        """Say so if the key in a column is not defined by an accepted row of one of the kinds."""
        if problem := self.register.problem(kinds, self.text(column), self.folder):
            self.say(column, problem)

    def day(self, column: str, *, blank: bool = False) -> date | None:
        """Date of a column, or None with the problem noted; `blank` allows an empty one."""
        text = self.text(column)
        if text or not blank:
            try:
                return date.fromisoformat(text if _DAY.fullmatch(text) else "")
            except ValueError:
                self.say(column, f"{text!r} is not a date; write YYYY-MM-DD")
        return None

    def number(self, column: str, *, blank: bool = False) -> Decimal | None:
        """Decimal of a column, or None with the problem noted; `blank` allows an empty one."""
        text = self.text(column)
        if _DECIMAL.fullmatch(text):
            return Decimal(text)
        if text or not blank:
            reason = f"{text!r} is not a plain decimal number; write it like -1234.5, without signs of grouping"
            if _PLAIN.fullmatch(text):
                reason = f"{text!r} has more than 22 digits before or 6 digits after the point; shorten it"
            self.say(column, reason)
        return None
