"""One row of a reference file under examination: what every check is made of.

A check never changes a field. It notes what is wrong, by column, in words the author of the file can act on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from etl.sources.published_register import Register

_DECIMAL = re.compile(r"-?[0-9]{1,22}(\.[0-9]{1,6})?")
_PLAIN = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass
class Check:
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
            reason = (
                f"{text!r} is not a plain decimal number; write it like -1234.5, without signs of grouping"
            )
            if _PLAIN.fullmatch(text):
                reason = f"{text!r} has more than 22 digits before or 6 digits after the point; shorten it"
            self.say(column, reason)
        return None
