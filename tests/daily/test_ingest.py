"""What the daily load says of the sources that it asks over the network."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from time import monotonic

import pytest

import etl.daily.ingest
from etl.bounds import BOUNDS, Bounds
from etl.checks.run import run
from etl.checks.suite import load_suite
from etl.config import ROOT, Settings, load_settings
from etl.daily.due import DELIVERED
from etl.daily.ingest import FetchResult, Ingested, fetch_all, ingest
from etl.models.graph import create_statements, load_models
from etl.warehouse import Connection, memory, open_build
from tests.support.odd_server import OddServer

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


Load = Callable[[dict[str, str]], Ingested]


@pytest.fixture
def daily(tmp_path: Path) -> Iterator[tuple[Connection, Load]]:
    """A build database with a registry, and the daily load of its home with these settings, a day later each time."""
    models = load_models(ROOT / "sql")
    suites = {table: load_suite(ROOT / "expectations", table) for table in DELIVERED}
    home, days = {"WAREHOUSE_HOME": str(tmp_path / "home")}, count()
    with open_build(load_settings(home)) as con:
        for model in models:
            if model.name in REGISTRY:
                con.execute(create_statements(model)[0])

        def load(env: dict[str, str]) -> Ingested:
            now = NOW + timedelta(days=next(days))
            return ingest(con, load_settings(home | env), models, suites, "run", now=now, progress=lambda _: None)

        yield con, load


def test_a_source_that_does_not_answer_is_stale_until_it_does(daily: tuple[Connection, Load], tmp_path: Path) -> None:
    con, load = daily
    bank = tmp_path / "eurofxref-hist.csv"
    load({"WAREHOUSE_FX_URL": str(bank)})
    assert standing(con) == [("ecb", "stale", True)]
    bank.write_text(RATES, encoding="utf-8")
    load({"WAREHOUSE_FX_URL": str(bank)})
    assert standing(con) == [("ecb", "current", False)]
    rates = con.execute("select r.quote_currency, r.rate::varchar from core.fx_rate as r").fetchall()
    assert rates == [("USD", "1.17000000")]


def test_a_rate_that_goes_back_to_what_it_was_is_loaded(daily: tuple[Connection, Load], tmp_path: Path) -> None:
    con, load = daily
    bank = tmp_path / "eurofxref-hist.csv"
    for rate in ("1.17", "1.18", "1.17", "1.18"):
        bank.write_text(RATES.replace("1.17", rate), encoding="utf-8")
        load({"WAREHOUSE_FX_URL": str(bank)})
        assert con.execute("select r.rate::varchar from core.fx_rate as r").fetchall() == [(f"{rate}000000",)]


def test_what_came_is_loaded_when_other_sources_stand_still(
    daily: tuple[Connection, Load], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The load ends in the time of its sources, and the same reason the next day is no news."""
    con, load = daily
    short = dict.fromkeys(BOUNDS, Bounds(seconds=1.5, idle=0.2, largest=100_000))
    spent: list[float] = []

    def timed(settings: Settings, known: Collection[str]) -> list[FetchResult]:
        started = monotonic()
        results = fetch_all(settings, known, short)
        spent.append(monotonic() - started)
        return results

    monkeypatch.setattr(etl.daily.ingest, "fetch_all", timed)
    (tmp_path / "home" / "inbox").mkdir(parents=True, exist_ok=True)
    (tmp_path / "home" / "inbox" / "rate.csv").write_text(
        "currency,quote_currency,period_start,period_end,rate,source\nEUR,USD,2026-01-02,2026-01-02,1.17,bank\n"
    )
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"):
        monkeypatch.setenv(name, "test")
    with OddServer() as still:
        still.stalls()
        port = still.url.rpartition(":")[2]
        monkeypatch.setenv("AWS_ENDPOINT_URL", still.url)
        env = {
            "WAREHOUSE_S3_URL": "s3://team",
            "WAREHOUSE_POSTGRES_DSN": f"host=127.0.0.1 port={port} dbname=x",
            "WAREHOUSE_FX_URL": still.url,
        }
        for _ in range(2):
            load(env)
    assert con.execute("select r.source from core.fx_rate as r").fetchall() == [("bank",)]
    assert sorted(standing(con)) == [("ecb", "stale", True), ("postgres", "stale", True), ("s3", "stale", True)]
    assert con.execute("select count(*) from audit.source_status").fetchone() == (3,)
    assert max(spent) < 15
