"""The contracts of a home as they are now, and writing them where others rely on them.

A folder of contracts says what readers and delivering teams may rely on. Contracts of another version may break what
the folder has; contracts of the same version may not, or the version would promise two things.
"""

from __future__ import annotations

from pathlib import Path

from etl.config import Settings
from etl.errors import MendError
from etl.odcs.compare import differences, read_contracts
from etl.odcs.types import ENDING, Document
from etl.odcs.write import delivery_contracts, listed, published_contracts, write_contracts
from etl.warehouse import open_snapshot

MOST_TOLD = 20


def contracts_of(settings: Settings) -> dict[str, Document]:
    """The contracts of the published snapshot and of what teams deliver into the inbox of a home, by name.

    Raises MendError without a published snapshot.
    """
    with open_snapshot(settings.serving_db) as con:
        found = published_contracts(con, _shown(settings, settings.serving_db))
    return found | delivery_contracts(_shown(settings, settings.inbox))


def export_contracts(settings: Settings, to: Path, *, replace: bool = False) -> str:
    """Write the contracts into the folder `to`; what was written, in words.

    Raises MendError without a snapshot, for a folder that holds anything else, and, unless `replace`, where contracts
    of the same version are there and the new ones break them.
    """
    found = contracts_of(settings)
    if not replace and to.is_dir() and any(to.glob(f"*{ENDING}")):
        refuse_if_broken(read_contracts(to), found, to)
    write_contracts(to, found)
    return listed(found)


def refuse_if_broken(held: dict[str, Document], found: dict[str, Document], to: Path) -> None:
    """Raise MendError where contracts of one version would promise two things."""
    versions = {document["version"] for document in (*held.values(), *found.values())}
    breaking = [one for one in differences(held, found) if one.is_breaking]
    if len(versions) > 1 or not breaking:
        return
    told = "\n".join(f"  {one.place}: {one.says}" for one in breaking[:MOST_TOLD])
    more = f"\n  and {len(breaking) - MOST_TOLD} more" if len(breaking) > MOST_TOLD else ""
    raise MendError(
        f"{to} has contracts of version {versions.pop()} that these would break; raise the version in pyproject.toml, "
        f"or write over them with --replace:\n{told}{more}"
    )


def _shown(settings: Settings, path: Path) -> str:
    """A path from the root of the project where it lies below it: a contract of the default home names no machine."""
    return path.relative_to(settings.root).as_posix() if path.is_relative_to(settings.root) else str(path)
