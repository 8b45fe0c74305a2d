"""One figure more changes the rows that depend on it, and no other."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from etl.config import ROOT, load_settings
from etl.ingest import ingest_published
from etl.sqlmodel import create_statements, load_models
from etl.warehouse import memory
from tests.published_rows import DOCUMENT, FIGURE, write

PUBLISHED = str(ROOT / "data" / "published")
# No figure of buyers enters these.
UNTOUCHED = {
    "marts.spend_window",
    "marts.income_window",
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


def content(folders: str) -> Rows:
    """Every row of every model, by table and grain."""
    con = memory()
    assert ingest_published(con, load_settings({"WAREHOUSE_FIGURES": folders}), NOW).quarantined == ()
    found: Rows = {}
    for model in load_models(ROOT / "sql"):
        for statement in create_statements(model):
            con.execute(statement)
        if not model.is_macro:
            names = [column.name for column in model.columns]
            rows = [
                dict(zip(names, row, strict=True)) for row in con.execute(f"from {model.name}").fetchall()
            ]
            found[model.name] = {tuple(str(row[name]) for name in model.grain): row for row in rows}
    con.close()
    return found


@pytest.fixture(scope="module")
def before() -> Rows:
    return content(PUBLISHED)


@pytest.fixture(scope="module")
def after(tmp_path_factory: pytest.TempPathFactory) -> Rows:
    folder = tmp_path_factory.mktemp("figures")
    write(folder, documents=[RELEASE], observations=[BUYERS])
    return content(f"{PUBLISHED}:{folder}")


def changed(before: Rows, after: Rows) -> dict[str, set[Key]]:
    """The grain of rows that came, went or differ, for tables that have any."""
    keys = {
        table: {key for key in {*before[table], *rows} if before[table].get(key) != rows.get(key)}
        for table, rows in after.items()
    }
    return {table: found for table, found in keys.items() if found}


def citing(rows: dict[Key, dict[str, Any]]) -> set[Key]:
    """Rows that have the figure among their inputs."""
    return {key for key, row in rows.items() if "obs_new" in (row.get("input_observation_ids") or [])}


def test_rows_that_cite_the_figure_change_and_no_other(before: Rows, after: Rows) -> None:
    found = changed(before, after)
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


def test_exactly_these_tables_have_it(before: Rows, after: Rows) -> None:
    found = changed(before, after)
    once = ("core.document", "core.observation", "core.observation_latest", "marts.coverage")
    assert {table: len(found[table]) for table in once} == dict.fromkeys(once, 1)
    windows = ("net_adds", "acquisition_window", "cac_ratio", "cac_trend")
    derived = {f"marts.{name}" for name in (*windows, "buyer_spend", "unit_economics", "cac_decomposition")}
    assert derived <= set(found)
    assert not {t for t in found if t.startswith("marts.")} & UNTOUCHED
    # The gap closes: JD's expense of 2018, 19,236.740 million, over 305.3 less 293.0 million buyers.
    key = ("jd", "", "cac_net_12m", "2018-12-31")
    assert before["marts.cac_trend"][key]["validity"] == "missing_buyers_end"
    assert after["marts.cac_trend"][key]["validity"] == "ok"
    assert round(after["marts.cac_trend"][key]["cac"], 2) == round(19236.740 / (305.3 - 293.0), 2)
