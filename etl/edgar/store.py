"""Bodies of SEC EDGAR on disk: each content once, packed, by its SHA-256, with a row in raw.edgar_body.

The file is complete before the row that names it is written; a crash may leave a file without a row, which the next
reading of the same content uses.
"""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from etl.config import Settings
from etl.warehouse import Connection
from etl.whole import write_whole

FOLDER = Path("raw") / "edgar"


def store_body(
    con: Connection,
    settings: Settings,
    kind: str,
    cik: int,
    body: bytes,
    *,
    headers: Mapping[str, str],
    now: datetime,
    part: str = "",
) -> str:
    """Keep `body` (unpacked) and register it; returns its SHA-256. A content known already changes nothing.

    `kind` is submissions, submissions_page or companyfacts; `part` tells the pages of one issuer apart.
    """
    content_hash = hashlib.sha256(body).hexdigest()
    path = body_path(content_hash)
    if not is_whole(settings.home / path, content_hash):
        write_whole(settings.home / path, gzip.compress(body, compresslevel=6, mtime=0))
    con.execute(
        """insert into raw.edgar_body by name
        select
            $kind as kind, $cik as cik, $part as part, $hash as content_hash, $path as path, $size as size_bytes,
            $now as fetched_at, map($names::varchar[], $texts::varchar[]) as headers
        where not exists (
            select 1 from raw.edgar_body
            where kind = $kind and cik = $cik and part = $part and content_hash = $hash)""",
        {
            "kind": kind,
            "cik": cik,
            "part": part,
            "hash": content_hash,
            "path": path.as_posix(),
            "size": len(body),
            "now": now,
            "names": list(headers),
            "texts": list(headers.values()),
        },
    )
    return content_hash


def is_whole(path: Path, content_hash: str) -> bool:
    """Whether a stored body is there and has the content that its name says."""
    try:
        with gzip.open(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == content_hash
    except (OSError, EOFError, zlib.error):
        return False


def body_path(content_hash: str) -> Path:
    """Where the body with this hash is, packed, relative to WAREHOUSE_HOME."""
    return FOLDER / f"{content_hash}.json.gz"
