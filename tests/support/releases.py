"""The hand-made releases of tests/data/releases, as bytes, as passages and with the figures that they print."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

from etl.config import ROOT, Settings, load_settings
from etl.figures.draft import subject_of
from etl.figures.evidence import FETCHED
from etl.figures.find import Candidate, Found, Subject, Unplaced, find
from etl.figures.pages import read_pages
from etl.reference.read import Reading, read
from etl.warehouse import create_database
from tests.support.models import create_empty, project_models
from tests.support.pdf import write_pdf

REFERENCE = ROOT / "data/reference"
# Files of the reference data that say what figures mean.
KEPT = (
    "platforms.csv",
    "metrics.csv",
    "metric_words.csv",
    "edgar_concepts.csv",
    "expense_lines.csv",
    "consolidations.csv",
    "definition_breaks.csv",
)
RELEASES = ROOT / "tests/data/releases"
NAMES = sorted(path.name for path in RELEASES.glob("*_*.*"))


def release(name: str) -> bytes:
    """The bytes of a release; one of plain lines is printed to a PDF."""
    data = (RELEASES / name).read_bytes()
    return write_pdf([data.decode().splitlines()]) if name.endswith(".txt") else data


def expected() -> list[dict[str, str]]:
    """Every figure of a metric here that the releases print, as a person reads them, and whether it is placed."""
    with (RELEASES / "expected.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def reference() -> Reading:
    """The reference data."""
    return read([Path("data/reference")], ROOT)


@cache
def subject(platform: str) -> Subject:
    """A platform with its vocabulary."""
    return subject_of(reference(), platform)


def found_in(data: bytes | str, platform: str) -> list[Found]:
    """What is found in a document."""
    return find(read_pages(data.encode() if isinstance(data, str) else data), subject(platform))


def placed(data: bytes | str, platform: str) -> list[Candidate]:
    """The figures that are placed in a document."""
    return [one for one in found_in(data, platform) if isinstance(one, Candidate)]


def left(data: bytes | str, platform: str) -> dict[str, str]:
    """The reason of each number that is not placed, by its print."""
    return {one.printed: one.reason for one in found_in(data, platform) if isinstance(one, Unplaced)}


def write_release(name: str, folder: Path) -> Path:
    """A release as a file."""
    path = folder / name.replace(".txt", ".pdf")
    path.write_bytes(release(name))
    return path


def vocabulary_home(folder: Path, platform: str) -> Settings:
    """A home whose data are the reference data of one platform, and whose snapshot has no facts of the SEC."""
    given = folder / "given"
    given.mkdir(parents=True)
    rows = {path.name: list(csv.reader(path.open(encoding="utf-8", newline=""))) for path in REFERENCE.glob("*.csv")}
    cited: set[str] = set()
    for name in ("observations.csv", "documents.csv", *KEPT):
        header, *lines = rows[name]
        if name == "observations.csv":
            lines = [line for line in lines if line[header.index("platform")] == platform]
            cited = {line[header.index("document_id")] for line in lines}
        elif name == "documents.csv":
            lines = [line for line in lines if line[0] in cited]
        elif "document_id" in header:
            lines = [line for line in lines if line[header.index("document_id")] in cited]
        with (given / name).open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([header, *lines])
    settings = load_settings({"WAREHOUSE_HOME": str(folder / "home"), "WAREHOUSE_FIGURES": str(given)}, ROOT)
    con = create_database(settings.serving_db)
    con.execute("create schema core")
    for model in project_models():
        if model.name in FETCHED:
            create_empty(con, model)
    con.close()
    return settings
