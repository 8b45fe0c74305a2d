"""Malformed files by the hundred and a fuzz: no crash, no lost row, a reason for each, nothing touched."""

from __future__ import annotations

import gzip
import io
import random
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.buyers import buyer_key
from tests.support.inbox_files import DAILY, Inbox, daily, inbox_in

pytestmark = pytest.mark.slow

ROWS = 20

# What becomes of one line of a file; how many rows it then is, and how many of them are sound.
LINES: dict[str, tuple[Callable[[bytes], bytes], int, int]] = {
    "short": (lambda line: line.rpartition(b",")[0], 1, 0),
    "long": (lambda line: line + b",x", 1, 0),
    "one field": (lambda line: b"total", 1, 0),
    "open quote": (lambda line: line.replace(b",c", b',"c'), 1, 0),
    "stray quote": (lambda line: line.replace(b",c", b',"c"'), 1, 0),
    "quote at the end": (lambda line: line + b'"', 1, 0),
    "quoted": (lambda line: line.replace(b"pdd", b'"pdd"'), 1, 1),
    "nul": (lambda line: line.replace(b",c", b",\0c"), 1, 0),
    "only nul": (lambda line: bytes(40), 1, 0),
    "latin-1": (lambda line: line.replace(b",c", b",\xe9c"), 1, 0),
    "gb18030": (lambda line: line.replace(b",c", ",搜索".encode("gb18030")), 1, 0),
    "utf-8 cut short": (lambda line: line.replace(b",c", b",\xe6\x90c"), 1, 0),
    "surrogate": (lambda line: line.replace(b",c", b",\xed\xa0\x80c"), 1, 0),
    "huge field": (lambda line: line.replace(b",c", b"," + b"x" * 3_000_000), 1, 0),
    "long field": (lambda line: line.replace(b",c", b"," + b"x" * 300_000), 1, 0),
    "many fields": (lambda line: b"," * 100_000, 0, 0),
    "formula": (lambda line: line.replace(b",c", b",=cmd|' /C calc'!A0"), 1, 0),
    "at": (lambda line: line.replace(b",c", b",@SUM(1)"), 1, 0),
    "control": (lambda line: line.replace(b",c", b",\x1b[31mc"), 1, 0),
    "return": (lambda line: line.replace(b",c", b",\rc"), 2, 0),
    "tab": (lambda line: line.replace(b",c", b",\tc"), 1, 0),
    "mark": (lambda line: b"\xef\xbb\xbf" + line, 1, 0),
    "separator": (lambda line: line.replace(b",c", ",c\u2028".encode()), 1, 0),
    "emoji": (lambda line: line.replace(b",c", ",🛒".encode()), 1, 1),
    "word": (lambda line: line.replace(b",7,", b",seven,"), 1, 0),
    "negative": (lambda line: line.replace(b",7,", b",-7,"), 1, 0),
    "grouped": (lambda line: line.replace(b"100.50", b'"1,100.50"'), 1, 0),
    "rounding": (lambda line: line.replace(b"100.50", b"100.12345"), 1, 0),
    "day": (lambda line: line.replace(b"2025", b"2O25"), 1, 0),
    "future": (lambda line: line.replace(b"2025", b"2999"), 1, 0),
    "sql": (lambda line: line.replace(b",c", b",'; drop table core.platform; --"), 1, 1),
    "nothing": (lambda line: b",,,,,,,,,", 0, 0),
    "blank": (lambda line: b"", 0, 0),
    "spaces": (lambda line: b"   ", 1, 0),
    "semicolons": (lambda line: line.replace(b",", b";"), 1, 0),
    "backslash": (lambda line: line.replace(b",c", b',\\"c'), 1, 1),
    "joined": (lambda line: line.replace(b",c", b',"c\nd"'), 2, 0),
}
NAMES = [
    *("{}.csv", "{}", "{}.CSV.txt", "it's {}.csv", 'a "{}".csv', "a..{}.csv", "{}\n.csv", "{}*?[a].csv"),
    *("-rf {}", "{}; drop table x", "x..%2f..%2fetc%2f{}", "{}\\..\\x", "搜索{}", "{}🛒.csv", "$(id){}"),
    *(
        "{}\x7f\x01",
        "deep/er/{}.csv",
        "{}" + "n" * 200,
        " {} ",
        "{}.parquet",
        "{}.xlsx",
        "{}.json.gz",
        "CON{}",
    ),
]
ENCODINGS = ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be", "cp500", "cp037", "cp1140")


def whole(number: int) -> bytes:
    lines = (daily(1 + row, f"c{number}_{row}") for row in range(ROWS))
    return "".join(f"{line}\n" for line in (DAILY, *lines)).encode()


