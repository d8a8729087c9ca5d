"""Functions mapped over leading axes, inside a program."""
