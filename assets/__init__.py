"""Dagster only: sources, SQL files and suites as assets, checks, a job and a schedule.

`etl` does the work and knows nothing of Dagster; this package says what depends on what, when it runs
and what the UI shows. `defs` is what `workspace.yaml` opens; it is read when it is asked for, so that
`python -m assets` can say in one line which file is wrong.
"""

import dagster as dg

from assets.definitions import definitions


@dg.definitions
def defs() -> dg.Definitions:
    """The definitions of this project."""
    return definitions()
