"""Three real public data sets through the product, against numbers worked out apart.

Orders: UCI Online Retail (541,909 invoice lines of a British gift shop, December 2010 to December 2011). Ads: the
Facebook ads of the Internet Research Agency that a committee of the US House of Representatives published (3,012 ads
with cost, impressions and clicks, 2015 to 2017), in the table of the University of Maryland. Spend by day: what
each page spent on political ads in the Netherlands from 3 to 15 March 2023, 13 daily reports of the Meta Ad Library.
None is part of the project, and nothing is downloaded: tests/data/public_sets/README.md says where they are and how
the files are written.

    python -m benchmarks.public_sets tables ORDERS.csv ADS.csv REPORTS    write the tables in tests/data/public_sets
    python -m benchmarks.public_sets check ORDERS.csv ADS.csv REPORTS     compare the product, loaded by profiles

The tables come from this module's own reading of the files, which shares no code with the product: every cell is
text, money is decimal.
"""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path

from etl.config import ROOT, load_settings
from etl.warehouse import open_build

TABLES = ROOT / "tests" / "data" / "public_sets"
ORDER_COLUMNS = ("month", "buyers", "new_buyers", "orders", "orders_without_buyer", "revenue", "currency")
AD_COLUMNS = ("month", "currency", "cost", "clicks")
REPORT_COLUMNS = ("date", "currency", "cost", "pages")
_REPORT = "FacebookAdLibraryReport_*_yesterday_advertisers.csv"
# The shops of a home are those of its reference files.
PLATFORMS = """platform,name,fiscal_year_end,reporting_currency
online_retail,UCI Online Retail,12-31,GBP
ira_ads,Facebook ads of the Internet Research Agency,12-31,RUB
dutch_politics,Political ads in the Netherlands,12-31,EUR
"""
OF_ORDERS = """
    with sold as (
        select strftime(e.event_time at time zone 'UTC' at time zone 'Europe/London', '%Y-%m') as month, e.*
        from core.order_event as e where e.platform = 'online_retail' and e.status = 'placed'
    ),
    days as (
        select strftime(d.date, '%Y-%m') as month, sum(d.new_buyers) as new_buyers, sum(d.orders) as orders,
            sum(d.gmv) as gmv
        from core.daily_metric as d where d.platform = 'online_retail' and d.channel = '' group by 1
    )
    select s.month, count(distinct s.buyer_id_hash), any_value(d.new_buyers), any_value(d.orders),
        count(*) filter (where s.buyer_id_hash is null), any_value(d.gmv), any_value(s.currency)
    from sold as s join days as d using (month) group by 1 order by 1
"""
OF_ADS = """
    select strftime(m.date, '%Y-%m'), m.currency, sum(m.marketing_spend), sum(m.clicks)
    from core.platform_metric_daily as m where m.platform = 'ira_ads' group by 1, 2 order by 1, 2
"""


OF_REPORTS = """
    select m.date, m.currency, sum(m.marketing_spend), count(distinct m.account)
    from core.platform_metric_daily as m where m.platform = 'dutch_politics' group by 1, 2 order by 1, 2
"""


def order_table(file: Path) -> tuple[list[tuple[object, ...]], Counter[str]]:
    """Buyers, new buyers, orders and revenue by month, and how many lines were left out for which reason.

    An order is an invoice with a number of digits, its value the sum of its lines with a price, its day that of its
    first line in the shop's local time. A buyer is new in the month of the first order.
    """
    amounts: defaultdict[str, Decimal] = defaultdict(Decimal)
    times: dict[str, str] = {}
    buyers: dict[str, str] = {}
    left: Counter[str] = Counter()
    for line in _lines(file):
        invoice = line["InvoiceNo"]
        if not invoice.isdigit():
            left["cancellation" if invoice.startswith("C") else "bad debt"] += 1
        elif not Decimal(line["UnitPrice"]):
            left["line without a price"] += 1
        else:
            amounts[invoice] += Decimal(line["Quantity"]) * Decimal(line["UnitPrice"])
            times[invoice] = min(times.get(invoice, "9"), line["InvoiceDate"])
            assert buyers.setdefault(invoice, line["CustomerID"]) == line["CustomerID"]
    first: dict[str, str] = {}
    for invoice in sorted(times, key=lambda one: times[one]):
        if buyer := buyers[invoice]:
            first.setdefault(buyer, times[invoice][:7])
    months: defaultdict[str, list[str]] = defaultdict(list)
    for invoice, when in times.items():
        months[when[:7]].append(invoice)
    rows: list[tuple[object, ...]] = []
    for month, orders in sorted(months.items()):
        known = {buyers[order] for order in orders} - {""}
        without = sum(not buyers[order] for order in orders)
        value = sum((amounts[order] for order in orders), Decimal())
        new = sum(first[buyer] == month for buyer in known)
        rows.append((month, len(known), new, len(orders), without, value, "GBP"))
    return rows, left


