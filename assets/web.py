"""The Dagster UI of `make dev`, behind a guard that no page of another site can pass.

The web server starts runs and backfills for whoever asks, and every page that a browser shows on this machine can ask
127.0.0.1. In front of Dagster's own application, in its process and for HTTP and WebSocket alike, stands Starlette's
check of the host that was asked for (no foreign name that resolves to this machine) and a check that the page that
asks is one of this server. Programs that are no browser send no origin and are not concerned.

Beside the UI the server shows what its pages link to: the published page with its charts, the pages of the checks, and
the SQL, suites and documents of the project. A browser opens none of them by `file:` from a page that it got by HTTP.
They run no script, whatever stands in the data.

`python -m assets.web dev ...` is `dagster dev ...` with this web server, one for each home; `... daemon ...` is the
daemon that it starts, and `python -m assets.web ...` the web server.
"""

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from os import stat_result
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from dagster._core.errors import DagsterUserCodeUnreachableError
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from assets import links
from etl.checks.pages import pages_folder
from etl.config import Settings, load_settings
from etl.errors import MendError
from etl.lock import try_lock

HOSTS = ("127.0.0.1", "localhost", "[::1]")
OURS = ("same-origin", "none")  # values of Sec-Fetch-Site: a page of this server, or an address that somebody typed
FOREIGN = "This request comes from a page of another site. Open the address of the warehouse in a tab of its own.\n"
BY_GET = "Send GraphQL as POST: a link or an image of another site could send it as GET.\n"
END_SECONDS = 15  # that a process of `dagster dev` has to end
START_SECONDS, LOOK_SECONDS = 180, 3  # that the code server has to start; between two looks at it
WEB_SERVER, DAEMON = "dagster_webserver", "dagster._daemon"
OURS_FOR = {WEB_SERVER: ["assets.web"], DAEMON: ["assets.web", "daemon"]}  # modules in their place
POLICY = "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'"
SOURCES = (".sql", ".md", ".yaml")  # shown as text, not downloaded


class SameOrigin:
    """ASGI middleware that refuses what a page of another origin asks for, with 403."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        answer: ASGIApp = self.app
        if scope["type"] in ("http", "websocket"):
            headers = Headers(scope=scope)
            origin, host = headers.get("origin"), headers.get("host", "")
            is_foreign = origin is not None and urlsplit(origin).netloc.lower() != host.lower()
            if is_foreign or headers.get("sec-fetch-site", "none") not in OURS:
                answer = PlainTextResponse(FOREIGN, status_code=403)
            elif scope.get("method") == "GET" and scope["path"].endswith("/graphql") and scope["query_string"]:
                answer = PlainTextResponse(BY_GET, status_code=405)
        await answer(scope, receive, send)


class Files(StaticFiles):
    """The files of a folder, which need not be there yet: newest each time, without script, sources as text.

    Where a file is missing, the answer is the sentence `missing`.
    """

    def __init__(self, folder: Path, missing: str) -> None:
        super().__init__(directory=folder, html=True, check_dir=False)
        self.missing = missing

    async def check_config(self) -> None:
        """Accept a folder that is not there yet: its files are asked for each time."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The answer for a path below the folder."""
        try:
            return await super().get_response(path, scope)
        except HTTPException as error:
            return PlainTextResponse(f"{self.missing}\n", status_code=error.status_code)

    def file_response(self, full_path: Any, stat: stat_result, scope: Scope, status_code: int = 200) -> Response:
        """The answer for one file."""
        response = super().file_response(full_path, stat, scope, status_code)
        response.headers.update({"Content-Security-Policy": POLICY, "Cache-Control": "no-cache"})
        if str(full_path).endswith(SOURCES):
            response.headers["Content-Type"] = "text/plain; charset=utf-8"
        return response


def linked(settings: Settings) -> Mount:
    """What the pages of the UI link to, by the names of assets.links."""
    project = "The project has no such file."
    folders = {
        links.PAGE: (settings.serving_dir / "page", "No page is made yet: run make refresh, or make page."),
        links.CHECKS: (pages_folder(settings), "No such page is made yet: run make docs."),
        links.SQL: (settings.sql_dir, project),
        links.SUITES: (settings.suites_dir, project),
        links.DOCS: (settings.root / "docs", project),
    }
    return Mount(links.ROOT, routes=[Mount(f"/{name}", Files(*found)) for name, found in folders.items()])


def guarded(app: Starlette, settings: Settings) -> Starlette:
    """The application and what it links to, behind the guard; the host is checked first."""
    app.router.routes.insert(0, linked(settings))
    app.add_middleware(SameOrigin)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=HOSTS, www_redirect=False)
    return app


