"""Dagster only: sources, SQL files and suites as assets, checks, jobs, schedules and sensors.

`assets.definitions` is what `workspace.yaml` opens. `assets.cli` is the command `warehouse`; importing it
imports no Dagster, which a command imports when it needs it.
"""
