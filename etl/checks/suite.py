"""Expectation suites: read expectations/<schema>/<table>.yaml and refuse what cannot work.

The suite of a mart is, like its SQL, in the folder of the question that it answers. Every fault is found when a
suite is read, before anything runs, and reported with its file and its fix. Nothing here imports Great
Expectations, which takes seconds.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from string import Formatter
from typing import Any, Literal, cast

import yaml

from etl.errors import MendError
from etl.yaml_file import LOADER

Severity = Literal["critical", "warning"]
UNEXPECTED_ROWS = "unexpected_rows_expectation"
QUERY = "unexpected_rows_query"
GREATER, EITHER_MISSING = "expect_column_pair_values_a_to_be_greater_than_b", "either_value_is_missing"
MOST = 10
EXACT_INTEGER = 2**53

# tests/checks/test_run.py compares each of them with plain SQL. Great Expectations has more; those it cannot compute
# in SQL (increasing, JSON, strftime), those that count NULLs at random (pairs in a set), those that round a DECIMAL to
# a double before they compare it (sum, mean, extremes) and untested ones are refused.
FORMS = frozenset(
    {
        "expect_column_distinct_values_to_be_in_set",
        "expect_column_distinct_values_to_contain_set",
        "expect_column_distinct_values_to_equal_set",
        GREATER,
        "expect_column_pair_values_to_be_equal",
        "expect_column_to_exist",
        "expect_column_type_to_be",
        "expect_column_value_lengths_to_be_between",
        "expect_column_value_lengths_to_equal",
        "expect_column_values_to_be_between",
        "expect_column_values_to_be_in_set",
        "expect_column_values_to_be_in_type_list",
        "expect_column_values_to_be_null",
        "expect_column_values_to_be_of_type",
        "expect_column_values_to_be_unique",
        "expect_column_values_to_match_like_pattern",
        "expect_column_values_to_match_like_pattern_list",
        "expect_column_values_to_match_regex",
        "expect_column_values_to_match_regex_list",
        "expect_column_values_to_not_be_in_set",
        "expect_column_values_to_not_be_null",
        "expect_column_values_to_not_match_like_pattern",
        "expect_column_values_to_not_match_like_pattern_list",
        "expect_column_values_to_not_match_regex",
        "expect_column_values_to_not_match_regex_list",
        "expect_compound_columns_to_be_unique",
        "expect_multicolumn_values_to_be_equal",
        "expect_select_column_values_to_be_unique_within_record",
        "expect_table_column_count_to_be_between",
        "expect_table_column_count_to_equal",
        "expect_table_columns_to_match_ordered_list",
        "expect_table_columns_to_match_set",
        "expect_table_row_count_to_be_between",
        "expect_table_row_count_to_equal",
        UNEXPECTED_ROWS,
    }
)
# What a check without a name of its own is called: what holds where it passes. {0} and {1} are its columns.
SAYS = {
    GREATER: "{0}_{relation}_{1}",
    "expect_column_value_lengths_to_be_between": "{0}_has_a_plausible_length",
    "expect_column_values_to_be_between": "{0}_is_within_bounds",
    "expect_column_values_to_be_in_set": "{0}_is_one_of_its_words",
    "expect_column_values_to_be_unique": "{0}_is_unique",
    "expect_column_values_to_match_regex": "{0}_has_its_form",
    "expect_column_values_to_not_be_null": "{0}_is_never_empty",
    "expect_compound_columns_to_be_unique": "key_is_unique",
    "expect_table_row_count_to_be_between": "row_count_is_plausible",
}


@dataclass(frozen=True)
class Expectation:
    """One expectation. `name` is that of the Dagster check, unique in its suite."""

    name: str
    type: str
    kwargs: dict[str, Any]
    severity: Severity
    why: str

    @property
    def is_about_batch(self) -> bool:
        """Whether it judges rows of its table, and not other tables alone."""
        return self.type != UNEXPECTED_ROWS or "{batch}" in self.kwargs[QUERY]


@dataclass(frozen=True)
class Suite:
    """The expectations of one table, `schema.table`, in the order in which they are checked."""

    table: str
    expectations: tuple[Expectation, ...]

    @property
    def reads(self) -> frozenset[str]:
        """The other tables of the warehouse that its queries name, as schema.table."""
        queries = " ".join(str(one.kwargs.get(QUERY, "")) for one in self.expectations)
        return frozenset(re.findall(r"\b(?:raw|core|steps|marts)\.\w+", queries)) - {self.table}


def suite_path(suites_dir: Path, table: str, question: str = "") -> Path:
    """The suite file of `schema.table`; that of a mart is in the folder of its question."""
    schema, _, name = table.partition(".")
    return suites_dir / schema / question / f"{name}.yaml"


def load_suite(suites_dir: Path, table: str, question: str = "") -> Suite:
    """The suite of `schema.table`. Raises MendError."""
    path = suite_path(suites_dir, table, question)
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 (a SafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise MendError(f"{path}: cannot be read as YAML; correct it: {error}") from error
    if not isinstance(document, dict) or set(document) != {"expectations"}:
        raise MendError(f"{path}: the file must hold one key, `expectations`")
    entries = document["expectations"]
    if not isinstance(entries, list) or not 1 <= len(entries) <= MOST:
        raise MendError(f"{path}: list 1 to {MOST} expectations; drop those whose failure nobody would act on")
    expectations = tuple(_expectation(table, f"{path}, expectation {n}", e) for n, e in enumerate(entries, 1))
    names = [expectation.name for expectation in expectations]
    for name in names:
        if names.count(name) > 1:
            raise MendError(f"{path}: two expectations are called {name}; give each a `name` of its own")
    return Suite(table, expectations)


def _expectation(table: str, place: str, entry: object) -> Expectation:
    if not isinstance(entry, dict) or not {"type", "severity", "meta"} <= set(entry):
        raise MendError(f"{place}: needs `type`, `severity` and `meta: {{why: ...}}`")
    if unknown := set(entry) - {"type", "kwargs", "severity", "name", "meta"}:
        raise MendError(f"{place}: unknown key {sorted(unknown)[0]!r}; use type, kwargs, severity, name, meta")
    form, kwargs, meta = entry["type"], entry.get("kwargs", {}), entry["meta"]
    if not isinstance(form, str) or form not in FORMS:
        near = get_close_matches(str(form), FORMS, 1)
        hint = f"did you mean {near[0]}?" if near else f"{UNEXPECTED_ROWS} can say anything in SQL"
        raise MendError(f"{place}: {form} is not among the forms that are known to work here; {hint}")
    if not isinstance(kwargs, dict):
        raise MendError(f"{place}: `kwargs` must map argument names to values")
    if entry["severity"] not in ("critical", "warning"):
        raise MendError(f"{place}: severity is {entry['severity']!r}; make it critical or warning")
    if not isinstance(meta, dict) or not isinstance(meta.get("why"), str) or not meta["why"].strip():
        raise MendError(f"{place}: `meta.why` must say in words who acts on a failure, or why it matters")
    _check_kwargs(place, form, kwargs)
    name = entry.get("name", _derived_name(form, kwargs))
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9_]+", name):
        raise MendError(f"{place}: give it a `name` of letters, digits and underscores (found {name!r})")
    if (columns := meta.get("exceptions")) is not None:
        kwargs = kwargs | {QUERY: _less_exceptions(place, f"{table}.{name}", kwargs.get(QUERY), columns)}
    return Expectation(name, form, kwargs, cast("Severity", entry["severity"]), meta["why"].strip())


def _less_exceptions(place: str, check: str, query: object, columns: object) -> str:
    """The query without the rows that core.check_exception names, and with the exceptions that no row needs any more.

    `columns` of the failing rows make their row_key: values belong to it, so that another value is no exception.
    """
    if not isinstance(query, str) or not isinstance(columns, list) or not columns:
        raise MendError(f"{place}: `meta.exceptions` lists the columns of {UNEXPECTED_ROWS} that name a row")
    key = ", ".join(f"broken.{column}" for column in columns)
    rows = query.rstrip("; \t\r\n")
    return f"""with broken as (
{rows}
),
keyed as (select broken.*, concat_ws('/', {key}) as row_key from broken),
known as (
    select exception.row_key, exception.reason from core.check_exception as exception
    where exception.check_name = '{check}'
        and exception.observation_id in (select figure.observation_id from core.observation_latest as figure)
)
select keyed.* from keyed where keyed.row_key not in (select known.row_key from known)
union all by name
select known.row_key, 'no row breaks the check for this reason any more: ' || known.reason as exception
from known where known.row_key not in (select keyed.row_key from keyed)"""


def _derived_name(form: str, kwargs: Mapping[str, Any]) -> str | None:
    """What holds where the check passes, e.g. currency_is_never_empty, or its form and columns; none for a query."""
    if form == UNEXPECTED_ROWS:
        return None
    columns = [kwargs[key] for key in ("column", "column_A", "column_B") if key in kwargs]
    if words := SAYS.get(form):
        name = words.format(*columns, relation="is_at_least" if kwargs.get("or_equal") else "is_above")
    else:
        listed = kwargs.get("column_list")
        columns += listed if isinstance(listed, list) else []
        name = "_".join([form.removeprefix("expect_"), *map(str, columns)])
    return re.sub(r"\W", "_", name, flags=re.ASCII)


def _check_kwargs(place: str, form: str, kwargs: Mapping[str, Any]) -> None:
    """Refuse arguments with which Great Expectations would check something else than the suite says."""
    for key in ("min_value", "max_value", "value"):
        if isinstance(kwargs.get(key), int) and abs(kwargs[key]) > EXACT_INTEGER:
            raise MendError(f"{place}: {key} is too large to be compared exactly; use {UNEXPECTED_ROWS}")
    if form == GREATER and kwargs.get("ignore_row_if") != EITHER_MISSING:
        raise MendError(
            f"{place}: a row in which one of the values is missing is not compared; write "
            f"`ignore_row_if: {EITHER_MISSING}`, or use {UNEXPECTED_ROWS}"
        )
    if "row_condition" in kwargs:
        raise MendError(f"{place}: row_condition is deprecated; use {UNEXPECTED_ROWS}")
    if form != UNEXPECTED_ROWS:
        return
    query = kwargs.get(QUERY)
    if not isinstance(query, str) or not query.strip():
        raise MendError(f"{place}: kwargs.unexpected_rows_query must be a SELECT that finds the wrong rows")
    try:
        fields = {field for _, field, _, _ in Formatter().parse(query) if field is not None}
    except ValueError:
        fields = {""}
    if fields - {"batch"}:
        raise MendError(f"{place}: {{batch}} stands for the table; any other brace is written twice: {{{{ }}}}")


class _Loader(LOADER):  # type: ignore[misc]
    """YAML in which a key occurs once in a mapping, and NO, on and off are words instead of truth values."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.constructor.ConstructorError(None, None, f"{key!r} occurs twice", node.start_mark)
        mapping: dict[Hashable, Any] = super().construct_mapping(node, deep)
        return mapping


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf"))
