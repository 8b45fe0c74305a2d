"""Round numbers of an axis, with their texts, and labels that keep apart."""

from __future__ import annotations

from itertools import pairwise

import pytest

from etl.page.scales import LABEL, Scale, round_numbers
from etl.page.svg import text_width


@pytest.mark.parametrize(
    ("low", "high", "form", "texts"),
    [
        (0.0, 134.4, "", ["0", "20", "40", "60", "80", "100", "120"]),
        (-56.0, 112.0, "", ["−50", "0", "50", "100"]),
        (0.0, 1.2, "", ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0", "1.2"]),
        (0.0, 0.0046, "", ["0.000", "0.001", "0.002", "0.003", "0.004"]),
        (0.0, 5600.0, "", ["0", "1,000", "2,000", "3,000", "4,000", "5,000"]),
        (0.0, 1_120_000.0, "~s", ["0M", "0.2M", "0.4M", "0.6M", "0.8M", "1M"]),
        (0.0, 960.0, "~s", ["0", "200", "400", "600", "800"]),
    ],
)
def test_round_numbers(low: float, high: float, form: str, texts: list[str]) -> None:
    """Texts and numbers as Vega has them; the charts of the page are held against it."""
    found = list(round_numbers(low, high, 5, form))
    assert [text for _, text in found] == texts
    assert all(low <= number <= high + 1e-9 for number, _ in found)


def test_labels_keep_apart() -> None:
    scale = Scale("utc", float, [(0, "2014"), (20, "2015"), (40, "2016"), (100, "2017")], "", has_grid=True)
    shown = list(scale.apart())
    assert [text for _, text in shown] == ["2014", "2016", "2017"]
    assert all(after - before > text_width("2014", LABEL) for (before, _), (after, _) in pairwise(shown))
