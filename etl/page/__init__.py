"""The page: answers, charts, tables and documents of the published snapshot as HTML that needs no script."""
