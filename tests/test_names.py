"""One rule of names: the same in Python and in DuckDB, told where it changes a name, and refused where it cannot."""

from __future__ import annotations

import unicodedata
from datetime import date
from pathlib import Path

import pytest

from etl import currencies, names
from etl.inbox.check import _plain_name
from etl.warehouse import literal, memory
from tests.support.inbox_files import DAILY, Inbox, daily, inbox_in

SOUND = [
    "",
    "search",
    "feed ads",
    "搜索（品牌）",
    "Größe",
    "❤️ brand",
    "🛒",
    "a|b",
    "3001",
    "123456789012345678",
    "none",
    "(none)",
]
FAULTY = [
    *(
        "search\u00a0",
        "\u3000search",
        "sea\u200brch",
        "search\u200d",
        "\u202esearch",
        "\u2066x\u2069",
        "ｓearch",
        "４２",
    ),
    *(
        "a\u2003b",
        "\ufeffsearch",
        "so\u00adft",
        "\ue000",
        "a\ufffdb",
        " search",
        "search ",
        "=1",
        "＝1",
        "@x",
        "+x",
        "-x",
    ),
    *("#N/A", "#REF!", "####", "nan", "NaN", "None", "NULL", "undefined", "1.23457E+15", "1,23E+05", "????", "x" * 201),
    *("a\tb", "\x7f", "\x85", "\u3164", "\u115f"),
]


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    return inbox_in(tmp_path / "home")


@pytest.mark.parametrize("name", [*SOUND, *FAULTY])
def test_python_and_duckdb_judge_a_name_alike(name: str) -> None:
    """And no fault is missed by the cheaper screens."""
    conditions = list(_plain_name("n"))
    asked = ", ".join(f"({c.breaks}), ({' or '.join(f'({s})' for s in c.screens)})" for c in conditions)
    found = memory().execute(f"select {asked} from (select {literal(name)} as n)").fetchall()[0]
    breaks, screened = found[::2], found[1::2]
    assert any(breaks) == bool(names.fault_of(name)) == (name in FAULTY)
    assert all(screen for is_broken, screen in zip(breaks, screened, strict=True) if is_broken)


def test_a_name_in_another_form_is_composed_and_that_is_told(inbox: Inbox) -> None:
    apart = unicodedata.normalize("NFD", "Größe")
    assert apart != "Größe"
    inbox.csv("a.csv", [daily(1, "Größe", gmv="1"), daily(2, "search")])
    inbox.csv("b.csv", [daily(1, apart, gmv="2"), daily(3, "search")])
    first, second = inbox.load()
    assert (first.reason, second.rows_superseded) == ("", 1), "one channel, of which the newer row counts"
    assert second.reason.startswith("names of 1 rows were written in another Unicode form")
    assert inbox.rows("message", "audit.load where file = 'b.csv'") == [(second.reason,)]
    assert inbox.rows("channel, gmv::integer", "core.platform_metric_daily where date = '2025-01-01'") == [("Größe", 2)]


def test_identifiers_that_a_spreadsheet_rounded_refuse_their_file(inbox: Inbox) -> None:
    header = "event_id,event_time,platform,buyer_id_hash,amount,currency,status"

    def orders(ids: list[str]) -> list[str]:
        return [f"{name},2025-01-01 10:00:00,pdd,b{n},1,CNY,placed" for n, name in enumerate(ids)]

    inbox.csv("a.csv", orders([f"1234567890{n:05d}000" for n in range(9)]), header)
    (load,) = inbox.load()
    assert load.status == "refused"
    assert "long numbers in event_id that all end in zeros" in load.reason
    inbox.csv("b.csv", orders([f"1234567890{n:05d}00{n}" for n in range(9)]), header)
    (load,) = inbox.load()
    assert (load.status, load.rows_loaded) == ("loaded", 9), "one that ends in zeros by chance is sound"


