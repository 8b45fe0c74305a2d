"""One test for all SQL models; tests/support/model_cases.py says what a case looks like."""

from functools import cache
from pathlib import Path

import pytest

from etl.config import ROOT
from etl.models.file import Model
from etl.models.graph import load_models
from etl.warehouse import memory
from tests.support.model_cases import run_case

HERE = Path(__file__).parent
CASES = sorted(path for path in HERE.glob("*/*/*") if path.is_dir())


@cache
def house() -> tuple[Model, ...]:
    return load_models(ROOT / "sql")


@pytest.mark.parametrize("case", CASES, ids=lambda case: "/".join(case.parts[-3:]))
def test_model(case: Path) -> None:
    con = memory()
    try:
        problems = run_case(con, house(), case)
    finally:
        con.close()
    if problems:
        story = case / "case.md"
        told = story.read_text(encoding="utf-8").strip() if story.exists() else ""
        place = f"tests/models/{case.relative_to(HERE)}: {told}"
        pytest.fail("\n".join([place, *problems]), pytrace=False)