def become_web_server() -> None:
    """Run Dagster's web server in this process, with its own arguments, its application behind the guard."""
    end_with_parent()
    cli: Any = import_module("dagster_webserver.cli")
    make = cli.create_app_from_workspace_process_context

    def make_guarded(*words: Any, **named: Any) -> Starlette:
        return guarded(make(*words, **named), load_settings())

    cli.create_app_from_workspace_process_context = make_guarded
    cli.main()


def become_daemon() -> None:
    """Run Dagster's daemon in this process, with its own arguments."""
    end_with_parent()
    import_module("dagster._daemon.cli").main()


def end_with_parent() -> None:
    """End this process when the one that started it is gone, also where that was killed and could tell nobody."""
    parent = os.getppid()
    # A shell in the background hands SIGINT on ignored, and Dagster lets SIGTERM do what SIGINT does.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGTERM) is signal.SIG_IGN:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(END_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def become_dev(words: Sequence[str]) -> None:
    """Run `dagster dev` in this process; the web server that it starts is the guarded one, or it starts none.

    Raises MendError when another one runs on this home, or its port is in use.
    """
    # dagster dev ends what it started by SIGINT. A shell or a test runner in the background hands it on ignored, and
    # then every process of it would outlive a SIGTERM.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    port = int(words[words.index("-p") + 1])
    lock = only_one(load_settings(), port)
    refuse_taken(port)
    dev: Any = import_module("dagster._cli.dev")
    start, started = dev.open_ipc_subprocess, []

    def start_guarded(command: Sequence[str], **named: Any) -> Any:
        started.append(command)
        if command[2] != (WEB_SERVER if len(started) == 1 else DAEMON):
            raise RuntimeError(f"dagster dev starts {command[2]}, not {WEB_SERVER} first: the UI would have no guard")
        ours = [word for name in command for word in OURS_FOR.get(name, [name])]
        return start(ours, **{**named, "pass_fds": [*named.get("pass_fds", ()), lock.fileno()]})

    dev.open_ipc_subprocess = start_guarded
    # Web server and daemon are ended one after the other, and each killed after this: a minute each is longer than
    # whoever sent the signal waits.
    dev._SUBPROCESS_WAIT_TIMEOUT = END_SECONDS
    threading.Thread(target=revive_code_server, daemon=True).start()
    dev.dev_command(list(words), prog_name="dagster dev")


def revive_code_server() -> None:
    """Start the code server of this process again whenever it was killed, for want of memory for example.

    Its proxy, which web server and daemon ask, goes on without it, and then nothing would run and nobody be told
    (Dagster 1.13.27). The proxy starts another where it is asked to load the code again.
    """
    import psutil
    from dagster._grpc.client import DagsterGrpcClient

    had_one = set[int]()
    while True:
        time.sleep(LOOK_SECONDS)
        for proxy in psutil.Process().children():
            with suppress(psutil.Error, DagsterUserCodeUnreachableError):
                words = proxy.cmdline()
                if "code-server" not in words:
                    continue
                if any(child.status() != psutil.STATUS_ZOMBIE for child in proxy.children()):
                    had_one.add(proxy.pid)
                elif proxy.pid in had_one:
                    print("The code server was killed: it is started again", file=sys.stderr, flush=True)
                    DagsterGrpcClient(socket=words[words.index("--socket") + 1]).reload_code(START_SECONDS)


def only_one(settings: Settings, port: int) -> IO[str]:
    """The lock of the daemon of this home, which its processes hold together until the last one has ended.

    Two daemons would start every scheduled run twice. Raises MendError when there is one.
    """
    path = settings.home / "dagster" / "dev.lock"
    lock = path.open("a+")
    if not try_lock(lock):
        lock.seek(0)
        raise MendError(
            f"make dev runs already for {settings.home}: {lock.read().strip() or 'it is just starting'}. "
            "Open that one, or end it first; another home is named with WAREHOUSE_HOME"
        )
    lock.truncate(0)
    lock.write(f"process {os.getpid()}, http://127.0.0.1:{port}\n")
    lock.flush()
    return lock


def refuse_taken(port: int) -> None:
    """Raise MendError where another program listens on a port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise MendError(f"port {port} is in use ({error.strerror}): name another, make dev PORT=3001") from error


def main() -> None:
    """Become what the first word says, and end with one sentence where that is refused."""
    try:
        if sys.argv[1:2] == ["dev"]:
            become_dev(sys.argv[2:])
        elif sys.argv[1:2] == ["daemon"]:
            del sys.argv[1]
            become_daemon()
        else:
            become_web_server()
    except MendError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
