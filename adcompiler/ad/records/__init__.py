"""What the reverse sweep has of the primal: read again, recomputed or recorded, and where records lie."""
