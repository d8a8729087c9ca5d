"""Loops for threads, and for a GPU."""
