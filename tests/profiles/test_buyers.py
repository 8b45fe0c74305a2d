"""No identifier of a buyer leaves the delivered file: marked ones are looked for wherever a load writes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from etl.profiles.profile import FOLDER
from etl.warehouse import literal
from tests.profiles.test_cases import cases, inbox_of, read
from tests.support.inbox_files import Inbox, inbox_in

MARK = "marked.buyer"
ADDRESS = rb"[\w.+-]+@[\w.-]+"
ORDERS = [case for case in cases() if any(row.get("buyer_id") for row in read(case / "expected.csv"))]


def mark(inbox: Inbox, case: Path) -> None:
    """Put a marked address in the place of each buyer and each address in the case's file."""
    (file,) = [path for path in (inbox.settings.inbox / "shop").iterdir() if path.name != FOLDER]
    content = file.read_bytes()
    names = {row["buyer_id"] for row in read(case / "expected.csv") if "@" not in row["buyer_id"]} - {""}
    known = [name.encode(encoding) for name in sorted(names) for encoding in ("utf-8", "gb18030")]
    pattern = b"|".join([ADDRESS, *map(re.escape, known)])
    marks = {found.lower(): f"{MARK}{number}@example.org" for number, found in enumerate(re.findall(pattern, content))}
    assert marks
    file.write_bytes(re.sub(pattern, lambda found: marks[found[0].lower()].encode(), content))


@pytest.mark.parametrize("case", ORDERS, ids=lambda case: f"{case.parent.name}/{case.name}")
def test_a_marked_buyer_is_found_in_the_delivered_file_only(case: Path, tmp_path: Path) -> None:
    inbox = inbox_of(case, tmp_path)
    mark(inbox, case)
    loads = inbox.load()
    assert sum(load.rows_loaded for load in loads) > 0
    hashes = inbox.rows("buyer_id_hash", "core.order_event where buyer_id_hash is not null")
    assert hashes and all(len(value) == 32 for (value,) in hashes)
    assert_found_nowhere(inbox, tmp_path)
    assert not any(MARK in text.lower() for text in [*inbox.said, *map(str, loads)])


def test_declared_identifiers_are_found_in_the_delivered_file_only(tmp_path: Path) -> None:
    """Both identifiers of each row, of the sound one and of the one that is quarantined."""
    inbox = inbox_in(tmp_path)
    shops = [*["pdd"] * 9, "nobody"]
    lines = (f"{shop},{MARK}{n}@example.org,{MARK}-app-{n},2025-01-01" for n, shop in enumerate(shops))
    inbox.csv("same.csv", lines, header="platform,buyer_id_hash,same_as,valid_from")
    (load,) = inbox.load()
    assert (load.status, load.rows_loaded, load.rows_quarantined) == ("partly_loaded", 9, 1), load
    assert inbox.rows("distinct length(buyer_id_hash), length(same_as)", "core.buyer_alias") == [(32, 32)]
    assert_found_nowhere(inbox, tmp_path)


def assert_found_nowhere(inbox: Inbox, tmp_path: Path) -> None:
    """The mark is in no table, no exported byte and no file of the home but the delivered one."""
    tables = inbox.con.execute(
        "select table_schema || '.' || table_name from information_schema.tables where table_type = 'BASE TABLE'"
    ).fetchall()
    for (table,) in tables:
        text = f"select count(*) from {table} as t where contains(lower(t::varchar), {literal(MARK)})"
        assert inbox.con.execute(text).fetchall() == [(0,)], table
    copy = tmp_path / "copy"
    inbox.con.execute(f"export database {literal(str(copy))} (format parquet, compression 'uncompressed')")
    written = [path for place in (copy, inbox.settings.home) for path in place.rglob("*") if path.is_file()]
    delivered = set(inbox.settings.inbox.rglob("*"))
    assert written
    assert [path for path in written if path not in delivered and MARK.encode() in path.read_bytes().lower()] == []
