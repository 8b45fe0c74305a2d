"""One refreshed home for the tests of this folder; each test that writes takes a copy of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.tags import ASSET_PARTITION_RANGE_END_TAG, ASSET_PARTITION_RANGE_START_TAG

from assets.days import NAME, run_tags
from assets.definitions import definitions
from assets.jobs import REFRESH, REFRESH_DAILY
from etl.config import ROOT, Settings, load_settings

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass(frozen=True)
class Project:
    """A project folder with a home of its own: what a refresh reads and writes."""

    root: Path
    home: Path

    @property
    def environment(self) -> dict[str, str]:
        return {"WAREHOUSE_HOME": str(self.home)}

    @property
    def settings(self) -> Settings:
        return load_settings(self.environment, self.root)

    def refresh(self, only: Sequence[dg.AssetKey] | None = None) -> dg.ExecuteInProcessResult:
        """Run the job against an instance that keeps nothing."""
        job = definitions(self.root, self.environment).resolve_job_def(REFRESH)
        with dg.DagsterInstance.ephemeral() as instance:
            return job.execute_in_process(
                instance=instance, run_config=QUIET, raise_on_error=False, asset_selection=only
            )

    def refresh_daily(self, first: str = "", last: str = "", backfill: bool = False) -> dg.ExecuteInProcessResult:
        """Run the daily job with the days from `first` to `last` as `make daily` does, or as a backfill of the UI."""
        job = definitions(self.root, self.environment).resolve_job_def(REFRESH_DAILY)
        with self.history() as instance:
            tags = run_tags(instance, first, last)
            if backfill:
                tags = {ASSET_PARTITION_RANGE_START_TAG: first, ASSET_PARTITION_RANGE_END_TAG: last}
            return job.execute_in_process(instance=instance, run_config=QUIET, raise_on_error=False, tags=tags)

    def history(self) -> dg.DagsterInstance:
        """The instance that keeps the runs of refresh_daily."""
        (self.home / "runs").mkdir(exist_ok=True)
        return dg.DagsterInstance.local_temp(str(self.home / "runs"))

    def days(self, table: str = "") -> list[str]:
        """The days that the UI shows, or of these the ones that it shows as built in a table."""
        with self.history() as instance:
            shown = instance.get_dynamic_partitions(NAME)
            built = instance.get_materialized_partitions(dg.AssetKey(table.split("."))) if table else shown
            return [day for day in shown if day in built]

    def deliver(self, name: str, text: str) -> Path:
        """A file in the inbox."""
        path = self.settings.inbox / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path


@pytest.fixture(scope="session")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, dg.ExecuteInProcessResult]:
    """A first refresh of the embedded data, and what came of it. Read only."""
    project = Project(ROOT, tmp_path_factory.mktemp("first"))
    return project, project.refresh()


@pytest.fixture
def refreshed(first: tuple[Project, dg.ExecuteInProcessResult], tmp_path: Path) -> Project:
    """A copy of the refreshed home, for a test that refreshes again."""
    shutil.copytree(first[0].home, tmp_path / "home", symlinks=True)
    return Project(ROOT, tmp_path / "home")


@pytest.fixture
def changed(refreshed: Project, tmp_path: Path) -> Callable[[str, str], Project]:
    """The refreshed home with a copy of the project, in which a text is appended to a file."""
    root = tmp_path / "project"
    for folder in ("sql", "expectations", "data/reference"):
        shutil.copytree(ROOT / folder, root / folder)

    def change(file: str, appended: str) -> Project:
        with (root / file).open("a", encoding="utf-8") as changing:
            changing.write(appended)
        return Project(root, refreshed.home)

    return change


def metadata(result: dg.ExecuteInProcessResult, table: str) -> dict[str, dg.MetadataValue]:
    (event,) = (
        event for event in result.get_asset_materialization_events() if event.asset_key == dg.AssetKey(table.split("."))
    )
    return dict(event.materialization.metadata)
