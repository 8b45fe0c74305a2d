"""Messages to real servers on loopback that answer as servers in the world do: elsewhere, without end, or with a no."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest
import requests

from etl import deliver as module
from etl.deliver import Message, addresses_in, as_text, deliver, fault_in, refused_in, shown

SAYS = "file <script>alert(1)</script><a href='http://evil.example'>sign in</a>"
DATA = f"{SAYS} <@U123> <!channel> @all [sign](http://evil.example)"
CHECK = Message("Warehouse: 1 change (check)", DATA)


@contextmanager
def http_server(answer: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[tuple[int, list[tuple[str, bytes]]]]:
    """A web server; its port, and the path and body of each message that it got."""
    got: list[tuple[str, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append((self.path, self.rfile.read(int(self.headers["content-length"]))))
            answer(self)

        def do_GET(self) -> None:
            got.append((self.path, b""))
            answer(self)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port, got
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def tcp_server(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server of anything, by its port; it serves one connection after the other."""
    listening = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        while True:
            try:
                connection, _ = listening.accept()
                with connection:
                    serve(connection)
            except OSError:
                if listening.fileno() < 0:
                    return

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.close()


def answering(status: int, body: bytes = b"", **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def test_a_message_that_the_service_took_is_delivered() -> None:
    with http_server(answering(200)) as (port, got):
        assert deliver(f"json://127.0.0.1:{port}/hook", CHECK) is None
    ((path, body),) = got
    assert path == "/hook" and json.loads(body)["message"] == DATA


@pytest.mark.parametrize("status", [302, 307])
def test_a_redirect_is_not_followed_and_not_delivered(status: int) -> None:
    """The case notify_redirect: an expired hook leads to a login page, or to a host that would get the message."""
    with http_server(answering(200)) as (elsewhere, stolen):
        to = f"http://127.0.0.1:{elsewhere}/login"
        with http_server(answering(status, Location=to)) as (port, got):
            reason = deliver(f"json://127.0.0.1:{port}/hook?redirect=yes", CHECK)
    assert reason and f"answered {status}, a redirect, which is not followed" in reason
    assert len(got) == 1 and stolen == []


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (500, b"", "answered 500"),
        (404, b"", "answered 404"),
        (200, b'{"errcode": 310000, "errmsg": "keywords not in content"}', "refused: 310000 keywords not in content"),
        (200, b'{"ok": false, "error": "channel_not_found"}', "refused: channel_not_found"),
        (200, b"y" * (module.LARGEST + 1), "more than 1,048,576 bytes"),
    ],
)
def test_an_answer_that_says_no_is_told(status: int, body: bytes, reason: str) -> None:
    with http_server(answering(status, body)) as (port, _):
        assert reason in (deliver(f"json://127.0.0.1:{port}/", CHECK) or "")


