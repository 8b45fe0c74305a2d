"""Bodies on disk: once by content, complete before they are registered."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from pathlib import Path

import pytest

from etl.config import Settings, load_settings
from etl.edgar.store import body_path, store_body
from etl.warehouse import Connection

NOW = datetime(2026, 6, 8, 1, 14, 9, tzinfo=UTC)
BODY = b'{"cik": 1549802, "entityName": "JD.com, Inc.", "facts": {}}'
HEADERS = {"content-type": "application/json", "date": "Mon, 08 Jun 2026 01:14:09 GMT"}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings({"WAREHOUSE_HOME": str(tmp_path)}, tmp_path)


def test_a_body_is_kept_as_it_came_with_its_headers(con: Connection, settings: Settings) -> None:
    content_hash = store_body(con, settings, "companyfacts", 1549802, BODY, headers=HEADERS, now=NOW)
    assert con.execute("from raw.edgar_body").fetchall() == [
        (
            "companyfacts",
            1549802,
            "",
            content_hash,
            f"raw/edgar/{content_hash}.json.gz",
            len(BODY),
            NOW.replace(tzinfo=None),
            HEADERS,
        )
    ]
    assert gzip.decompress((settings.home / body_path(content_hash)).read_bytes()) == BODY


def test_a_known_content_is_neither_written_nor_registered_again(con: Connection, settings: Settings) -> None:
    first = store_body(con, settings, "companyfacts", 1549802, BODY, headers=HEADERS, now=NOW)
    inode = (settings.home / body_path(first)).stat().st_ino
    again = store_body(con, settings, "companyfacts", 1549802, BODY, headers={}, now=datetime.now(UTC))
    assert again == first
    assert (settings.home / body_path(first)).stat().st_ino == inode
    assert con.execute("select fetched_at from raw.edgar_body").fetchall() == [(NOW.replace(tzinfo=None),)]


def test_a_body_that_cannot_be_written_is_not_registered(con: Connection, settings: Settings) -> None:
    settings.home.joinpath("raw").write_text("a file where the folder belongs")
    with pytest.raises(OSError, match="raw"):
        store_body(con, settings, "companyfacts", 1549802, BODY, headers=HEADERS, now=NOW)
    assert con.execute("from raw.edgar_body").fetchall() == []


@pytest.mark.parametrize("left", [0, 15, -4])
def test_a_body_that_was_cut_short_is_written_again(con: Connection, settings: Settings, left: int) -> None:
    path = settings.home / body_path(store_body(con, settings, "companyfacts", 1, BODY, headers=HEADERS, now=NOW))
    path.write_bytes(path.read_bytes()[:left])
    store_body(con, settings, "companyfacts", 1, BODY, headers=HEADERS, now=NOW)
    assert gzip.decompress(path.read_bytes()) == BODY
