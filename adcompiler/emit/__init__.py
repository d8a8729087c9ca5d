"""From a Wengert list to Python source: expressions, statements, names, comments, and library functions."""
