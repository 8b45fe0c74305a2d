"""S3-compatible object storage: the objects under a bucket's prefix, copied into the inbox.

Any server with the S3 protocol; its address and keys come from the environment by Amazon's names
(AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION). What goes wrong: an object is replaced
while it is read (it is requested by its ETag), a name that leads out of the folder (it is encoded), a download
that breaks off (only a complete file gets its final name). Nothing in the bucket is changed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from etl.errors import MendError

# A file name holds 255 bytes; the ETag and the ending of a partial file need some of them.
LONGEST_NAME = 180


def fetch(url: str, folder: Path) -> list[Path]:
    """Download every object under `url` (s3://bucket/prefix) that is not in `folder` yet; returns the files.

    A file is named by the object's key and ETag, so that a replaced object becomes a second file, and has the
    object's time. Raises MendError when the storage cannot be read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        return list(_download(url, folder))
    except (BaseError, ValueError) as error:
        reason = " ".join(str(error).split())[:400]
        raise MendError(
            f"{url} cannot be read: {reason}; check the address, the keys (AWS_...) and the network"
        ) from error
    except OSError as error:
        raise MendError(f"{url}: {error}; free disk space or correct the permissions, then run again") from error


def _download(url: str, folder: Path) -> Iterator[Path]:
    store = _store(url)
    for batch in obstore.list(store):
        for entry in batch:
            key, etag = entry["path"], entry["e_tag"] or ""
            target = folder / _name(key, etag or entry["last_modified"].isoformat())
            if key.endswith("/") or target.exists():
                continue
            part = folder / f".{target.name}.part"
            with part.open("wb") as file:
                for chunk in obstore.get(store, key, options={"if_match": etag} if etag else {}):
                    file.write(chunk)
            size = part.stat().st_size
            if size != entry["size"]:
                raise MendError(f"{url}: {key} has {entry['size']:,} bytes, but {size:,} came; run again")
            changed = entry["last_modified"].timestamp()
            os.utime(part, (changed, changed))
            part.replace(target)
            yield target


def _store(url: str) -> S3Store:
    if not url.startswith("s3://") or not url.removeprefix("s3://").strip("/"):
        raise MendError(f"WAREHOUSE_S3_URL is {url!r}; write s3://bucket or s3://bucket/prefix")
    # A server on this machine or in a closed network may use plain HTTP; the address says which.
    plain = os.environ.get("AWS_ENDPOINT_URL", "").startswith("http://")
    return S3Store.from_url(
        url,
        client_options={"allow_http": plain, "timeout": "300s", "connect_timeout": "10s"},
        retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=60)},
    )


def _name(key: str, mark: str) -> str:
    """A file name that is different for every key and content and stays in its folder."""
    plain = quote(key, safe="", errors="replace")
    return f"{plain[-LONGEST_NAME:].lstrip('.')}~{quote(mark.strip(chr(34)), safe='')[:64]}"
