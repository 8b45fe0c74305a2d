"""Import of Great Expectations without what it only gathers.

Its packages have an __init__ that imports every name they offer: 60 expectations that no suite has, data contexts,
checkpoints, data sources. That takes more than half of its import, and 40 MB. Here such a package imports a name when
somebody asks for it, from the module that its own __init__ names: every name is there, and is the same.
"""

from __future__ import annotations

import ast
import sys
import warnings
from importlib import import_module
from importlib.metadata import version
from importlib.util import LazyLoader, find_spec, module_from_spec
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = "great_expectations"
GATHERING = ("", ".core", ".data_context", ".data_context.data_context", ".checkpoint", ".expectations")
EXPECTATIONS = f"{ROOT}.expectations.core"
# What it imports for expectations that no suite has: a fifth of its own import, and 60 MB.
COMPANIONS = ("scipy.stats", "altair")


class _Gathering(ModuleType):
    """A package that imports a name when it is asked for it. `gathered` has module and name there, by name."""

    gathered: dict[str, tuple[str, str]]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        module, there = self.gathered.get(name, (f".{name}", ""))
        try:
            found = import_module(module, self.__name__)
        except ModuleNotFoundError as error:
            raise AttributeError(f"{self.__name__} has no {name}") from error
        value = getattr(found, there) if there else found
        setattr(self, name, value)
        return value


def prepare() -> None:
    """Let Great Expectations be imported so, unless it was imported before."""
    if ROOT in sys.modules:
        return
    # It imports the client of Spark where there is one, which has a word on every start for pandas 3.
    warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
    for companion in COMPANIONS:
        _import_when_used(companion)
    for package in GATHERING:
        gather_when_asked(ROOT + package)
    gather_when_asked(EXPECTATIONS)
    sys.modules[ROOT].__version__ = version(ROOT)  # type: ignore[attr-defined]
    import_module(f"{ROOT}.expectations.metrics")  # which registers what expectations are computed from


def know_expectation(form: str) -> None:
    """Let Great Expectations know an expectation by its name, such as expect_column_to_exist."""
    import_module(f"{EXPECTATIONS}.{form}")


def gather_when_asked(name: str) -> None:
    """Let a package import a name when it is asked for it, unless it was imported before.

    Only for one whose __init__ does nothing but import. Raises ModuleNotFoundError where there is none.
    """
    if name in sys.modules:
        return
    spec = find_spec(name)
    if not spec or not spec.origin:
        raise ModuleNotFoundError(name)
    package = _Gathering(name)
    package.__spec__, package.__path__, package.__file__ = spec, spec.submodule_search_locations or [], spec.origin
    package.gathered = {
        alias.asname or alias.name: ("." * node.level + (node.module or ""), alias.name if node.module else "")
        for node in ast.parse(Path(spec.origin).read_text(encoding="utf-8")).body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    sys.modules[name] = package
    parent, _, child = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], child, package)


def _import_when_used(name: str) -> None:
    """Let `import name` do nothing until something of the module is used."""
    if name in sys.modules or not (spec := find_spec(name)) or not spec.loader:
        return
    spec.loader = LazyLoader(spec.loader)
    module = module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    parent, _, child = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], child, module)
