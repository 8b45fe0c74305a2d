"""Printed figures: a printed form becomes a number with its interval. Imports nothing of this project."""