def ad_table(file: Path) -> tuple[list[tuple[object, ...]], Counter[str]]:
    """Cost and clicks by the month in which an ad was created, and currency; and the ads that were left out.

    The day is that of the file, in the time of the Pacific coast, which the offsets of the file are.
    """
    found: defaultdict[tuple[str, str], list[Decimal]] = defaultdict(lambda: [Decimal()] * 2)
    left: Counter[str] = Counter()
    for line in _lines(file):
        if not line["currency"]:
            assert not Decimal(line["cost"])
            left["ad without a currency, which cost nothing"] += 1
            left["clicks of these"] += int(line["clicks"])
        elif not line["created"]:
            left["ad without a day"] += 1
        if not line["currency"] or not line["created"]:
            continue
        key = line["created"][:7], line["currency"]
        new = Decimal(line["cost"]), Decimal(line["clicks"])
        found[key] = [old + one for old, one in zip(found[key], new, strict=True)]
    return [(*key, *values) for key, values in sorted(found.items())], left


def report_table(reports: Path) -> tuple[list[tuple[object, ...]], Counter[str]]:
    """Cost of each day over the pages whose amount is known, and the number of these pages; the day is the file's."""
    rows: list[tuple[object, ...]] = []
    left: Counter[str] = Counter()
    for file in sorted(reports.glob(_REPORT)):
        spent: dict[str, Decimal] = {}
        for line in _lines(file):
            amount = line["Amount spent (EUR)"]
            if amount == "≤100":
                left["amount of at most 100"] += 1
            else:
                spent[line["Page ID"]] = spent.get(line["Page ID"], Decimal()) + Decimal(amount)
        rows.append((_day(file), "EUR", sum(spent.values(), Decimal()), len(spent)))
    return rows, left


def _day(report: Path) -> str:
    return report.name.split("_")[1]


def _lines(file: Path) -> Iterable[dict[str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as opened:
        yield from csv.DictReader(opened)


def write_tables(orders: Path, ads: Path, reports: Path) -> None:
    """Write the tables of all files."""
    for name, columns, (rows, left) in (
        ("orders_by_month", ORDER_COLUMNS, order_table(orders)),
        ("ads_by_month", AD_COLUMNS, ad_table(ads)),
        ("reports_by_day", REPORT_COLUMNS, report_table(reports)),
    ):
        with (TABLES / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([columns, *rows])
        print(f"{name}: {len(rows)} rows; left out: {dict(left)}")


def check(orders: Path, ads: Path, reports: Path) -> bool:
    """Load all files by their profiles into a fresh home and compare its numbers with the tables."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        environment = {"WAREHOUSE_HOME": folder, "WAREHOUSE_FIGURES": f"{ROOT / 'data/reference'}:{home / 'figures'}"}
        settings = load_settings(environment)
        (home / "figures").mkdir()
        (home / "figures" / "platforms.csv").write_text(PLATFORMS, encoding="utf-8")
        for file, platform in ((orders, "online_retail"), (ads, "ira_ads")):
            (settings.inbox / platform).mkdir(parents=True)
            shutil.copy(file, settings.inbox / platform)
            (settings.inbox / platform / "profile.yaml").write_text(f"constants: {{platform: {platform}}}\n")
        for file in reports.glob(_REPORT):
            place = settings.inbox / "reports" / _day(file)
            place.mkdir(parents=True)
            shutil.copy(file, place)
            (place / "profile.yaml").write_text(f'constants: {{platform: dutch_politics, date: "{_day(file)}"}}\n')
        for command in ("refresh", "daily"):
            print(*("$ warehouse", command))
            told = subprocess.run(
                [sys.executable, "-m", "assets.cli", command],
                cwd=ROOT,
                env=os.environ | environment | {"DAGSTER_HOME": ""},
                check=False,
                capture_output=True,
                text=True,
            )
            # `daily` ends with 1: the ad without a day waits in quarantine.
            print(told.stdout if command == "daily" else "", told.stderr, sep="")
        with open_build(settings) as con:
            same = [
                _is_same("orders_by_month", con.execute(OF_ORDERS).fetchall()),
                _is_same("ads_by_month", con.execute(OF_ADS).fetchall()),
                _is_same("reports_by_day", con.execute(OF_REPORTS).fetchall()),
            ]
    return all(same)


def _is_same(name: str, found: Sequence[tuple[object, ...]]) -> bool:
    """Whether the rows are those of a table; prints every one that is not."""
    with (TABLES / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        wanted = [tuple(map(_plain, row)) for row in list(csv.reader(file))[1:]]
    shown = [tuple(map(_plain, row)) for row in found]
    for row in sorted({*wanted} ^ {*shown}):
        print(f"{name}: {'the product has not' if row in wanted else 'only the product has'} {row}")
    print(f"{name}: {len({*wanted} & {*shown})} of {len(wanted)} rows are equal")
    return wanted == shown


def _plain(value: object) -> str:
    text = str(value)
    return f"{Decimal(text).normalize():f}" if text.replace(".", "").isdigit() else text


if __name__ == "__main__":
    task, *files = sys.argv[1:]
    if task == "tables":
        write_tables(*map(Path, files))
    elif not check(*map(Path, files)):
        sys.exit(1)