def drip(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000000\r\n\r\n")
    while True:
        connection.sendall(b"x")
        time.sleep(0.2)


def flood(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000000\r\n\r\n")
    while True:
        connection.sendall(b"y" * (1 << 20))


def drip_mail(connection: socket.socket) -> None:
    connection.sendall(b"220-")
    while True:
        connection.sendall(b"x")
        time.sleep(0.2)


@pytest.mark.parametrize(
    ("serve", "kind", "reason"),
    [
        (drip, "json", "no whole answer within 2 seconds"),
        (flood, "json", "more than 1,048,576 bytes"),
        (drip_mail, "mailto", "no whole answer within 2 seconds"),
    ],
)
def test_an_answer_without_end_ends(
    serve: Callable[[socket.socket], None], kind: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The case notify_never_ends."""
    monkeypatch.setattr(module, "SECONDS", 2.0)
    with tcp_server(serve) as port:
        asks = "?from=a@example.org&to=b@example.org&mode=insecure" if kind == "mailto" else ""
        began, before = time.monotonic(), psutil.Process().memory_info().rss
        assert reason in (deliver(f"{kind}://127.0.0.1:{port}/{asks}", CHECK) or "")
    assert time.monotonic() - began < 8
    assert psutil.Process().memory_info().rss - before < 50 << 20
    assert not [child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE]


def test_a_process_that_dies_is_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.sys, "executable", "/bin/false")
    assert deliver("json://127.0.0.1:9/", CHECK) == "the process that sends ended with 1, as for want of memory"


@contextmanager
def mail_server() -> Iterator[tuple[int, list[bytes]]]:
    mails: list[bytes] = []

    def serve(connection: socket.socket) -> None:
        with connection.makefile("rwb", 0) as lines:
            lines.write(b"220 x\r\n")
            while line := lines.readline():
                verb = line[:4].upper()
                if verb == b"DATA":
                    lines.write(b"354 go\r\n")
                    mails.append(b"".join(iter(lines.readline, b".\r\n")))
                lines.write(b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n")

    with tcp_server(serve) as port:
        yield port, mails


def test_a_mail_shows_what_the_message_says_and_no_markup() -> None:
    """The case notify_mail_markup."""
    body = f"{SAYS}\nsecond finding"
    with mail_server() as (port, mails):
        address = f"mailto://127.0.0.1:{port}/?from=a@example.org&to=b@example.org&mode=insecure"
        assert deliver(address, Message("Warehouse: 2 changes (quarantine)", body)) is None
    mail = message_from_bytes(mails[0], policy=default)
    parts = {part.get_content_type(): part.get_content() for part in mail.walk() if not part.is_multipart()}
    assert parts["text/plain"].splitlines() == body.splitlines()
    assert "<script" not in parts.get("text/html", "") and "<a href" not in parts.get("text/html", "")
    assert mail["Subject"] == "Warehouse: 2 changes (quarantine)"


CHATS = {
    "slack://TAAAAAAAA/ABBBBBBBB/cccccccccccccccccccccccc/#general": "attachments.0.text",
    f"dingtalk://{'a' * 64}": "text.content",
    "feishu://6e6a6a6a-aaaa-bbbb-cccc-dddddddddddd": "content.text",
    "wecombot://6e6a6a6a-aaaa-bbbb-cccc-dddddddddddd": "text.content",
    "discord://123456789012345678/abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz": "embeds.0.description",
    "tgram://123456789:abcdefg_hijklmnop/12345/": "text",
    "gchat://AAAAworkspace/keykeykey/tokentoken": "text",
}


@pytest.mark.parametrize("address", CHATS)
def test_data_is_no_markup_and_no_mention_in_a_chat(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The requests of the real services, led to loopback."""
    with http_server(answering(200, b"ok" if address.startswith("slack") else b"{}")) as (port, got):
        request = requests.Session.request

        def led_here(session: requests.Session, method: str, url: str, **options: Any) -> requests.Response:
            return request(session, method, f"http://127.0.0.1:{port}{urlsplit(url).path}", **options)

        monkeypatch.setattr(requests.Session, "request", led_here)
        monkeypatch.setattr(requests.Session, "send", requests.Session.send)  # restores what _send changes
        assert module._send(address, CHECK)["sent"] is True
    text: Any = json.loads(got[-1][1])
    assert "👉" not in json.dumps(text, ensure_ascii=False), "Apprise made a mention of the data"
    for step in CHATS[address].split("."):
        text = text[int(step)] if step.isdigit() else text[step]
    assert "<script" not in text and "<a href" not in text and "<@U123" not in text and "<!channel" not in text
    assert "sign in" in text
    if not address.startswith("tgram"):  # whose HTML has every sign escaped, and no mention of everybody
        assert "](http" not in text and "@all" not in text


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("jsn://u:hunter2@x", "WAREHOUSE_NOTIFY: jsn://*** is no kind of address that Apprise knows; json:// is one"),
        ("hooks.example.org/hunter2", "WAREHOUSE_NOTIFY: *** is no address: it begins like mailto://, slack://"),
        ("slack://hunter2", "WAREHOUSE_NOTIFY: slack://*** is no whole address of this kind"),
    ],
)
def test_a_mistyped_address_is_named_without_its_secret(address: str, reason: str) -> None:
    found = fault_in(address) or ""
    assert found.startswith(reason) and "hunter2" not in found
    assert "hunter2" not in (deliver(address, CHECK) or "hunter2")


def test_an_address_that_can_be_one_has_no_fault() -> None:
    assert fault_in("json://127.0.0.1:9/") is None


def test_a_reason_has_no_part_of_the_address() -> None:
    reason = deliver("mailto://u:hunter2@127.0.0.1:9/?from=a@example.org&to=b@example.org&mode=insecure", CHECK)
    assert reason and "hunter2" not in reason and "127.0.0.1" not in reason


def test_addresses_are_separated_by_blanks_and_commas() -> None:
    assert addresses_in(" json://a/x,y , slack://b  mailto://c?to=d@e.org,f@g.org") == [
        "json://a/x,y",
        "slack://b",
        "mailto://c?to=d@e.org,f@g.org",
    ]
    assert shown("slack://T1/A2/secret") == "slack://***" and shown("secret") == "***"


@pytest.mark.parametrize(
    ("url", "content", "refused"),
    [
        ("https://open.feishu.cn/x", b'{"code": 9499, "msg": "Bad Request"}', "9499 Bad Request"),
        ("https://hooks.example.org/x", b'{"code": 200, "msg": "fine"}', ""),
        ("https://x.org", b'{"errcode": 0, "errmsg": "ok"}', ""),
        ("https://x.org", b"ok", ""),
        ("https://x.org", b"[1]", ""),
    ],
)
def test_a_refusal_is_what_the_service_calls_one(url: str, content: bytes, refused: str) -> None:
    assert refused_in(url, content) == refused


def test_a_digest_is_readable_where_markdown_is_shown_as_it_is() -> None:
    text = "**Demo** - JD\\_com \\[1\\] &lt;b&gt; [source](<https://x.org/a?b=1>)"
    assert as_text(text) == "Demo - JD_com [1] <b> source: https://x.org/a?b=1"
