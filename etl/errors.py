"""The two kinds of errors that this project raises on purpose, told apart by what helps.

A message says what was found, where, and what to do about it. Any other exception is a fault of the program.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class MendError(Exception):
    """Somebody has to change something; the same attempt fails in the same way until then."""


class RetryError(Exception):
    """The same attempt may succeed later: a database is in use, a source does not answer."""


class BusyError(RetryError):
    """Another run of this home is at work and does what this one would: nothing failed."""


class FileError(MendError):
    """A delivered file is refused whole; the message says why and what mends it."""


def explained(error: Exception) -> str:
    """The message of an expected error; of one of permissions, what to do about it."""
    if isinstance(error, OSError) and error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return (
            f"{error.filename} is not yours to use ({error.strerror}): correct its owner or permissions, or name "
            "another folder with WAREHOUSE_HOME"
        )
    return str(error)


@contextmanager
def written_to(to: Path) -> Iterator[None]:
    """Tell an OSError about `to`, its folder or its hidden name as one of the place that a person named.

    Raises MendError for it; other errors of the block go on.
    """
    try:
        yield
    except OSError as error:
        place, named = Path(error.filename or "").absolute(), to.absolute()
        hidden = place.parent == named.parent and place.name.startswith(f".{named.name.lstrip('.')}.")
        if not error.filename or not (hidden or place.is_relative_to(named) or named.is_relative_to(place)):
            raise
        raise MendError(
            f"{to} cannot be written ({error.strerror}): correct its folder or permissions, or name another place"
        ) from error
