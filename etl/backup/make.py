"""Make a backup of a home while refreshes run.

The writer's lock and the build database are held for as long as a copy of that database takes on the same disk, and
for hard links to all other files; what is stored elsewhere comes from there, after both are free again. The manifest
is written last: a backup that was interrupted is none, and the next one takes up what it has stored.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from etl.backup.erased import store_erased
from etl.backup.manifest import (
    FILES,
    Manifest,
    StoredFile,
    checked,
    key_digest,
    manifests,
    now_in_seconds,
    read_back,
    read_manifest,
)
from etl.backup.stage import LOCK, STAGE, alone
from etl.backup.stores import PIECE, FolderStore, Store
from etl.buyers import ERASED_FILE, KEY_FILE
from etl.config import SIMULATED, Settings, load_settings, variable
from etl.errors import MendError
from etl.publish.files import inspect
from etl.secrets import shown
from etl.warehouse import memory, open_build
from etl.whole import copy_open_file, write_whole

# What a home is, and what is made again from it. Anything else in the folder is not the home's; a backup names it.
KEPT = ("build", "serving", "raw", "archive", "inbox", "figures", "drafts", "profiles", "notified.json", SIMULATED)
MADE_AGAIN = (
    *("dagster", "data_docs", "taxonomies", "serving/page", "serving/pages"),
    *("build/refresh.lock", "build/copy.duckdb", "build/before_upgrade.duckdb", "build/aside"),
)
LAST = "last_backup.json"
# Each day another of so many parts of the known contents is read back. A prime, so that a weekly backup meets all.
PARTS = 31


@dataclass(frozen=True)
class LastBackup:
    """When the newest backup of a home was made (UTC), and where it lies."""

    made_at: datetime
    place: str


@dataclass(frozen=True)
class Made:
    """A finished backup: its manifest, what was stored anew, deliveries still being written, and what is not in it.

    Of the contents that the place had before, the known ones, `reread` were read back; `rewritten` were damaged.
    """

    manifest: Manifest
    new_files: int
    new_bytes: int
    known: int
    reread: int
    rewritten: tuple[StoredFile, ...]
    unfinished: tuple[str, ...]
    left_out: tuple[str, ...]


def make_backup(
    settings: Settings, store: Store, lock: AbstractContextManager[None], *, keep: int | None = None
) -> Made:
    """Store the home; `lock` is the writer's. With `keep`, only so many backups stay in that place.

    Raises RetryError where another process writes the home for longer than it may, MendError where the home cannot be
    read, or the backup not written or not read back.
    """
    if not settings.build_db.exists():
        raise MendError(f"{settings.home} has no build database: there is nothing to back up before `make refresh`")
    if isinstance(store, FolderStore) and any(store.root.is_relative_to(top) for top in _tops(settings)):
        raise MendError(f"{store.root} is a part of the home that is backed up: name a folder elsewhere")
    with alone(settings):
        return _make(settings, store, lock, keep)


def _make(settings: Settings, store: Store, lock: AbstractContextManager[None], keep: int | None) -> Made:
    """The backup, while no other one of this home is made."""
    stage = settings.home / STAGE
    shutil.rmtree(stage, ignore_errors=True)
    try:
        with lock:
            _stage(settings, stage)
            version = _served(settings)
        earlier = _earlier(store)
        stored, unfinished = [], []
        for path in sorted(path for path in stage.rglob("*") if path.is_file()):
            if file := _described(path, str(path.relative_to(stage)), earlier):
                stored.append(file)
            else:
                unfinished.append(str(path.relative_to(stage)))
        sizes = store.sizes(FILES)
        needed = {file.name: file for file in stored}.values()
        new, known = ([file for file in needed if (file.name in sizes) is there] for there in (False, True))
        due = [file for file in known if _is_due(file, now_in_seconds())]
        damaged = [
            file for file in known if sizes[file.name] != file.size or (file in due and not _is_whole(store, file))
        ]
        lost = {file.name for file in (*new, *damaged) if not _is_written(store, file, stage)}
        unfinished += [file.path for file in stored if file.name in lost]  # the next backup takes them
        new_bytes = read_back(store, [file for file in new if file.name not in lost])
        rewritten = tuple(file for file in damaged if file.name not in lost)
        read_back(store, rewritten)
    finally:
        shutil.rmtree(stage, ignore_errors=True)
    store_erased(settings.home, store)
    manifest = Manifest(
        now_in_seconds(),
        str(settings.home),
        version,
        key_digest(settings.home / KEY_FILE),
        _without_secrets(settings),
        tuple(file for file in stored if file.path not in unfinished),
    )
    store.write(manifest.name, iter([manifest.text()]))
    if read_manifest(store, manifest.name) != manifest:
        raise MendError(f"{manifest.name} is not what was written: the place of the backups does not keep its files")
    if keep:
        forget(store, keep)
    return Made(manifest, len(new), new_bytes, len(known), len(due), rewritten, tuple(unfinished), _left_out(settings))


def _is_due(file: StoredFile, now: datetime) -> bool:
    """Whether a known content is read back today."""
    return int(file.sha256[:8], 16) % PARTS == now.toordinal() % PARTS


def _is_whole(store: Store, file: StoredFile) -> bool:
    """Whether the place still has the content that it was given."""
    try:
        return read_back(store, [file]) == file.size
    except MendError:
        return False


def _is_written(store: Store, file: StoredFile, stage: Path) -> bool:
    """Store a content from the home; False where somebody writes that file just now.

    Raises MendError where the place refuses, or where the home has no longer what it had under that size and time.
    """
    try:
        store.write(file.name, checked(_pieces(stage / file.path), file))
    except MendError as error:
        found = _described(stage / file.path, file.path, {})
        if found == file:
            raise
        if found and (found.size, found.mtime_ns) == (file.size, file.mtime_ns):
            raise MendError(
                f"{file.name} is damaged or gone in the place of the backups, and {file.path} of the home has another "
                "content of the same size and time: bring that file back from elsewhere, or touch it to keep it so"
            ) from error
        return False
    return True


def remember(settings: Settings, manifest: Manifest, address: str) -> None:
    """Keep in the home when it was backed up and where, for `warehouse doctor`. Raises OSError."""
    content = {"made_at": manifest.made_at.isoformat(), "place": shown(address)}
    write_whole(settings.home / LAST, json.dumps(content).encode())


def last_backup(settings: Settings) -> LastBackup | None:
    """The newest backup of a home; None where there was none, or what the home kept of it cannot be read."""
    try:
        content = json.loads((settings.home / LAST).read_text(encoding="utf-8"))
        return LastBackup(datetime.fromisoformat(content["made_at"]), content["place"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def forget(store: Store, keep: int) -> None:
    """Remove all but the newest backups, and the contents that no backup names any more.

    Raises MendError where the place holds backups of another home, whose unfinished one would lose what it has stored.
    """
    names = manifests(store)
    homes = sorted({read_manifest(store, name).home for name in names[-keep:]})
    if len(homes) > 1:
        raise MendError(
            f"the place holds backups of several homes ({', '.join(homes)}), so none is removed; this one was made. "
            "Give each home a place of its own"
        )
    for name in names[:-keep]:
        store.remove(name)
    used = {file.name for name in names[-keep:] for file in read_manifest(store, name).files}
    for name in store.sizes(FILES).keys() - used:
        store.remove(name)


def copy_key(settings: Settings, target: Path) -> None:
    """Write the key of the buyers' hashes to a file of its own, which only its owner can read. Raises MendError."""
    path = settings.home / KEY_FILE
    if not path.exists():
        raise MendError(f"{settings.home} has no {KEY_FILE}")
    if target.exists() and target.read_bytes() != path.read_bytes():
        raise MendError(f"{target} holds another key: name another file")
    old = os.umask(0o077)
    try:
        write_whole(target, path.read_bytes())
    finally:
        os.umask(old)


