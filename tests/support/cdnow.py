"""The CDNOW sample: the orders of 2,357 customers who bought first in the first quarter of 1997, until 30 June 1998.

One in ten of the customers of that quarter, published by Peter Fader and Bruce Hardie. The file is part of the package
lifetimes 0.11.3, from which it is read as a file: nothing of it is in this repository, and the package, which is older
than today's pandas, is not imported. A line is one order, in US dollars. 21 lines repeat another one in every column
and are orders too: 6,919 is the number that its authors give.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from importlib.metadata import distribution
from pathlib import Path

LAST_DAY = date(1998, 6, 30)


@dataclass(frozen=True)
class CdnowOrder:
    """One order: the line of the file, the customer, its day, the number of CDs and the amount in US dollars."""

    line: int
    customer: str
    on: date
    units: int
    amount: Decimal


def cdnow_orders() -> list[CdnowOrder]:
    """Every order in the order of the file, which is by customer and day.

    Raises:
        PackageNotFoundError: the locked packages for tests are not installed.
    """
    path = Path(str(distribution("lifetimes").locate_file("lifetimes/datasets/CDNOW_sample.txt")))
    lines = [line.split() for line in path.read_text(encoding="ascii").splitlines()]
    return [
        CdnowOrder(number, customer, date.fromisoformat(day), int(units), Decimal(amount))
        for number, (_, customer, day, units, amount) in enumerate(lines, start=1)
    ]
