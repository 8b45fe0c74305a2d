"""Settings from environment variables, each with a default that makes the embedded data refresh.

A `.env` file in the project root is read first; variables of the environment win over it, and an empty one
counts as not set. Name, default and meaning of a variable are written here once: `make dictionary`
writes .env.example and the table in README.md from them.
"""

from __future__ import annotations

import ast
import logging
import os
import re
import tomllib
from collections.abc import Mapping
from functools import cache
from inspect import getsource
from itertools import pairwise
from pathlib import Path
from textwrap import dedent, fill
from typing import Any

from dotenv import dotenv_values
from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from etl.errors import MendError
from etl.secrets import shown
from etl.whole import make_folder

ROOT = Path(__file__).resolve().parent.parent
# A home with this file holds made-up data and nothing else.
SIMULATED = "SIMULATED.md"
DUCKDB = "duckdb"
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")  # a single letter is a drive
REFERENCE, FORMER_REFERENCE = Path("data/reference"), Path("data/published")
README_TABLE = re.compile(r"(?<=\n)\| variable \(or line in `\.env`\) \|.*?(?=\n(?!\|))", re.DOTALL)
EXAMPLE_HEAD = """\
# Settings of the warehouse, written by `make dictionary`; copy to .env and change what you need.
# Variables of the environment win over .env. Without any of them the embedded reference data is refreshed
# into data/. Relative paths start at the project root.
"""


@cache
def project_version() -> str:
    """The version of this project, as pyproject.toml has it."""
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])