def _stage(settings: Settings, stage: Path) -> None:
    """Fill a folder of the home with its files as they are at one moment."""
    with open_build(settings) as con:  # nobody else has it open, and its log is empty after the checkpoint
        con.execute("checkpoint")
        copy = stage / settings.build_db.relative_to(settings.home)
        copy.parent.mkdir(parents=True)
        copy_open_file(settings.build_db, copy)
        for path in _files(settings):
            target = stage / path.relative_to(settings.home)
            if not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                _link(path, target)


def _tops(settings: Settings) -> list[Path]:
    """The files and folders that are the home's."""
    tops = [settings.home / name for name in KEPT]
    is_inside = settings.inbox.is_relative_to(settings.home)
    return [*tops, settings.inbox] if is_inside and settings.inbox not in tops else tops


def _files(settings: Settings) -> Iterator[Path]:
    """The files of a home that a backup takes, in order; none that is under way."""
    again, tops = {settings.home / name for name in MADE_AGAIN}, _tops(settings)
    while tops:
        path = tops.pop(0)
        if path in again or path.name.endswith((".part", ".tmp", ".wal")) or path.name.startswith(".upcoming"):
            continue
        if path.is_dir() and not path.is_symlink():
            tops += sorted(path.iterdir())
        elif path.is_file():
            yield path


