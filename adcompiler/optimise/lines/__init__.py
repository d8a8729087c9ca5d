"""Rewrites of lines: constants, identities, equal and dead ones, guards, sums."""
