"""What the figures in the README come from: each module is a command, python -m benchmarks.<name>."""
