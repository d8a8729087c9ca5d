"""Rewrites of a Wengert list that keep its meaning."""
