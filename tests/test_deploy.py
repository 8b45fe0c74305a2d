"""The files of deploy/: what systemd says of the units, and a real nginx with a login in front of page and UI.

systemd-analyze and nginx are not needed by anybody who does not run a server; where they are missing, the tests that
need them are skipped and say so.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import click
import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from assets.cli import warehouse
from assets.web import guarded
from etl.config import ROOT, load_settings

UNITS = sorted((ROOT / "deploy" / "systemd").iterdir())
SITE = (ROOT / "deploy" / "nginx" / "warehouse.conf").read_text(encoding="utf-8")
LOGIN = ("reader", "secret of a test")


def setting(unit: Path, name: str) -> list[str]:
    """The values of a setting of a unit."""
    return re.findall(rf"^{name}=(.*)$", unit.read_text(encoding="utf-8"), re.MULTILINE)


def commands(unit: Path) -> list[str]:
    """The subcommands of `warehouse` that a unit runs; those of a template are the names of its timers."""
    ((_, words),) = (line.rsplit("/warehouse ", 1) for line in setting(unit, "ExecStart"))
    instances = [path.stem.partition("@")[2] for path in UNITS if path.name.startswith(unit.stem) and path != unit]
    return instances if words == "%i" else [words.split()[0]]


def test_units_run_commands_that_exist() -> None:
    services = [unit for unit in UNITS if unit.suffix == ".service"]
    found = {unit.name: commands(unit) for unit in services}
    assert found == {"warehouse-ui.service": ["dev"], "warehouse@.service": ["daily", "refresh"]}
    assert {name for names in found.values() for name in names} <= warehouse.commands.keys()
    ui = warehouse.commands["dev"]
    assert isinstance(ui, click.Command) and "--port" in [option for word in ui.params for option in word.opts]


def test_units_keep_to_the_home_and_its_owner() -> None:
    for unit in (unit for unit in UNITS if unit.suffix == ".service"):
        assert setting(unit, "User") == ["warehouse"] and setting(unit, "UMask") == ["0077"]
        assert setting(unit, "ProtectSystem") == ["strict"] and setting(unit, "StateDirectory") == ["warehouse"]
        assert "WAREHOUSE_HOME=/var/lib/warehouse" in " ".join(setting(unit, "Environment"))


def verified(folder: Path, change: Callable[[str], str] = str) -> str:
    """What systemd complains of in the units, with the paths of this environment."""
    program = Path(sys.executable).parent / "warehouse"
    for unit in UNITS:
        text = unit.read_text(encoding="utf-8").replace("/srv/warehouse/.venv/bin/warehouse", str(program))
        (folder / unit.name).write_text(change(text).replace("/srv/warehouse", str(ROOT)), encoding="utf-8")
    names = [
        str(folder / name) for name in ("warehouse-ui.service", "warehouse@refresh.timer", "warehouse@daily.timer")
    ]
    done = subprocess.run(["systemd-analyze", "verify", *names], capture_output=True, text=True, check=False)
    return done.stderr + f" (exit code {done.returncode})" * bool(done.returncode)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed: apt install systemd")
def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    assert verified(tmp_path) == ""
    assert "Unknown key" in verified(tmp_path, lambda text: text.replace("KillMode=", "KillMod="))
    assert "Failed to parse calendar" in verified(tmp_path, lambda text: text.replace("*-*-* 06", "*-*-* 26"))


def test_nothing_but_the_page_is_served() -> None:
    active = re.sub(r"^\s*#.*$", "", SITE, flags=re.MULTILINE)
    assert re.findall(r"\balias (\S+);", active) == ["/var/lib/warehouse/serving/page/"]
    assert "auth_basic off" not in active and "root " not in active and "autoindex" not in active


# --- nginx -------------------------------------------------------------------------------------------

needs_nginx = pytest.mark.skipif(
    not (shutil.which("nginx") and shutil.which("openssl")), reason="nginx is not installed: apt install nginx-light"
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def told(request: Request) -> JSONResponse:
    """What reaches the web server: path and headers."""
    return JSONResponse({"path": request.url.path, **request.headers})


async def echo(socket_: WebSocket) -> None:
    await socket_.accept()
    await socket_.send_text(await socket_.receive_text())
    await socket_.close()


@contextmanager
def ui() -> Iterator[int]:
    """A web server behind the guard of the UI, which tells what it is asked; yields its port."""
    paths = ("/ui/", "/ui/graphql")
    app = Starlette(
        routes=[*(Route(path, told, methods=["GET", "POST"]) for path in paths), WebSocketRoute("/ui/ws", echo)]
    )
    port = free_port()
    server = uvicorn.Server(
        uvicorn.Config(guarded(app, load_settings({})), host="127.0.0.1", port=port, log_level="error")
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.05)
        yield port
    finally:
        server.should_exit = True
        thread.join()


def published(home: Path, edition: str) -> None:
    """A page put in place as etl.page does, beside a snapshot."""
    pages = home / "serving" / "pages" / edition
    pages.mkdir(parents=True)
    (pages / "index.html").write_text(f"<p>{edition}</p>", encoding="utf-8")
    (pages / f"cost.{edition}.csv").write_text("platform,cac\npdd,163.01\n", encoding="utf-8")
    (home / "serving" / "warehouse.duckdb").write_bytes(b"the snapshot")
    link = home / "serving" / "page.new"
    link.symlink_to(f"pages/{edition}")
    link.replace(home / "serving" / "page")


@contextmanager
def proxy(folder: Path, upstream: int, change: Callable[[str], str] = str) -> Iterator[str]:
    """nginx with our site, its paths and ports those of a test; yields the address."""
    port, plain = free_port(), free_port()
    certificate = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1"]
    keys = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "fullchain.pem")]
    subprocess.run([*certificate, *keys], check=True, capture_output=True)
    (folder / "passwords").write_text(f"{LOGIN[0]}:{{PLAIN}}{LOGIN[1]}\n", encoding="utf-8")
    values = {
        "listen 443": f"listen 127.0.0.1:{port}",
        "listen 80": f"listen 127.0.0.1:{plain}",
        "https://warehouse.example.org": f"https://127.0.0.1:{port}",
        "/etc/ssl/warehouse": str(folder),
        "/etc/nginx/warehouse.htpasswd": str(folder / "passwords"),
        "/var/lib/warehouse": str(folder / "home"),
        "127.0.0.1:3000": f"127.0.0.1:{upstream}",
    }
    site = change(SITE)
    for shipped, value in values.items():
        assert shipped in SITE, shipped
        site = site.replace(shipped, value)
    places = "".join(
        f"{kind}_temp_path {folder / kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(
        f"{user} daemon off; pid {folder}/pid; error_log {folder}/errors; events {{}}\n"
        f"http {{ access_log off; {places}\n{site}\n}}",
        encoding="utf-8",
    )
    running = subprocess.Popen(["nginx", "-e", str(folder / "errors"), "-c", str(folder / "nginx.conf")])
    try:
        for _ in range(100):
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            assert running.poll() is None, (folder / "errors").read_text(encoding="utf-8")
            time.sleep(0.1)
        yield f"https://127.0.0.1:{port}"
    finally:
        running.terminate()
        running.wait(30)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address of the proxy, and the home behind it."""
    folder = tmp_path_factory.mktemp("site")
    published(folder / "home", "1-first")
    with ui() as port, proxy(folder, port) as address:
        yield address, folder / "home"


