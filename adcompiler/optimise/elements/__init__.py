"""What loops do with elements of arrays: kept in scalars, shared, put off, or gone through in another order."""
