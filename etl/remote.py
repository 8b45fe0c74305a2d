"""What remote sources have is brought into the inbox as files; from there all files go one way.

Each source has a folder of its own in the inbox. One that does not answer keeps no other from being read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from etl.config import Settings
from etl.sources import SourceError


@dataclass(frozen=True)
class Brought:
    """What one source gave: files that were not there before, or why it could not be read."""

    source: str
    files: tuple[Path, ...]
    problem: str = ""


def bring_all(settings: Settings) -> list[Brought]:
    """Ask every source that the settings name; a source that fails says why in its result."""
    return [_bring(source, bring) for source, bring in _configured(settings).items()]


def _configured(settings: Settings) -> dict[str, Callable[[], list[Path]]]:
    """What to call for each source; its libraries are loaded only where it is named."""
    found: dict[str, Callable[[], list[Path]]] = {}
    inbox = settings.inbox
    if url := settings.s3_url:
        from etl.sources import s3

        found["s3"] = lambda: s3.bring(url, inbox / "s3")
    if dsn := settings.postgres_dsn:
        from etl.sources import postgres

        query, mark = settings.postgres_query, settings.postgres_high_water
        found["postgres"] = lambda: postgres.bring(dsn, query, mark, inbox / "postgres")
    if address := settings.fx_url:
        from etl.sources import ecb

        found["ecb"] = lambda: ecb.bring(address, inbox / "ecb")
    return found


def _bring(source: str, bring: Callable[[], list[Path]]) -> Brought:
    try:
        return Brought(source, tuple(bring()))
    except SourceError as error:
        return Brought(source, (), str(error))
