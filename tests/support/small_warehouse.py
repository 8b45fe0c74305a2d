"""A published warehouse of a few figures, built by the real models, for the tools that read snapshots.

JD's expense of 2016 was printed twice (restated when JD Finance left); Alibaba's buyers at the end of 2019
follow from a printed increase; Kuaishou's count stands in a document without a date, with a hostile title.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from etl.config import Settings, load_settings
from etl.publish.publication import publish
from etl.warehouse import open_build
from tests.support.models import build_models

NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
HOSTILE_TITLE = "Results \x1b[31mred\u202e [bold]not bold[/bold]"

PLATFORM = "platform name company role fiscal_year_end reporting_currency"
PLATFORMS = [
    ("jd", "JD.com", "JD.com, Inc.", "supply", "12-31", "CNY"),
    ("alibaba", "Taobao and Tmall", "Alibaba Group", "supply", "03-31", "CNY"),
    ("kuaishou", "Kuaishou", "Kuaishou Technology", "supply", "12-31", "CNY"),
]
METRIC = "metric label unit kind period_rule definition"
METRICS = [
    ("sm_expense", "Sales and marketing expense", "CNY", "flow", "quarter | year", "As reported"),
    ("annual_active_buyers", "Annual active buyers", "persons", "stock", "ttm", "Accounts with an order"),
    ("annual_active_buyers_net_add", "Increase of buyers", "persons", "flow", "quarter", "As reported"),
]
DOCUMENT = "document_id kind publisher title url published_on"
DOCUMENTS = [
    ("d15", "filing", "sec.gov", "JD annual report 2015", "https://example.org/15", "2016-03-01"),
    ("d16", "filing", "sec.gov", "JD annual report 2016", "https://example.org/16", "2017-03-02"),
    ("d17", "filing", "sec.gov", "JD annual report 2017", "https://example.org/17?a=1&b=[2]", "2018-04-27"),
    ("a20", "company_release", "alibaba.com", "March quarter 2020", "https://example.org/a", "2020-05-22"),
    ("k0", "media", "example.org", HOSTILE_TITLE, "https://example.org/k", ""),
]
OBSERVATION = "observation_id platform metric scope period_start period_end value document_id printed_as"
BUYERS = "annual_active_buyers"
OBSERVATIONS = [
    ("obs_first", "jd", "sm_expense", "", "2016-01-01", "2016-12-31", 10_573_000_000, "d16", "10,573.0"),
    ("obs_restated", "jd", "sm_expense", "", "2016-01-01", "2016-12-31", 10_158_700_000, "d17", "10,158.7"),
    ("obs_2015", "jd", BUYERS, "", "2015-01-01", "2015-12-31", 155_000_000, "d15", "155.0 million"),
    ("obs_2016", "jd", BUYERS, "", "2016-01-01", "2016-12-31", 226_600_000, "d16", "226.6 million"),
    ("obs_level", "alibaba", BUYERS, "retail", "2019-04-01", "2020-03-31", 726_000_000, "a20", "726 million"),
    (
        "obs_rise",
        "alibaba",
        f"{BUYERS}_net_add",
        "retail",
        "2020-01-01",
        "2020-03-31",
        15_000_000,
        "a20",
        "15",
    ),
    ("obs_undated", "kuaishou", BUYERS, "", "2019-01-01", "2019-12-31", 9_000_000, "k0", "9 million"),
]


def publish_small_warehouse(home: Path, without: str = "") -> Settings:
    """Build and publish under `home`, `without` one observation; returns its settings."""
    settings = load_settings({"WAREHOUSE_HOME": str(home)})
    tables = [
        ("platform", PLATFORM, PLATFORMS),
        ("metric", METRIC, METRICS),
        ("document", DOCUMENT, DOCUMENTS),
    ]
    rows = [
        (kind, dict(zip(header.split(), values, strict=True)), {})
        for kind, header, records in tables
        for values in records
    ]
    for values in (values for values in OBSERVATIONS if values[0] != without):
        fields = {name: str(value) for name, value in zip(OBSERVATION.split(), values, strict=True)}
        is_expense = fields["metric"] == "sm_expense"
        fields["unit"], fields["basis"] = ("CNY", "gaap") if is_expense else ("persons", "operating")
        fields |= {"period_type": "year" if is_expense else "ttm", "qualifier": "exact", "locator": "p. 3"}
        half_width = "50000" if fields["platform"] == "jd" else "500000"
        reading = {"observation_id": fields.pop("observation_id"), "rounding_half_width": half_width}
        rows.append(("observation", fields, reading))
    with open_build(settings) as con:
        con.executemany(
            "insert into raw.reference_row (kind, file, content_hash, line, fields, reading, loaded_at) "
            "values (?, 'small.csv', '', ?, ?, ?, ?)",
            [(kind, line, fields, reading, NOW) for line, (kind, fields, reading) in enumerate(rows, 2)],
        )
        build_models(con)
        publish(con, settings, now=NOW)
    return settings
