"""Latest word, finest print: the SQL against the rule in words, told again in plain Python."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.models.graph import create_statements
from etl.warehouse import Connection, memory
from tests.support.models import create_empty, models_behind

pytestmark = pytest.mark.slow

DAYS = [date(2018, 4, day) for day in range(1, 5)]
END_OF_TIME = date(9999, 12, 31)
# scope, unit, period_start: quantities that differ in one of them only, and one that has no start.
QUANTITIES = [
    ("", "CNY", date(2017, 1, 1)),
    ("", "USD", date(2017, 1, 1)),
    ("", "CNY", date(2017, 10, 1)),
    ("core", "CNY", date(2017, 1, 1)),
    ("core", "CNY", None),
]


@dataclass(frozen=True)
class Figure:
    """One observation, in the terms of the prose."""

    id: str
    quantity: int
    value: Decimal
    half_width: Decimal
    qualifier: str
    class_rank: int
    published_on: date | None
    is_derived: bool

    @property
    def is_point(self) -> bool:
        return self.qualifier == "exact"

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

    def agrees_with(self, other: "Figure") -> bool:
        """Two points whose intervals have a value in common."""
        return abs(self.value - other.value) <= self.half_width + other.half_width

    def lies_within(self, other: "Figure") -> bool:
        return abs(self.value - other.value) + self.half_width <= other.half_width


def what_counts(figures: Sequence[Figure], day: date | None) -> Figure | None:
    """The figure of one quantity that counts on a day, or today when `day` is None; from the prose.

    Dated figures only; today an undated one where there is no dated one. Levels that follow from an
    increase only where nothing is printed. Bounds only where there is no point.
    """
    if day is None:
        known = [f for f in figures if f.published_on] or list(figures)
    else:
        known = [f for f in figures if f.published_on and f.published_on <= day]
    eligible = [f for f in known if not f.is_derived] or known
    points = [f for f in eligible if f.is_point]
    if not eligible:
        return None
    word = latest_word(points or eligible)
    if not word.is_point:
        return word
    candidates = [f for f in points if f is word or refines(f, word, points)]
    return min(candidates, key=lambda f: (f.half_width, f.class_rank, f.published_on or END_OF_TIME, f.id))


def latest_word(figures: Sequence[Figure]) -> Figure:
    """The newest of the best class present; of several on one day the finest, then by identifier."""
    best = min(f.class_rank for f in figures)
    spoken = [f for f in figures if f.class_rank == best]
    newest = max(f.published_on or date.min for f in spoken)
    last = [f for f in spoken if (f.published_on or date.min) == newest]
    return min(last, key=lambda f: (f.half_width, f.id))


def refines(figure: Figure, word: Figure, points: Sequence[Figure]) -> bool:
    """Whether a print may stand for the latest word: it agrees, and nobody of standing took it back.

    A worse class must lie inside the word's interval. A print that a later point of the same or a better
    class contradicted does not come back through a coarse reprint.
    """
    agrees = figure.lies_within(word) if figure.class_rank > word.class_rank else figure.agrees_with(word)
    taken_back = any(
        later.published_on
        and figure.published_on
        and later.published_on > figure.published_on
        and later.class_rank <= figure.class_rank
        and not later.agrees_with(figure)
        for later in points
    )
    return agrees and not taken_back


@st.composite
def archives(draw: st.DrawFn) -> list[Figure]:
    """Figures of several quantities; values and half widths on a coarse grid, so that edges often touch."""
    count = draw(st.integers(1, 30))
    kinds = ["exact"] * 5 + ["derived", "about", "at_least", "at_most"]
    figures: list[Figure] = []
    for number in draw(st.permutations(range(count))):
        kind = draw(st.sampled_from(kinds))
        figures.append(
            Figure(
                id=f"obs_{number:02}",
                quantity=draw(st.integers(0, len(QUANTITIES) - 1)),
                value=Decimal(draw(st.integers(100, 104))),
                half_width=Decimal(draw(st.sampled_from(["0", "0.5", "1", "2"]))),
                qualifier="exact" if kind == "derived" else kind,
                class_rank=draw(st.sampled_from([1, 1, 1, 2, 3])),
                published_on=draw(st.sampled_from([*DAYS, *DAYS, None])),
                is_derived=kind == "derived",
            )
        )
    return figures


@pytest.fixture(scope="module")
def core() -> Iterator[Connection]:
    """core.observation without rows, and the macros that read it."""
    con = memory()
    for model in models_behind("core.observation_latest").values():
        if model.name == "core.observation":
            create_empty(con, model)
        elif model.is_macro:
            con.execute(create_statements(model)[0])
    yield con
    con.close()


def fill(con: Connection, figures: Sequence[Figure]) -> None:
    con.execute("delete from core.observation")
    rows = []
    for f in figures:
        scope, unit, start = QUANTITIES[f.quantity]
        derivation = "level_less_increase" if f.is_derived else None
        key = (f.id, "pdd", "sm_expense", scope, unit, start, date(2017, 12, 31))
        width = (f.value, f.low, f.high, f.half_width, f.qualifier)
        rows.append((*key, *width, f.class_rank, derivation, f.published_on))
    names = (
        "observation_id, platform, metric, scope, unit, period_start, period_end, value, value_low, "
        "value_high, rounding_half_width, qualifier, class_rank, derivation, published_on"
    )
    marks = ", ".join("?" for _ in rows[0])
    con.executemany(f"insert into core.observation ({names}) values ({marks})", rows)


def counted(con: Connection, days: Sequence[date]) -> dict[date | None, list[str]]:
    """The identifiers that the SQL lets count, one for each quantity, by day; today's under None."""
    con.execute(create_statements(models_behind("core.observation_latest")["core.observation_latest"])[0])
    questions = ["select null::date, observation_id from core.observation_latest"]
    questions += [f"select date '{d}', observation_id from core.observation_as_of(date '{d}')" for d in days]
    found: dict[date | None, list[str]] = {day: [] for day in (None, *days)}
    for day, name in con.execute(" union all ".join(questions) + " order by 2").fetchall():
        found[day].append(name)
    return found


