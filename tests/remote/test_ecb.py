"""The central bank's rates, from a real server on loopback that may answer anything."""

from __future__ import annotations

import csv
import io
import socket
import time
import zipfile
from pathlib import Path

import pytest

from etl.bounds import Bounds, RemoteRead
from etl.errors import MendError, RetryError
from etl.remote import ecb
from tests.support.odd_server import OddServer

# In the form of the bank's file; the rates are for this test.
RATES = "Date,USD,JPY,CYP,CNY,\n2024-08-15,1.0999,161.95,N/A,7.8858,\n2024-08-14,1.1020,161.72,N/A,7.8678,\n"
NEXT = RATES.replace("\n2024-08-15", "\n2024-08-16,1.0993,162.87,N/A,7.8757,\n2024-08-15")


def fetch(
    address: str, folder: Path, seconds: float = 60, idle: float = 20, known: frozenset[str] = frozenset()
) -> list[Path]:
    reading = RemoteRead(Bounds(seconds, idle, largest=100_000))
    return list(ecb.fetch(address, folder, reading, known))


def zipped(text: str, method: int = zipfile.ZIP_DEFLATED) -> bytearray:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        archive.writestr("eurofxref-hist.csv", text)
    return bytearray(packed.getvalue())


def test_rates_are_fetched_as_printed_and_only_once(odd: OddServer, tmp_path: Path) -> None:
    odd.says(bytes(zipped(RATES)))
    (file,) = fetch(odd.url, tmp_path)
    rows = list(csv.DictReader(file.open()))
    assert len(rows) == 6, "a currency without a rate has no row"
    assert rows[2] == {
        "currency": "EUR",
        "quote_currency": "CNY",
        "period_start": "2024-08-15",
        "period_end": "2024-08-15",
        "rate": "7.8858",
        "source": ecb.SOURCE,
    }
    assert fetch(odd.url, tmp_path) == []
    odd.says(NEXT.encode())
    (news,) = fetch(odd.url, tmp_path)
    assert {row["period_start"] for row in csv.DictReader(news.open())} == {"2024-08-16"}


def encrypted() -> bytearray:
    body = zipped(RATES)
    body[6] |= 1
    body[body.rfind(b"PK\x01\x02") + 8] |= 1
    return body


def of_unknown_method() -> bytearray:
    body = zipped(RATES)
    body[8] = body[body.rfind(b"PK\x01\x02") + 10] = 99
    return body


