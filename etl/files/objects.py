r"""NDJSON whose every line is an object with the same names in the same order, as CSV without a header.

Programs that write a table as NDJSON write it so. It is CSV with the names in each line: they are taken out, escapes
are undone, null becomes nothing, and every other value stays as it is written. Whatever could mean something else to
one of the two formats is left to the reader of single objects.
"""

from __future__ import annotations

import json
import re

import numpy as np
import numpy.typing as npt

from etl.files.csv import LONGEST_LINE

_MOST_NAMES = 500
_ESCAPE = re.compile(rb"""\\(?:["/]|u([0-9a-fA-F]{4}))""")
_SIGNS = {b'\\"': b'""', rb"\/": b"/"}
_DIGITS = np.isin(np.arange(256), np.frombuffer(b"0123456789", np.uint8))
_EDGE = 8  # bytes around a part, so that eight of them can be looked at anywhere
_Bytes = npt.NDArray[np.uint8]
_Places = npt.NDArray[np.int64]


class ObjectLines:
    """The lines of one file, part by part; `names` are those of the first line."""

    def __init__(self) -> None:
        self.names: tuple[str, ...] = ()

    def values(self, part: bytes) -> bytes | None:
        """The next part of the file, which begins and ends with a line, as lines of CSV.

        None where some line is no object with the names of the first in their order, or where its values are no CSV:
        nested ones, characters that CSV has no form for, blanks in unusual places. Not all that is no JSON is found.
        """
        self.names = self.names or _names(part)
        return _values(part, self.names)


def _names(part: bytes) -> tuple[str, ...]:
    """The names of the object in the first line; none where it is odd."""
    try:
        found = json.loads(part[: part.find(b"\n") + 1 or len(part)], object_pairs_hook=list)
    except (ValueError, RecursionError):
        return ()
    if not isinstance(found, list) or not all(isinstance(pair, tuple) for pair in found):
        return ()
    names = tuple(str(pair[0]) for pair in found)
    return names if all(names) and len(set(names)) == len(names) <= _MOST_NAMES else ()


def _unescaped(part: bytes) -> bytes:
    """The part without the escapes that have a form in CSV; of others the reversed slash stays."""
    known = dict(_SIGNS)

    def sign(match: re.Match[bytes]) -> bytes:
        escape = match.group()
        if escape not in known:
            letter = chr(int(match.group(1), 16))
            known[escape] = escape if letter < " " or "\ud800" <= letter <= "\udfff" else letter.encode()
            known[escape] = known[escape].replace(b'"', b'""')
        return known[escape]

    return _ESCAPE.sub(sign, part)


def _values(part: bytes, names: tuple[str, ...]) -> bytes | None:
    """The lines of a part without their names."""
    if b"\\" in part and (rb"\\" in part or b"\\" in (part := _unescaped(part))):
        return None
    padded = np.frombuffer(bytes(_EDGE) + part + bytes(_EDGE), np.uint8)
    inside = padded[_EDGE:-_EDGE]
    ends = np.flatnonzero(inside == ord("\n")) + _EDGE
    is_odd = b"[" in part or np.count_nonzero(inside < ord(" ")) != len(ends)
    ends = ends if part.endswith(b"\n") else np.append(ends, _EDGE + len(part))
    starts = np.append(_EDGE, ends[:-1] + 1)
    is_odd |= any(np.count_nonzero(inside == ord(sign)) != len(ends) for sign in "{}")
    is_odd |= (ends - starts).max() >= LONGEST_LINE
    if is_odd or not names or (padded[starts] != ord("{")).any() or (padded[ends - 1] != ord("}")).any():
        return None
    colons = np.flatnonzero(inside == ord(":")) + _EDGE
    before = padded[colons - 1]
    is_spaced = (padded[colons[before == ord(" ")] - 2] == ord('"')).any()
    colons = colons[before == ord('"')]
    if is_spaced or len(colons) != len(ends) * len(names):
        return None
    return _without_names(padded, colons.reshape(len(ends), len(names)), starts, ends, names)


def _without_names(
    padded: _Bytes, colons: _Places, starts: _Places, ends: _Places, names: tuple[str, ...]
) -> bytes | None:
    """The bytes without names, braces, null and the blanks between them; `colons` has those of each line.

    None where a name or a separator is not in its place.
    """
    if (colons[:, 0] <= starts).any() or (colons[:, -1] >= ends).any():
        return None
    stays = np.ones(len(padded), np.uint8)
    stays[:_EDGE] = stays[-_EDGE:] = stays[starts] = stays[ends - 1] = 0
    for place, name in enumerate(names):
        at = colons[:, place]
        text = f'"{name}":'.encode()
        if not _take_out(padded, stays, at, text):
            return None
        ahead = at - len(text)
        is_blank = padded[ahead] == ord(" ")
        stays[ahead[is_blank]] = 0
        ahead = ahead - is_blank
        if (padded[ahead] != ord("," if place else "{")).any() or (padded[ahead - 1] == ord(" ")).any():
            return None
        value = at + 1
        is_blank = padded[value] == ord(" ")
        stays[value[is_blank]] = 0
        value = value + is_blank
        first, second = padded[value], padded[value + 1]
        is_null = (first == ord("n")) & (second == ord("u"))
        is_number = _DIGITS[first] | ((first == ord("-")) & _DIGITS[second])
        if not (is_null | is_number | (first == ord('"')) | (first == ord("t")) | (first == ord("f"))).all():
            return None
        nulls = value[is_null]
        for offset in range(4):
            stays[nulls + offset] = 0
    last = padded[ends - 2]
    if ((last == ord(" ")) | (last == ord(","))).any():
        return None
    return padded[stays.view(np.bool_)].tobytes()


def _take_out(padded: _Bytes, stays: _Bytes, last: _Places, text: bytes) -> bool:
    """Mark the text that ends at these places; whether it stands there."""
    size = 8 if len(text) >= 8 else 4
    kind = np.dtype(f"<u{size}")
    words = np.ndarray((len(padded) - size + 1,), kind, buffer=padded.data, strides=(1,))
    marks = np.ndarray((len(padded) - size + 1,), kind, buffer=stays.data, strides=(1,))
    for end in range(len(text), 0, -size):
        begin = max(end - size, 0)
        at = last - len(text) + 1 + begin
        if (words[at] != int.from_bytes(text[begin : begin + size], "little")).any():
            return False
        marks[at] = 0
    return True
