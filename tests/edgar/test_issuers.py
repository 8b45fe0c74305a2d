"""Listed companies by a user's folder alone, with their real bodies: years and quarters by their days.

Values by hand are those of the companies' annual and quarterly reports, in millions.
"""

import gzip
import json
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

import pytest

from etl.config import load_settings
from etl.warehouse import Connection
from tests.support.edgar_bodies import REAL, real_bodies
from tests.support.edgar_warehouse import REFERENCE, asked, built, warnings

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not real_bodies(), reason="the real bodies are not on this machine")]
ISSUERS = """platform,name,fiscal_year_end,reporting_currency,sec_cik
marvell,Marvell,01-31,USD,1835632
alphabet,Alphabet,12-31,USD,0001652044
logistic,Logistic Properties,12-31,USD,1997711
"""
CONCEPTS = """platform,metric,taxonomy,concept,priority,sign
logistic,sga_expense,ifrs-full,GeneralAndAdministrativeExpense,1,positive
"""


@pytest.fixture(scope="module")
def issuers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    """Three listed companies by a user's folder alone, with their real bodies."""
    home = tmp_path_factory.mktemp("issuers")
    (home / "platforms.csv").write_text(ISSUERS, encoding="utf-8")
    (home / "edgar_concepts.csv").write_text(CONCEPTS, encoding="utf-8")
    figures = f"{REFERENCE}:{home}"
    con = built(load_settings({"WAREHOUSE_HOME": str(home), "WAREHOUSE_FIGURES": figures}), real_bodies())
    yield con
    con.close()


PERIODS = """select o.period_start, o.period_end, (o.value / 1000000)::decimal(18, 1)::varchar
    from core.observation_latest as o
    where o.platform = '{}' and o.metric = 'revenue' and o.period_type = '{}'
    order by o.period_end desc"""


def periods(con: Connection, platform: str, kind: str) -> dict[date, tuple[date, int, str]]:
    """Revenue by the last day of its period: first day, length in days, millions."""
    rows = asked(con, PERIODS.format(platform, kind))
    found = {end: (start, (end - start).days + 1, value) for start, end, value in rows}
    assert len(found) == len(rows), "two periods end on one day"
    return found


def test_marvells_years_of_52_and_53_weeks(issuers: Connection) -> None:
    years = periods(issuers, "marvell", "year")
    assert years == {
        date(2020, 2, 1): (date(2019, 2, 3), 364, "2699.2"),
        date(2021, 1, 30): (date(2020, 2, 2), 364, "2968.9"),
        date(2022, 1, 29): (date(2021, 1, 31), 364, "4462.4"),
        date(2023, 1, 28): (date(2022, 1, 30), 364, "5919.6"),
        date(2024, 2, 3): (date(2023, 1, 29), 371, "5507.7"),
        date(2025, 2, 1): (date(2024, 2, 4), 364, "5767.3"),
        date(2026, 1, 31): (date(2025, 2, 2), 364, "8194.6"),
    }


def test_marvells_quarters_of_13_and_14_weeks(issuers: Connection) -> None:
    quarters = periods(issuers, "marvell", "quarter")
    assert len(quarters) == 25  # fiscal 2021 to 2026, the fourth from the 10-K, and the first of 2027
    # The 53rd week is in the fourth quarter: 5,507.7 of the year less 4,081.2 of nine months.
    assert quarters.pop(date(2024, 2, 3)) == (date(2023, 10, 29), 98, "1426.5")
    assert {days for _, days, _ in quarters.values()} == {91}
    assert quarters[date(2023, 10, 28)] == (date(2023, 7, 30), 91, "1418.6")


def test_quarters_follow_each_other_and_sum_to_the_year(issuers: Connection) -> None:
    for platform in ("marvell", "alphabet"):
        quarters = periods(issuers, platform, "quarter")
        ends = sorted(quarters)
        assert [quarters[end][0] for end in ends[1:]] == [end + timedelta(days=1) for end in ends[:-1]]
        whole = 0
        for end, (start, days, value) in periods(issuers, platform, "year").items():
            inside = [q for q_end, q in quarters.items() if start <= q[0] and q_end <= end]
            if len(inside) == 4:
                whole += 1
                assert sum(q[1] for q in inside) == days
                # Alphabet's nine months of 2025 are a million less than their quarters, as filed.
                assert abs(sum(Decimal(q[2]) for q in inside) - Decimal(value)) <= 1
        assert whole >= 6


def test_alphabets_years_and_quarters(issuers: Connection) -> None:
    years, quarters = (periods(issuers, "alphabet", kind) for kind in ("year", "quarter"))
    assert {(end.month, end.day) for end in years} == {(12, 31)}
    assert {(end.month, end.day) for end in quarters} == {(3, 31), (6, 30), (9, 30), (12, 31)}
    assert sorted(end.year for end in years) == list(range(2013, 2026))
    assert years[date(2023, 12, 31)] == (date(2023, 1, 1), 365, "307394.0")
    of_2023 = [quarters[date(2023, month, day)][2] for month, day in ((3, 31), (6, 30), (9, 30), (12, 31))]
    assert of_2023 == ["69787.0", "74604.0", "76693.0", "86310.0"]  # the last is 307,394 less 221,084


