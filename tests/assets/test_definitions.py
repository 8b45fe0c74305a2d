"""The definitions as Dagster loads them: one name in five places, and everything described."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace

import dagster as dg
import pytest

from assets.definitions import definitions
from assets.definitions import defs as project_definitions
from assets.jobs import REFRESH, REFRESH_DAILY
from assets.models import dependencies, macros_after, tables_behind
from etl.checks.suite import load_suite
from etl.config import ROOT
from etl.contracts import CONTRACTS, contract_tables
from etl.models.file import Model
from etl.models.graph import load_models

pytestmark = pytest.mark.slow

MOST_ASSETS = 145  # none for a company: a table a question, however many are measured
MOST_IN_GROUP = 11  # rows that the list of a group shows on one screen of 1440 x 900
SERVED = {"serving.warehouse", "serving.page"}
HEALTH = "serving.health"
DELIVERED = {contract.table for contract in CONTRACTS}
INPUTS = {"raw.reference_row", "raw.refresh_day", "raw.edgar_filing", "raw.edgar_body", "raw.edgar_fact", *DELIVERED}


@pytest.fixture(scope="module")
def defs() -> dg.Definitions:
    return definitions()


@pytest.fixture(scope="module")
def specs(defs: dg.Definitions) -> dict[str, dg.AssetSpec]:
    return {".".join(spec.key.path): spec for spec in defs.resolve_all_asset_specs()}


@pytest.fixture(scope="module")
def models() -> tuple[Model, ...]:
    return load_models(ROOT / "sql")


def behind(specs: dict[str, dg.AssetSpec], table: str) -> set[str]:
    """Everything upstream of a table."""
    found: set[str] = set()
    ahead = [table]
    while ahead:
        new = {".".join(dep.asset_key.path) for dep in specs[ahead.pop()].deps} - found
        found |= new
        ahead += new
    return found


def test_the_code_location_loads() -> None:
    dg.Definitions.validate_loadable(project_definitions())


def test_one_asset_for_each_table_and_no_other(specs: dict[str, dg.AssetSpec]) -> None:
    files = [path.relative_to(ROOT / "sql") for path in ROOT.glob("sql/**/*.sql")]
    tables = {f"{path.parts[0]}.{path.stem}" for path in files if path.parts[0] in ("core", "steps", "marts")}
    assert specs.keys() == tables | {*INPUTS, *SERVED, HEALTH}
    assert len(specs) <= MOST_ASSETS


def test_every_asset_says_what_it_is(specs: dict[str, dg.AssetSpec], models: tuple[Model, ...]) -> None:
    groups = {model.name: model.group for model in models} | dict.fromkeys(DELIVERED, "inbox") | {HEALTH: "health"}
    for name, spec in specs.items():
        assert spec.group_name == groups.get(name, name.split(".")[0])
        assert spec.owners == ["team:warehouse"], name
        assert spec.tags["layer"] == name.split(".")[0]
        assert "duckdb" in spec.kinds, name
        assert "grain: " in (spec.description or ""), name


def test_a_group_fits_one_screen(specs: dict[str, dg.AssetSpec]) -> None:
    sizes = Counter(spec.group_name for spec in specs.values())
    assert {group: size for group, size in sizes.items() if size > MOST_IN_GROUP} == {}
    assert not {"core", "steps", "marts"} & sizes.keys(), "a table of core or steps names its group in its header"


def test_tags_say_what_the_rows_are_made_from(specs: dict[str, dg.AssetSpec]) -> None:
    assert specs["marts.cac_trend"].tags["rests_on"] == "printed_figures"
    assert specs["marts.channel_cost"].tags["rests_on"] == "deliveries"
    assert specs["marts.partnership_effect"].tags["rests_on"] == "both"
    assert "rests_on" not in specs["core.party"].tags


def test_the_contact_of_the_settings_owns_every_asset() -> None:
    named = definitions(environment={"WAREHOUSE_CONTACT": "figures@example.org"})
    assert all(spec.owners == ["team:warehouse", "figures@example.org"] for spec in named.resolve_all_asset_specs())


def test_a_table_links_to_its_files_and_its_part_of_the_page(specs: dict[str, dg.AssetSpec]) -> None:
    described = specs["marts.cac_trend"].description or ""
    assert "![Cost of a net new buyer over twelve months: drawn after the next publication]" in described
    assert "(/warehouse/page/cost.svg)" in described
    for name, spec in specs.items():
        if name.split(".")[0] in ("core", "steps", "marts") and name not in DELIVERED:
            found = re.findall(r"\]\(/warehouse/(sql|expectations)/(\S+)\)", spec.description or "")
            assert [place for place, _ in found] == ["sql", "expectations"], name
            assert all((ROOT / place / path).exists() for place, path in found), name


def test_description_and_columns_are_those_of_the_sql_file(
    specs: dict[str, dg.AssetSpec], models: tuple[Model, ...]
) -> None:
    for model in models:
        if model.is_macro:
            continue
        spec = specs[model.name]
        assert (spec.description or "").startswith(model.description)
        schema = spec.metadata["dagster/column_schema"]
        shown = [(c.name, c.type, c.description) for c in schema.columns]
        assert shown == [(c.name, c.type, c.comment) for c in model.columns]


def test_marts_and_health_have_a_freshness_policy(specs: dict[str, dg.AssetSpec]) -> None:
    fresh = {name for name, spec in specs.items() if spec.freshness_policy}
    assert fresh == {name for name in specs if name.startswith("marts.")} | {HEALTH}


def test_what_a_suite_reads_is_built_before_its_table(
    specs: dict[str, dg.AssetSpec], models: tuple[Model, ...]
) -> None:
    there = {model.name for model in models if model.is_macro} | contract_tables().keys()
    for model in models:
        if not model.is_macro:
            reads = load_suite(ROOT / "expectations", model.name, model.question).reads - there
            assert reads - behind(specs, model.name) == set(), model.name
    assert "core.term" in {".".join(dep.asset_key.path) for dep in specs["core.observation"].deps}


def test_a_table_depends_on_the_tables_behind_a_macro(specs: dict[str, dg.AssetSpec]) -> None:
    upstream = {".".join(dep.asset_key.path) for dep in specs["core.observation_latest"].deps}
    assert upstream == {"core.observation", "core.check_exception", "core.term"}


def test_dependencies_are_assets(specs: dict[str, dg.AssetSpec]) -> None:
    for spec in specs.values():
        assert {".".join(dep.asset_key.path) for dep in spec.deps} <= specs.keys()


def test_the_snapshot_depends_on_every_table(specs: dict[str, dg.AssetSpec]) -> None:
    assert behind(specs, "serving.warehouse") == specs.keys() - SERVED - {HEALTH}
    assert behind(specs, "serving.page") == specs.keys() - {"serving.page", HEALTH}


def test_every_macro_is_created_once_and_after_its_inputs(
    specs: dict[str, dg.AssetSpec], models: tuple[Model, ...]
) -> None:
    made: dict[str, str] = {}
    for model in models:
        if model.is_macro:
            continue
        standing = behind(specs, model.name) | {model.name}
        for macro in macros_after(model, models):
            assert macro.name not in made
            made[macro.name] = model.name
            assert tables_behind(macro, models) <= standing
        for _, called in model.as_of:
            assert called not in made or made[called] in standing, f"{called} may not stand yet"
    assert made.keys() == {model.name for model in models if model.is_macro}


def test_a_macro_over_two_tables_depends_on_both(models: tuple[Model, ...]) -> None:
    party, platform = (m for m in models if m.name in ("core.party", "core.platform"))
    both = replace(party, table="pair_on", is_macro=True, reads=(party.name, platform.name))
    assert macros_after(platform, [party, platform, both]) == (both,)
    assert dependencies(platform, [party, platform, both]) == {"raw.reference_row", "core.party"}
    dated = replace(platform, schema="marts", table="dated", reads=(), as_of=(("core.party", both.name),))
    assert dependencies(dated, [party, platform, both, dated]) == {"core.party", "core.platform"}


def test_checks_are_the_expectations_and_critical_ones_block(
    defs: dg.Definitions, specs: dict[str, dg.AssetSpec], models: tuple[Model, ...]
) -> None:
    questions = {model.name: model.question for model in models}
    expected = {}
    for table in specs.keys() - SERVED - {HEALTH}:
        suite = load_suite(ROOT / "expectations", table, questions.get(table, ""))
        for expectation in suite.expectations:
            key = dg.AssetCheckKey(dg.AssetKey(suite.table.split(".")), expectation.name)
            expected[key] = expectation.severity == "critical"
    expected[dg.AssetCheckKey(dg.AssetKey(HEALTH.split(".")), "all_is_well")] = False
    graph = defs.resolve_asset_graph()
    assert {key: graph.get(key).blocking for key in graph.asset_check_keys} == expected


def test_refresh_runs_everything_in_one_process(defs: dg.Definitions, specs: dict[str, dg.AssetSpec]) -> None:
    job = defs.resolve_job_def(REFRESH)
    by_day = {name for name, spec in specs.items() if spec.partitions_def}
    assert by_day >= DELIVERED
    in_refresh = {".".join(key.path) for key in job.asset_layer.executable_asset_keys}
    daily = defs.resolve_job_def(REFRESH_DAILY)
    in_daily = {".".join(key.path) for key in daily.asset_layer.executable_asset_keys}
    assert by_day | SERVED <= in_daily
    assert in_refresh | in_daily == specs.keys() - {HEALTH}
    both = in_refresh & in_daily - SERVED
    assert {"marts.partnership_effect", "marts.partnership_expense"} <= both
    assert all("core.observation_latest" in behind(specs, name) for name in both), "others are built by one of the two"
    assert all(by_day & behind(specs, name) for name in in_daily - DELIVERED), "and what rests on them"
    assert job.executor_def.name == "in_process"
    assert defs.executor is not None
    assert defs.executor.name == "in_process"


def test_the_morning_schedule_is_off_by_default(defs: dg.Definitions) -> None:
    schedule = defs.resolve_schedule_def("refresh_every_morning")
    assert schedule.default_status == dg.DefaultScheduleStatus.STOPPED
    assert schedule.execution_timezone == "Asia/Shanghai"


def test_loading_imports_nothing_heavy() -> None:
    heavy = "great_expectations altair pandas numpy"
    code = (
        "import sys; from assets.definitions import defs; defs(); "
        f"print(*[m for m in '{heavy}'.split() if m in sys.modules])"
    )
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False, capture_output=True, text=True)
    assert (loaded.returncode, loaded.stdout.strip()) == (0, ""), loaded.stderr
