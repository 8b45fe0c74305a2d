"""Whether each line of a text file is a record to every reader, and its numbers are what they look like."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_Marks = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Lines:
    r"""Of a file whose every line is a record to every reader: how many, and how they end, \n or \r\n.

    In exact ones no digit is followed by an exponent or an underscore, and no point by five digits: what
    reads as a number is not rounded at four decimal places.
    """

    count: int
    ending: str
    is_exact: bool


class LineReader:
    """Looks at the parts of one file, in order; `lines` is what was found, None where some line is odd.

    That it is not with control characters (NUL, returns that end no line or only some), blank lines, and
    quotation marks that are open at the end of a line. A part begins and ends with a line.
    """

    def __init__(self) -> None:
        self.lines: Lines | None = Lines(0, "", True)
        self._room = np.empty(
            0, np.uint8
        )  # memory used again for every part: fresh pages cost more than work

    def read(self, part: bytes) -> None:
        """Look at the next part."""
        if self.lines is None or not part:
            return
        if len(self._room) < 4 * len(part):
            self._room = np.empty(4 * len(part), np.uint8)
        values, before = np.frombuffer(part, np.uint8), self.lines
        found = self._count(values, part)
        if found is None or before.ending not in ("", found[1]):
            self.lines = None
        else:
            is_exact = before.is_exact and self._is_exact(values, part)
            self.lines = Lines(before.count + found[0], found[1], is_exact)

    def _marks(self, number: int, size: int) -> _Marks:
        start = number * (len(self._room) // 4)
        return self._room[start : start + size].view(np.bool_)

    def _count(self, values: npt.NDArray[np.uint8], part: bytes) -> tuple[int, str] | None:
        size = len(values)
        ends = np.flatnonzero(np.equal(values, 10, out=self._marks(0, size)))
        returns = np.flatnonzero(values == 13) if b"\r" in part else ends[:0]
        if len(returns) and not np.array_equal(returns + 1, ends):
            return None
        if np.count_nonzero(np.less(values, 32, out=self._marks(0, size))) != len(ends) + len(returns):
            return None
        if (np.diff(ends, prepend=-1) <= (2 if len(returns) else 1)).any():
            return None
        if b'"' in part:
            quotes = np.flatnonzero(values == 34)
            if len(quotes) % 2 or (np.searchsorted(quotes, ends) % 2).any():
                return None
        return len(ends) + (part[-1] != 10), r"\r\n" if len(returns) else r"\n"

    def _is_exact(self, values: npt.NDArray[np.uint8], part: bytes) -> bool:
        size = len(values)
        if size < 6:
            return False
        shifted = np.subtract(values, 48, out=self._room[:size])  # bytes below 0 wrap around
        digits = np.less(shifted, 10, out=self._marks(1, size))
        points = np.equal(values, 46, out=self._marks(2, size))
        long = np.logical_and(points[:-5], digits[5:], out=self._marks(3, size - 5))
        np.logical_and(long, digits[3:-2], out=long)
        if long.any():
            at = np.flatnonzero(long)
            if (digits[at + 1] & digits[at + 2] & digits[at + 4]).any():
                return False
        ahead = np.logical_or(digits, points, out=points)
        for letter in b"eE_":
            if letter in part:
                found = np.equal(values[1:], letter, out=self._marks(3, size - 1))
                np.logical_and(found, ahead[:-1], out=found)
                at = np.flatnonzero(found) + 2
                behind = values[at[at < size]]
                if ((behind - 48 < 10) | (behind == 43) | (behind == 45)).any():
                    return False
        return True
