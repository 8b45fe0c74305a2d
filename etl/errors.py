"""Errors of the warehouse, in two kinds: what somebody has to mend, and what may succeed when tried again."""

from __future__ import annotations


class SourceError(Exception):
    """A source cannot be read; the message says what was found, what was expected and what mends it."""
