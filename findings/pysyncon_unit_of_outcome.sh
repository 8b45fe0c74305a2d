#!/usr/bin/env bash
# The weights of a synthetic control do not sum to 1 where the outcome is in dollars and not in thousands of dollars.
#
# Version: pysyncon 1.7.0 (scipy 1.17.1).
# Guess:   AugSynth weights donors to meet the outcomes before the event; another unit of the outcome gives the same
#          weights and the same effect in that unit, to three digits.
# Seen:    16 donors, 44 years, GDP a head between 1,000 and 45,000 dollars: the weights sum to 2.78 and the effect is
#          -37,089 dollars; in thousands of dollars they sum to 1.00 and the effect is -597 dollars. The solver (SLSQP,
#          slopes by finite differences) stops without success, which is not looked at: no error, no warning. Of ten
#          seeds of this panel seven have a sum above 1.3, and so has the published panel of West Germany (2.16).
# Matters: GMV and revenue are in units of a currency. Weights here come from non-negative least squares, and the
#          estimate is refused unless they are the best ones (etl/effect/estimate.py).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet --disable-pip-version-check pysyncon==1.7.0 scipy==1.17.1
"$folder/env/bin/python" -W error::UserWarning -W error::RuntimeWarning - <<'PY'
import sys
from importlib.metadata import version

import numpy as np
import pandas as pd
from pysyncon import AugSynth, Dataprep

rng = np.random.default_rng(3)
countries = [f"country {number:02}" for number in range(17)]
start = np.log(rng.uniform(700, 3400, (17, 1)))
growth = np.cumsum(rng.normal(0.06, 0.02, 44))
dollars = np.exp(start + growth + np.cumsum(rng.normal(0, 0.01, (17, 44)), axis=1))


def fit(unit: float) -> tuple[float, float]:
    """The sum of the weights, and the mean effect in dollars."""
    panel = pd.DataFrame(dollars.T / unit, index=pd.Index(range(1960, 2004), name="year"), columns=countries)
    model = AugSynth()
    model.fit(
        Dataprep(
            foo=panel.reset_index().melt("year", var_name="country", value_name="gdp"),
            predictors=["gdp"],
            predictors_op="mean",
            time_predictors_prior=range(1960, 1990),
            dependent="gdp",
            unit_variable="country",
            time_variable="year",
            treatment_identifier=countries[0],
            controls_identifier=countries[1:],
            time_optimize_ssr=range(1960, 1990),
        )
    )
    return float(np.sum(model.W)), float(model.att(time_period=range(1990, 2004))["att"]) * unit


in_dollars, in_thousands = fit(1), fit(1000)
print("pysyncon", version("pysyncon"), "scipy", version("scipy"))
for name, (total, effect) in (("dollars", in_dollars), ("thousands", in_thousands)):
    print(f"in {name}: weights sum to {total:.4f}, effect {effect:,.0f} dollars")
sys.exit(abs(in_thousands[0] - 1) > 0.001 or abs(in_dollars[0] - 1) < 0.01)
PY