def test_an_ifrs_filer_needs_rows_and_no_code(issuers: Connection) -> None:
    rows = asked(
        issuers,
        """select o.metric, o.basis, o.value::bigint from core.observation_latest as o
        where o.platform = 'logistic' and o.period_end = '2023-12-31' and o.period_type = 'year'""",
    )
    assert ("revenue", "ifrs", 39436343) in rows
    assert "sga_expense" in {metric for metric, *_ in rows}


def test_suites_hold_on_the_real_bodies(issuers: Connection) -> None:
    for table in (
        "raw.edgar_fact",
        "core.edgar_fact",
        "core.edgar_figure",
        "core.printed_figure",
        "core.derived_window",
        "core.observation",
    ):
        assert warnings(issuers, table)


def test_annual_figures_are_those_that_edgartools_reads(issuers: Connection) -> None:
    """Every annual value of every concept; units are left out, for that library renames some."""
    parser = pytest.importorskip("edgar.entity.parser", reason="edgartools is not installed (group compare)")
    for cik, path in real_bodies():
        facts = parser.EntityFactsParser.parse_company_facts(json.loads(gzip.decompress(path.read_bytes())))
        theirs = {
            (
                f.taxonomy,
                f.concept.rpartition(":")[2],
                f.period_start,
                f.period_end,
                f.accession,
                f.numeric_value,
            )
            for f in facts.get_all_facts()
            if f.period_start and 357 <= (f.period_end - f.period_start).days + 1 <= 371
        }
        ours = asked(
            issuers,
            f"""select distinct f.taxonomy, f.concept, f.period_start, f.period_end, f.accn, f.val::double
            from raw.edgar_fact as f
            where f.cik = {cik} and f.period_end - f.period_start + 1 between 357 and 371""",
        )
        assert set(ours) == theirs, cik
        assert len(ours) > 400
        figures = asked(
            issuers,
            f"""select f.taxonomy, f.concept, f.period_start, f.period_end, d.accession, f.value::double
            from core.edgar_figure as f join core.edgar_filing as d on d.document_id = f.document_id
            where d.cik = {cik} and f.period_type = 'year' and f.value > 0""",
        )
        assert not set(figures) - theirs, cik


@pytest.fixture(scope="module")
def filers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    """The reference data with what Alibaba, JD and Pinduoduo filed of expense and revenue."""
    settings = load_settings({"WAREHOUSE_HOME": str(tmp_path_factory.mktemp("home")), "WAREHOUSE_FIGURES": REFERENCE})
    excerpts = [(int(path.name[3:13]), path) for path in sorted(REAL.glob("CIK*.excerpt.json"))]
    assert len(excerpts) == 3
    con = built(settings, excerpts)
    yield con
    con.close()


def test_every_print_agrees_with_what_was_filed(filers: Connection) -> None:
    found = dict(asked(filers, "select r.verdict, count(*) from marts.reconciliation as r group by r.verdict"))
    assert found["agrees"] >= 70
    assert "differs" not in found
    assert warnings(filers, "marts.reconciliation")["published_agrees_with_filed"].success


def test_issuers_translate_at_one_rate_a_day(filers: Connection) -> None:
    rates = asked(
        filers,
        """select f.period_end, list_sort(list(distinct f.platform)),
            list(distinct round(f.value::double / t.value::double, 4))
        from core.edgar_fact as f
        join core.edgar_fact as t using (platform, metric, concept, document_id, period_start, period_end)
        where f.unit = f.filing_currency and t.unit = 'USD' and f.unit = 'CNY' and month(f.period_end) = 12
            and f.period_end >= date '2018-01-01'
        group by f.period_end order by f.period_end""",
    )
    assert rates == [
        (date(2018, 12, 31), ["jd", "pdd"], [6.8755]),
        (date(2019, 12, 31), ["jd", "pdd"], [6.9618]),
        (date(2020, 12, 31), ["jd", "pdd"], [6.525]),
    ]
    held = warnings(filers, "core.edgar_fact")
    assert held["one_rate_a_day"].success and held["concepts_of_a_metric_agree"].success
    assert asked(filers, "select count(*) from core.edgar_figure as o where o.unit <> 'CNY'") == [(0,)]


def test_a_quarter_known_only_from_filings_answers_a_claim(filers: Connection) -> None:
    """Pinduoduo's last quarter of 2019: 27,174.249 less 17,901.713, over 48.9 million buyers."""
    assert asked(
        filers,
        """select o.value::bigint, o.published_on from core.observation_latest as o
        where o.platform = 'pdd' and o.metric = 'sm_expense' and o.period_start = '2019-10-01'
            and o.period_type = 'quarter'""",
    ) == [(9_272_536_000, date(2020, 11, 16))]
    ((verdict, computed),) = asked(
        filers,
        "select k.verdict, k.computed from marts.claim_check as k "
        "where k.claim_id = 'x14' and k.vintage = 'now' and k.is_plain",
    )
    assert (verdict, round(computed, 2)) == ("does_not_hold", round(9272.536 / 48.9, 2))  # 184.76 was claimed
