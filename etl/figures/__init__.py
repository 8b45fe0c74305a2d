"""Figures of a release or filing: found, held against what is known, and taken in when a person has confirmed them."""
