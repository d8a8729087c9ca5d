"""Elements, slices, gathers and masks of arrays, and what may share memory."""
