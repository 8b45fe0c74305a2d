"""`warehouse export files`: the same rows in Parquet, CSV and a workbook, a manifest that proves it, all or nothing."""

from __future__ import annotations

import csv
import json
from contextlib import closing
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from etl.config import Settings
from etl.errors import MendError
from etl.publish import export, workbook
from etl.publish.export import export_files
from etl.publish.publication import publish
from etl.warehouse import memory, open_build, open_snapshot
from tests.support.command import run
from tests.support.publishing import NOW, settings_in
from tests.support.sample_rows import fill
from tests.support.small_warehouse import publish_small_warehouse

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return publish_small_warehouse(tmp_path_factory.mktemp("home"))


def manifest(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "manifest.json").read_text(encoding="utf-8"))


def published(home: Path, *statements: str) -> Path:
    """A snapshot of what statements make."""
    settings = settings_in(home)
    with open_build(settings) as con:
        for table in ("marts.partnership_effect", "marts.channel_cost"):
            con.execute(f"create table {table} (is_simulated boolean)")
        for statement in statements:
            con.execute(statement)
        publish(con, settings, now=NOW)
    return settings.serving_db


def test_marts_and_what_their_rows_name_are_exported_with_a_manifest(
    small: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAREHOUSE_HOME", str(small.home))
    to = tmp_path / "out"
    done = run("export", "files", str(to))
    assert done.exit_code == 0, done.output
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    with open_snapshot(small.serving_db) as con:
        marts = con.execute("select 'marts.' || table_name from duckdb_tables() where schema_name = 'marts'").fetchall()
        ((fingerprint,),) = con.execute("select fingerprint from meta.publication").fetchall()
    found = manifest(to)
    assert {table["name"] for table in found["tables"]} == {name for (name,) in marts} | set(export.VOCABULARY)
    assert f"{len(found['tables'])} tables in {to}" in done.stdout
    snapshot = found["snapshot"]
    assert (snapshot["version"], snapshot["refreshed_at"]) == (1, "2026-03-01T12:30:00Z")
    assert snapshot["fingerprint"] == fingerprint
    assert found["has_simulated_data"] is False
    named = [found["workbook"], *(file for table in found["tables"] for file in table["files"])]
    written = {path.relative_to(to).as_posix() for path in to.rglob("*") if path.is_file()} - {"manifest.json"}
    assert {file["path"] for file in named} == written
    for file in named:
        content = (to / file["path"]).read_bytes()
        assert (file["sha256"], file["size_bytes"]) == (sha256(content).hexdigest(), len(content))
    (trend,) = (table for table in found["tables"] if table["name"] == "marts.cac_trend")
    (cac,) = (column for column in trend["columns"] if column["name"] == "cac")
    assert (cac["type"], cac["meaning"][:34]) == ("DOUBLE", "acquisition cost, currency per buy")


def test_one_figure_is_the_same_in_all_three(small: Settings, tmp_path: Path) -> None:
    """JD 2016, restated: 10,158.7 million over 71.6 million buyers is 141.88."""
    to = export_files(small.serving_db, tmp_path / "out").path
    row_id = "jd/whole/cac_net_12m/2016-12-31"
    with closing(memory()) as con:
        ((parquet, spend),) = con.execute(
            "select cac, spend from read_parquet(?) where row_id = ?",
            [str(to / "parquet/marts.cac_trend.parquet"), row_id],
        ).fetchall()
    with (to / "csv/marts.cac_trend.csv").open(encoding="utf-8", newline="") as file:
        (text,) = (row for row in csv.DictReader(file) if row["row_id"] == row_id)
    sheet = openpyxl.load_workbook(to / export.WORKBOOK)["cac_trend"]
    header, *rows = sheet.iter_rows(values_only=True)
    (cells,) = (dict(zip(header, row, strict=True)) for row in rows if row[0] == row_id)
    assert spend == Decimal("10158700000.000000") == Decimal(text["spend"])
    assert round(parquet, 2) == 141.88
    assert (float(text["cac"]), cells["cac"], cells["spend"]) == (parquet, parquet, 10158700000)
    assert cells["period_end"] == datetime(2016, 12, 31) and text["period_end"] == "2016-12-31"


def test_a_row_of_every_table_and_type_is_exported(tmp_path: Path) -> None:
    settings = settings_in(tmp_path / "home")
    with open_build(settings) as con:
        names = fill(con)
        publish(con, settings, now=NOW)
    done = export_files(settings.serving_db, tmp_path / "out", everything=True)
    found = manifest(done.path)
    assert {table["name"] for table in found["tables"]} >= names
    assert done.not_in_workbook == {}
    assert found["has_simulated_data"] is True
    (observation,) = (table for table in found["tables"] if table["name"] == "core.observation")
    assert observation["sheet"]["numbers_as_text"] == 4, "decimals of 28 digits"


ODD = """create table marts.odd as select * from (values
    (1, '', 'a"b,c' || chr(10) || 'd', '=1+1', 12345678901234.5::decimal(28, 6), 0.1::double + 0.2::double),
    (2, null, '#N/A', '', 123456789012345.6::decimal(28, 6), 'nan'::double),
    (3, ' x ', chr(27) || '[31m', 'NULL', null, null)) as t(i, one, two, three, amount, ratio)"""


def test_odd_texts_and_numbers_are_what_they_are(tmp_path: Path) -> None:
    to = export_files(published(tmp_path / "home", ODD), tmp_path / "out").path
    book = openpyxl.load_workbook(to / export.WORKBOOK)
    _, *rows = book["odd"].iter_rows(values_only=True)
    assert rows == [
        (1, None, 'a"b,c\nd', "=1+1", 12345678901234.5, 0.1 + 0.2),
        (2, None, "#N/A", None, "123456789012345.600000", "nan"),
        (3, " x ", "\ufffd[31m", "NULL", None, None),
    ]
    assert [cell.data_type for cell in book["odd"]["D"]] == ["s", "s", "inlineStr", "s"]
    (odd,) = (table for table in manifest(to)["tables"] if table["name"] == "marts.odd")
    assert (odd["sheet"]["numbers_as_text"], odd["sheet"]["characters_replaced"]) == (1, 1)
    assert (to / "csv/marts.odd.csv").read_bytes().splitlines()[1].startswith(b'1,"",')


def test_a_table_that_no_sheet_can_hold_is_told_and_in_the_other_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbook, "MOST_ROWS", 6)
    many = "create table marts.many as select i from range(6) as r(i)"
    long = "create table marts.long as select repeat('x', 40000) as t"
    done = export_files(published(tmp_path / "home", ODD, many, long), tmp_path / "out")
    assert done.not_in_workbook == {
        "marts.long": "a text of 40,000 characters, and a cell has 32,767: read parquet or csv",
        "marts.many": "6 rows, and a sheet has 5: read parquet or csv",
    }
    book = openpyxl.load_workbook(done.path / export.WORKBOOK)
    assert not {"many", "long"} & set(book.sheetnames)
    assert ("marts.many", None, 6, done.not_in_workbook["marts.many"]) in book["tables"].iter_rows(values_only=True)
    assert len((done.path / "csv/marts.many.csv").read_text().splitlines()) == 7


