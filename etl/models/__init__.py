"""SQL files become a dependency graph of models."""
