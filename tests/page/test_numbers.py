"""Every number of the page is that of the mart, and has its documents."""

from __future__ import annotations

import csv
import re
from collections import Counter
from datetime import date
from decimal import Decimal

import pytest

from etl.config import ROOT, Settings
from etl.page.content import part_keys, read_texts
from etl.page.numbers import printed
from etl.page.place import Page, make_page
from etl.publish.publication import publish
from etl.warehouse import Connection, open_build, open_snapshot
from tests.support.page_reading import Element, articles, differences, opened, parsed, shown_rows, told, wrong_documents
from tests.support.publishing import NOW


@pytest.fixture(scope="module")
def document(page: Page) -> Element:
    return parsed(page.path.read_text(encoding="utf-8"))


def shown_parts() -> list[str]:
    """The parts of the page of the reference data, which has no daily data: that section is one sentence."""
    return part_keys({"sections": [section for section in read_texts()["sections"] if "none" not in section]})


def test_every_value_of_the_page_is_that_of_the_snapshot(document: Element, snapshot: Connection) -> None:
    assert list(articles(document)) == shown_parts()
    assert list(differences(snapshot, document)) == []


def test_the_comparison_can_fail(page: Page, snapshot: Connection) -> None:
    text = page.path.read_text(encoding="utf-8")
    cell = re.search(r'<data data-c="cac" value="163\.01[^"]*">163\.01</data>', text)
    assert cell
    for altered in (cell[0].replace(">163.01<", ">163.02<"), cell[0].replace('"163.01', '"163.02'), ""):
        assert len(list(differences(snapshot, parsed(text.replace(cell[0], altered, 1))))) == 1


def test_a_cost_by_hand(document: Element) -> None:
    """27,174.249m over 585.2m less 418.5m buyers is 163.01, see METRICS.md; the digits stand under the number."""
    (row,) = (
        row for row in shown_rows(articles(document)["cost"])
        if row.xpath(".//*[@data-c='row_id']")[0].text == "pdd/whole/cac_net_12m/2019-12-31"
    )  # fmt: skip
    cells = {cell.get("data-c"): cell.text_content() for cell in row.xpath(".//*[@data-c]")}
    assert (cells["cac"], cells["cac_low"], cells["cac_high"]) == ("163.01", "162.92", "163.11")
    assert (cells["spend"], cells["currency"], cells["known_on"]) == ("27,174,249,000", "CNY", "2020-04-24")
    assert [button.text_content() for button in row.xpath(".//details[@class='cited']/button")] == [
        "Sales and marketing expense, 2019: 27174249000 CNY",
        "Annual active buyers, 2018: 418.5 million",
        "Annual active buyers, 2019: 585.2 million",
    ]
    cited = opened(row)
    assert [item.xpath(".//q")[0].text for item in cited] == ["27174249000", "418.5 million", "585.2 million"]
    for item in cited:
        assert item.xpath(".//a/@href")[0].startswith(("https://", "http://"))
        assert item.xpath(".//time|.//*[contains(text(), 'without a date')]")


def test_costs_against_the_mart_itself(document: Element, snapshot: Connection) -> None:
    """Not through the query that the page shows: each number by its row, from marts.cac_trend."""
    mart = dict(
        snapshot.execute("select t.row_id, [t.cac, t.cac_low, t.cac_high] from marts.cac_trend as t").fetchall()
    )
    seen = 0
    for key in ("cost", "cost_pooled"):
        for row in shown_rows(articles(document)[key]):
            cells = {cell.get("data-c"): cell for cell in row.xpath(".//*[@data-c]")}
            values = [cells[n].get("value") if n in cells else None for n in ("cac", "cac_low", "cac_high")]
            assert [v and float(v) for v in values] == mart[cells["row_id"].text], cells["row_id"].text
            seen += "cac" in cells
    assert seen == 38 + 25  # README: a number over twelve months exists 38 times


def test_verdicts_and_deals_against_the_marts(document: Element, snapshot: Connection) -> None:
    counted = dict(snapshot.execute("select v.verdict, count(*) from marts.claim_verdict as v group by all").fetchall())
    counts, *checked = shown_rows(articles(document)["answer_press"])
    assert "By what is known today 3 verdicts are others: 8 parts hold, 9 do not hold, 1 depend" in told(counts)
    assert int(counts.xpath(".//*[@data-c='holding']")[0].text) == counted["holds"]
    assert int(counts.xpath(".//*[@data-c='unchecked']")[0].text) == counted.pop("not_checkable")
    assert len(checked) == sum(counted.values())
    mart = snapshot.execute(
        "select v.statement, v.computed from marts.claim_verdict as v "
        "where v.verdict <> 'not_checkable' and v.computed is not null order by all"
    ).fetchall()
    numbers = [(words(row)["statement"], row.xpath(".//data[@data-c='computed']/@value")) for row in checked]
    assert sorted((statement, float(value)) for statement, (value,) in filter(lambda n: n[1], numbers)) == mart
    deals = snapshot.execute("select l.partnership_id from marts.partnership_league as l order by all").fetchall()
    shown = [cell.text_content() for cell in articles(document)["deals"].xpath(".//*[@data-c='partnership_id']")]
    assert sorted(shown) == [deal for (deal,) in deals]


def words(row: Element) -> dict[str, str]:
    """The texts of the cells of a row, by column."""
    return {cell.get("data-c"): cell.text_content() for cell in row.xpath(".//*[@data-c]")}


