"""EDGAR's figures beside the published ones, in the whole warehouse: values by hand, vintages."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from etl.config import load_settings
from etl.edgar.filings import platform_ciks
from etl.reference.load import load_reference
from etl.warehouse import Connection, memory
from tests.support.edgar_bodies import FILED, JD, PDD, body, write
from tests.support.edgar_warehouse import NOW, REFERENCE, asked, built, warnings

pytestmark = pytest.mark.slow

CONCEPTS = """platform,metric,taxonomy,concept,priority,sign
logistic,sga_expense,ifrs-full,GeneralAndAdministrativeExpense,1,positive
"""


@pytest.fixture(scope="module")
def con(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    home = tmp_path_factory.mktemp("home")
    bodies = [(cik, write(home / f"{cik}.json", body(cik, FILED))) for cik in (JD, PDD)]
    con = built(load_settings({"WAREHOUSE_HOME": str(home), "WAREHOUSE_FIGURES": REFERENCE}), bodies)
    yield con
    con.close()


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    home = tmp_path_factory.mktemp("plain")
    con = built(load_settings({"WAREHOUSE_HOME": str(home), "WAREHOUSE_FIGURES": REFERENCE}), [])
    yield con
    con.close()


@pytest.mark.parametrize(
    ("day", "of_2015", "of_2016"),
    [("2018-04-26", 7736172000, 10573024000), ("2018-04-27", 7232717000, 10158686000)],
)
def test_jd_before_and_after_the_restatement(con: Connection, day: str, of_2015: int, of_2016: int) -> None:
    rows = asked(
        con,
        f"""select o.value::bigint from core.observation_as_of(date '{day}') as o
        where o.platform = 'jd' and o.metric = 'sm_expense' and o.period_type = 'year'
            and year(o.period_end) in (2015, 2016) order by o.period_end""",
    )
    assert rows == [(of_2015,), (of_2016,)]


def test_the_size_of_jds_restatement(con: Connection) -> None:
    rows = asked(
        con,
        """select f.published_on, round(100 * (f.value / e.value - 1), 1)::varchar from core.observation as f
        join core.edgar_figure as x on x.observation_id = f.observation_id
        join core.printed_figure as e on e.platform = f.platform and e.metric = f.metric and e.concept <> ''
            and e.period_end = f.period_end and e.period_start = f.period_start and e.vintage = 0
        where f.platform = 'jd' and f.is_restatement and f.published_on = date '2018-04-27'
        group by f.period_end, f.published_on, f.value, e.value order by f.period_end""",
    )
    assert rows == [(date(2018, 4, 27), "-6.5"), (date(2018, 4, 27), "-3.9")]


def test_the_reconciliation_twin_shows_what_was_known(con: Connection) -> None:
    table, twin = "marts.reconciliation", "marts.reconciliation_as_of(date '{}')"
    for one, other in ((table, twin.format("9999-12-31")), (twin.format("9999-12-31"), table)):
        assert asked(con, f"select * from {one} where known_on is not null except all from {other}") == []
    ((then, late),) = asked(
        con,
        "select count(*), count(*) filter (where greatest(t.known_on, t.filed_on) > date '2018-04-26') "
        f"from {twin.format('2018-04-26')} as t",
    )
    assert then > 0
    assert late == 0


def test_fourth_quarters_follow_from_year_and_nine_months(con: Connection) -> None:
    rows = asked(
        con,
        """select o.platform, o.period_start, o.value::bigint, o.rounding_half_width::bigint, o.published_on,
            o.flags, len(o.derived_from)
        from core.observation_latest as o
        where o.platform = 'jd' and o.derivation = 'year_less_nine_months' and o.metric = 'sm_expense'
        order by o.period_start""",
    )
    flags = ["known_on_bound", "derived_input"]
    assert rows == [
        ("jd", date(2018, 10, 1), 19236740000 - 12884197000, 1000, date(2019, 12, 3), flags, 2),
        ("jd", date(2019, 10, 1), 22234045000 - 14008595000, 1000, date(2020, 4, 15), flags, 2),
    ]


def test_parents_of_a_derived_quarter_are_in_the_warehouse(con: Connection) -> None:
    assert asked(
        con,
        """select p.span from (select unnest(o.derived_from) as id from core.observation as o
            where o.derivation = 'year_less_nine_months' and o.locator like 'us-gaap:%') as d
        join core.edgar_figure as p on p.observation_id = d.id group by all order by 1""",
    ) == [("nine_months",), ("year",)]


def test_no_convenience_translation_becomes_a_figure(con: Connection) -> None:
    assert asked(con, "select count(*) from core.edgar_fact where unit = 'USD'") == [(5,)]
    assert asked(con, "select count(*) from core.edgar_figure where unit <> 'CNY'") == [(0,)]


@pytest.mark.parametrize(
    ("platform", "day", "rate"),
    [
        ("jd", "2018-12-31", 6.8755),
        ("pdd", "2018-12-31", 6.8755),
        ("jd", "2019-12-31", 6.9618),
        ("pdd", "2019-12-31", 6.9618),
    ],
)
def test_rates_implied_by_translations(con: Connection, platform: str, day: str, rate: float) -> None:
    rows = asked(
        con,
        f"""select round(f.value::double / t.value::double, 4) from core.edgar_fact as f
        join core.edgar_fact as t using (platform, document_id, period_start, period_end)
        where f.unit = 'CNY' and t.unit = 'USD' and platform = '{platform}' and period_end = '{day}'
            and period_start = date_trunc('year', period_end)""",
    )
    assert rows == [(rate,)]


def test_a_translation_at_another_rate_fails_a_check(con: Connection) -> None:
    assert warnings(con, "core.edgar_fact")["one_rate_a_day"].success
    con.execute("begin")
    con.execute(
        "update core.edgar_fact set value = value * 1000 "
        "where unit = 'USD' and platform = 'pdd' and year(period_end) = 2018"
    )
    found = warnings(con, "core.edgar_fact")["one_rate_a_day"]
    con.execute("rollback")
    assert (found.success, found.severity) == (False, "warning")
    assert {row["platform"] for row in found.rows} | {row["other_platform"] for row in found.rows} == {
        "jd",
        "pdd",
    }


def test_published_figures_agree_with_the_filings(con: Connection) -> None:
    verdicts = dict(
        asked(
            con,
            "select t.verdict, count(*) from marts.reconciliation as t where t.platform = 'jd' group by all",
        )
    )
    assert verdicts["agrees"] >= 15
    assert "differs" not in verdicts
    assert warnings(con, "marts.reconciliation")["published_agrees_with_filed"].success


def test_a_break_names_both_documents(con: Connection) -> None:
    con.execute("begin")
    con.execute(
        "update marts.reconciliation set verdict = 'differs' "
        "where published_value is not null and filed_value is not null"
    )
    found = warnings(con, "marts.reconciliation")["published_agrees_with_filed"]
    con.execute("rollback")
    assert not found.success
    assert {"published_document_id", "filed_document_id"} <= found.rows[0].keys()


def test_the_list_of_issuers_is_what_a_refresh_asks_and_says_what_was_fetched(
    con: Connection, plain: Connection
) -> None:
    for warehouse in (con, plain):
        assert [(cik,) for cik in platform_ciks(warehouse)] == asked(
            warehouse, "select t.cik from core.edgar_issuer as t order by 1"
        )
    status = "select t.platform, t.status from core.edgar_issuer as t where t.{} order by 1"
    assert asked(con, status.format("status = 'fetched'")) == [("jd", "fetched"), ("pdd", "fetched")]
    assert asked(con, status.format("platform = 'alibaba'")) == [("alibaba", "embedded")]
    assert asked(plain, "select distinct t.status, t.facts, t.reports from core.edgar_issuer as t order by 1") == [
        ("embedded", 0, 0),
        ("nothing", 0, 0),
    ]


def test_every_filing_is_a_document_with_its_link(con: Connection) -> None:
    assert asked(
        con,
        "select d.kind, d.url, d.published_on from core.document as d where d.document_id = 'sec_0001104659-18-027777'",
    ) == [
        (
            "filing",
            "https://www.sec.gov/Archives/edgar/data/1549802/000110465918027777/0001104659-18-027777-index.htm",
            date(2018, 4, 27),
        )
    ]


NUMBERS = """select t.row_id, t.spend, t.cac, t.cac_low, t.cac_high, t.validity, t.flags
    from marts.cac_trend as t where t.definition <> 'cac_net_quarter' order by t.row_id"""


def test_reading_filings_changes_no_yearly_number(con: Connection, plain: Connection) -> None:
    assert asked(con, NUMBERS) == asked(plain, NUMBERS)
    assert len(asked(plain, NUMBERS)) > 200


def test_reading_filings_makes_nothing_known_later(con: Connection, plain: Connection) -> None:
    query = """select t.row_id, t.known_on from marts.cac_trend as t
        where t.cac is not null and t.known_on is not null"""
    before, after = dict(asked(plain, query)), dict(asked(con, query))
    assert {row: after[row] for row in before if after[row] > before[row]} == {}
    assert after["pdd/whole/cac_net_12m/2019-12-31"] == date(2020, 4, 24)  # filed then; the copy says a day later


def test_without_filings_there_is_nothing_to_reconcile(plain: Connection) -> None:
    assert asked(plain, "select count(*) from marts.reconciliation") == [(0,)]
    assert asked(plain, "select count(*) from core.edgar_fact") == [(0,)]


@pytest.mark.parametrize(
    ("platform", "reasons"),
    [("logistic", []), ("pd", ["platform 'pd' is no platform; did you mean pdd?"])],
    ids=["known before its figures are", "almost a platform"],
)
def test_a_concept_of_an_unknown_issuer(tmp_path: Path, platform: str, reasons: list[str]) -> None:
    concepts = CONCEPTS.replace("logistic", platform)
    (tmp_path / "edgar_concepts.csv").write_text(concepts, encoding="utf-8")
    settings = load_settings({"WAREHOUSE_HOME": str(tmp_path), "WAREHOUSE_FIGURES": f"{REFERENCE}:{tmp_path}"})
    con = memory()
    found = load_reference(con, settings, NOW)
    con.close()
    assert [row.reason for row in found.quarantined] == reasons
