"""A quarter of the SEC's Financial Statement Data Sets into raw.edgar_statement: what statements said.

Four tab-separated files with a header: sub (filings), num (numbers), tag (their names), pre (their lines in
the statements). Published by the SEC every quarter. What goes wrong: a day is rounded to the end of its
month, so it is no key beside companyfacts, whose days are exact: no figure is made of it; a number with
segments or a co-registrant is a part of the whole; custom tags have the accession number as their version.
"""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from hashlib import file_digest
from pathlib import Path

from etl.warehouse import Connection, DatabaseError, transaction

SETS = ("sub", "num", "tag", "pre")
SOURCE = "edgar_statements"
READ = (
    "read_csv('{path}', delim = '\t', header = true, quote = '', escape = '', all_varchar = true, "
    "null_padding = true, strict_mode = true, parallel = false)"
)
JOINED = """
insert into raw.edgar_statement
select
    s.cik::bigint, s.adsh, s.name, s.form, strptime(s.filed, '%Y%m%d')::date,
    strptime(nullif(s.period, ''), '%Y%m%d')::date, s.fye, n.tag, n.version, n.version = n.adsh as is_custom,
    strptime(n.ddate, '%Y%m%d')::date, n.qtrs::integer, n.uom,
    {segments}, nullif(n.coreg, ''), {segments} is null and nullif(n.coreg, '') is null as is_consolidated,
    nullif(n.value, '')::decimal(38, 4), p.stmt, coalesce(p.plabel, t.tlabel), $hash, $now
from num as n
join sub as s on s.adsh = n.adsh
left join tag as t on t.tag = n.tag and t.version = n.version
left join (
    select p.adsh, p.tag, p.version, min_by(p.stmt, (p.report::integer, p.line::integer)) as stmt,
        min_by(p.plabel, (p.report::integer, p.line::integer)) as plabel
    from pre as p group by p.adsh, p.tag, p.version
) as p on p.adsh = n.adsh and p.tag = n.tag and p.version = n.version
"""


class StatementError(RuntimeError):
    """A quarter of the data sets cannot be loaded; the message says why and what to do."""


def load_statements(con: Connection, path: Path, now: datetime) -> Iterator[tuple[str, int | None]]:
    """Load one quarter, a zip or its folder: its name and rows, None where it stands already.

    One transaction; every row of num is kept or nothing is. Raises StatementError.
    """
    with _unpacked(path) as folder:
        missing = [f"{name}.txt" for name in SETS if not (folder / f"{name}.txt").exists()]
        if missing:
            raise StatementError(f"{path} has no {', '.join(missing)}: download the quarter again")
        with (folder / "num.txt").open("rb") as file:
            content_hash = file_digest(file, "sha256").hexdigest()
        seen = con.execute(
            "select 1 from audit.load where source = ? and content_hash = ?", [SOURCE, content_hash]
        )
        if seen.fetchone():
            yield path.name, None
            return
        try:
            with transaction(con):
                rows = _load(con, folder, content_hash, now)
                con.execute(
                    "insert into audit.load values (?, ?, ?, ?, ?, 0, 0, 'loaded', null, ?, null, null)",
                    [SOURCE, path.name, content_hash, rows, rows, now],
                )
        except DatabaseError as error:
            first = str(error).splitlines()[0]
            raise StatementError(
                f"{path}: {first}; nothing was loaded, download the quarter again"
            ) from error
        yield path.name, rows


def _load(con: Connection, folder: Path, content_hash: str, now: datetime) -> int:
    for name in SETS:
        quoted = str(folder / f"{name}.txt").replace("'", "''")
        con.execute(f"create or replace temp view {name} as select * from {READ.format(path=quoted)}")
    columns = {row[0] for row in con.execute("describe num").fetchall()}
    # Quarters before 2024 have no column for segments: they hold consolidated numbers only.
    segments = "nullif(n.segments, '')" if "segments" in columns else "null::varchar"
    con.execute(JOINED.format(segments=segments), {"hash": content_hash, "now": now})
    kept = _count(con, "select count(*) from raw.edgar_statement where content_hash = ?", [content_hash])
    with (folder / "num.txt").open("rb") as file:
        read = sum(1 for _ in file) - 1
    for name in SETS:
        con.execute(f"drop view {name}")
    if kept != read:
        raise StatementError(
            f"{read:,} numbers, of which {kept:,} have a filing: nothing was loaded; download it again"
        )
    return kept


def _count(con: Connection, sql: str, parameters: list[str]) -> int:
    row = con.execute(sql, parameters).fetchone()
    return int(row[0]) if row else 0


@contextmanager
def _unpacked(path: Path) -> Iterator[Path]:
    """The folder of the quarter; a zip is unpacked beside nothing that stays."""
    if path.is_dir():
        yield path
        return
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(path) as archive:
        for name in SETS:
            if f"{name}.txt" in archive.namelist():
                with archive.open(f"{name}.txt") as packed, (Path(folder) / f"{name}.txt").open("wb") as file:
                    shutil.copyfileobj(packed, file)
        yield Path(folder)
