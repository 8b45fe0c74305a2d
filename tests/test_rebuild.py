"""The warehouse follows from its files alone, whatever the order of rows and however often they were read."""

import csv
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from etl.config import ROOT, Settings, load_settings
from etl.models.graph import load_models
from etl.reference.load import IngestResult, load_reference
from etl.warehouse import Connection, open_build
from tests.support.building import build_all

pytestmark = pytest.mark.slow

Tables = dict[str, list[str]]
Row = dict[str, str]
REFERENCE = ROOT / "data" / "reference"
START = datetime(2026, 1, 1, tzinfo=UTC)
HISTORY = ("raw.reference_row", "audit.load", "audit.quarantine")


class Home:
    """A warehouse in a folder of its own; each refresh is a day later than the one before."""

    def __init__(self, con: Connection, settings: Settings) -> None:
        self.con, self.settings, self.day = con, settings, START

    def refresh(self, *folders: Path) -> IngestResult:
        """Ingest folders and build all models; expectations have tests of their own."""
        ingested = load_reference(self.con, self.settings.model_copy(update={"figures": folders}), self.day)
        self.day += timedelta(days=1)
        build_all(self.con, check=lambda *_: [])
        return ingested

    def tables(self) -> Tables:
        """Every row of every model, without the time of loading, in no order."""
        return {name: self.rows(name, columns) for name, columns in contents().items()}

    def rows(self, table: str, columns: Sequence[str] = ("*",)) -> list[str]:
        listed = ", ".join(f"t.{column}" for column in columns)
        return sorted(map(str, self.con.execute(f"select {listed} from {table} as t").fetchall()))

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        return self.con.execute(sql).fetchall()


@cache
def contents() -> dict[str, list[str]]:
    """Tables of the models, each with the columns that do not say when a row was loaded."""
    return {
        model.name: [column.name for column in model.columns if column.name != "loaded_at"]
        for model in load_models(ROOT / "sql")
        if not model.is_macro
    }


@contextmanager
def open_home(folder: Path) -> Iterator[Home]:
    settings = load_settings({"WAREHOUSE_HOME": str(folder)})
    with open_build(settings) as con:
        yield Home(con, settings)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with open_home(tmp_path / "home") as empty:
        yield empty


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """The tables of a warehouse that read the embedded data once."""
    with open_home(tmp_path_factory.mktemp("fresh")) as new:
        new.refresh(REFERENCE)
        return new.tables()


def copy(folder: Path, change: Callable[[str, list[Row]], list[Row]]) -> Path:
    """The embedded data in a folder of its own, changed by file; a file without rows is left out."""
    folder.mkdir(exist_ok=True)
    for path in sorted(REFERENCE.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        write(folder / path.name, change(path.stem, rows))
    return folder


def write(path: Path, rows: Sequence[Row]) -> None:
    path.unlink(missing_ok=True)
    if rows:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)


def test_a_second_reading_changes_nothing(home: Home) -> None:
    first = home.refresh(REFERENCE)
    before = {table: home.rows(table) for table in (*HISTORY, *contents())}
    second = home.refresh(REFERENCE)
    assert (first.changed, first.rows_added) == (True, first.rows_read)
    assert (second.changed, second.rows_added, second.rows_superseded) == (False, 0, 0)
    assert {table: home.rows(table) for table in before} == before


def test_a_growing_file_gives_the_same_warehouse(home: Home, fresh: Tables, tmp_path: Path) -> None:
    """Every other observation first, half of the documents unused and no break known; then everything."""
    folder = copy(
        tmp_path / "figures",
        lambda name, rows: {"observations": rows[::2], "definition_breaks": []}.get(name, rows),
    )
    home.refresh(folder)
    assert home.tables()["marts.cac_trend"] != fresh["marts.cac_trend"]
    grown = home.refresh(copy(folder, lambda name, rows: rows))
    assert grown.rows_superseded == 0
    assert home.tables() == fresh


def test_an_added_folder_gives_the_same_warehouse(home: Home, fresh: Tables, tmp_path: Path) -> None:
    """JD's figures in a second folder, and that folder only from the second refresh on."""
    parts = {}
    for side, is_jd in (("without", False), ("with", True)):
        parts[side] = copy(
            tmp_path / side,
            lambda name, rows, is_jd=is_jd: (  # type: ignore[misc]
                [row for row in rows if (row["platform"] == "jd") == is_jd]
                if name == "observations"
                else ([] if is_jd else rows)
            ),
        )
    home.refresh(parts["without"])
    assert not home.ask("select 1 from marts.cac_trend as t where t.platform = 'jd'")
    home.refresh(parts["without"], parts["with"])
    assert home.tables() == fresh


