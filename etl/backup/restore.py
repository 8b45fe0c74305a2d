"""Bring a home back from a backup, on a machine where there is none.

Everything is read and held against its hash before anything gets its place. A restore that was killed is begun anew by
the same command, or finished where all had come.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from etl.backup.erased import stored_erased
from etl.backup.manifest import Manifest, StoredFile, checked, chosen, key_digest, read_manifest
from etl.backup.stores import Store
from etl.buyers import KEY_FILE, write_erased
from etl.config import Settings
from etl.errors import MendError
from etl.whole import partial_file, place, sync, write_whole

STAGE, WHOLE = ".restore.part", ".whole"
# The build database comes last: while it is not there, a home is not restored.
LAST = "build"


def restore(
    settings: Settings, store: Store, *, at: str | None = None, key: Path | None = None, new_key: bool = False
) -> Manifest:
    """Bring back the newest backup, or that of the time `at`, into an empty home; gives its manifest.

    `key` is the file with the key of the buyers' hashes; `new_key` goes on without it. Raises MendError where the home
    is not empty, the key is not the one of the backup, or a file of it is missing or damaged, which it names.
    """
    home = settings.home
    stage = home / STAGE
    _refuse_a_home(home, stage)
    is_begun = (stage / WHOLE).exists()  # all had come: that backup is finished, also where a newer one is there now
    manifest = read_manifest(store, (stage / WHOLE).read_text() if is_begun else chosen(store, at))
    _refuse_another_key(manifest, key, new_key=new_key)
    if not is_begun:
        shutil.rmtree(stage, ignore_errors=True)
        home.mkdir(parents=True, exist_ok=True)
        home.chmod(0o755)
        try:
            _fill(stage, store, manifest, key)
        except MendError:
            shutil.rmtree(stage, ignore_errors=True)
            raise
    names = sorted(path.name for path in stage.iterdir() if path.name not in (WHOLE, LAST))
    for name in [*names, *([LAST] if (stage / LAST).exists() else [])]:
        (stage / name).replace(home / name)
    sync(home)
    shutil.rmtree(stage)
    return manifest


def _fill(stage: Path, store: Store, manifest: Manifest, key: Path | None) -> None:
    """Bring all that a home gets into a folder beside its place."""
    for file in manifest.files:
        _bring(store, file, stage)
    if key:
        _bring_key(key, stage / KEY_FILE)
    if erased := stored_erased(store):  # some of them perhaps after this backup
        write_erased(stage, erased.again())
    for folder in (stage / "serving", stage / "serving" / "snapshots"):
        if folder.exists():
            folder.chmod(0o755)  # for the readers of the snapshot
    write_whole(stage / WHOLE, manifest.name.encode())


def _refuse_a_home(home: Path, stage: Path) -> None:
    """Raise MendError where there is anything that a restore would mix with; what a killed one left is no hindrance."""
    begun = (stage / WHOLE).exists()
    others = set(home.iterdir()) - {stage} if home.exists() else set()
    if (home / LAST).exists() or (others and not begun):
        raise MendError(
            f"{home} is not empty, and a backup is restored into a folder where there is nothing: name another one "
            "with WAREHOUSE_HOME"
        )


def _refuse_another_key(manifest: Manifest, key: Path | None, *, new_key: bool) -> None:
    if key and not key.exists():
        raise MendError(f"{key} does not exist: name the file with the key of the buyers' hashes")
    if manifest.key_sha256 is None or (new_key and key is None):
        return
    if key is None:
        raise MendError(
            "the key of the buyers' hashes is kept apart from the backup: name its file with KEY=. Where it is lost, "
            "`warehouse restore FROM --new-key` goes on without it; buyers of new files are then not recognised, and "
            "each counts as new"
        )
    if key_digest(key) != manifest.key_sha256:
        raise MendError(f"{key} is not the key of this backup: buyers of new files would not be recognised")


def _bring(store: Store, file: StoredFile, stage: Path) -> None:
    target = stage / file.path
    if not target.resolve().is_relative_to(stage.resolve()):
        raise MendError(f"{file.path} leads out of the home")
    with partial_file(target.with_name(f".{target.name}.part")) as part:
        part.writelines(checked(store.read(file.name), file))
        part.flush()
        os.fchmod(part.fileno(), file.mode & 0o777)
        os.utime(part.fileno(), ns=(file.mtime_ns, file.mtime_ns))
        place(part, target)


def _bring_key(key: Path, target: Path) -> None:
    with partial_file(target.with_name(f"{target.name}.part")) as part:
        os.fchmod(part.fileno(), 0o600)
        part.write(key.read_bytes())
        place(part, target)
