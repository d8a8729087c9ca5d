"""Functions and methods of NumPy, SciPy and `math`."""
