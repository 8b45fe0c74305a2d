"""One figure more changes the rows that depend on it, and no other."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from etl.config import ROOT, load_settings
from etl.publish.diff import change_query, grains_of
from etl.reference.load import load_reference
from etl.warehouse import attached, create_database, memory
from tests.support.models import build_models
from tests.support.reference_rows import DOCUMENT, FIGURE, write

pytestmark = pytest.mark.slow

REFERENCE = str(ROOT / "data" / "reference")
# No figure of buyers enters these.
UNTOUCHED = {
    "steps.spend_window",
    "steps.income_window",
    "marts.restatement",
    "marts.restatement_step",
    "marts.restatement_effect",
}
NOW = datetime(2026, 1, 1, tzinfo=UTC)
# JD's buyers at the end of 2018, which no document of the data set prints: a figure made for this test.
BUYERS = FIGURE | {
    "metric": "annual_active_buyers",
    "period_type": "ttm",
    "period_start": "2018-01-01",
    "period_end": "2018-12-31",
    "value": "305300000",
    "unit": "persons",
    "printed_as": "305.3 million",
    "basis": "operating",
    "locator": "first page",
    "observation_id": "obs_new",
}
RELEASE = DOCUMENT | {
    "published_on": "2019-02-28",
    "url": "https://example.org/jd",
    "publisher": "example.org",
}
Key = tuple[str, ...]
Rows = dict[str, dict[Key, dict[str, Any]]]


def content(folders: str, kept: Path) -> Rows:
    """Every row of every model, by table and grain; the tables are kept in the database file `kept`."""
    create_database(kept).close()
    con = memory()
    assert load_reference(con, load_settings({"WAREHOUSE_FIGURES": folders}), NOW).quarantined == ()
    found: Rows = {}
    for model in build_models(con):
        if not model.is_macro:
            names = [column.name for column in model.columns]
            rows = [dict(zip(names, row, strict=True)) for row in con.execute(f"from {model.name}").fetchall()]
            found[model.name] = {tuple(str(row[name]) for name in model.grain): row for row in rows}
    with attached(con, kept, "kept", read_only=False):
        for schema in {name.partition(".")[0] for name in found}:
            con.execute(f"create schema kept.{schema}")
        for name in found:
            con.execute(f"create table kept.{name} as from memory.{name}")
        con.execute("checkpoint kept")
    con.close()
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("figures")


@pytest.fixture(scope="module")
def before(folder: Path) -> Rows:
    return content(REFERENCE, folder / "before.duckdb")


@pytest.fixture(scope="module")
def after(folder: Path) -> Rows:
    write(folder, documents=[RELEASE], observations=[BUYERS])
    return content(f"{REFERENCE}:{folder}", folder / "after.duckdb")


def changed(before: Rows, after: Rows) -> dict[str, set[Key]]:
    """The grain of rows that came, went or differ, for tables that have any."""
    keys = {
        table: {key for key in {*before[table], *rows} if before[table].get(key) != rows.get(key)}
        for table, rows in after.items()
    }
    return {table: found for table, found in keys.items() if found}


def less_coverage(rows: Rows) -> Rows:
    """The rows without what they say of documents beside theirs: one more document of JD covers its other figures."""
    beside = {"known_on_bound", "not_transcribed"}
    return {
        table: {
            key: {
                column: [flag for flag in cell if flag not in beside] if column.endswith("flags") and cell else cell
                for column, cell in row.items()
                if column not in {"covered_on", "report_id"}
            }
            for key, row in found.items()
        }
        for table, found in rows.items()
    }


def in_words(key: Key) -> str:
    """The key of a row as `make diff` writes it."""
    return " | ".join("-" if cell in {"", "None"} else cell for cell in key)


def citing(rows: dict[Key, dict[str, Any]]) -> set[Key]:
    """Rows that have the figure among their inputs."""
    return {key for key, row in rows.items() if "obs_new" in (row.get("input_observation_ids") or [])}


def test_only_rows_that_cite_the_figure_change(before: Rows, after: Rows) -> None:
    found = changed(less_coverage(before), less_coverage(after))
    for table, keys in found.items():
        if any("input_observation_ids" in row for row in after[table].values()):
            assert citing(after[table]) <= keys, table
            others = keys - citing(after[table])
            # These compare themselves with rows that cite it; their own cost stands.
            assert not others or table in {"marts.cac_trend", "marts.peer_rank"}, (table, others)
            for key in others:
                assert before[table][key]["cac"] == after[table][key]["cac"], (table, key)
    assert {key[0] for key in found["marts.cac_trend"]} == {"jd"}
    assert all(citing(after[table]) <= found.get(table, set()) for table in after)


def test_the_tables_that_change_are_those_that_depend_on_it(before: Rows, after: Rows) -> None:
    found = changed(less_coverage(before), less_coverage(after))
    once = ("core.document", "core.observation", "core.observation_latest", "marts.coverage")
    assert {table: len(found[table]) for table in once} == dict.fromkeys(once, 1)
    steps = {f"steps.{name}" for name in ("net_adds", "acquisition_window", "cac_ratio", "buyer_spend")}
    marts = {f"marts.{name}" for name in ("cac_trend", "unit_economics", "cac_decomposition")}
    assert steps | marts <= set(found)
    assert set(after) - set(found) >= UNTOUCHED
    # The gap closes: JD's expense of 2018, 19,236.740 million, over 305.3 less 293.0 million buyers.
    key = ("jd", "", "cac_net_12m", "2018-12-31")
    assert before["marts.cac_trend"][key]["validity"] == "missing_buyers_end"
    assert after["marts.cac_trend"][key]["validity"] == "ok"
    assert round(after["marts.cac_trend"][key]["cac"], 2) == round(19236.740 / (305.3 - 293.0), 2)


def test_the_diff_shows_exactly_the_changed_rows(before: Rows, after: Rows, folder: Path) -> None:
    con, grains = memory(), grains_of(ROOT / "sql")
    with attached(con, folder / "before.duckdb", "old"), attached(con, folder / "after.duckdb", "new"):
        shown = con.execute(change_query(con, "old", "new", grains)).fetchall()
    con.close()
    keys: dict[str, set[str]] = {}
    for table, key, *_ in shown:
        keys.setdefault(table, set()).add(key)
    assert keys == {table: {in_words(key) for key in rows} for table, rows in changed(before, after).items()}


def test_the_claim_that_lacked_the_figure_is_now_checked(before: Rows, after: Rows) -> None:
    """Of all claims, one asks for JD's cost of 2018, quoted as 1,503.

    305.3 less 293 million buyers, printed to a tenth and to one, is 11.75 to 12.85: 1,497.0 to 1,637.2.
    """
    assert changed(before, after)["marts.claim_verdict"] == {("x01", "to", "jd")}
    missing, known = (rows["marts.claim_verdict"]["x01", "to", "jd"] for rows in (before, after))
    assert (missing["verdict"], known["verdict"]) == ("not_checkable", "holds")
    assert (round(known["computed_low"], 1), round(known["computed_high"], 1)) == (1497.0, 1637.2)
