"""The command `warehouse`, run in this process."""

from __future__ import annotations

from click.testing import CliRunner, Result

from assets.cli import warehouse


def run(*words: str) -> Result:
    """What `warehouse WORDS` prints and its exit code; an error that is no message is raised."""
    result = CliRunner().invoke(warehouse, words, prog_name="warehouse")
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result
