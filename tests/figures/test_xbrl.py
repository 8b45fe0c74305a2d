"""Reports on disk: every fact is what its tags say, and what is wrong with one sets it aside with its place."""

from __future__ import annotations

import csv
import json
import shutil
import socket
import sys
import zipfile
from decimal import Decimal
from pathlib import Path

import pytest

from etl.config import ROOT
from etl.errors import MendError
from etl.figures.find import Candidate, Unplaced
from etl.figures.xbrl import Concept, Fact, XbrlReport, candidates, is_report, parts_of, read_report
from tests.support.releases import subject

DATA = ROOT / "tests/data/xbrl"
REPORT, SCHEMA = DATA / "marvell_2023.html", DATA / "us-gaap-excerpt.xsd"
WEB = "https://xbrl.fasb.org/us-gaap/2022/elts/us-gaap-2022.xsd"
CONCEPTS = {
    ("us-gaap", "GrossProfit"): Concept("gross_profit", 1, is_positive=False),
    ("us-gaap", "AdvertisingExpense"): Concept("sm_expense", 2, is_positive=True),
    ("us-gaap", "SellingAndMarketingExpense"): Concept("sm_expense", 1, is_positive=True),
}
Quantity = tuple[str, str, str]


def body() -> dict[Quantity, tuple[Decimal, Decimal]]:
    """Value and half width of each fact, as the body of the SEC gives them: no decimals, so by trailing zeros."""
    with (DATA / "marvell_2023.csv").open(encoding="utf-8", newline="") as file:
        return {
            (row["concept"], row["period_start"], row["period_end"]): (
                Decimal(row["value"]),
                Decimal(row["half_width"]),
            )
            for row in csv.DictReader(file)
        }


def told(fact: Fact) -> Quantity:
    assert fact.period
    return fact.concept, str(fact.period.start), str(fact.period.end)


def report_of(folder: Path, text: str) -> XbrlReport:
    """A report of this text, with the taxonomy beside it."""
    shutil.copy(SCHEMA, folder)
    (folder / "report.html").write_text(text, encoding="utf-8")
    return read_report(folder / "report.html", folder / "none")


def with_fact(element: str) -> str:
    """The report with one more paragraph."""
    return REPORT.read_text(encoding="utf-8").replace("</body>", f"<p>{element}</p></body>")


def fact(attributes: str, text: str = "5.0", name: str = "GrossProfit") -> str:
    return f'<ix:nonFraction name="us-gaap:{name}" unitRef="USD" {attributes}>{text}</ix:nonFraction>'


GOOD = 'format="ixt:num-dot-decimal" scale="6" decimals="-5" contextRef="fy2023"'


@pytest.fixture(scope="module")
def whole() -> XbrlReport:
    return read_report(REPORT, DATA / "none")


def test_every_value_equals_the_body(whole: XbrlReport) -> None:
    assert {told(fact): fact.value for fact in whole.facts if not fact.fault} == {k: v for k, (v, _) in body().items()}
    assert (whole.errors, whole.notes) == ((), ())


def test_half_widths_follow_decimals_and_are_finer_where_they_say_so(whole: XbrlReport) -> None:
    widths = {told(fact): fact.half_width for fact in whole.facts if not fact.fault}
    assert {name for name, width in widths.items() if width != body()[name][1]} == {
        name for name in body() if name[0] == "AdvertisingExpense"
    }
    assert {width for name, width in widths.items() if name[0] == "AdvertisingExpense"} == {Decimal(500)}
    assert {body()[name][1] for name in body() if name[0] == "AdvertisingExpense"} == {Decimal(50_000)}


def test_a_nil_fact_and_one_of_a_segment_are_set_aside_with_their_lines(whole: XbrlReport) -> None:
    faults = {fact.place: fact.fault for fact in whole.facts if fact.fault}
    lines = REPORT.read_text(encoding="utf-8").splitlines()
    nil, segment = (next(n for n, line in enumerate(lines, 1) if mark in line) for mark in ("xsi:nil=", "Storage had"))
    assert faults == {
        f"us-gaap:MarketingExpense, line {nil}": "is nil: the report says that there is no value",
        f"us-gaap:RevenueFromContractWithCustomerExcludingAssessedTax, line {segment}": (
            "is of a part of the company (StatementBusinessSegmentsAxis)"
        ),
    }


