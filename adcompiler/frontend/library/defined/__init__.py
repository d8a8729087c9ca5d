"""Library functions written in the language itself, inlined like a user's own functions."""
