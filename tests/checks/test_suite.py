"""Every suite of the project can be used, and a faulty one is refused with its file and its fix."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from etl.checks import gathered
from etl.checks.suite import EXACT_INTEGER, FORMS, MOST, Expectation, load_suite, suite_path
from etl.config import ROOT
from etl.errors import MendError

EXPECTATIONS = ROOT / "expectations"
SUITES = sorted(EXPECTATIONS.rglob("*.yaml"))
TABLE = "marts.cac_trend"
NOT_NULL: dict[str, Any] = {
    "type": "expect_column_values_to_not_be_null",
    "kwargs": {"column": "currency"},
    "severity": "critical",
    "meta": {"why": "a number without a currency is no number"},
}
UNEXPECTED = NOT_NULL | {"type": "unexpected_rows_expectation", "name": "no_loss"}


def write(folder: Path, document: object) -> Path:
    path = suite_path(folder, TABLE)
    path.parent.mkdir()
    path.write_text(document if isinstance(document, str) else yaml.safe_dump(document), encoding="utf-8")
    return path


def suite_of(folder: Path, **entry: Any) -> Path:
    return write(folder, {"expectations": [NOT_NULL | entry]})


@pytest.mark.parametrize("path", SUITES, ids=lambda path: path.stem)
def test_great_expectations_accepts_every_expectation_of_the_project(path: Path) -> None:
    gathered.prepare()
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    schema, *question = path.relative_to(EXPECTATIONS).parent.parts
    suite = load_suite(EXPECTATIONS, f"{schema}.{path.stem}", *question)
    assert suite.table == f"{schema}.{path.stem}"
    assert len(suite.expectations) <= MOST
    for expectation in suite.expectations:
        assert expectation.why
        gathered.know_expectation(expectation.type)
        ExpectationConfiguration(type=expectation.type, kwargs=dict(expectation.kwargs)).to_domain_obj()


def test_great_expectations_knows_every_allowed_type() -> None:
    gathered.prepare()
    from great_expectations.expectations.registry import get_expectation_impl

    assert SUITES
    for form in FORMS:
        gathered.know_expectation(form)
        assert get_expectation_impl(form).__doc__


def test_a_suite_is_read_from_its_file(tmp_path: Path) -> None:
    write(
        tmp_path,
        """
        expectations:
          - type: expect_column_values_to_be_in_set
            kwargs: {column: country, value_set: [NO, SE, on], mostly: 0.5}
            severity: warning
            meta: {why: Norway is a country and no truth value}
          - type: unexpected_rows_expectation
            name: no_loss
            kwargs: {unexpected_rows_query: "select * from {batch} where name = '{{x}}'"}
            severity: critical
            meta: {why: losses are not expected}
        """,
    )
    assert load_suite(tmp_path, TABLE).table == TABLE
    assert load_suite(tmp_path, TABLE).expectations == (
        Expectation(
            "country_is_one_of_its_words",
            "expect_column_values_to_be_in_set",
            {"column": "country", "value_set": ["NO", "SE", "on"], "mostly": 0.5},
            "warning",
            "Norway is a country and no truth value",
        ),
        Expectation(
            "no_loss",
            "unexpected_rows_expectation",
            {"unexpected_rows_query": "select * from {batch} where name = '{{x}}'"},
            "critical",
            "losses are not expected",
        ),
    )


@pytest.mark.parametrize(
    ("form", "kwargs", "name"),
    [
        ("column_values_to_not_be_null", {"column": "a b"}, "a_b_is_never_empty"),
        ("column_values_to_be_unique", {"column": "é"}, "__is_unique"),
        ("compound_columns_to_be_unique", {"column_list": ["a", "b"]}, "key_is_unique"),
        ("table_row_count_to_be_between", {"min_value": 1}, "row_count_is_plausible"),
        (
            "column_pair_values_a_to_be_greater_than_b",
            {"column_A": "a", "column_B": "b", "or_equal": True, "ignore_row_if": "either_value_is_missing"},
            "a_is_at_least_b",
        ),
        (
            "column_pair_values_a_to_be_greater_than_b",
            {"column_A": "a", "column_B": "b", "ignore_row_if": "either_value_is_missing"},
            "a_is_above_b",
        ),
        ("multicolumn_values_to_be_equal", {"column_list": ["a", "b"]}, "multicolumn_values_to_be_equal_a_b"),
    ],
)
def test_a_check_is_named_after_what_holds(tmp_path: Path, form: str, kwargs: dict[str, Any], name: str) -> None:
    suite_of(tmp_path, type=f"expect_{form}", kwargs=kwargs)
    assert load_suite(tmp_path, TABLE).expectations[0].name == name


@pytest.mark.parametrize(
    ("entry", "fix"),
    [
        ({"type": "expect_column_values_to_be_nul"}, "did you mean expect_column_values_to_be_null?"),
        ({"type": "expect_column_values_to_be_increasing"}, "not among the forms that are known to work"),
        ({"type": ["unexpected_rows_expectation"]}, "not among the forms"),
        ({"severity": "error"}, "make it critical or warning"),
        ({"severity": None}, "make it critical or warning"),
        ({"meta": {}}, "`meta.why` must say"),
        ({"meta": {"why": "  "}}, "`meta.why` must say"),
        ({"meta": "because"}, "`meta.why` must say"),
        ({"kwarg": {}}, "unknown key 'kwarg'"),
        ({"kwargs": ["column"]}, "`kwargs` must map"),
        ({"kwargs": {"column": "a", "row_condition": "b > 1"}}, "use unexpected_rows_expectation"),
        ({"kwargs": {"column": "a", "min_value": EXACT_INTEGER + 1}}, "too large to be compared exactly"),
        ({"name": "no nulls"}, "letters, digits and underscores"),
        (UNEXPECTED | {"name": None, "kwargs": {"unexpected_rows_query": "select 1"}}, "give it a `name`"),
        (UNEXPECTED | {"kwargs": {}}, "must be a SELECT"),
        (UNEXPECTED | {"kwargs": {"unexpected_rows_query": "from {table}"}}, "{batch} stands for the table"),
        (UNEXPECTED | {"kwargs": {"unexpected_rows_query": "select 'a{2}' from {batch}"}}, "written twice"),
        (UNEXPECTED | {"kwargs": {"unexpected_rows_query": "select '{' from {batch}"}}, "written twice"),
    ],
)
def test_a_faulty_expectation_is_refused_with_its_fix(tmp_path: Path, entry: dict[str, Any], fix: str) -> None:
    path = suite_of(tmp_path, **entry)
    with pytest.raises(MendError) as refused:
        load_suite(tmp_path, TABLE)
    assert str(refused.value).startswith(f"{path}, expectation 1: ")
    assert fix in str(refused.value)


@pytest.mark.parametrize(
    ("document", "fix"),
    [
        ("expectations: [", "cannot be read as YAML"),
        ("expectations: !!python/name:os.system", "cannot be read as YAML"),
        ("", "one key, `expectations`"),
        ({"suite": "a", "expectations": [NOT_NULL]}, "one key, `expectations`"),
        ({"expectations": []}, f"list 1 to {MOST}"),
        ({"expectations": None}, f"list 1 to {MOST}"),
        ({"expectations": [NOT_NULL | {"name": f"n{i}"} for i in range(MOST + 1)]}, f"list 1 to {MOST}"),
        ({"expectations": [NOT_NULL, NOT_NULL]}, "give each a `name` of its own"),
        ({"expectations": ["expect_column_to_exist"]}, "needs `type`, `severity` and `meta"),
        (
            yaml.safe_dump({"expectations": [NOT_NULL]}).replace("  type:", "  severity: warning\n  type:"),
            "twice",
        ),
    ],
)
def test_a_faulty_file_is_refused_with_its_fix(tmp_path: Path, document: object, fix: str) -> None:
    path = write(tmp_path, document)
    with pytest.raises(MendError) as refused:
        load_suite(tmp_path, TABLE)
    assert str(refused.value).startswith(str(path))
    assert fix in str(refused.value)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MendError, match="cannot be read"):
        load_suite(tmp_path, "marts.nothing")