@pytest.mark.parametrize(
    ("code", "day", "is_money"),
    [
        *(("CNY", "2025-01-01", True), ("RMB", "2025-01-01", False), ("CNH", "2025-01-01", False)),
        *(("XXX", "2025-01-01", False), ("XTS", "2025-01-01", False), ("XAU", "2025-01-01", False)),
        *(("QQQ", "2025-01-01", False), ("cny", "2025-01-01", False), ("", "2025-01-01", False)),
        *(("EUR", "1998-12-31", False), ("EUR", "1999-01-01", True), ("DEM", "1998-12-31", True)),
        *(("DEM", "2003-01-01", False), ("TRL", "2004-12-31", True), ("TRL", "2006-01-01", False)),
        *(("TRY", "2004-12-31", False), ("HRK", "2022-12-31", True), ("HRK", "2024-01-01", False)),
    ],
)
def test_a_currency_is_money_on_its_day(code: str, day: str, is_money: bool) -> None:
    """Lira: the new one from 2005-01-01, the old one until the end of that year (Central Bank of Türkiye)."""
    breaks = currencies.breaks("c", "d", date(1990, 1, 1))
    row = f"(select {literal(code)} as c, date '{day}' as d)"
    assert memory().execute(f"select {breaks} from {row}").fetchall() == [(not is_money,)]


def test_a_row_with_a_word_for_money_is_quarantined_and_the_others_load(inbox: Inbox) -> None:
    lines = [daily(day) for day in range(1, 13)]
    lines[2], lines[3] = lines[2].replace("CNY", "RMB"), lines[3].replace("CNY", "QQQ")
    inbox.csv("a.csv", lines)
    (load,) = inbox.load()
    assert (load.rows_loaded, [line for line, *_ in inbox.set_aside()]) == (10, [4, 5])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("platform,date,spend\n", "'spend' seems to be its marketing_spend"),
        ("platform,date,Orders\n", "'Orders' seems to be its orders"),
        ("Platform,Date,orders\n", "'Platform' seems to be its platform, 'Date' seems to be its date"),
        ("Report 2025\n\nplatform,date,orders\npdd,2025-01-01,1\n", "has its header in line 3"),
        ("Name,Email,Financial Status,Currency,Subtotal\n#1,a,paid,USD,1\n", "fits no contract with the columns Name"),
        ("platform,date,orders\n", "has a header and no rows"),
        ("%PDF-1.7\n", "is a PDF"),
        ("<html>\n", "is a web page"),
        ("sep=,\nplatform,date\n", "Excel's line sep="),
        ('[\n {"platform": "pdd"}\n]\n', "is a JSON array"),
        ('{\n "platform": "pdd"\n}\n', "has a JSON object over several lines"),
    ],
)
def test_a_refusal_names_what_the_file_is(inbox: Inbox, content: str, reason: str) -> None:
    is_header = content.count("\n") == 1 and "no rows" not in reason
    load = inbox.one("a.csv", content + "pdd,2025-01-01,1\n" * is_header)
    assert load.status == "refused"
    assert reason in load.reason, load.reason
    own = load.reason.partition("; the profile")[0]
    assert "needs" not in own or "Name" not in content, "it is held against no contract"


def test_the_reason_of_a_refused_file_is_that_of_its_rows(inbox: Inbox) -> None:
    inbox.put("a.csv", DAILY.encode() + b"\n" + "".join(f"{daily(d, '搜索')}\n" for d in range(1, 6)).encode("gb18030"))
    (load,) = inbox.load()
    assert load.reason.endswith(
        "5 x holds bytes that are not UTF-8; save the file as UTF-8, or retype the text (first in line 2)"
    )


def test_a_further_column_with_another_beginning_is_kept(inbox: Inbox) -> None:
    load = inbox.one("a.csv", "platform,date,orders,x_spend,campaign\npdd,2025-01-01,1,5,spring\n")
    assert (load.status, inbox.rows("extra")) == ("loaded", [({"x_spend": "5", "campaign": "spring"},)])
