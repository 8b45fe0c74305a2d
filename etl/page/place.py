"""Make the page of the published snapshot, and put it in place in one step.

`serving/page` is a link to a folder of `serving/pages` that holds one edition: index.html, the files of days and
deals beside it, digest.md and CSV files. A new edition is written whole beside it and synced to disk, then the link is
replaced by one rename: a reader sees one edition or the other, never two mixed. The name of an edition says the version
of the snapshot and a hash of what the page is made from; while that does not change, nothing is written. The folder
before is removed.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from etl.config import Settings
from etl.errors import MendError
from etl.page.content import read_content, read_texts
from etl.page.digest import digest
from etl.publish.files import UPCOMING
from etl.warehouse import SQL, DatabaseError, open_snapshot
from etl.whole import sync

LIBRARIES = ("jinja2",)


@dataclass(frozen=True)
class Page:
    """The page that is in place: whether it was made now, its file, and the size of that file."""

    made: bool
    path: Path
    size_bytes: int


def make_page(settings: Settings) -> Page:
    """Make the page of the snapshot that is served, unless it is there already.

    Raises MendError where there is no snapshot or the page cannot be written; readers then keep the page they have.
    """
    link, editions = settings.serving_dir / "page", settings.serving_dir / "pages"
    if link.exists() and not link.is_symlink():
        raise MendError(
            f"{link} is no link, as after a copy that follows links: remove it and {editions}, then make it"
        )
    try:
        with open_snapshot(settings.serving_db, settings.memory, threads=1) as con, _alone(settings.serving_dir):
            (found,) = con.execute("select version || fingerprint, version from meta.publication").fetchall()
            edition = f"{found[1]}-{_digest(found[0], settings.is_demo)}"
            index = editions / edition / "index.html"
            made = not (link.is_symlink() and link.readlink() == Path("pages", edition) and index.exists())
            if made:
                from etl.page.render import files

                texts = read_texts()
                content = read_content(con, texts, is_demo=settings.is_demo)
                made_files = {"digest.md": digest(content, texts), **dict(files(content, texts, edition))}
                _install(made_files, editions / edition, link)
            return Page(made, link / "index.html", index.stat().st_size)
    except (DatabaseError, OSError) as error:
        raise MendError(f"the page was not made, readers keep the one that is in {link}: {error}") from error


def _digest(snapshot: str, is_demo: bool) -> str:
    """A hash of all that decides what the page says: the snapshot, texts, templates, queries and code."""
    here = Path(__file__).parent
    paths = [path for path in here.rglob("*") if path.suffix in (".py", ".yaml", ".css", ".j2")]
    hashed = hashlib.sha256(repr((snapshot, is_demo, [version(library) for library in LIBRARIES])).encode())
    for path in sorted([*paths, *(SQL / "queries").glob("page_*.sql")]):
        hashed.update(path.name.encode() + path.read_bytes())
    return hashed.hexdigest()[:12]


def _install(files: Mapping[str, str], folder: Path, link: Path) -> None:
    """Write an edition and replace the link to the one before, then remove all others."""
    editions = folder.parent
    _make_readable(editions)
    upcoming = editions / UPCOMING
    for old in (upcoming, folder):
        if old.exists():
            shutil.rmtree(old)
    _make_readable(upcoming)
    for name, text in files.items():
        path = upcoming / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o644)
        sync(path)
    sync(upcoming)
    upcoming.replace(folder)
    sync(editions)
    new_link = link.with_name(f"{UPCOMING}.page")
    new_link.unlink(missing_ok=True)
    new_link.symlink_to(Path(editions.name, folder.name))
    new_link.replace(link)
    sync(link.parent)
    for other in editions.iterdir():
        if other != folder:
            shutil.rmtree(other)


def _make_readable(folder: Path) -> None:
    """Make a folder that readers can open, whatever the umask of this process is."""
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Wait until no other process makes a page in this folder, and keep others waiting."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
