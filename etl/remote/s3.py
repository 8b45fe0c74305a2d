"""S3-compatible object storage: the objects under a bucket's prefix, copied into the inbox.

Any server with the S3 protocol; its address and keys come from the environment by Amazon's names
(AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION). What goes wrong: an object that may not be
read, is archived or goes while it is read (it is named, and the others are copied), one that is replaced meanwhile
(it is requested by its ETag), a name that leads out of the folder (it is encoded) or has an empty part (its folder is
named), a download that breaks off (only a complete file gets its final name), an object that has again the content of
an earlier one (the inbox knows it: it is named). Nothing in the bucket is changed.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Collection, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import obstore
from obstore.exceptions import BaseError, GenericError, InvalidPathError
from obstore.store import S3Store

from etl.bounds import BOUNDS, Bounds, RemoteRead
from etl.errors import MendError, RetryError
from etl.secrets import clean, secret_parts, shown
from etl.whole import partial_file, place

if TYPE_CHECKING:
    from obstore import ObjectMeta

# A file name holds 255 bytes; the ETag and the ending of a partial file need some of them.
LONGEST_NAME = 180
# After this many objects in a row without any answer, the fault is the storage's and not the objects'.
MOST_FAULTS_IN_A_ROW = 3
_TIMING = re.compile(r" in [0-9.]+(µs|ms|s)\b(, after \d+ retries, max_retries: \d+, retry_timeout: \S+)?")
_ANSWER = re.compile(r"<(Code|Message)>([^<]*)</")
SAME_AGAIN = (
    "has again the content that it had before it was replaced, and the same bytes are loaded once only: put it there "
    "with a change, such as a line break at its end"
)


def fetch(
    url: str, folder: Path, reading: RemoteRead | None = None, known: Collection[str] = ()
) -> Iterator[Path | MendError]:
    """Download every object under `url` (s3://bucket/prefix) that is not in `folder` yet; gives the files.

    A file is named by the object's key and ETag, so that a replaced object becomes a second file, and has the
    object's time. An object that cannot be had is given as the reason, and the others go on. `known` are the
    SHA-256 of files that were loaded before. Raises MendError and RetryError when the storage cannot be read.
    """
    reading, in_a_row = reading or RemoteRead(BOUNDS["s3"]), 0
    try:
        store = open_store(url, reading.bounds)
        for entry in _listed(store, reading):
            if isinstance(entry, MendError):
                yield entry
                continue
            try:
                if path := _download(store, entry, folder, reading, known):
                    yield path
                in_a_row = 0
            except (BaseError, FileNotFoundError, MendError) as error:
                if isinstance(error, FileNotFoundError) and not entry["size"]:
                    continue  # the mark of a folder: its name ends in a slash, which the list leaves out
                yield MendError(f"{entry['path']}: {_reason(error, url)}")
                in_a_row = in_a_row + 1 if isinstance(error, GenericError) else 0
                if in_a_row == MOST_FAULTS_IN_A_ROW:
                    raise
    except (BaseError, ValueError, FileNotFoundError) as error:
        raise MendError(
            f"{shown(url)} cannot be read: {_reason(error, url)}; check the address, the keys (AWS_...) and the network"
        ) from None
    except OSError as error:
        raise MendError(f"{shown(url)}: {error}; free disk space or correct the permissions, then run again") from error
    except RetryError as error:
        raise RetryError(f"{shown(url)}: {error}") from error


def _listed(store: S3Store, reading: RemoteRead) -> Iterator[ObjectMeta | MendError]:
    """The objects, and in their place why a folder cannot be listed.

    obstore fails on a page of a list with a key that has an empty part, . or ..: then it is asked folder by folder,
    so that only the folder with such a key is missing.
    """
    try:
        for batch in obstore.list(store):
            reading.check()
            yield from batch
    except InvalidPathError:
        folders = [""]
        while folders:
            reading.check()
            name = folders.pop(0)
            try:
                found = obstore.list_with_delimiter(store, name or None)
            except InvalidPathError as error:
                reason = str(error).partition("\n")[0]
                yield MendError(f"folder {name or '/'} cannot be listed: {reason}; rename that object or remove it")
                continue
            yield from found["objects"]
            folders += found["common_prefixes"]


def _download(
    store: S3Store, entry: ObjectMeta, folder: Path, reading: RemoteRead, known: Collection[str]
) -> Path | None:
    """The file of one object; None where it is there already."""
    key, etag, changed = entry["path"], entry["e_tag"] or "", entry["last_modified"].timestamp()
    target = folder / _name(key, etag or entry["last_modified"].isoformat())
    others = [path for path in folder.glob(f"{_name(key, '')}*") if path != target]
    if target.exists() and target.stat().st_size == entry["size"]:  # another size was cut short
        first = target.stat().st_mtime
        if any(first < other.stat().st_mtime < changed for other in others):
            raise MendError(SAME_AGAIN)
        return None
    if entry["size"] > reading.bounds.largest:
        raise MendError(
            f"has {entry['size']:,} bytes, and {reading.bounds.largest:,} is the most that is read: split it"
        )
    size, digest = 0, hashlib.sha256()
    with partial_file(folder / f".{target.name}.part") as file:
        answer = obstore.get(store, key, options={"if_match": etag} if etag else {})
        for piece in reading.pieces(map(bytes, answer)):
            size += file.write(piece)
            digest.update(piece)
        if size != entry["size"]:
            raise MendError(f"has {entry['size']:,} bytes, but {size:,} came; the next run tries again")
        if others and digest.hexdigest() in known:
            with max(others, key=lambda path: path.stat().st_mtime).open("rb") as newest:
                if hashlib.file_digest(newest, "sha256").digest() != digest.digest():
                    raise MendError(SAME_AGAIN)
        file.flush()
        os.utime(file.fileno(), (changed, changed))
        place(file, target)
    return target


def _reason(error: Exception, url: str) -> str:
    """What a library says that is the same the next time: without times, numbers of requests, and secrets."""
    text = _TIMING.sub("", str(error).partition("\n\nDebug source")[0])
    answer = dict(_ANSWER.findall(text))
    said = text.partition("<")[0] + " ".join(answer[name] for name in ("Code", "Message") if name in answer)
    return clean(said, secret_parts(url))


def open_store(url: str, bounds: Bounds) -> S3Store:
    """The storage at s3://bucket/prefix. Raises MendError for another form of address."""
    if not url.startswith("s3://") or not url.removeprefix("s3://").strip("/") or "@" in url or "?" in url:
        raise MendError(f"{shown(url)!r} is no address of a bucket; write s3://bucket or s3://bucket/prefix")
    # A server on this machine or in a closed network may use plain HTTP; the address says which.
    plain = os.environ.get("AWS_ENDPOINT_URL", "").startswith("http://")
    return S3Store.from_url(
        url,
        client_options={
            "allow_http": plain,
            "timeout": timedelta(seconds=bounds.seconds),
            "read_timeout": timedelta(seconds=bounds.idle),
            "connect_timeout": timedelta(seconds=min(10, bounds.idle)),
        },
        retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=bounds.idle)},
    )


def _name(key: str, mark: str) -> str:
    """A file name that is different for every key and content and stays in its folder."""
    plain = quote(key, safe="", errors="replace")
    return f"{plain[-LONGEST_NAME:].lstrip('.')}~{quote(mark.strip(chr(34)), safe='')[:64]}"
