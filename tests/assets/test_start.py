"""What a shell says to Python for other projects does not reach the command, nor what it starts."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from etl.config import ROOT

pytestmark = pytest.mark.slow

ASK = """
import os, sys, warnings
from assets.start import forget_settings_of_python
forget_settings_of_python()
import click, duckdb
warnings.warn("not an error", DeprecationWarning)
foreign = {"PYTHONPATH", "PYTHONWARNINGS", "PYTHONOPTIMIZE", "PYTHONDEVMODE"} & {*os.environ}
print(sorted(foreign), duckdb.__name__, hasattr(duckdb, "connect"))
"""


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """A folder of another project with modules of the same names."""
    for name in ("click", "duckdb", "yaml", "dagster"):
        (tmp_path / f"{name}.py").write_text("raise RuntimeError('of another project')\n", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    "variables",
    [
        {"PYTHONWARNINGS": "error"},
        {"PYTHONOPTIMIZE": "2"},
        {"PYTHONIOENCODING": "ascii", "PYTHONSTARTUP": "/nowhere", "PYTHONDEVMODE": "1"},
    ],
)
def test_settings_of_python_do_not_reach_the_command(foreign: Path, variables: dict[str, str]) -> None:
    environment = {**os.environ, "PYTHONPATH": str(foreign), **variables}
    told = subprocess.run(
        [sys.executable, "-c", ASK], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert told.stdout.endswith("[] duckdb True\n"), told.stderr


def test_the_command_works_with_modules_of_another_project_on_the_path(foreign: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(foreign), "PYTHONWARNINGS": "error"}
    command = [sys.executable, "-m", "assets.start", "snapshots", "list"]
    told = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert "another project" not in told.stderr and "Traceback" not in told.stderr


@pytest.mark.parametrize(
    "variables",
    [
        {"PYTHONPATH": "FOREIGN"},
        {"PYTHONHOME": "/nowhere"},
        {"PYTHONSAFEPATH": "1", "PYTHONPATH": "FOREIGN"},
        {"PYTHONOPTIMIZE": "2", "PYTHONWARNINGS": "error", "PYTHONSTARTUP": "/nowhere"},
    ],
)
def test_the_installed_command_works_whatever_a_shell_says_to_python(tmp_path: Path, variables: dict[str, str]) -> None:
    """Called in a folder with a package `assets`, or with one on PYTHONPATH, it ended in a traceback."""
    other, place = tmp_path / "other", tmp_path / "bin"
    for folder in (other / "assets", place):
        folder.mkdir(parents=True)
    (other / "assets" / "__init__.py").write_text("raise RuntimeError('of another project')\n", encoding="utf-8")
    (other / "etl.py").write_text("raise RuntimeError('of another project')\n", encoding="utf-8")
    shutil.copy(ROOT / "deploy" / "warehouse", place)
    (place / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n', encoding="utf-8")
    (place / "python").chmod(0o755)
    (tmp_path / "warehouse").symlink_to(place / "warehouse")
    given = {name: value.replace("FOREIGN", str(other)) for name, value in variables.items()}
    environment = {**os.environ, **given, "WAREHOUSE_HOME": str(tmp_path / "home")}
    command = [str(tmp_path / "warehouse"), "snapshots", "list"]
    told = subprocess.run(command, cwd=other, env=environment, capture_output=True, text=True, check=False)
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout == f"no snapshots in {tmp_path}/home/serving/snapshots\n"


def test_make_hands_no_setting_of_python_on(tmp_path: Path) -> None:
    makefile = tmp_path / "Makefile"
    head = (ROOT / "Makefile").read_text(encoding="utf-8").partition("help:")[0]
    makefile.write_text(head + "show:\n\t@env | grep -E '^PYTHON(HOME|PATH|WARNINGS)' || echo none\n", encoding="utf-8")
    environment = {**os.environ, "PYTHONHOME": "/nowhere", "PYTHONPATH": "/nowhere", "PYTHONWARNINGS": "error"}
    told = subprocess.run(
        ["make", "-s", "-C", str(tmp_path), "show"], env=environment, capture_output=True, text=True, check=False
    )
    assert told.stdout == "none\n"
