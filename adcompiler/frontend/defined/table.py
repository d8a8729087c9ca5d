"""Importing a module of definitions enters them."""

from __future__ import annotations

from adcompiler.frontend.defined import (
    arrays,
    elementwise,
    norms,
    padding,
    scipy_linalg,
    signals,
    sorting,
    special,
    statistics,
)

MODULES = (arrays, elementwise, norms, padding, scipy_linalg, signals, sorting, special, statistics)
