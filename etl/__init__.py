"""Plain Python of the warehouse: read sources, run SQL models, validate, publish. No Dagster here."""
