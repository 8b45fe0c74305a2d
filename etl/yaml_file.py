"""YAML files of the project and of its users, read with the parser in C where there is one: it is ten times as fast."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(path: Path) -> Any:
    """What a YAML file says. Raises yaml.YAMLError, OSError and UnicodeDecodeError."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=LOADER)  # noqa: S506 (it is a safe one)
