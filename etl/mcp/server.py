"""`warehouse mcp`: the tools by the Model Context Protocol, on standard input and output or on loopback with a token.

Each call opens the published snapshot anew, read-only: the next call after a publication answers from the new one, and
two calls side by side share no connection. A question at fault gets its sentence; what nobody foresaw is logged, and
the assistant learns only that it failed.
"""

from __future__ import annotations

import hmac
import os
import secrets
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from typing import Any

import uvicorn
from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.transport_security import TransportSecuritySettings
from mcp_types import ToolAnnotations

from etl.config import Settings
from etl.errors import MendError, explained
from etl.mcp import tools
from etl.mcp.answer import Changes, CitedAnswer, Explanation, Names, SnapshotAsked, SqlAnswer, Tables
from etl.mcp.facts import snapshot
from etl.mcp.query import SECONDS
from etl.mcp.query import query as answered
from etl.warehouse import EXPECTED, Connection, Interrupted, open_snapshot

TOKEN_FILE = "mcp.token"  # noqa: S105 (its name)
SHORTEST_TOKEN = 20
READS = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)
INSTRUCTIONS = """\
Customer acquisition costs and partnerships of commerce platforms, every number with its document. Give a number only
as a tool answers it, with unit, interval, validity, known_on and citation. Where a fact has no number, say its
no_number: that is the answer, and no other number may take its place. Say the flags. Where snapshot.simulated is not
empty, the data is made up: say so. For what was known on a day use as_of. Begin with find for the names of platforms,
definitions, deals and claims, and with tables for columns and units."""
App = Callable[[Any, Any, Any], Awaitable[None]]