def status(address: str, *, login: tuple[str, str] | None = LOGIN, method: str = "GET", **headers: str) -> int:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.request(method, address, auth=login, headers=named, verify=False, timeout=30).status_code


@needs_nginx
def test_nothing_is_shown_without_the_login(site: tuple[str, Path]) -> None:
    address, _ = site
    for path in ("/page/", "/page/index.html", "/page/cost.1-first.csv", "/ui/", "/ui/graphql", "/other", "/page/none"):
        assert status(address + path, login=None) == 401, path
        assert status(address + path, login=(LOGIN[0], "wrong")) == 401, path
    assert status(f"{address}/page/") == status(f"{address}/ui/") == 200
    assert httpx.get(f"{address}/", verify=False).headers["location"].endswith("/page/")


@needs_nginx
def test_without_its_line_there_is_no_login(tmp_path: Path) -> None:
    published(tmp_path / "home", "1-first")
    with proxy(tmp_path, free_port(), lambda text: re.sub(r"auth_basic .*;", "", text)) as address:
        assert status(f"{address}/page/", login=None) == 200


@needs_nginx
def test_the_page_is_the_one_that_was_put_in_place_last(site: tuple[str, Path]) -> None:
    address, home = site
    csv = httpx.get(f"{address}/page/cost.1-first.csv", auth=LOGIN, verify=False)
    assert (csv.text, csv.headers["content-type"]) == ("platform,cac\npdd,163.01\n", "text/csv; charset=utf-8")
    published(home, "2-second")
    page = httpx.get(f"{address}/page/", auth=LOGIN, verify=False)
    assert (page.text, page.headers["cache-control"]) == ("<p>2-second</p>", "no-cache")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert status(f"{address}/page/cost.1-first.csv") == 404


