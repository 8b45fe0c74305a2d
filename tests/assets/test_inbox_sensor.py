"""The sensor on the inbox: one run for what is not loaded, asked for again when it failed, with a small memory."""

from __future__ import annotations

import shutil
from pathlib import Path

import dagster as dg
import pytest

from assets.inbox_sensor import LONGEST_PAUSE, Memory, look, status_of
from etl.config import ROOT, Settings
from tests.assets.conftest import Project

pytestmark = pytest.mark.slow

SUCCESS, FAILURE, QUEUED = dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.QUEUED


class Sensor:
    """Looks one after the other, with what became of each run that was requested."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.cursor: str | None = None
        self.became: dict[str, dg.DagsterRunStatus] = {}

    def look(self) -> list[str]:
        """The keys of the runs that it requests."""
        result = look(self.settings, self.cursor, "2025-03-30", self.became.get)
        self.cursor, self.said = result.cursor, str(result.skip_reason and result.skip_reason.skip_message)
        return [str(request.run_key) for request in result.run_requests or []]

    def wait(self, seconds: float) -> None:
        """As if so much time had passed."""
        memory = Memory.model_validate_json(str(self.cursor))
        memory.at -= seconds
        self.cursor = memory.model_dump_json()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(ROOT, tmp_path)


@pytest.fixture
def sensor(project: Project) -> Sensor:
    return Sensor(project.settings)


def test_it_waits_while_a_file_grows_and_requests_one_run(project: Project, sensor: Sensor) -> None:
    growing = project.deliver("a.csv", "half")
    project.deliver(".b.csv.part", "a copy under way")
    assert sensor.look() == []
    (first,) = sensor.look()
    sensor.became[first] = SUCCESS
    growing.write_text("half and more", encoding="utf-8")
    project.deliver("sub/c.csv", "c")
    assert sensor.look() == []
    assert sensor.said == "waiting for a.csv, sub/c.csv to stop growing"
    (second,) = sensor.look()
    assert second != first
    sensor.became[second] = SUCCESS
    assert (sensor.look(), sensor.said) == ([], "no new content")
    shutil.copy(growing, project.settings.inbox / "the same again.csv")
    growing.touch()
    assert (sensor.look(), sensor.look(), sensor.look()) == ([], [], []), "no content that was not asked for"


def test_a_run_that_failed_is_asked_for_again_after_longer_and_longer_pauses(project: Project, sensor: Sensor) -> None:
    """The case inbox_sensor_after_failed_run."""
    project.deliver("a.csv", "a")
    sensor.look()
    (first,) = sensor.look()
    assert (sensor.look(), sensor.look()) == ([f"{first[:-2]}-2"], []), "the run did not come about"
    sensor.became[f"{first[:-2]}-2"] = QUEUED
    sensor.wait(86_400)
    assert (sensor.look(), sensor.said) == ([], "the run for the last new files is under way")
    sensor.became[f"{first[:-2]}-2"] = FAILURE
    assert sensor.look() == [f"{first[:-2]}-3"]
    sensor.became[f"{first[:-2]}-3"] = FAILURE
    pauses = []
    for attempt in range(4, 15):
        assert sensor.look() == []
        pauses.append(Memory.model_validate_json(str(sensor.cursor)).pause)
        sensor.wait(pauses[-1])
        (asked,) = sensor.look()
        assert asked.endswith(f"-{attempt}")
        sensor.became[asked] = FAILURE
    assert pauses[:3] == [90, 210, 450] and pauses[-1] == LONGEST_PAUSE
    sensor.became[asked] = SUCCESS
    assert (sensor.look(), sensor.said) == ([], "no new content")


def test_files_that_come_during_a_run_wait_for_it(project: Project, sensor: Sensor) -> None:
    project.deliver("a.csv", "a")
    sensor.look()
    (first,) = sensor.look()
    sensor.became[first] = QUEUED
    project.deliver("b.csv", "b")
    assert (sensor.look(), sensor.look()) == ([], []), "it may load them, too"
    assert sensor.said == "the run for the last new files is under way"
    sensor.became[first] = SUCCESS
    assert len(sensor.look()) == 1


def test_a_clock_that_went_back_does_not_keep_it_waiting(project: Project, sensor: Sensor) -> None:
    project.deliver("a.csv", "a")
    sensor.look()
    sensor.became[sensor.look()[0]] = FAILURE
    sensor.became[sensor.look()[0]] = FAILURE
    sensor.wait(-40_000_000)  # it was requested while the clock was a year ahead
    assert len(sensor.look()) == 1


def test_its_memory_is_small_however_many_files_there_are(project: Project, sensor: Sensor) -> None:
    """The case inbox_sensor_cursor_grows."""
    for number in range(300):
        project.deliver(f"platform_metrics_{number}.csv", str(number))
    for _ in range(3):
        sensor.look()
        assert len(str(sensor.cursor)) < 250


def test_a_cursor_of_an_older_version_counts_as_none(project: Project, sensor: Sensor) -> None:
    project.deliver("a.csv", "a")
    sensor.cursor = '{"seen": {"a.csv": [1, 2]}, "asked": {"a.csv": {"mark": [1, 2], "hash": "3"}}}'
    assert sensor.look() == []
    assert len(sensor.look()) == 1


def test_a_file_that_cannot_be_read_keeps_no_other_away(
    project: Project, sensor: Sensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = project.deliver("a.csv", "a")
    unreadable = project.deliver("b.csv", "b")
    opened = Path.open

    def refuse(path: Path, *words: str) -> object:
        if path == unreadable:
            raise PermissionError(13, "Permission denied")
        return opened(path, *words)

    monkeypatch.setattr(Path, "open", refuse)
    sensor.look()
    assert len(sensor.look()) == 1
    assert read.exists()


def test_what_is_loaded_is_asked_for_no_more_also_without_memory(refreshed: Project) -> None:
    refreshed.deliver("day.csv", "platform,date,channel,currency,orders\njd,2025-03-01,search,CNY,5\n")
    refreshed.deliver("broken.csv", "no,contract\n1,2\n")
    sensor = Sensor(refreshed.settings)
    sensor.look()
    assert len(sensor.look()) == 1
    assert refreshed.refresh_daily().success
    sensor.cursor = None
    sensor.look()
    assert (sensor.look(), sensor.said) == ([], "no new file"), "one is loaded, one refused: the snapshot has both"


def test_the_status_of_a_run_is_found_by_its_key(project: Project) -> None:
    @dg.job
    def some_job() -> None: ...

    with project.history() as instance:
        assert status_of(instance, "key-1") is None
        instance.create_run_for_job(some_job, status=SUCCESS, tags={"dagster/run_key": "key-1"})
        assert status_of(instance, "key-1") == SUCCESS
