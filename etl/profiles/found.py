"""What is known of a delivered file on its way through a profile: its header, which profile fits, its rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from etl.files.csv import PLAIN, Dialect
from etl.profiles.profile import Profile

CUT = "is cut short: the last line breaks off; deliver it again, whole"


@dataclass(frozen=True)
class Head:
    """Names that may be the header of a file, the texts above it, and how its records are then written."""

    names: tuple[str, ...]
    above: str = ""
    dialect: Dialect = PLAIN
    records: str = ""  # of a JSON document, the path of the list


@dataclass(frozen=True)
class Cells:
    """The rows of a file: the fields f0, f1, ... of `scan`, which is SQL, are texts; `rows` is how many there are.

    `scan` gives `line` (null where the order of the rows tells it, from `first_line` on), `raw` and `broken` too. In
    bare ones no text has anything to take off, as etl.files.lines.is_bare says; in exact ones what DuckDB reads as a
    number is the number that stands there.
    """

    scan: str
    rows: int
    first_line: int = 2
    is_bare: bool = False
    is_exact: bool = False


@dataclass(frozen=True)
class Spot:
    """Where the text of a name stands: the number of the field, and the path in its JSON where it is nested."""

    field: int
    path: tuple[str, ...] = ()


@dataclass(frozen=True)
class Match:
    """A profile and a header that fit: the places of its names, texts that the header itself tells, the language."""

    profile: Profile
    head: Head
    places: Mapping[str, Spot]
    told: Mapping[str, str]
    language: str
    score: int

    def shown(self, name: str) -> str:
        """The name of a column as the file has it; '' for one that it does not have."""
        place = self.places.get(name)
        return ".".join((self.head.names[place.field], *place.path)) if place else ""
