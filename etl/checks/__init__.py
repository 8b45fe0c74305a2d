"""Expectation suites and their results. The only place that imports Great Expectations, and lazily."""
