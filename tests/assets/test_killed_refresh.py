"""A refresh killed at any step: readers keep the snapshot, and the next refresh ends as a clean one."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from pkgutil import resolve_name
from typing import Any
from unittest import mock

import pytest

from assets.definitions import definitions
from assets.jobs import REFRESH
from etl.config import Settings, load_settings
from etl.publish.files import read_contents
from etl.warehouse import open_snapshot
from tests.assets.conftest import QUIET, Project
from tests.support.reference_rows import DOCUMENT, FIGURE, PLATFORM, write

pytestmark = pytest.mark.slow

CHILDREN = multiprocessing.get_context("spawn")
# Where it dies: the name that a step looks up, and the table it is working on then (None: the first call).
DEATHS = {
    "in the middle of the ingest": ("etl.checks.run.Checks.validate", "raw.reference_row"),
    "inside the transaction of a model": ("etl.checks.run.Checks.validate", "steps.cac_ratio"),
    "between two models": ("assets.models.build", "marts.cac_trend"),
    "before it publishes": ("assets.serving.publish", None),
    "in the middle of publishing": ("etl.publish.publication._verify", None),
}


@contextmanager
def dies_at(place: str, table: str | None) -> Iterator[None]:
    """Kill this process where `place` is called, for a model or suite of `table`."""
    original = resolve_name(place)

    def die(*arguments: Any, **named: Any) -> Any:
        about = [getattr(argument, "table", None) for argument in arguments]
        whole = [getattr(argument, "name", None) for argument in arguments]
        if table is None or table in (*about, *whole):
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*arguments, **named)

    with mock.patch(place, die):
        yield


def refresh_and_die(environment: dict[str, str], place: str, table: str | None) -> None:
    """Refresh in this process until it kills itself."""
    job = definitions(environment=environment).resolve_job_def(REFRESH)
    with dies_at(place, table):
        job.execute_in_process(run_config=QUIET)


def refreshed_with(environment: dict[str, str]) -> Settings:
    result = definitions(environment=environment).resolve_job_def(REFRESH).execute_in_process(run_config=QUIET)
    assert result.success
    return load_settings(environment)


def marts(settings: Settings) -> dict[str, str]:
    """A hash over the rows of every published mart."""
    with open_snapshot(settings.serving_db) as con:
        hashes = read_contents(con).hashes
    return {table: digest for table, digest in hashes.items() if table.startswith("marts.")}


def test_a_refresh_killed_at_any_step_can_be_repeated(refreshed: Project, tmp_path: Path) -> None:
    news = write(
        tmp_path / "news",
        platforms=[PLATFORM],
        documents=[DOCUMENT],
        observations=[{**FIGURE, "platform": "shop"}],
    )
    figures = os.pathsep.join(("data/reference", str(news)))
    environment = {**refreshed.environment, "WAREHOUSE_FIGURES": figures}
    before = marts(refreshed.settings)
    for step, (place, table) in DEATHS.items():
        child = CHILDREN.Process(target=refresh_and_die, args=(environment, place, table))
        child.start()
        child.join(300)
        assert child.exitcode == -signal.SIGKILL, f"it did not come to die {step}"
        assert marts(refreshed.settings) == before, step
    after = marts(refreshed_with(environment))
    assert after != before
    assert after == marts(refreshed_with({**environment, "WAREHOUSE_HOME": str(tmp_path / "clean")}))


@pytest.mark.parametrize("step", DEATHS)
def test_every_step_to_kill_at_exists(step: str) -> None:
    assert callable(resolve_name(DEATHS[step][0]))
