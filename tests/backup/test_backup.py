"""A home in a backup and back again: every byte, or a sentence that names what is wrong."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest

from etl import whole
from etl.backup import make as make_module
from etl.backup import restore as restore_module
from etl.backup.make import Made, copy_key, forget, make_backup
from etl.backup.manifest import Manifest, StoredFile, manifests, read_back, read_manifest
from etl.backup.restore import restore
from etl.backup.stores import BucketStore, FolderStore, Store, open_backups
from etl.config import Settings, load_settings
from etl.errors import MendError, RetryError
from etl.lock import writer_lock
from etl.warehouse import open_build
from tests.remote.conftest import use_storage
from tests.support import servers
from tests.support.command import run
from tests.support.lock import held_elsewhere
from tests.support.publishing import refresh, served

pytestmark = pytest.mark.slow

NOT_IN_A_BACKUP = ("backup.lock", "buyer.key", "dagster", "build/refresh.lock", "inbox/.x.part", "reference")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home with a publication, a delivery, what is made again from it, and a folder that is not its own."""
    home = tmp_path / "home"
    found = load_settings({"WAREHOUSE_HOME": str(home), "WAREHOUSE_POSTGRES_DSN": "host=db password=hunter2"})
    refresh(found, 7)
    for name in ("inbox/team/a.csv", "inbox/.x.part", "dagster/runs.db", "reference/claims.csv", "notified.json"):
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"content of {name}")
    return found


@pytest.fixture
def place(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "backups")


def back_up(settings: Settings, store: Store, keep: int | None = None) -> Made:
    return make_backup(settings, store, nullcontext(), keep=keep)


def another(tmp_path: Path, name: str = "second") -> Settings:
    return load_settings({"WAREHOUSE_HOME": str(tmp_path / name)})


def contents(home: Path) -> dict[str, str]:
    """The hash of each file of a home that a backup keeps."""
    return {
        name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(home.rglob("*"))
        if path.is_file() and not (name := str(path.relative_to(home))).startswith(NOT_IN_A_BACKUP)
    }


def brought_back(store: Store, settings: Settings, origin: Settings) -> Manifest:
    return restore(settings, store, key=origin.home / "buyer.key")


def test_a_home_comes_back_with_every_byte_of_it(settings: Settings, place: FolderStore, tmp_path: Path) -> None:
    made = back_up(settings, place)
    second = another(tmp_path)
    assert brought_back(place, second, settings) == made.manifest
    assert contents(second.home) == contents(settings.home)
    assert {"inbox/team/a.csv", "notified.json", "serving/snapshots/1.duckdb"} < set(contents(second.home))
    assert served(second.serving_db) == (1, 7)
    assert second.home.joinpath("buyer.key").stat().st_mode & 0o777 == 0o600
    assert second.serving_dir.stat().st_mode & 0o777 == 0o755, "readers open it"
    assert refresh(second, 7).version == refresh(settings, 7).version == 1, "nothing is new for either"
    assert refresh(second, 8).version == 2, "and versions go on"


def test_what_is_no_part_of_the_home_is_named(settings: Settings, place: FolderStore) -> None:
    made = back_up(settings, place)
    assert made.left_out == ("reference",)
    assert not [file.path for file in made.manifest.files if file.path.startswith(NOT_IN_A_BACKUP)]


def test_neither_the_key_nor_a_password_is_in_it(settings: Settings, place: FolderStore, tmp_path: Path) -> None:
    back_up(settings, place)
    key = (settings.home / "buyer.key").read_bytes()
    stored = b"".join(path.read_bytes() for path in place.root.rglob("*") if path.is_file())
    assert key not in stored
    assert b"hunter2" not in stored
    copy_key(settings, tmp_path / "apart.key")
    assert (tmp_path / "apart.key").read_bytes() == key
    assert (tmp_path / "apart.key").stat().st_mode & 0o777 == 0o600
    (tmp_path / "other.key").write_text("of another home")
    with pytest.raises(MendError, match="holds another key"):
        copy_key(settings, tmp_path / "other.key")


