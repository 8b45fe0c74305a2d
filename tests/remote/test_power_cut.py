"""What remote sources bring is on the disk before it has its name: a power cut leaves no empty file in the inbox."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from etl.config import load_settings
from etl.daily.ingest import fetch_all

pytestmark = pytest.mark.slow


def test_everything_that_was_brought_was_synced(
    dsn: str, bucket: Callable[[str, str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket("p/x.csv", "platform,date,orders\njd,2026-01-01,1\n")
    with psycopg.connect(dsn) as con:
        con.execute("drop table if exists brought")
        con.execute("create table brought as select 'jd' as platform, date '2026-01-01' as date, 1 as orders")
    rates = tmp_path / "rates.csv"
    rates.write_text("Date,USD,\n2026-01-05,1.1,\n")
    env = {
        "WAREHOUSE_HOME": str(tmp_path / "home"),
        "WAREHOUSE_S3_URL": "s3://team/p",
        "WAREHOUSE_POSTGRES_DSN": dsn,
        "WAREHOUSE_POSTGRES_QUERY": "brought",
        "WAREHOUSE_FX_URL": str(rates),
    }
    synced: dict[int, int] = {}
    fsync = os.fsync

    def noted(number: int) -> None:
        found = os.fstat(number)
        synced[found.st_ino] = found.st_size
        fsync(number)

    monkeypatch.setattr(os, "fsync", noted)
    found = fetch_all(load_settings(env))
    assert [(result.source, len(result.files), result.problem) for result in found] == [
        ("s3", 1, ""),
        ("postgres", 1, ""),
        ("ecb", 1, ""),
    ]
    paths = [path for path in (tmp_path / "home" / "inbox").rglob("*") if path.is_file()]
    assert len(paths) == 5, "three files, the state of PostgreSQL and the last rates"
    for path in paths:
        assert synced.get(path.stat().st_ino) == path.stat().st_size > 0, path.name
    for folder in {path.parent for path in paths}:
        assert folder.stat().st_ino in synced