def sentence_of(document: Element, key: str, beginning: str) -> str:
    """The one sentence of a question that begins so, without its documents."""
    (found,) = (
        text for row in shown_rows(articles(document)[key])
        if (text := " ".join(row.xpath("./p")[0].text_content().split())).startswith(beginning)
    )  # fmt: skip
    return found


def quotes(row: Element) -> list[str]:
    """What is printed in the documents of a sentence."""
    return [quote.text for entry in opened(row) for quote in entry.xpath(".//q")]


def test_jd_s_change_stays_within_one_definition_and_ends_with_what_is_known_last(document: Element) -> None:
    """By hand: 10,158.686m and 14,918.107m over 293m less 155.0m buyers are 181.72; 19,236.740m and 22,234.045m over
    362m less 293m are 601.03. "around 570 million", 565 to 575, gives bounds only: 65,898.972m over 213.5m
    and over 202.5m buyers. By year it rose: 27,155.9725m over 470m and more less 362.5m is at most 252.61, 38,742.5m
    over 575m less 470m at least 368.98. The count of 2013 is another one."""
    jd = sentence_of(document, "answer_change", "JD.com (Jingdong) (whole company)")
    assert jd == (
        "JD.com (Jingdong) (whole company), over 24 months: from 181.72 [180.99, 182.44] CNY in 2016-01-01 to "
        "2017-12-31 (day unknown: a document has no date) to 601.03 [592.44, 609.86] in 2018-01-01 to 2019-12-31 "
        "(day unknown: a document has no date). To know of the first: the company had printed a different figure "
        "before. Known last, bounds only: 308.66 to 325.43 CNY in "
        "2020-01-01 to 2021-12-31 (known since 2022-04-28 at the latest). By year: at most 252.61 CNY from "
        "2020-01-01 to 2020-12-31, at least 368.98 CNY from 2021-01-01 to 2021-12-31. So it rose from the "
        "one year to the other. Not comparable: 76.99 [76.77, 77.21] in 2012-01-01 to "
        "2013-12-31, since what counts as a buyer changed with the count of 2015-12-31: From 2015 the count is of the "
        "core business without Paipai; the core count at the end of 2014 was 90.6 million."
    )
    (row,) = (r for r in shown_rows(articles(document)["answer_change"]) if "308.66" in r.text_content())
    assert {"155.0 million", "293 million", "362 million", "around 570 million"} <= set(quotes(row)), (
        "buyers of both windows"
    )


def test_every_change_lies_within_one_definition(document: Element, snapshot: Connection) -> None:
    """Against the mart itself: each pair of costs that a sentence sets side by side."""
    found = 0
    for row in shown_rows(articles(document)["answer_change"]):
        cells = {cell.get("data-c"): cell for cell in row.xpath(".//*[@data-c]")}
        if "base_cac" not in cells:
            continue
        ends = [float(cells[name].get("value")) for name in ("base_cac", "cac")]
        counted = snapshot.execute(
            "select distinct t.platform, t.scope, t.definition, t.counted_from from marts.cac_trend as t "
            "where t.cac in (?, ?)",
            ends,
        ).fetchall()
        assert len(counted) == 1, row.text_content()
        found += 1
    assert found == 5, "Alibaba, JD, Pinduoduo, Chewy and Wayfair"


def test_a_change_ends_with_a_refusal_where_nothing_more_is_known(document: Element) -> None:
    pdd = sentence_of(document, "answer_change", "Pinduoduo")
    assert "from 119.32 [119.28, 119.35] CNY in 2018-01-01 to 2019-12-31 (known since 2020-04-24 at the latest)" in pdd
    assert "to 303.34 [303.23, 303.45] in 2020-01-01 to 2021-12-31 (known since 2023-04-26 at the latest)" in pdd
    assert "Where the first is 100, that is 254.2 [254.1, 254.4]; 59.4 % a year." in pdd
    assert pdd.endswith("no number: the sales and marketing expense of this window is not in this data set.")
    core = sentence_of(document, "answer_change", "JD.com (Jingdong) (core)")
    assert "(known since 2018-04-27 at the latest); there is nothing to compare it with. To know of the newest:" in core


def test_a_cost_has_the_newest_year_beside_it_and_later_bounds(document: Element) -> None:
    pdd = sentence_of(document, "answer_cost", "Pinduoduo")
    assert "303.34 [303.23, 303.45] CNY of expense (sales and marketing) for a net new buyer, from 2020-01-01" in pdd
    assert "The newest year with a number, from 2021-01-01 to 2021-12-31: 557.93 [557.24, 558.62] CNY" in pdd
    jd = sentence_of(document, "answer_cost", "JD.com (Jingdong) (whole company)")
    assert "Later only bounds are known: 308.66 to 325.43 CNY from 2020-01-01 to 2021-12-31 (known" in jd
    assert "known since 2016-02-12)" in sentence_of(document, "answer_cost", "Groupon"), "a day that is no bound"
    assert "By year: at most 252.61 CNY from 2020-01-01 to 2020-12-31, at least 368.98" in jd
    assert jd.endswith("So it rose from the one year to the other.")
    alibaba = sentence_of(document, "answer_cost", "Alibaba")
    assert (
        "To know: a figure was not printed but follows from printed ones; the whole company's expense stands" in alibaba
    )
    assert "To know of the year: the whole company's expense stands against a narrower count of buyers." in alibaba
    assert sentence_of(document, "answer_cost", "Groupon").endswith(
        "To know: the company had printed a different figure before."
    )
    assert "To know" not in sentence_of(document, "answer_cost", "Wayfair"), "no flag but the day"
    assert "The newest year" not in sentence_of(document, "answer_cost", "JD.com (Jingdong) (core)"), "it is one year"
    (link,) = articles(document)["answer_cost"].xpath("./p[@class='more']/a/@href")
    assert link == "#cost"


