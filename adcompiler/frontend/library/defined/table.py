"""Importing a module of definitions enters them."""

from __future__ import annotations

from adcompiler.frontend.library.defined import (
    applied,
    arrays,
    distributions,
    draws,
    elementwise,
    fourier,
    grids,
    integers,
    inverses,
    norms,
    padding,
    quantiles,
    scipy_linalg,
    signals,
    sorting,
    special,
    statistics,
    ufuncs,
    windows,
)

MODULES = (
    applied,
    arrays,
    distributions,
    draws,
    elementwise,
    fourier,
    grids,
    integers,
    inverses,
    norms,
    padding,
    quantiles,
    scipy_linalg,
    signals,
    sorting,
    special,
    statistics,
    ufuncs,
    windows,
)
