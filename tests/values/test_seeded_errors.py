"""Five hundred errors in confirmed figures of the embedded data: nearly all are contradicted.

A contradiction fails a critical check, and nothing is published (expectations/marts/restatements/tie_out.yaml).

An error changes one figure, its value and its printed form together, by more than its own rounding and that of its
evidence. Every error has a copy of the figures that could be tied to it, under a platform of its own, so that all are
judged in one run of the models.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from decimal import Decimal
from random import Random

import pytest

from etl.config import load_settings
from etl.warehouse import Connection
from tests.support.edgar_warehouse import REFERENCE, asked, built
from tests.support.models import project_models

pytestmark = pytest.mark.slow

KINDS = ("digit", "scale", "sign", "period", "perimeter")
EACH = 100
# Metrics that the rules tie to each other; a figure of another metric is tied to its own metric only.
TIED = {
    "sm_expense revenue cost_of_revenue gross_profit sm_expense_pct_revenue advertising_expense promotion_ad_expense "
    "marketing_services_revenue",
    "annual_active_buyers annual_active_buyers_net_add gmv annual_spend_per_buyer quarterly_active_buyers "
    "monthly_active_buyers",
}
FAMILY = {metric: metrics for metrics in TIED for metric in metrics.split()}
CHANGED = "core.observation", "core.printed_growth", "core.contradiction", "core.definition_break"


@dataclass(frozen=True)
class Figure:
    observation_id: str
    platform: str
    metric: str
    scope: str
    period_start: date | None
    period_end: date
    value: Decimal
    half_width: Decimal
    published_on: date | None


@pytest.fixture(scope="module")
def con(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    home = tmp_path_factory.mktemp("home")
    con = built(load_settings({"WAREHOUSE_HOME": str(home), "WAREHOUSE_FIGURES": REFERENCE}), [])
    yield con
    con.close()


def moved(day: date, months: int) -> date:
    """A first day of a period, so many months on."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, 28))


def seeded(
    rng: Random, kind: str, figure: Figure, scopes: list[str], evidence: list[tuple[float, float]]
) -> Figure | None:
    """The figure with an error of the kind; None where its evidence could not tell it from rounding."""
    value, half, scope = figure.value, figure.half_width, figure.scope
    start, end = figure.period_start, figure.period_end
    if kind == "digit":
        place = Decimal(10) ** max(len(str(abs(int(value)))) - rng.randint(1, 3), 0)
        value += rng.choice((-1, 1)) * rng.randint(1, 9) * place
    elif kind == "scale":
        factor = Decimal(10) ** rng.choice((-6, -4, -3, -1, 1, 3, 4, 6))
        value, half = value * factor, half * factor
    elif kind == "sign":
        value = -value
    elif kind == "period":
        months = rng.choice((-1, 1)) * (3 if start and (end - start).days < 100 else 12)
        start, end = start and moved(start, months), moved(end + timedelta(1), months) - timedelta(1)
    else:
        scope = rng.choice(sorted({*scopes, "mainland"} - {scope}))
    if kind in ("digit", "scale", "sign"):
        apart = all(value + half < low or value - half > high for low, high in evidence)
        if not apart or abs(value) > 10**20 or (kind != "sign" and value <= 0):
            return None
    least = Decimal("0.000001")
    half = max(half.quantize(least), least)
    return Figure(
        figure.observation_id, figure.platform, figure.metric, scope, start, end, value.quantize(least), half,
        figure.published_on,
    )  # fmt: skip


def seeds(con: Connection, seed: int) -> list[tuple[str, Figure]]:
    """So many errors of each kind, in figures that evidence confirms."""
    rng = Random(seed)
    evidence: dict[str, list[tuple[float, float]]] = {}
    for identifier, low, high in asked(
        con, "select observation_id, evidence_low, evidence_high from marts.tie_out where verdict = 'confirmed'"
    ):
        evidence.setdefault(identifier, []).append((low, high))
    figures = [
        Figure(*row)
        for row in asked(
            con,
            "select observation_id, platform, metric, scope, period_start, period_end, value, rounding_half_width, "
            "published_on from core.observation where derivation is null and qualifier = 'exact' order by 1",
        )
        if row[0] in evidence
    ]
    scopes: dict[str, list[str]] = {}
    for platform, names in asked(con, "select platform, list(distinct scope) from core.observation group by platform"):
        scopes[platform] = names
    found: list[tuple[str, Figure]] = []
    for kind in KINDS:
        while sum(known == kind for known, _ in found) < EACH:
            figure = rng.choice(figures)
            wrong = seeded(rng, kind, figure, scopes[figure.platform], evidence[figure.observation_id])
            if wrong:
                found.append((kind, wrong))
    return found