class Tools:
    """The tools over the snapshot of one home; the text of a method is what an assistant reads of it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @contextmanager
    def opened(self) -> Iterator[tuple[Connection, SnapshotAsked]]:
        """The published snapshot for one call, with a bound on its time. Raises ToolError with what can be mended."""
        try:
            with open_snapshot(self.settings.serving_db) as con:
                timer = Timer(SECONDS, con.interrupt)
                timer.daemon = True
                timer.start()
                try:
                    yield con, snapshot(con, is_demo=self.settings.is_demo)
                finally:
                    timer.cancel()
        except Interrupted as error:
            raise ToolError(f"stopped after {SECONDS:g} seconds: narrow the question") from error
        except EXPECTED as error:
            raise ToolError(explained(error)) from error

    def find(self, words: str, kind: str = "", limit: int = 20) -> Names:
        """Find what questions can name: platforms, metrics, definitions of cost, deals, claims and words.

        All of `words` must stand in name, label or meaning. `kind` narrows it: platform, metric, definition, deal,
        claim or word.
        """
        with self.opened() as (con, told):
            return tools.find(con, told, words, kind, limit)

    def tables(self, table: str = "") -> Tables:
        """List the published tables; with `table` (marts.cac_trend) its columns with unit and meaning."""
        with self.opened() as (con, told):
            return tools.tables(con, told, table)

    def rows(self, table: str, where: dict[str, str] | None = None, as_of: str = "", limit: int = 20) -> CitedAnswer:
        """Rows of any published table as facts with citations.

        `where` maps columns to the text that they must have, such as {"platform": "jd", "period_end": "2019-12-31"}.
        `as_of` (2020-05-27) asks what was known on that day, for tables that can be asked so.
        """
        with self.opened() as (con, told):
            return tools.rows(con, told, table, where or {}, as_of=as_of, limit=limit)

    def cost(
        self,
        platform: str,
        *,
        definition: str = "cac_net_12m",
        period_end: str = "",
        scope: str = "",
        as_of: str = "",
        limit: int = 5,
    ) -> CitedAnswer:
        """What it cost a platform to win a buyer: newest window first, or the window that ends on `period_end`.

        `as_of` asks what could be known on a day, `scope` one perimeter (`whole` is the whole platform). A window
        without a cost says why in no_number.
        """
        asked = tools.Asked(platform, definition, period_end, scope)
        with self.opened() as (con, told):
            return tools.cost(con, told, asked, as_of, limit)

    def explain(self, row_id: str, as_of: str = "") -> Explanation:
        """Explain one acquisition cost (pdd/whole/cac_net_12m/2019-12-31): formula, figures, documents, its history."""
        with self.opened() as (con, told):
            return tools.explain(con, told, row_id, as_of)

    def claims(self, claim_id: str = "", subject: str = "", verdict: str = "", limit: int = 20) -> CitedAnswer:
        """Whether claims of press and companies hold: each part with its verdict, the reading and what was computed."""
        with self.opened() as (con, told):
            return tools.claims(con, told, claim_id=claim_id, subject=subject, verdict=verdict, limit=limit)

    def compare(
        self, platforms: list[str], definition: str = "cac_net_12m", period: str = "", as_of: str = ""
    ) -> CitedAnswer:
        """Compare what platforms paid for a buyer in one period; notes say what keeps a pair from being compared.

        `period` is a year as 2019, or a label of marts.peer_rank.period; without it the newest that all have.
        """
        with self.opened() as (con, told):
            return tools.compare(con, told, platforms, definition=definition, period=period, as_of=as_of)

    def changes(self, table: str = "", reason: str = "", limit: int = 50) -> Changes:
        """What the last publication changed and why: document, restatement, delivery, rate, definition, code."""
        with self.opened() as (con, told):
            return tools.changes(con, told, table, reason, limit)

    def query(self, sql: str, limit: int = 100) -> SqlAnswer:
        """Answer one SELECT of DuckDB's SQL on the published tables; read-only, bounded in time, memory and rows.

        Select row_id, observation_id, input_observation_ids or document_id too, so that the answer is cited. What
        was known on a day: from marts.cac_trend_as_of(date '2020-05-27').
        """
        with self.opened() as (_, told):
            pass
        try:
            return answered(self.settings.serving_db, told, sql, limit)
        except EXPECTED as error:
            raise ToolError(explained(error)) from error


def server(settings: Settings) -> MCPServer[Any]:
    """The server with all tools; it opens nothing yet."""
    made: MCPServer[Any] = MCPServer(
        "commerce-warehouse",
        title="Commerce warehouse",
        instructions=INSTRUCTIONS,
        version="0.1.0",
        log_level="WARNING",
    )
    told = Tools(settings)
    for tool in (
        told.find, told.tables, told.rows, told.cost, told.explain, told.claims, told.compare, told.changes, told.query
    ):  # fmt: skip
        made.add_tool(tool, annotations=READS, structured_output=True)
    return made


def token(home: Path) -> tuple[str, str]:
    """The token of the server, and where it stands: in WAREHOUSE_MCP_TOKEN, else in a file of the home, made once.

    Raises MendError for one that is too short to be a secret.
    """
    given = os.environ.get("WAREHOUSE_MCP_TOKEN", "")
    path = home / TOKEN_FILE
    if not given and not path.exists():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(32))
    place = "WAREHOUSE_MCP_TOKEN" if given else str(path)
    found = given or path.read_text(encoding="ascii").strip()
    if len(found) < SHORTEST_TOKEN:
        raise MendError(f"{place}: a token has {SHORTEST_TOKEN} characters or more")
    return found, place


def app(settings: Settings, port: int, secret: str) -> App:
    """The server as an ASGI application on loopback, which answers only who sends the token."""
    hosts = [f"{host}:{port}" for host in ("127.0.0.1", "localhost")]
    allowed = TransportSecuritySettings(allowed_hosts=hosts, allowed_origins=[f"http://{host}" for host in hosts])
    inner = server(settings).streamable_http_app(json_response=True, stateless_http=True, transport_security=allowed)
    expected = secret.encode()

    async def guarded(scope: Mapping[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            sent = [value for name, value in scope["headers"] if name == b"authorization"]
            scheme, _, given = sent[0].partition(b" ") if len(sent) == 1 else (b"", b"", b"")
            if scheme.lower() != b"bearer" or not hmac.compare_digest(given, expected):
                headers = [(b"content-type", b"text/plain"), (b"www-authenticate", b"Bearer")]
                await send({"type": "http.response.start", "status": 401, "headers": headers})
                await send({"type": "http.response.body", "body": b"send the token: Authorization: Bearer ...\n"})
                return
        await inner(scope, receive, send)  # type: ignore[arg-type]

    return guarded


def serve(settings: Settings, port: int | None) -> None:
    """Answer on standard input and output, or with a port on 127.0.0.1 until the process is stopped."""
    if port is None:
        server(settings).run("stdio")
        return
    secret, place = token(settings.home)
    print(f"http://127.0.0.1:{port}/mcp, with the token of {place} as Authorization: Bearer", flush=True)
    uvicorn.run(app(settings, port, secret), host="127.0.0.1", port=port, log_level="warning")
