#!/usr/bin/env bash
# The p-value of a synthetic difference-in-differences with placebos falls with the number of draws, to any size.
#
# Version: diff-diff 3.13.0.
# Guess:   with one treated unit and five donors there are five placebos. The p-value comes from estimate and standard
#          error (0.001 here), or is at least 1 of 6; more draws make the standard error steadier and do not lower it.
# Seen:    `p_value` is (1 + draws at least as large) / (1 + draws), where the draws are the same five placebos again and
#          again: 0.005 with 200 draws and 0.0005 with 2,000, without a warning. `variance_effects` has five values.
# Matters: five donors cannot tell an effect from chance at 5 %. Here each donor is one placebo, the least share of
#          placebos is 1 of 6, and no effect is called seen with fewer than 19 donors (etl/effect/estimate.py).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet --disable-pip-version-check diff-diff==3.13.0
"$folder/env/bin/python" -W error::UserWarning - <<'PY'
import sys
from importlib.metadata import version

import numpy as np
import pandas as pd
from diff_diff import SyntheticDiD

units, periods, before = 6, 28, 20
rng = np.random.default_rng(0)
path = np.cumsum(rng.normal(0, 1, periods))
values = path + rng.normal(0, 0.3, (units, periods))
values[0, before:] += 2
panel = pd.DataFrame(
    {
        "unit": np.repeat(np.arange(units), periods),
        "period": np.tile(np.arange(periods), units),
        "treated": np.repeat(np.arange(units) == 0, periods).astype(int),
        "y": values.ravel(),
    }
)


def fit(draws: int) -> tuple[float, int]:
    """The p-value, and how many different placebos there are (its solver ends within 0.0001 of each)."""
    found = SyntheticDiD(variance_method="placebo", n_bootstrap=draws, seed=1).fit(
        panel, "y", "treated", "unit", "period", post_periods=list(range(before, periods))
    )
    effects = np.sort(np.asarray(found.variance_effects))
    return float(found.p_value), 1 + int(np.sum(np.diff(effects) > 0.0001))


few, many = fit(200), fit(2000)
print("diff-diff", version("diff-diff"))
for draws, (p_value, placebos) in ((200, few), (2000, many)):
    print(f"{draws} draws: p_value {p_value:.4f} from {placebos} different placebos")
sys.exit(not (few[0] < 1 / 6 and many[0] < few[0] / 5 and few[1] == many[1] == 5))
PY
