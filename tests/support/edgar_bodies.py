"""Bodies as SEC EDGAR's companyfacts has them, made from rows, and the real ones where this machine has them.

FILED has facts of real filings in few words: issuer, concept, unit, period, value, accession, form, day of
filing. They are what the 20-F and 6-K of JD and Pinduoduo say, read there by hand.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

PLACES = [folder / "shared" / "data" / "edgar" for folder in Path(__file__).resolve().parents]
REAL = next((place for place in PLACES if place.is_dir()), PLACES[2])

JD, PDD = 1549802, 1737806
JD_CONCEPT, PDD_CONCEPT = "MarketingExpense", "SellingAndMarketingExpense"
Row = tuple[int, str, str, str, str, int, str, str, str]

_JD_REPORTS = {
    "0001104659-16-111984": ("20-F", "2016-04-18", {2013: 1590171, 2014: 4010280, 2015: 7736172}),
    "0001104659-17-028187": ("20-F", "2017-05-01", {2014: 4010280, 2015: 7736172, 2016: 10573024}),
    "0001104659-18-027777": ("20-F", "2018-04-27", {2015: 7232717, 2016: 10158686, 2017: 14918107}),
    "0001104659-19-021236": ("20-F", "2019-04-15", {2016: 10158686, 2017: 14918107, 2018: 19236740}),
    "0001193125-20-108084": ("20-F", "2020-04-15", {2017: 14918107, 2018: 19236740, 2019: 22234045}),
}
FILED: tuple[Row, ...] = (
    *(
        (JD, JD_CONCEPT, "CNY", f"{year}-01-01", f"{year}-12-31", 1000 * value, accession, form, filed)
        for accession, (form, filed, years) in _JD_REPORTS.items()
        for year, value in years.items()
    ),
    *(
        (JD, JD_CONCEPT, unit, start, end, value, "0001193125-19-305260", "6-K", "2019-12-03")
        for unit, start, end, value in (
            ("CNY", "2018-01-01", "2018-09-30", 12884197000),
            ("CNY", "2019-01-01", "2019-09-30", 14008595000),
            ("USD", "2019-01-01", "2019-09-30", 1959875000),
        )
    ),
    *(
        (JD, JD_CONCEPT, "USD", f"{year}-01-01", f"{year}-12-31", value, accession, "20-F", filed)
        for year, value, accession, filed in (
            (2018, 2797868000, "0001104659-19-021236", "2019-04-15"),
            (2019, 3193721000, "0001193125-20-108084", "2020-04-15"),
        )
    ),
    *(
        (PDD, PDD_CONCEPT, unit, f"{year}-01-01", f"{year}-12-31", 1000 * value, accession, "20-F", filed)
        for unit, year, value, accession, filed in (
            ("CNY", 2017, 1344582, "0001104659-19-023251", "2019-04-24"),
            ("CNY", 2018, 13441813, "0001104659-19-023251", "2019-04-24"),
            ("USD", 2018, 1955031, "0001104659-19-023251", "2019-04-24"),
            ("CNY", 2018, 13441813, "0001104659-20-051022", "2020-04-24"),
            ("CNY", 2019, 27174249, "0001104659-20-051022", "2020-04-24"),
            ("USD", 2019, 3903337, "0001104659-20-051022", "2020-04-24"),
        )
    ),
)


def fact(row: Row) -> dict[str, Any]:
    """The fact of a row, with fy and fp that describe the filing and not the fact."""
    _, _, _, start, end, value, accession, form, filed = row
    about = {"fy": int(filed[:4]) - 1, "fp": "FY", "form": form, "filed": filed}
    return {"start": start, "end": end, "val": value, "accn": accession, **about}


def body(cik: int | str, rows: Iterable[Row] = FILED, taxonomy: str = "us-gaap") -> dict[str, Any]:
    """The body of an issuer with the rows of it; `cik` stands in it as it is given."""
    concepts: dict[str, Any] = {}
    for row in rows:
        if row[0] == int(cik):
            units = concepts.setdefault(row[1], {"label": "x", "description": "y", "units": {}})["units"]
            units.setdefault(row[2], []).append(fact(row))
    return {"cik": cik, "entityName": "ISSUER", "facts": {taxonomy: concepts}}


def write(path: Path, content: dict[str, Any]) -> Path:
    """Write a body as the SEC sends it, unpacked."""
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def real_bodies() -> list[tuple[int, Path]]:
    """CIK and path of the real, whole companyfacts bodies; none where the folder is missing."""
    return [(int(path.name[3:13]), path) for path in sorted(REAL.glob("CIK*.companyfacts.json.gz"))]
