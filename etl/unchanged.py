"""Whether a refresh, or a daily run, would find everything as the last one left it, told by hashes alone.

A refresh reads reference files, code, settings, installed packages, the day and its own home, and writes the build
database and what is served. What it read is hashed before it and once more after it, what it wrote while it still holds
the writer's lock. If it had nothing to tell, both are kept in the folder of Dagster's history, and while every hash is
the same, another refresh would write the same: it need not run. A file that is new, gone, renamed, unreadable or of
other permissions is another hash, and so is one byte of a large one; no time of a file is asked. Whatever cannot be
read or understood counts as changed.

Not covered are files that somebody changes inside an installed package, which its RECORD does not show.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from etl.buyers import KEY_FILE
from etl.config import SIMULATED, Settings, variable
from etl.errors import RetryError
from etl.lock import writer_lock
from etl.whole import write_whole

# What of the project a refresh reads, beside the reference files.
PROJECT = ("etl", "assets", "sql", "expectations", "profiles", "pyproject.toml", "requirements.lock", "dagster.yaml")
# Variables that the product or a library in it reads; settings are compared as they are understood.
VARIABLES = ("WAREHOUSE_", "DAGSTER_", "SEC_", "AWS_", "PG", "PYTHON", "TZ", "LC_", "LANG", "DUCKDB_")
# What a run writes in its home; everything else there, it reads.
WRITTEN = ("build", "serving", KEY_FILE)
# Proposals that nobody accepted yet, pages, notes of messages, the token for assistants, what is read only where the
# build database is lost, and tables as Parquet files, which are found by their content.
UNREAD = ("drafts", "data_docs", "notified.json", "archive", "mcp.token", "exchange")
COMPILED = "__pycache__"
# The settings by which a job asks a source in the network: only asking tells what it has.
ASKED = {"refresh": ("sec_user_agent",), "refresh_daily": ("s3_url", "postgres_dsn", "fx_url")}
TOLD = {"lineage_url", "lineage_key"}  # who hears of a run: nothing that it makes depends on it
# Variables that are set by the product and never read, and those of TOLD.
OWN = {"DAGSTER_HOME", "DAGSTER_EVENT_BATCH_SIZE", *map(variable, TOLD)}
Hashes = dict[str, str]


@dataclass(frozen=True)
class Remembered:
    """A run of a job that left nothing to tell: when it ended, what it read and wrote, the tables that it made."""

    job: str
    ended_at: str
    read: Hashes
    written: Hashes
    tables: Sequence[str]

    @property
    def sentence(self) -> str:
        """What a person reads of a run that need not be."""
        name, command = ("daily run", "daily") if self.job == "refresh_daily" else (self.job, self.job)
        ended = datetime.fromisoformat(self.ended_at).astimezone(UTC)
        return (
            f"Unchanged  nothing changed since the {name} of {ended:%Y-%m-%d %H:%M:%S} UTC: inputs, code, settings, "
            "versions,\n           build database, snapshot and page have the same hashes;\n           "
            f"`make {command} WHOLE=1` builds all the same"
        )


def history_folder(settings: Settings) -> Path:
    """The folder of Dagster's history in the home, whatever DAGSTER_HOME is: that may be of another project."""
    return settings.home / "dagster"


def inputs(settings: Settings, history: Path, now: datetime) -> Hashes:
    """What a refresh that starts now would read, by name. `history` is Dagster's folder. Raises OSError."""
    known = sorted((name, value) for name, value in os.environ.items() if name.startswith(VARIABLES) if name not in OWN)
    set_to = settings.model_dump(mode="json", exclude=TOLD)
    said = {"day": now.date(), "python": sys.version, "settings": set_to, "variables": known}
    unread = {history, settings.lineage_file or history, *(settings.home / name for name in (*WRITTEN, *UNREAD))}
    look = Look(frozenset(unread))
    packages(look)
    for name in PROJECT:
        look.at(settings.root / name)
    for folder in (*settings.figure_folders, settings.home, settings.inbox):
        look.at(settings.root / folder)
    return {name: hashlib.sha256(repr(value).encode()).hexdigest() for name, value in said.items()} | look.found


def written(settings: Settings) -> Hashes:
    """What a refresh wrote, by name; the build database first. Raises OSError."""
    look = Look(frozenset({settings.build_copy, settings.build_copy.with_name("aside")}))
    for name in WRITTEN:
        look.at(settings.home / name)
    return look.found


def packages(look: Look) -> None:
    """Look at what the installed packages say of their files."""
    for place in dict.fromkeys((sysconfig.get_path("purelib"), sysconfig.get_path("platlib"))):
        for record in Path(place).glob("*.dist-info/RECORD"):
            look.at(record)


def remember(history: Path, remembered: Remembered) -> None:
    """Keep what a run read and wrote. Raises OSError."""
    write_whole(_file(history, remembered.job), json.dumps(asdict(remembered)).encode())


def forget(history: Path, job: str) -> None:
    """Keep nothing of a job, so that its next run is made. Raises OSError."""
    _file(history, job).unlink(missing_ok=True)


def last_if_unchanged(settings: Settings, now: datetime, job: str = "refresh") -> Remembered | None:
    """The last run of a job, if everything is as it was then, and the clock has not gone back; else None.

    None too while somebody writes, and where a source in the network is on that the job asks.
    """
    file = _file(history := history_folder(settings), job)
    if any(getattr(settings, name) for name in ASKED[job]) or not file.exists():
        return None
    try:
        kept = Remembered(**json.loads(file.read_text(encoding="utf-8")))
        with writer_lock(settings, wait_seconds=0):
            same = kept.read == inputs(settings, history, now) and kept.written == written(settings)
        return kept if same and datetime.fromisoformat(kept.ended_at) <= now else None
    except (OSError, ValueError, TypeError, RetryError):
        return None


def _file(history: Path, job: str) -> Path:
    return history / "history" / f"last_{job}.json"


class Look:
    """Permissions and content of files by path, each read once by its inode."""

    def __init__(self, aside: frozenset[Path] = frozenset()) -> None:
        self.aside = aside
        self.found: Hashes = {}
        self.seen: dict[tuple[int, int], str] = {}

    def at(self, place: Path, within: tuple[tuple[int, int], ...] = ()) -> None:
        """Look at a file, or at all below a folder but what is aside and other homes; links are followed."""
        name = str(place)
        if place in self.aside or place.name == COMPILED or name in self.found or not os.path.lexists(place):
            return
        told = f"link {place.readlink()} " if place.is_symlink() else ""
        if not place.exists():  # a link to nothing
            self.found[name] = told
            return
        entry = place.stat()
        inode = entry.st_dev, entry.st_ino
        if stat.S_ISREG(entry.st_mode):
            self.found[name] = f"{told}{entry.st_mode:o} {self.content(place, inode)}"
        elif not stat.S_ISDIR(entry.st_mode) or inode in within:
            self.found[name] = f"{told}{entry.st_mode:o}"
        else:
            for path in sorted(place.iterdir()):
                if not (path / SIMULATED).exists():
                    self.at(path, (*within, inode))

    def content(self, path: Path, inode: tuple[int, int]) -> str:
        """The hash of a file."""
        if inode not in self.seen:
            with path.open("rb") as file:
                self.seen[inode] = hashlib.file_digest(file, "sha256").hexdigest()
        return self.seen[inode]
