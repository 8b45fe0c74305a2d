"""Partnerships from public figures, on the embedded data: values by hand, and what must not be said."""

from datetime import date

import pytest

from etl.warehouse import Connection

SUPPLY = "kuaishou-jd-2020-direct-supply"


def test_league_has_every_deal(warehouse: Connection) -> None:
    found = warehouse.execute("select count(*), count(distinct partnership_id) from marts.partnership_league")
    assert found.fetchone() == (35, 35)


def test_league_of_jd_and_kuaishou(warehouse: Connection) -> None:
    found = warehouse.execute(
        "select partnership_id, started_on, ended_on, life_days, outcome, days_until_back, pair_outcome, "
        "pair_span_days from marts.partnership_league "
        "where traffic_partner = 'kuaishou' and supply_partner = 'jd' order by started_on"
    ).fetchall()
    # 17 June 2019 to 1 March 2022 are 988 days; links live again on 29 October 2022, 242 days later;
    # 17 June 2019 to 29 October 2022 are 1,230 days.
    assert found == [
        (
            "kuaishou-jd-2019-link",
            date(2019, 6, 17),
            date(2022, 3, 1),
            988,
            "resumed",
            242,
            "parted_and_back",
            1230,
        ),
        (SUPPLY, date(2020, 6, 16), None, None, "not_known", None, "parted_and_back", 1230),
        (
            "kuaishou-jd-2022-link-return",
            date(2022, 10, 29),
            None,
            None,
            "not_known",
            None,
            "parted_and_back",
            1230,
        ),
    ]


def test_a_change_on_a_declared_estimate_says_so(warehouse: Connection) -> None:
    """650 billion of the press for 2021; the quarters 118.6, 145.4, 175.8 and 240.3 of Kuaishou sum to 680.1."""
    rows = warehouse.execute(
        "select year(period_end), round(yoy_pct, 1), flags from marts.partnership_window "
        "where partnership_id = ? and platform = 'kuaishou' and metric = 'ecommerce_gmv' and period_type = 'year' "
        "and event = 'effective' and position = 'after' order by 1",
        [SUPPLY],
    ).fetchall()
    # No figure of 2020 is there, so the first year wholly after the deal has no change on the year.
    assert rows == [
        (2021, None, ["contradicted_input", "press_basis"]),
        (2022, 38.6, ["contradicted_input", "press_basis"]),
    ]
    flagged = warehouse.execute(
        "select distinct platform, metric from core.observation where list_contains(flags, 'contradicted_input')"
    ).fetchall()
    assert sorted(flagged) == [("kuaishou", "ecommerce_gmv"), ("pdd", "gross_profit")]


def test_days_that_no_later_document_tells_of_are_announced(warehouse: Connection) -> None:
    found = warehouse.execute(
        "select partnership_id, is_start_announced, is_end_announced from marts.partnership_league "
        "where is_start_announced or is_end_announced order by partnership_id"
    ).fetchall()
    # A page of 2020-08-28 for 2020-10-09, one of 2022-10-28 for the next day, one of 2025-09-16 for 2025-09-30. The cut
    # of 2022-03-01 is told of in October 2022, and JD says in 2022 that the deal of 16 June 2020 ran.
    assert found == [
        ("douyin-jd-link", False, True),
        ("kuaishou-jd-2022-link-return", True, False),
        ("wechat-jd-2022-renewal", False, True),
    ]


def test_no_pair_of_several_deals_is_known_to_be_unbroken(warehouse: Connection) -> None:
    found = warehouse.execute(
        "select distinct traffic_partner, supply_partner from marts.partnership_league "
        "where is_pair_unbroken and pair_deals > 1"
    )
    assert found.fetchall() == []


def test_verdicts_tell_announcement_and_start(warehouse: Connection) -> None:
    reasons = dict(
        warehouse.execute("select part, reason from marts.claim_verdict where claim_id in ('a07', 'a10')").fetchall()
    )
    assert "direct-supply was announced on 2020-05-27 and started on 2020-06-16" in reasons["signed"]
    assert "link-return was announced on 2022-10-28 and was to start on 2022-10-29" in reasons["signed"]
    assert "11 other pairs signed before, in 13 deals: weibo-alibaba-2013" in reasons["only_pair"]


# What the documents of data/reference say: the entry of JD in WeChat closed on 2025-09-30 (doc_b094559b47); Douyin cut
# links on 2020-10-09 (doc_b9761c76c1) and JD opened a store in 2021; Alipay left Mogujie in 2013 and announced on
# 2014-11-10 that it would return (doc_fb7e71fe02); of Douyu and Tmall only the article tells that makes the claim;
# Kuaishou had restricted links to Pinduoduo by 2022-02-24 (doc_8974833fd0), nobody prints the day.
ENDS = {
    "wechat-jd-2022-renewal": ("parted", "2025-09-30", "2025-09-30", "parted", "2025-09-30", "doc_b094559b47"),
    "wechat-jd-2014": ("renewed", "2014-05-27", "2019-05-27", "parted", "2025-09-30", "doc_4607b328df"),
    "douyin-jd-link": ("parted", "2020-10-09", "2020-10-09", "parted_and_back", "2021-05-14", "doc_b9761c76c1"),
    "mogujie-taobao-referral": (
        *("resumed", "2013-01-01", "2013-12-31"),
        *("parted_and_back", "2014-11-10", "doc_fb7e71fe02"),
    ),
    "douyu-tmall": ("not_known", None, None, "not_known", None, None),
    "kuaishou-pinduoduo-2019-link": ("parted", "2019-06-17", "2022-02-24", "parted", None, "doc_8974833fd0"),
    "kuaishou-youzan-link": ("parted", "2021-11-01", "2021-11-30", "parted", "2021-11-01", "doc_fa0d77b512"),
    "douyin-taobao-2019-framework": (
        *("renewed", "2020-03-01", "2020-03-31"),
        *("renewed", "2020-08-21", "doc_7b3ab49ede"),
    ),
}


