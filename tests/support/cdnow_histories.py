"""The histories of the CDNOW customers up to a day, and what came of them afterwards."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date

import numpy as np

from etl.lifetime.optimum import Array
from etl.lifetime.orders import Histories
from tests.support.cdnow import LAST_DAY, cdnow_orders


@dataclass(frozen=True)
class CdnowHistories:
    """An entry a customer: the history, the mean of later order days, and days and dollars that came after."""

    histories: Histories
    mean_value: Array
    came: Array
    came_value: Array
    days_after: int


def cdnow_until(end: date) -> CdnowHistories:
    """What was known of every customer at the end of a day, and what came until 30 June 1998."""
    paid: dict[str, dict[date, float]] = defaultdict(lambda: defaultdict(float))
    for order in cdnow_orders():
        paid[order.customer][order.on] += float(order.amount)
    rows = []
    for of_day in paid.values():
        known, after = sorted(day for day in of_day if day <= end), [day for day in of_day if day > end]
        later = [of_day[day] for day in known[1:]]
        mean = sum(later) / len(later) if later else 0.0
        recency, age = (known[-1] - known[0]).days, (end - known[0]).days
        rows.append((len(later), recency, age, mean, len(after), sum(of_day[day] for day in after)))
    frequency, recency_days, age_days, mean_value, came, came_value = np.array(rows, np.float64).T
    histories = Histories.of_buyers(frequency, recency_days, age_days)
    return CdnowHistories(histories, mean_value, came, came_value, (LAST_DAY - end).days)
