"""The charts tell the truth at their edges: read from the drawn marks."""

from __future__ import annotations

import json
import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from altair.utils.schemapi import validate_jsonschema
from altair.vegalite.schema import load_schema
from lxml import etree

from etl.page.charts import CHARTS, SHAPES, Drawing, describe, draw, drawn
from etl.page.content import read_content, read_texts
from etl.page.place import Page
from etl.warehouse import Connection
from tests.support.drawn_marks import box, differences_from_vega, marks, named, place, style

WORDS = read_texts()["charts"]
SCHEMA = load_schema()  # of Vega-Lite, as Altair carries it
ROW = {
    "name": "Shop", "scope": "", "currency": "CNY", "validity": "ok", "why": "a reason", "is_ranked": True,
    "cac": 100.0, "cac_low": 90.0, "cac_high": 120.0,
}  # fmt: skip


def costs(*rows: dict[str, Any]) -> list[dict[str, Any]]:
    """A row a year from 2015 on."""
    return [ROW | {"period_end": date(2015 + at, 12, 31)} | row for at, row in enumerate(rows)]


def fault_of(described: dict[str, Any]) -> str:
    """What the schema of Vega-Lite does not allow in a chart; empty where it is valid."""
    error = validate_jsonschema(described, SCHEMA, raise_error=False)
    return error.message if error else ""


def drawings(chart: str, rows: list[dict[str, Any]], mark: str = "") -> list[Drawing]:
    """The pictures of a chart, once its descriptions are valid by the schema of Vega-Lite, and drawn as Vega does."""
    for _, _, described in describe(chart, rows, WORDS):
        assert fault_of(described) == ""
        assert list(differences_from_vega(described)) == []
    return draw(chart, rows, WORDS, "k", mark)


def svg_of(chart: str, rows: list[dict[str, Any]], mark: str = "") -> Any:
    (drawing,) = drawings(chart, rows, mark)
    return etree.fromstring(drawing.svg)


def shown_texts(svg: Any, role: str) -> list[str]:
    """The texts of marks (text) or of an axis (axis-label)."""
    return [
        text.text
        for text in svg.xpath(f"//*[contains(@class, 'role-{role}') or contains(@class, 'mark-{role} role-mark')]/*")
    ]


def bars(svg: Any) -> list[tuple[float, float]]:
    """The upper and the lower end of each interval, in points from the top of the plot."""
    solid = [rule for rule in marks(svg, "rule") if style(rule, "stroke-dasharray") is None]
    return [(top, bottom) for _, top, _, bottom in map(box, solid)]


def test_an_interval_is_drawn_from_end_to_end() -> None:
    svg = svg_of("cost", costs({}))
    ((top, bottom),) = bars(svg)
    height = 170
    axis_top = 120.0 * 1.12
    assert (top, bottom) == pytest.approx((height * (1 - 120 / axis_top), height * (1 - 90 / axis_top)), abs=0.01)
    assert "100.00 CNY per buyer, 90.00 to 120.00" in named(svg, "2015-12-31: 100.00").get("aria-label")


def test_an_interval_without_an_upper_end_reaches_the_edge_with_an_arrow() -> None:
    """Vega-Lite would draw it with length 0, as if it were exact."""
    svg = svg_of("cost", costs({"cac_high": None}, {}))
    (open_top, open_bottom), (closed_top, _) = bars(svg)
    assert open_top == 0 < closed_top < open_bottom
    (arrow,) = (
        shape for shape in marks(svg, "point") if shape.get("aria-hidden") == "true" or not shape.get("aria-label")
    )
    assert place(arrow)[1] == 0
    assert "90.00 to open" in named(svg, "2015-12-31").get("aria-label")
    assert not marks(svg_of("cost", costs({"cac_high": None})), "area"), "no band where one end is open"


