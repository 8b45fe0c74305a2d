"""No identifier of a buyer leaves the delivered file: marked ones are looked for wherever a load writes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from etl.profiles.profile import FOLDER
from etl.warehouse import literal
from tests.profiles.test_cases import cases, inbox_of, read
from tests.support.inbox_files import Inbox

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
    tables = inbox.con.execute(
        "select table_schema || '.' || table_name from information_schema.tables where table_type = 'BASE TABLE'"
    ).fetchall()
    for (table,) in tables:
        text = f"select count(*) from {table} as t where contains(lower(t::varchar), {literal(MARK)})"
        assert inbox.con.execute(text).fetchall() == [(0,)], table
    assert not any(MARK in text.lower() for text in [*inbox.said, *map(str, loads)])
    copy = tmp_path / "copy"
    inbox.con.execute(f"export database {literal(str(copy))} (format parquet, compression 'uncompressed')")
    written = [path for place in (copy, inbox.settings.home) for path in place.rglob("*") if path.is_file()]
    delivered = set(inbox.settings.inbox.rglob("*"))
    assert written
    assert [path for path in written if path not in delivered and MARK.encode() in path.read_bytes().lower()] == []
