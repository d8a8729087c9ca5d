"""Python's operators, names, assignments, blocks, comprehensions, and calls of the user's functions."""
