"""What one process has compiled, for another: kept entries, pickles, and how objects of two are compared."""
