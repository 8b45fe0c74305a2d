"""The chart of acquisition costs: a picture, doubtful points in grey, scenarios as dashes."""

from __future__ import annotations

import base64
from datetime import date

import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from assets.chart import FAINT, GREY, _draw_series, cac_chart, draw_cac
from etl.config import ROOT
from etl.models.graph import create_statements, load_models
from etl.warehouse import Connection

pytestmark = pytest.mark.slow

COLOUR = "#123456"
PNG = b"\x89PNG\r\n"


@pytest.fixture
def marts(con: Connection) -> Connection:
    """core.definition as it is, and marts.cac_trend without rows."""
    for model in load_models(ROOT / "sql"):
        if model.name == "core.definition":
            con.execute(create_statements(model)[0])
    con.execute(
        "create table marts.cac_trend (platform varchar, scope varchar, definition varchar, period_end date, "
        "cac double, cac_low double, cac_high double, currency varchar, validity varchar)"
    )
    return con


def picture(markdown: str) -> bytes:
    return base64.b64decode(markdown.partition("base64,")[2].rstrip(")"))


def test_the_chart_is_a_picture_in_markdown(marts: Connection) -> None:
    empty = cac_chart(marts)
    marts.execute(
        "insert into marts.cac_trend values "
        "('jd', '', 'cac_net_12m', date '2016-12-31', 141.9, 141.7, 142.1, 'CNY', 'ok'), "
        "('jd', '', 'cac_net_12m', date '2018-12-31', 1500, 1200, null, 'CNY', 'uninformative'), "
        "('jd', '', 'cac_net_12m', date '2019-12-31', null, null, null, 'CNY', 'net_loss_of_buyers')"
    )
    drawn = cac_chart(marts)
    assert drawn.startswith("![CAC over twelve months by platform and scope](data:image/png;base64,")
    assert picture(empty).startswith(PNG)
    assert picture(drawn).startswith(PNG)
    assert drawn != empty


def test_doubtful_points_are_grey_and_off_the_line() -> None:
    rows = [
        ("jd", date(2016, 12, 31), 100.0, 99.0, 101.0, "ok", []),
        ("jd", date(2017, 12, 31), 200.0, 150.0, 300.0, "coarse", []),
        ("jd", date(2018, 12, 31), 300.0, 200.0, None, "uninformative", []),
        ("jd", date(2019, 12, 31), 120.0, 119.0, 121.0, "ok", []),
        ("jd", date(2020, 12, 31), 140.0, 139.0, 141.0, "ok", []),
    ]
    axes = Figure().add_subplot()
    _draw_series(axes, "jd", rows, COLOUR)
    points = {line.get_ydata()[0]: line for line in axes.lines if line.get_marker() == "o" and len(line.get_ydata())}
    assert {value: to_hex(line.get_color()) for value, line in points.items()} == {
        100.0: COLOUR,
        200.0: GREY,
        300.0: GREY,
        120.0: COLOUR,
        140.0: COLOUR,
    }
    lines = [list(line.get_ydata()) for line in axes.lines if len(line.get_ydata()) == 2]
    assert lines == [[120.0, 140.0]], "no line over the years without a sound number"


def test_scenarios_are_dashes_beside_the_number_and_named(marts: Connection) -> None:
    marts.execute(
        "insert into marts.cac_trend values "
        "('jd', '', 'cac_net_12m', date '2016-12-31', 141.9, 141.7, 142.1, 'CNY', 'ok'), "
        "('jd', '', 'cac_gross_10', date '2016-12-31', 116.6, 116.5, 116.7, 'CNY', 'ok'), "
        "('jd', '', 'cac_gross_20', date '2016-12-31', 99.0, 98.9, 99.1, 'CNY', 'ok'), "
        "('jd', '', 'cac_pooled_2y', date '2016-12-31', 120.0, 119.0, 121.0, 'CNY', 'ok')"
    )
    figure = draw_cac(marts)
    dashes = [line for line in figure.axes[0].lines if line.get_alpha() == FAINT]
    assert sorted(line.get_ydata()[0] for line in dashes) == [99.0, 116.6]
    assert "cac_gross_10, cac_gross_20, cac_gross_30" in figure._supxlabel.get_text()
