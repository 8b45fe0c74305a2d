"""Candidate figures of a page: each number is placed with metric, period, scope and unit, or listed with a reason.

A number is placed only where everything is sure: one metric by the metric words of the platform, one period, one
scale, one currency, and a print that `etl.printed` reads as one figure. Amounts in another currency than the platform
reports in are translations and no figures; changes, percentages and forecasts are none either. What a page prints
with two values for one period is not placed.

Nothing is computed but the sign: an expense is positive however it is printed, as in the reference data.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations, groupby
from pathlib import Path

from etl.errors import MendError
from etl.figures.pages import Passage
from etl.figures.periods import Mention, Period, announced, head_period, mentions, read_han
from etl.printed.forms import PrintedFigure, read_form
from etl.printed.words import CURRENCIES, CURRENCY_CODES, tokenize
from etl.yaml_file import read_yaml

ANY_PLATFORM = "*"
_HEAD = 40  # passages in which a document says whose results it announces
SHOWN = 300  # characters of a sentence in a locator
_SCALE_WORDS = {0: "", 3: "thousands", 4: "万", 5: "lakh", 6: "millions", 7: "crore", 8: "亿", 9: "billions"}
_SCALES = {"thousand": 3, "'000": 3, "’000": 3, "million": 6, "mn": 6, "mm": 6, "billion": 9, "bn": 9}
_HAN_SCALES = {"": 0, "千": 3, "万": 4, "百万": 6, "千万": 7, "亿": 8, "十亿": 9}
_SCALE = re.compile(r"\b(thousand|million|billion)s?\b|(['’]000)\b|(?<=[A-Z$] )(mn|mm|bn)\b", re.IGNORECASE)
_HAN_UNIT = re.compile(
    r"(?<![\d.十百千万亿])(千万|百万|十亿|千|万|亿)?(?:元|美元|港元|港币)"
    r"|(?<![\d.])(?:以|单位[:：]?)\s?(千万|百万|千|万|亿)"
)
_PLAIN_UNIT = re.compile(r"\bin (?:RMB|CNY|US\$|USD|Renminbi)\b|单位[:：]?\s?(?:人民币)?元", re.IGNORECASE)
_UNIT_NOTE = re.compile(
    r"\([^()]*(?:thousand|million|billion|['’]000|百万|[千万亿][元人]|RMB|US\$|人民币)[^()]*\)", re.IGNORECASE
)
_EXCEPT = re.compile(r"except|unless|除.*外", re.IGNORECASE)
_FOOTNOTES = re.compile(r"(?:\s?\(\d{1,2}\)|\s?\[\d{1,2}\]|[*†‡§:：])+$")
_HAN = "一二三四五六七八九十百千两零〇"
_MARKS = r"US\$|HK\$|NT\$|RMB|CNY|USD|Renminbi|人民币|[$¥€£]"
# A number with the marks around it that belong to it; a mark glued to it is part of it, so that its reader refuses it.
_AMOUNT = re.compile(
    rf"""(?<![A-Za-z\d.,])(?<![A-Za-z\d]-)(?:(?:{_MARKS})\s?)?(?:[-−–](?=\d)|\((?=\d))?[$¥]?
    (?P<number>[{_HAN}点万亿]*[{_HAN}][万亿][{_HAN}万]*|\d(?:[\d,.]*\d)?
    |(?:half\ a|an?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)(?=\ (?:million|billion|trillion)))
    (?:\s?\(\d{{1,2}}\)|\s?\[\d{{1,2}}\]|[*†‡§](?=\s?\w))?\)?
    (?P<after>(?:\s?(?:hundred\ |thousand|million|billion|trillion|bn|mn)s?(?![A-Za-z])
    |\s?[百千万亿]+(?:\d[\d,.]*[百千万]*)?)*)
    (?P<percent>\s?(?:%|percent(?:age\ points?)?\b|pct\b|basis\ points|bps\b|个百分点))?\s?(?:美元|港元|元|人民币)?""",
    re.IGNORECASE | re.VERBOSE,
)
_LISTS: dict[str, list[str]] = read_yaml(Path(__file__).with_name("words.yaml"))


def _words(name: str, form: str = "{}") -> re.Pattern[str]:
    """The alternatives of a list of words.yaml, in the place of {} in a form."""
    return re.compile(form.format(f"(?:{'|'.join(_LISTS[name])})"), re.IGNORECASE)


_BEFORE_NUMBER = r"\s*(?:approximately |about |nearly |over |an? )?$"
_CHANGE, _LEVEL = _words("change", "{}" + _BEFORE_NUMBER), _words("level", r"{}\s*$")
_LINK, _PART_OF, _LISTED, _FORECAST = _words("link"), _words("part"), _words("listed"), _words("forecast")
_QUALIFIERS = {name: _words(name, r"{}\s*$") for name in ("at_least", "at_most", "about")}
_CHANGES, _RESTATED = _words("changes"), _words("restated")
_BEFORE, _GOES_ON = _words("before", r"{}\s*$"), _words("goes_on", r"\s*{}\b")
_GOES_INTO = re.compile(r"\s+(?:in|for|during|over)\s+(?:the\s+)?", re.IGNORECASE)
_NOUN = re.compile(r"\s*([A-Za-z]+)|\s?([\u4e00-\u9fff]+)")
_NO_NOUN, _NO_HAN_NOUN = _words("no_noun", "{}"), _words("no_noun_han")
_COUNTS = ("persons", "orders", "count")


@dataclass(frozen=True)
class Metric:
    """A metric of the reference data: its usual unit, its kind, its rule of periods, and whether it is a cost."""

    unit: str
    kind: str
    period_rule: str
    is_cost: bool


@dataclass(frozen=True)
class Words:
    """Words by which documents name a metric and its scope; without a metric, words of what is none."""

    metric: str
    scope: str
    words: str


@dataclass(frozen=True)
class Subject:
    """The platform that a document is about, and the vocabulary for it."""

    platform: str
    fiscal_year_end: str
    currency: str
    metrics: Mapping[str, Metric]
    words: Sequence[Words]


@dataclass(frozen=True)
class Candidate:
    """A number with everything that a row of observations.csv says of it; `value` is in base units of `unit`."""

    metric: str
    scope: str
    period_type: str
    period_start: str
    period_end: str
    value: Decimal
    unit: str
    qualifier: str
    printed_as: str
    place: str
    quote: str
    note: str = ""
    half_width: Decimal | None = None  # None: as printed
    basis: str = ""

    @property
    def locator(self) -> str:
        """Where the figure stands, with the sentence or the row and column."""
        return f"{self.place}: {self.quote}"


@dataclass(frozen=True)
class Unplaced:
    """A number that was seen and not placed, and why; `metric` where words of one stand with it."""

    printed: str
    place: str
    reason: str
    quote: str
    metric: str = ""


Found = Candidate | Unplaced


class Unsure(MendError):
    """What keeps a number from being placed."""


@dataclass(frozen=True)
class _Unit:
    """What a head or caption says of the numbers below it."""

    exponents: frozenset[int]
    currencies: frozenset[str]
    has_exceptions: bool


def find(passages: Iterable[Passage], subject: Subject) -> list[Found]:
    """Every number of the passages that is no part of a date, placed or not."""
    passages = tuple(passages)
    context = announced((read_han(passage.text) for passage in passages[:_HEAD]), subject.fiscal_year_end)
    grouped = any(re.search(r"\d,\d{3}\b", passage.text) for passage in passages)
    found: list[Found] = []
    for in_table, block in groupby(
        passages, lambda passage: passage.place.rpartition(", cell")[0] if passage.in_table else ""
    ):
        if in_table:
            found += _row(list(block), subject)
        else:
            for passage in block:
                found += _sentence(passage, subject, context)
    if grouped:
        found = [_ungrouped(one) for one in found]
    return without_conflicts(_without_odd_decimals(found))


def _ungrouped(one: Found) -> Found:
    """Not placed where thousands are not parted and elsewhere they are: a mark may be glued to the number."""
    if isinstance(one, Candidate) and (digits := re.search(r"(?<![\d,.])\d{4,}", one.printed_as)):
        return _left(one, f"{digits.group()} has no separator and other numbers have one: a mark may be glued to it")
    return one


def _left(one: Candidate, reason: str) -> Unplaced:
    return Unplaced(one.printed_as, one.place, reason, one.quote, one.metric)


def _without_odd_decimals(found: Sequence[Found]) -> list[Found]:
    """Without numbers that have more decimals than most of their kind: a mark may be glued to them."""
    kinds: defaultdict[tuple[str, str], Counter[int]] = defaultdict(Counter)

    def kind(one: Candidate) -> tuple[tuple[str, str], int]:
        number = re.search(r"\d[\d,.]*", one.printed_as)
        decimals = len(number.group().partition(".")[2]) if number else 0
        where = one.place.rpartition(", cell")[0] if ", cell" in one.place else "text"
        words = re.sub(r"[\d.,()\s-]", "", one.printed_as)
        return (where, words), decimals

    for one in found:
        if isinstance(one, Candidate):
            key, decimals = kind(one)
            kinds[key][decimals] += 1

    def kept(one: Found) -> Found:
        if isinstance(one, Candidate):
            key, decimals = kind(one)
            others = kinds[key]
            fewer = sum(count for places, count in others.items() if places < decimals)
            if fewer and (", cell" in one.place or fewer > others[decimals]):
                return _left(one, "has more decimals than the numbers beside it: a mark may be glued to it")
        return one

    return [kept(one) for one in found]


def without_conflicts(found: Sequence[Found]) -> list[Found]:
    """Without figures of which the document prints two values that no rounding explains."""
    same: defaultdict[tuple[str, ...], list[Candidate]] = defaultdict(list)
    for one in found:
        if isinstance(one, Candidate):
            same[quantity(one)].append(one)
    torn = {key for key, ones in same.items() if not all(agrees(one, other) for one, other in combinations(ones, 2))}
    return [
        _left(one, "the document prints more than one value for this period")
        if isinstance(one, Candidate) and quantity(one) in torn
        else one
        for one in found
    ]


def agrees(one: Candidate, other: Candidate) -> bool:
    """Whether the rounding of two figures explains their difference, or one of them is no exact figure."""
    is_exact = one.qualifier == other.qualifier == "exact"
    return not is_exact or abs(one.value - other.value) <= (one.half_width or 0) + (other.half_width or 0)


def quantity(one: Candidate) -> tuple[str, ...]:
    """What a figure is of: metric, scope, unit and period."""
    return one.metric, one.scope, one.unit, one.period_start, one.period_end


# --- numbers and units --------------------------------------------------------------------------------


def _currencies(text: str) -> frozenset[str]:
    """The currencies that a text names for sure; where its marks are open ("$"), those they may stand for."""
    text = re.sub(r"U\.\s?S\.\s?dollars?", "USD", text, flags=re.IGNORECASE)
    named = [CURRENCIES[token.text] for token in tokenize(text) if token.kind == "currency"]
    sure = frozenset(code for codes in named if len(codes) == 1 for code in codes)
    return sure or frozenset(code for codes in named for code in codes)


def _unit(text: str) -> _Unit:
    """What a text says of scale and currency."""
    exponents = {_SCALES[next(filter(None, found.groups())).lower()] for found in _SCALE.finditer(text)}
    exponents |= {_HAN_SCALES[found[1] or found[2] or ""] for found in _HAN_UNIT.finditer(text)}
    if _PLAIN_UNIT.search(text) and not exponents:
        exponents = {0}
    head = _EXCEPT.split(text)[0]
    if head != text and (before := _unit(head)).exponents:
        exponents = set(before.exponents)
    return _Unit(frozenset(exponents), _currencies(text), head != text)


def _checked_currency(named: frozenset[str], subject: Subject) -> str:
    """The currency of an amount, which is the one that the platform reports in. Raises Unsure."""
    if not named:
        raise Unsure("no currency is named")
    if subject.currency in named and (len(named) == 1 or not named <= {subject.currency, "USD"}):
        return subject.currency
    if subject.currency in named:
        raise Unsure(f"more than one currency is named: {', '.join(sorted(named))}")
    raise Unsure(_translated(named, subject))


def _translated(named: frozenset[str], subject: Subject) -> str:
    others = ", ".join(sorted(named))
    return f"a translation into another currency ({others}); the platform reports in {subject.currency}"


def _read(printed: str) -> PrintedFigure:
    """The one figure of a print. Raises Unsure."""
    form = read_form(printed)
    if form.unread:
        raise Unsure(f"{form.unread!r} is not understood: a mark may be glued to the number")
    values = {figure.value for figure in form.figures}
    if len(values) != 1:
        raise Unsure(f"reads as {len(values)} numbers" if values else "no number is read")
    return form.figures[0]


def period_type(period: Period, metric: Metric, subject: Subject) -> str:
    """The type of a period if figures of the metric have such periods. Raises Unsure."""
    rule = metric.period_rule
    days = (period.end - period.start).days + 1 if period.start else 0
    month, day = (int(part) for part in subject.fiscal_year_end.split("-"))
    ends_year = abs((period.end.month - month) * 30 + period.end.day - day) <= 7
    if not days:
        kind = "point"
    elif 357 <= days <= 371:
        is_year = "year" in rule and ends_year
        kind = "year" if is_year or ("ttm" not in rule and metric.kind == "stock") else "ttm"
    else:
        kind = "quarter" if 84 <= days <= 98 else "other"
    allowed = [word.strip() for word in rule.split("|")]
    is_average = "average" in rule and kind in ("year", "quarter")
    fits = is_average or any(word.startswith(kind) or word in ("", "as stated") for word in allowed)
    is_sum = metric.kind == "flow" and kind in ("ttm", "quarter", "other")
    if not (fits or is_sum):
        shown = f"{days} days" if days else "a day"
        raise Unsure(f"the period is {shown}, the metric is of a {rule}")
    return kind


def _candidate(
    passage: Passage, subject: Subject, words: Words, period: Period, *, printed: str, qualifier: str = "exact"
) -> Candidate:
    """A placed number. Raises Unsure."""
    metric, figure = subject.metrics[words.metric], _read(printed)
    size = abs(figure.value)
    value = size if metric.is_cost else figure.value if figure.signed else -size
    if value < 0 and (words.metric == "revenue" or metric.unit in _COUNTS):
        raise Unsure("is negative")
    if value == 0:
        raise Unsure("is zero")
    money = metric.unit[:3] in CURRENCY_CODES
    heads = " / ".join(passage.heads)
    quote = f"{passage.label} | {heads} | {passage.text}" if passage.in_table else passage.text
    notes = [f"footnote marks taken off: {' '.join(passage.marks)}"] if passage.marks else []
    notes += ["restated comparative"] if _RESTATED.search(heads) else []
    return Candidate(
        words.metric,
        words.scope,
        period_type(period, metric, subject),
        str(period.start or ""),
        str(period.end),
        value,
        subject.currency + metric.unit[3:] if money else metric.unit,
        qualifier,
        printed,
        passage.place,
        _short(quote),
        "; ".join(notes),
        figure.rounding(qualifier),
    )


def _short(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


# --- tables -------------------------------------------------------------------------------------------


def _row(cells: list[Passage], subject: Subject) -> Iterator[Found]:
    """The cells of one row of a table."""
    heads = Counter(cell.heads for cell in cells if re.search(r"\d", cell.text))
    for cell in cells:
        if not re.search(r"\d", cell.text) and cell.text.strip("()") not in ("-", "–", "—"):
            continue
        words = _row_words(cell, subject)
        try:
            if words is None:
                raise Unsure("the row names no metric")
            if heads[cell.heads] > 1:
                raise Unsure("two numbers stand under one head")
            yield _placed_cell(cell, words, subject)
        except Unsure as reason:
            yield Unplaced(
                cell.text,
                cell.place,
                str(reason),
                _short(f"{cell.label} | {' / '.join(cell.heads)} | {cell.text}"),
                words.metric if words else "",
            )


def _row_words(cell: Passage, subject: Subject) -> Words | None:
    """The words that the label of a row is, apart from marks and units."""
    label = _UNIT_NOTE.sub("", cell.label)
    while (bare := _FOOTNOTES.sub("", label).strip()) != label:
        label = bare
    label = " ".join(label.casefold().split())
    return next((words for words in subject.words if words.metric and words.words == label), None)


def _placed_cell(cell: Passage, words: Words, subject: Subject) -> Candidate:
    """A cell of a row that names a metric. Raises Unsure."""
    metric = subject.metrics[words.metric]
    titles = (cell.label, *cell.heads, *(text for text in cell.captions if len(text) <= 100))
    for other in subject.words:
        if not other.metric and any(other.words in _EXCEPT.split(title)[0].casefold() for title in titles):
            raise Unsure(f"{other.words!r} stands with it, which is something else")
    if any(_CHANGES.search(head) for head in cell.heads):
        raise Unsure("the column is one of changes")
    if not re.search(r"\d", cell.text):
        raise Unsure("a dash is no figure")
    if ("%" in cell.text) != (metric.unit == "percent"):
        raise Unsure("a percentage" if "%" in cell.text else "no percentage")
    if cell.text.startswith("(") != cell.text.rstrip("%").endswith(")") and "(" in cell.text[:3]:
        raise Unsure("a bracket is not closed")
    period, reason = head_period(cell.heads, cell.captions, subject.fiscal_year_end, cell.beside)
    if period is None:
        raise Unsure(reason)
    printed = cell.text
    if metric.unit[:3] in CURRENCY_CODES:
        printed += f" ({_money_unit(cell, metric, subject)})"
    elif metric.unit in _COUNTS:
        printed += _count_unit(cell)
    return _candidate(cell, subject, words, period, printed=printed)


def _money_unit(cell: Passage, metric: Metric, subject: Subject) -> str:
    """Scale and currency of an amount in a table, as in "RMB in millions". Raises Unsure."""
    own, own_currencies = _unit(cell.text), _currencies(cell.text)
    sources = [_unit(text) for text in (cell.label, *reversed(cell.heads), *cell.captions)]
    scaled = next((unit for unit in sources if unit.exponents), own)
    currencies = own_currencies or next((unit.currencies for unit in sources if unit.currencies), frozenset[str]())
    code = _checked_currency(currencies, subject)
    if metric.unit[3:]:
        raise Unsure("an amount per person in a table has no scale that is sure")
    if own.exponents:
        return code
    if len(scaled.exponents) != 1:
        raise Unsure("more than one scale is named" if scaled.exponents else "no scale is named")
    word = _SCALE_WORDS[min(scaled.exponents)]
    return f"{code} in {word}" if word else f"in {code}"


def _count_unit(cell: Passage) -> str:
    """Scale of a count in a table, as in " (in millions)". Raises Unsure."""
    if _unit(cell.text).exponents or re.search("[万亿]", cell.text):
        return ""
    for text in (cell.label, *reversed(cell.heads), *cell.captions):
        unit = _unit(text)
        counted = {_HAN_SCALES[found] for found in re.findall("(百万|万|亿)(?:人|户|名|个)", text)}
        exponents = counted or unit.exponents
        if not exponents:
            continue
        if len(exponents) > 1:
            raise Unsure("more than one scale is named")
        if (unit.currencies and not counted) or (
            unit.has_exceptions and re.search("buyer|customer|user|买家|用户", text)
        ):
            raise Unsure("the scale is that of amounts of money")
        return f" (in {_SCALE_WORDS[min(exponents)]})"
    if re.fullmatch(r"\d{1,3}(,\d{3}){2,}", cell.text):
        return ""
    raise Unsure("no scale is named")


# --- sentences ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Amount:
    """A number of a sentence with its marks."""

    text: str
    first: int
    last: int
    is_percent: bool
    has_scale: bool


def _sentence(passage: Passage, subject: Subject, context: Mapping[int, Period]) -> Iterator[Found]:
    """The numbers of a sentence."""
    text = read_han(passage.text)
    times = mentions(text, subject.fiscal_year_end, context)
    amounts = [
        _Amount(found.group().strip(), found.start(), found.end(), bool(found["percent"]), bool(found["after"]))
        for found in _AMOUNT.finditer(text)
        if re.search(r"[\d一二三四五六七八九两]|[a-z]", found["number"])
        and not any(time.first < found.end("number") and found.start("number") < time.last for time in times)
    ]
    phrases = _phrases(text, subject, times)
    excluded = next((other.words for other in subject.words if not other.metric and other.words in text.casefold()), "")
    levels: list[_Amount] = []
    reasons: dict[_Amount, str] = {}
    for amount in amounts:
        if reason := _no_level(text, amount, subject):
            reasons[amount] = reason
        else:
            levels.append(amount)
    metrics = _metrics(text, levels, phrases)
    periods = _periods(text, levels, times, metrics)
    for amount in amounts:
        words = metrics.get(amount)
        named = words.metric if isinstance(words, Words) else phrases[0][0].metric if phrases else ""
        try:
            if not phrases:
                raise Unsure("the sentence names no metric")
            if excluded:
                raise Unsure(f"{excluded!r} stands with it, which is something else")
            if _FORECAST.search(text):
                raise Unsure("the sentence is a forecast or a range")
            if amount in reasons:
                raise Unsure(reasons[amount])
            if not isinstance(words, Words):
                raise Unsure(words or "which metric the number is of is not sure")
            yield _placed_amount(passage, subject, amount, words, periods[amount])
        except Unsure as reason:
            yield Unplaced(amount.text, passage.place, str(reason), _short(passage.text), named)


def _phrases(text: str, subject: Subject, times: Sequence[Mention]) -> list[tuple[Words, int, int]]:
    """The metric words in a sentence with their places, longest first where they overlap, in order.

    One word alone ("revenues") names a metric in the label of a row only, unless it is one like GMV.
    """
    lower, taken, found = text.casefold(), [False] * (len(text) + 1), []
    for words in sorted(subject.words, key=lambda one: -len(one.words)):
        is_han = re.search(r"[\u4e00-\u9fff]", words.words) is not None
        is_long = " " in words.words or (is_han and len(words.words) > 2)
        if not words.metric or not (is_long or len(words.words) <= 4):
            continue
        pattern = re.escape(words.words) if is_han else rf"\b{re.escape(words.words)}(?=\d{{0,2}}\b)"
        for match in re.finditer(pattern, lower):
            first, last = match.span()
            if any(taken[first:last]) or not (is_long or (text[first:last].isupper() and not is_han)):
                continue
            taken[first:last] = [True] * (last - first)
            into = _GOES_INTO.match(text, last)
            goes_on = _GOES_ON.match(text, last) or (
                into and not any(time.first <= into.end() <= time.last for time in times)
            )
            if _BEFORE.search(text[:first]) and not goes_on:
                found.append((words, first, last))
    return sorted(found, key=lambda one: one[1])


def _no_level(text: str, amount: _Amount, subject: Subject) -> str:
    """Why a number of a sentence states no level of anything; '' where it may."""
    before = text[: amount.first]
    if amount.is_percent:
        return "a percentage"
    if _CHANGE.search(before) and not _LEVEL.search(before):
        return "a change, not a level"
    currencies = _currencies(amount.text)
    if currencies and subject.currency not in currencies:
        return _translated(currencies, subject)
    return ""


def _metrics(
    text: str, levels: Sequence[_Amount], phrases: Sequence[tuple[Words, int, int]]
) -> dict[_Amount, Words | str]:
    """The metric of each amount: by words before it, by the amount that it is compared with, or by words behind it."""
    found: dict[_Amount, Words | str] = {}
    start, before = 0, None
    for amount in levels:
        between = [words for words, first, _ in phrases if start <= first < amount.first]
        behind = [words for words, first, _ in phrases if amount.last <= first <= amount.last + 12]
        gap = text[start : amount.first]
        if len(set(between)) == 1 and not _PART_OF.search(gap[gap.rfind(between[0].words[-3:]) :] if before else gap):
            found[amount] = between[0]
        elif len(between) > 1 or _PART_OF.search(gap):
            found[amount] = "which metric the number is of is not sure"
        elif before and isinstance(found[before], Words) and _LINK.search(gap):
            found[amount] = found[before]
        elif behind:
            found[amount] = behind[0]
        else:
            found[amount] = "no metric is named with the number"
        start, before = amount.last, amount
        metric = found[amount]
        noun = _NOUN.match(text, amount.last)
        if isinstance(metric, Words) and noun and not _is_counted(noun, metric):
            found[amount] = f"the number counts {noun.group().strip()[:20]!r}"
    if _LISTED.search(text):
        return dict.fromkeys(levels, "the sentence lists numbers with 'respectively'")
    return found


def _is_counted(noun: re.Match[str], words: Words) -> bool:
    """Whether the word behind a number leaves it a number of the metric."""
    if noun[2]:
        return _NO_HAN_NOUN.match(noun[2]) is not None or noun[2][:2] in words.words
    word = noun[1].casefold()
    return _NO_NOUN.fullmatch(word) is not None or word in words.words.split()


def _periods(
    text: str, levels: Sequence[_Amount], times: Sequence[Mention], metrics: Mapping[_Amount, Words | str]
) -> dict[_Amount, Mention | None]:
    """The period of each amount: the one right beside it, else the only one before it since the last amount."""
    found: dict[_Amount, Mention | None] = {}
    start = 0
    for amount in levels:
        words = metrics[amount]
        noun = re.escape(words.words) if isinstance(words, Words) else "(?!)"
        between = re.compile(rf"(?:\s|{noun}|\([^()]*\)|\b(?:in|for|during|over|as of|at|the|our)\b)*", re.IGNORECASE)
        before = [time for time in times if start <= time.first and time.last <= amount.first]
        behind = next((time for time in times if time.first >= amount.last), None)
        if before and re.fullmatch(r"\s*的?(?:约|近|逾|超过)?\s*", text[before[-1].last : amount.first]):
            found[amount] = before[-1]
        elif behind and between.fullmatch(text, amount.last, behind.first):
            found[amount] = behind
        else:
            found[amount] = before[0] if len(before) == 1 and before[0] not in found.values() else None
        start = amount.last
    return found


def _placed_amount(
    passage: Passage, subject: Subject, amount: _Amount, words: Words, time: Mention | None
) -> Candidate:
    """A number of a sentence whose metric is known. Raises Unsure."""
    metric, text = subject.metrics[words.metric], read_han(passage.text)
    if time is None:
        raise Unsure("no period is named with the number")
    if time.period is None:
        raise Unsure(f"the days of the period are not sure: {text[time.first : time.last]}")
    if metric.unit == "percent":
        raise Unsure("no percentage")
    currencies = _currencies(amount.text)
    if metric.unit[:3] in CURRENCY_CODES:
        _checked_currency(currencies, subject)
    elif currencies:
        raise Unsure("an amount of money, and the metric is a count")
    is_long = re.fullmatch(r"\D*\d{1,3}(,\d{3}){2,}\D*", amount.text) is not None
    is_scaled = amount.has_scale or is_long or "per_person" in metric.unit or re.search("[万亿]", amount.text)
    if not is_scaled:
        raise Unsure("no scale is named")
    before = text[: amount.first]
    qualifier = next((name for name, pattern in _QUALIFIERS.items() if pattern.search(before)), "exact")
    return _candidate(passage, subject, words, time.period, printed=amount.text, qualifier=qualifier)
