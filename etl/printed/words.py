"""The words of printed figures (scales, currencies, number words), and how a form is split into tokens.

Source of the words: filings and the press, in words.yaml beside this module. A scale that is missing there is
ignored: its number is read without it and contradicts the value in the reference file. Add the word there.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import NamedTuple

import yaml

_DATA = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))
COMMA_SCALES: dict[str, int] = _DATA["comma_scales"]
SCALES: dict[str, int] = _DATA["english_scales"] | COMMA_SCALES
CURRENCY_CODES = frozenset[str](_DATA["currency_codes"].split())
CURRENCIES = {code.lower(): frozenset({code}) for code in CURRENCY_CODES} | {
    word: frozenset[str](codes.split()) for codes, words in _DATA["currency_marks"].items() for word in words.split()
}
PROSE_CODES = frozenset[str](_DATA["prose_codes"].split())
NUMBER_WORDS: dict[str, int] = _DATA["number_words"]
# Parts of words under which a fall is printed as a positive number: "a decrease of 6.3 million".
FALLING = re.compile(
    "(?<![a-z])(?:loss|lost|losing|decreas|declin|fell|fall|drop|down|negative|minus|shrank|shrunk)"
    "|亏损|虧損|减少|減少|下降|下滑|赤字",
    re.IGNORECASE,
)
_SUPERSCRIPTS = re.compile("[\u00b2\u00b3\u00b9\u2070-\u209c]")  # footnote marks; NFKC makes them digits
_CJK = "\u3400-\u9fff\uac00-\ud7af"
_CJK_WORDS = sorted((w for w in SCALES | CURRENCIES if re.match(f"[{_CJK}]", w)), key=len, reverse=True)
_TOKEN = re.compile(
    rf"""(?P<date>[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})
    |(?P<thousands>['’]000s?(?![0-9]))
    |(?P<number>[0-9]{{1,3}}(?:\ [0-9]{{3}})+(?![0-9])(?:[.,][0-9]+)?|[0-9][0-9.,'’]*[0-9]|\.?[0-9]+)
    |(?P<dash>[-−–—~至])
    |(?P<open>[(\[])|(?P<close>[)\]])
    |(?P<percent>%|(?:percent(?:age\ points?)?|pct|per\ cent)(?![a-z]))
    |(?P<currency>(?:US|HK|NT|R)\$|CN¥|[$¥€£₩₹])
    |(?P<cjk>{"|".join(_CJK_WORDS)})
    |(?P<word>[^\W\d_{_CJK}]+)
    |(?P<space>\s+)
    |(?P<other>.)""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)


class Token(NamedTuple):
    """A piece of a printed form, from character `start` to `end`."""

    kind: str  # number, label, scale, currency, percent, dash, open, close, word, date, cjk or other
    text: str  # in lower case
    start: int
    end: int


def normalized(printed: str) -> str:
    """The form without superscripts and in compatible characters: that in which places of tokens are counted."""
    return unicodedata.normalize("NFKC", _SUPERSCRIPTS.sub("", printed))


def tokenize(printed: str) -> list[Token]:
    """Split a printed form into tokens, without spaces; a number right after a word (Q2, FY2021) is a label."""
    text = normalized(printed)
    found: list[Token] = []
    at = 0
    while match := _TOKEN.match(text, at):
        kind, piece = str(match.lastgroup), match.group()
        word = piece.lower()
        if kind == "thousands":
            kind, word = "scale", "thousand"
        elif word in SCALES:
            kind = "scale"
        elif word in CURRENCIES and (word not in PROSE_CODES or piece.isupper()):
            kind = "currency"
        elif kind == "number" and found and found[-1].kind == "word" and found[-1].end == at:
            kind, piece = "label", piece.split(" ")[0]  # not the 300 of "Q2 300 million"
        if kind != "space":
            found.append(Token(kind, word, at, at + len(piece)))
        at += len(piece)
    return found