def test_names_of_sheets_are_cut_and_told_apart(tmp_path: Path) -> None:
    names = ("a" * 40, "a" * 39 + "b", "tables")
    made = (f"create table marts.{name} as select 1 as i" for name in names)
    to = export_files(published(tmp_path / "home", *made), tmp_path / "out").path
    sheets = {table["name"]: table["sheet"]["name"] for table in manifest(to)["tables"]}
    assert [sheets[f"marts.{name}"] for name in names] == ["a" * 31, "a" * 29 + "_2", "tables_2"]


def test_a_file_that_reads_back_otherwise_leaves_nothing(
    small: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(con: Any, tables: Any, path: Path) -> Any:
        sheets = made(con, tables, path)
        book = openpyxl.load_workbook(path)
        book["cac_trend"]["A2"] = "another"
        book.save(path)
        return sheets

    made = workbook.write_workbook
    monkeypatch.setattr(export, "write_workbook", damaged)
    with pytest.raises(MendError, match=r"warehouse.xlsx differs from marts\.\w+ in row \d+, column"):
        export_files(small.serving_db, tmp_path / "out")
    monkeypatch.undo()
    monkeypatch.setattr(export, "CSV", export.CSV.replace("skip = 0", "skip = 1"))
    with pytest.raises(MendError, match=r"core.definition.csv differs from core.definition when it is read back"):
        export_files(small.serving_db, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_an_export_is_replaced_only_when_asked_and_nothing_else_ever(small: Settings, tmp_path: Path) -> None:
    to = tmp_path / "out"
    export_files(small.serving_db, to)
    (to / "mine.txt").write_text("mine")
    with pytest.raises(MendError, match="is no export"):
        export_files(small.serving_db, to)
    with pytest.raises(MendError, match="is no export, or holds more than one"):
        export_files(small.serving_db, to, replace=True)
    (to / "mine.txt").rename(to / "csv" / "mine.txt")
    with pytest.raises(MendError, match="is no export, or holds more than one"):
        export_files(small.serving_db, to, replace=True)
    assert (to / "csv" / "mine.txt").read_text() == "mine"
    (to / "csv" / "mine.txt").unlink()
    export_files(small.serving_db, to, replace=True)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    with pytest.raises(
        MendError, match=r"/sys/out cannot be written \(.*\): correct its folder or permissions, or name an"
    ):
        export_files(small.serving_db, Path("/sys/out"))
    other = tmp_path / "other"
    other.mkdir()
    with pytest.raises(MendError, match="is no export"):
        export_files(small.serving_db, other, replace=True)
    with pytest.raises(MendError, match="is no folder"):
        export_files(small.serving_db, tmp_path / "gone" / "out")
    with pytest.raises(MendError, match="make refresh"):
        export_files(tmp_path / "none.duckdb", tmp_path / "new")
    assert not (tmp_path / "new").exists()
