"""Claims of the press and of management against the embedded figures, worked out by hand from the documents.

The printed figures stand in data/reference; comments name the documents and what they print, in millions.
Doubtful claims are the point: each part of each claim has a verdict, and what cannot be checked says why.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from etl.config import load_settings
from etl.models.graph import create_statements
from etl.reference.load import load_reference
from etl.warehouse import Connection, rollback
from tests.support.models import models_behind

Row = dict[str, Any]
NOW = datetime(2026, 1, 1, tzinfo=UTC)
OWN_DAY = date(2017, 10, 17)
BUYERS_OF_JD = "annual active buyers of JD.com (Jingdong)"
PLAIN = "k.definition = 'cac_net_12m' and k.scope = ''"


@contextmanager
def undone(con: Connection) -> Iterator[None]:
    """What the block does is undone, in raw and in the tables that it builds."""
    con.execute("begin")
    try:
        yield
    finally:
        rollback(con)


def rebuild(con: Connection) -> None:
    """Build the checks of claims, and every table behind them, anew inside the open transaction."""
    for model in models_behind("marts.claim_check").values():
        for statement in create_statements(model):
            con.execute(statement)


def checks(con: Connection, claim: str, where: str = "true") -> list[Row]:
    return rows(con, f"select k.* from marts.claim_check as k where k.claim_id = '{claim}' and {where}")


def rows(con: Connection, sql: str) -> list[Row]:
    found = con.execute(sql)
    names = [column[0] for column in found.description or []]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def documents(con: Connection, row: Row) -> set[tuple[str, str]]:
    """Figures that a verdict rests on: the day of the document and what it prints."""
    found = con.execute(
        "select o.published_on::varchar, o.printed_as from core.observation as o "
        "where list_contains(?::varchar[], o.observation_id)",
        [row["input_observation_ids"]],
    )
    return set(found.fetchall())


BUYERS_2016 = {("2017-05-01", "155.0 million"), ("2017-05-01", "226.6 million")}


def test_two_different_claims_about_one_year_can_both_hold(warehouse: Connection) -> None:
    # JD 2016, buyers 226.6 - 155.0 = 71.6 +- 0.1 (IR page, 2017-05-01). Expense 10,573.024 (20-F filed
    # 2017-05-01): 147.668 [147.462, 147.874]. Restated 10,158.686 (20-F filed 2018-04-27): 141.881.
    [then] = checks(warehouse, "x07", f"{PLAIN} and k.vintage = 'then'")
    assert (then["verdict"], then["as_known_on"]) == ("holds", OWN_DAY)
    assert then["computed"] == pytest.approx(10573.024 / 71.6)
    assert (then["computed_low"], then["computed_high"]) == pytest.approx((147.461974, 147.874469), abs=1e-6)
    assert (then["claimed_low"], then["claimed_high"]) == pytest.approx((147.665, 147.675))
    assert documents(warehouse, then) == BUYERS_2016 | {("2017-05-01", "10573024000")}
    [since] = checks(warehouse, "x07", f"{PLAIN} and k.vintage = 'now'")
    assert (since["verdict"], since["flags"]) == ("does_not_hold", ["known_on_bound", "restated_input"])
    # The page that quotes 142 has no date: it is judged as known now only.
    [later] = checks(warehouse, "x02", PLAIN)
    assert (later["verdict"], later["vintage"], later["as_known_on"]) == ("holds", "now", None)
    assert later["computed"] == pytest.approx(10158.686 / 71.6)
    assert documents(warehouse, later) == BUYERS_2016 | {("2018-04-27", "10158686000")}


def test_the_claimed_growth_from_2012_to_2016_holds(warehouse: Connection) -> None:
    # 2012: 1,096.765 (20-F, 2015-04-17) / (29.3 - 12.5 = 16.8) = 65.284; 147.668 / 65.284 - 1 = 126.19 %.
    [then] = checks(warehouse, "x09", f"{PLAIN} and k.vintage = 'then'")
    assert then["verdict"] == "holds"
    assert then["computed"] == pytest.approx(100 * ((10573.024 / 71.6) / (1096.765 / 16.8) - 1))
    assert round(then["computed"], 2) == 126.19
    [since] = checks(warehouse, "x09", f"{PLAIN} and k.vintage = 'now'")
    assert since["verdict"] == "does_not_hold"
    assert round(since["computed"], 2) == 117.33


def test_a_year_in_a_claim_may_mean_a_fiscal_year(warehouse: Connection) -> None:
    # "2016" is Alibaba's fiscal 2017: 16,314 (20-F, 2017-06-15) / 31 = 526.26; 31 is 466 less the printed
    # increase of 12 (release, 2017-08-17) less 423 (release, 2016-05-05).
    held = checks(warehouse, "x04", "k.verdict = 'holds'")
    assert [(k["period"], round(k["computed"], 2)) for k in held] == [("fiscal_year_begun_in_it", 526.26)]
    assert (
        "sales and marketing expense of Alibaba"
        in checks(warehouse, "x04", "k.period_end = '2016-12-31'")[0]["missing"]
    )


ARTICLE = {
    ("a01", "from", "pdd"): "not_checkable",
    ("a01", "to", "pdd"): "does_not_hold",
    ("a01", "multiple", "pdd"): "not_checkable",
    ("a02", "from", "alibaba"): "does_not_hold",
    ("a02", "to", "alibaba"): "does_not_hold",
    ("a02", "multiple", "alibaba"): "does_not_hold",
    ("a03", "multiple", "pdd"): "not_checkable",
    ("a03", "multiple", "alibaba"): "does_not_hold",
    ("a04", "to", "kuaishou"): "holds",
    ("a05", "to", "kuaishou"): "holds",
    ("a06", "to", "kuaishou"): "holds",
    ("a07", "signed", "kuaishou;jd"): "holds",
    ("a07", "date", "kuaishou;jd"): "holds",
    ("a08", "ended", "kuaishou;pdd"): "not_checkable",
    ("a08", "date", "kuaishou;pdd"): "not_checkable",
    ("a09", "ended", "douyu;tmall"): "not_checkable",
    ("a09", "date", "douyu;tmall"): "not_checkable",
    ("a10", "only_pair", "jd;kuaishou"): "does_not_hold",
}


def test_verdicts_on_each_part_of_the_article(warehouse: Connection) -> None:
    found = rows(warehouse, "select v.* from marts.claim_verdict as v where v.kind = 'article'")
    assert {(v["claim_id"], v["part"], v["subject"]): v["verdict"] for v in found} == ARTICLE
    # The article is of 2020-05-27; what Kuaishou printed has no date, and Alibaba's fiscal 2020 was printed later.
    assert {v["claimed_on"] for v in found} == {date(2020, 5, 27)}
    then = {(v["claim_id"], v["part"], v["subject"]): v["verdict_then"] for v in found}
    assert {key for key, verdict in then.items() if verdict == "does_not_hold"} == {
        ("a01", "to", "pdd"),
        ("a02", "from", "alibaba"),
    }
    assert {then[key] for key in then if key[0] in ("a02", "a03", "a04", "a05", "a06")} <= {
        "not_checkable",
        "does_not_hold",
    }
    said = {(v["claim_id"], v["part"], v["subject"]): v for v in found}
    # Pinduoduo: no count of buyers before June 2017; 2019 is 163.01 and 2020 is 202.73; only three years
    # pooled, (13,441.8 + 27,174.2 + 41,194.6) / (788.4 - 244.8) = 150.50, would be about 150.
    assert "the first count of its buyers is of 2017-06-30" in said["a01", "from", "pdd"]["reason"]
    assert [k["definition"] for k in checks(warehouse, "a01", "k.part = 'to' and k.verdict = 'holds'")] == [
        "cac_pooled_3y"
    ]
    # Then 2018 to 2020 could not be pooled; today they can, so the verdict of today depends on the definition.
    assert said["a01", "to", "pdd"]["verdict_now"] == "depends_on_definition"
    assert "is 163.013 (162.915 to 163.111) CNY per person as known on 2020-05-27" in said["a01", "to", "pdd"]["reason"]
    # Alibaba: 11,307 / (423 - 350) = 154.89 in fiscal 2016, 50,673 / (726 - 654) = 703.79 in fiscal 2020.
    assert round(said["a02", "from", "alibaba"]["computed"], 2) == 154.89
    assert round(said["a02", "to", "alibaba"]["computed"], 2) == 703.79
    assert round(said["a03", "multiple", "alibaba"]["computed"], 2) == round((50673 / 72) / (11307 / 73), 2) == 4.54
    # The fiscal year that ended in 2015 could be meant as well: nobody printed the buyers at its start.
    assert "lack: annual active buyers of Alibaba" in said["a02", "from", "alibaba"]["reason"]
    assert "on 2014-03-31" in said["a02", "from", "alibaba"]["reason"]
    # Above 300 million is the print for the month; the average of the half year, 257.7, is not.
    averages = checks(warehouse, "a04", "k.period_start = '2020-01-01' and k.scope = '' and k.computed is not null")
    assert {(k["computed"], k["verdict"]) for k in averages} == {
        (257_700_000, "does_not_hold"),
        (262_000_000, "does_not_hold"),
        (265_000_000, "does_not_hold"),
    }
    assert "wechat-jd-2014" in said["a10", "only_pair", "jd;kuaishou"]["reason"]
    assert said["a10", "only_pair", "jd;kuaishou"]["computed_low"] == 11


MISSING = {
    "x01": "Missing as known now: annual active buyers of JD.com (Jingdong) on 2018-12-31",
    "x06": "sales and marketing expense of Vipshop for 2016-01-01 to 2016-12-31",
    "x08": "sales and marketing expense of Vipshop for 2012-01-01 to 2012-12-31",
    "x10": "an exchange rate, for a period that the claim does not name",
    "x11": "sales and marketing expense of Vipshop for a period that the claim does not name",
    "x15": "sales and marketing expense of the whole industry for 2018-01-01 to 2018-12-31",
    "x16": "cac inputs (total quarterly investment / new users) of Alibaba",
    "x17": "annual active buyers of Kuaishou at both ends of 2021-07-01 to 2021-09-30",
    "x18": "annual active buyers of Kuaishou at both ends of 2023-04-01 to 2023-06-30",
    "x19": "annual active buyers of Kuaishou at both ends of 2023-10-01 to 2023-12-31",
    "x20": "user acquisition spend (overseas segment user acquisition expense) of Kuaishou",
    "x21": "marketing budget (campaign budget, mostly red packets) of Kuaishou",
    "x22": "new customer share (share of new customers) of JD.com (Jingdong) for 2014-10-01 to 2014-12-31",
    "x23": "ecommerce gmv target (annual target) of Kuaishou for 2020-01-01 to 2020-12-31",
    "x24": "sales and marketing expense of Kuaishou for 2022-01-01 to 2022-12-31",
}


@pytest.mark.parametrize("claim", MISSING)
def test_a_claim_that_cannot_be_checked_names_the_missing_figure(warehouse: Connection, claim: str) -> None:
    found = checks(warehouse, claim)
    assert {k["verdict"] for k in found} == {"not_checkable"}
    assert any(MISSING[claim] in k["reason"] for k in found), [k["reason"] for k in found]


def test_every_not_checkable_verdict_names_what_is_missing(warehouse: Connection) -> None:
    unnamed = (
        "select k.* from marts.claim_check as k where k.verdict = 'not_checkable' "
        "and (coalesce(k.missing, '') = '' or not contains(k.reason, k.missing))"
    )
    assert rows(warehouse, unnamed) == []


def test_a_claim_about_a_quarter_is_checked_against_the_quarter(warehouse: Connection) -> None:
    # The year less its nine months: 27,174.249 - 17,901.713 (6-K of 2020-11-16) = 9,272.536 +- 0.001 over
    # 585.2 - 536.3 = 48.9 +- 0.1 buyers = 189.62. On the day of the claim nothing was known of the quarter's expense.
    [then] = checks(warehouse, "x14", "k.vintage = 'then' and k.is_plain")
    [since] = checks(warehouse, "x14", "k.vintage = 'now' and k.is_plain")
    assert (then["definition"], then["verdict"]) == ("cac_net_quarter", "not_checkable")
    assert then["missing"] == "sales and marketing expense of Pinduoduo for 2019-10-01 to 2019-12-31"
    assert (since["verdict"], round(since["computed"], 2)) == ("does_not_hold", 189.62)
    assert (round(since["computed_low"], 2), round(since["computed_high"], 2)) == (189.24, 190.01)
    assert "derived_input" in since["flags"]


def test_every_claim_and_vintage_has_an_answer(warehouse: Connection) -> None:
    [[claims, checked]] = warehouse.execute(
        "select (select count(*) from core.claim), (select count(distinct k.claim_id) from marts.claim_check as k)"
    ).fetchall()
    assert claims == checked == 34
    dateless = (
        "select k.claim_id from marts.claim_check as k join core.claim as c using (claim_id) "
        "where c.published_on is null and k.vintage = 'then'"
    )
    assert warehouse.execute(dateless).fetchall() == []


@pytest.mark.parametrize("day", ["2017-10-17", "2020-05-27"])
def test_claim_figures_of_a_day_equal_the_twin_of_that_day(warehouse: Connection, day: str) -> None:
    """Many days at once give what one day gives, for the platforms whose cost a claim of that day is about."""
    columns = "t.platform, t.scope, t.definition, t.period_end, t.cac, t.cac_low, t.cac_high, t.validity"
    named = (
        "select p.subject from steps.claim_part as p join core.claim as c using (claim_id) "
        f"where c.published_on = date '{day}' and p.measure = 'cac'"
    )
    twin = f"select {columns} from marts.cac_trend_as_of(date '{day}') as t where t.platform in ({named}) order by all"
    alone = warehouse.execute(twin).fetchall()
    together = warehouse.execute(
        "select f.platform, f.scope, f.definition, f.period_end, f.value, f.low, f.high, f.validity "
        f"from steps.claim_figure as f where f.known_day = date '{day}' and f.metric = 'cac' order by all"
    ).fetchall()
    assert alone
    assert together == alone


def test_a_removed_figure_is_named_as_missing(warehouse: Connection) -> None:
    with undone(warehouse):
        warehouse.execute(
            "delete from raw.reference_row as r where r.kind = 'observation' and r.fields['platform'] = 'jd' "
            "and r.fields['metric'] = 'annual_active_buyers' and r.fields['period_end'] = '2016-12-31'"
        )
        rebuild(warehouse)
        [later] = checks(warehouse, "x02", PLAIN)
        assert later["verdict"] == "not_checkable"
        assert later["reason"] == f"Missing as known now: {BUYERS_OF_JD} on 2016-12-31."
    assert checks(warehouse, "x02", PLAIN)[0]["verdict"] == "holds"


CLAIM = (
    "claim_id,subject,metric,statement,value_from,value_to,unit,qualifier,period_from,period_to,kind,document_id\n"
    "own,pdd,cac,Pinduoduo paid 163,,163,CNY_per_person,exact,2019-01-01,2019-12-31,article,doc_article\n"
)


def test_one_row_adds_a_claim(warehouse: Connection, tmp_path: Path) -> None:
    everything = "select k.* from marts.claim_check as k where k.claim_id <> 'own' order by all"
    before = warehouse.execute(everything).fetchall()
    (tmp_path / "claims.csv").write_text(CLAIM, encoding="utf-8")
    settings = load_settings({"WAREHOUSE_FIGURES": f"data/reference:{tmp_path}"})
    with undone(warehouse):
        result = load_reference(warehouse, settings, NOW)
        assert (result.rows_added, result.quarantined) == (1, ())
        rebuild(warehouse)
        own = checks(warehouse, "own", "k.is_plain")
        assert {(k["verdict"], round(k["computed"], 2)) for k in own} == {("holds", 163.01)}
        assert warehouse.execute(everything).fetchall() == before


def test_an_uninformative_number_decides_nothing(warehouse: Connection) -> None:
    """A count in whole hundreds of millions leaves a number that is mostly rounding: no verdict on it."""
    with undone(warehouse):
        warehouse.execute(
            "update raw.reference_row as r "
            "set reading = map_concat(r.reading, map {'rounding_half_width': '11000000'}) "
            "where r.kind = 'observation' and r.fields['platform'] = 'jd' "
            "and r.fields['metric'] = 'annual_active_buyers' "
            "and r.fields['period_end'] in ('2015-12-31', '2016-12-31')"
        )
        rebuild(warehouse)
        [later] = checks(warehouse, "x02", PLAIN)
        assert later["verdict"] == "not_checkable"
        assert later["missing"] == f"{BUYERS_OF_JD} on 2015-12-31 and 2016-12-31, in finer print"


# --- The league and the claims ------------------------------------------------------------------------


def test_each_claim_that_a_pair_parted_is_judged_as_the_league_says(warehouse: Connection, tmp_path: Path) -> None:
    """Of every pair, that it ended; of every end with a day or an interval, that it was then, or had been before."""
    league = rows(warehouse, "select l.* from marts.partnership_league as l")
    parted = [deal for deal in league if deal["outcome"] in ("parted", "resumed")]
    pairs = {(deal["traffic_partner"], deal["supply_partner"]): deal["pair_outcome"] for deal in league}
    head = CLAIM.splitlines()[0]
    line = "{},{};{},partnership_event,their cooperation ended,,,date,exact,{},{},article,doc_d6e5e30d9c"
    said = [line.format(f"{one}|{other}", one, other, "", "2030-01-01") for one, other in pairs]
    dated = [deal for deal in parted if deal["ended_from"] and deal["ended_by"]]
    for deal in dated:
        pair, end = (deal["traffic_partner"], deal["supply_partner"]), deal["ended_from"]
        said.append(line.format(f"then|{deal['partnership_id']}", *pair, end, deal["ended_by"]))
        said.append(line.format(f"before|{deal['partnership_id']}", *pair, "", end - timedelta(days=1)))
    (tmp_path / "claims.csv").write_text("\n".join([head, *said, ""]), encoding="utf-8")
    settings = load_settings({"WAREHOUSE_FIGURES": f"data/reference:{tmp_path}"})
    with undone(warehouse):
        assert load_reference(warehouse, settings, NOW).quarantined == ()
        rebuild(warehouse)
        verdicts = {
            (k["claim_id"], k["part"]): k["verdict"]
            for k in rows(warehouse, "select k.* from marts.claim_check as k where contains(k.claim_id, '|')")
        }
    for pair, outcome in pairs.items():
        has_parted = any((deal["traffic_partner"], deal["supply_partner"]) == pair for deal in parted)
        expected = "holds" if has_parted else "does_not_hold" if outcome == "running" else "not_checkable"
        assert verdicts["|".join(pair), "ended"] == expected, pair
        assert outcome not in ("parted", "parted_and_back") or has_parted, pair
    assert {deal["partnership_id"] for deal in dated} == {
        "douyin-jd-link",
        "kuaishou-jd-2019-link",
        "kuaishou-pinduoduo-2019-link",
        "kuaishou-taobao-link",
        "kuaishou-youzan-link",
        "mogujie-taobao-referral",
        "wechat-jd-2022-renewal",
    }
    for deal in dated:
        assert verdicts[f"then|{deal['partnership_id']}", "date"] == "holds", deal["partnership_id"]
        assert verdicts[f"before|{deal['partnership_id']}", "date"] != "holds", deal["partnership_id"]
    # The league has WeChat and JD apart on 2025-09-30: that they were before is wrong, not unknown.
    assert verdicts["before|wechat-jd-2022-renewal", "date"] == "does_not_hold"


def test_the_claims_about_deals_agree_with_the_league(warehouse: Connection) -> None:
    """The article says that two pairs had parted: of one a page tells too, but no day; of the other none."""
    found = rows(
        warehouse,
        "select v.claim_id, v.verdict, list(l.outcome order by l.partnership_id) as outcomes, "
        "any_value(l.pair_outcome) as pair_outcome from marts.claim_verdict as v "
        "join core.claim as c using (claim_id) join marts.partnership_league as l "
        "on list_has_all(c.subjects, [l.traffic_partner, l.supply_partner]) where v.part = 'ended' group by all "
        "order by v.claim_id",
    )
    assert [tuple(row.values()) for row in found] == [
        ("a08", "not_checkable", ["parted"], "parted"),
        ("a09", "not_checkable", ["not_known"], "not_known"),
    ]
