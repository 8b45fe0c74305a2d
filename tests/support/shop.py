"""A home with one platform, to which files are delivered one after the other, each built into tables by channel."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from etl.build import BuildResult
from etl.checks.run import CheckResult, SuiteRunner
from etl.checks.suite import Suite
from etl.config import load_settings
from etl.daily.due import loading_time, mark_changed_days
from etl.inbox.load import load_inbox
from etl.reference.load import load_reference
from etl.warehouse import Connection, memory
from tests.support.building import build_needed
from tests.support.models import project_models

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
_COLUMNS = "platform,name,company,role,sec_cik,listing,fiscal_year_end,reporting_currency"


def unchecked(con: Connection, suite: Suite, grain: Sequence[str] = ()) -> list[CheckResult]:
    """No results: the suites are not run."""
    return []


class Shop:
    """Each delivery is loaded and built a day after the one before; `wanted` are the tables that are built."""

    def __init__(
        self, home: Path, *, platform: str, currency: str, wanted: Sequence[str], check: SuiteRunner = unchecked
    ) -> None:
        figures = home / "figures"
        figures.mkdir()
        line = f"{platform},Shop,Shop Ltd,supply,,,12-31,{currency}"
        (figures / "platforms.csv").write_text(f"{_COLUMNS}\n{line}\n", encoding="utf-8")
        self.settings = load_settings({"WAREHOUSE_HOME": str(home), "WAREHOUSE_FIGURES": str(figures)})
        self.settings.inbox.mkdir()
        self.con, self.now, self.wanted, self.check = memory(), NOW, wanted, check
        load_reference(self.con, self.settings, NOW)
        build_needed(self.con, "core.platform", "core.platform_ever", "core.partnership", check=check)

    def deliver(self, name: str, header: str, *lines: str) -> dict[str, BuildResult]:
        """Load a file, and others that lie in the inbox, and build what is due."""
        (self.settings.inbox / name).write_text("\n".join([header, *lines, ""]), encoding="utf-8")
        self.now += timedelta(days=1)
        for load in load_inbox(self.con, self.settings, loading_time(self.con, self.now), progress=lambda _: None):
            assert load.status == "loaded", load
        mark_changed_days(self.con, project_models())
        return build_needed(self.con, *self.wanted, check=self.check)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        return self.con.execute(sql).fetchall()
