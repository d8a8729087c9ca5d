"""Transformations inside a program that is compiled, and functions with a declared derivative."""
