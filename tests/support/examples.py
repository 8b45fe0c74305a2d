"""What holds for every query of sql/examples, on the data that it is asked of."""

from __future__ import annotations

import io
import re
from contextlib import redirect_stdout
from pathlib import Path

from etl.warehouse import Connection

WIDEST = 120  # characters of a line on the terminal
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


def shown(con: Connection, query: str) -> list[str]:
    """The lines of the answer as the shell prints them, with no limit to rows or width."""
    printed = io.StringIO()
    with redirect_stdout(printed):
        con.sql(query).show(max_width=100_000, max_rows=100_000)
    return printed.getvalue().splitlines()


def numbers(text: str) -> set[float]:
    """The numbers in a text; of a day each part, and 1,234.5 as one."""
    return {float(number) for number in _NUMBER.findall(re.sub(r"(?<=\d),(?=\d{3})", "", text))}


def answer(text: str) -> str:
    """The sentence in the comment at the end of an example."""
    comment = re.search(r"\n((?:-- .*\n)+)\Z", text)
    assert comment, "the file ends with the comment -- Answer: ..."
    words = " ".join(line.removeprefix("-- ") for line in comment[1].splitlines())
    assert words.startswith("Answer: ") and words.endswith("."), words
    return words


def check_example(con: Connection, path: Path) -> None:
    """It says its question and how to read it, fits the terminal, and its answer has numbers of its rows alone."""
    text = path.read_text(encoding="utf-8")
    assert text.startswith("-- ") and "\n-- How to read it: " in text
    rows = con.execute(text).fetchall()
    assert rows, f"{path.name} has no rows"
    widest = max(map(len, shown(con, text)))
    assert widest <= WIDEST, f"{path.name} is {widest} characters wide"
    found = numbers("\n".join(str(cell) for row in rows for cell in row))
    missing = numbers(re.sub(r"\b[ax]\d\d\b|FY", "", answer(text))) - found
    assert not missing, f"{path.name}: its answer has {sorted(missing)}, which no row has"
