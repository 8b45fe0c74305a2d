"""A file has its name only once it is whole."""

from __future__ import annotations

import ast
import os
import re
from pathlib import Path

import pytest

from etl import whole
from etl.config import ROOT
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


# Where a file is written or renamed without etl/whole.py, and why a power cut does no harm there.
WITHOUT = {
    "etl/whole.py": "it is what the others use",
    "etl/publish/files.py": "install() syncs the file before its rename, and the folder after it",
    "etl/publish/export.py": "it syncs every file, then renames the folder",
    "etl/lake/export.py": "a lock, which has no content, and a copy of the catalogue, which etl/whole.py puts in place",
    "etl/page/place.py": "it syncs every file, then renames the folder and its link",
    "etl/archive/recover.py": "it moves what is lost aside, and syncs the folders",
    "etl/backup/restore.py": "it renames folders whose files are synced, the build database last, and syncs the home",
    "etl/ask/shell.py": "the file that a person asked for, who runs the command again",
    "etl/checks/pages.py": "pages that `make docs` makes again",
    "assets/cli.py": "pages of the documentation, kept in git",
    "etl/profiles/table.py": "unpacked for one load, in a folder that goes with it",
    "etl/files/lines.py": "unpacked for one load, in a folder that goes with it",
    "etl/inbox/scan.py": "written out for one load, in a folder that goes with it",
    "etl/inbox/trial.py": "a folder that goes with the trial",
    "etl/figures/log.py": "a lock, which has no content",
    "etl/backup/stage.py": "a lock, which has no content",
    "etl/sent.py": "a lock, which has no content",
    "assets/life.py": "a lock, which ends with its process",
    "assets/web.py": "a lock, which ends with its process",
    "assets/damage.py": "it moves a history of runs aside, which holds no figures",
    "etl/ask/doctor.py": "a lock, which has no content",
    "etl/lock.py": "a lock, which has no content",
    "etl/spark/cluster.py": "the log of a process of a cluster for trying, in a folder that goes with it",
    "etl/spark/exchange.py": "folders, whose files are on the disk before they have their name",
    "etl/spark/text.py": "it replaces parts of a syntax tree and writes no file",
    "etl/edgar/bulk.py": "a line that is lost asks one issuer once more",
    "etl/models/graph.py": "it replaces a node of a tree, and no file",
}


def writes(source: str) -> list[int]:
    """The lines of a module that write or rename a file themselves."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        name, modes = node.func.attr, [one.value for one in node.args if isinstance(one, ast.Constant)]
        modes += [word.value.value for word in node.keywords if isinstance(word.value, ast.Constant)]
        is_written = name in ("write_text", "write_bytes", "rename")
        is_written |= name == "replace" and len(node.args) == 1
        is_written |= name == "open" and any(re.fullmatch(r"[rwax]b?\+?", str(m)) and str(m)[0] in "wax" for m in modes)
        if is_written:
            found.append(node.lineno)
    return found


def test_no_file_that_matters_is_written_another_way() -> None:
    paths = [path for folder in ("etl", "assets") for path in sorted((ROOT / folder).rglob("*.py"))]
    found = {path.relative_to(ROOT).as_posix(): writes(path.read_text(encoding="utf-8")) for path in paths}
    others = {name: lines for name, lines in found.items() if lines and name not in WITHOUT}
    assert others == {}, "write it with etl/whole.py, or say in WITHOUT why a power cut does no harm"
    assert [name for name in WITHOUT if not found.get(name)] == [], "these write nothing themselves any more"


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("path.write_text('a')", [1]),
        ("path.open('w')", [1]),
        ("path.open(mode='ab')", [1]),
        ("part.replace(path)", [1]),
        ("os.rename(a, b)", [1]),
        ("text.replace('a', 'b'); now.replace(microsecond=0); path.open('rb')", []),
    ],
)
def test_the_rule_of_writing_can_fail(source: str, lines: list[int]) -> None:
    assert writes(source) == lines


def test_a_new_folder_is_on_the_disk_in_the_one_above(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[Path] = []
    monkeypatch.setattr(whole, "sync", synced.append)
    whole.make_folder(tmp_path / "a" / "b")
    assert synced == [tmp_path, tmp_path / "a"]


def test_lines_are_added_and_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda number: synced.append(os.fstat(number).st_size))
    whole.append(tmp_path / "log", b"one\n")
    whole.append(tmp_path / "log", b"two\n")
    assert (tmp_path / "log").read_bytes() == b"one\ntwo\n"
    assert synced[0] == 4
    assert synced[-1] == 8


def test_a_file_that_was_cut_short_has_not_the_hash_of_its_name(tmp_path: Path) -> None:
    path = tmp_path / "a"
    assert not whole.has_hash(path, "")
    path.write_bytes(b"")
    assert whole.has_hash(path, "e3b0c442")
    path.write_bytes(b"x")
    assert not whole.has_hash(path, "e3b0c442")
