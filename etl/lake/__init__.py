"""Published snapshots as a lake: Parquet files and a DuckLake catalogue, a version for each publication."""
