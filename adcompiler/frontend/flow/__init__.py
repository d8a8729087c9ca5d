"""Branches that meet again, loops, what they run over, and recursion."""