def test_what_is_missing_tells_buyers_from_expense(document: Element) -> None:
    pdd = sentence_of(document, "answer_missing", "Pinduoduo.")
    assert "Later reports of the company that are here: 2, none with a count: perhaps it prints none any more." in pdd
    assert "Expense: last for 2026-06-30; missing before: quarters 16, years " in pdd
    window = sentence_of(document, "answer_missing", "Pinduoduo (whole company)")
    assert "are 2021-04-01 to 2022-03-31: the sales and marketing expense of this window" in window
    assert window.endswith("the quarterly reports on them should have it.")
    zulily = sentence_of(document, "answer_missing", "zulily.")
    assert "no more follow: Liberty Interactive acquired the company on 1 October 2015" in zulily
    (row,) = (r for r in shown_rows(articles(document)["answer_missing"]) if "zulily." in r.text_content())
    assert opened(row)[0].xpath(".//a"), "the document that says so"
    wayfair = sentence_of(document, "answer_missing", "Wayfair.")
    assert "that should be out by now: 1. Expense" in wayfair, "no later report is here: the figure may well be printed"
    thredup = sentence_of(document, "answer_missing", "ThredUp")
    assert "No twelve months lack one figure only" in thredup, "no expense at all, and counts a year apart are not here"


def test_what_is_missing_would_give_a_number(document: Element, snapshot: Connection) -> None:
    """Of Alibaba the retail marketplaces, which have costs: 726m buyers until March 2020 and 811m a year later are
    here, the expense of that year is not. Of the newest window of all, china_ecosystem until 2022-03-31, the buyers are
    a bound."""
    retail = sentence_of(document, "answer_missing", "Alibaba (Taobao and Tmall) (china retail marketplaces)")
    assert "are 2020-04-01 to 2021-03-31: the sales and marketing expense of this window is not in" in retail
    assert retail.endswith("the annual report on them should have it.")
    alibaba = [text for row in shown_rows(articles(document)["answer_missing"]) if (text := told(row))[:7] == "Alibaba"]
    assert len(alibaba) == 2, "no window of a perimeter without any cost"
    assert "Buyers: last for 2022-03-31 (china ecosystem, global ecosystem);" in alibaba[0]
    assert "The last count of buyers is a bound only; the last exact one is for 2021-12-31." in alibaba[0]
    (coverage,) = snapshot.execute(
        "select max(c.period_end) from marts.coverage as c where c.platform = 'alibaba' "
        "and c.metric = 'annual_active_buyers' and c.status = 'figure'"
    ).fetchall()
    assert coverage == (date(2021, 12, 31),), "that of Coverage"
    (row,) = (r for r in shown_rows(articles(document)["answer_missing"]) if told(r).startswith(retail[:50]))
    assert quotes(row) == ["726 million", "811 million"]


def test_deals_cite_the_register(document: Element, snapshot: Connection) -> None:
    """The documents of each deal of a pair, and those that tell of its end; not the article that claims it."""
    titles = dict(snapshot.execute("select d.document_id, d.title from core.document as d").fetchall())
    (row,) = (
        r for r in shown_rows(articles(document)["answer_lasted"]) if "Kuaishou and Pinduoduo" in r.text_content()
    )
    assert "it ended on a day from 2019-06-17 to 2022-02-24" in row.text_content()
    assert sentence_of(document, "answer_lasted", "WeChat and Mobile QQ") == (
        "WeChat and Mobile QQ (Tencent) and JD.com (Jingdong): parted; the first day known is 2014-03-10, the last "
        "2025-09-30, 4,222 days apart, interruptions included. The last day is the one announced for the end: no "
        "document of that day or later tells of it."
    )
    cited = [entry.text_content() for entry in opened(row)]
    assert any(titles["doc_8974833fd0"] in text for text in cited), "the page that tells of the end"
    assert not any(titles["doc_article"] in text for text in cited)
    (row,) = (r for r in shown_rows(articles(document)["answer_press"]) if "only pair" in r.text_content())
    deals = snapshot.execute(
        "select distinct d.title from core.partnership as p join core.document as d using (document_id) "
        "where p.partnership_id in ('wechat-jd-2014', 'tmall-suning-2015', 'pinduoduo-gome-2020')"
    ).fetchall()
    cited = [entry.text_content() for entry in opened(row)]
    for (title,) in deals:
        assert any(title in text for text in cited), title


