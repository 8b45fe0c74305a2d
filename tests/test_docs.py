"""The pages of the project name only what exists: links, commands, modules and folders."""

from __future__ import annotations

import csv
import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import click
import pytest

from assets.cli import warehouse
from etl.checks.suite import load_suite
from etl.config import ROOT
from etl.models.file import Model
from etl.warehouse import Connection
from tests.support.model_cases import run_case
from tests.support.models import project_models

# The generated dictionary names tables and columns only.
PAGES = sorted(
    {*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("findings/*.md")} - {ROOT / "docs/dictionary.md"}
)
# A path of the repository: a known folder, then names without placeholders.
PATH = re.compile(
    r"(?<![\w/.$>-])((?:etl|assets|deploy|sql|expectations|tests|benchmarks|docs|findings|data/reference)/[\w./-]*\w(?:\.\w+)?/?)(?![\w<*{-])"
)

# The mart that contributing.md has a reader make.
EXAMPLE = "expense_per_buyer"


def links(text: str) -> Iterator[str]:
    """The relative targets of all links and images of a page."""
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if not re.match(r"[a-z]+:", target):
            yield target


def broken_links(page: Path, text: str) -> list[str]:
    """Relative links that lead to no file, or to no heading of one."""
    found = []
    for link in links(text):
        name, _, anchor = link.partition("#")
        target = page.parent / name
        if not target.exists() or (
            anchor and anchor not in anchors(target.read_text(encoding="utf-8") if name else text)
        ):
            found.append(link)
    return found


def anchors(text: str) -> set[str]:
    """The anchors that GitHub gives the headings of a page."""
    headings = re.findall(r"^#+ +(.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def unknown_verbs(text: str, makefile: str) -> list[str]:
    """`make` commands in code that the Makefile does not have."""
    targets = set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))
    code = "\n".join(re.findall(r"```.*?```|`[^`\n]+`", text, re.DOTALL))
    return sorted(set(re.findall(r"\bmake (?:--\S+ )*([a-z][a-z-]*)\b(?!=)", code)) - targets)


def unknown_subcommands(text: str) -> list[str]:
    """Commands of `warehouse` in code that it does not have."""
    code = "\n".join(re.findall(r"```.*?```|`[^`\n]+`", text, re.DOTALL))
    found = []
    for words in re.findall(
        r"(?:^|[`;&] ?)(?:\.venv/bin/)?warehouse (?:--demo )?([a-z]+(?:-[a-z]+)*(?: [a-z]+)?)", code, re.MULTILINE
    ):
        first, _, second = words.partition(" ")
        command = warehouse.commands.get(first)
        if command is None or (isinstance(command, click.Group) and second not in command.commands):
            found.append(words)
    return found


def missing_paths(text: str) -> list[str]:
    """Paths of the repository that do not exist."""
    return sorted({path for path in PATH.findall(text) if EXAMPLE not in path and not (ROOT / path).exists()})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages_name_what_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert broken_links(page, text) == []
    assert unknown_verbs(text, (ROOT / "Makefile").read_text(encoding="utf-8")) == []
    assert unknown_subcommands(text) == []
    if page.name != "CHANGELOG.md":  # it names what was removed
        assert missing_paths(text) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[a](README.md) ![b](docs/images/ui_mart.webp) [c](https://example.com/x)", []),
        ("[a](docs/none.md)", ["docs/none.md"]),
        ("[a](#two-words)\n## Two words\n", []),
        ("[a](#three)\n## Two words\n", ["#three"]),
    ],
)
def test_link_rule_can_fail(text: str, found: list[str]) -> None:
    assert broken_links(ROOT / "page.md", text) == found


def test_verb_rule_can_fail() -> None:
    makefile = "refresh: env ## load\nedgar-bulk: env\n"
    assert unknown_verbs("`make refresh`, `make edgar-bulk FILE=x`, to make money", makefile) == []
    assert unknown_verbs("`X=1 make refreshed`", makefile) == ["refreshed"]
    assert unknown_verbs("```sh\nmake daily\n```", makefile) == ["daily"]


