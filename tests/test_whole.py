"""A file has its name only once it is whole."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from etl.whole import partial_file, place, write_whole


def test_a_file_is_written_whole_in_the_place_of_an_older_one(tmp_path: Path) -> None:
    target = tmp_path / "new" / "folder" / "file.json"
    for data in (b"first", b"second"):
        write_whole(target, data)
        assert target.read_bytes() == data
    assert [path.name for path in target.parent.iterdir()] == ["file.json"]


def test_what_breaks_off_leaves_the_older_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "file.json"
    write_whole(target, b"older")
    with pytest.raises(ValueError, match="breaks off"), partial_file(tmp_path / ".file.part") as file:
        file.write(b"half")
        raise ValueError("breaks off")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"file.json": b"older"}


def test_bytes_are_on_the_disk_before_the_name_and_the_name_before_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def synced(number: int) -> None:
        done.append(f"sync {Path(f'/proc/self/fd/{number}').readlink().name}")
        fsync(number)

    def renamed(self: Path, target: Path) -> Path:
        done.append(f"rename {self.name}")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", renamed)
    with partial_file(tmp_path / ".a.part") as file:
        file.write(b"x")
        place(file, tmp_path / "a")
    assert done == ["sync .a.part", "rename .a.part", f"sync {tmp_path.name}"]
