"""Published files on disk: damage shows when one is read, and a killed publication is cleared away."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from etl.config import Settings
from etl.errors import MendError
from etl.publish.files import UPCOMING, clear_leftovers, inspect_whole
from etl.warehouse import memory
from tests.support.publishing import leftovers, refresh, served, settings_in

HEADER = 12_288
BLOCK = 262_144


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = settings_in(tmp_path)
    refresh(settings, 7, rows=20_000)
    return settings


def test_a_damaged_block_is_detected_or_not_part_of_the_content(settings: Settings, tmp_path: Path) -> None:
    content = settings.serving_db.read_bytes()
    copy = tmp_path / "copy.duckdb"
    noticed = 0
    with closing(memory()) as con:
        whole = inspect_whole(con, settings.serving_db)[1]
        for start in range(HEADER, len(content), BLOCK):
            damaged = bytearray(content)
            damaged[start + 100] ^= 0xFF
            copy.write_bytes(damaged)
            try:
                assert inspect_whole(con, copy)[1] == whole
            except MendError:
                noticed += 1
    assert noticed >= 2


def test_only_leftovers_of_a_killed_publication_are_removed(settings: Settings) -> None:
    for folder in (settings.serving_dir, settings.snapshots_dir):
        for name in (UPCOMING, f"{UPCOMING}.wal", f"{UPCOMING}.copy"):
            (folder / name).write_bytes(b"x")
        (folder / f"{UPCOMING}.tmp").mkdir()
        (folder / f"{UPCOMING}.tmp" / "spill").write_bytes(b"x")
    before = sorted(path for path in settings.serving_dir.rglob("*") if UPCOMING not in str(path))
    clear_leftovers(settings)
    assert sorted(settings.serving_dir.rglob("*")) == before
    assert leftovers(settings) == []
    assert served(settings.serving_db) == (1, 7)
