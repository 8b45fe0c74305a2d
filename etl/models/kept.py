"""What was found in SQL texts, kept between processes: a text that did not change is not parsed again.

The file stands beside the compiled modules of this package, and is to the SQL files what they are to the code: it may
be removed at any time, and where it is damaged or cannot be read or written, the texts are parsed. An entry is found by
a hash of all that it follows from: the text, the code of this package, SQLGlot and Python. A process that found
something new writes the file at its end, with what it used itself first.
"""

from __future__ import annotations

import atexit
import hashlib
import io
import pickle
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from importlib.util import cache_from_source
from pathlib import Path
from typing import Any, TypeVar

from etl.whole import write_whole

FILE = Path(cache_from_source(__file__)).with_name("found.pickle")
MOST = 2000  # entries; a project has about 400
# What an entry consists of; nothing else is made from the file.
KINDS = {("pathlib", "PosixPath"), ("etl.models.file", "Model"), ("etl.models.file", "OutputColumn")}
KINDS |= {("etl.models.tree", "Reference"), ("builtins", "frozenset")}
Found = TypeVar("Found")
_used: dict[str, Any] = {}


def kept(kind: str, *follows_from: object, find: Callable[[], Found]) -> Found:
    """What `find` returns, from an earlier call with the same arguments where there was one; errors are not kept.

    `follows_from` is all that the result depends on, beside the program.
    """
    key = hashlib.sha256(repr((_program(), kind, follows_from)).encode("utf-8", "surrogateescape")).hexdigest()
    if key not in _used:
        before = _earlier()
        if key not in before:
            before[key] = find()
            _write_at_the_end()
        _used[key] = before[key]
    found: Found = _used[key]
    return found


class _OwnClasses(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in KINDS:
            raise pickle.UnpicklingError(f"{module}.{name} is nothing that is kept")
        return super().find_class(module, name)


@cache
def _earlier() -> dict[str, Any]:
    try:
        found = _OwnClasses(io.BytesIO(FILE.read_bytes())).load()
    except Exception:  # a damaged pickle raises anything
        return {}
    return found if isinstance(found, dict) else {}


@cache
def _write_at_the_end() -> None:
    if not sys.dont_write_bytecode:
        atexit.register(_write)


def _write() -> None:
    entries = list({**_used, **_earlier()}.items())[:MOST]
    with suppress(OSError):
        write_whole(FILE, pickle.dumps(dict(entries), protocol=5))


@cache
def _program() -> str:
    """A hash of what reads a text: this package and the columns that contracts allow, SQLGlot, Python."""
    hashed = hashlib.sha256(f"{sys.version} {version('sqlglot')}".encode())
    package = Path(__file__).parent
    for path in sorted([*package.glob("*.py"), package.parent / "contracts.py"]):
        hashed.update(path.name.encode() + path.read_bytes())
    return hashed.hexdigest()
