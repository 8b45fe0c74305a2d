"""Delivered bytes become records, without a database. Imports nothing of this project but its errors."""
