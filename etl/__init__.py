"""Plain Python of the warehouse: read sources, run SQL models, validate, publish. No Dagster here.

For notebooks: `read` gives a published table or a query as a pandas DataFrame, `documents` what its rows rest on.
"""

from etl.frames import documents, read

__all__ = ["documents", "read"]
