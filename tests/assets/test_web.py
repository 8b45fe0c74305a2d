"""The Dagster UI on a real server of `make dev`: its guard, what its pages link to, and the runs on its timeline.

What the UI itself asks passes, other pages get 403.
"""

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
from typing import Any

import dagster as dg
import httpx
import psutil
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from assets.instance import prepare_home, show_on_timeline
from assets.web import become_dev, refuse_taken
from etl.config import ROOT, load_settings
from etl.errors import MendError
from tests.assets.conftest import QUIET

pytestmark = pytest.mark.slow

QUERY = {"query": "{ version }"}
WORDS = ["-m", "assets.cli", "dev", "--port"]


@dg.op
def work() -> None:
    """Nothing."""


@dg.job(name="refresh")
def some_job() -> None:
    work()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a page and two runs of a job `refresh`: one as the command line makes it, one without its origin."""
    folder = tmp_path_factory.mktemp("dev")
    settings = load_settings({"WAREHOUSE_HOME": str(folder)})
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("DAGSTER_HOME", "")
        with dg.DagsterInstance.from_config(str(prepare_home(settings))) as instance:
            some_job.execute_in_process(QUIET, instance=instance, tags={"kind": "foreign"})
            tags = show_on_timeline(instance, "refresh") | {"kind": "ours"}
            some_job.execute_in_process(QUIET, instance=instance, tags=tags)
    page = folder / "serving" / "page"
    page.mkdir(parents=True)
    (page / "index.html").write_text(
        "<!doctype html><title>The page</title><script>alert(1)</script>", encoding="utf-8"
    )
    (page / "cost.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>', encoding="utf-8")
    (folder / "secret").write_text("buyers", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def port(home: Path) -> Iterator[int]:
    """The port of a running `warehouse dev` on that home; afterwards none of its processes is left."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = int(probe.getsockname()[1])
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
        left: list[str] = []
        for _ in range(30):  # a server of definitions ends when it no longer hears from what started it
            left = _alive(running.pid)
            if not left:
                break
            time.sleep(1)
        with suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
    assert left == [], "SIGTERM ends daemon and web server, too: the case make_dev_term"


def _alive(group: int) -> list[str]:
    """The commands of the processes of a group that have not ended."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, ProcessLookupError):
            if os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE:
                found.append(" ".join(process.cmdline()))
    return found


def asked(port: int, query: str, **variables: object) -> dict[str, Any]:
    """The data of a GraphQL query."""
    body = {"query": query, "variables": variables}
    answer = httpx.post(f"http://127.0.0.1:{port}/graphql", json=body, timeout=60).json()
    assert "errors" not in answer, answer["errors"]
    found: dict[str, Any] = answer["data"]
    return found


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


def test_a_second_one_for_the_home_says_which_runs(port: int, home: Path) -> None:
    environment = {**os.environ, "WAREHOUSE_HOME": str(home), "DAGSTER_HOME": ""}
    command = [sys.executable, *WORDS, "1"]
    second = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert second.returncode == 1
    assert second.stderr.startswith(f"make dev runs already for {home}: process ")
    assert f"http://127.0.0.1:{port}. Open that one, or end it first" in second.stderr
    assert second.stderr.count("\n") == 1, "no trace"
    assert ask(port) == 200, "the first one goes on"


def test_a_port_that_is_taken_is_named() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = int(other.getsockname()[1])
        with pytest.raises(MendError, match=f"port {taken} is in use .*make dev PORT=3001"):
            refuse_taken(taken)
    refuse_taken(taken)


CHILD = (
    "import time; from assets.web import end_with_parent; end_with_parent(); print('runs', flush=True); time.sleep(99)"
)
PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {CHILD!r}])"


def test_web_server_and_daemon_end_when_what_started_them_was_killed() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        assert parent.stdout and parent.stdout.readline() == "runs\n"
        parent.kill()
        parent.wait()
        for _ in range(50):
            if not (left := _alive(parent.pid)):
                break
            time.sleep(0.2)
        assert left == []
    finally:
        with suppress(ProcessLookupError):
            os.killpg(parent.pid, signal.SIGKILL)


# The UI leaves every run out of its timeline that has no repositoryOrigin (its RunTimelineFragment and hook).
TIMELINE = """
query ($filter: RunsFilter!) { runsOrError(filter: $filter) { ... on Runs { results {
    pipelineName tags { key value } repositoryOrigin { repositoryName repositoryLocationName } } } } }