@pytest.mark.parametrize(
    ("attributes", "text", "fault"),
    [
        (GOOD.replace("fy2023", "nowhere"), "5.0", "names no context of the report"),
        (GOOD.replace("fy2023", "torn"), "5.0", "its period is not valid"),
        (GOOD.replace("fy2023", "day"), "5.0", "conflict with context"),
        (GOOD, "5o.0", "the value is not valid"),
        (GOOD, "INF", "the value is not valid"),
        (GOOD.replace('decimals="-5"', ""), "5.0", "says no decimals"),
        (GOOD.replace('decimals="-5"', 'decimals="x"'), "5.0", "decimals"),
        (GOOD, "5.05", "has digits beyond its decimals (-5)"),
    ],
)
def test_what_is_wrong_with_a_fact_sets_it_aside(tmp_path: Path, attributes: str, text: str, fault: str) -> None:
    entity = (
        '<xbrli:entity><xbrli:identifier scheme="http://www.sec.gov/CIK">0001835632</xbrli:identifier></xbrli:entity>'
    )
    contexts = f"""<xbrli:context id="torn">{entity}<xbrli:period><xbrli:startDate>2021-01-31</xbrli:startDate>
    <xbrli:endDate>2022-02-31</xbrli:endDate></xbrli:period></xbrli:context><xbrli:context id="day">{entity}
    <xbrli:period><xbrli:instant>2023-01-28</xbrli:instant></xbrli:period></xbrli:context>"""
    html = with_fact(fact(attributes, text)).replace("<ix:resources>", f"<ix:resources>{contexts}")
    report = report_of(tmp_path, html)
    line = next(n for n, text in enumerate(html.splitlines(), 1) if "</body>" in text)
    (found,) = [one for one in report.facts if one.place == f"us-gaap:GrossProfit, line {line}"]
    assert fault in found.fault
    sound = {told(one): one.value for one in report.facts if not one.fault}
    assert sound == {name: value for name, (value, _) in body().items()}


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("none.html", None, "no fact was read"),
        ("torn.html", "<html", "no fact was read: Couldn't find end of Start Tag"),
        (
            "plain.html",
            "<html xmlns='http://www.w3.org/1999/xhtml'><body>5</body></html>",
            "no fact was read: it has no numeric fact",
        ),
    ],
)
def test_a_report_that_does_not_load_is_an_error(tmp_path: Path, name: str, text: str | None, message: str) -> None:
    if text is not None:
        (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(MendError, match=f"{name}: {message}"):
        read_report(tmp_path / name, tmp_path)


def test_without_arelle_the_message_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "arelle.api.Session", None)
    with pytest.raises(MendError, match=r"marvell_2023\.html is an XBRL report.* install it with `make xbrl-env`"):
        read_report(REPORT, DATA)


# --- taxonomies ---------------------------------------------------------------------------------------


def test_a_taxonomy_on_the_web_is_not_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    report = report_of(tmp_path, REPORT.read_text(encoding="utf-8").replace("us-gaap-excerpt.xsd", WEB))
    assert (
        "a taxonomy is not on disk, so concepts are taken by their names; fix: put the zip packages" in report.notes[0]
    )
    assert {told(one): one.value for one in report.facts if not one.fault} == {k: v for k, (v, _) in body().items()}


