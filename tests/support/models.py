"""SQL models for tests: those of the whole project, and those behind one of them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from etl.config import ROOT
from etl.models.file import AS_OF, SCHEMAS, Model, read_model
from etl.models.graph import KNOWN, LATEST, create_statements, linked, load_models
from etl.warehouse import Connection

SQL = ROOT / "sql"


@cache
def project_models() -> tuple[Model, ...]:
    """All models of the project, in the order in which they are built."""
    return load_models(SQL)


@cache
def models_behind(name: str, sql_dir: Path = SQL) -> dict[str, Model]:
    """The model of that name and all that it is built from, by name, in the order in which they are built."""
    files = model_files(sql_dir)
    models: dict[str, Model] = {}
    names = [name]
    while names:
        name = names.pop()
        if name in models or name not in files:
            continue
        models[name] = read_model(files[name], sql_dir)
        for read in (read.removesuffix("()") for read in models[name].reads):
            # The twin of a mart is made from the mart; what tells a table of core as of a day has a name of its own.
            names += [read, read.removesuffix(AS_OF), read.removesuffix(LATEST) + AS_OF, read + KNOWN]
    return {model.name: model for model in linked(models)}


@cache
def model_files(sql_dir: Path = SQL) -> dict[str, Path]:
    """The SQL file of each model by its name."""
    files: dict[str, Path] = {}
    for path in sorted(sql_dir.rglob("*.sql")):
        parts = path.relative_to(sql_dir).parts
        schema = parts[parts[0] == "macros"]
        if schema in SCHEMAS:
            files[f"{schema}.{path.stem}"] = path
    return files


def create_empty(con: Connection, model: Model) -> None:
    """The table of a model with its columns and no rows."""
    columns = ", ".join(f'"{column.name}" {column.type}' for column in model.columns)
    con.execute(f"create table {model.name} ({columns})")


def build_models(con: Connection) -> tuple[Model, ...]:
    """Create every model of the project as the plain query that it is, without its checks."""
    for model in project_models():
        for statement in create_statements(model):
            con.execute(statement)
    return project_models()
