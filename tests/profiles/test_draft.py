"""A draft of a profile for an unknown file: its guesses, and that it can be used once a person has named the rest."""

from __future__ import annotations

import yaml

from etl.profiles.draft import draft
from etl.profiles.profile import profile_of


def test_a_draft_of_spend_by_day_reads_what_it_guessed() -> None:
    names = ["Datum", "Werbemittel", "Ausgaben (EUR)", "Klicks", "Verkäufe"]
    rows = [
        ["02.03.2026", "Lampen", "1.204,50", "310", "12"],
        ["03.03.2026", "Lampen", "--", "280", "9"],
        ["Summe", "", "1.204,50", "590", "21"],
    ]
    text = draft("board.csv", names, rows)
    found = profile_of("board", yaml.safe_load(text.replace("CHANNEL", "board")))
    assert found.map == {
        "date": "datum",
        "marketing_spend": "ausgaben_eur",
        "clicks": "klicks",
        "reported_orders": "verkaufe",
        "currency": "currency",
    }
    assert found.columns["ausgaben_eur"] == {"": ("Ausgaben ({currency})",)}
    assert (found.file.numbers, found.file.dates, found.file.missing) == ("1.234,56", ("%d.%m.%Y",), ("--",))
    assert (found.skip[0].where, found.skip[0].check) == ("any_cell like 'Summe%'", "all")
    assert '# not read: "Werbemittel"' in text
    assert "check" in text


def test_a_draft_of_orders_has_a_buyer_and_the_words_of_its_status() -> None:
    names = ["Order ID", "Customer Email", "Order Date", "Grand Total", "Currency", "Status", "Coupon Code"]
    text = draft("orders.csv", names, [["1", "a@example.com", "2026/03/01 10:00", "12.50", "USD", "paid", ""]])
    found = profile_of("shop", yaml.safe_load(text))
    assert found.contract
    assert found.contract.name == "order_event"
    assert found.map["buyer_id"] == "customer_email"
    assert "cancelled" in found.map["status"]
    assert found.file.times == ("%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M")
    assert "a@example.com" not in text


def test_a_draft_says_that_no_column_looks_like_a_day() -> None:
    assert "no column looks like a day" in draft("x.csv", ["Campaign", "Cost"], [["a", "1.5"]])


def test_a_draft_knows_days_amounts_and_buyers_of_other_programs() -> None:
    names = ["Kampanj", "Dag den", "Kostnad spend", "Customer Email"]
    rows = [
        ["a", "03/11/2026", "1 234,50 €", "x@example.com"],
        ["b", "14/11/2026", "2,00 €", ""],
        ["Total", "", "1", ""],
    ]
    found = profile_of("board", yaml.safe_load(draft("x.csv", names, rows).replace("CHANNEL", "board")))
    assert found.map["date"] == "dag_den"
    assert found.map["marketing_spend"] == "kostnad_spend"
    assert (found.file.dates, found.file.numbers, found.file.strip) == (("%d/%m/%Y",), "1 234,56", ("€",))
    orders = draft(
        "o.csv", ["Order", "Created", "Customer Email", "Total", "State", "Currency"], [["1", "", "", "", "", ""]]
    )
    assert profile_of("shop", yaml.safe_load(orders)).map["buyer_id"] == "customer_email"
    assert "marketing_spend" not in orders
