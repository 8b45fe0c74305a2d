"""Great Expectations imported without what it only gathers: its names are there, and are the same."""

import subprocess
import sys

from etl.config import ROOT

NAMES = """
import sys
from etl.checks import gathered
gathered.prepare()
import great_expectations as gx
assert not {"altair", "scipy.stats"} & {name for name, module in sys.modules.items() if "Lazy" not in str(type(module))}
assert "great_expectations.data_context.data_context.abstract_data_context" not in sys.modules
before = len(sys.modules)
assert gx.ExpectationSuite is sys.modules["great_expectations.core.expectation_suite"].ExpectationSuite
assert gx.expectations.ExpectColumnToExist.expectation_type == "expect_column_to_exist"
assert gx.get_context.__name__ == "get_context"
assert gx.checkpoint.Checkpoint is gx.Checkpoint
assert gx.__version__
assert not hasattr(gx, "no_such_name")
from great_expectations.expectations.registry import get_expectation_impl
gathered.know_expectation("expect_column_median_to_be_between")
assert get_expectation_impl("expect_column_median_to_be_between") is gx.expectations.ExpectColumnMedianToBeBetween
print("same")
"""


def test_every_name_is_there_and_is_the_same() -> None:
    done = subprocess.run([sys.executable, "-c", NAMES], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout == "same\n", done.stderr