@pytest.mark.parametrize(("low", "high", "reaches"), [(385.5, None, "top"), (None, 252.6, "bottom"), (10.0, 20.0, "")])
def test_bounds_without_a_number_have_strokes_and_no_point(low: float | None, high: float | None, reaches: str) -> None:
    svg = svg_of("cost", costs({}, {"cac": None, "cac_low": low, "cac_high": high, "is_ranked": False}))
    top, bottom = bars(svg)[1]
    assert (top == 0, bottom == 170) == (reaches == "top", reaches == "bottom")
    strokes = [shape for shape in svg.iter() if "2016-12-31: no number" in shape.get("aria-label", "")]
    assert len(strokes) == sum(bound is not None for bound in (low, high))
    assert all("open" in stroke.get("aria-label") for stroke in strokes) is bool(reaches)
    points = [shape for shape in marks(svg, "point") if shape.get("aria-label")]
    assert len(points) == 1, "the number of the other year alone"


def test_no_number_is_a_dashed_line_and_no_mark_at_zero() -> None:
    svg = svg_of("cost", costs({}, {"cac": None, "cac_low": None, "cac_high": None}))
    (dashed,) = (rule for rule in marks(svg, "rule") if style(rule, "stroke-dasharray"))
    assert dashed.get("aria-label") == "Shop, until 2016-12-31: no number, a reason"
    assert shown_texts(svg, "text") == ["ok"], "the reason stands beside the line"
    assert len(bars(svg)) == 1
    assert len([shape for shape in marks(svg, "point") if shape.get("aria-label")]) == 1


def test_words_of_two_lines_never_run_into_each_other() -> None:
    none = {"cac": None, "cac_low": None, "cac_high": None}
    rows = costs({}, none | {"is_missing": True, "validity": "missing_spend"}, none)
    rows[2] = rows[2] | {"period_end": date(2017, 1, 31), "is_missing": False, "validity": "net_loss"}
    svg = svg_of("cost", rows)
    assert len([rule for rule in marks(svg, "rule") if style(rule, "stroke-dasharray")]) == 2
    assert shown_texts(svg, "text") == ["net loss"], "of two, the one whose figures are known"


@pytest.mark.parametrize(("is_missing", "colour"), [(True, "#6e7781"), (False, "#9a5b00")])
def test_a_year_in_which_a_cost_has_no_meaning_has_another_colour(is_missing: bool, colour: str) -> None:
    none = {"cac": None, "cac_low": None, "cac_high": None, "is_missing": is_missing, "validity": "net_loss_of_buyers"}
    svg = svg_of("cost", costs({}, none))
    (dashed,) = (rule for rule in marks(svg, "rule") if style(rule, "stroke-dasharray"))
    (words,) = marks(svg, "text")
    assert (dashed.get("stroke"), words.get("fill"), words.text) == (colour, colour, "net loss of buyers")
    assert len(draw("cost", costs(none), WORDS, "k")) == (not is_missing), (
        "a platform of which nothing is known has none"
    )


def test_zero_and_less_lie_at_and_below_zero() -> None:
    """On a logarithmic axis Vega puts them at the top."""
    values = (-50.0, 0.0, 100.0)
    svg = svg_of("cost", costs(*({"cac": v, "cac_low": v, "cac_high": v} for v in values)))
    heights = [place(named(svg, f"{2015 + at}-12-31"))[1] for at in range(3)]
    assert heights[0] > heights[1] > heights[2]
    (zero,) = (
        tick for tick in svg.xpath("//*[contains(@class, 'role-axis-label')]/*") if tick.text == "0"
    )  # fmt: skip
    assert place(zero)[1] == pytest.approx(heights[1] + 3, abs=1.5), "3 points below its tick"


def test_lines_and_bands_end_where_a_year_has_no_number() -> None:
    gap = {"cac": None, "cac_low": None, "cac_high": None}
    svg = svg_of("cost", costs({}, {}, gap, {}, {}, {}))
    assert len(marks(svg, "area")) == len(marks(svg, "line")) == 2
    assert [shape.get("d").count("L") for shape in marks(svg, "line")] == [1, 2]


