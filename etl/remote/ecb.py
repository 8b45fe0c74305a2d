"""The European Central Bank's euro reference rates: eurofxref-hist, one row a day since 1999.

A CSV, also zipped, from a file or a URL: the header names the currencies and ends with a comma, a day without a
rate for a currency has N/A. Rates are units of the currency for one euro, published about 16:00 CET on TARGET
days: weekends and holidays have none. What goes wrong: a page of HTML instead of the file, currencies that are
added or dropped. Source: https://www.ecb.europa.eu/stats/eurofxref/
"""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile
from collections.abc import Iterator
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path

import httpx

from etl.errors import MendError

SOURCE = "ECB euro reference rate"
HEADER = ("currency", "quote_currency", "period_start", "period_end", "rate", "source")
LARGEST = 100 << 20


def fetch(address: str, folder: Path) -> list[Path]:
    """Read the rates from a URL or a file and write those that are new or changed; returns the file.

    The last download stays in the folder for comparison. Raises MendError when there is none to read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    body = _download(address)
    rates = list(read(body, address))
    last = folder / ".last.csv"
    old = set(read(last.read_bytes(), str(last))) if last.exists() else set()
    if not (new := [rate for rate in rates if rate not in old]):
        return []
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows(("EUR", currency, day, day, rate, SOURCE) for day, currency, rate in new)
    data = text.getvalue().encode()
    target = folder / f"ecb~{hashlib.sha256(data).hexdigest()[:32]}.csv"
    # The file first: after a kill between the two, the next run writes the same file again.
    for path, content in ((target, data), (last, unpacked(body, address))):
        part = path.with_name(f".{path.name.lstrip('.')}.part")
        part.write_bytes(content)
        part.replace(path)
    return [target]


def read(body: bytes, address: str) -> Iterator[tuple[date, str, str]]:
    """Day, currency and its units for one euro as printed, newest day first as in the file. Raises MendError."""
    try:
        lines = csv.reader(io.StringIO(unpacked(body, address).decode("utf-8-sig")), strict=True)
        header = [name.strip() for name in next(lines, [])]
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
                    if not Decimal(cell) > 0:
                        raise ValueError(f"line {number} has {cell!r} for {currency}")
                    yield day, currency, cell
    except (ValueError, csv.Error, InvalidOperation) as error:
        reason = "it is cut short or no CSV" if isinstance(error, InvalidOperation) else str(error)
        raise MendError(f"{address} is no eurofxref-hist file: {reason}; correct WAREHOUSE_FX_URL") from error


def unpacked(body: bytes, address: str) -> bytes:
    """The CSV, taken out of its archive if it is in one. Raises MendError."""
    if not body.startswith(b"PK\x03\x04"):
        return body
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            (member,) = archive.infolist()
            if member.file_size > LARGEST:
                raise MendError(f"{address} unpacks to more than {LARGEST >> 20} MB")
            return archive.read(member)
    except (zipfile.BadZipFile, ValueError) as error:
        raise MendError(f"{address} is a damaged archive or holds several files ({error})") from error


def _download(address: str) -> bytes:
    if "://" not in address:
        try:
            return Path(address).read_bytes()
        except OSError as error:
            raise MendError(f"{address} cannot be read ({error.strerror}); correct WAREHOUSE_FX_URL") from error
    try:
        answer = httpx.get(address, timeout=60, follow_redirects=True)
        answer.raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise MendError(f"{address} does not answer ({error}); the rates loaded before are used") from error
    return answer.content
