"""How EDGAR's refusals and faults are taken, against a real server on loopback; no test waits for a clock."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from threading import Semaphore
from typing import Any

import httpx
import pytest

from etl.bounds import Bounds
from etl.edgar.client import (
    ATTEMPTS,
    AgentError,
    BlockedError,
    Client,
    Clock,
    ContentError,
    Limiter,
    UnavailableError,
)
from etl.errors import MendError
from tests.support.edgar_server import (
    AGENT,
    MAINTENANCE,
    RATE,
    UNDECLARED,
    EdgarServer,
    Handler,
    Reply,
    broken_off,
    companyfacts,
    dripping,
    fact,
    hung_up,
    page,
    raw,
    silent,
)

JD = 1549802
PATH = companyfacts(JD)
START = datetime(2026, 6, 8, 12, tzinfo=UTC)


class Time:
    """A time that passes only when someone waits; `waits` in seconds."""

    def __init__(self) -> None:
        self.moment = START
        self.waits: list[float] = []
        self.clock = Clock(lambda: self.moment, self.wait)

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.moment += timedelta(seconds=seconds)


@pytest.fixture
def server() -> Iterator[EdgarServer]:
    with EdgarServer() as edgar:
        edgar.has_facts(JD, fact("0001104659-18-027535", 14_918_000_000))
        yield edgar


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def client(server: EdgarServer, time: Time) -> Iterator[Client]:
    with Client(AGENT, server.url, limiter=Limiter(), clock=time.clock, bounds=Bounds(5, 5, 1_000_000)) as client:
        yield client


def test_a_body_is_unpacked_and_requested_with_the_user_agent(server: EdgarServer, client: Client) -> None:
    answer = client.get(PATH)
    assert answer.body == server.bodies[PATH]
    assert answer.document["cik"] == JD
    assert answer.headers["content-encoding"] == "gzip"
    assert server.agents == [AGENT]


@pytest.mark.parametrize(
    "agent",
    [None, "", "Ann Lee", "ann@example.org", "python-httpx/0.28", "Ann Lee ann@example",
     "李安 ann@example.org",
     "Ann\nann@example.org", "Ann annexample.org"],
)  # fmt: skip
def test_a_user_agent_without_name_and_address_is_refused(server: EdgarServer, agent: str | None) -> None:
    with pytest.raises(AgentError, match=r'SEC_USER_AGENT="Ann Lee ann@example\.org"'):
        Client(agent, server.url)
    assert server.requests == []


@pytest.mark.parametrize("status", [403, 200])
def test_a_rejected_user_agent_fails_once_with_the_fix(
    server: EdgarServer, client: Client, time: Time, status: int
) -> None:
    server.fail(PATH, page(status, UNDECLARED))
    with pytest.raises(AgentError, match=r"Undeclared Automated Tool.*SEC_USER_AGENT must be your name"):
        client.get(PATH)
    assert (len(server.requests), time.waits) == (1, [])


@pytest.mark.parametrize("status", [403, 200])
def test_a_rate_block_stops_every_call_for_ten_minutes(server: EdgarServer, time: Time, status: int) -> None:
    limiter = Limiter()
    first, second = (Client(AGENT, server.url, limiter=limiter, clock=time.clock) for _ in range(2))
    server.fail(PATH, page(status, RATE))
    with pytest.raises(BlockedError, match=r"Request Rate Threshold Exceeded.*2026-06-08 12:10:00 UTC") as raised:
        first.get(PATH)
    assert raised.value.until == START + timedelta(minutes=10)
    for client in (first, second):
        with pytest.raises(BlockedError):
            client.get(PATH)
    time.moment = START + timedelta(minutes=9, seconds=59)
    with pytest.raises(BlockedError):
        second.get(PATH)
    assert len(server.requests) == 1
    time.moment = START + timedelta(minutes=10)
    assert second.get(PATH).document["cik"] == JD


def test_an_unexplained_403_stops_every_call_too(server: EdgarServer, client: Client) -> None:
    server.fail(PATH, page(403, b"<html><body>Forbidden</body></html>"))
    with pytest.raises(BlockedError, match=r"403, 'Forbidden'"):
        client.get(PATH)
    with pytest.raises(BlockedError):
        client.get("/other")
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [("120", 120), ("Mon, 08 Jun 2026 12:05:00 GMT", 300), ("Mon, 08 Jun 2026 11:00:00 GMT", 600),
     ("soon", 600), ("0", 600), (None, 600), ("\N{SUPERSCRIPT TWO}".encode().decode("latin-1"), 600), ("-5", 600),
     ("9" * 30, 86400), ("99999999999", 86400), ("9" * 5000, 600), ("Mon, 08 Jun 3026 12:05:00 GMT", 86400),
     ("Mon, 08 Jun 2026 12:05:00 -0000", 600)],
)  # fmt: skip
def test_429_stops_calls_for_as_long_as_it_says(
    server: EdgarServer, client: Client, time: Time, retry_after: str | None, seconds: int
) -> None:
    server.fail(PATH, page(429, RATE, **({"Retry_After": retry_after} if retry_after else {})))
    with pytest.raises(BlockedError) as raised:
        client.get(PATH)
    assert raised.value.until == START + timedelta(seconds=seconds)
    assert (len(server.requests), time.waits) == (1, [])


OVERLOADED = page(503, b"<html><head><title>Service Unavailable</title></head></html>")
WHOLE = json.dumps({"cik": JD, "facts": {}}).encode()
FAULTS: list[Any] = [
    pytest.param(page(500, b""), "status 500", id="500"),
    pytest.param(OVERLOADED, "status 503", id="503"),
    pytest.param(hung_up, "no whole answer", id="hung up"),
    pytest.param(broken_off(WHOLE), "no whole answer", id="broken off"),
    pytest.param(raw(WHOLE[:-9]), "no whole JSON", id="truncated JSON"),
    pytest.param(raw(b""), "0 bytes that are no whole JSON", id="empty"),
    pytest.param(raw(b"\xff\xfe\x00"), "no whole JSON", id="no text"),
    pytest.param(raw(b"not gzip", Content_Encoding="gzip"), "DecodingError", id="no gzip"),
    pytest.param(raw(gzip.compress(WHOLE)[:-20], Content_Encoding="gzip"), "no whole", id="half a gzip"),
]


@pytest.mark.parametrize(("fault", "said"), FAULTS)
def test_a_passing_fault_is_tried_again_with_growing_pauses(
    server: EdgarServer, client: Client, time: Time, fault: Reply, said: str
) -> None:
    server.fail(PATH, *[fault] * (ATTEMPTS - 1))
    assert client.get(PATH).document["cik"] == JD
    assert len(server.requests) == ATTEMPTS
    pauses = [wait for wait in time.waits if wait > 0.2]
    assert len(pauses) == ATTEMPTS - 1
    assert all(0.5 * 2**n <= pause <= 1.5 * 2**n for n, pause in enumerate(pauses))


@pytest.mark.parametrize(("fault", "said"), FAULTS)
def test_a_lasting_fault_is_reported_after_a_few_tries(
    server: EdgarServer, client: Client, fault: Reply, said: str
) -> None:
    server.fail(PATH, *[fault] * 20)
    with pytest.raises(UnavailableError, match=said) as raised:
        client.get(PATH)
    assert str(raised.value).startswith(server.url + PATH)
    assert len(server.requests) == ATTEMPTS == client.requests


def test_a_silent_server_is_given_up(server: EdgarServer, time: Time) -> None:
    server.fail(PATH, *[silent] * ATTEMPTS)
    client = Client(AGENT, server.url, limiter=Limiter(), clock=time.clock, bounds=Bounds(5, 0.05, 1000))
    with client, pytest.raises(UnavailableError, match="ReadTimeout"):
        client.get(PATH)


@pytest.mark.parametrize("where", ["body", "headers"])
def test_an_answer_that_arrives_too_slowly_is_given_up(server: EdgarServer, time: Time, where: str) -> None:
    go_on = Semaphore(0)
    drip = dripping(WHOLE + b" " * 1000, lambda: go_on.acquire(timeout=0.02))

    def slow_headers(handler: Handler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
        try:
            while not go_on.acquire(timeout=0.02):
                handler.wfile.write(b"x")
        except OSError:
            handler.close_connection = True

    server.fail(PATH, *[drip if where == "body" else slow_headers] * ATTEMPTS)
    client = Client(AGENT, server.url, limiter=Limiter(), clock=time.clock, bounds=Bounds(0.2, 5, 1_000_000))
    with client, pytest.raises(UnavailableError, match=r"not read within 0 seconds.*4 times in a row"):
        client.get(PATH)


def test_an_answer_that_is_too_large_is_refused(server: EdgarServer, time: Time) -> None:
    packed = gzip.compress(b'{"x": "' + b" " * 5_000_000 + b'"}')
    server.fail(PATH, raw(packed, Content_Encoding="gzip"))
    client = Client(AGENT, server.url, limiter=Limiter(), clock=time.clock, bounds=Bounds(5, 5, 1_000_000))
    with client, pytest.raises(ContentError, match="which is the most that is read"):
        client.get(PATH)
    assert len(server.requests) == 1


def test_no_request_is_made_when_the_time_for_all_is_over(server: EdgarServer, client: Client) -> None:
    client.until = 0
    with pytest.raises(UnavailableError, match="the time for EDGAR is over"):
        client.get(PATH)
    assert server.requests == []


@pytest.mark.parametrize(
    "address", ["http://ann:GEHEIM@127.0.0.1:1", "http://ann:GEH/GEHEIM@127.0.0.1:1", "http://u:GEHEIM@[::1"]
)
def test_no_message_has_the_password_of_an_address(time: Time, address: str) -> None:
    with pytest.raises((UnavailableError, MendError)) as raised:
        Client(AGENT, address, limiter=Limiter(), clock=time.clock).get(PATH)
    chain: BaseException | None = raised.value
    while chain:
        assert "GEH" not in str(chain)
        chain = chain.__cause__


def test_a_refused_connection_is_reported(time: Time) -> None:
    with EdgarServer() as gone:
        url = gone.url
    client = Client(AGENT, url, limiter=Limiter(), clock=time.clock)
    with client, pytest.raises(UnavailableError, match=r"ConnectError.*4 times in a row"):
        client.get(PATH)


@pytest.mark.parametrize(
    ("reply", "error", "said"),
    [
        (
            page(200, MAINTENANCE),
            ContentError,
            r"a page \(SEC\.gov \| Scheduled maintenance\) with status 200",
        ),
        (raw(b"[1, 2]"), ContentError, "a JSON list, not an object"),
        (raw(b"[" * 100_000), ContentError, "too deeply nested"),
        (raw(b'{"a":' * 100_000), ContentError, "too deeply nested"),
        (raw(b"NaN"), ContentError, "a JSON float, not an object"),
        (page(301, b"", Location="/elsewhere"), ContentError, "status 301"),
    ],
)
def test_an_invalid_response_is_reported_and_not_requested_again(
    server: EdgarServer, client: Client, reply: Reply, error: type[MendError], said: str
) -> None:
    server.fail(PATH, reply)
    with pytest.raises(error, match=said):
        client.get(PATH)
    assert len(server.requests) == 1


def test_a_file_that_edgar_does_not_have_is_none(server: EdgarServer, client: Client) -> None:
    server.fail(PATH, page(404, b""))
    assert client.get(PATH) is None
    assert len(server.requests) == 1


def test_at_most_five_requests_a_second_through_one_limiter(server: EdgarServer, time: Time) -> None:
    limiter = Limiter()
    one, other = (Client(AGENT, server.url, limiter=limiter, clock=time.clock) for _ in range(2))
    with one, other:
        for _ in range(10):
            one.get(PATH)
            other.get(PATH)
    assert len(server.requests) == 20
    assert time.moment - START == timedelta(seconds=19 / 5)
    time.moment -= timedelta(hours=1)  # the clock was set back
    limiter.take(time.clock)
    assert time.waits[-1] <= 0.2


def test_clients_share_one_limiter_by_default(server: EdgarServer) -> None:
    with Client(AGENT, server.url) as one, Client(AGENT, "https://data.sec.gov") as other:
        assert one.limiter is other.limiter


def test_the_server_refuses_an_undeclared_agent_by_itself(server: EdgarServer) -> None:
    assert b"Undeclared" in httpx.get(server.url + PATH, trust_env=False).content