def test_what_rounding_decides_is_hollow_and_grey_and_in_no_line() -> None:
    svg = svg_of("cost", costs({}, {"is_ranked": False, "validity": "uninformative"}, {}))
    assert [named(svg, f"{year}-12-31").get("fill") for year in (2015, 2016)] == ["#0a5c8a", "#ffffff"]
    assert len(marks(svg, "line")) == 2


def test_decimals_are_drawn_as_doubles() -> None:
    exact = costs({name: Decimal(str(ROW[name])) for name in ("cac", "cac_low", "cac_high")})
    assert bars(svg_of("cost", exact)) == bars(svg_of("cost", costs({})))
    assert (drawn(Decimal("0.1")), drawn(date(2020, 1, 2)), drawn("x"), drawn(None)) == (0.1, "2020-01-02", "x", None)
    with pytest.raises(TypeError):
        json.dumps(Decimal("0.1"))


DEAL = {
    "traffic": "A", "supply": "B", "partnership_id": "a-b", "kind": "referral_link", "started_on": date(2019, 6, 17),
    "ended_from": None, "ended_by": None,
}  # fmt: skip


@pytest.mark.parametrize(
    ("deal", "said"),
    [
        ({}, "started on 2019-06-17, no end is known"),
        (
            {"ended_from": date(2022, 3, 1), "ended_by": date(2022, 3, 1)},
            "known to have run from 2019-06-17 to 2022-03-01",
        ),
        ({"ended_from": date(2019, 6, 17), "ended_by": date(2022, 2, 24)}, "ended between 2019-06-17 and 2022-02-24"),
        (
            {"started_on": None, "ended_from": date(2022, 3, 1), "ended_by": date(2022, 3, 1)},
            "first day not known, ended by 2022-03-01",
        ),
    ],
)
def test_a_deal_shows_what_is_known_of_its_ends(deal: dict[str, Any], said: str) -> None:
    narrow, wide = drawings("deals", [DEAL | deal])
    assert (narrow.screen, wide.screen) == ("narrow", "wide")
    for drawing in (narrow, wide):
        svg = etree.fromstring(drawing.svg)
        labels = [shape.get("aria-label") for shape in svg.iter() if "A × B" in shape.get("aria-label", "")]
        assert labels == [f"A × B, referral link: {said}"]
        dashed = [rule for rule in marks(svg, "rule") if style(rule, "stroke-dasharray")]
        assert len(dashed) == (said.startswith(("started", "first"))), "an end that nobody knows is open"


def test_channels_without_a_new_buyer_are_open() -> None:
    channel = {"name": "Shop", "currency": "CNY", "channel": "ads", "cac": None, "cac_low": 12.5, "cac_high": None}
    svg = svg_of("channels", [channel, channel | {"channel": "", "cac": 20.0, "cac_low": 15.0, "cac_high": 30.0}])
    assert "at least 12.50 CNY" in named(svg, "Shop, ads").get("aria-label")
    assert [text for text in shown_texts(svg, "axis-label") if text[0].isalpha()] == ["ads", "Shop"]


def test_of_a_change_the_parts_are_drawn_as_factors() -> None:
    factors = {"cac_factor": 2.5, "spend_factor": 2.0, "net_adds_factor": 0.8}
    row = ROW | {"period_end": date(2019, 12, 31)} | factors
    row |= {f"{name}_{end}": value for name, value in factors.items() for end in ("low", "high")}
    svg = svg_of("decomposition", [row])
    at = {words: place(named(svg, words))[0] for words in ("the cost is 2.50", "expense is 2.00", "won are 0.80")}
    cost, spend, buyers = at.values()
    assert cost / 2.5 == pytest.approx(spend / 2.0, rel=1e-3)
    assert spend / 2.0 == pytest.approx(buyers / 0.8, rel=1e-3), "one axis from zero on: the product holds in points"
    (line,) = (rule for rule in marks(svg, "rule") if style(rule, "stroke") == "#57606a")
    assert place(line)[0] == pytest.approx(cost / 2.5, abs=0.6), "no change"


