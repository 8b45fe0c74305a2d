"""The European Central Bank's euro reference rates: eurofxref-hist, one row a day since 1999.

A CSV, also zipped, from a file or a URL: the header names the currencies and ends with a comma, a day without a
rate for a currency has N/A. Rates are units of the currency for one euro, published about 16:00 CET on TARGET
days: weekends and holidays have none. What goes wrong: a page of HTML instead of the file, an archive that is
damaged, locked or endless, a redirect in a circle, currencies that are added or dropped.
Source: https://www.ecb.europa.eu/stats/eurofxref/
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
import zipfile
import zlib
from collections.abc import Collection, Iterator
from datetime import date
from pathlib import Path

import httpx

from etl.bounds import BOUNDS, REDIRECTS, RemoteRead
from etl.errors import MendError, RetryError
from etl.secrets import clean, secret_parts, shown
from etl.whole import has_hash, write_whole

SOURCE = "ECB euro reference rate"
HEADER = ("currency", "quote_currency", "period_start", "period_end", "rate", "source")
_RATE = re.compile(r"[0-9]{1,12}(\.[0-9]{1,12})?")
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, RuntimeError, OSError)


def fetch(address: str, folder: Path, reading: RemoteRead | None = None, known: Collection[str] = ()) -> Iterator[Path]:
    """Read the rates from a URL or a file and write those that are new or changed; gives the file.

    The last download stays in the folder for comparison; where it or the last file is damaged, all rates are written.
    `known` are the SHA-256 of files that were loaded before. Raises MendError and RetryError when there are none to
    read.
    """
    name, reading = shown(address), reading or RemoteRead(BOUNDS["ecb"])
    body = unpacked(_download(address, reading), name, reading.bounds.largest)
    rates = list(read(body, name))
    last = folder / ".last.csv"
    files = sorted(folder.glob("ecb~*.csv"), key=lambda path: path.stat().st_mtime_ns)
    try:
        is_whole = not files or has_hash(files[-1], files[-1].stem.partition("~")[2])
        old = set(read(last.read_bytes(), last.name)) if is_whole else set()
    except (OSError, MendError):
        old = set()
    if not (new := [rate for rate in rates if rate not in old]):
        return
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows(("EUR", currency, day, day, rate, SOURCE) for day, currency, rate in new)
    data = text.getvalue().encode()
    # Rates that were there before, were changed and are there again: the inbox loads the same bytes only once.
    while (content := hashlib.sha256(data).hexdigest()) in known:
        data += b"\n"
    target = folder / f"ecb~{content[:32]}.csv"
    # The file first: after a kill between the two, the next run writes the same file again.
    write_whole(target, data)
    write_whole(last, body)
    yield target


def read(body: bytes, name: str) -> Iterator[tuple[date, str, str]]:
    """Day, currency and its units for one euro as printed, newest day first as in the file. Raises MendError."""
    try:
        lines = csv.reader(io.StringIO(body.decode("utf-8-sig")), strict=True)
        header = [cell.strip() for cell in next(lines, [])]
        if header[:1] != ["Date"] or "USD" not in header:
            raise ValueError(f"the header is {','.join(header)[:80]!r} and not Date,USD,...")
        for number, cells in enumerate(lines, 2):
            if not any(cells):
                continue
            if len(cells) != len(header):
                raise ValueError(f"line {number} has {len(cells)} fields, the header {len(header)}")
            day = date.fromisoformat(cells[0].strip())
            for currency, cell in zip(header[1:], map(str.strip, cells[1:]), strict=True):
                if currency and cell not in ("", "N/A"):
                    if not _RATE.fullmatch(cell) or not float(cell):
                        raise ValueError(f"line {number} has {cell[:40]!r} for {currency}")
                    yield day, currency, cell
    except (ValueError, csv.Error) as error:
        raise MendError(f"{name} is no eurofxref-hist file: {error}; correct WAREHOUSE_FX_URL") from error


def unpacked(body: bytes, name: str, largest: int = BOUNDS["ecb"].largest) -> bytes:
    """The CSV, taken out of its archive if it is in one. Raises MendError."""
    if not body.startswith(b"PK"):
        return body
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            (member,) = archive.infolist()
            if member.file_size > largest:
                raise MendError(f"{name} unpacks to more than {largest / 1e6:,.0f} MB")
            return archive.read(member)
    except _DAMAGED as error:
        raise MendError(f"{name} is an archive that is damaged, locked or holds several files ({error})") from error


def _download(address: str, reading: RemoteRead) -> bytes:
    name = shown(address)
    if "://" not in address:
        try:
            with Path(address).open("rb") as file:
                return b"".join(reading.pieces(iter(lambda: file.read(1 << 20), b"")))
        except OSError as error:
            raise MendError(f"{name} cannot be read ({error.strerror}); correct WAREHOUSE_FX_URL") from None
        except MendError as error:
            raise MendError(f"{name}: {error}") from error
    try:
        with httpx.Client(timeout=httpx.Timeout(reading.bounds.idle)) as client:
            request = client.build_request("GET", address)
            for _ in range(REDIRECTS + 1):
                reading.check()
                answer = client.send(request, stream=True)
                try:
                    if answer.next_request is None:
                        answer.raise_for_status()
                        return b"".join(reading.pieces(answer.iter_bytes()))
                    request = answer.next_request
                finally:
                    answer.close()
                if request.url.scheme not in {answer.url.scheme, "https"}:
                    raise MendError(f"redirected from {answer.url.scheme} to {request.url.scheme[:9]}: not followed")
        raise MendError(f"redirected more than {REDIRECTS} times")
    except (httpx.InvalidURL, ValueError):
        raise MendError("WAREHOUSE_FX_URL is no address; write https://host/eurofxref-hist.zip") from None
    except httpx.HTTPError as error:
        reason = clean(str(error) or type(error).__name__, secret_parts(address))
        raise RetryError(f"{name} does not answer ({reason}); the rates loaded before are used") from None
    except MendError as error:
        raise MendError(f"{name}: {error}; correct WAREHOUSE_FX_URL") from error
    except RetryError as error:
        raise RetryError(f"{name}: {error}") from error
