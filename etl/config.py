"""Settings from environment variables, each with a default that makes the embedded data refresh.

The table of variables stands in the README. A `.env` file in the project root is read first;
variables of the environment win over it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dotenv import dotenv_values

ROOT = Path(__file__).resolve().parent.parent
# A home with this file holds made-up data and nothing else.
SIMULATED = "SIMULATED.md"


@dataclass(frozen=True)
class Settings:
    """Where the warehouse lives and what it reads; paths are absolute, `figures` as the user named them."""

    root: Path
    home: Path
    figures: tuple[Path, ...]
    inbox: Path
    s3_url: str | None
    postgres_dsn: str | None
    postgres_query: str
    postgres_high_water: str | None
    fx_url: str | None
    bad_share: float
    memory: str
    sec_user_agent: str | None
    sec_base_url: str
    engine: str
    notify: str | None

    @property
    def build_db(self) -> Path:
        """The database that a refresh writes; no reader ever opens it."""
        return self.home / "build" / "warehouse.duckdb"

    @property
    def is_demo(self) -> bool:
        """Whether this home holds simulated data; then it takes no other, and else none of it."""
        return (self.home / SIMULATED).exists()

    @property
    def serving_dir(self) -> Path:
        """The folder of the published snapshot."""
        return self.home / "serving"

    @property
    def serving_db(self) -> Path:
        """The published snapshot that readers open."""
        return self.serving_dir / "warehouse.duckdb"

    @property
    def snapshots_dir(self) -> Path:
        """Earlier published snapshots, by version."""
        return self.serving_dir / "snapshots"

    @property
    def sql_dir(self) -> Path:
        """The SQL models."""
        return self.root / "sql"

    @property
    def suites_dir(self) -> Path:
        """The expectation suites."""
        return self.root / "expectations"


def load_settings(env: Mapping[str, str] | None = None, root: Path = ROOT) -> Settings:
    """Settings from `env` (default: `.env` of the project root, then the environment).

    Relative paths are taken from the project root. Raises ValueError for an unknown engine, a share and
    a size that are none.
    """
    if env is None:
        env = {**{k: v for k, v in dotenv_values(root / ".env").items() if v is not None}, **os.environ}
    home = root / (env.get("WAREHOUSE_HOME") or "data")
    figures = env.get("WAREHOUSE_FIGURES") or str(Path("data") / "reference")
    engine = env.get("WAREHOUSE_ENGINE") or "duckdb"
    if engine != "duckdb":
        raise ValueError(f"WAREHOUSE_ENGINE is {engine!r}; duckdb is the only engine so far")
    share = env.get("WAREHOUSE_BAD_SHARE") or "0.2"
    if not re.fullmatch(r"0?\.[0-9]+|[01](\.0*)?", share):
        raise ValueError(f"WAREHOUSE_BAD_SHARE is {share!r}; set it to a number from 0 to 1, like 0.2")
    memory = env.get("WAREHOUSE_MEMORY") or "1500MB"
    if not re.fullmatch(r"[1-9][0-9]*(\.[0-9]+)? ?([MG]i?B)", memory):
        raise ValueError(f"WAREHOUSE_MEMORY is {memory!r}; set it to a size like 1500MB or 4GB")
    return Settings(
        root=root,
        home=home,
        figures=tuple(Path(part) for part in figures.split(os.pathsep) if part),
        inbox=root / (env.get("WAREHOUSE_INBOX") or home / "inbox"),
        s3_url=env.get("WAREHOUSE_S3_URL") or None,
        postgres_dsn=env.get("WAREHOUSE_POSTGRES_DSN") or None,
        postgres_query=env.get("WAREHOUSE_POSTGRES_QUERY") or "platform_metric_daily",
        postgres_high_water=env.get("WAREHOUSE_POSTGRES_HIGH_WATER") or None,
        fx_url=env.get("WAREHOUSE_FX_URL") or None,
        bad_share=float(share),
        memory=memory,
        sec_user_agent=env.get("SEC_USER_AGENT") or None,
        sec_base_url=(env.get("SEC_BASE_URL") or "https://data.sec.gov").rstrip("/"),
        engine=engine,
        notify=env.get("WAREHOUSE_NOTIFY") or None,
    )