def test_a_further_backup_stores_what_is_new(settings: Settings, place: FolderStore) -> None:
    back_up(settings, place)
    (settings.inbox / "b.csv").write_text("new")
    made = back_up(settings, place)
    build = settings.build_db.stat().st_size
    assert {file.path for file in made.manifest.files} >= {"inbox/b.csv", "inbox/team/a.csv"}
    assert made.new_bytes <= len("new") + build, "the build database and the new delivery"
    assert len(manifests(place)) == 2


def test_only_the_newest_are_kept_with_what_they_need(
    settings: Settings, place: FolderStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        (settings.inbox / "changing.csv").write_text(f"content {number}")
        monkeypatch.setattr(make_module, "now_in_seconds", lambda n=number: _second(n))
        back_up(settings, place)
    forget(place, 1)
    assert len(manifests(place)) == 1
    brought_back(place, another(tmp_path), settings)
    assert (tmp_path / "second" / "inbox" / "changing.csv").read_text() == "content 2"
    (manifest,) = [read_manifest(place, name) for name in manifests(place)]
    assert set(place.sizes("files")) == {file.name for file in manifest.files}


def _second(number: int) -> datetime:
    return datetime(2026, 1, 1, 0, 0, number, tzinfo=UTC)


@pytest.mark.parametrize("damage", ["changed", "shorter", "gone"])
def test_a_damaged_backup_is_refused_and_its_file_named(
    settings: Settings, place: FolderStore, tmp_path: Path, damage: str
) -> None:
    made = back_up(settings, place)
    (file,) = [file for file in made.manifest.files if file.path == "inbox/team/a.csv"]
    path = place.root / file.name
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-1] + (b"?" if damage == "changed" else b""))
    with pytest.raises(MendError, match=file.name):
        brought_back(place, another(tmp_path), settings)
    assert list((tmp_path / "second").iterdir()) == [], "nothing got its place, and nothing hidden stays"
    with pytest.raises(MendError, match=file.name):
        read_back(place, made.manifest.files)


def _on_its_day(monkeypatch: pytest.MonkeyPatch, digest: str, days_later: int = 0) -> None:
    """Let the day be one on which the content is read back, or so many days later."""
    day = int(digest[:8], 16) % make_module.PARTS + make_module.PARTS * 24_000 + days_later
    moment = datetime.fromordinal(day).replace(tzinfo=UTC)
    monkeypatch.setattr(make_module, "now_in_seconds", lambda: moment)


def _delivery(made: Made) -> StoredFile:
    (file,) = [file for file in made.manifest.files if file.path == "inbox/team/a.csv"]
    return file


@pytest.mark.parametrize("damage", ["changed", "shorter", "gone"])
def test_a_known_content_that_is_damaged_is_written_anew_from_the_home(
    settings: Settings, place: FolderStore, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    first = back_up(settings, place)
    file = _delivery(first)
    path = place.root / file.name
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-1] + (b"?" if damage == "changed" else b""))
    _on_its_day(monkeypatch, file.sha256, days_later=0 if damage == "changed" else 1)
    made = back_up(settings, place)
    assert made.rewritten == ((file,) if damage != "gone" else ())
    assert read_back(place, first.manifest.files) > 0, "the earlier backup is whole again too"


def test_each_known_content_is_read_back_on_one_day_of_31() -> None:
    file = StoredFile("a", hashlib.sha256(b"a").hexdigest(), 1, 0, 0o600)
    days = [day for day in range(1, 32) if make_module._is_due(file, datetime(2026, 1, day, tzinfo=UTC))]
    # By hand: the hash begins with ca978112 or 3,398,926,610, which leaves 27 by 31; 2026-01-01 is day 739,617: 19.
    assert days == [9]


