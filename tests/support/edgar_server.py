"""A server on loopback that behaves like data.sec.gov, faults included, for tests of whoever reads it.

Like EDGAR it refuses an agent without an e-mail address with a page, packs its answers, names no ETag,
gives the CIK as a number in companyfacts and as a padded string in submissions, and knows only what it was
told. `fail` queues faults for one address: each is served once, before the right answer.
"""

from __future__ import annotations

import gzip
import json
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from etl.config import Settings
from etl.edgar.store import body_path

AGENT = "Ann Lee ann@example.org"
UNDECLARED = b"""<!DOCTYPE html><html lang="en"><head>
<title>SEC.gov | Your Request Originates from an Undeclared Automated Tool</title></head>
<body><h1>Your Request Originates from an Undeclared Automated Tool</h1></body></html>"""
RATE = b"""\n<html><head><meta charset="utf-8"><TITLE>
 SEC.gov | Request Rate Threshold Exceeded</TITLE></head>
<body><p>Please declare your traffic by updating your user agent.</p></body></html>"""
MAINTENANCE = b"<html><head><title>SEC.gov | Scheduled maintenance</title></head><body></body></html>"

Reply = Callable[["Handler"], None]


def page(status: int, html: bytes, **headers: str) -> Reply:
    """Answer with a page, as EDGAR does when it refuses; header names with _ for -."""
    return lambda handler: handler.answer(status, html, {"Content-Type": "text/html", **_names(headers)})


def raw(body: bytes, **headers: str) -> Reply:
    """Answer with status 200 and just this body."""
    return lambda handler: handler.answer(200, body, {"Content-Type": "application/json", **_names(headers)})


def broken_off(body: bytes) -> Reply:
    """Promise the whole body, send half of it and hang up."""

    def reply(handler: Handler) -> None:
        handler.head(200, {"Content-Type": "application/json", "Content-Length": str(len(body))})
        handler.wfile.write(body[: len(body) // 2])
        handler.close_connection = True

    return reply


def hung_up(handler: Handler) -> None:
    """Close the connection without a word."""
    handler.close_connection = True


def silent(handler: Handler) -> None:
    """Say nothing until the server is closed."""
    handler.edgar.closing.wait(30)
    handler.close_connection = True


def dripping(body: bytes, until: Callable[[], object]) -> Reply:
    """Send the body byte by byte, calling `until` after each."""

    def reply(handler: Handler) -> None:
        handler.head(200, {"Content-Type": "application/json", "Content-Length": str(len(body))})
        try:
            for byte in body:
                handler.wfile.write(bytes([byte]))
                handler.wfile.flush()
                until()
        except OSError:
            handler.close_connection = True

    return reply


def filing(accession: str, form: str = "20-F", filed: str = "2018-04-27", xbrl: int = 1) -> dict[str, Any]:
    """One filing as `submissions` lists it, column by column."""
    return {
        "accessionNumber": accession,
        "filingDate": filed,
        "reportDate": "2017-12-31",
        "acceptanceDateTime": f"{filed}T10:30:00.000Z",
        "form": form,
        "size": 1000,
        "isXBRL": xbrl,
        "isInlineXBRL": xbrl,
        "primaryDocument": "report.htm",
    }


def columns(filings: Iterable[dict[str, Any]]) -> dict[str, list[Any]]:
    """Filings by columns, as EDGAR gives them."""
    listed = list(filings)
    return {name: [row[name] for row in listed] for name in filing("")}


def fact(accession: str, value: int, year: int = 2016, filed: str = "2018-04-27") -> dict[str, Any]:
    """One yearly fact as companyfacts gives it."""
    period = {"start": f"{year}-01-01", "end": f"{year}-12-31"}
    return {**period, "val": value, "accn": accession, "fy": 2017, "fp": "FY", "form": "20-F", "filed": filed}


@dataclass
class EdgarServer:
    """What the server knows, what it was asked (`requests`: paths in order) and by whom (`agents`)."""

    requests: list[str] = field(default_factory=list)
    agents: list[str] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)
    bodies: dict[str, bytes] = field(default_factory=dict)
    faults: dict[str, deque[Reply]] = field(default_factory=lambda: defaultdict(deque))
    url: str = ""

    def __enter__(self) -> EdgarServer:
        handler = type("Handler", (Handler,), {"edgar": self})
        self._server = _Loopback(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()

    def lists(
        self, cik: int, *filings: dict[str, Any], older: Iterable[dict[str, Any]] = (), shown: Any = None
    ) -> None:
        """From now on these are the filings of `cik`, the older ones on a further page."""
        files = []
        if older := list(older):
            name = f"CIK{cik:010d}-submissions-001.json"
            files = [{"name": name, "filingCount": len(older), "filingTo": older[0]["filingDate"]}]
            self.bodies[f"/submissions/{name}"] = json.dumps(columns(older)).encode()
        listed = {"recent": columns(filings), "files": files}
        document = {"cik": f"{cik:010d}" if shown is None else shown, "name": f"Issuer {cik}"}
        self.bodies[submissions(cik)] = json.dumps({**document, "filings": listed}).encode()

    def has_facts(self, cik: int, *facts: dict[str, Any], shown: Any = None) -> bytes:
        """From now on these are the marketing expenses of `cik`; returns the body."""
        concept = {"MarketingExpense": {"label": "", "description": "", "units": {"CNY": list(facts)}}}
        document = {"cik": cik if shown is None else shown, "entityName": f"Issuer {cik}"}
        body = json.dumps({**document, "facts": {"us-gaap": concept}}).encode()
        self.bodies[companyfacts(cik)] = body
        return body

    def fail(self, path: str, *faults: Reply) -> None:
        """Serve these first when asked for `path`."""
        self.faults[path].extend(faults)


def submissions(cik: int) -> str:
    """Where the filings of `cik` are listed."""
    return f"/submissions/CIK{cik:010d}.json"


def stored_body(settings: Settings, content_hash: str) -> bytes:
    """The body that is stored under a hash, unpacked."""
    return gzip.decompress((settings.home / body_path(content_hash)).read_bytes())


def companyfacts(cik: int) -> str:
    """Where the facts of `cik` are."""
    return f"/api/xbrl/companyfacts/CIK{cik:010d}.json"


def _names(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


class _Loopback(ThreadingHTTPServer):
    """Many connections at a time; one that the client drops is no news."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing on standard error."""


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    edgar: EdgarServer

    def do_GET(self) -> None:
        """Serve a fault that is queued, else what is known."""
        agent = self.headers.get("User-Agent", "")
        self.edgar.requests.append(self.path)
        self.edgar.agents.append(agent)
        body = self.edgar.bodies.get(self.path)
        if self.edgar.faults[self.path]:
            self.edgar.faults[self.path].popleft()(self)
        elif "@" not in agent:
            page(403, UNDECLARED)(self)
        elif body is None:
            page(404, b"<html><head><title>404 Not Found</title></head></html>")(self)
        elif "gzip" in self.headers.get("Accept-Encoding", ""):
            raw(gzip.compress(body), Content_Encoding="gzip", Vary="Accept-Encoding")(self)
        else:
            raw(body)(self)

    def answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        """Send a whole answer."""
        self.head(status, {**headers, "Content-Length": str(len(body))})
        self.wfile.write(body)

    def head(self, status: int, headers: dict[str, str]) -> None:
        """Send status and headers."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Cache-Control", "max-age=0, no-cache, no-store")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing on standard error."""