def test_the_press_sentence_by_sentence(document: Element) -> None:
    """10,158.7m over 226.6m less 155.0m buyers is 141.88, and 142 was claimed: see METRICS.md."""
    jd = sentence_of(document, "answer_press", "“JD acquisition cost in 2016”")
    assert "holds, as known today; the claim has no date." in jd
    assert "Claimed 142, which allows 141.5 to 142.5 (half a unit of the last printed digit either way)" in jd
    assert jd.endswith("computed 141.88 [141.68, 142.08] CNY per person: sales and marketing expense of twelve months "
                       "over the buyers gained net in it, whole company, 2016-01-01 to 2016-12-31.")  # fmt: skip
    pdd = sentence_of(document, "answer_press", "“Pinduoduo customer acquisition cost grew")
    assert "does not hold, as known on 2020-05-27, the day of the claim." in pdd
    assert 'Claimed 150, which allows 145 to 155 ("about": half a unit of the second digit either way)' in pdd
    assert "computed 163.01 [162.92, 163.11] CNY per person" in pdd
    assert "As known today: depends on definition, 150.50 [150.47, 150.53] by sales and marketing expense of 3" in pdd
    assert "of 3 years over the buyers gained net in it, 2018-01-01 to 2020-12-31. Other readings" in pdd
    assert "would need: sales and marketing expense of Pinduoduo for 2020-01-01 to 2020-12-31" in pdd
    bound = sentence_of(document, "answer_press", "“daily active users above 300 million")
    assert "Claimed at least 300,000,000; computed at least 300,000,000 persons" in bound
    assert bound.endswith("A document that it rests on has no date."), "a bound is no number"
    spread = sentence_of(document, "answer_press", "“average growth multiple")
    assert 'Its words allow 7.5 to 10.5 ("about"' in spread
    assert "computed 4.54 [4.42, 4.67] times" in spread
    deal = sentence_of(document, "answer_press", "“JD and Kuaishou presented as the only pair")
    assert "does not hold, by the register of deals as it stands today. By 2020-05-27 the register has 11 other" in deal
    for row in shown_rows(articles(document)["answer_press"])[1:]:
        assert opened(row), row.text_content()


def test_verdicts_that_are_others_today_are_listed(document: Element, snapshot: Connection) -> None:
    """JD's cost of 2016 was 147.67 as known in 2017 and is 141.88 since the restatement of 2018."""
    restated = sentence_of(document, "answer_press", "“JD average traffic-acquisition cost")
    assert "holds, as known on 2017-10-17, the day of the claim. Claimed 147.67, which allows 147.665 to" in restated
    assert "computed 147.67 [147.46, 147.87] CNY per person" in restated
    assert "As known today: does not hold, 141.88 [141.68, 142.08] by" in restated
    change = sentence_of(document, "answer_press", "“JD acquisition cost change 2012 to 2016”")
    assert "does not hold, 117.33 [115.74, 118.93] by" in change
    assert "between which what counts as a buyer changed, last with the count of 2015-12-31." in change
    assert "counts as a buyer changed" not in sentence_of(document, "answer_press", "“average growth multiple")
    assert change.endswith("2012-01-01 to 2012-12-31 and 2016-01-01 to 2016-12-31.")
    counts, *checked = shown_rows(articles(document)["answer_press"])
    ((flipped,),) = snapshot.execute(
        "select count(*) from marts.claim_verdict as v where v.verdict <> v.verdict_now"
    ).fetchall()
    assert words(counts)["flipped"] == str(flipped) == "3"
    assert sum("As known today:" in row.text_content() for row in checked) == flipped


def row_of(document: Element, key: str, **wanted: str) -> Element:
    """The one row of a table in which these columns have these texts."""
    (found,) = (row for row in shown_rows(articles(document)[key]) if wanted.items() <= words(row).items())
    return found


def values(row: Element, *names: str) -> list[str]:
    """What is printed in these columns; empty where nothing is."""
    return [words(row).get(name, "") for name in names]


def test_a_change_in_factors_by_hand(document: Element) -> None:
    """27,174.249m of 13,441.813m (20-F) are 2.02 times; 166.7m of 173.7m buyers won are 0.96 times: METRICS.md."""
    row = row_of(document, "decomposition", name="Pinduoduo", period_end="2019-12-31")
    factors = ("cac_factor", "spend_factor", "net_adds_factor")
    assert values(row, *factors) == ["2.11", "2.02", "0.96"]
    cost, spend, buyers = (float(row.xpath(f".//data[@data-c='{name}']/@value")[0]) for name in factors)
    assert cost * buyers == pytest.approx(spend, rel=1e-12)


def test_a_restated_figure_has_the_cost_before_and_after(document: Element) -> None:
    """10,573.024m over 71.6m buyers was 147.67 until JD printed 10,158.686m in April 2018: 141.88."""
    row = row_of(document, "restatements", name="JD.com (Jingdong)", first_value="10,573,024,000")
    assert values(row, "cac_before", "cac_after", "currency") == ["147.67", "141.88", "CNY"]
    assert values(row, "row_end", "moved_on", "validity_after") == ["2016-12-31", "2018-04-27", "ok"]
    none = row_of(document, "restatements", name="Groupon", period_end="2016-12-31")
    assert values(none, "cac_before", "cac_after", "validity_after") == ["95.51", "", "consolidation mismatch"]
    revenue = row_of(document, "restatements", first_value="260,121,645,000")
    assert values(revenue, "cac_before", "validity_after") == ["", ""], "no cost rests on a revenue"


def test_a_year_of_ranks_has_every_platform_that_is_compared(document: Element) -> None:
    """JD's expense of 2017 is in an undated document: ranked against Alibaba's, which is not ranked against it."""
    jd = row_of(document, "peers", period="2017", name="JD.com (Jingdong)")
    alibaba = row_of(document, "peers", period="2017", name="Alibaba (Taobao and Tmall)")
    assert values(jd, "rank", "rank_worst", "ranked", "cac") == ["1", "1", "2", "224.67"]
    assert values(alibaba, "rank", "rank_worst", "ranked", "cac") == ["1", "1", "1", "278.56"]
    assert ("undated input" in words(jd)["flags"], "undated input" in words(alibaba)["flags"]) == (True, False)
    assert values(alibaba, "period_start", "period_end") == ["2017-04-01", "2018-03-31"]
    for row in shown_rows(articles(document)["peers"]):
        year = [
            other for other in shown_rows(articles(document)["peers"]) if words(other)["period"] == words(row)["period"]
        ]
        assert len(year) == max(int(words(other)["ranked"]) for other in year)


