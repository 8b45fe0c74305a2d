#!/usr/bin/env bash
# A year of lifetime value has 360 days where time is in days and 365 where it is in weeks.
#
# Version: lifetimes 0.11.3.
# Guess:   the same customers, with the model fitted in weeks and freq='W' or in days and freq='D', have the same value
#          for time=12 (months) within 0.1 %; times in weeks without a freq raise an error.
# Seen:    32.19 in weeks and 31.84 in days, 1.1 % less: a month is 4.345 weeks or 30 days, so a year is 52.14 weeks or
#          360 days. Without a freq, weeks count as days and the value is 119.00, without a word.
# Matters: a lifetime value here has its horizon in days, in the name of the argument and of the column, and no unit of
#          time to choose (etl/lifetime/value.py); histories in weeks are refused.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet --disable-pip-version-check lifetimes==0.11.3 numpy==1.26.4 \
    pandas==2.2.3 scipy==1.13.1 autograd==1.7.0
"$folder/env/bin/python" -W ignore - <<'PY'
import sys
from importlib.metadata import version

import pandas as pd
from lifetimes import BetaGeoFitter, GammaGammaFitter
from lifetimes.datasets import load_dataset
from lifetimes.utils import summary_data_from_transaction_data

names = ["_", "customer", "on", "units", "amount"]
orders = load_dataset("CDNOW_sample.txt", sep=r"\s+", header=None, names=names, dtype={"on": str})
orders["on"] = pd.to_datetime(orders["on"])
days = summary_data_from_transaction_data(orders, "customer", "on", "amount", observation_period_end="1997-09-30")
returned = days[days.frequency > 0]
values = GammaGammaFitter(0).fit(returned.frequency, returned.monetary_value)


def year(unit: int, **freq: str) -> float:
    recency, age = days.recency / unit, days["T"] / unit
    model = BetaGeoFitter(0).fit(days.frequency, recency, age)
    each = values.customer_lifetime_value(
        model, days.frequency, recency, age, days.monetary_value, time=12, discount_rate=0, **freq
    )
    return round(float(each.mean()), 2)


found = (year(7, freq="W"), year(1, freq="D"), year(7))
print(f"lifetimes {version('lifetimes')}: weeks, days, weeks without freq: {found}")
sys.exit(found != (32.19, 31.84, 119.0))
PY