"""


def test_a_run_of_the_command_line_stands_on_the_timeline_of_its_job(port: int) -> None:
    runs = asked(port, TIMELINE, filter={"statuses": ["SUCCESS"]})["runsOrError"]["results"]
    by_kind = {tag["value"]: run for run in runs for tag in run["tags"] if tag["key"] == "kind"}
    assert by_kind["foreign"]["repositoryOrigin"] is None, "as every run of execute_in_process before"
    origin = by_kind["ours"]["repositoryOrigin"]
    jobs = (
        """{ repositoriesOrError { ... on RepositoryConnection { nodes { name location { name } jobs { name } } } } }"""
    )
    (place,) = asked(port, jobs)["repositoriesOrError"]["nodes"]
    assert origin == {"repositoryName": place["name"], "repositoryLocationName": place["location"]["name"]}
    assert by_kind["ours"]["pipelineName"] in [job["name"] for job in place["jobs"]]


def test_what_the_pages_link_to_is_served(port: int) -> None:
    answers = {
        path: httpx.get(f"http://127.0.0.1:{port}/warehouse/{path}", timeout=30)
        for path in ("page/", "page/cost.svg", "sql/core/term.sql", "expectations/core/term.yaml", "docs/ui.md")
    }
    assert {path: answer.status_code for path, answer in answers.items()} == dict.fromkeys(answers, 200)
    kinds = {path: answer.headers["content-type"].partition(";")[0] for path, answer in answers.items()}
    assert list(kinds.values()) == ["text/html", "image/svg+xml", "text/plain", "text/plain", "text/plain"]
    for answer in answers.values():
        assert answer.headers["content-security-policy"].startswith("default-src 'none'"), "no script, whatever it says"
        assert answer.headers["cache-control"] == "no-cache", "a new edition is seen at once"


def test_a_file_that_is_not_made_yet_says_what_makes_it(port: int) -> None:
    answer = httpx.get(f"http://127.0.0.1:{port}/warehouse/checks/core.term.html", timeout=30)
    assert (answer.status_code, answer.text) == (404, "No such page is made yet: run make docs.\n")


@pytest.mark.parametrize("path", ["page/../../secret", "page/%2e%2e/%2e%2e/secret", "docs/../pyproject.toml"])
def test_nothing_else_of_the_machine_is_served(port: int, path: str) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as raw:  # a client would tidy the path up
        raw.sendall(f"GET /warehouse/{path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: raw.recv(65536), b""))
    assert b"buyers" not in answer.partition(b"\r\n\r\n")[2] and b"[project]" not in answer
    assert b" 404 " in answer.partition(b"\r\n")[0]


def test_a_page_of_another_site_reads_none_of_it(port: int) -> None:
    assert ask(port, "GET", "/warehouse/page/", Sec_Fetch_Site="cross-site") == 403


DESCRIBED = """
query ($key: AssetKeyInput!) { assetNodeOrError(assetKey: $key) { ... on AssetNode { groupName description
    owners { ... on TeamAssetOwner { team } } tags { key value } metadataEntries { label }
    assetChecksOrError { ... on AssetChecks { checks { name description } } } } } }
"""


def test_the_page_of_a_mart_begins_with_what_it_says_and_its_chart(port: int) -> None:
    node = asked(port, DESCRIBED, key={"path": ["marts", "cac_trend"]})["assetNodeOrError"]
    first, second, *_ = node["description"].split("\n\n")
    assert first.startswith("What it cost a platform to win a buyer")
    assert second.startswith("![Cost of a net new buyer")
    assert (node["groupName"], node["owners"]) == ("acquisition_cost", [{"team": "warehouse"}])
    assert {"key": "rests_on", "value": "printed_figures"} in node["tags"]
    assert "links" in [entry["label"] for entry in node["metadataEntries"]]
    checks = node["assetChecksOrError"]["checks"]
    assert {"key_is_unique", "currency_is_never_empty"} <= {check["name"] for check in checks}
    for check in checks:
        assert check["description"].endswith("[What to do when it fails](/warehouse/docs/failed-checks.md)")


def test_no_other_web_server_is_started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WAREHOUSE_HOME", str(tmp_path))
    (tmp_path / "dagster").mkdir()

    def command(_: object, **__: object) -> None:
        from dagster._cli import dev

        dev.open_ipc_subprocess([sys.executable, "-m", "another_web_server"])

    monkeypatch.setattr("dagster._cli.dev.open_ipc_subprocess", lambda words, **_: words)
    monkeypatch.setattr("dagster._cli.dev.dev_command", command)
    with pytest.raises(RuntimeError, match="would have no guard"):
        become_dev(["-p", "0"])
