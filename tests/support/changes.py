"""What a contributor changed since the last commit, for `pytest --fast`: the cases of models to run."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from etl.config import ROOT
from etl.models.file import AS_OF, Model
from tests.support.models import model_files, project_models

CASES = ROOT / "tests" / "models"


def changed_cases() -> set[Path]:
    """Folders of the cases that changed, and those of the models that changed or read what changed."""
    paths = changed_files()
    if any(path.is_relative_to(ROOT / "sql") for path in paths):
        files = {path: name for name, path in model_files().items()}
        models = {model.name: model for model in project_models()}
        if any(path.is_relative_to(ROOT / "sql" / "macros") for path in paths if path not in files):
            names = set(models)  # a scalar macro may be called anywhere
        else:
            names = affected({files[path] for path in paths if path in files}, models)
    else:
        names = set()
    folders = {path.parent for path in paths if path.is_relative_to(CASES)}
    return folders | {case for name in names for case in (CASES / name.replace(".", "/")).glob("*/")}


def changed_files() -> set[Path]:
    """Files that differ from the last commit, and those that git does not know yet."""
    commands = (["diff", "--name-only", "HEAD"], ["ls-files", "--others", "--exclude-standard"])
    listed = [
        subprocess.run(["git", *command], cwd=ROOT, check=True, capture_output=True, text=True).stdout
        for command in commands
    ]
    return {ROOT / name for name in "".join(listed).splitlines()}


def affected(changed: Iterable[str], models: Mapping[str, Model]) -> set[str]:
    """The models that changed and those that read one, directly or through macros."""
    names, ahead = set(changed), list(changed)
    while ahead:
        name = ahead.pop()
        readers = {model.name for model in models.values() if name in sources(model)} - names
        names |= readers
        ahead += [reader for reader in readers if models[reader].is_macro]
    return names


def sources(model: Model) -> set[str]:
    """What the query of a model or that of its twin reads."""
    reads = {read.removesuffix("()") for read in model.reads} | {macro for _, macro in model.as_of}
    return reads | {macro.removesuffix(AS_OF) for _, macro in model.as_of}
