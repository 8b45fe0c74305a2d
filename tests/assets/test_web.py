"""The guard of the Dagster UI, on a real server of `make dev`: what the UI itself asks passes, other pages get 403."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from assets.web import become_dev
from etl.config import ROOT

pytestmark = pytest.mark.slow

QUERY = {"query": "{ version }"}
WORDS = ["-m", "assets.cli", "dev", "--port"]


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a running `warehouse dev` on an empty home; afterwards none of its processes is left."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = int(probe.getsockname()[1])
    home = tmp_path_factory.mktemp("dev")
    environment = {**os.environ, "WAREHOUSE_HOME": str(home), "DAGSTER_HOME": ""}
    with (home / "log").open("wb") as log:
        command = [sys.executable, *WORDS, str(free)]
        running = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        for _ in range(180):
            with suppress(httpx.TransportError):
                httpx.get(f"http://127.0.0.1:{free}/server_info", timeout=5)
                break
            assert running.poll() is None, (home / "log").read_text(encoding="utf-8")
            time.sleep(1)
        yield free
    finally:
        running.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            running.wait(60)
        with suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)


def ask(port: int, method: str = "POST", path: str = "/graphql", **headers: str) -> int:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    body = QUERY if method == "POST" else None
    return httpx.request(method, f"http://127.0.0.1:{port}{path}", json=body, headers=named, timeout=30).status_code


def test_what_the_ui_asks_passes(port: int) -> None:
    own = f"http://127.0.0.1:{port}"
    answer = httpx.post(f"{own}/graphql", json=QUERY, headers={"Origin": own, "Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 200 and answer.json()["data"]["version"]
    assert ask(port, "GET", "/", Sec_Fetch_Site="none") == 200, "typed into the address bar"
    assert ask(port) == 200, "a program that is no browser"
    assert ask(port, Host=f"localhost:{port}", Origin=f"http://localhost:{port}") == 200
    assert ask(port, Host="localhost:8080", Origin="http://localhost:8080") == 200, "a port that ssh forwards"


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (403, {"Origin": "https://elsewhere.example"}),
        (403, {"Origin": "null"}),
        (403, {"Origin": "http://127.0.0.1:1"}),
        (403, {"Origin": "http://localhost:3000", "Sec_Fetch_Site": "same-site"}),
        (403, {"Sec_Fetch_Site": "cross-site"}),
        (400, {"Host": "elsewhere.example"}),
        (400, {"Host": "127.0.0.1.elsewhere.example", "Origin": "http://127.0.0.1.elsewhere.example"}),
    ],
)
@pytest.mark.parametrize(("method", "path"), [("POST", "/graphql"), ("GET", "/server_info"), ("GET", "/")])
def test_what_another_page_asks_is_refused(
    port: int, status: int, headers: dict[str, str], method: str, path: str
) -> None:
    assert ask(port, method, path, **headers) == status


def test_graphql_by_get_is_refused(port: int) -> None:
    assert ask(port, "GET", "/graphql?query={version}") == 405


def test_web_sockets_pass_the_same_guard(port: int) -> None:
    address = f"ws://127.0.0.1:{port}/graphql"
    with connect(address, origin=f"http://127.0.0.1:{port}", subprotocols=["graphql-ws"]) as socket_:  # type: ignore[arg-type,list-item]
        socket_.send('{"type": "connection_init"}')
        assert "connection_ack" in str(socket_.recv(timeout=30))
    for options in (
        {"origin": "https://elsewhere.example"},
        {"additional_headers": {"Sec-Fetch-Site": "cross-site"}},
    ):
        with pytest.raises(InvalidStatus) as refused:
            connect(address, subprotocols=["graphql-ws"], **options)  # type: ignore[arg-type,list-item]
        assert refused.value.response.status_code == 403


def test_no_other_web_server_is_started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def command(_: object, **__: object) -> None:
        from dagster._cli import dev

        dev.open_ipc_subprocess([sys.executable, "-m", "another_web_server"])

    monkeypatch.setattr("dagster._cli.dev.open_ipc_subprocess", lambda words, **_: words)
    monkeypatch.setattr("dagster._cli.dev.dev_command", command)
    with pytest.raises(RuntimeError, match="would have no guard"):
        become_dev([])