def test_unit_economics_have_months_or_a_reason(document: Element, snapshot: Connection) -> None:
    row = row_of(document, "unit_economics", name="Pinduoduo", period_end="2019-12-31")
    ((months,),) = snapshot.execute(
        "select round(u.value, 1) from marts.unit_economics as u where u.metric = 'payback_months' "
        "and u.platform = 'pdd' and u.period_end = date '2019-12-31'"
    ).fetchall()
    assert values(row, "payback_months", "validity") == [str(months), "ok"]
    none = row_of(document, "unit_economics", name="JD.com (Jingdong)", period_end="2017-12-31")
    assert values(none, "payback_months", "validity") == ["", "missing gross profit"]
    assert float(words(none)["sm_per_buyer"]) > 0, "what can be told is told"
    kuaishou = [row for row in shown_rows(articles(document)["intensity"]) if words(row)["name"] == "Kuaishou"]
    assert kuaishou, "an expense over revenue needs no buyers"


def test_where_a_cost_has_no_meaning_it_is_said(document: Element, snapshot: Connection) -> None:
    row = row_of(document, "no_cost", name="Groupon", validity="net loss of buyers")
    assert values(row, "lacks_figure", "window_count", "first_window") == ["no", "1", "2020-03-31"]
    told = row_of(document, "cost", name="Groupon", period_end="2020-03-31")
    assert values(told, "cac", "validity") == ["", "net loss of buyers"]
    assert int(words(told)["net_adds"].replace(",", "")) < 0
    (picture,) = (
        figure for figure in articles(document)["cost"].iter("figure") if "Groupon" in figure.text_content()
    )  # fmt: skip
    assert "net loss of buyers" in picture.text_content(), "seen in the chart"
    ((without,),) = snapshot.execute(
        "select count(*) from marts.cac_trend as t where t.definition = 'cac_net_12m' and t.cac is null"
    ).fetchall()
    assert sum(int(words(row)["window_count"]) for row in shown_rows(articles(document)["no_cost"])) == without


def test_tie_outs_and_undated_numbers_against_the_marts(document: Element, snapshot: Connection) -> None:
    ((figures, alone, contradicted),) = snapshot.execute(
        "select count(distinct t.observation_id), count(*) filter (where t.verdict = 'alone'), "
        "count(*) filter (where t.verdict = 'contradicted' and t.explanation is distinct from 'restated') "
        "from marts.tie_out as t"
    ).fetchall()
    rows = {words(row)["tie_rule"]: words(row) for row in shown_rows(articles(document)["tie_outs"])}
    assert int(rows["alone"]["figures"]) == alone < figures
    assert all(row["unexplained"] == "0" for row in rows.values())
    assert int(rows["gross profit"]["explained"]) == 3
    assert len(shown_rows(articles(document)["contradictions"])) == contradicted
    essay = row_of(document, "contradictions", name="Pinduoduo", figure="Cost of revenue")
    assert values(essay, "value", "evidence_from", "evidence_to") == ["2,905,249,000", "2,902,842,000", "2,902,844,000"]
    assert values(essay, "explanation", "figure_verdict") == ["misprint", "confirmed"]
    undated = row_of(document, "undated", mart="marts.cac_trend")
    flagged = snapshot.execute(
        "select count(*) from marts.cac_trend as t where t.cac is not null and list_contains(t.flags, 'undated_input')"
    ).fetchall()
    assert [(int(words(undated)["undated_numbers"]),)] == flagged


def test_the_checks_say_when_they_ran(document: Element) -> None:
    for row in shown_rows(articles(document)["checks"]):
        for moment in values(row, "checked_from", "checked_until"):
            assert re.fullmatch(r"20\d\d-\d\d-\d\d \d\d:\d\d", moment)


@pytest.mark.parametrize(
    ("shops", "said"),
    [
        (0, "Taobao and Tmall: no number. Neither expense nor buyers"),
        (2, "Shop 1, Shop 2, Taobao and Tmall: no number. Neither"),
        (3, "4 platforms, among them Shop 1, Shop 2, Shop 3: no number. Neither"),
    ],
)
def test_platforms_without_any_window_are_one_sentence(small: Settings, shops: int, said: str) -> None:
    with open_build(small) as con:
        con.execute(
            "insert into core.platform by name select 'shop' || i as platform, 'Shop ' || i as name, 'supply' as role "
            "from range(1, ? + 1) as made(i)",
            [shops],
        )
        publish(con, small, now=NOW)
    document = parsed(make_page(small).path.read_text(encoding="utf-8"))
    told = [" ".join(row.text_content().split()) for row in shown_rows(articles(document)["answer_cost"])]
    assert [text.startswith(said) for text in told if "Neither" in text] == [True], told