def test_a_rank_is_drawn_by_its_cost_and_told() -> None:
    peer = {"period": "2019", "rank": 1, "rank_worst": 2, "ranked": 3, "expense_nature": "marketing"}
    svg = svg_of("peers", [ROW | peer, ROW | peer | {"name": "Shop (Other)", "rank": 3, "rank_worst": 3, "cac": 300.0}])
    assert "2019, Shop: 100.00 CNY per net new buyer, 90.00 to 120.00, rank 1 to 2 of 3" in [
        shape.get("aria-label") for shape in marks(svg, "point")
    ]
    assert {"2019: 1–2 of 3, Shop", "2019: 3 of 3, Shop"} <= set(shown_texts(svg, "axis-label"))


def test_what_a_deal_brought_is_drawn_only_where_it_is_known() -> None:
    deal = {
        "partnership_id": "a-deal", "metric": "new_buyers", "reported": None, "attributed": 40.0, "incremental": None,
        "incremental_low": -50.0, "incremental_high": 60.0, "effect_verdict": "no_effect_seen",
    }  # fmt: skip
    svg = svg_of("incrementality", [deal])
    said = [shape.get("aria-label") for shape in svg.xpath("//*[contains(@class, 'role-mark')]/*[@aria-label]")]
    open_words = "a-deal, new_buyers: no number, -50.00 to 60.00 would not have come without it, no_effect_seen"
    assert said == [open_words, open_words, "a-deal, new_buyers: 40.00 by last touch"], "no stroke, no point"
    zero, left, right = (place(shape)[0] for shape in (
        next(rule for rule in marks(svg, "rule") if style(rule, "stroke") == "#57606a"), *marks(svg, "tick")
    ))  # fmt: skip
    assert left < zero < right


def test_payback_is_open_where_the_greatest_cost_is_not_paid_back() -> None:
    month = {"name": "Shop", "age_days": 30, "payback_status": "paid_back", "payback_day": 4, "payback_day_low": 2}
    rows = [
        month | {"cohort_month": date(2025, 1, 1), "payback_day_high": 7},
        month | {"cohort_month": date(2025, 2, 1), "payback_day_high": None},
        month | {"cohort_month": date(2025, 3, 1), "payback_day": None, "payback_day_low": None,
                 "payback_day_high": None, "payback_status": "not_yet"},
    ]  # fmt: skip
    svg = svg_of("payback", rows)
    (closed, _), (opened, _) = bars(svg)
    assert opened == 0 < closed
    assert "on day 4, 2 to open" in named(svg, "2025-02-01").get("aria-label")
    assert "no day of payback at the age of 30 days, not_yet" in named(svg, "2025-03-01").get("aria-label")
    assert "Jan 2025" in shown_texts(svg, "axis-label"), "a month is its first day"


def test_a_lifetime_is_told_as_a_model() -> None:
    expected = {
        "name": "Shop", "currency": "EUR", "channel": "", "horizon_days": 90, "value_status": "ok",
        "expected_value": 12.5, "expected_value_low": 10.0, "expected_value_high": 15.0,
    }  # fmt: skip
    none = {"expected_value": None, "expected_value_low": None, "expected_value_high": None, "horizon_days": 365}
    (drawing,) = drawings("lifetime", [expected, expected | none])
    assert drawing.title == "Model: Shop · EUR"
    (point,) = marks(etree.fromstring(drawing.svg), "point")
    assert point.get("aria-label") == "Shop, , within 90 days: a model expects 12.50 EUR, 10.00 to 15.00, ok"


def test_a_series_that_was_not_seen_to_settle_is_open() -> None:
    series = {
        "name": "Shop", "channel": "brand search", "partnership_id": "", "metric": "clicks", "settles_after_days": 5,
        "history_suffices": True,
    }  # fmt: skip
    svg = svg_of("settling", [series, series | {"metric": "marketing_spend", "history_suffices": False}])
    assert "settled after 5 days" in named(svg, "clicks").get("aria-label")
    assert "not settled within 5 days" in named(svg, "marketing_spend").get("aria-label")
    arrows = [shape for shape in marks(svg, "point") if not shape.get("aria-label")]
    assert len(arrows) == 1
    assert "brand search: marketing spend" in shown_texts(svg, "text"), "a long label stands above its line"


