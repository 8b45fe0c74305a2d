"""What the daily load says of the sources that it asks over the network."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from etl.checks.run import run
from etl.checks.suite import load_suite
from etl.config import ROOT, load_settings
from etl.daily.ingest import ingest
from etl.models.graph import create_statements, load_models
from etl.warehouse import Connection, memory, open_build

pytestmark = pytest.mark.slow

NOW = datetime(2026, 1, 5, tzinfo=UTC)
REGISTRY = ("core.platform", "core.party", "core.edgar_filing", "core.document", "core.partnership")
RATES = "Date,USD,\n2026-01-02,1.17,\n"


@pytest.fixture
def con() -> Iterator[Connection]:
    with closing(memory()) as made:
        yield made


def standing(con: Connection) -> list[tuple[str, str, bool]]:
    return con.execute("select source, status, reason <> '' from audit.source_status where until is null").fetchall()


PLATFORM, DEAL = "jd", "kuaishou-jd-2020-direct-supply"


@pytest.mark.parametrize(
    ("table", "vanished", "known"),
    [
        ("core.platform", f"delete from core.platform where platform = '{PLATFORM}'", PLATFORM),
        ("core.partnership", f"delete from core.partnership where partnership_id = '{DEAL}'", DEAL),
    ],
)
def test_what_vanishes_from_the_figures_is_told_while_it_has_deliveries(
    con: Connection, table: str, vanished: str, known: str
) -> None:
    con.execute(f"create table core.platform as select '{PLATFORM}' as platform")
    con.execute(f"create table core.partnership as select '{DEAL}' as partnership_id")
    con.execute(
        "insert into core.platform_metric_daily by name select $platform as platform, date '2026-01-02' as date, "
        "'' as channel, $deal as partnership_id, 1 as orders",
        {"platform": PLATFORM, "deal": DEAL},
    )
    suite = load_suite(ROOT / "expectations", table)
    (check,) = (one for one in suite.expectations if one.name.endswith("_with_deliveries_has_vanished"))

    def told() -> list[str]:
        (result,) = run(con, replace(suite, expectations=(check,)))
        return [next(iter(row.values())) for row in result.rows]

    assert told() == []
    con.execute(vanished)
    assert told() == [known]


def test_a_source_that_does_not_answer_is_stale_until_it_does(tmp_path: Path) -> None:
    bank = tmp_path / "eurofxref-hist.csv"
    settings = load_settings({"WAREHOUSE_HOME": str(tmp_path / "home"), "WAREHOUSE_FX_URL": str(bank)})
    models = load_models(ROOT / "sql")
    delivered = ("platform_metric_daily", "partner_target", "order_event", "fx_rate")
    suites = {f"core.{table}": load_suite(ROOT / "expectations", f"core.{table}") for table in delivered}
    with open_build(settings) as con:
        for model in models:
            if model.name in REGISTRY:
                con.execute(create_statements(model)[0])

        def load(days: int) -> None:
            now = NOW + timedelta(days)
            ingest(con, settings, models, suites, "run", now=now, progress=lambda _: None)

        load(0)
        assert standing(con) == [("ecb", "stale", True)]
        bank.write_text(RATES, encoding="utf-8")
        load(1)
        assert standing(con) == [("ecb", "current", False)]
        rates = con.execute("select r.quote_currency, r.rate::varchar from core.fx_rate as r").fetchall()
        assert rates == [("USD", "1.17000000")]
