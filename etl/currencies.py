"""Which currencies were money on a day, by their ISO 4217 codes.

Funds, metals, testing codes and names that are no code of ISO (RMB) are none. Source: the Unicode CLDR, which says for
each country from when to when which currency was legal tender there, as the library Babel has it.
"""

from __future__ import annotations

from datetime import date
from functools import cache

from babel.core import get_global

from etl.warehouse import one_of

OPEN = date(9999, 12, 31)
FREQUENT = ("CNY", "USD", "EUR", "GBP", "JPY")  # looked for first


@cache
def circulation() -> dict[str, tuple[date, date]]:
    """First and last day on which a currency was legal tender anywhere, by its code; date.min or OPEN without one."""
    spans: dict[str, tuple[date, date]] = {}
    for used in get_global("territory_currencies").values():
        for code, first, last, is_tender in used:
            if is_tender:
                since, until = date(*first) if first else date.min, date(*last) if last else OPEN
                before = spans.get(code, (since, until))
                spans[code] = min(since, before[0]), max(until, before[1])
    return spans


def breaks(code: str, day: str, since: date) -> str:
    """SQL that holds where `code`, an expression, is no currency that was money on `day`, an expression too.

    A code that is null is none; without a day any currency will do. `day` is never before `since`.
    """
    always = [name for name, span in circulation().items() if span[0] <= since and span[1] == OPEN]
    cases = ""
    for name, (first, last) in sorted(circulation().items()):
        if name not in always and last >= since:
            ends = f" and {day} <= '{last}'" if last < OPEN else ""
            cases += f" when '{name}' then {day} >= '{max(first, since)}'{ends}"
    listed = one_of(code, sorted(always, key=lambda name: (name not in FREQUENT, name)))
    return f"not {listed} and not coalesce(case {code}{cases} else false end, {day} is null)"