@pytest.mark.parametrize(("chart", "name"), [("months_back", "payback_months"), ("intensity", "sm_intensity")])
def test_unit_economics_are_drawn_with_their_bounds(chart: str, name: str) -> None:
    both = {name: 0.5, f"{name}_low": 0.4, f"{name}_high": 0.6}
    svg = svg_of(chart, costs(both, {name: None, f"{name}_low": 0.1, f"{name}_high": None, "is_ranked": False}))
    assert "0.50" in named(svg, "2015-12-31").get("aria-label")
    assert "no number" in named(svg, "2016-12-31").get("aria-label")
    assert [top == 0 for top, _ in bars(svg)] == [False, True]


def test_the_schema_is_held_against_what_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Vega draws a mark that it does not know as nothing."""
    monkeypatch.setitem(SHAPES, "stroke", ("no_mark", {}))
    claim = {"claim_id": "c1", "subject": "Shop", "unit": "CNY_per_person", "claimed": 1.0, "computed": 1.0,
             "computed_low": 1.0, "computed_high": 1.0, "verdict": "holds"}  # fmt: skip
    ((_, _, described),) = describe("claims", [claim], WORDS)
    assert fault_of(described)


def test_effects_pacing_dependency_and_coverage_are_named() -> None:
    rows = {
        "effect": {"partnership_id": "a-b", "figure": "orders", "wording": "seen", "effect_pct": -1.0,
                   "effect_pct_low": -4.0, "effect_pct_high": 2.0},
        "pacing": {"name": "Shop", "partnership_id": "a-b", "metric": "new_buyers", "period_end": date(2025, 9, 30),
                   "pace": 0.9, "status": "missed"},
        "dependency": {"name": "Shop", "date": date(2025, 9, 30), "top_share_of_platform": 0.25,
                       "top_partnership_id": "a-b"},
        "coverage": {"name": "Shop", "figure": "Buyers", "figures": 3, "bounds": 0, "gaps": 2, "due": 1},
    }  # fmt: skip
    said = {
        "effect": ["a-b, orders: seen; -4.00 to 2.00 percent"],
        "pacing": ["a-b, new_buyers, until 2025-09-30: 0.90, missed"],
        "dependency": ["Shop, until 2025-09-30: 0.250 of the new buyers through a-b"],
        "coverage": [f"Shop, Buyers: {n} with status {s}" for n, s in ((3, "figures"), (2, "gaps"), (1, "due"))],
    }
    for chart, row in rows.items():
        svg = svg_of(chart, [row])
        shapes = svg.xpath("//*[contains(@class, 'role-mark')]/*[@aria-label]")
        assert [shape.get("aria-label") for shape in shapes] == said[chart]


@pytest.mark.parametrize("chart", CHARTS)
def test_nothing_to_draw_is_no_picture(chart: str) -> None:
    assert draw(chart, [], WORDS, "k") == []


def test_simulated_data_is_marked_in_the_picture() -> None:
    assert "SIMULATED" not in etree.tostring(svg_of("cost", costs({})), encoding="unicode")
    assert svg_of("cost", costs({}), "SIMULATED")[-1].text == "SIMULATED"


def test_every_mark_and_axis_of_the_page_has_a_name(page: Page) -> None:
    """What is hidden from a screen reader repeats a mark that has a name, or is a grid."""
    by_file = {
        path.name: re.findall(r"<svg.*?</svg>", path.read_text(encoding="utf-8"), re.DOTALL)
        for path in page.path.parent.glob("*.html")
    }
    assert len(by_file["index.html"]) > 15
    assert {len(by_file[f"{name}.html"]) for name in ("asof-2017-05-16", "deal-kuaishou-jd-2020-direct-supply")} == {
        2,
        1,
    }
    for pictures in by_file.values():
        identifiers = re.findall(r'\bid="([^"]+)"', "".join(pictures))
        assert len(identifiers) == len(set(identifiers))
    for text in (text for pictures in by_file.values() for text in pictures):
        svg = etree.fromstring(text)
        (title,) = (title.text for title in svg.iter("{*}title"))
        assert title
        axes = svg.xpath("//*[contains(@class, 'role-axis') and contains(@class, 'mark-group')]")
        for axis in axes:
            is_grid = not axis.xpath(".//*[contains(@class, 'role-axis-label')]")
            assert (axis.get("aria-hidden") == "true") is is_grid
            assert is_grid or re.search(r"axis .*(linear|utc|discrete) scale", axis.get("aria-label"))
            assert "log" not in axis.get("aria-label", "")
        shapes = svg.xpath("//*[contains(@class, 'role-mark') and not(@aria-hidden='true')]/*")
        assert shapes
        unnamed = [shape for shape in shapes if not shape.get("aria-label") and shape.tag.rpartition("}")[2] != "g"]
        assert unnamed == []


def test_every_chart_is_valid_and_is_drawn_as_vega_draws_it(snapshot: Connection) -> None:
    """Valid by the schema that Altair carries; the page is made without Altair and without Vega."""
    texts = read_texts()
    content = read_content(snapshot, texts, is_demo=False)
    shown = [(texts, content.parts), *((file.kind, file.parts) for file in content.files)]
    views = [(view, parts) for kind, parts in shown for part in kind["sections"] for view in part.get("views", ())]
    described = [
        chart
        for view, parts in views
        if "chart" in view
        for _, _, chart in describe(view["chart"], parts[view["key"]].rows, WORDS)
    ]
    assert len(described) > 40
    assert [fault_of(chart) for chart in described] == [""] * len(described)
    once = {json.dumps(chart): chart for chart in described}
    assert [found for chart in once.values() for found in differences_from_vega(chart)] == []


def test_a_deal_path_has_its_day_and_what_donors_expect() -> None:
    row = {"name": "Shop", "figure": "Revenue", "scope": "", "unit": "CNY", "event_on": date(2020, 5, 27)}
    ends = [(date(2020, 3, 31), 100, None), (date(2020, 6, 30), 120, 110.0), (date(2020, 9, 30), 0, 115.0)]
    rows = [row | {"period_end": end, "value": Decimal(value), "expected": expected} for end, value, expected in ends]
    svg = svg_of("deal_path", rows)
    points = [place(shape) for shape in marks(svg, "point")]
    day = place(named(svg, "day of the deal, 2020-05-27"))
    assert points[0][0] < day[0] < points[1][0]
    assert points[2][1] > points[0][1] > points[1][1], "zero lies at the bottom"
    assert [shape.get("d").count("L") for shape in marks(svg, "line")] == [2, 1]
    assert svg_of("deal_path", [row | rows[0], *rows]) is not None
    assert draw("deal_path", rows[:1], WORDS, "k") == [], "one period is no course"


def test_a_cost_as_known_on_a_day_stands_beside_the_one_of_today() -> None:
    """In the same place where nothing changed; without a stroke where there is none today."""
    row = ROW | {"period_end": date(2016, 12, 31)}
    today = [(110.0, True), (100.0, False), (None, True)]
    rows = [
        row | {"name": f"Shop {n}", "cac_today": cac, "is_changed": is_changed}
        for n, (cac, is_changed) in enumerate(today)
    ]
    svg = svg_of("asof_cost", rows)
    said = "until 2016-12-31: 100.00 CNY per buyer, 90.00 to 120.00, as known then"
    then = [place(named(svg, f"Shop {n}, {said}"))[0] for n in range(3)]
    strokes = [shape for shape in svg.iter() if "as known today" in shape.get("aria-label", "")]
    assert then[0] == then[1] == then[2]
    assert [shape.get("aria-label") for shape in strokes] == [
        "Shop 0, until 2016-12-31: 110.00 CNY per buyer, as known today",
        "Shop 1, until 2016-12-31: 100.00 CNY per buyer, as known today",
    ]
    assert draw("asof_cost", [rows[1]], WORDS, "k") == [], "nothing changed, nothing to compare"
