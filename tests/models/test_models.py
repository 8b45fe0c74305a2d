"""One test for all SQL models; tests/support/model_cases.py says what a case looks like."""

from pathlib import Path

import pytest

from etl.config import ROOT
from etl.warehouse import Connection
from tests.support.model_cases import run_case

HERE = Path(__file__).parent
CASES = sorted(path for path in HERE.glob("*/*/*") if path.is_dir())


@pytest.mark.parametrize("case", CASES, ids=lambda case: "/".join(case.parts[-3:]))
def test_model(empty: Connection, case: Path) -> None:
    problems = run_case(empty, case, ROOT / "sql")
    if problems:
        story = case / "case.md"
        shows = story.read_text(encoding="utf-8").strip() if story.exists() else ""
        place = f"tests/models/{case.relative_to(HERE)}: {shows}"
        pytest.fail("\n".join([place, *problems]), pytrace=False)
