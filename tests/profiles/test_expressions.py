"""Expressions of a profile: values only, and texts that are read are read exactly or told."""

from __future__ import annotations

from random import Random

import pytest

from etl.errors import FileError
from etl.profiles.expressions import NUMBER, CellReader
from etl.warehouse import literal, memory


@pytest.mark.parametrize(
    "text",
    [
        "(select 1)",
        "read_text('x')",
        "getvariable('buyer_key')",
        "cost::double",
        "cast(cost as date)",
        "row_number() over ()",
        "cost, day",
        "cost from other",
        "other",
        "shop.cost",
        "number(cost, 2)",
        "case when",
        "[x for x in range(3)]",
        "list_sum([1])",
    ],
)
def test_an_expression_has_values_of_the_row_only(text: str) -> None:
    with pytest.raises(FileError):
        CellReader(names={"cost", "day"}, form="1,234.56").value(text, "varchar")


@pytest.mark.parametrize(
    ("form", "text", "wanted"),
    [
        ("1,234.56", "1,234.56", "1234.560000000"),
        ("1,234.56", "-12", "-12.000000000"),
        ("1,234.56", ".5", "0.500000000"),
        ("1,234.56", "1,234", "1234.000000000"),
        ("1,234.56", "1,23", None),
        ("1,234.56", "1,23,456.78", None),
        ("1,234.56", "1.234,56", None),
        ("1,234.56", "1e3", None),
        ("1,234.56", "<5", None),
        ("1,234.56", "nan", None),
        ("1.234,56", "1.234,56", "1234.560000000"),
        ("1.234,56", "1.234", "1234.000000000"),
        ("1.234,56", "12.5", None),
        ("1 234,56", "1\u00a0234,56", "1234.560000000"),
        ("1 234,56", "1\u202f234", "1234.000000000"),
        ("1 234,56", "12 34", None),
    ],
)
def test_a_number_is_read_in_the_form_of_the_file_or_not_at_all(form: str, text: str, wanted: str | None) -> None:
    sql = CellReader(names=(), form=form).number(f"{literal(text)}::varchar")
    assert memory().execute(f"select ({sql})::varchar").fetchall() == [(wanted,)]


@pytest.mark.parametrize(
    ("zone", "text", "wanted"),
    [
        ("", "2026-04-05 21:06:21 +0400", "2026-04-05 17:06:21"),
        ("", "2026-04-05T21:06:21Z", "2026-04-05 21:06:21"),
        ("", "2026-04-05T21:06+04:00", "2026-04-05 17:06:00"),
        ("", "2026-04-05 21:06:21 UTC", "2026-04-05 21:06:21"),
        ("", "2026-04-05 21:06:21", None),
        ("Asia/Shanghai", "2026-03-01 00:54:10", "2026-02-28 16:54:10"),
        ("Europe/Berlin", "2026-07-01 12:00", "2026-07-01 10:00:00"),
        ("Europe/Berlin", "2026-01-01 12:00", "2026-01-01 11:00:00"),
        ("Asia/Shanghai", "2026-03-01 00:00:00+00:00", "2026-03-01 00:00:00"),
        ("Asia/Shanghai", "01.03.2026 08:00", "2026-03-01 00:00:00"),
        ("Europe/Berlin", "2026-03-29 02:30", None),  # clocks go from 02:00 to 03:00
        ("Europe/Berlin", "29.03.2026 02:59", None),
        ("Europe/Berlin", "2026-03-29 01:59:59", "2026-03-29 00:59:59"),
        ("Europe/Berlin", "2026-03-29 03:00", "2026-03-29 01:00:00"),
        ("Europe/Berlin", "2026-03-29 23:00", "2026-03-29 21:00:00"),
        ("Europe/Berlin", "2026-10-25 02:00", None),  # and from 03:00 back to 02:00
        ("Europe/Berlin", "25.10.2026 02:30", None),
        ("Europe/Berlin", "2026-10-25 01:59:59", "2026-10-24 23:59:59"),
        ("Europe/Berlin", "2026-10-25 03:00", "2026-10-25 02:00:00"),
        ("Europe/Berlin", "2026-10-25 02:30+02:00", "2026-10-25 00:30:00"),
        ("Europe/Berlin", "2026-10-25 02:30+01:00", "2026-10-25 01:30:00"),
        ("Australia/Lord_Howe", "2026-04-05 01:45", None),  # half an hour
        ("Australia/Lord_Howe", "2026-04-05 02:00", "2026-04-04 15:30:00"),
        ("America/Havana", "2026-03-08 00:30", None),
        ("Pacific/Apia", "2011-12-30 12:00", None),  # a whole day was left out
        ("Asia/Shanghai", "2026-03-01", None),
        ("Asia/Shanghai", "2026-02-30 00:00:00", None),
    ],
)
def test_a_time_is_in_utc_by_its_offset_or_the_zone_that_is_told(zone: str, text: str, wanted: str | None) -> None:
    reader = CellReader(names=(), form="1,234.56", zone=zone, times=("%d.%m.%Y %H:%M",))
    assert memory().execute(f"select ({reader.time(f'{literal(text)}::varchar')})::varchar").fetchall() == [(wanted,)]


def test_a_list_of_words_makes_no_join_which_would_lose_the_lines_of_a_long_file() -> None:
    words = ["'a'", "'b'", "'c'", "'d'", "'e'", "'f'"]
    reader = CellReader(names={"x"}, form="1,234.56")
    within = reader.condition(f"x in ({', '.join(words)})")
    without = reader.value(f"case when lower(x) not in ({', '.join(words)}) then x end", "varchar")
    con = memory()
    con.execute("create table cell as select unnest(['a', 'F', 'z', null]) as x")
    asked = f"select x, {within}, {without} from cell"
    assert "JOIN" not in con.execute(f"explain {asked}").fetchall()[0][1]
    assert con.execute(asked).fetchall() == [
        ("a", True, None),
        ("F", False, None),
        ("z", False, "z"),
        (None, None, None),
    ]


def test_a_number_of_any_length_is_read_as_the_wide_decimal_reads_it() -> None:
    """The quick ways for short numbers and the slow one for all give the same."""
    random, con = Random(5), memory()
    texts = ["+1.5", "-.5", "5.", "0.1234567891", "99999999999999.9", "1234567890.", "9" * 18, "9" * 19, "9" * 20]
    for _ in range(5000):
        whole, parts = (random.choices("0123456789", k=random.randint(0, most)) for most in (20, 11))
        texts.append(f"{random.choice(['', '+', '-'])}9{''.join(whole)}{random.choice(['', '.' + ''.join(parts)])}")
    con.execute("create table t as select unnest($texts::varchar[]) as x", {"texts": texts})
    read = CellReader(names=(), form="1,234.56").number("x")
    differs = con.execute(f"select x from t where {read} is distinct from try_cast(x as {NUMBER})").fetchall()
    assert differs == []