@needs_nginx
def test_the_snapshot_is_not_offered(site: tuple[str, Path]) -> None:
    address, _ = site
    port = int(address.rpartition(":")[2])
    for path in (
        "/warehouse.duckdb",
        "/page../warehouse.duckdb",
        "/page/../warehouse.duckdb",
        "/page/%2e%2e/warehouse.duckdb",
    ):
        assert status(address + path) == 404, path
        raw = subprocess.run(
            ["openssl", "s_client", "-quiet", "-connect", f"127.0.0.1:{port}"],
            input=f"GET {path} HTTP/1.0\r\nAuthorization: Basic cmVhZGVyOnNlY3JldCBvZiBhIHRlc3Q=\r\n\r\n".encode(),
            capture_output=True, timeout=30, check=False,
        ).stdout  # fmt: skip
        assert b"404" in raw.splitlines()[0] and b"the snapshot" not in raw, "as written, which a browser shortens"


@needs_nginx
def test_the_ui_is_asked_as_by_a_page_of_its_own(site: tuple[str, Path]) -> None:
    address, _ = site
    headers = {"Origin": address, "Sec-Fetch-Site": "same-origin"}
    asked = httpx.post(f"{address}/ui/graphql", auth=LOGIN, headers=headers, verify=False).json()
    assert asked["path"] == "/ui/graphql" and asked["host"] == "127.0.0.1"
    assert "authorization" not in asked, "the password stays at the proxy"
    for foreign in ({"Origin": "https://elsewhere.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        assert status(f"{address}/ui/graphql", method="POST", **foreign) == 403, foreign
    assert status(f"{address}/ui/graphql?query=x") == 405


@needs_nginx
def test_web_sockets_pass_with_the_login_only(site: tuple[str, Path]) -> None:
    import ssl

    address, _ = site
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    login = {"Authorization": "Basic cmVhZGVyOnNlY3JldCBvZiBhIHRlc3Q="}
    place = f"{address.replace('https', 'wss')}/ui/ws"
    with connect(place, ssl=context, origin=address, additional_headers=login) as socket_:  # type: ignore[arg-type]
        socket_.send("subscribed")
        assert socket_.recv(timeout=30) == "subscribed"
    for origin, headers, refused in ((address, {}, 401), ("https://elsewhere.example", login, 403)):
        with pytest.raises(InvalidStatus) as answer:
            connect(place, ssl=context, origin=origin, additional_headers=headers)  # type: ignore[arg-type]
        assert answer.value.response.status_code == refused
