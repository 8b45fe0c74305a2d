"""Copies of a home elsewhere: made while refreshes run, and brought back on an empty machine."""