DAILY = {
    "marts.buyer_payback": """
        select 'jd' as platform, '' as channel, '' as partnership_id, date '2025-01-01' as cohort_month,
            unnest([0, 30]) as age_days, 'CNY' as currency, 100 as buyers, 20.0 as cost_per_buyer, 16.0 as cost_low,
            25.0 as cost_high, unnest([10.0, 24.0]) as value_per_buyer, unnest([0.5, 1.2]) as value_per_cost,
            unnest([0.4, 0.96]) as value_per_cost_low, unnest([0.625, 1.5]) as value_per_cost_high, 9 as payback_day,
            3 as payback_low, 'paid_back' as payback_status, 'ok' as validity, 'net_revenue' as value_kind,
            []::varchar[] as flags
        union all by name
        select 'jd' as platform, 'ads' as channel, '' as partnership_id, date '2025-01-01' as cohort_month,
            60 as age_days, 7.0 as cost_per_buyer
        union all by name
        select 'jd' as platform, '' as channel, '' as partnership_id, date '2025-02-01' as cohort_month, 0 as age_days,
            'no_cost' as payback_status, 'missing_spend' as validity""",
    "marts.buyer_lifetime": """
        select 'jd' as platform, '' as channel, unnest([90, 365]) as horizon_days, true as is_model,
            unnest(['ok', 'horizon_too_far']) as status, unnest([2.5, null]) as expected_orders,
            unnest([2.0, null]) as expected_orders_low, unnest([3.1, null]) as expected_orders_high,
            0.12 as held_error, -0.4 as held_naive_error""",
    "marts.incrementality": """
        select 'jd' as platform, unnest(['a', 'b']) as study_id, 'a-deal' as partnership_id, 'orders' as metric,
            900.0 as attributed, unnest([400.0, null]) as incremental, unnest([300.0, -50.0]) as incremental_low,
            unnest([500.0, 60.0]) as incremental_high, unnest(['effect_seen', 'no_effect_seen']) as verdict""",
    "marts.delivery_settling": """
        select 'jd' as platform, 'search' as channel, '' as partnership_id, unnest(['clicks', 'orders']) as metric,
            '' as currency, unnest([1, 0]) as age, 40 as days, 0.25 as moved_share, 1.06 as ratio_median,
            1.01 as ratio_low, 1.2 as ratio_high, 7 as settles_after_days, unnest([true, false]) as history_suffices
        union all by name
        select 'jd' as platform, 'search' as channel, '' as partnership_id, 'clicks' as metric, '' as currency,
            8 as age, 7 as settles_after_days, true as history_suffices, 1.0 as ratio_median""",
    "marts.delivery_final": """
        select 'jd' as platform, date '2025-03-01' as date, 'search' as channel, '' as partnership_id,
            unnest(['clicks', 'orders']) as metric, '' as currency, unnest([100, 0]) as value, 1 as age,
            unnest([101.0, null]) as final_low, unnest([120.0, null]) as final_high,
            unnest(['band', 'value_not_positive']) as settling, date '2025-03-08' as settles_on""",
}  # fmt: skip


def test_daily_numbers(small: Settings) -> None:
    """Of payback the platform alone, at the greatest age of each month; what is not known has no number."""
    with open_build(small) as con:
        for table, rows in DAILY.items():
            con.execute(f"insert into {table} by name {rows}")
        publish(con, small, now=NOW)
    document = parsed(make_page(small).path.read_text(encoding="utf-8"))
    with open_snapshot(small.serving_db) as con:
        assert list(differences(con, document)) == []
    shown = {
        key: [told(row) for row in shown_rows(articles(document)[key])]
        for key in ("payback", "lifetime", "incrementality", "settling", "unsettled")
    }
    (section,) = document.xpath("//section[@id='daily']")
    assert not section.xpath("./p[@class='none']")
    assert "No daily data" in articles(document)["channels"].text_content(), "of one part alone"
    first, second = shown["payback"]
    assert "2025-01-01 30 100 20.00 [16.00, 25.00] 24.00 CNY net revenue 1.20 [0.96, 1.50]" in first
    assert "9 [3, no upper end] paid back" in first
    assert "no number" in second
    assert "no cost missing spend" in second
    first, second = shown["lifetime"]
    assert "90 yes ok 2.50 [2.00, 3.10]" in first
    assert "0.120 -0.400" in first, "the error beside that of the naive forecast"
    assert "365 yes horizon too far no number" in second
    assert "a model" in articles(document)["lifetime"].xpath("./h3")[0].text_content()
    first, second = shown["incrementality"]
    assert "none told 900.00 400 [300, 500]" in first
    assert "none told 900.00 no number [-50, 60]" in second
    first, second = shown["settling"]
    assert "clicks — 7 yes 1 40 0.250 1.060 [1.010, 1.200]" in first, "the youngest age alone"
    assert "orders — 7 no 0" in second
    first, second = shown["unsettled"]
    assert "clicks 100 — 1 101.00 120.00 band 2025-03-08" in first
    assert "orders 0 — 1 cannot be told cannot be told value not positive" in second


def test_without_daily_data_the_section_says_what_to_deliver(document: Element) -> None:
    (section,) = document.xpath("//section[@id='daily']")
    assert not section.xpath(".//article")
    (none,) = section.xpath("./p[@class='none']")
    assert "docs/daily-data.md has the columns" in " ".join(none.text_content().split())
    assert (ROOT / "docs" / "daily-data.md").exists()


def test_every_section_begins_with_links_to_its_parts(document: Element) -> None:
    for section in document.xpath("//main/section[h2][.//article]"):
        links = section.xpath("./ul[@class='parts']/li/a")
        titles = {article.get("id"): article.xpath("./h3")[0].text_content() for article in section.iter("article")}
        assert {link.get("href").removeprefix("#"): link.text_content() for link in links} == titles
    more = articles(document)["answer_change"].xpath("./p[@class='more']/a/@href")
    assert more == ["#cost_pooled", "#decomposition", "#restatements"]


def test_a_row_without_a_number_says_why(document: Element) -> None:
    rows = {row.xpath(".//*[@data-c='row_id']")[0].text: row for row in shown_rows(articles(document)["cost"])}
    words = told(rows["jd/whole/cac_net_12m/2014-12-31"])
    assert "no number" in words
    assert "what is counted changed inside the window" in words
    only_bound = told(rows["jd/whole/cac_net_12m/2021-12-31"])
    assert "no number: at least 368.98" in only_bound


