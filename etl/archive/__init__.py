"""Deliveries as they were loaded, kept to be loaded again, and a sound copy of the build database."""
