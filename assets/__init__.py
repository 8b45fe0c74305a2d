"""Dagster only: sources, SQL files and suites as assets, checks, jobs, schedules and sensors.

`assets.definitions` is what `workspace.yaml` opens. `assets.cli` is the command `warehouse`; importing it
imports no Dagster, which a command imports when it needs it.
"""

import os

# No library of the product brings a plugin for pydantic; to look for one reads all installed packages.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