def test_the_deal_of_the_article_has_no_number_and_a_reason(document: Element) -> None:
    (sentence,) = shown_rows(articles(document)["answer_deal"])
    assert "nobody can tell" in sentence.text_content()
    assert "only 1 of the 5 donors needed" in sentence.text_content()
    assert "Annual active buyers of JD.com (Jingdong) for 2018 Q3, 2018 Q4;" in sentence.text_content()
    assert opened(sentence)[0].xpath(".//a")


def test_sentences_have_no_number_of_their_own(document: Element) -> None:
    """Every digit stands in a cell of its row, but for those of the texts."""
    for sentence in document.xpath("//ul[@class='sentences']/li/p"):
        for cell in sentence.xpath(".//*[@data-c]"):
            cell.text = ""
            for inner in list(cell):
                cell.remove(inner)
        assert re.findall(r"\d+", sentence.text_content()) in ([], ["100"]), sentence.text_content()


def test_every_figure_and_document_of_a_row_opens(page: Page, document: Element, snapshot: Connection) -> None:
    assert list(wrong_documents(snapshot, document)) == []
    text = page.path.read_text(encoding="utf-8")
    altered = text.replace("<q>27174249000</q>", "<q>27174249001</q>")
    assert len(list(wrong_documents(snapshot, parsed(altered)))) > 3, "the comparison can fail"


def test_the_label_of_sources_counts_what_it_opens(document: Element) -> None:
    """Of Alibaba's year until March 2017 an expense and two counts, of which one is derived: it is no calendar year."""
    lists = document.xpath("//details[@class='cited']")
    assert len(lists) > 300
    for cited in lists:
        assert cited.xpath("./summary")[0].text == f"Sources: {len(cited.xpath('./button'))}"
    row = row_of(document, "cost", row_id="alibaba/china_retail_marketplaces/cac_net_12m/2017-03-31")
    buttons = [button.text_content() for button in row.xpath(".//details[@class='cited']/button")]
    assert any(text.startswith("Sales and marketing expense, 2016-04 – 2017-03: ") for text in buttons), buttons
    assert "Annual active buyers, 2016-04 – 2017-03 (derived)" in buttons


def test_every_cost_has_a_figure(document: Element) -> None:
    for key in ("cost", "cost_pooled", "answer_cost"):
        for row in shown_rows(articles(document)[key]):
            if row.xpath(".//*[@data-c='cac']"):
                assert any(entry.xpath(".//q") for entry in opened(row)), "a number without a printed figure"


def test_a_document_stands_once_on_the_page(document: Element) -> None:
    entries = [entry.text_content() for entry in document.xpath("//*[@popover]")]
    assert len(entries) == len(set(entries)) > 200


@pytest.fixture(scope="module")
def beside(page: Page) -> dict[str, Element]:
    """The files beside the page, by name."""
    paths = sorted(page.path.parent.glob("*-*.html"))
    return {path.name: parsed(path.read_text(encoding="utf-8")) for path in paths}


def test_files_beside_the_page_against_the_snapshot(beside: dict[str, Element], snapshot: Connection) -> None:
    assert Counter(name.partition("-")[0] for name in beside) == {"asof": 12, "deal": 35}
    for name, file in beside.items():
        assert [*differences(snapshot, file), *wrong_documents(snapshot, file)] == [], name
    file = beside["asof-2017-10-17.html"]
    file.xpath("//*[@data-c='cac']")[0].set("value", "1")
    assert len(list(differences(snapshot, file))) == 1, "the comparison can fail"


def test_the_cost_of_jd_as_known_before_it_was_restated(beside: dict[str, Element], snapshot: Connection) -> None:
    """10,573m over 226.6m less 155.0m is 147.67; since April 2018 the expense is 10,158.7m: 141.88. See README."""
    row = words_of(beside["asof-2018-04-26.html"], "asof_cost", "jd/whole/cac_net_12m/2016-12-31")
    assert (row["cac"], row["cac_today"], row["is_changed"]) == ("147.67", "141.88", "yes")
    mart = snapshot.execute(
        "select t.cac from marts.cac_trend_as_of(date '2018-04-26') as t "
        "where t.row_id = 'jd/whole/cac_net_12m/2016-12-31'"
    ).fetchall()
    assert row["value"] == str(mart[0][0])
    later = words_of(beside["asof-2020-05-27.html"], "asof_cost", "pdd/whole/cac_pooled_2y/2019-12-31")
    assert later["is_changed"] == "no"


def test_what_no_dated_document_proves_for_a_day_is_listed_with_its_number(beside: dict[str, Element]) -> None:
    """By hand: 14,918.107m over 293m less 226.6m buyers is 224.67, 41,470.785m over 362m less 293m is 601.03. The count
    of 2017 is in a document without a date. Of 2018 there is no number today either."""
    file = beside["asof-2020-05-27.html"]
    assert "not all that the public knew" in file.xpath("//header")[0].text_content()
    numbers = {
        row_id: words_of(file, "asof_unproved", row_id)
        for row_id in ("jd/whole/cac_net_12m/2017-12-31", "jd/whole/cac_pooled_2y/2019-12-31")
    }
    assert [row["cac"] for row in numbers.values()] == ["224.67", "601.03"]
    shown = {words(row)["row_id"]: told(row) for row in shown_rows(articles(file)["asof_unproved"])}
    assert all("day unknown: a document has no date" in shown[row_id] for row_id in numbers)
    assert "jd/whole/cac_net_12m/2018-12-31" not in shown
    assert "pdd/whole/cac_net_12m/2019-12-31" not in shown, "known since 2020-04-24"
    before = {
        words(row)["row_id"]: told(row) for row in shown_rows(articles(beside["asof-2018-04-26.html"])["asof_unproved"])
    }
    assert "jd/whole/cac_net_12m/2016-12-31" not in before, "it had another number on that day"
    assert "known since 2018-08-24 at the latest" in before["alibaba/china_retail_marketplaces/cac_net_12m/2018-03-31"]


