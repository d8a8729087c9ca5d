"""A source-transformation automatic differentiation compiler for Python, NumPy and Numba."""

from __future__ import annotations

__version__ = "0.1.0"
