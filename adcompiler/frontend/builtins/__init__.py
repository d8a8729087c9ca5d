"""Python's builtin functions, and methods of its types."""
