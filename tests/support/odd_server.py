"""A server over HTTP on loopback that stalls, trickles and lies, for tests of whoever reads from it."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

Reply = Callable[[http.server.BaseHTTPRequestHandler], None]


@dataclass
class OddServer:
    """A server over HTTP that answers what `replies` has for a path, else what it has for ''."""

    url: str = ""
    replies: dict[str, Reply] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)

    def says(self, body: bytes, status: int = 200, path: str = "", **headers: str) -> None:
        """Answer like this; header names with _ for -. The length that is told may be a lie."""

        def reply(handler: http.server.BaseHTTPRequestHandler) -> None:
            handler.send_response(status)
            for name, value in ({"Content_Length": str(len(body))} | headers).items():
                handler.send_header(name.replace("_", "-"), value)
            handler.end_headers()
            handler.wfile.write(body)

        self.replies[path] = reply

    def stalls(self, body: bytes = b"", path: str = "", **headers: str) -> None:
        """Send this much of a long body, and then nothing."""

        def reply(handler: http.server.BaseHTTPRequestHandler) -> None:
            handler.send_response(200)
            for name, value in ({"Content_Length": "1000000"} | headers).items():
                handler.send_header(name.replace("_", "-"), value)
            handler.end_headers()
            handler.wfile.write(body)
            handler.wfile.flush()
            self.closing.wait(60)

        self.replies[path] = reply

    def trickles(self, path: str = "") -> None:
        """Send a byte at a time, more often than any pause between two pieces would end."""

        def reply(handler: http.server.BaseHTTPRequestHandler) -> None:
            handler.send_response(200)
            handler.end_headers()
            try:
                while not self.closing.wait(0.05):
                    handler.wfile.write(b" ")
                    handler.wfile.flush()
            except OSError:
                pass

        self.replies[path] = reply

    def __enter__(self) -> OddServer:
        server = self

        class Odd(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.asked.append(self.path)
                server.heads.append(str(self.headers))
                server.replies.get(self.path.partition("?")[0], server.replies.get("", lambda _: None))(self)

            def do_POST(self) -> None:
                server.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
                self.do_GET()

            def log_message(self, *_: object) -> None:
                pass

        self._listening = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Odd)
        self._listening.daemon_threads = True
        threading.Thread(target=self._listening.serve_forever, args=(0.01,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._listening.server_port}"
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._listening.shutdown()
        self._listening.server_close()
