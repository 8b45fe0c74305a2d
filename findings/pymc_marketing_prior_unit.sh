#!/usr/bin/env bash
# The fitted parameters of buyers depend on whether time is given in days or in weeks: the default priors have a scale.
#
# Version: pymc-marketing 0.19.2, the last one for Python 3.11; 1.3.0 gives the same numbers.
# Guess:   with 2,357 customers the posterior mode of BetaGeoModel under its default priors equals the maximum of the
#          likelihood (CDNOW: r 0.243, a 0.793, b 2.426) to two digits, in days as in weeks; alpha in days is seven times
#          that in weeks.
# Seen:    r 0.231, a 0.717, b 2.073 in days and r 0.244, a 0.706, b 2.092 in weeks; alpha 27.8 in days and 4.44 in
#          weeks, which are 31.1 days. lifetimes 0.11.3 gives one answer in both units, that of the paper.
# Matters: two teams with the same orders get other numbers and see no fault; in days a new buyer is expected to order on
#          1.48 days of a year, by the likelihood on 1.45. etl/lifetime maximises the likelihood and knows days only.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet --disable-pip-version-check pymc-marketing==0.19.2
"$folder/env/bin/python" -m pip download --quiet --disable-pip-version-check --no-deps --dest "$folder" lifetimes==0.11.3
PYTENSOR_FLAGS="base_compiledir=$folder/compiled" "$folder/env/bin/python" -W ignore - "$folder"/*.whl <<'PY'
import sys
import zipfile
from importlib.metadata import version

import pandas as pd
from pymc_marketing.clv import BetaGeoModel
from pymc_marketing.clv.utils import rfm_summary

names = ["_", "customer_id", "on", "units", "amount"]
with zipfile.ZipFile(sys.argv[1]).open("lifetimes/datasets/CDNOW_sample.txt") as file:
    orders = pd.read_csv(file, sep=r"\s+", header=None, names=names, dtype={"on": str})
orders["on"] = pd.to_datetime(orders["on"])
days = rfm_summary(orders, "customer_id", "on", observation_period_end="1997-09-30")


def fitted(unit: int) -> dict[str, float]:
    model = BetaGeoModel(data=days.assign(recency=days.recency / unit, T=days["T"] / unit))
    model.fit(method="map", progressbar=False)
    return {name: round(float(model.fit_result[name].mean()), 2) for name in ("r", "alpha", "a", "b")}


in_days, in_weeks = fitted(1), fitted(7)
print(f"pymc-marketing {version('pymc-marketing')}: days {in_days}, weeks {in_weeks}")
sys.exit(abs(in_days["alpha"] / (7 * in_weeks["alpha"]) - 1) < 0.05 or abs(in_days["a"] / 0.793 - 1) < 0.05)
PY
