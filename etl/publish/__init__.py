"""The published snapshot: written, verified, put in place, kept, compared."""
