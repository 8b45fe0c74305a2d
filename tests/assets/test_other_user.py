"""Two users of one home: the other one reads what is published, and is told in one sentence what is not his."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from etl.config import ROOT, Settings
from etl.lock import writer_lock
from tests.support.publishing import refresh, settings_in

pytestmark = pytest.mark.slow

NOBODY = 65534
PATH = os.pathsep.join([str(ROOT), sysconfig.get_path("purelib")])


def as_nobody(home: Path, *words: str, python: str) -> subprocess.CompletedProcess[str]:
    """A command of another user."""
    command = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", python, *words]
    own = {"WAREHOUSE_HOME": str(home), "PYTHONPATH": PATH, "PYTHONDONTWRITEBYTECODE": "1", "HOME": "/nonexistent"}
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **own}, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def python(settings: Settings) -> str:
    """A Python that the other user can start and that imports what we use; that of root lies in his own folder."""
    if os.geteuid() or not shutil.which("setpriv"):
        pytest.skip("only root can run a command as another user, and needs setpriv for it")
    here = [sys.executable, f"/usr/bin/python3.{sys.version_info.minor}"]
    for one in filter(os.path.exists, here):
        if not as_nobody(settings.home, "-c", "import assets.cli, duckdb", python=one).returncode:
            return one
    pytest.skip(f"user {NOBODY} can start no Python that reads {ROOT} and {sysconfig.get_path('purelib')}")


@pytest.fixture(scope="module")
def settings() -> Iterator[Settings]:
    """A home of ours with a publication, in a folder that everybody can enter."""
    place = Path(tempfile.mkdtemp(prefix="other-user-"))
    place.chmod(0o755)
    made = settings_in(place / "home")
    refresh(made, 7)
    with writer_lock(made):
        pass
    yield made
    shutil.rmtree(place)


def last_line(told: subprocess.CompletedProcess[str]) -> str:
    assert "Traceback" not in told.stderr
    return told.stderr.splitlines()[-1]


@pytest.mark.parametrize("words", [("daily",), ("inbox", "list"), ("doctor",)])
def test_what_is_not_his_is_named(settings: Settings, python: str, words: Sequence[str]) -> None:
    told = as_nobody(settings.home, "-m", "assets.cli", *words, python=python)
    assert told.returncode == 1
    assert str(settings.home) in last_line(told) and "is not yours to use (Permission denied)" in last_line(told)


def test_another_user_reads_what_is_published(settings: Settings, python: str) -> None:
    told = as_nobody(settings.home, "-m", "assets.cli", "snapshots", "list", python=python)
    assert (told.returncode, told.stdout[:1]) == (0, "*")


def test_a_lock_of_another_user_is_named_and_the_doctor_tells_the_rest(settings: Settings, python: str) -> None:
    """The folder was made for both; the lock was not."""
    lock = settings.build_db.with_name("refresh.lock")
    for path in [settings.home, *settings.home.rglob("*")]:
        path.chmod(0o777 if path.is_dir() else 0o666)
    lock.chmod(0o600)
    told = as_nobody(settings.home, "-m", "assets.cli", "refresh", python=python)
    assert told.returncode == 1
    assert f"Nothing was refreshed: {lock} is not yours to use" in last_line(told)
    told = as_nobody(settings.home, "-m", "assets.cli", "doctor", python=python)
    assert "WRONG  lock        refresh.lock: is of another user, root" in told.stdout
    assert "snapshot    version 1" in told.stdout