def _link(path: Path, target: Path) -> None:
    """Give a file a second name: files of a home are replaced and not changed. Copied where that cannot be."""
    try:
        target.hardlink_to(path.resolve())
    except FileNotFoundError:
        return  # a delivery that was taken away meanwhile
    except OSError:
        shutil.copy2(path, target)


def _described(path: Path, name: str, earlier: dict[tuple[str, int, int], str]) -> StoredFile | None:
    """A staged file with its hash, that of the backup before while size and time stand; None while it is written."""
    before = path.stat()
    known = earlier.get((name, before.st_size, before.st_mtime_ns))
    if known is None or name.startswith("build/"):
        digest = hashlib.sha256()
        for piece in _pieces(path):
            digest.update(piece)
        known, after = digest.hexdigest(), path.stat()
        if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
            return None
    return StoredFile(name, known, before.st_size, before.st_mtime_ns, before.st_mode & 0o777)


def _earlier(store: Store) -> dict[tuple[str, int, int], str]:
    """The hashes of the newest backup's files by path, size and time; none where it is damaged."""
    names = manifests(store)
    if not names:
        return {}
    try:
        return {(file.path, file.size, file.mtime_ns): file.sha256 for file in read_manifest(store, names[-1]).files}
    except MendError:
        return {}


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            yield piece


def _served(settings: Settings) -> int | None:
    """The version that readers have."""
    if not settings.serving_db.exists():
        return None
    with memory() as con:
        return inspect(con, settings.serving_db).version


def _without_secrets(settings: Settings) -> dict[str, str]:
    """The settings that are not the default, by variable; addresses without user, password and query."""
    given: dict[str, str] = {}
    default = load_settings({variable("home"): str(settings.home)}, settings.root)
    for field, info in list(type(settings).model_fields.items())[2:]:  # without root and home
        value = getattr(settings, field)
        if value is None or value == getattr(default, field):
            continue
        text = os.pathsep.join(map(str, value)) if isinstance(value, tuple) else str(value)
        given[variable(field)] = text if info.repr else shown(text) if "://" in text else "(not kept)"
    return given


def _left_out(settings: Settings) -> tuple[str, ...]:
    """What lies in the folder of the home and is no part of it, and the inbox where it lies elsewhere."""
    known = {*KEPT, KEY_FILE, ERASED_FILE, LAST, LOCK, *(name for name in MADE_AGAIN if "/" not in name), STAGE}
    found = [path for path in sorted(settings.home.iterdir()) if path.name not in known]
    inside = settings.inbox.is_relative_to(settings.home)
    others = [str(path.name) for path in found if not (inside and settings.inbox.is_relative_to(path))]
    return (*others, *([] if inside else [str(settings.inbox)]))
