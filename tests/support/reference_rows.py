"""Rows of a user's folder and a reader of them, for the tests of the published figures."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Iterable
from pathlib import Path

from etl.config import ROOT
from etl.reference.read import AcceptedRow, Reading, Reject, read

REFERENCE = Path("data") / "reference"
VOCABULARY = ("platforms", "parties", "metrics")
Row = dict[str, str]

PLATFORM = {"platform": "shop", "name": "Shop", "fiscal_year_end": "12-31", "reporting_currency": "CNY"}
DOCUMENT = {
    "document_id": "doc_shop",
    "kind": "filing",
    "title": "Shop annual report",
    "published_on": "2024-03-01",
}
FIGURE = {
    "platform": "jd",
    "metric": "sm_expense",
    "period_type": "year",
    "period_start": "2023-01-01",
    "period_end": "2023-12-31",
    "value": "1234500000",
    "unit": "CNY",
    "qualifier": "exact",
    "printed_as": "RMB1,234.5 million",
    "basis": "gaap",
    "document_id": "doc_shop",
}
CLAIM = {
    "claim_id": "c1",
    "subject": "jd;vipshop",
    "metric": "cac",
    "statement": "it cost 5",
    "value_from": "",
    "value_to": "5",
    "unit": "CNY_per_person",
    "qualifier": "exact",
    "period_from": "2015",
    "period_to": "2016-12-31",
    "kind": "article",
    "document_id": "doc_shop",
}
DEAL = {
    "partnership_id": "p1",
    "traffic_partner": "wechat",
    "supply_partner": "jd",
    "kind": "other",
    "announced_on": "2020-01-01",
    "ended_on": "2021-01-01",
    "document_id": "doc_shop",
}
LINK = {
    "partnership_id": "p2",
    "predecessor_id": "p1",
    "relation": "extends",
    "document_id": "doc_shop",
}
EVENT = {
    "partnership_id": "p1",
    "event": "ended",
    "earliest_on": "2021-11-01",
    "latest_on": "2021-11-30",
    "document_id": "doc_shop",
}
PROMOTION = {
    "confounder": "spring_sale",
    "starts_on": "2026-06-01",
    "ends_on": "2026-06-18",
    "source": "convention",
}


def write(folder: Path, **tables: Iterable[Row]) -> Path:
    """A folder with these tables; the columns of a table are those of its rows."""
    folder.mkdir(exist_ok=True)
    for name, given in tables.items():
        rows = list(given)
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, list(dict.fromkeys(column for row in rows for column in row)), restval="")
        writer.writeheader()
        writer.writerows(rows)
        (folder / f"{name}.csv").write_text(text.getvalue(), encoding="utf-8", newline="")
    return folder


def read_own(folder: Path, **tables: Iterable[Row]) -> Reading:
    """The reference vocabulary and folder/own with these tables, in which doc_shop is defined."""
    (folder / "vocabulary").mkdir(exist_ok=True)
    for name in VOCABULARY:
        shutil.copy(ROOT / REFERENCE / f"{name}.csv", folder / "vocabulary")
    write(folder / "own", **{"documents": [DOCUMENT], **tables})
    return read([Path("vocabulary"), Path("own")], folder)


def records_of(reading: Reading, folder: str) -> list[AcceptedRow]:
    """Accepted rows of a folder."""
    return [record for record in reading.records if record.file.startswith(f"{folder}/")]


def only_reject(reading: Reading) -> Reject:
    """The one row in quarantine."""
    (reject,) = reading.rejects
    return reject