def words_of(document: Element, key: str, row_id: str) -> dict[str, str]:
    (row,) = (row for row in shown_rows(articles(document)[key]) if words(row)["row_id"] == row_id)
    return words(row) | {"value": row.xpath(".//*[@data-c='cac']/@value")[0]}


def test_a_day_before_any_cost_has_none_and_says_so(beside: dict[str, Element]) -> None:
    article = articles(beside["asof-2015-03-04.html"])["asof_cost"]
    assert not article.xpath(".//table")
    assert (
        article.xpath("./p[@class='none']")[0].text == "No cost could be computed from the dated documents of that day."
    )


def test_a_deal_has_its_effects_or_why_there_is_none(beside: dict[str, Element], snapshot: Connection) -> None:
    studies = snapshot.execute(
        "select e.partnership_id, count(*) from marts.partnership_effect as e group by all"
    ).fetchall()
    for deal, count in studies:
        file = beside[f"deal-{deal}.html"]
        rows = shown_rows(articles(file)["deal_effect"])
        assert len(rows) == count
        assert all(words(row)["missing"] for row in rows if "effect_pct" not in words(row)), deal
    windows = snapshot.execute(
        "select w.event, w.position, w.value, w.yoy_pct from marts.partnership_window as w "
        "where w.partnership_id = 'kuaishou-jd-2022-link-return' and w.metric = 'revenue' and w.platform = 'kuaishou'"
    ).fetchall()
    for row in shown_rows(articles(beside["deal-kuaishou-jd-2022-link-return.html"])["deal_windows"]):
        cells = words(row)
        if (cells["name"], cells["figure"]) == ("Kuaishou", "Revenue") and cells["period_start"][5:] == "07-01":
            value, yoy = (row.xpath(f".//*[@data-c='{name}']/@value")[0] for name in ("value", "yoy_pct"))
            assert (cells["event"], cells["position"], Decimal(value), float(yoy)) in windows


def test_links_between_the_files_lead_somewhere(page: Page, document: Element, beside: dict[str, Element]) -> None:
    links = {link for link in document.xpath("//a/@href") if link.endswith(".html") and ":" not in link}
    assert links == set(beside), "each is linked from the page"
    for file in beside.values():
        assert file.xpath("//header//a/@href")[0] == "index.html"
        for article in articles(file).values():
            for link in article.xpath(".//a[@download]/@href"):
                with (page.path.parent / link).open(encoding="utf-8", newline="") as csv_file:
                    assert len(list(csv.DictReader(csv_file))) == len(shown_rows(article)), link


def test_csv_files_have_every_row_with_all_digits(page: Page, document: Element, snapshot: Connection) -> None:
    for key, article in articles(document).items():
        (link,) = article.xpath(".//div[@class='source']//a/@href") or [None]
        if link is None:
            continue
        with (page.path.parent / link).open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        if key == "cost":
            mart = snapshot.execute("select t.row_id, t.cac, t.spend from marts.cac_trend as t").fetchall()
            by_row = {row_id: (cac, spend) for row_id, cac, spend in mart}
            for row in rows:
                cac, spend = by_row[row["row_id"]]
                assert (row["cac"] and float(row["cac"])) == (cac if cac is not None else "")
                assert (row["spend"] and Decimal(row["spend"])) == (spend if spend is not None else "")
        assert len(rows) == len(shown_rows(article)), key


def test_restated_figures_and_hostile_words(small: Settings) -> None:
    """The small warehouse has a title with control characters; its page has all values of its snapshot too."""
    page = make_page(small)
    document = parsed(page.path.read_text(encoding="utf-8"))
    with open_snapshot(small.serving_db) as con:
        assert list(differences(con, document)) == []
    (row,) = (
        row for row in shown_rows(articles(document)["cost"])
        if row.xpath(".//*[@data-c='row_id']")[0].text == "jd/whole/cac_net_12m/2016-12-31"
    )  # fmt: skip
    assert row.xpath(".//*[@data-c='cac']")[0].text == "141.88"
    assert "10,158.7" in row.text_content(), "the restated print"
    assert "\x1b" not in page.path.read_text(encoding="utf-8"), "a title with control characters"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (163.01289, "163.01"),
        (0.0012, "0.001"),
        (0.0, "0.00"),
        (-5.5, "-5.50"),
        (300000000.0, "300,000,000"),
        (1234.5, "1,234.50"),
        (Decimal("27174249000.000000"), "27,174,249,000"),
        (Decimal("0.100000"), "0.1"),
        (Decimal("12345678901234567890.123456"), "12,345,678,901,234,567,890.123456"),
        (Decimal("100.000000"), "100"),
        (4222, "4,222"),
        (date(2020, 4, 24), "2020-04-24"),
        ("as_it_is", "as_it_is"),
        (None, ""),
    ],
)
def test_how_values_are_printed(value: object, text: str) -> None:
    assert printed(value) == text
