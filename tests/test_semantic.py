"""The semantic model: valid, of all marts, and no metric that gives a number where there is none."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlglot
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from etl.config import ROOT
from etl.errors import MendError
from etl.measures import measures
from etl.semantic import VOCABULARY, MartTable, _relationships, export_semantic, semantic_model
from etl.warehouse import Connection, memory, open_snapshot
from etl.yaml_file import read_yaml
from tests.support.command import run
from tests.support.models import project_models
from tests.support.small_warehouse import publish_small_warehouse

pytestmark = pytest.mark.slow
SCHEMA = json.loads((ROOT / "tests/data/ossie/osi-schema.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish_small_warehouse(tmp_path_factory.mktemp("home")).serving_db


@pytest.fixture(scope="module")
def con(snapshot: Path) -> Iterator[Connection]:
    with open_snapshot(snapshot) as opened:
        yield opened


@pytest.fixture(scope="module")
def model(con: Connection) -> dict[str, Any]:
    found: dict[str, Any] = semantic_model(con)
    return found


def only(model: dict[str, Any]) -> dict[str, Any]:
    (found,) = model["semantic_model"]
    return dict(found)


def extension(part: dict[str, Any]) -> dict[str, Any]:
    """What the format has no place for."""
    return dict(json.loads(part["custom_extensions"][0]["data"])) if "custom_extensions" in part else {}


def metric(model: dict[str, Any], name: str) -> str:
    """The expression of a metric."""
    (found,) = (one for one in only(model)["metrics"] if one["name"] == name)
    return str(found["expression"]["dialects"][0]["expression"])


def faults(document: dict[str, Any]) -> list[str]:
    """What is wrong by the schema of the format, and by the rules that its own validator adds."""
    found = [f"{error.json_path}: {error.message}" for error in Draft202012Validator(SCHEMA).iter_errors(document)]
    (model,) = document["semantic_model"]
    datasets = {one["name"]: [field["name"] for field in one["fields"]] for one in model["datasets"]}
    listed = [[one["name"] for one in model[kind]] for kind in ("metrics", "datasets", "relationships")]
    found += [f"{name} twice" for names in [*listed, *datasets.values()] for name, n in Counter(names).items() if n > 1]
    for one in model["relationships"]:
        for side in ("from", "to"):
            if one[side] not in datasets or not set(one[f"{side}_columns"]) <= set(datasets[one[side]]):
                found.append(f"{one['name']}: {one[side]} is not there")
    expressions = [one["expression"] for one in model["metrics"]]
    expressions += [field["expression"] for one in model["datasets"] for field in one["fields"]]
    for text in (dialect["expression"] for one in expressions for dialect in one["dialects"]):
        sqlglot.parse_one(f"select {text}")
    return found


def test_the_model_is_valid_and_has_every_mart_with_every_column(model: dict[str, Any]) -> None:
    assert faults(model) == []
    marts = {one.name: one for one in project_models() if one.name.startswith("marts.")}
    datasets = {one["source"].removeprefix("warehouse."): one for one in only(model)["datasets"]}
    assert datasets.keys() == marts.keys() | set(VOCABULARY)
    for name, mart in marts.items():
        fields = {field["name"]: field for field in datasets[name]["fields"]}
        assert list(fields) == [column.name for column in mart.columns]
        assert datasets[name].get("primary_key", []) == list(mart.grain)
        numbers = measures(name, list(fields))
        bounds = {bound for one in numbers.values() for bound in (one.low, one.high) if bound}
        assert {field for field, one in fields.items() if "dimension" not in one} == numbers.keys() | bounds
    listed = [one["name"] for one in only(model)["metrics"]]
    assert len(listed) == sum(len(measures(name, [c.name for c in mart.columns])) for name, mart in marts.items())


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda one: one["datasets"][0].pop("source"), "'source' is a required property"),
        (lambda one: one["metrics"].append(one["metrics"][0]), " twice"),
        (lambda one: one["relationships"][0].update(to="nothing"), "nothing is not there"),
        (lambda one: one["metrics"][0].update(unit="CNY"), "Additional properties are not allowed"),
    ],
)
def test_the_rules_find_faults(model: dict[str, Any], change: Any, fault: str) -> None:
    broken = json.loads(json.dumps(model))
    change(broken["semantic_model"][0])
    assert any(fault in one for one in faults(broken)), faults(broken)


def test_a_cost_is_the_number_of_one_row_and_none_of_two(con: Connection, model: dict[str, Any]) -> None:
    """JD 2016: 10,158.7 million over 71.6 million buyers is 141.88."""
    asked = f"select round({metric(model, 'cac_trend_cac')}, 2) from marts.cac_trend as cac_trend where "
    row = "row_id = 'jd/whole/cac_net_12m/2016-12-31'"
    assert con.execute(asked + row).fetchall() == [(141.88,)]
    assert con.execute(asked + "platform = 'jd' and cac is not null").fetchall() == [(None,)]
    assert con.execute(asked + "false").fetchall() == [(None,)]
    (cost,) = (one for one in only(model)["metrics"] if one["name"] == "cac_trend_cac")
    assert "Never added up or averaged" in cost["description"]
    assert extension(cost) == {"unit": "currency per buyer", "low": "cac_low", "high": "cac_high", "is_main": True}


DAYS = """insert into marts.partnership_day by name
select * from (values
    (1, date '2025-01-01', 'CNY', 10.5, 3), (1, date '2025-01-02', 'CNY', 1.25, 4),
    (1, date '2025-01-03', 'CNY', null, 5),
    (2, date '2025-01-01', 'CNY', 7.0, 6), (1, date '2025-01-04', 'EUR', 2.0, 7)
) as t(deal, date, currency, gmv, orders)"""


def test_a_sum_is_of_rows_that_are_alike_and_never_of_a_part(model: dict[str, Any]) -> None:
    orders, gmv = metric(model, "partnership_day_orders"), metric(model, "partnership_day_gmv")
    (mart,) = (one for one in project_models() if one.name == "marts.partnership_day")
    key = next(name for name in mart.grain if name != "date")
    with memory() as con:
        columns = ", ".join(f"{column.name} {column.type}" for column in mart.columns)
        con.execute(f"create table marts.partnership_day ({columns})")
        con.execute(DAYS.replace("deal, date", f"{key}, date"))
        for condition, wanted in [
            (f"{key} = '1' and date <= date '2025-01-02'", (7, 11.75)),
            (f"{key} = '1' and date <= date '2025-01-03'", (12, None)),
            (f"{key} = '1'", (19, None)),
            ("date = date '2025-01-01'", (None, None)),
            ("false", (None, None)),
        ]:
            (found,) = con.execute(
                f"select {orders}, ({gmv})::double from marts.partnership_day as partnership_day where {condition}"
            ).fetchall()
            assert found == wanted, condition


def test_every_metric_can_be_asked_of_the_snapshot(con: Connection, model: dict[str, Any]) -> None:
    for one in only(model)["datasets"]:
        metrics = [found for found in only(model)["metrics"] if found["name"].startswith(f"{one['name']}_")]
        texts = [metric(model, found["name"]) for found in metrics if f"{one['name']}." in metric(model, found["name"])]
        if texts:
            con.execute(f"select {', '.join(texts)} from {one['source'].partition('.')[2]} as {one['name']}").fetchall()


def test_a_relationship_is_one_that_every_row_keeps(con: Connection, model: dict[str, Any]) -> None:
    """A perimeter of claims is named like a definition of cost, and is none: only rows tell."""
    sources = {one["name"]: one["source"].partition(".")[2] for one in only(model)["datasets"]}
    for one in only(model)["relationships"]:
        ((column,), (key,)) = one["from_columns"], one["to_columns"]
        strange = f"select {column} from {sources[one['from']]} except select {key} from {sources[one['to']]}"
        assert con.execute(f"select count(*) from ({strange}) as rest where {column} is not null").fetchall() == [(0,)]
    with memory() as made:
        for mart in project_models():
            if mart.name in ("core.platform", "marts.coverage"):
                made.execute(f"create table {mart.name} ({', '.join(f'{c.name} {c.type}' for c in mart.columns)})")
        tables = [_mart(name) for name in ("core.platform", "marts.coverage")]
        assert [one["name"] for one in _relationships(made, tables)] == ["coverage_platform"]
        made.execute("insert into marts.coverage (platform) values ('none of ours')")
        assert list(_relationships(made, tables)) == []


def _mart(name: str) -> MartTable:
    (model,) = (one for one in project_models() if one.name == name)
    return MartTable(name, "", model.grain, [{"name": column.name} for column in model.columns], {})


def test_words_and_units_stand_with_their_columns(model: dict[str, Any]) -> None:
    (trend,) = (one for one in only(model)["datasets"] if one["name"] == "cac_trend")
    fields = {field["name"]: field for field in trend["fields"]}
    words = extension(fields["validity"])["words"]
    assert words["coarse"] == "rounding is over 5 %, at most 20 %, of the denominator"
    assert "coarse: rounding is over 5 %" in fields["validity"]["ai_context"]["instructions"]
    assert extension(fields["cac_low"]) == {"unit": "currency per buyer", "bound_of": "cac"}
    assert extension(fields["spend"]) == {"type": "DECIMAL(28,6)", "unit": "currency"}
    assert fields["period_end"]["dimension"] == {"is_time": True}
    assert {one["name"] for one in only(model)["relationships"]} >= {"cac_trend_platform", "cac_trend_definition"}


def test_the_command_writes_a_file_once(
    snapshot: Path, model: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAREHOUSE_HOME", str(snapshot.parent.parent))
    to = tmp_path / "marts.osi.yaml"
    done = run("export", "semantic", str(to))
    assert (done.exit_code, done.stdout) == (0, f"{len(only(model)['metrics'])} metrics in {to}\n")
    assert read_yaml(to) == model
    assert run("export", "semantic", str(to)).exit_code == 1
    assert run("export", "semantic", "--replace", str(to)).exit_code == 0
    other = tmp_path / "lake.ducklake"
    for held in (b"DUCK\0 is no model", b"version: 1\nmodels: []\n", b""):
        other.write_bytes(held)
        with pytest.raises(MendError, match="exists and is no semantic model: name another file"):
            export_semantic(snapshot, other, replace=True)
        assert other.read_bytes() == held
    with pytest.raises(MendError, match=r"^/sys/m\.yaml cannot be written \(.*\): correct its folder or permissions"):
        export_semantic(snapshot, Path("/sys/m.yaml"))
    with pytest.raises(MendError, match="make it first"):
        export_semantic(snapshot, tmp_path / "none" / "m.yaml")
