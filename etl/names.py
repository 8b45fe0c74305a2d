"""What a name may look like: one rule for the keys of every delivered and referenced row.

Two names that look alike and are not the same would split a channel or a buyer in two. The canonical form of a name is
its Unicode NFC form, in which a letter with its accent is one character; other writings of it are composed, and that is
told. What has no canonical form is a fault: invisible characters, other spaces than U+0020, full-width letters and
digits, spaces around the name, a beginning that a spreadsheet takes for a formula, and what is left of a name that was
damaged on its way: error values and rounded numbers of spreadsheets, words for a missing value, replacement characters.

The patterns are read alike by Python's `re` and by RE2, the engine of DuckDB.
"""

from __future__ import annotations

import re
import unicodedata

LONGEST = 200  # bytes of a platform, channel, identifier: a longer one is a mistake


def _characters(*spans: str) -> str:
    """A part of a character class: each span is a code point or two with a dash, in hexadecimal."""
    return "".join("-".join(chr(int(end, 16)) for end in span.split("-")) for span in spans)


CONTROLS = r"\x00-\x1f\x7f"
INVISIBLE = _characters(
    *("80-9f", "ad", "34f", "61c", "115f-1160", "17b4-17b5", "180b-180f", "200b-200f", "2028-202e", "2060-206f"),
    *("3164", "feff", "ffa0", "fff9-fffb", "e0000-e007f"),
)
SPACES = _characters("a0", "1680", "2000-200a", "202f", "205f", "3000")
FULL_WIDTH = _characters("ff10-ff19", "ff21-ff3a", "ff41-ff5a")
DAMAGED = _characters("e000-f8ff", "fffd-ffff")
FORMULA = "=+@" + _characters("ff1d", "ff0b", "ff0d", "ff20") + "-"  # spreadsheets take the full-width signs too
# What a name must not hold anywhere, or begin with.
FAULTY = f"^[{FORMULA}]|[{CONTROLS}{INVISIBLE}{SPACES}{FULL_WIDTH}{DAMAGED}]"
FAULTY_REASON = (
    "is longer than {} bytes, has spaces around it, holds a control, invisible or full-width character or "
    "another space than U+0020, or begins like a formula (= + - @); write the plain name"
)
# Words that programs write for a missing value; in names only, and only as they write them.
MISSING = ("nan", "NaN", "None", "null", "NULL", "(null)", "undefined", "NaT", "<NA>", r"\N")
# An error value of a spreadsheet, a cell that was too narrow, a number in scientific form, text lost in a code page.
LOST = (
    r"#(N/A|REF!|VALUE!|DIV/0!|NAME\?|NULL!|NUM!|SPILL!|CALC!|FIELD!|BLOCKED!|UNKNOWN!|#+)"
    r"|[0-9][.,][0-9]+E\+[0-9]+|\?{2,}"
)
LOST_REASON = (
    "is what a program leaves of a missing or damaged value (#N/A, nan, 1.23E+15, ???); "
    "write the name, or leave it empty"
)
# Digits of a spreadsheet's number: it keeps fifteen and puts zeros behind them.
LONG_NUMBER, ROUNDED_NUMBER = "[0-9]{16,}", "[1-9][0-9]{14}0+"


def canonical(name: str) -> str:
    """The canonical form of a name."""
    return unicodedata.normalize("NFC", name)


def fault_of(name: str) -> str:
    """What is wrong with a name, and what to do; empty when it is sound. An empty name is."""
    if len(name.encode("utf-8", "surrogatepass")) > LONGEST or name != name.strip(" ") or re.search(FAULTY, name):
        return FAULTY_REASON.format(LONGEST)
    return LOST_REASON if name in MISSING or is_lost(name) else ""


def is_lost(text: str) -> bool:
    """Whether a text is what a spreadsheet or a code page leaves of a value that it lost."""
    return bool(re.fullmatch(LOST, text))
