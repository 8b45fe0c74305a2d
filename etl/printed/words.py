"""The words of printed figures (scales, currencies, number words), and how a form is split into tokens.

Source of the words: filings and the press. A scale that is missing here is ignored: its number is read without
it and contradicts the value in the reference file. Add the word here.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

# Power of ten of a scale word, in languages that write 1,234.5.
ENGLISH_SCALES = {
    "十": 1, "百": 2, "hundred": 2, "千": 3, "천": 3, "k": 3, "thousand": 3, "thousands": 3,
    "万": 4, "萬": 4, "만": 4, "wan": 4, "lakh": 5, "lakhs": 5,
    "m": 6, "mm": 6, "mn": 6, "mln": 6, "million": 6, "millions": 6, "crore": 7, "crores": 7,
    "亿": 8, "億": 8, "억": 8, "yi": 8,
    "b": 9, "bn": 9, "bln": 9, "billion": 9, "billions": 9,
    "兆": 12, "조": 12, "t": 12, "tn": 12, "trn": 12, "trillion": 12, "trillions": 12,
}  # fmt: skip

# The same in languages that write 1.234,5: there "1,234" and "1.234" can each be read both ways.
COMMA_SCALES = {
    "mil": 3, "tausend": 3, "tsd": 3, "tys": 3, "тыс": 3,
    "mio": 6, "millionen": 6, "milioni": 6, "milione": 6, "millones": 6, "millón": 6,
    "milhões": 6, "milhão": 6, "miljoner": 6, "miljoen": 6, "milljónir": 6, "milljón": 6, "млн": 6,
    "juta": 6, "triệu": 6, "milyon": 6,
    "mrd": 9, "mld": 9, "milliard": 9, "milliards": 9, "milliarden": 9, "miliardi": 9, "miljard": 9,
    "miljarder": 9, "milljarðar": 9, "млрд": 9, "miliar": 9, "tỷ": 9, "milyar": 9,
    "billionen": 12, "billones": 12, "biljoen": 12, "трлн": 12, "triliun": 12,
}  # fmt: skip

SCALES = ENGLISH_SCALES | COMMA_SCALES

_CODES = """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP
    BYN BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS
    GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD
    KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO
    NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS
    SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VES VND VUV WST XAF
    XCD XOF XPF YER ZAR ZMW
    """
CURRENCY_CODES = frozenset(_CODES.split())  # ISO 4217, money in circulation

_DOLLARS = frozenset({"USD", "HKD", "TWD", "SGD", "AUD", "CAD", "NZD", "MXN", "ARS", "CLP", "COP"})
_YUAN = frozenset({"CNY", "HKD", "TWD", "MOP", "SGD"})

# What a currency mark may stand for. Codes themselves are read in any case: "Rmb", "rmb", "CNY".
CURRENCIES: dict[str, frozenset[str]] = {code.lower(): frozenset({code}) for code in CURRENCY_CODES} | {
    word: frozenset(codes.split())
    for codes, words in {
        "CNY": "rmb renminbi yuan cn¥ 人民币 人民幣",
        "USD": "us$ 美元 美金",
        "HKD": "hk$ 港元 港币 港幣",
        "TWD": "nt$ 新台幣 台币",
        "BRL": "r$",
        "JPY": "円 日元 yen",
        "EUR": "€ euro euros 欧元 歐元",
        "GBP": "£ sterling 英镑",
        "INR": "₹ rs rupees",
        "KRW": "₩ 원 韩元",
        "CNY JPY": "¥",
    }.items()
    for word in words.split()
}
CURRENCIES |= dict.fromkeys(("$", "dollar", "dollars"), _DOLLARS) | dict.fromkeys(("元", "圆"), _YUAN)
# Codes that are words too: money only when printed in capitals.
_PROSE = "all bam bob cad cop cup gel lak mad mop pen php ron rub sar sos top try"
PROSE_CODES = frozenset(_PROSE.split())

_TO_NINETEEN = """
    one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
    eighteen nineteen
    """
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
NUMBER_WORDS = {word: value for value, word in enumerate(_TO_NINETEEN.split(), start=1)} | {
    word: 10 * tens for tens, word in enumerate(_TENS.split(), start=2)
}

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
