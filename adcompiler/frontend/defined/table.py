"""Importing a module of definitions enters them."""

from __future__ import annotations

from adcompiler.frontend.defined import (
    arrays,
    draws,
    elementwise,
    fourier,
    grids,
    integers,
    inverses,
    norms,
    padding,
    scipy_linalg,
    signals,
    sorting,
    special,
    statistics,
    ufuncs,
)

MODULES = (
    arrays,
    draws,
    elementwise,
    fourier,
    grids,
    integers,
    inverses,
    norms,
    padding,
    scipy_linalg,
    signals,
    sorting,
    special,
    statistics,
    ufuncs,
)
