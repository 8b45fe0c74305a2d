"""All definitions of one project folder: which SQL files and suites there are decides which assets are.

Reading them costs no import of Great Expectations, matplotlib or pandas.
"""

import warnings
from pathlib import Path

import dagster as dg

from assets.daily import DELIVERED, daily_assets, daily_automation, inbox_assets
from assets.jobs import automation
from assets.models import model_assets
from assets.serving import serving_warehouse
from assets.sources import BODY, EDGAR_FACT, FILING, REFERENCE, edgar_assets, edgar_fact, reference_row
from assets.warehouse import Warehouse
from etl.checks.suite import load_suite
from etl.config import ROOT, load_settings
from etl.models.graph import load_models

SIMULATED = "simulated"


@dg.definitions
def defs() -> dg.Definitions:
    """The definitions of this project, which workspace.yaml opens."""
    return definitions()


def definitions(root: Path = ROOT, environment: dict[str, str] | None = None) -> dg.Definitions:
    """The definitions of the project in `root`; `environment` stands for the environment variables.

    Raises ModelError or SuiteError, with the file and the fix, for a file that breaks the rules.
    """
    models = load_models(root / "sql")
    questions = dict.fromkeys([REFERENCE, FILING, BODY, EDGAR_FACT, *DELIVERED], "")
    questions |= {model.name: model.question for model in models if not model.is_macro}
    suites = {table: load_suite(root / "expectations", table, question) for table, question in questions.items()}
    sources = [reference_row(suites[REFERENCE]), edgar_assets(suites), edgar_fact(suites[EDGAR_FACT])]
    with warnings.catch_warnings(action="ignore", category=dg.BetaWarning):  # partitioned checks, backfills
        by_day = [inbox_assets(models, suites), *daily_assets(models, suites)]
    made = [*sources, *model_assets(models, suites), *by_day]
    # The snapshot waits for the tables that nothing reads; behind them stand all others.
    read = {key for asset in made for key in asset.dependency_keys}
    last = [key for asset in made for key in asset.keys if key not in read]
    assets = [*made, serving_warehouse(last, models)]
    if load_settings(environment, root).is_demo:
        assets = [asset.map_asset_specs(_simulated) for asset in assets]
    resources = {"warehouse": Warehouse(root=str(root), environment=environment)}
    return dg.Definitions.merge(
        dg.Definitions(assets=assets, resources=resources, executor=dg.in_process_executor),
        automation(assets),
        daily_automation(assets, root, environment),
    )


def _simulated(spec: dg.AssetSpec) -> dg.AssetSpec:
    """In the demo every asset says so, in the graph and where it is described."""
    return spec.replace_attributes(
        kinds={*spec.kinds, SIMULATED}, description=f"Simulated data. {spec.description}"
    ).merge_attributes(tags={"data": SIMULATED})
