"""Derivative rules: one declaration for each operation."""
