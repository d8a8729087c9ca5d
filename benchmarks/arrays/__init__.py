"""Array programs: plain NumPy as people write it, beside NumPy itself, njit and JAX."""
