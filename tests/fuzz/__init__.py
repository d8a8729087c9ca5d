"""Random user functions as text, and the checks that each of them must pass."""
