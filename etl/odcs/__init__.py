"""Contracts as others write and read them: YAML of the Open Data Contract Standard, out, in and compared."""
