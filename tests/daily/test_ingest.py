"""What the daily load says of the sources that it asks over the network."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from etl.checks.suite import load_suite
from etl.config import ROOT, load_settings
from etl.daily.ingest import ingest
from etl.models.graph import create_statements, load_models
from etl.warehouse import Connection, open_build

pytestmark = pytest.mark.slow

NOW = datetime(2026, 1, 5, tzinfo=UTC)
REGISTRY = ("core.platform", "core.party", "core.edgar_filing", "core.document", "core.partnership")
RATES = "Date,USD,\n2026-01-02,1.17,\n"


def standing(con: Connection) -> list[tuple[str, str, bool]]:
    return con.execute("select source, status, reason <> '' from audit.source_status where until is null").fetchall()


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
