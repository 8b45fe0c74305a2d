"""Periods as printed: "three months ended March 31, 2020", "截至2020年12月31日止年度", "March quarter 2020".

A period is found only where its first and last day are sure. A quarter or year by its name alone ("first quarter of
2020", "2019") is sure where the fiscal year is the calendar year. "The same period of 2019" is told by another period
of the sentence. Columns of a table may print the year apart from the day: `head_period` joins them.

Source of the forms: results releases in English and Chinese.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

_TITLE = 160  # characters of a line above a table that heads it
CALENDAR = "12-31"  # the fiscal year end of those whose years and quarters are those of the calendar
_NAMES = "january february march april may june july august september october november december"
_MONTHS = {name: number for number, name in enumerate(_NAMES.split(), 1)}
_MONTH = "|".join([*(f"{name}|{name[:3]}" for name in _MONTHS), "sept"])
_NUMBERS = {"three": 3, "six": 6, "nine": 9, "twelve": 12, "三": 3, "六": 6, "九": 9, "十二": 12}
_COUNT = "|".join((*_NUMBERS, "12", "3", "6", "9"))
_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4} | {sign: n for n, sign in enumerate("一二三四", 1)}
_HAN = str.maketrans("〇零一二三四五六七八九", "00123456789")
_HAN_DATE = re.compile(
    "([二两〇零一三四五六七八九]{4})年(?:([一二三四五六七八九十]{1,2})月(?:([一二三四五六七八九十]{1,3})日)?)?"
)
_DATE = (
    rf"(?:(?P<m1>{_MONTH})\.?\s+(?P<d1>\d{{1,2}})(?:,?\s*(?P<y1>\d{{4}}))?(?!\d)"
    rf"|(?P<d2>\d{{1,2}})\s+(?P<m2>{_MONTH})\.?,?\s+(?P<y2>\d{{4}})"
    r"|(?:(?P<y3>\d{4})\s?年\s?)?(?P<m3>\d{1,2})\s?月\s?(?P<d3>\d{1,2})\s?日|(?P<y4>\d{4})-(?P<m4>\d\d)-(?P<d4>\d\d))"
)
_SPAN = (
    rf"(?P<count>{_COUNT})(?:-|\s)months?(?:\s+periods?)?|(?P<weeks>13|14|26|39|52|53|thirteen|fourteen|fifty-two)(?:-|\s)weeks?"
    r"|(?:fiscal |full |financial )?(?P<year>years?)|(?:fiscal )?(?P<quarter>quarters?)"
)
_WEEKS = {"thirteen": 13, "fourteen": 14, "fifty-two": 52}
_ENDED = re.compile(rf"(?:{_SPAN})\s+(?:ended|ending|to)\s+(?:on\s+)?{_DATE}", re.IGNORECASE)
_ENDED_HAN = re.compile(
    rf"(?:截至|截止)?{_DATE}(?:止|的)?\s?(?:前)?(?:(?P<count>{_COUNT})\s?个月|(?P<year>年度|财年|财政年度)|(?P<quarter>季度))",
    re.IGNORECASE,
)
_AS_OF = re.compile(rf"(?:as of|as at|at|截至|截止)\s*{_DATE}", re.IGNORECASE)
_NAMED_QUARTER = re.compile(
    r"(?P<nth>first|second|third|fourth) quarter(?: of)?(?: fiscal(?: year)?)?,? (?P<y>\d{4})"
    r"|\bQ(?P<q>[1-4]) ?(?P<yq>20\d\d)"
    r"|(?P<yh>\d{4}) ?年?第?(?P<nh>[一二三四])季度?",
    re.IGNORECASE,
)
_MONTH_QUARTER = re.compile(r"(?P<m>March|June|September|December) quarter(?: of)?,? (?P<y>\d{4})")
_NAMED_YEAR = re.compile(
    r"(?:(?:full|fiscal|calendar) year(?: of)?|\bFY ?|\b(?:in|for|of|from) (?:the year )?)\s?"
    r"(?P<y>(?:19|20)\d\d)(?!\d|[,.]\d|年)"
    r"|(?<!\d)(?P<yh>(?:19|20)\d\d) ?(?:年度|年全年|全年|年(?!第|\d| \d|[上下前一二三四]))",
    re.IGNORECASE,
)
_FIRST_HALF = re.compile(r"(?:first half of |H1 )(?P<y>20\d\d)|(?P<yh>20\d\d) ?年?上半年", re.IGNORECASE)
_SAME = re.compile(
    r"(?:the )?(?:same|corresponding|comparable|prior[- ]year|previous year's|year-ago) (?:twelve-month |three-month )?"
    r"(?:period|quarter)(?: (?:of|in) (?:the )?(?:(?P<y>\d{4})|last year|prior year|previous year|\d{4}))?"
    r"|(?:上年|去年|上一年)(?:同期|同季)",
    re.IGNORECASE,
)
_PARTS = re.compile(r"months|quarter|half|weeks|个月|季|半年|\bended\b|止", re.IGNORECASE)
_THE = re.compile(r"\b(?:the|this) (?:(quarter)|year)\b(?! (?:of|ended|ending))|本(?:(季度)|年度)", re.IGNORECASE)
_ANNOUNCES = re.compile(r"\b(?:announc|report)(?:es|s|ed|ing)\b.*\bresults\b|公布.*业绩|业绩公告", re.IGNORECASE)
_BOTH = re.compile(r"\bquarter and (?:the )?(?:fiscal |full )?(?:fiscal )?year ended\b", re.IGNORECASE)
_YEARS = re.compile(r"(?<![\d,.])(?:19|20)\d\d(?![\d,.]?\d)")


@dataclass(frozen=True)
class Period:
    """A period with its first and last day; the first is None for a point. `months` is 0 where it counts weeks."""

    start: date | None
    end: date
    months: int

    def years_before(self, years: int) -> Period:
        """The same period some years before."""
        end = _day(self.end.year - years, self.end.month, self.end.day)
        return _ended(end, self.months) or Period(None, end, 0)


@dataclass(frozen=True)
class Mention:
    """A place of a text that names a period; `period` is None where its days are not sure."""

    first: int
    last: int
    period: Period | None


def read_han(text: str) -> str:
    """The text with the digits of Chinese dates in the form 2020年12月31日."""

    def written(found: re.Match[str]) -> str:
        year, month, day = found.groups()
        parts = year.translate(_HAN).replace("两", "2") + "年"
        parts += f"{_small(month)}月" if month else ""
        return parts + (f"{_small(day)}日" if day else "")

    return _HAN_DATE.sub(written, text)


def announced(texts: Iterable[str], fiscal_year_end: str) -> dict[int, Period]:
    """The quarter (3) and the year (12) whose results a document announces, where it says so once.

    Its texts call them "the quarter" and "the year".
    """
    told: dict[int, set[Period]] = {3: set(), 12: set()}
    for text in texts:
        if _ANNOUNCES.search(text):
            periods = [one.period for one in mentions(text, fiscal_year_end) if one.period]
            if _BOTH.search(text):
                periods += [quarter for one in periods if one.months == 12 and (quarter := _ended(one.end, 3))]
            for period in periods:
                told.get(period.months, set()).add(period)
    return {months: periods.pop() for months, periods in told.items() if len(periods) == 1}


def mentions(text: str, fiscal_year_end: str, context: Mapping[int, Period] | None = None) -> list[Mention]:
    """The periods and dates that a text names, in order; none overlaps another.

    `context` has the periods that the document announces, by months.
    """
    context = context or {}
    found = [mention for mention in _all(text, fiscal_year_end, context) if mention.last > mention.first]
    kept: list[Mention] = []
    for mention in sorted(found, key=lambda one: (one.first, -one.last)):
        if not kept or mention.first >= kept[-1].last:
            kept.append(mention)
    return _told(text, kept, context)


def head_period(
    heads: Sequence[str], captions: Sequence[str], fiscal_year_end: str, beside: Sequence[str] = ()
) -> tuple[Period | None, str]:
    """The period of a column of a table, or the reason why it is not sure.

    The heads above the column name it together; where they name only a year, the span and day of the captions hold.
    It is the calendar year only where neither a caption nor a head beside it has words of another period.
    """
    text = read_han(" ".join(heads))
    years, spans = set(_YEARS.findall(text)), _spans(text)
    if not heads and captions:
        return head_period(captions[:1], (), fiscal_year_end)
    if len(years) > 1 or len(spans) > 1:
        return None, f"the heads name more than one period: {text}"
    named = {mention.period for mention in mentions(text, fiscal_year_end) if mention.period} if not spans else set()
    for caption in captions if years and not spans and not named and not _PARTS.search(text) else ():
        spans = _spans(read_han(caption)) if len(caption) <= _TITLE else set()
        if spans:
            break
    is_year = not spans and not named and not _PARTS.search(" ".join((text, *captions, *beside)))
    found: set[Period | None] = {*named}
    if len(years) == len(spans) == 1:
        month, day, months = spans.pop()
        found = {_ended(_day(int(min(years)), month, day), months)}
    elif years and is_year and fiscal_year_end == CALENDAR:
        found = {_ended(date(int(min(years)), 12, 31), 12)}
    period = found.pop() if len(found) == 1 else None
    return period, "" if period else f"no period is sure from the heads of the column: {text or 'none'}"


def _spans(text: str) -> set[tuple[int, int, int]]:
    """Month, day and months of each "three months ended March 31" of a text, whatever its year."""
    spans = set()
    for found in (*_ENDED.finditer(text), *_ENDED_HAN.finditer(text)):
        months = _months(found)
        _, month, day = _parts(found)
        if months and month and day:
            spans.add((month, day, months))
    return spans


def _all(text: str, fiscal_year_end: str, context: Mapping[int, Period]) -> Iterator[Mention]:
    for found in (*_ENDED.finditer(text), *_ENDED_HAN.finditer(text)):
        yield Mention(*found.span(), _of_span(found))
    for found in _AS_OF.finditer(text):
        day = _date(found)
        yield Mention(*found.span(), Period(None, day, 0) if day else None)
    for found in re.finditer(_DATE, text, re.IGNORECASE):
        yield Mention(*found.span(), None)
    is_calendar = fiscal_year_end == CALENDAR
    for found in _MONTH_QUARTER.finditer(text):
        month, year = _MONTHS[found["m"].lower()], int(found["y"])
        yield Mention(*found.span(), _ended(_day(year, month, 31), 3))
    for found in _NAMED_QUARTER.finditer(text):
        nth = _ORDINALS[(found["nth"] or found["nh"]).lower()] if found["nth"] or found["nh"] else int(found["q"])
        year = int(found["y"] or found["yq"] or found["yh"])
        yield Mention(*found.span(), _ended(_day(year, 3 * nth, 31), 3) if is_calendar else None)
    for found in _FIRST_HALF.finditer(text):
        yield Mention(*found.span(), _ended(date(int(found["y"] or found["yh"]), 6, 30), 6) if is_calendar else None)
    for found in _NAMED_YEAR.finditer(text):
        year = int(found["y"] or found["yh"])
        yield Mention(*found.span(), _ended(date(year, 12, 31), 12) if is_calendar else None)
    for found in _THE.finditer(text):
        yield Mention(*found.span(), context.get(3 if found[1] or found[2] else 12))
    for found in re.finditer(r"(?<![\d,.])(?:19|20)\d\d(?![\d,.]\d|\d| ?(?:million|billion|thousand|万|亿|%))", text):
        yield Mention(*found.span(), None)


def _told(text: str, kept: list[Mention], context: Mapping[int, Period]) -> list[Mention]:
    """The mentions with "the same period of last year" as the period before it in the text, a year earlier."""
    told = list(kept)
    for found in _SAME.finditer(text):
        inner = [mention for mention in told if mention.first < found.end() and found.start() < mention.last]
        told = [mention for mention in told if mention not in inner]
        before = [mention.period for mention in told if mention.period and mention.last <= found.start()]
        base = before[0] if len(set(before)) == 1 else None
        if not kept or all(mention in inner for mention in kept):
            base = context.get(3) if "quarter" in found.group().lower() else None
        years = base.end.year - int(found["y"]) if base and found["y"] else 1
        is_sure = base is not None and base.months > 0 and years > 0
        told.append(Mention(*found.span(), base.years_before(years) if base and is_sure else None))
    return sorted(told, key=lambda one: one.first)


def _of_span(found: re.Match[str]) -> Period | None:
    day = _date(found)
    if day is None:
        return None
    if found.groupdict().get("weeks"):
        weeks = found["weeks"].lower()
        return Period(day - timedelta(days=7 * (_WEEKS.get(weeks) or int(weeks)) - 1), day, 0)
    return _ended(day, _months(found))


def _months(found: re.Match[str]) -> int:
    count = (found["count"] or "").lower()
    return (_NUMBERS.get(count) or int(count)) if count else 12 if found["year"] else 3 if found["quarter"] else 0


def _parts(found: re.Match[str]) -> tuple[int | None, int, int]:
    """Year, month and day of a date; the year is None where it is not printed."""
    for number in "1234":
        if found[f"d{number}"]:
            month, year = found[f"m{number}"].lower(), found[f"y{number}"]
            return (
                (int(year) if year else None),
                int(month) if month.isdigit() else _month(month),
                int(found[f"d{number}"]),
            )
    return None, 0, 0


def _month(name: str) -> int:
    return next(number for full, number in _MONTHS.items() if full.startswith(name[:3]))


def _date(found: re.Match[str]) -> date | None:
    year, month, day = _parts(found)
    try:
        return date(year, month, day) if year else None
    except ValueError:
        return None


def _day(year: int, month: int, day: int) -> date:
    return date(year, month, min(day, monthrange(year, month)[1]))


def _ended(end: date, months: int) -> Period | None:
    """The months that end with a day; None unless it is the last of its month."""
    if not months or end.day != monthrange(end.year, end.month)[1]:
        return None
    first = end.year * 12 + end.month - months
    return Period(date(first // 12, first % 12 + 1, 1), end, months)


def _small(text: str) -> int:
    """A Chinese number from 1 to 31."""
    tens, ten, ones = text.rpartition("十")
    digit = int(ones.translate(_HAN)) if ones else 0
    return (int(tens.translate(_HAN)) if tens else 1) * 10 + digit if ten else digit