def packed(content: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", content)
    return target.getvalue()


def odd_files() -> Iterator[bytes]:
    """Files that can only be refused whole."""
    text = whole(0)
    yield from (b"", b"\n", b" \n\n ", b"\0" * 5000, f"{DAILY}\n".encode(), DAILY.encode(), b"\xef\xbb\xbf")
    yield from (text.decode().encode(encoding) for encoding in ENCODINGS)
    yield from (text.replace(b",", mark) for mark in (b";", b"\t", b"|", b"^", b"  "))
    headers = [DAILY.replace("date", "day"), DAILY.replace("gmv", "orders"), DAILY.upper(), f'"{DAILY}']
    headers += [f"{DAILY},", "", "platform,date\0", "a" * 100_000, DAILY.replace(",", ",,")]
    yield from (text.replace(DAILY.encode(), header.encode()) for header in headers)
    yield b"\xff" + text
    yield from (text[:-15], text[:-20], text.replace(b",7,", b",seven,"), text.replace(b"pdd", b"nobody"))
    yield from (
        gzip.compress(text)[:-5],
        gzip.compress(text)[:60],
        gzip.compress(text) + b"more",
        b"\x1f\x8b",
    )
    yield from (gzip.compress(bytes(70 << 20)), gzip.compress(gzip.compress(text)))
    yield from (packed(bytes(70 << 20)), packed(b"no workbook"), packed(text)[:-30], b"PK\x03\x04")
    yield from (b"PAR1" + text + b"PAR1", b"PAR1", b"%PDF-1.7\n" + text, b"\x89PNG\r\n\x1a\n" + bytes(100))
    yield from (
        b"<html><body>Not found</body></html>",
        b'[{"platform": "pdd"}]',
        b"{",
        b'{"a": 1}\n',
        b"{}\n{}\n",
    )
    chaos = random.Random(1)
    yield from (chaos.randbytes(chaos.randrange(1, 5000)) for _ in range(60))


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_five_hundred_malformed_files(tmp_path: Path) -> None:
    inbox = inbox_in(tmp_path / "home")
    wanted: dict[str, tuple[int, int]] = {}
    refused = list(odd_files())
    for number in range(500 - len(refused)):
        kind = list(LINES)[number % len(LINES)]
        change, rows, sound = LINES[kind]
        lines = whole(number).split(b"\n")
        at = (1, 7, ROWS)[number % 3]
        lines[at] = change(lines[at])
        ending = (b"\n", b"\n", b"\r\n")[number // len(LINES) % 3]
        content = ending.join(lines)
        name = NAMES[number % len(NAMES)].format(number)
        inbox.put(name, gzip.compress(content) if number % 5 == 4 else content)
        wanted[name] = (ROWS - 1 + rows, ROWS - 1 + sound)
    for number, content in enumerate(refused):
        inbox.put(f"odd{number}", content)
    (tmp_path / "beside").write_text("left alone")
    buyer_key(tmp_path / "home")  # made by the first load of a home
    before = {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in tmp_path.rglob("*")
              if path.is_file()}  # fmt: skip
    loads = {load.file: load for load in inbox.load()}
    after = {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in tmp_path.rglob("*")
             if path.is_file() and "archive" not in path.parts}  # fmt: skip
    assert after == before
    for name, (rows, sound) in wanted.items():
        load = loads[name]
        assert (load.rows_read, load.rows_loaded) == (rows, sound), load
        assert load.status == ("loaded" if rows == sound else "partly_loaded"), load
    for number in range(len(refused)):
        if f"odd{number}" in loads:  # one may have the bytes of another
            assert loads[f"odd{number}"].status == "refused", loads[f"odd{number}"]
    assert len(loads) >= 495
    assert inbox.rows("count(*)") == [(sum(sound for _, sound in wanted.values()),)]
    assert len(inbox.set_aside()) == sum(rows - sound for rows, sound in wanted.values())
    assert all(reason for *_, reason in inbox.set_aside())
    assert inbox.rows("count(*)", "core.platform") == [(2,)]
    assert Counter(load.status for load in loads.values())["refused"] >= 100


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Inbox:
    return inbox_in(tmp_path_factory.mktemp("fuzz") / "home")


@settings(max_examples=100, deadline=None)
@given(
    st.binary(max_size=60) | st.text(alphabet='",\r\n\\\0 a1.-=é', max_size=40).map(str.encode),
    st.integers(1, ROWS * 3),
    st.booleans(),
)
def test_any_bytes_in_one_line_affect_no_other_row(shared: Inbox, noise: bytes, at: int, is_gzip: bool) -> None:
    """Sixty sound rows and anything in place of one of them."""
    for table in ("core.platform_metric_daily", "audit.load", "audit.quarantine"):
        shared.con.execute(f"delete from {table}")
    lines = [DAILY.encode(), *(daily(1 + row, f"c{row}").encode() for row in range(ROWS * 3)), b""]
    lines[at] = noise
    content = b"\n".join(lines)
    load = shared.one("a", gzip.compress(content) if is_gzip else content)
    if load.status == "refused":
        # More rows than one: what was put there has line ends of its own.
        assert load.reason.startswith("breaks its contract in"), load
        assert b"\n" in noise or b"\r" in noise
        return
    kept = {row[0] for row in shared.rows("channel")}
    assert {f"c{row}" for row in range(ROWS * 3)} - kept <= {f"c{at - 1}"}
    assert [path.name for path in shared.settings.inbox.iterdir()] == ["a"]
