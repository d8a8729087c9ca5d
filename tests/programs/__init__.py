"""Whole user functions, grouped by theme, written in plain Python and NumPy."""
