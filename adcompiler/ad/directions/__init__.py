"""Several directions at once: lanes of tangents and cotangents, and sparsity patterns."""
