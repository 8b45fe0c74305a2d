"""Intervals hold the truth and are no wider than the prints: every cost against all corners of its inputs.

Companies print rounded figures of a truth that is known here. Wherever the truth lies within the prints,
each ratio lies in [cac_low, cac_high]; and both ends are reached at a corner of the printed intervals.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.models.graph import create_statements
from etl.warehouse import Connection, memory
from tests.support.models import create_empty, models_behind

pytestmark = pytest.mark.slow

NUMBERS = ("ok", "coarse", "uninformative")
YEARS = {"cac_pooled_2y": 2, "cac_pooled_3y": 3}
KEPT = {"cac_gross_10": Fraction(9, 10), "cac_gross_20": Fraction(8, 10), "cac_gross_30": Fraction(7, 10)}
Values = dict[int, Fraction]


@dataclass(frozen=True)
class Print:
    """A printed figure; `share`, from 0 to 1, says where the truth lies in what the print allows."""

    value: Decimal
    half_width: Decimal
    share: Fraction
    qualifier: str = "exact"

    @property
    def low(self) -> Decimal | None:
        if self.qualifier == "at_most":
            return None
        return self.value - (0 if self.qualifier == "at_least" else self.half_width)

    @property
    def high(self) -> Decimal | None:
        if self.qualifier == "at_least":
            return None
        return self.value + (0 if self.qualifier == "at_most" else self.half_width)

    @property
    def truth(self) -> Fraction:
        """A value that the print allows; beyond a one-sided bound by `share` of it."""
        if self.qualifier == "exact":
            return Fraction(self.value) + (2 * self.share - 1) * Fraction(self.half_width)
        return Fraction(self.value) * (1 + self.share * (1 if self.qualifier == "at_least" else -1))


@dataclass(frozen=True)
class Company:
    """Buyers at the end of each year, expense of each year; both by year."""

    buyers: dict[int, Print]
    spend: dict[int, Print]

    def truth(self) -> tuple[Values, Values]:
        return {y: p.truth for y, p in self.spend.items()}, {y: p.truth for y, p in self.buyers.items()}

    def corners(self, definition: str, year: int) -> Iterator[tuple[Values, Values]]:
        """Every combination of ends of the printed intervals that a definition uses."""
        spent, counted = inputs(definition, year)
        used = [*(self.spend[y] for y in spent), *(self.buyers[y] for y in counted)]
        ends = [{Fraction(p.value - p.half_width), Fraction(p.value + p.half_width)} for p in used]
        for corner in product(*ends):
            split = len(spent)
            yield (
                dict(zip(spent, corner[:split], strict=True)),
                dict(zip(counted, corner[split:], strict=True)),
            )


def inputs(definition: str, year: int) -> tuple[list[int], list[int]]:
    """Years of the expenses and of the counts that a definition uses for the window that ends with a year."""
    if definition == "marginal_cac":
        return [year - 1, year], [year - 2, year - 1, year]
    years = YEARS.get(definition, 1)
    return [year - k for k in range(years)], [year - years, year]


def parts(definition: str, year: int, spend: Values, buyers: Values) -> tuple[Fraction, Fraction]:
    """Numerator and denominator of a definition for the window that ends with a year: METRICS in Python."""
    spent, counted = inputs(definition, year)
    if definition == "marginal_cac":
        gained, gained_before = buyers[year] - buyers[year - 1], buyers[year - 1] - buyers[year - 2]
        return spend[year] - spend[year - 1], gained - gained_before
    kept = KEPT.get(definition, Fraction(1))
    return sum((spend[y] for y in spent), Fraction(0)), buyers[year] - kept * buyers[counted[0]]


def ratios(definition: str, year: int, worlds: Iterable[tuple[Values, Values]]) -> list[Fraction]:
    """The ratio in each world that has one: a marginal cost where the change is not zero, else above zero."""
    found = (parts(definition, year, *world) for world in worlds)
    return [top / bottom for top, bottom in found if bottom > 0 or (definition == "marginal_cac" and bottom)]


@st.composite
def companies(draw: st.DrawFn) -> Company:
    """Counts from 2016 to 2019 that mostly grow, rounded to tenths, ones, tens or hundreds."""
    shares = st.fractions(0, 1, max_denominator=20)
    widths = st.sampled_from([Decimal(w) for w in ("0", "0.05", "0.5", "5", "50")])
    level = Decimal(draw(st.integers(500, 5000)))
    buyers: dict[int, Print] = {}
    for year in range(2016, 2020):
        buyers[year] = Print(level, draw(widths), draw(shares))
        level += Decimal(draw(st.integers(-200, 2000))) / 10
    amounts = st.integers(2_000, 90_000).map(lambda n: Decimal(n) / 10)
    spend = {year: Print(draw(amounts), draw(widths), draw(shares)) for year in range(2017, 2020)}
    return Company(buyers, spend)


@pytest.fixture(scope="module")
def core() -> Iterator[Connection]:
    """Core tables as the marts read them, without rows but for definitions and terms."""
    con = memory()
    for model in models_behind("marts.cac_trend").values():
        if model.schema == "core" and not model.reads:  # its rows are in its SQL
            con.execute(create_statements(model)[0])
        elif model.schema == "core" and not model.is_macro:
            create_empty(con, model)
    con.execute(
        "insert into core.platform (platform, reporting_currency, fiscal_year_end) "
        "select 'p' || i, 'CNY', '12-31' from range(10) as r(i)"
    )
    yield con
    con.close()


def trend(con: Connection, printed: Sequence[Company]) -> list[dict[str, Any]]:
    """Rows of marts.cac_trend for companies p0, p1, ... without quarters, through all marts before it."""
    con.execute("delete from core.observation_latest")
    rows: list[tuple[Any, ...]] = []
    for number, company in enumerate(printed):
        for metric, unit, figures in (
            ("annual_active_buyers", "persons", company.buyers),
            ("sm_expense", "CNY", company.spend),
        ):
            for year, p in figures.items():
                key = (
                    f"{number}_{metric}_{year}",
                    f"p{number}",
                    metric,
                    "",
                    unit,
                    date(year, 1, 1),
                    date(year, 12, 31),
                )
                width = (p.value, p.low, p.high, p.half_width, p.qualifier)
                rows.append((*key, *width, False, [], date(2021, 1, 1)))
    con.executemany(
        "insert into core.observation_latest (observation_id, platform, metric, scope, unit, period_start, "
        "period_end, value, value_low, value_high, rounding_half_width, qualifier, is_restatement, flags, "
        f"published_on) values ({', '.join('?' for _ in rows[0])})",
        rows,
    )
    for model in models_behind("marts.cac_trend").values():
        if model.schema != "core":
            con.execute(create_statements(model)[0])
    found = con.execute(
        "select t.*, year(t.period_end) as year from marts.cac_trend as t "
        "where t.validity not in ('missing_buyers_start', 'missing_buyers_end', 'missing_spend')"
    )
    names = [column[0] for column in found.description or []]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def near(value: Fraction) -> Any:
    return pytest.approx(float(value), rel=1e-9)


def holds(low: float | None, truth: Fraction, high: float | None) -> bool:
    slack = abs(float(truth)) * 1e-9
    return (low is None or low <= truth + slack) and (high is None or truth - slack <= high)


@given(st.lists(companies(), min_size=1, max_size=5))
@settings(max_examples=20, deadline=None)
def test_intervals_contain_the_truth_and_reach_their_corners(core: Connection, printed: list[Company]) -> None:
    for row in trend(core, printed):
        company = printed[int(row["platform"][1:])]
        definition, year, low, high = row["definition"], row["year"], row["cac_low"], row["cac_high"]
        if row["validity"] == "missing_previous_window":
            assert (row["cac"], low, high) == (None, None, None), row
            continue
        truth = ratios(definition, year, [company.truth()])
        reached = ratios(definition, year, company.corners(definition, year))
        if row["validity"] in NUMBERS:
            assert low <= row["cac"] <= high, row
            assert holds(low, truth[0], high), row
            assert (low, high) == (near(min(reached)), near(max(reached))), row
        elif row["validity"] == "net_adds_within_rounding":
            assert (row["cac"], high) == (None, None), row
            assert low == (near(min(reached)) if reached else None), row
            assert all(holds(low, ratio, None) for ratio in truth), row
        else:
            assert (row["cac"], low, high) == (None, None, None), row


@given(st.lists(companies(), min_size=1, max_size=5))
@settings(max_examples=10, deadline=None)
def test_intervals_of_index_and_growth_contain_the_truth(core: Connection, printed: list[Company]) -> None:
    for row in trend(core, printed):
        world = [printed[int(row["platform"][1:])].truth()]
        definition, year = row["definition"], row["year"]
        if row["cac_index"] is not None:
            [here], [base] = (
                ratios(definition, year, world),
                ratios(definition, row["index_base"].year, world),
            )
            assert holds(row["cac_index_low"], 100 * here / base, row["cac_index_high"]), row
            assert row["cac_index_low"] <= row["cac_index"] <= row["cac_index_high"], row
        if row["cac_growth_pct"] is not None:
            [here], [before] = ratios(definition, year, world), ratios(definition, year - 1, world)
            low, high = row["cac_growth_pct_low"] + 100, row["cac_growth_pct_high"] + 100
            assert holds(low, 100 * here / before, high), row


@given(
    st.lists(companies(), min_size=1, max_size=4),
    st.sampled_from(["buyers", "spend"]),
    st.sampled_from([2017, 2018, 2019]),
    st.sampled_from(["at_least", "at_most"]),
)
@settings(max_examples=15, deadline=None)
def test_one_sided_prints_give_one_sided_intervals(
    core: Connection, printed: list[Company], kind: str, year: int, qualifier: str
) -> None:
    """One figure of each company is a bound: no point, the end that it opens is open, the other one holds."""
    bounded = []
    for company in printed:
        figures = {"buyers": dict(company.buyers), "spend": dict(company.spend)}
        figures[kind][year] = replace(figures[kind][year], qualifier=qualifier)
        bounded.append(Company(**figures))
    rows = [row for row in trend(core, bounded) if row["validity"] == "bounds_only"]
    assert {row["definition"] for row in rows} > {"cac_net_12m", *KEPT}
    for row in rows:
        definition, low, high = row["definition"], row["cac_low"], row["cac_high"]
        assert row["cac"] is None
        if definition == "marginal_cac":
            assert (low, high) == (None, None)
            continue
        truth = ratios(definition, row["year"], [bounded[int(row["platform"][1:])].truth()])
        assert all(holds(low, ratio, high) for ratio in truth), row
        # More spend, fewer buyers at the end or more at the start make a buyer dearer: that end is open.
        is_dearer = (qualifier == "at_least") == (kind == "spend" or year < row["year"])
        assert (high if is_dearer else low) is None, row
