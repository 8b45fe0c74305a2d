"""Figures with their documents, read from a published snapshot for people to look at.

One observation of core.observation, what else documents print for the same quantity, and which of them
counted from which day on.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from etl.warehouse import Connection

FIGURES = """
    select o.observation_id, o.platform, o.metric, coalesce(m.label, o.metric), o.scope,
        o.period_start, o.period_end, o.value, o.value_low, o.value_high, o.unit, o.qualifier, o.basis,
        o.locator, o.printed_as, o.derivation, o.derived_from, o.published_on,
        d.kind, d.publisher, d.title, d.url
    from core.observation as o
    left join core.document as d on d.document_id = o.document_id
    left join core.metric as m on m.metric = o.metric
"""
SAME_QUANTITY = """
    where o.platform = $platform and o.metric = $metric and o.scope = $scope and o.unit = $unit
        and o.period_start is not distinct from $period_start and o.period_end = $period_end
"""
MILLION = 1_000_000


@dataclass(frozen=True)
class Figure:
    """One observation, the label of its metric and its document; fields as in core.observation."""

    observation_id: str
    platform: str
    metric: str
    label: str
    scope: str
    period_start: date | None
    period_end: date
    value: Decimal
    value_low: Decimal | None
    value_high: Decimal | None
    unit: str
    qualifier: str
    basis: str
    locator: str | None
    printed_as: str | None
    derivation: str | None
    derived_from: Sequence[str]
    published_on: date | None
    kind: str | None
    publisher: str | None
    title: str | None
    url: str | None

    @property
    def amount(self) -> str:
        """The value with its unit: `27,174.249 m CNY`."""
        return f"{amount(self.value)} {self.unit}"

    @property
    def interval(self) -> str:
        """What the printed digits allow, in the unit of the figure."""
        low, high = (None if bound is None else amount(bound) for bound in (self.value_low, self.value_high))
        return interval(low, high)

    @property
    def quantity(self) -> str:
        """What is measured, of whom, when."""
        period = f"{self.period_start} to {self.period_end}" if self.period_start else f"on {self.period_end}"
        return clean(f"{self.label}, {self.platform}, {self.scope or 'whole'}, {period}")

    @property
    def lines(self) -> list[str]:
        """Where the figure stands, for people: quantity, print, document, link and identifier."""
        dated = f"published on {self.published_on}" if self.published_on else "without a date"
        source = f"{self.publisher or 'no publisher'}, {self.kind or 'no kind'}, {dated}"
        return [
            self.quantity,
            clean(f"printed as “{self.printed_as}” at: {self.locator or 'no place given'}"),
            clean(f"{self.title or 'no title'}; {source}"),
            clean(self.url or "no link"),
            self.observation_id,
        ]


def by_id(con: Connection, identifiers: Sequence[str]) -> list[Figure]:
    """The observations with these identifiers, in their order; unknown ones are left out."""
    rows = con.execute(f"{FIGURES} where list_contains($ids, o.observation_id)", {"ids": list(identifiers)}).fetchall()
    found = {row[0]: Figure(*row) for row in rows}
    return [found[name] for name in identifiers if name in found]


def same_quantity(con: Connection, figure: Figure) -> list[Figure]:
    """All that documents print for the quantity of `figure`, oldest first, undated last."""
    rows = con.execute(
        f"{FIGURES} {SAME_QUANTITY} order by o.published_on nulls last, o.observation_id", _key(figure)
    ).fetchall()
    return [Figure(*row) for row in rows]


def counted_from(con: Connection, figure: Figure) -> list[tuple[date | None, str]]:
    """From which day on which observation counted for the quantity of `figure`; the last one counts now.

    The day is None where only an undated figure stands. Source: core.observation_as_of.
    """
    days = sorted({print_.published_on for print_ in same_quantity(con, figure) if print_.published_on})
    history: list[tuple[date | None, str]] = []
    for day in [*days, None]:
        table = f"core.observation_as_of(date '{day}')" if day else "core.observation_latest"
        row = con.execute(f"select o.observation_id from {table} as o {SAME_QUANTITY}", _key(figure)).fetchone()
        if row and (not history or history[-1][1] != row[0]):
            history.append((day, row[0]))
    return history


def amount(value: Decimal) -> str:
    """A figure in full, in millions from a million on; no digit is lost or added."""
    if abs(value) >= MILLION:
        return f"{_plain(value / MILLION)} m"
    return _plain(value)


def interval(low: str | None, high: str | None) -> str:
    """Two bounds in words; either may be missing."""
    if low is not None and high is not None:
        return f"[{low}, {high}]"
    if low is not None:
        return f"at least {low}"
    return f"at most {high}" if high is not None else "no bound"


def clean(text: str) -> str:
    """Text of a source on one line, without characters that steer a terminal or turn the writing round."""
    return "".join(character if unicodedata.category(character) not in ("Cc", "Cf") else " " for character in text)


def _plain(value: Decimal) -> str:
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _key(figure: Figure) -> dict[str, object]:
    names = ("platform", "metric", "scope", "unit", "period_start", "period_end")
    return {name: getattr(figure, name) for name in names}
