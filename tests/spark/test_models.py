"""Every portable model gives the same rows and types on both engines, for every case of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from etl.config import ROOT
from etl.spark.session import SparkSession
from etl.warehouse import Connection
from tests.support.engines import compared, share
from tests.support.model_cases import made
from tests.support.models import project_models

pytestmark = pytest.mark.slow
PORTABLE = {model.name for model in project_models() if model.portable}
CASES = [
    path
    for path in sorted((ROOT / "tests" / "models").glob("*/*/*"))
    if path.is_dir() and ".".join(path.parts[-3:-1]) in PORTABLE and not (path / "as_of.txt").exists()
]


def test_every_portable_model_has_a_case() -> None:
    assert {".".join(case.parts[-3:-1]) for case in CASES} == PORTABLE


@pytest.mark.parametrize("case", CASES, ids=lambda case: "/".join(case.parts[-3:]))
def test_case(duckdb: Connection, spark: SparkSession, case: Path, tmp_path: Path) -> None:
    with made(duckdb, case, ROOT / "sql") as (model, _, _):
        share(duckdb, spark, model.reads, tmp_path)
        assert compared(duckdb, spark, model.sql, folder=tmp_path) == []
