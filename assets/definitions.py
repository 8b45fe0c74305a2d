"""All definitions of one project folder: its SQL files and suites decide which assets exist.

Loading them imports neither Great Expectations nor pandas.
"""

import warnings
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import dagster as dg

from assets.health import health_asset
from assets.jobs import automation
from assets.models import model_assets
from assets.page import page_asset
from assets.serving import serving_asset
from assets.sources import SOURCE_TABLES, source_assets
from assets.warehouse import Warehouse
from etl.checks.suite import load_suite
from etl.config import ROOT, Settings, load_settings
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
        made = [*source_assets(models, suites), *model_assets(models, suites, root / "sql")]
    # The snapshot depends on the tables that nothing reads, and through them on all others.
    read = {key for asset in made for key in asset.dependency_keys}
    last = [".".join(key.path) for asset in made for key in asset.keys if key not in read]
    settings, assets = load_settings(environment, root), [*made, serving_asset(last, models), page_asset()]
    described = partial(_described, settings=settings, rests_on=_rests_on(assets))
    assets, health = (
        [asset.map_asset_specs(described) for asset in assets],
        health_asset(root, environment).map_asset_specs(described),
    )
    return dg.Definitions.merge(
        dg.Definitions(
            assets=[*assets, health],
            resources={"warehouse": Warehouse(root=str(root), environment=environment)},
            executor=dg.in_process_executor,
        ),
        automation(assets, root, environment),
    )


def _rests_on(assets: Sequence[dg.AssetsDefinition]) -> dict[dg.AssetKey, str]:
    """What the rows of each table are made from: printed figures, deliveries, both, or neither of them."""
    by_day = dg.AssetSelection.assets(*(asset for asset in assets if asset.partitions_def is not None))
    delivered = by_day.downstream().resolve(assets)
    printed = dg.AssetSelection.assets("core/observation_latest").downstream().resolve(assets)
    names = {(True, False): "printed_figures", (False, True): "deliveries", (True, True): "both"}
    return {key: names[key in printed, key in delivered] for key in printed | delivered}


def _described(spec: dg.AssetSpec, settings: Settings, rests_on: Mapping[dg.AssetKey, str]) -> dg.AssetSpec:
    """Add what the settings and the graph say of an asset; one of the demo is marked as simulated."""
    tags = {"rests_on": rests_on[spec.key]} if spec.key in rests_on else {}
    spec = spec.merge_attributes(owners=[settings.contact] if settings.contact else [], tags=tags)
    if not settings.is_demo:
        return spec
    return spec.replace_attributes(
        kinds={*spec.kinds, SIMULATED}, description=f"Simulated data. {spec.description}"
    ).merge_attributes(tags={"data": SIMULATED})