def test_a_damaged_content_that_the_home_has_no_longer_fails_the_backup_and_is_named(
    settings: Settings, place: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = _delivery(back_up(settings, place))
    own, stored = settings.home / file.path, place.root / file.name
    stored.write_bytes(b"")
    own.write_bytes(b"?" * file.size)
    os.utime(own, ns=(file.mtime_ns, file.mtime_ns))
    _on_its_day(monkeypatch, file.sha256, days_later=1)
    with pytest.raises(MendError, match=rf"{file.name} is damaged or gone .* {file.path} of the home has another"):
        back_up(settings, place)
    assert len(manifests(place)) == 1, "what is not whole is no backup"
    own.touch()
    assert _delivery(back_up(settings, place)).sha256 == hashlib.sha256(b"?" * file.size).hexdigest()


def test_a_damaged_manifest_is_refused(settings: Settings, place: FolderStore, tmp_path: Path) -> None:
    made = back_up(settings, place)
    path = place.root / made.manifest.name
    path.write_text(path.read_text().replace("inbox/team/a.csv", "inbox/team/b.csv"))
    with pytest.raises(MendError, match="is damaged"):
        brought_back(place, another(tmp_path), settings)


def test_a_key_that_is_missing_or_another_one_is_refused(
    settings: Settings, place: FolderStore, tmp_path: Path
) -> None:
    back_up(settings, place)
    second = another(tmp_path)
    with pytest.raises(MendError, match="name its file with KEY="):
        restore(second, place)
    (tmp_path / "wrong").write_text("0" * 64)
    with pytest.raises(MendError, match="is not the key of this backup"):
        restore(second, place, key=tmp_path / "wrong")
    assert not second.home.exists()
    restore(second, place, new_key=True)
    assert not (second.home / "buyer.key").exists()


def test_a_home_that_is_there_stays(settings: Settings, place: FolderStore) -> None:
    back_up(settings, place)
    before = contents(settings.home)
    with pytest.raises(MendError, match="is not empty"):
        brought_back(place, settings, settings)
    assert contents(settings.home) == before


@pytest.mark.parametrize("killed_at", range(7))
def test_a_killed_restore_is_finished_by_the_same_command(
    settings: Settings, place: FolderStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed_at: int
) -> None:
    back_up(settings, place)
    second, calls = another(tmp_path), iter(range(1000))

    class KilledError(Exception):
        pass

    def counted(step: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any) -> Any:
            if next(calls) == killed_at:
                raise KilledError
            return step(*given)

        return call

    with monkeypatch.context() as patch:
        patch.setattr(restore_module, "place", counted(whole.place))
        patch.setattr(Path, "replace", counted(Path.replace))
        with pytest.raises(KilledError):
            brought_back(place, second, settings)
    brought_back(place, second, settings)
    assert contents(second.home) == contents(settings.home)


def test_a_delivery_that_is_still_being_written_is_told(
    settings: Settings, place: FolderStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    growing = settings.inbox / "growing.csv"
    growing.write_text("first line\n")
    pieces = make_module._pieces

    def grows(path: Path) -> Iterator[bytes]:
        yield from pieces(path)
        if path.name == "growing.csv":
            with growing.open("a") as file:
                file.write("one more\n")

    monkeypatch.setattr(make_module, "_pieces", grows)
    made = back_up(settings, place)
    assert made.unfinished == ("inbox/growing.csv",)
    brought_back(place, another(tmp_path), settings)
    assert not (tmp_path / "second" / "inbox" / "growing.csv").exists()


def test_a_newer_backup_does_not_mix_with_a_restore_that_was_killed(
    settings: Settings, place: FolderStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = back_up(settings, place)
    before, second, moved = contents(settings.home), another(tmp_path), iter(range(1000))
    replace = Path.replace

    def killed(path: Path, target: Path) -> Path:
        if path.parent.name == ".restore.part" and not path.name.startswith(".") and next(moved) == 2:
            raise KeyboardInterrupt
        return replace(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            brought_back(place, second, settings)
    (settings.inbox / "later.csv").write_text("new")
    monkeypatch.setattr(make_module, "now_in_seconds", lambda: datetime(2099, 1, 1, tzinfo=UTC))
    back_up(settings, place)
    assert brought_back(place, second, settings) == first.manifest
    assert contents(second.home) == before


def test_a_second_backup_of_a_home_waits_its_turn(settings: Settings, place: FolderStore) -> None:
    def other() -> Iterator[None]:
        with pytest.raises(RetryError, match="another backup"):
            back_up(settings, place)
        yield

    made = make_backup(settings, place, contextmanager(other)())
    assert read_back(place, made.manifest.files) > 0


def test_backups_of_another_home_are_not_removed(settings: Settings, place: FolderStore, tmp_path: Path) -> None:
    other = another(tmp_path, "other")
    refresh(other, 9)
    back_up(other, place)
    with pytest.raises(MendError, match="several homes"):
        back_up(settings, place, keep=5)
    assert len(manifests(place)) == 2


def test_a_place_within_the_home_is_refused(settings: Settings) -> None:
    with pytest.raises(MendError, match="name a folder elsewhere"):
        back_up(settings, FolderStore(settings.inbox / "backups"))


def test_it_waits_for_a_refresh_and_says_when_it_waited_long_enough(settings: Settings, place: FolderStore) -> None:
    with held_elsewhere(settings), pytest.raises(RetryError, match="another refresh is writing"):
        make_backup(settings, place, writer_lock(settings, 0.3))
    with open_build(settings), pytest.raises(RetryError):
        in_another_process(settings, place)
    assert manifests(place) == []


def in_another_process(settings: Settings, place: FolderStore) -> None:
    """Back up in a process of its own: DuckDB shares a file that one process opens twice."""
    import subprocess
    import sys

    script = "import sys; from tests.backup.test_backup import alone; alone(*sys.argv[1:])"
    found = subprocess.run(
        [sys.executable, "-c", script, str(settings.home), str(place.root)], capture_output=True, text=True, check=False
    )
    if found.returncode:
        raise RetryError(found.stderr)


def alone(home: str, folder: str) -> None:
    """What the other process does."""
    back_up(load_settings({"WAREHOUSE_HOME": home}), FolderStore(Path(folder)))


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[BucketStore]:
    """A bucket of a real server on loopback."""
    with servers.s3_server() as address:
        use_storage(monkeypatch, address)
        boto3.client("s3", endpoint_url=address, region_name="us-east-1").create_bucket(Bucket="team")
        yield BucketStore("s3://team/home one")


def test_a_bucket_holds_backups_as_a_folder_does(settings: Settings, bucket: BucketStore, tmp_path: Path) -> None:
    (settings.inbox / "empty.csv").touch()
    made = back_up(settings, bucket)
    assert brought_back(bucket, another(tmp_path), settings) == made.manifest
    assert contents(tmp_path / "second") == contents(settings.home)
    (settings.inbox / "b.csv").write_text("new")
    assert back_up(settings, bucket, keep=1).new_files <= 2
    assert len(manifests(bucket)) == 1
    bucket.remove(made.manifest.files[0].name)
    (name,) = manifests(bucket)
    if made.manifest.files[0] in read_manifest(bucket, name).files:
        with pytest.raises(MendError, match="cannot be read"):
            brought_back(bucket, another(tmp_path, "third"), settings)


def test_an_address_that_is_none_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MendError, match="is no address of a backup"):
        open_backups("ftp://user:secret@host/x")
    with pytest.raises(MendError, match="is no address of a bucket"):
        open_backups("s3://")
    monkeypatch.setenv("WAREHOUSE_HOME", str(tmp_path / "none"))
    assert "there is nothing to back up" in run("backup", str(tmp_path / "place")).output


def test_the_commands_say_what_they_did(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, key = str(tmp_path / "place"), str(tmp_path / "apart.key")
    monkeypatch.setenv("WAREHOUSE_HOME", str(settings.home))
    told = run("backup", folder, "--key-to", key).output
    assert "version 1" in told
    assert "read back and equal" in told
    assert "not in it: reference" in told
    assert "1 backups" in run("backup", folder, "--check").output
    (file,) = [
        path for path in Path(folder, "files").glob("*/*") if path.read_bytes() == b"content of inbox/team/a.csv"
    ]
    file.write_bytes(b"")
    told = run("backup", folder).output
    assert f"files/{file.parent.name}/{file.name}, which is inbox/team/a.csv, was damaged there: written anew" in told
    assert "all of the size they were written with" in told
    monkeypatch.setenv("WAREHOUSE_HOME", str(tmp_path / "second"))
    told = run("restore", folder, "--key", key).output
    assert "version 1" in told
    assert "WAREHOUSE_INBOX was" not in told, "it is where it is by default"
    assert run("restore", folder, "--key", key).exit_code == 1


def test_no_staged_file_is_left(settings: Settings, place: FolderStore) -> None:
    back_up(settings, place)
    assert not (settings.home / ".backup.part").exists()
