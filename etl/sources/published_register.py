"""Keys that rows of the reference files define, where each was defined, and why a key may not be used.

One vocabulary over all folders: a key defined once may be used everywhere. The first row of a key stands;
a later one is a duplicate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

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
