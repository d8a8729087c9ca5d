"""Benchmarks: programs of loops and in-place code beside hand-written adjoints."""
