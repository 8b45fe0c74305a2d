"""Seventy changes to a home, ten of each kind: what companies print, what teams deliver, what things mean, the code."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from tests.support.whole_home import Row, WholeHome

Change = Callable[[WholeHome], None]
FILED_ON = "2026-11-02"
# A day before: on the same one, each would explain without the other that something became known on it.
RESTATED_ON = "2026-11-01"
ADDED = ("doc_new", "doc_restates")
# Figures that a company prints for the first time: platform, metric, period type, period, value, in the unit of the
# latest one.
NEW_FIGURES = (
    ("pdd", "sm_expense", "year", "2025-01-01", "2025-12-31", 120_000_000_000),
    ("jd", "sm_expense", "year", "2025-01-01", "2025-12-31", 60_000_000_000),
    ("wayfair", "sm_expense", "year", "2021-01-01", "2021-12-31", 1_370_000_000),
    ("groupon", "sm_expense", "year", "2021-01-01", "2021-12-31", 180_000_000),
    ("jd", "annual_active_buyers", "ttm", "2022-01-01", "2022-12-31", 590_000_000),
    ("pdd", "annual_active_buyers", "ttm", "2021-07-01", "2022-06-30", 890_000_000),
    ("zalando", "annual_active_buyers", "ttm", "2022-07-01", "2023-06-30", 50_500_000),
    ("pdd", "revenue", "year", "2025-01-01", "2025-12-31", 410_000_000_000),
)
# Figures that a company prints anew, each 3 % higher: the last one known of the platform, metric and period type, each
# from a filing or release of its own.
RESTATED = (
    ("etsy", "sm_expense", "year"),
    ("jd", "revenue", "year"),
    ("alibaba", "sm_expense", "year"),
    ("wayfair", "sm_expense", "year"),
    ("groupon", "sm_expense", "year"),
    ("chewy", "sm_expense", "year"),
    ("zalando", "annual_active_buyers", "ttm"),
    ("wayfair", "annual_active_buyers", "ttm"),
    ("jd", "cost_of_revenue", "year"),
    ("pdd", "cost_of_revenue", "year"),
)
SPEND = "platform,date,channel,account,currency,marketing_spend,clicks"
ORDER = "event_id,event_time,platform,buyer_id_hash,amount,currency,status,transaction_id,coupon"
PLAN = "platform,channel,month,metric,planned,currency,agreed_on"
DELIVERED = (
    (
        SPEND,
        "made_shop,2025-03-30,google_ads,own,CNY,9000,10",
    ),
    (
        SPEND,
        "made_shop,2025-04-01,google_ads,own,CNY,4100,80",
    ),
    (SPEND, "made_shop,2025-04-01,meta_ads,own,CNY,3100,80"),
    (SPEND, "made_shop,2025-01-05,tiktok_ads,own,CNY,1,1"),
    (
        ORDER,
        "n1,2025-04-01 10:00:00,made_shop,new1@example.org,100,CNY,placed,tn1,FRIEND1",
    ),
    (
        ORDER,
        "n2,2025-04-01 11:00:00,made_shop,b25@example.org,250,CNY,placed,tn2,",
    ),
    (
        ORDER,
        "o000000001,2025-01-01 00:43:12,made_shop,b25@example.org,360.73,CNY,cancelled,t1,FRIEND17",
    ),
    (
        PLAN,
        "made_shop,google_ads,2025-03-01,marketing_spend,90000,CNY,2025-02-20",
    ),
    ("platform,channel,valid_from,rate", "made_shop,google_ads,2025-01-01,0.4"),
    ("platform,reporter,transaction_id,touched_at,source,medium", "made_shop,awin,tn2,2025-04-01 11:30:00,blog7,"),
)
RULE = "platform,rank,evidence,reporter,value,channel,valid_from"
NAME = "platform,delivered_channel,account,counts_as,repeats,valid_from"
RULES = (
    (RULE, "made_shop,1,coupon,,FRIEND*,friends,2024-01-01"),
    (RULE, "made_shop,1,coupon,,CREATOR9*,creators,2024-01-01"),
    (RULE, "made_shop,1,touch_source,awin,blog1*,blogs,2024-01-01"),
    (RULE, "made_shop,1,touch_source,awin,blog2*,review_sites,2025-02-01"),
    (RULE, "made_shop,3,utm_source,,fb,fb_ads,2024-01-01"),
    (RULE, "made_shop,4,order_source,,tiktok,short_video,2024-01-01"),
    (RULE, "made_shop,6,touch_source,ga4,newsletter,newsletter,2024-01-01"),
    (RULE, "made_shop,7,order_source,,(direct),direct,2025-03-01"),
    (
        NAME,
        "made_shop,short_video,,tiktok_ads,false,2025-03-01",
    ),
    (
        NAME,
        "made_shop,friends,,influencer,false,2025-03-15",
    ),
)
RATE = "currency,quote_currency,period_start,period_end,rate,source"
RATES = tuple(
    (RATE, f"CNY,{currency},{day},{day},{rate},bank")
    for currency, day, rate in (
        ("USD", "2025-01-02", "0.137"),
        ("USD", "2025-02-03", "0.138"),
        ("USD", "2025-03-03", "0.139"),
        ("EUR", "2025-01-02", "0.132"),
        ("EUR", "2025-03-03", "0.133"),
    )
)
# Months of a currency whose first fixing is another.
FIXINGS = (("USD", "2019-12"), ("USD", "2020-06"), ("CNY", "2017-05"), ("CNY", "2019-03"), ("CNY", "2020-02"))
NEW_DEFINITION = "        ('cac_gross_45', 'gross', 12, 0.45, null),\n"
# Text of a query, and what stands in its place: definitions and words, and what computes.
MEANINGS = (
    ("core/definition.sql", "        ('cac_gross_30'", f"{NEW_DEFINITION}        ('cac_gross_30'"),
    ("core/definition.sql", "('cac_gross_20', 'gross', 12, 0.20, null)", "('cac_gross_20', 'gross', 12, 0.21, null)"),
    ("core/term.sql", "('coarse', 'ranked', 'rounding is over 5 %", "('coarse', 'ranked', 'the rounding is over 5 %"),
    ("core/term.sql", "'the platform had fewer buyers at the end than at the start'", "'the platform lost buyers'"),
)
PROGRAMS = (
    ("marts/economics/year_on_year.sql", "100 * (ratio(told.value, told.ea", "101 * (ratio(told.value, told.ea"),
    ("steps/company_report.sql", "min(observation.published_on)::date", "max(observation.published_on)::date"),
    (
        "marts/acquisition_cost/cac_decomposition.sql",
        "told.adds_part / told.log_change, null)",
        "told.adds_part / told.log_change + 1, null)",
    ),
    ("marts/partnerships/partnership_league.sql", "pair_last_on), 0)::integer", "pair_last_on) + 1, 0)::integer"),
    ("marts/claims/claim_verdict.sql", "reading.tried::integer", "(reading.tried + 1)::integer"),
    ("steps/income_window.sql", "best.value::decimal(28, 6)", "(best.value + 1)::decimal(28, 6)"),
    (
        "marts/channels/channel_cost.sql",
        "(judged.won / nullif(judged.platform_won, 0))::double",
        "(2 * judged.won / nullif(judged.platform_won, 0))::double",
    ),
    ("marts/restatements/tie_out.sql", "told.evidence_low::double", "(told.evidence_low - 1)::double"),
    ("marts/channels/attribution_open.sql", "counted.orders::bigint", "(counted.orders + 1)::bigint"),
    (
        "marts/acquisition_cost/coverage.sql",
        "covered.rounding_half_width::decimal",
        "(2 * covered.rounding_half_width)::decimal",
    ),
)


def _new_document(home: WholeHome, name: str, published_on: str) -> None:
    row = {
        "document_id": name,
        "kind": "filing",
        "publisher": "example.org",
        "title": f"Report {name}",
        "url": f"https://example.org/{name}",
        "published_on": published_on,
    }
    home.edit("documents", lambda rows: rows.append(row))


def _last(rows: list[Row], platform: str, metric: str, period_type: str) -> Row:
    """The last exact figure of the whole company, of those that were there before any change."""
    of = [r for r in rows if (r["platform"], r["metric"], r["period_type"]) == (platform, metric, period_type)]
    of = [r for r in of if not r["document_id"].startswith(ADDED)]
    return max((r for r in of if r["qualifier"] == "exact" and not r["scope"]), key=lambda r: r["period_end"])


def new_figure(figure: tuple[str, str, str, str, str, int], home: WholeHome) -> None:
    platform, metric, period_type, start, end, value = figure
    name = f"doc_new_{platform}_{metric}"
    _new_document(home, name, FILED_ON)

    def add(rows: list[Row]) -> None:
        told = {"period_start": start, "period_end": end, "value": str(value), "printed_as": f"{value:,}"}
        rows.append(_last(rows, platform, metric, period_type) | told | {"observation_id": "", "document_id": name})

    home.edit("observations", add)


def restated_figure(series: tuple[str, str, str], home: WholeHome) -> None:
    name = f"doc_restates_{series[0]}_{series[1]}"
    _new_document(home, name, RESTATED_ON)

    def add(rows: list[Row]) -> None:
        last = _last(rows, *series)
        value = int(float(last["value"]) * 1.03)
        told = {"value": str(value), "printed_as": f"{value:,}"}
        rows.append(last | told | {"observation_id": "", "document_id": name})

    home.edit("observations", add)


def corrected_entry(home: WholeHome) -> None:
    """A figure that was entered wrongly: the same print, with another value."""

    def correct(rows: list[Row]) -> None:
        row = _last(rows, "kuaishou", "mau", "quarter")
        row["value"], row["printed_as"] = "737000000", "737 million"

    home.edit("observations", correct)


def removed_entry(home: WholeHome) -> None:
    home.edit("observations", lambda rows: rows.remove(_last(rows, "jd", "orders", "year")))


def delivered(name: str, file: tuple[str, ...], home: WholeHome) -> None:
    home.deliver(name, *file)


def other_fixing(month: tuple[str, str], home: WholeHome) -> None:
    def change(rows: list[Row]) -> None:
        (row,) = (r for r in rows if (r["currency"], r["month"]) == month)
        first, *rest = row["fixings"].split(" ")
        day, _, rate = first.partition("=")
        row["fixings"] = " ".join([f"{day}={float(rate) * 1.5:.4f}", *rest])

    home.edit("euro_rates", change)


def rewritten(place: tuple[str, str, str], home: WholeHome) -> None:
    home.rewrite(*place)


def edited(name: str, of: Row, told: Row, home: WholeHome) -> None:
    """The row of a reference file that has the values `of`, with others; it is added where there is none."""

    def change(rows: list[Row]) -> None:
        found = [row for row in rows if of.items() <= row.items()]
        if not found:
            rows.append(dict.fromkeys(rows[0], "") | of)
            found = [rows[-1]]
        found[0].update(told)

    home.edit(name, change)


WAYFAIR_BREAK = {"platform": "wayfair", "metric": "annual_active_buyers", "from_period_end": "2019-12-31"}
BREAK_OF_JD = "doc_9d71a4ac39"
DEFINED: tuple[Change, ...] = (
    *(partial(rewritten, place) for place in MEANINGS),
    partial(edited, "metrics", {"metric": "revenue"}, {"label": "Net revenue"}),
    partial(edited, "metrics", {"metric": "gmv"}, {"definition": "As the platform says"}),
    partial(edited, "definition_breaks", WAYFAIR_BREAK, {"reason": "counted anew", "document_id": BREAK_OF_JD}),
    partial(edited, "expense_lines", {"platform": "etsy", "concept": ""}, {"nature": "advertising_only"}),
    partial(edited, "consolidations", {"published_from": "2017-05-03"}, {"consolidation": "fewer_countries"}),
    partial(edited, "metrics", {"metric": "likes_total"}, {"label": "Likes"}),
)
CHANGES: dict[str, tuple[Change, ...]] = {
    "document": (*(partial(new_figure, figure) for figure in NEW_FIGURES), corrected_entry, removed_entry),
    "restatement": tuple(partial(restated_figure, series) for series in RESTATED),
    "delivery": tuple(partial(delivered, f"more_{n}", file) for n, file in enumerate(DELIVERED)),
    "rate": (
        *(partial(delivered, f"rate_{n}", file) for n, file in enumerate(RATES)),
        *(partial(other_fixing, month) for month in FIXINGS),
    ),
    "definition": DEFINED,
    "attribution_rule": tuple(partial(delivered, f"rule_{n}", file) for n, file in enumerate(RULES)),
    "code": tuple(partial(rewritten, place) for place in PROGRAMS),
}
