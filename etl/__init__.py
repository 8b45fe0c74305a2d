"""Plain Python of the warehouse: read sources, run SQL models, validate, publish. No Dagster here.

For notebooks: `read` gives a published table or a query as a pandas DataFrame, `documents` what its rows rest on.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from etl.frames import documents, read

__all__ = ["documents", "read"]


def __getattr__(name: str) -> Any:
    """`read` and `documents` are imported where they are asked for: they bring DuckDB along."""
    if name not in __all__:
        raise AttributeError(name)
    from etl import frames

    return getattr(frames, name)
