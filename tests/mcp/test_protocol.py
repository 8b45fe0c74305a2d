"""The server as people start it: on standard input and output, and on loopback with a token."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client

from etl.config import ROOT, Settings
from etl.errors import MendError
from etl.mcp.server import token
from tests.support.small_warehouse import publish_small_warehouse

COMMAND = ("-m", "assets.cli", "mcp")
COST = {"platform": "jd", "period_end": "2016-12-31"}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A published warehouse of a few figures."""
    return publish_small_warehouse(tmp_path_factory.mktemp("small"))


def environment(settings: Settings) -> dict[str, str]:
    """What the server of a home is started with."""
    return {**os.environ, "WAREHOUSE_HOME": str(settings.home)}


@contextmanager
def served(settings: Settings) -> Iterator[int]:
    """The server on a free port of loopback."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    words = [sys.executable, *COMMAND, "--http", str(port)]
    process = subprocess.Popen(words, cwd=ROOT, env=environment(settings), stdout=subprocess.PIPE)
    try:
        assert process.stdout
        assert f"http://127.0.0.1:{port}/mcp" in process.stdout.readline().decode()
        for _ in range(200):
            with socket.socket() as probe:
                if not probe.connect_ex(("127.0.0.1", port)):
                    break
            time.sleep(0.05)
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def cost_of(answer: Any) -> str:
    """The cost in an answer."""
    (fact,) = answer.structured_content["facts"]
    (cost,) = [number for number in fact["numbers"] if number["column"] == "cac"]
    return str(cost["value"])


def test_standard_input_and_output_carry_the_protocol(small: Settings) -> None:
    async def ask() -> str:
        started = StdioServerParameters(
            command=sys.executable, args=list(COMMAND), env=environment(small), cwd=str(ROOT)
        )
        async with Client(stdio_client(started)) as client:
            return cost_of(await client.call_tool("cost", COST))

    assert anyio.run(ask).startswith("141.88")


def test_loopback_answers_who_has_the_token_and_nobody_else(small: Settings) -> None:
    with served(small) as port:
        address = f"http://127.0.0.1:{port}/mcp"
        secret, place = token(small.home)
        assert stat.S_IMODE(Path(place).stat().st_mode) == 0o600

        async def ask() -> str:
            headers = {"Authorization": f"Bearer {secret}"}
            async with (
                httpx_client(headers) as http,
                Client(streamable_http_client(address, http_client=http)) as client,
            ):
                return cost_of(await client.call_tool("cost", COST))

        assert anyio.run(ask).startswith("141.88")
        for headers in ({}, {"Authorization": "Basic bm9uZQ=="}, {"Authorization": f"Bearer {secret}x"}):
            refused = httpx.post(address, json={}, headers=headers)
            assert refused.status_code == 401, headers
            assert secret not in refused.text
        foreign = httpx.post(address, json={}, headers={"Authorization": f"Bearer {secret}", "Host": "example.org"})
        assert foreign.status_code == 421
        page = {"Authorization": f"Bearer {secret}", "Origin": "http://example.org"}
        assert httpx.post(address, json={}, headers=page).status_code == 403


def httpx_client(headers: dict[str, str]) -> Any:
    """The SDK's own client of HTTP."""
    from mcp.shared._httpx_utils import create_mcp_http_client

    return create_mcp_http_client(headers=headers)


def test_a_short_token_is_refused(small: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAREHOUSE_MCP_TOKEN", "short")
    with pytest.raises(MendError, match="20 characters or more"):
        token(small.home)
