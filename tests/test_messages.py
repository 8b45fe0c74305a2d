"""docs/on-call.md has a line for each message that can appear while nobody looks, and for no other."""

from __future__ import annotations

import pytest

from etl.config import ROOT
from tests.support.messages import HOLE, WORD, covers, in_module, patterns, rows_of, templates, texts

PAGE = ROOT / "docs" / "on-call.md"
SENTENCE = "what it means, what is lost, what to do"


def lines() -> list[list[str]]:
    return rows_of(PAGE.read_text(encoding="utf-8"))


def test_each_message_has_a_line_on_the_page_of_the_engineer_on_call() -> None:
    known = [pattern for row in lines() for pattern in patterns(row[0])]
    missing = {
        text: place for text, place in templates(ROOT).items() if not any(covers(pattern, text) for pattern in known)
    }
    rows = "\n".join(f"| `{text.replace('`', '')}` | … | … | … |   <- {place}" for text, place in missing.items())
    assert not missing, f"docs/on-call.md lacks these messages; say {SENTENCE}:\n{rows}"


def test_each_line_says_something_of_a_message_that_exists() -> None:
    found, others = templates(ROOT), texts(ROOT)
    for row in lines():
        assert len(row) == 4 and all(WORD.search(cell) for cell in row), f"say {SENTENCE}: {row}"
        for pattern in patterns(row[0]):
            assert WORD.search(pattern.replace(HOLE, " ")), f"{pattern} would stand for any message"
            is_known = any(covers(pattern, text) for text in found) or any(covers(pattern, text) for text in others)
            assert is_known, f"no message says {pattern} any more: remove it"


SOURCE = '''
class Other:
    def one(self, name: str) -> None:
        words = f"the file {name} is gone"
        raise MendError(words)

def two(name: str) -> Iterator[StateFound]:
    """Raises RetryError("not a message")."""
    yield StateFound("disk", "wrong", name, f"{name} is full", "free space")
    yield f"Failed     {name}"
    raise dg.Failure(description="has lost " + "two rows")
    raise RetryError(f"{name}: {name}")
'''


def test_messages_are_found_where_they_are_raised() -> None:
    assert sorted(in_module(SOURCE)) == [
        "Failed …",
        "disk …: … is full",
        "has lost two rows",
        "the file … is gone",
    ]


@pytest.mark.parametrize(
    ("pattern", "template", "is_covered"),
    [
        ("… is full", "disk … is full", True),
        ("run make refresh", "run `make refresh`", True),
        ("is full", "… is full", False),
        ("… is empty", "… is full", False),
    ],
)
def test_a_line_covers_what_it_quotes(pattern: str, template: str, is_covered: bool) -> None:
    assert covers(pattern, template) is is_covered


def test_a_page_is_read_by_its_tables_of_messages() -> None:
    page = "| what | where |\n|---|---|\n| a | b |\n\n| message | means |\n|---|---|\n| `x …`<br>`y` | z |\n"
    (row,) = rows_of(page)
    assert patterns(row[0]) == ["x …", "y"] and row[1] == "z"