def test_path_rule_can_fail() -> None:
    assert missing_paths("`etl/warehouse.py`, etl/models/, sql/marts/<question>/<name>.sql, tests/models/") == []
    assert missing_paths("`etl/none.py` and (sql/none/)") == ["etl/none.py", "sql/none/"]


def test_subcommand_rule_can_fail() -> None:
    assert (
        unknown_subcommands("`warehouse docs checks`, `.venv/bin/warehouse --demo refresh`, `warehouse diff 3 4`") == []
    )
    assert unknown_subcommands("`warehouse docs dictionaries` and `warehouse paint`") == ["docs dictionaries", "paint"]


def reference_counts() -> list[int]:
    """The number of rows of each reference file, largest first, after their sum."""
    counts = [sum(1 for _ in csv.DictReader(path.open(encoding="utf-8"))) for path in ROOT.glob("data/reference/*.csv")]
    return [sum(counts), *sorted(counts, reverse=True)]


def test_the_page_on_quarantine_counts_the_reference_rows() -> None:
    text = (ROOT / "docs" / "quarantine.md").read_text(encoding="utf-8")
    (sentence,) = re.findall(r"All .* of `data/reference` are accepted .*?\)", text)
    numbers = [int(number.replace(",", "")) for number in re.findall(r"\b[\d,]*\d", sentence)]
    assert [numbers[0], *sorted(numbers[1:], reverse=True)] == reference_counts()


def unnamed(models: Iterable[Model], dictionary: str, pages: str) -> Iterator[str]:
    """Models without a section of the dictionary, and marts and steps that no page explains."""
    for model in models:
        if not model.is_macro and f"### {model.name}\n" not in dictionary:
            yield f"{model.name} is not in docs/dictionary.md: run `make dictionary`"
        if model.schema in ("marts", "steps") and not re.search(rf"\b{model.name.partition('.')[2]}\b", pages):
            yield f"{model.name} is on no page: add a paragraph to docs/reading-the-marts.md"


def test_every_model_is_in_the_dictionary_and_every_mart_and_step_on_a_page() -> None:
    dictionary = (ROOT / "docs" / "dictionary.md").read_text(encoding="utf-8")
    pages = [page for page in PAGES if page.parent.name == "docs" and page.name != "contributing.md"]
    text = "".join(page.read_text(encoding="utf-8") for page in pages)
    assert list(unnamed(project_models(), dictionary, text)) == []


def test_rule_of_named_models_can_fail() -> None:
    trend = [model for model in project_models() if model.name == "marts.cac_trend"]
    assert list(unnamed(trend, "### marts.cac_trend\n", "`marts.cac_trend` is the cost.")) == []
    assert [line.partition(":")[0] for line in unnamed(trend, "", "cac_trends")] == [
        "marts.cac_trend is not in docs/dictionary.md",
        "marts.cac_trend is on no page",
    ]


def test_the_mart_of_the_guide_passes_its_case(con: Connection, tmp_path: Path) -> None:
    guide = (ROOT / "docs" / "contributing.md").read_text(encoding="utf-8")
    sql, suite, given, expected = re.findall(
        r"^```(?:sql|yaml)?\n(--.*?|exp.*?|observation_id.*?|platform,.*?)```", guide, re.M | re.S
    )
    case = tmp_path / "marts" / EXAMPLE / "case"
    shutil.copytree(ROOT / "sql", tmp_path / "sql")
    for path, text in (
        (tmp_path / "sql" / "marts" / "economics" / f"{EXAMPLE}.sql", sql),
        (tmp_path / "expectations" / "marts" / "economics" / f"{EXAMPLE}.yaml", suite),
        (case / "core.observation_latest.csv", given),
        (case / "expected.csv", expected),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert run_case(con, case, tmp_path / "sql") == []
    assert len(load_suite(tmp_path / "expectations", f"marts.{EXAMPLE}", "economics").expectations) == 3
