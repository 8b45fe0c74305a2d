"""A home with the reference figures and a made shop, whose files, rules and queries a test changes and publishes.

Everything is loaded and built as a refresh and a daily run do, without Dagster and without the suites.
"""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from etl.build import build, create_vocabulary
from etl.checks.run import CheckResult
from etl.checks.suite import load_suite
from etl.config import ROOT, Settings, load_settings
from etl.contracts import CONTRACTS
from etl.daily.build import build_daily
from etl.daily.due import create_unbuilt, tables_from_deliveries
from etl.daily.ingest import ingest
from etl.models.graph import load_models
from etl.publish.publication import Publication, publish
from etl.reference.load import load_reference
from etl.warehouse import open_build, transaction
from tests.support.made_shop import PLATFORMS, make_shop

Row = dict[str, str]
REGISTRY = ("core.platform", "core.party", "core.partnership")  # against which deliveries are checked


class WholeHome:
    """A home below `folder`: `figures` has the reference files, `sql` the queries, both copies to be edited."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "project"
        self.folder, self.figures, self.sql = folder, self.root / "data" / "reference", self.root / "sql"

    @classmethod
    def made(cls, folder: Path, *, orders: int = 900, days: int = 90) -> WholeHome:
        """A new home with a shop of that many orders; nothing is loaded yet."""
        home = cls(folder)
        shutil.copytree(ROOT / "data" / "reference", home.figures)
        shutil.copytree(ROOT / "sql", home.sql)
        (home.root / "data" / "shop").mkdir()
        (home.root / "data" / "shop" / "platforms.csv").write_text(PLATFORMS, encoding="utf-8")
        make_shop(home.settings.inbox, orders, days, folder / "truth.parquet")
        return home

    def copy(self, folder: Path) -> WholeHome:
        """The same home in another folder, with all that was loaded and published."""
        shutil.copytree(self.folder, folder)
        return WholeHome(folder)

    @property
    def settings(self) -> Settings:
        environment = {
            "WAREHOUSE_HOME": str(self.folder / "home"),
            "WAREHOUSE_FIGURES": "data/reference:data/shop",
            "WAREHOUSE_BAD_SHARE": "1",
        }
        return load_settings(environment, self.root)

    def edit(self, name: str, change: Callable[[list[Row]], None]) -> None:
        """Change the rows of a reference file."""
        path = self.figures / f"{name}.csv"
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            rows, header = list(reader), reader.fieldnames or ()
        change(rows)
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, header, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)

    def deliver(self, name: str, header: str, *lines: str) -> None:
        """Put a file with these lines into the inbox."""
        path = self.settings.inbox / f"{name}.csv"
        path.write_text("".join(f"{line}\n" for line in (header, *lines)), encoding="utf-8")

    def rewrite(self, file: str, old: str, new: str) -> None:
        """Change the text of a query, at the one place that has `old`."""
        path = self.sql / file
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{file} has {old!r} {text.count(old)} times"
        path.write_text(text.replace(old, new), encoding="utf-8")

    def refresh(self, *, daily: bool = True) -> Publication:
        """Load what is new, build every table and publish; without `daily` as a refresh that takes no deliveries."""
        settings = self.settings
        models = load_models(settings.sql_dir)
        suites = {m.name: load_suite(ROOT / "expectations", m.name, m.question) for m in models if not m.is_macro}
        suites |= {c.table: load_suite(ROOT / "expectations", c.table, "") for c in CONTRACTS}
        built = [m for m in models if daily or m.name not in tables_from_deliveries(models)]
        with open_build(settings) as con:
            with transaction(con):
                load_reference(con, settings, datetime.now(UTC))
            create_vocabulary(con, models)
            for model in (m for m in models if m.name in REGISTRY):
                build(con, model, None, "run")
            if daily:
                now = datetime.now(UTC)
                ingest(con, settings, models, suites, "run", now=now, progress=lambda _: None, check=unchecked)
            create_unbuilt(con, models)
            for model in built:
                if model.daily:
                    build_daily(con, model, models, suites[model.name], "run", check=unchecked)
                else:
                    build(con, model, None, "run")
            return publish(con, settings, now=datetime.now(UTC))


def unchecked(*_: object) -> list[CheckResult]:
    """A runner of suites that judges nothing."""
    return []