def expected(figures: Sequence[Figure], day: date | None) -> list[str]:
    groups = [[f for f in figures if f.quantity == quantity] for quantity in range(len(QUANTITIES))]
    return sorted(chosen.id for group in groups if (chosen := what_counts(group, day)))


@given(archives())
@settings(max_examples=60, deadline=None)
def test_the_sql_agrees_with_the_rule_in_plain_python(core: Connection, figures: list[Figure]) -> None:
    fill(core, figures)
    days = [DAYS[0] - timedelta(1), *DAYS, END_OF_TIME]
    assert counted(core, days) == {day: expected(figures, day) for day in (None, *days)}


@given(archives())
@settings(max_examples=10, deadline=None)
def test_later_figures_change_no_earlier_day(core: Connection, figures: list[Figure]) -> None:
    fill(core, figures)
    day = DAYS[2]
    before = counted(core, DAYS[:3])
    core.execute("delete from core.observation where published_on > ? or published_on is null", [day])
    after = counted(core, DAYS[:3])
    assert {d: after[d] for d in DAYS[:3]} == {d: before[d] for d in DAYS[:3]}
    assert after[None] == after[day]


def point(name: str, value: str, half_width: str, day: int, class_rank: int = 1) -> Figure:
    return Figure(name, 0, Decimal(value), Decimal(half_width), "exact", class_rank, DAYS[day], False)


def test_the_plain_python_rule_agrees_with_a_case_by_hand() -> None:
    """Worked by hand, so that prose, oracle and SQL cannot be wrong together on it."""
    first, restated = point("first", "100", "0.25", 0), point("restated", "101", "0.25", 1)
    coarse, press = point("coarse", "100.5", "1", 2), point("press", "100", "0.25", 3, class_rank=2)
    assert what_counts([first], None) is first
    assert what_counts([first, restated], None) is restated
    assert what_counts([first, restated, coarse], None) is restated
    assert what_counts([first, coarse], None) is first
    assert what_counts([restated, coarse, press], None) is restated
    assert what_counts([coarse, press], None) is press
