"""YAML files of the project and of its users, read with the parser in C where there is one: it is ten times as fast."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(path: Path) -> Any:
    """What a YAML file says.

    Raises yaml.YAMLError, also for a mapping with a key given twice, of which the parser would drop one in silence,
    OSError and UnicodeDecodeError.
    """
    loader = LOADER(path.read_text(encoding="utf-8"))
    try:
        root = loader.get_single_node()
        if root is None:
            return None
        _refuse_repeated(root)
        return loader.construct_document(root)
    finally:
        loader.dispose()


def _refuse_repeated(root: yaml.Node) -> None:
    """Raise yaml.YAMLError for the first key that a mapping has twice, with its path and line."""
    waiting: list[tuple[str, yaml.Node]] = [("", root)]
    seen: set[int] = set()  # an anchor is one node under several parents
    while waiting:
        path, node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            waiting += [(f"{path}[{number}]", one) for number, one in enumerate(node.value)]
        elif isinstance(node, yaml.MappingNode):
            keys: set[str] = set()
            for key, value in node.value:
                name = str(key.value) if isinstance(key, yaml.ScalarNode) else str(id(key))
                if name in keys:
                    at = f"{path}.{name}".lstrip(".")
                    raise yaml.YAMLError(f"{at} is given twice, again in line {key.start_mark.line + 1}; keep one")
                keys.add(name)
                waiting.append((f"{path}.{name}", value))