def test_the_order_of_rows_does_not_matter(home: Home, fresh: Tables, tmp_path: Path) -> None:
    order = random.Random(7)
    home.refresh(copy(tmp_path / "shuffled", lambda name, rows: order.sample(rows, len(rows))))
    assert home.tables() == fresh


def test_a_figure_added_and_taken_back(home: Home, fresh: Tables, tmp_path: Path) -> None:
    """A restatement of Pinduoduo's expense of 2019 comes and goes; what was read stays on record."""
    own = tmp_path / "own"
    own.mkdir()
    home.refresh(REFERENCE)
    write(own / "documents.csv", [document("own_doc", "2021-05-05")])
    write(own / "observations.csv", [observation("pdd", "sm_expense", 2019, "20,000", "own_doc")])
    added = home.refresh(REFERENCE, own)
    assert [row.reason for row in added.quarantined] == []
    assert added.rows_added == 2
    net = "select t.cac, t.known_on from marts.cac_trend as t where t.platform = 'pdd' and t.scope = '' and "
    net += "t.definition = 'cac_net_12m' and t.period_end = date '2019-12-31'"
    assert home.ask(net) == [(pytest.approx(20_000 / 166.7), date(2021, 5, 5))]
    removed = home.refresh(REFERENCE)
    assert (removed.rows_added, removed.rows_superseded) == (0, 2)
    assert home.tables() == fresh
    gone = "select r.kind from raw.reference_row as r where r.superseded_at is not null order by 1"
    assert home.ask(gone) == [("document",), ("observation",)]


def test_one_more_platform_needs_no_code(home: Home, fresh: Tables, tmp_path: Path) -> None:
    """A folder with a platform, its documents and its figures, in the columns that a file must have."""
    own = tmp_path / "own"
    own.mkdir()
    platform = {
        "platform": "meituan",
        "name": "Meituan",
        "fiscal_year_end": "12-31",
        "reporting_currency": "CNY",
    }
    write(own / "platforms.csv", [platform])
    write(own / "documents.csv", [document("mt_2019", "2020-03-30"), document("mt_2018", "2019-03-11")])
    figures = [
        observation("meituan", "annual_active_buyers", 2018, "400.0 million", "mt_2018"),
        observation("meituan", "annual_active_buyers", 2019, "450.0 million", "mt_2019"),
        observation("meituan", "sm_expense", 2019, "18,800", "mt_2019"),
    ]
    write(own / "observations.csv", figures)
    settings = home.settings.model_copy(update={"figures": (REFERENCE, own)})
    ingested = load_reference(home.con, settings, START)
    assert [row.reason for row in ingested.quarantined] == []
    build_all(home.con)
    # 18,800 (+- 0.5) / (450.0 - 400.0 = 50, +- 0.1) = 376: 18,799.5 / 50.1 to 18,800.5 / 49.9.
    [cost] = home.ask(
        "select t.cac, t.cac_low, t.cac_high, t.validity, t.known_on from marts.cac_trend as t "
        "where t.platform = 'meituan' and t.definition = 'cac_net_12m' and t.cac is not null"
    )
    assert cost[:3] == (pytest.approx(376), pytest.approx(18_799.5 / 50.1), pytest.approx(18_800.5 / 49.9))
    assert cost[3:] == ("ok", date(2020, 3, 30))
    others = [row for row in home.tables()["marts.cac_trend"] if "'meituan'" not in row]
    assert others == fresh["marts.cac_trend"]


def document(name: str, published_on: str) -> Row:
    return {"document_id": name, "kind": "filing", "title": "Annual report", "published_on": published_on}


def observation(platform: str, metric: str, year: int, printed_as: str, document_id: str) -> Row:
    """A printed figure of a calendar year; an expense is printed in millions."""
    is_count = metric == "annual_active_buyers"
    number = float(printed_as.split(maxsplit=1)[0].replace(",", ""))
    return {
        "platform": platform,
        "metric": metric,
        "period_type": "ttm" if is_count else "year",
        "period_start": f"{year}-01-01",
        "period_end": f"{year}-12-31",
        "value": str(round(number * 1_000_000)),
        "unit": "persons" if is_count else "CNY",
        "qualifier": "exact",
        "printed_as": printed_as if is_count else f"{printed_as} (CNY in millions)",
        "basis": "operating" if is_count else "gaap",
        "document_id": document_id,
    }
