"""The disks of benchmarks/power_cuts.py: what was synced is always there, what was not may be lost, torn or empty."""

from __future__ import annotations

import random
from pathlib import Path

from benchmarks.power_cuts import Disk, Step, disk_after

DATA = b"x" * 10_000
WRITTEN = [Step("name", "in/.a.part", inode=1), Step("data", "in/.a.part", inode=1, data=DATA)]
RENAMED = Step("moved", "in/.a.part", "in/a")
SYNC_FILE, SYNC_FOLDER = Step("sync", "in/.a.part", inode=1), Step("sync", "in")


def left(steps: list[Step]) -> set[tuple[str, bytes]]:
    """Names and contents after a cut behind all steps, over many chances."""
    found = set()
    for seed in range(300):
        disk = disk_after(Disk(), steps, len(steps), random.Random(seed))
        found |= {(name, bytes(disk.content[inode])) for name, inode in disk.names.items()} or {("", b"")}
    return found


def test_a_file_that_was_renamed_without_a_sync_may_be_empty_torn_or_gone() -> None:
    found = left([*WRITTEN, RENAMED])
    assert {("in/a", b""), ("in/a", DATA), ("", b""), ("in/.a.part", DATA)} <= found
    assert any(name == "in/a" and 0 < len(content) < len(DATA) for name, content in found)


def test_a_name_comes_with_its_data_once_the_file_was_synced_before_it() -> None:
    found = left([*WRITTEN, SYNC_FILE, RENAMED])
    assert all(content == DATA for name, content in found if name)
    assert {name for name, _ in found} == {"", "in/.a.part", "in/a"}


def test_what_was_synced_with_its_folder_is_never_lost() -> None:
    assert left([*WRITTEN, SYNC_FILE, RENAMED, SYNC_FOLDER]) == {("in/a", DATA)}


def test_a_disk_is_made_as_it_was_read(tmp_path: Path) -> None:
    (tmp_path / "one" / "deep").mkdir(parents=True)
    (tmp_path / "one" / "deep" / "a").write_bytes(b"1")
    (tmp_path / "one" / "b").hardlink_to(tmp_path / "one" / "deep" / "a")
    Disk.of(tmp_path / "one").write_to(tmp_path / "two")
    assert (tmp_path / "two" / "b").samefile(tmp_path / "two" / "deep" / "a")
    assert (tmp_path / "two" / "b").stat().st_mtime_ns == (tmp_path / "one" / "b").stat().st_mtime_ns
