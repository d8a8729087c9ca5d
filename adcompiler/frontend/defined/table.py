"""Importing a module of definitions enters them."""

from __future__ import annotations

from adcompiler.frontend.defined import (
    applied,
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
    applied,
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