class Settings(BaseModel):
    """Where the warehouse lives and what it reads; paths are absolute, `figures` as the user named them.

    Every field but `root` is a variable. The text below it is its meaning for people, a title says what its
    value has to be.
    """

    model_config = ConfigDict(frozen=True, validate_default=True)

    root: Path
    home: Path = Path("data")
    """Build database, published snapshots, raw files, Dagster's runs."""
    figures: tuple[Path, ...] = (REFERENCE,)
    """Folders of reference files, separated like PATH; each further one adds platforms, metrics, figures."""
    inbox: Path = Path("$WAREHOUSE_HOME/inbox")
    """Where the files of `make daily` are delivered."""
    bad_share: float = Field(0.2, ge=0, le=1, title="a number from 0 to 1, like 0.2")
    """A file with a larger share of faulty rows is refused whole."""
    archive_days: int | None = Field(None, ge=1, title="a number of days, like 730")
    """Days after which a delivery leaves the archive, from which an empty home gets it again; without it none does."""
    fewer_share: float = Field(0.5, ge=0, le=1, title="a number from 0 to 1, like 0.5")
    """A publication that takes a larger share of the rows of a table from readers is refused."""
    accept_fewer: str = ""
    """Tables of which one publication may take any share, with blanks between them; `make refresh ACCEPT_FEWER=…`."""
    memory: str = Field("1500MB", pattern=r"^[1-9][0-9]*(\.[0-9]+)? ?[MG]i?B$", title="a size like 1500MB or 4GB")
    """What DuckDB may hold in memory while it builds or the page is made; the rest goes to disk."""
    s3_url: str | None = Field(None, repr=False)
    """`s3://bucket/prefix` of an S3-compatible storage whose files are loaded too; address and keys by Amazon's
    names (AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, …)."""
    postgres_dsn: str | None = Field(None, repr=False)
    """A PostgreSQL database whose rows are loaded too, `host=… dbname=…`; the password best in `~/.pgpass`."""
    postgres_query: str = "platform_metric_daily"
    """What is read there: a table, or a SELECT with a contract's columns."""
    postgres_high_water: str | None = None
    """A date, time or number by whose days or ranges changes are looked for; without it any change copies all rows."""
    fx_url: str | None = Field(None, repr=False)
    """Reference rates of the European Central Bank: the address of eurofxref-hist.zip, or a file."""
    notify: str | None = Field(None, repr=False)
    """Where changes of state are reported: addresses of the notification library Apprise, separated by blanks."""
    lineage_url: str | None = Field(None, title="http://..., https://... or the path of a file", repr=False)
    """Where the events of OpenLineage of each run go: the address of a receiver, or a file to add lines to."""
    lineage_key: str | None = Field(None, repr=False)
    """The key of that receiver, sent as a bearer token."""
    contact: str | None = Field(None, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", title="an e-mail address")
    """E-mail address of whoever answers for the figures: the owner of every asset in the UI."""
    history_days: int = Field(90, ge=1, title="a number of days, like 90")
    """Days after which a run leaves Dagster's history; what is built and the latest states stay."""
    sec_user_agent: str | None = None
    """"name e-mail", as the SEC demands; without it EDGAR is off, with it a refresh reads new filings of every
    platform with a `sec_cik`."""
    sec_base_url: str = Field("https://data.sec.gov", repr=False)
    """Another address of EDGAR, for a mirror or a test."""
    engine: str = Field(
        DUCKDB,
        pattern=rf"^({DUCKDB}|sc://[^:/;\s]+(:[0-9]+)?([/;]\S*)?)$",
        title="duckdb, or the address of a Spark Connect server like sc://host:15002",
        repr=False,
    )
    """The engine of the volume path, from order events to daily marts: `duckdb`, or the address of a Spark Connect
    server, `sc://host:15002`, which needs `make spark-env` (docs/cluster.md)."""

    @field_validator("figures", mode="before")
    @classmethod
    def _folders(cls, value: str | tuple[Path, ...], info: ValidationInfo) -> tuple[Path, ...]:
        named = [Path(part) for part in value.split(os.pathsep) if part] if isinstance(value, str) else value
        return tuple(dict.fromkeys(_renamed(folder, info.data["root"]) for folder in named))

    @field_validator("home", "inbox")
    @classmethod
    def _absolute(cls, value: Path, info: ValidationInfo) -> Path:
        home = str(info.data.get("home", ""))
        return Path(info.data["root"] / str(value).replace("$WAREHOUSE_HOME", home))

    @field_validator("lineage_url")
    @classmethod
    def _receiver(cls, value: str | None) -> str | None:
        if value and SCHEME.match(value) and not value.startswith(("http://", "https://", "file:///")):
            raise ValueError  # load_settings says what it has to be
        return value

    @property
    def build_db(self) -> Path:
        """The database that a refresh writes; no reader ever opens it."""
        return self.home / "build" / "warehouse.duckdb"

    @property
    def build_copy(self) -> Path:
        """A sound copy of the build database, which may be older; etl.archive.copy makes it."""
        return self.build_db.with_name("copy.duckdb")

    @property
    def archive_dir(self) -> Path:
        """The deliveries as they were loaded."""
        return self.home / "archive"

    @property
    def exchange_dir(self) -> Path:
        """Tables as Parquet files that DuckDB and Spark both read; it can be removed at any time."""
        return self.home / "exchange"

    @property
    def profile_folders(self) -> tuple[Path, ...]:
        """The folders of profiles: those that ship, and those of this home, which replace ones of the same name."""
        return (self.root / "profiles", self.home / "profiles")

    @property
    def drafts(self) -> Path:
        """The folder of proposed figures, each document in a folder of its own, and of what was decided on them."""
        return self.home / "drafts"

    @property
    def accepted(self) -> Path:
        """The folder of reference files with the proposed figures that a person has accepted."""
        return self.home / "figures"

    @property
    def lineage_file(self) -> Path | None:
        """The file that gets the events of runs, where `lineage_url` is no address."""
        if not self.lineage_url or self.lineage_url.startswith(("http://", "https://")):
            return None
        return self.root / self.lineage_url.removeprefix("file://")

    @property
    def figure_folders(self) -> tuple[Path, ...]:
        """The folders of reference files that a refresh reads: `figures`, and what was accepted."""
        return (*self.figures, self.accepted) if any(self.accepted.glob("*.csv")) else self.figures

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


def make_private(settings: Settings, *folders: Path) -> None:
    """Make folders of the home that only their owner can open, or make them so; others are left as they are.

    The home itself stays open, for the readers of the snapshot in it.
    """
    if not settings.home.exists():
        make_folder(settings.home)
        settings.home.chmod(0o755)
    for folder in folders:
        if folder.is_relative_to(settings.home):
            make_folder(folder)
            if folder.stat().st_uid == os.geteuid():
                folder.chmod(0o700)


def variable(field: str) -> str:
    """The environment variable of a field."""
    return field.upper() if field.startswith("sec_") else f"WAREHOUSE_{field.upper()}"


def load_settings(env: Mapping[str, str] | None = None, root: Path = ROOT) -> Settings:
    """Settings from `env` (default: `.env` of the project root, then the environment).

    Relative paths are taken from the project root. Raises MendError for a value that cannot be used, with the fix.
    """
    if env is None:
        env = {**{k: v for k, v in dotenv_values(root / ".env").items() if v is not None}, **os.environ}
    given: dict[str, Any] = {field: env[name] for field in Settings.model_fields if env.get(name := variable(field))}
    try:
        return Settings(**given | {"root": root})
    except ValidationError as error:
        (field,), value = error.errors()[0]["loc"], error.errors()[0]["input"]
        fix = Settings.model_fields[str(field)].title
        value = shown(value) if isinstance(value, str) and SCHEME.match(value) else value
        raise MendError(f"{variable(str(field))} is {value!r}; set it to {fix}") from error


def _renamed(folder: Path, root: Path) -> Path:
    """The folder of the reference data where a setting still has its former name, else the folder itself."""
    former = root / FORMER_REFERENCE
    if root / folder != former or any(former.glob("*.csv")):
        return folder
    _warn_once(f"WAREHOUSE_FIGURES names {folder}; the reference data is read from {REFERENCE} now: name that instead")
    return REFERENCE


@cache
def _warn_once(message: str) -> None:
    logging.getLogger(__name__).warning(message)


def _meanings() -> dict[str, str]:
    """The text below each field of the settings; pydantic would read it from the source in each process."""
    (settings,) = ast.parse(dedent(getsource(Settings))).body
    lines = settings.body if isinstance(settings, ast.ClassDef) else []
    return {
        field.target.id: str(text.value.value)
        for field, text in pairwise(lines)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant)
    }


def settings_pages(root: Path) -> dict[Path, str]:
    """The current text of .env.example, and of the README with its table of variables."""
    example, rows = [EXAMPLE_HEAD], ["| variable (or line in `.env`) | default | meaning |", "|---|---|---|"]
    meanings = _meanings()
    for field, info in list(Settings.model_fields.items())[1:]:
        name, meaning = variable(field), " ".join(meanings[field].split())
        default = REFERENCE if field == "figures" else info.default
        example.append(f"{fill(meaning, 110, initial_indent='# ', subsequent_indent='# ')}\n#{name}={default or ''}\n")
        rows.append(f"| {name} | {default or 'none'} | {meaning.rstrip('.')} |")
    readme = (root / "README.md").read_text(encoding="utf-8")
    return {
        root / ".env.example": "\n".join(example),
        root / "README.md": README_TABLE.sub(lambda _: "\n".join(rows), readme),
    }
