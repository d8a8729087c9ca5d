"""Rewrites for the machine compiler: checks of indices and memory, vectors, and what it is told."""