def test_a_taxonomy_package_stands_in_for_the_web(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "us-gaap-2022.zip", "w") as package:
        package.write(SCHEMA, "us-gaap-2022/elts/us-gaap-2022.xsd")
        package.writestr(
            "us-gaap-2022/META-INF/catalog.xml",
            '<catalog xmlns="urn:oasis:names:tc:entity:xmlns:xml:catalog">'
            '<rewriteURI uriStartString="https://xbrl.fasb.org/us-gaap/2022/" rewritePrefix="../"/></catalog>',
        )
        package.writestr(
            "us-gaap-2022/META-INF/taxonomyPackage.xml",
            '<tp:taxonomyPackage xml:lang="en" xmlns:tp="http://xbrl.org/2016/taxonomy-package">'
            "<tp:identifier>made-for-tests</tp:identifier><tp:name>Made for tests</tp:name>"
            "<tp:version>1</tp:version></tp:taxonomyPackage>",
        )
    (tmp_path / "report.html").write_text(
        REPORT.read_text(encoding="utf-8").replace("us-gaap-excerpt.xsd", WEB), encoding="utf-8"
    )
    report = read_report(tmp_path / "report.html", tmp_path)
    assert (report.notes, report.errors) == ((), ())
    assert len([one for one in report.facts if not one.fault]) == len(body())


# --- xBRL-CSV -----------------------------------------------------------------------------------------


PARAMETERS = ("$concept", "$period", "$unit", "$decimals")


def csv_report(folder: Path, *lines: str) -> XbrlReport:
    """An xBRL-CSV report of facts: concept, period, unit, decimals, value."""
    shutil.copy(SCHEMA, folder)
    dimensions = {"concept": "$concept", "period": "$period", "unit": "$unit", "entity": "cik:0001835632"}
    value = {"dimensions": dimensions, "decimals": "$decimals"}
    metadata = {
        "documentInfo": {
            "documentType": "https://xbrl.org/2021/xbrl-csv",
            "namespaces": {
                "us-gaap": "http://fasb.org/us-gaap/2022",
                "iso4217": "http://www.xbrl.org/2003/iso4217",
                "cik": "http://www.sec.gov/CIK",
            },
            "taxonomy": [SCHEMA.name],
        },
        "tableTemplates": {
            "facts": {"columns": {"concept": {}, "period": {}, "unit": {}, "decimals": {}, "value": value}}
        },
        "tables": {"facts": {"url": "facts.csv"}},
    }
    (folder / "report.json").write_text(json.dumps(metadata), encoding="utf-8")
    head = "concept,period,unit,decimals,value"
    (folder / "facts.csv").write_text("\n".join((head, *(f"us-gaap:{line}" for line in lines), "")), encoding="utf-8")
    return read_report(folder / "report.json", folder / "none")


def test_the_facts_of_a_body_come_back_from_csv(tmp_path: Path) -> None:
    facts = {name: value for name, (value, _) in body().items() if name[0] != "EarningsPerShareDiluted"}
    lines = [f"{name},{start}..{end},iso4217:USD,-5,{value}" for (name, start, end), value in facts.items()]
    report = csv_report(tmp_path, *lines)
    # A range of dates includes its last day, and so does the period of a figure here.
    assert {told(one): (one.value, one.half_width) for one in report.facts} == {
        name: (value, Decimal(50_000)) for name, value in facts.items()
    }
    assert {one.fault for one in report.facts} == {""}
    assert report.facts[0].place == f"us-gaap:{report.facts[0].concept}, table facts, line 2"


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("GrossProfit,2020-01-01..2021-01-01,iso4217:USD,-5,500000", "a range of dates includes its last day"),
        ("GrossProfit,2020-01-01..2020-02-31,iso4217:USD,-5,500000", "its period is not valid"),
        ("GrossProfit,2020-01-01/2020-12-31,iso4217:USD,-5,500000", "its period is not valid"),
        ("GrossProfit,2020,iso4217:USD,-5,INF", "the value is not valid"),
        ("GrossProfit,2020,iso4217:USD,INF,500000", 'invalid decimals "INF"'),
        ("GrossProfit,2020,iso4217:USD,x,500000", 'invalid decimals "x"'),
        ('GrossProfit,2020,iso4217:USD,-5,"500,000"', "the value is not valid"),
        ("GrossProfit,2020,,-5,500000", "must have a monetary unit"),
    ],
)
def test_a_wrong_cell_is_set_aside_with_its_line(tmp_path: Path, line: str, fault: str) -> None:
    good = "GrossProfit,2019,iso4217:USD,-5,600000"
    first, wrong, last = csv_report(tmp_path, good, line, good.replace("2019", "2021")).facts
    assert (first.fault, last.fault, wrong.place) == ("", "", "us-gaap:GrossProfit, table facts, line 3")
    assert fault in wrong.fault


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("GrossProfit,2020,iso4217:USD,-5,#nil", "nil facts"),
        ("Unknown,2020,iso4217:USD,-5,500000", "could not be resolved"),
    ],
)
def test_a_row_that_becomes_no_fact_is_listed(tmp_path: Path, line: str, words: str) -> None:
    report = csv_report(tmp_path, "GrossProfit,2019,iso4217:USD,-5,600000", line)
    assert len(report.facts) == 1
    assert [place for place, _ in report.errors if place == "table facts, line 3"]
    assert any(words in message for _, message in report.errors)


