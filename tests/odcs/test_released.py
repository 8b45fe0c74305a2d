"""The contracts of the last release, in contracts/, against those of this tree.

A change that breaks readers or teams that deliver needs a new version in pyproject.toml and, in the newest section of
CHANGELOG.md, a line with **Breaking** that names the table or the contract; docs/contracts.md says how to release.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from copy import deepcopy

from etl.config import ROOT, project_version
from etl.odcs.compare import ContractChange, differences, read_contracts
from tests.support.contracts_made import tree_contracts

RELEASED = ROOT / "contracts"


def undeclared(found: Sequence[ContractChange], released: str, version: str, changelog: str) -> list[str]:
    """What is to be done about each breaking change of a list."""
    lines = re.split(r"\n(?=- )", changelog.split("\n## ")[1])
    breaking = [line for line in lines if "**Breaking" in line]
    told = []
    for one in found:
        if not one.is_breaking:
            continue
        if version == released:
            told.append(
                f"{one.place} {one.says}: raise the version in pyproject.toml, which is that of the last release"
            )
        if not any(f"`{one.contract}" in line for line in breaking):
            told.append(f"{one.place} {one.says}: add a line with **Breaking** and `{one.contract}` to CHANGELOG.md")
    return told


def test_what_breaks_readers_is_declared() -> None:
    held = read_contracts(RELEASED)
    released = {document["version"] for document in held.values()}
    assert len(released) == 1, "contracts of two versions are mixed: write all of them with `make contracts`"
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    found = differences(held, tree_contracts())
    assert undeclared(found, released.pop(), project_version(), changelog) == []


def test_a_breaking_change_is_told_with_what_to_do() -> None:
    after = deepcopy(tree_contracts())
    del after["marts.cac_trend"]
    found = differences(tree_contracts(), after)
    silent = "# Changelog\n\n## [Unreleased]\n- Faster.\n\n## 0.1\n- **Breaking**: `marts.cac_trend` is gone.\n"
    told = undeclared(found, "0.1.0", "0.1.0", silent)
    assert told == [
        "marts.cac_trend is gone: raise the version in pyproject.toml, which is that of the last release",
        "marts.cac_trend is gone: add a line with **Breaking** and `marts.cac_trend` to CHANGELOG.md",
    ]
    declared = silent.replace("- Faster.", "- **Breaking:** `marts.cac_trend` is\n  gone.")
    assert undeclared(found, "0.1.0", "0.2.0", declared) == []


def test_the_kept_contracts_name_no_machine() -> None:
    for name, document in read_contracts(RELEASED).items():
        (server,) = document["servers"]
        assert (server.get("database") or server["path"]).startswith("data/"), name
