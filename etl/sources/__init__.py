"""One module a source: bytes in, typed rows out. No database, no Dagster, and no source imports another."""

from __future__ import annotations


class SourceError(RuntimeError):
    """A source that cannot be read; the message says where, what was found, what was expected and the fix."""
