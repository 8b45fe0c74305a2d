"""No wrong value in silence: where an error of a release changes a figure, it is not placed or not confirmed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from zlib import crc32

import pytest

from etl.config import Settings
from etl.errors import MendError
from etl.figures.accept import accept
from etl.figures.draft import About, propose
from etl.figures.evidence import tie_out
from etl.figures.log import CONFIRMED, decisions
from tests.support.mutations import KINDS, Mutation, mutations
from tests.support.pdf import write_pdf
from tests.support.releases import NAMES, RELEASES, expected, vocabulary_home

pytestmark = pytest.mark.slow
NOW = datetime(2026, 3, 1, tzinfo=UTC)
EACH = len(KINDS) // 2  # mutations of a release
Quantity = tuple[str, ...]


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Settings]:
    """A home for each platform, with the reference data of it."""
    folder = tmp_path_factory.mktemp("homes")
    return {platform: vocabulary_home(folder / platform, platform) for platform in {n.partition("_")[0] for n in NAMES}}


def truths(name: str) -> dict[Quantity, set[Decimal]]:
    """The values that a release prints of each quantity."""
    told: dict[Quantity, set[Decimal]] = {}
    for row in expected():
        if row["file"] == name:
            key = row["metric"], row["scope"], row["period_start"], row["period_end"]
            told.setdefault(key, set()).add(Decimal(row["value"]))
    return told


def wrong_rows(name: str, mutation: Mutation, settings: Settings, folder: Path) -> Iterator[tuple[dict[str, str], str]]:
    """The rows of the draft of a mutated release whose value or period is wrong, each with its verdict."""
    file = folder / (name.replace(".txt", ".pdf"))
    is_pdf = name.endswith(".txt")
    file.write_bytes(write_pdf([mutation.text.splitlines()]) if is_pdf else mutation.text.encode())
    about = About(platform=name.partition("_")[0], published_on="2026-03-01")
    draft = propose(settings, file, about, NOW, tie_out, again=True)
    right = truths(name)
    for row in draft.rows:
        told = dict(row.fields)
        key = told["metric"], told["scope"], told["period_start"], told["period_end"]
        if Decimal(told["value"]) not in right.get(key, set()):
            yield told, row.verdict.verdict


@pytest.mark.parametrize("name", NAMES)
def test_a_wrong_value_is_never_confirmed(name: str, homes: dict[str, Settings], tmp_path: Path) -> None:
    text = (RELEASES / name).read_text(encoding="utf-8")
    settings = homes[name.partition("_")[0]]
    silent = [
        (mutation.kind, mutation.said, row["printed_as"], row["period_end"])
        for mutation in mutations(text, EACH, crc32(name.encode()))
        for row, verdict in wrong_rows(name, mutation, settings, tmp_path)
        if verdict == CONFIRMED
    ]
    assert silent == []
    assert not settings.accepted.exists()


def test_the_mutations_do_harm(tmp_path: Path, homes: dict[str, Settings]) -> None:
    """A wrong digit that nothing in the document gives away is placed, and only the verdict keeps it out."""
    name = "pdd_2019_annual.html"
    text = (RELEASES / name).read_text(encoding="utf-8")
    changed = text.replace("27,174,249", "72,174,249")
    wrong = list(wrong_rows(name, Mutation("digit changed", "by hand", changed), homes["pdd"], tmp_path))
    assert [(row["value"], verdict != CONFIRMED) for row, verdict in wrong] == [("72174249000", True)]
    name = next(entry.draft for entry in decisions(homes["pdd"]) if entry.value == "72174249000")
    with pytest.raises(MendError, match=r"72,174,249\) \(CNY in thousands\): "):
        accept(homes["pdd"], name, NOW, tie_out, checked="not looked at")
