"""All definitions of one project folder: its SQL files and suites decide which assets exist.

Loading them imports neither Great Expectations nor matplotlib nor pandas.
"""

import warnings
from pathlib import Path

import dagster as dg

from assets.jobs import automation
from assets.models import model_assets
from assets.page import page_asset
from assets.serving import serving_asset
from assets.sources import SOURCE_TABLES, source_assets
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
    """The definitions of the project in `root`; `environment` replaces the environment variables.

    Raises MendError, with the file and the fix, for a file that breaks the rules.
    """
    models = load_models(root / "sql")
    questions = dict.fromkeys(SOURCE_TABLES, "") | {m.name: m.question for m in models if not m.is_macro}
    suites = {table: load_suite(root / "expectations", table, question) for table, question in questions.items()}
    with warnings.catch_warnings(action="ignore", category=dg.BetaWarning):  # backfills
        made = [*source_assets(models, suites), *model_assets(models, suites)]
    # The snapshot depends on the tables that nothing reads, and through them on all others.
    read = {key for asset in made for key in asset.dependency_keys}
    last = [".".join(key.path) for asset in made for key in asset.keys if key not in read]
    assets = [*made, serving_asset(last, models), page_asset()]
    if load_settings(environment, root).is_demo:
        assets = [asset.map_asset_specs(_simulated) for asset in assets]
    return dg.Definitions.merge(
        dg.Definitions(
            assets=assets,
            resources={"warehouse": Warehouse(root=str(root), environment=environment)},
            executor=dg.in_process_executor,
        ),
        automation(assets, root, environment),
    )


def _simulated(spec: dg.AssetSpec) -> dg.AssetSpec:
    """Mark an asset of the demo as simulated, in the graph and in its description."""
    return spec.replace_attributes(
        kinds={*spec.kinds, SIMULATED}, description=f"Simulated data. {spec.description}"
    ).merge_attributes(tags={"data": SIMULATED})
