"""Checks, benchmarks and the command line."""