@pytest.mark.parametrize("deal", ENDS)
def test_the_end_of_a_deal_and_of_its_pair(warehouse: Connection, deal: str) -> None:
    found = warehouse.execute(
        "select outcome, ended_from::varchar, ended_by::varchar, pair_outcome, pair_last_on::varchar, end_document_id "
        "from marts.partnership_league where partnership_id = ?",
        [deal],
    ).fetchall()
    assert found == [ENDS[deal]]


def test_no_outcome_contradicts_the_registry(warehouse: Connection) -> None:
    """The last deal of a pair that is renewed has no end; only an end that a claim alone tells of is not known."""
    of_pair = (
        "select l.pair_ids, arg_max(l.outcome, coalesce(l.ended_by, l.started_on)) as last_outcome "
        "from marts.partnership_league as l group by l.pair_ids, l.pair_outcome having l.pair_outcome = ? "
    )
    renewed = warehouse.execute(of_pair, ["renewed"]).fetchall()
    assert [last for _, last in renewed] == ["not_known"]
    assert {last for _, last in warehouse.execute(of_pair, ["parted"]).fetchall()} == {"parted"}
    astray = warehouse.execute(
        "select l.partnership_id from marts.partnership_league as l join core.partnership as p using (partnership_id) "
        "where p.status = 'ended' and l.end_document_id is null "
        "or p.status <> 'ended' and l.end_document_id is not null or p.ended_on is distinct from l.ended_on "
        "order by all"
    ).fetchall()
    assert astray == [("douyu-tmall",)]
    ahead = warehouse.execute(
        "select l.partnership_id from marts.partnership_league as l join core.document as d "
        "on d.document_id = l.end_document_id where d.published_on < l.ended_from order by all"
    ).fetchall()
    assert ahead == [("douyin-jd-link",), ("wechat-jd-2022-renewal",)]  # told some days before, with the day


def test_window_of_jd_and_kuaishou_by_hand(warehouse: Connection) -> None:
    found = warehouse.execute(
        "select value, round(yoy_pct, 2), round(yoy_low_pct, 2), round(yoy_high_pct, 2), position, "
        "one_sided_confounders, document_id, year_ago_document_id, known_on from marts.partnership_window "
        "where partnership_id = ? and event = 'effective' and metric = 'annual_active_buyers' "
        "and platform = 'jd' and period_end = date '2020-06-30'",
        [SUPPLY],
    ).fetchall()
    # 417.4 (JD's blog, 2020-08-17) against 321.3 (FashionUnited, 2019-11-15), million, each +- 0.05:
    # 417.4 / 321.3 = 1.29910; 417.35 / 321.35 = 1.29874; 417.45 / 321.25 = 1.29946.
    assert found == [
        (
            417_400_000,
            29.91,
            29.87,
            29.95,
            "across",
            ["covid_2020"],
            "doc_34cb3ca21e",
            "doc_2413556daf",
            date(2020, 8, 17),
        )
    ]


def test_every_figure_of_the_windows_is_cited(warehouse: Connection) -> None:
    astray = warehouse.execute(
        "select w.* from marts.partnership_window as w where not exists (select 1 from core.observation as o "
        "join core.document as d on d.document_id = o.document_id "
        "where o.observation_id = w.observation_id and o.value = w.value and o.document_id = w.document_id)"
    ).fetchall()
    assert astray == []
    sides = warehouse.execute(
        "select side, position from marts.partnership_window where partnership_id = ? group by all", [SUPPLY]
    ).fetchall()
    assert {side for side, _ in sides} == {"traffic", "supply", "peer"}
    assert {position for _, position in sides} == {"before", "across", "after"}


def test_the_first_months_of_2020_are_named_as_a_confounder(warehouse: Connection) -> None:
    """A quarter that lies in them says so; the quarter a year later says that its year before did."""
    found = warehouse.execute(
        "select period_end, confounders, one_sided_confounders from marts.year_on_year "
        "where platform = 'pdd' and metric = 'revenue' and period_type = 'quarter' "
        "and period_end in (date '2020-03-31', date '2021-03-31') order by period_end"
    ).fetchall()
    assert found == [
        (date(2020, 3, 31), ["covid_2020", "lunar_new_year"], ["covid_2020"]),
        (date(2021, 3, 31), ["lunar_new_year"], ["covid_2020"]),
    ]


def test_a_deal_without_dates_has_no_window_and_says_so(warehouse: Connection) -> None:
    found = warehouse.execute(
        "select l.not_known, "
        "(select count(*) from marts.partnership_window as w where w.partnership_id = l.partnership_id) "
        "from marts.partnership_league as l where l.partnership_id = 'douyu-tmall'"
    ).fetchone()
    assert found is not None
    assert "any before and after" in found[0]
    assert found[1] == 0