def test_a_report_is_known_by_its_tables_too(tmp_path: Path) -> None:
    csv_report(tmp_path, "GrossProfit,2019,iso4217:USD,-5,600000")
    file = tmp_path / "report.json"
    assert is_report(file.read_bytes())
    assert parts_of(file, file.read_bytes()) == file.read_bytes() + (tmp_path / "facts.csv").read_bytes()
    (tmp_path / "facts.csv").unlink()
    with pytest.raises(MendError, match=r"facts\.csv: cannot be read .*; report\.json names it"):
        parts_of(file, file.read_bytes())
    with pytest.raises(MendError, match="is no metadata"):
        parts_of(file, b'{"xbrl-csv": 1}')


@pytest.mark.parametrize(("data", "expected"), [(b"<html>5</html>", False), (b"{}", False), (b"%PDF-1.4", False)])
def test_other_files_are_no_reports(data: bytes, expected: bool) -> None:
    assert is_report(data) is expected
    assert is_report(REPORT.read_bytes())


# --- figures ------------------------------------------------------------------------------------------


def of(whole: XbrlReport, cik: str = "1835632") -> list[Candidate | Unplaced]:
    return candidates(whole, subject("wayfair"), cik, CONCEPTS)


def test_facts_are_figures_of_the_metric_of_highest_rank(whole: XbrlReport) -> None:
    found = of(whole)
    placed = {(one.metric, one.period_end): one for one in found if isinstance(one, Candidate)}
    assert {key: one.value for key, one in placed.items()} == {
        (metric, end): body()[concept, start, end][0]
        for metric, concept in (("gross_profit", "GrossProfit"), ("sm_expense", "SellingAndMarketingExpense"))
        for start, end in (("2020-02-02", "2021-01-30"), ("2021-01-31", "2022-01-29"), ("2022-01-30", "2023-01-28"))
    }
    one = placed["gross_profit", "2023-01-28"]
    assert (one.printed_as, one.half_width, one.unit, one.basis, one.period_type) == (
        "2987500000",
        Decimal(50_000),
        "USD",
        "gaap",
        "ttm",
    )
    assert one.locator.startswith("us-gaap:GrossProfit, line 30: tagged as 2,987.5")
    reasons = {one.reason for one in found if isinstance(one, Unplaced)}
    assert "another concept of higher rank tells the metric" in reasons
    assert "the concept tells no metric" in reasons


def test_facts_of_another_entity_or_currency_are_not_placed(whole: XbrlReport) -> None:
    assert {one.reason for one in of(whole, "1") if one.metric == "gross_profit" and isinstance(one, Unplaced)} == {
        "is of another entity (1835632)"
    }
    yuan = candidates(whole, subject("pdd"), "1835632", CONCEPTS)
    assert {one.reason for one in yuan if one.metric == "gross_profit" and isinstance(one, Unplaced)} == {
        "is in USD; the platform reports in CNY"
    }


def test_a_repeated_fact_counts_once_and_with_its_finest_decimals(tmp_path: Path) -> None:
    finer = fact(GOOD.replace("-5", "-3"), "2,987.5")
    found = of(report_of(tmp_path, with_fact(finer)))
    (one,) = [one for one in found if isinstance(one, Candidate) and one.value == 2_987_500_000]
    assert one.half_width == 500
    assert any("says the same as us-gaap:GrossProfit" in one.reason for one in found if isinstance(one, Unplaced))