def with_a_changed_byte(at: int) -> bytearray:
    body = zipped(RATES)
    body[at] ^= 0x06
    return body


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"<html>moved</html>", id="page"),
        pytest.param(b"", id="empty"),
        pytest.param(b"Date,USD,\n2024-08-15,1.1", id="cut short"),
        pytest.param(b"Date,USD,\n2024-08-15,-1,\n", id="negative"),
        pytest.param(b"Date,USD,\n2024-08-15,NaN,\n", id="NaN"),
        pytest.param(b"Date,USD,\n2024-08-15,Infinity,\n", id="infinite"),
        pytest.param(b"Date,USD,\n2024-08-15,0.0,\n", id="zero"),
        pytest.param(b"Date,USD,\n2024-08-15,1_1,\n", id="underscore"),
        pytest.param("Date,USD,\n2024-08-15,１.1,\n".encode(), id="full width"),
        pytest.param(b"Date,USD,\n99999-08-15,1.1,\n", id="far date"),
        pytest.param(b"Date,USD,\n2024-08-15,\0,\n", id="NUL"),
        pytest.param(b"PK\x03\x04x", id="start of an archive"),
        pytest.param(b"PK\x05\x06" + bytes(18), id="empty archive"),
        pytest.param(bytes(encrypted()), id="encrypted"),
        pytest.param(bytes(of_unknown_method()), id="unknown method"),
        pytest.param(bytes(zipped(RATES)[:-30]), id="half an archive"),
        pytest.param(bytes(zipped(RATES + " " * 200_000)), id="unpacks to too much"),
        pytest.param(b"x" * 200_000, id="too much"),
    ],
)
def test_a_file_without_rates_is_refused(odd: OddServer, tmp_path: Path, body: bytes) -> None:
    odd.says(body)
    with pytest.raises(MendError):
        fetch(odd.url, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("at", range(len(zipped(RATES))))
def test_an_archive_with_a_changed_byte_is_read_right_or_refused(tmp_path: Path, at: int) -> None:
    source = tmp_path / "rates.zip"
    source.write_bytes(with_a_changed_byte(at))
    try:
        (file,) = fetch(str(source), tmp_path / "in")
    except MendError:
        return
    assert len(file.read_text().splitlines()) == 7


def test_an_archive_in_an_archive_is_refused(odd: OddServer, tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("inner.zip", zipped(RATES))
    odd.says(packed.getvalue())
    with pytest.raises(MendError, match="no eurofxref-hist file"):
        fetch(odd.url, tmp_path)


@pytest.mark.parametrize("torn", [b"", b"Date,US", b"\0" * 100, b"PK\x03\x04"])
def test_a_damaged_comparison_file_only_costs_a_second_copy(tmp_path: Path, torn: bytes) -> None:
    source, last = tmp_path / "rates.csv", tmp_path / "in" / ".last.csv"
    source.write_text(RATES, encoding="utf-8")
    (first,) = fetch(str(source), tmp_path / "in")
    last.write_bytes(torn)
    (again,) = fetch(str(source), tmp_path / "in")
    assert again.read_bytes() == first.read_bytes()
    assert fetch(str(source), tmp_path / "in") == []


@pytest.mark.parametrize("left", [0, 40])
def test_rates_whose_file_was_cut_short_come_again(tmp_path: Path, left: int) -> None:
    """The case power_cut_sources: as an earlier version left it, which did not sync the file before its name."""
    source = tmp_path / "rates.csv"
    source.write_text(RATES, encoding="utf-8")
    (first,) = fetch(str(source), tmp_path / "in")
    content = first.read_bytes()
    first.write_bytes(content[:left])
    (again,) = fetch(str(source), tmp_path / "in")
    assert again.read_bytes() == content


def test_a_rate_that_is_there_again_after_a_change_is_news(tmp_path: Path) -> None:
    """The inbox loads the same bytes once only: then the change would stand for ever."""
    source = tmp_path / "rates.csv"
    contents: list[bytes] = []
    for rate in ("1.1", "1.2", "1.1", "1.2"):
        source.write_text(f"Date,USD,\n2024-08-15,{rate},\n", encoding="utf-8")
        known = frozenset(ecb.hashlib.sha256(content).hexdigest() for content in contents)
        (file,) = fetch(str(source), tmp_path / "in", known=known)
        contents.append(file.read_bytes())
    assert [content.strip().split(b",")[-2] for content in contents] == [b"1.1", b"1.2", b"1.1", b"1.2"]
    assert len(set(contents)) == 4


def test_a_redirect_is_followed_within_its_scheme(odd: OddServer, tmp_path: Path) -> None:
    odd.says(b"", 302, path="/old", Location="/new")
    odd.says(RATES.encode(), path="/new")
    assert len(fetch(f"{odd.url}/old", tmp_path)) == 1


@pytest.mark.parametrize(
    ("location", "said"),
    [
        ("/old", "redirected more than 5 times"),
        ("ftp://127.0.0.1/x", "redirected from http to ftp"),
        ("file:///etc/passwd", "redirected from http to file"),
        ("http://[", "does not answer"),
        ("//", "does not answer|redirected|no address"),
    ],
)
def test_other_redirects_are_refused(odd: OddServer, tmp_path: Path, location: str, said: str) -> None:
    odd.says(b"", 302, path="/old", Location=location)
    with pytest.raises((MendError, RetryError), match=said):
        fetch(f"{odd.url}/old", tmp_path)
    assert len(odd.asked) <= 6


def test_a_password_goes_to_the_server_and_to_no_other(tmp_path: Path) -> None:
    with OddServer() as first, OddServer() as second:
        first.says(b"", 302, Location=f"{second.url}/x")
        second.says(RATES.encode())
        fetch(first.url.replace("//", "//ann:geheim@"), tmp_path)
    assert "Authorization: Basic" in first.heads[0]
    assert "Authorization" not in second.heads[0]


@pytest.mark.parametrize("fault", ["stall", "trickle", "lie", "gone", "500"])
def test_a_server_that_stalls_trickles_or_lies_is_given_up_in_time(odd: OddServer, tmp_path: Path, fault: str) -> None:
    if fault == "stall":
        odd.stalls(RATES.encode())
    elif fault == "trickle":
        odd.trickles()
    elif fault == "lie":
        odd.says(RATES.encode(), Content_Length=str(len(RATES) + 9))
    elif fault == "500":
        odd.says(b"", 500)
    started = time.monotonic()
    with pytest.raises(RetryError, match=r"does not answer|not read within"):
        fetch(odd.url, tmp_path, seconds=1, idle=0.5)
    assert time.monotonic() - started < 5
    assert list(tmp_path.iterdir()) == []


def test_nobody_answers(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        with pytest.raises(RetryError, match="does not answer"):
            fetch(f"http://127.0.0.1:{free.getsockname()[1]}/x", tmp_path)


@pytest.mark.parametrize(
    "address",
    [
        "http://u:GEHEIM@127.0.0.1:9/x?key=GEHEIM",
        "http//u:GEHEIM@127.0.0.1/x",
        "http://u:GEH/GEHEIM@127.0.0.1:9/x",
        "http://u:GEHEIM@GEHEIM:b@127.0.0.1:9/x",
        "ftp://u:GEHEIM@127.0.0.1/x",
        "http://u:GEHEIM@[::1/x",
        "http://u:GEHEIM@\u00a0/x",
    ],
)
def test_no_message_has_the_password_of_an_address(tmp_path: Path, address: str) -> None:
    with pytest.raises((MendError, RetryError)) as raised:
        fetch(address, tmp_path)
    chain: BaseException | None = raised.value
    while chain:
        assert "GEH" not in str(chain)
        chain = chain.__cause__