def judge(con: Connection, errors: list[tuple[str, Figure]]) -> list[str]:
    """What marts.tie_out says of each wrong figure."""
    rows = [
        asdict(figure) | {"n": n, "metrics": FAMILY.get(figure.metric, figure.metric).split()}
        for n, (_, figure) in enumerate(errors)
    ]
    con.execute("create or replace temp table seed as select unnest($rows, recursive := true)", {"rows": rows})
    con.execute(
        """create or replace temp table wrong as
        select o.* replace (
            o.observation_id || '~' || s.n as observation_id, s.platform || '~' || s.n as platform,
            list_transform(o.derived_from, lambda id: id || '~' || s.n) as derived_from,
            if(o.observation_id = s.observation_id, s.scope, o.scope) as scope,
            if(o.observation_id = s.observation_id, s.period_start, o.period_start) as period_start,
            if(o.observation_id = s.observation_id, s.period_end, o.period_end) as period_end,
            if(o.observation_id = s.observation_id, s.value, o.value) as value,
            if(o.observation_id = s.observation_id, s.half_width, o.rounding_half_width) as rounding_half_width,
            if(o.observation_id = s.observation_id, s.value - s.half_width, o.value_low) as value_low,
            if(o.observation_id = s.observation_id, s.value + s.half_width, o.value_high) as value_high)
        from core.observation as o
        join seed as s on s.platform = o.platform and list_contains(s.metrics, o.metric)
        where not list_contains(o.derived_from, s.observation_id)"""
    )
    for table in CHANGED[1:]:
        renamed = "g.platform || '~' || s.n as platform"
        if table == "core.printed_growth":
            renamed += ", g.observation_id || '~' || s.n as observation_id"
        con.execute(
            f"create or replace table {table} as "
            f"select g.* replace ({renamed}) from {table} as g join seed as s on s.platform = g.platform"
        )
    con.execute("create or replace table core.observation as from wrong")
    models = {model.name: model for model in project_models()}
    for name in ("steps.tie", "marts.tie_out"):
        con.execute(f"create or replace table {name} as {models[name].sql}")
    verdicts = dict(asked(con, "select distinct observation_id, figure_verdict from marts.tie_out"))
    return [verdicts[f"{figure.observation_id}~{n}"] for n, (_, figure) in enumerate(errors)]


def test_the_untouched_data_raises_none(con: Connection) -> None:
    assert asked(con, "from marts.tie_out where figure_verdict = 'contradicted'") == []
    shares = dict(asked(con, "select figure_verdict, count(distinct observation_id) from marts.tie_out group by all"))
    assert shares == {"confirmed": 637, "explained": 15, "alone": 425}


def test_a_figure_of_each_verdict(con: Connection) -> None:
    """By hand: JD's marketing expense of 2016, the essay's gross profit of Pinduoduo, Kuaishou's quarters."""
    shown = (
        "select rule, verdict, explanation, evidence_low / 1e6, evidence_high / 1e6 from marts.tie_out "
        "where observation_id = '{}' order by all"
    )
    # The 20-F of 2020 prints 27,155.972 million for 2020; the 20-F's XBRL facts of a later year are not here.
    assert asked(con, shown.format("obs_2ee1ddb08f"))
    # 13,119.990 (revenue, 20-F) less 2,905.249 (cost) leaves 10,214.741 +- 0.001, and not 10,217.147.
    rows = asked(con, shown.format("obs_b1fd158f61"))
    assert [(rule, verdict, why) for rule, verdict, why, _, _ in rows] == [
        ("gross_profit", "contradicted", "misprint"),
        ("two_documents", "contradicted", "misprint"),
    ]
    assert rows[0][3:] == pytest.approx((10214.740, 10214.742), abs=1e-4)
    # 118.5594 + 145.4 + 175.8 + 240.3 = 680.0594 billion, each quarter with its rounding; the press said 650.
    [(rule, verdict, why, low, high)] = asked(con, shown.format("obs_9299a80c33"))
    assert (rule, verdict, why) == ("sum_of_parts", "contradicted", "estimate")
    assert (low, high) == pytest.approx((679909.35, 680209.45), abs=0.1)


def test_errors_in_figures_with_evidence_are_contradicted(con: Connection) -> None:
    errors = seeds(con, 16)
    con.execute("begin")
    found = judge(con, errors)
    con.execute("rollback")
    caught = Counter(kind for (kind, _), said in zip(errors, found, strict=True) if said == "contradicted")
    assert sum(caught.values()) >= 0.95 * len(errors) == 475, caught
    assert all(caught[kind] >= 0.9 * EACH for kind in KINDS), caught
