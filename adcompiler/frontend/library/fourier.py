"""The transform of the rows of a matrix, which the definitions of `np.fft` call."""

from __future__ import annotations

from typing import Any

import numpy as np

from adcompiler.frontend.arrays.atoms import as_array
from adcompiler.frontend.library.registry import implements
from adcompiler.frontend.state.coerce import as_bool
from adcompiler.frontend.state.values import Value
from adcompiler.ir.build import Builder


def rows_transformed(x: Any, inverse: bool) -> Any:
    """The Fourier transform of each row of a complex matrix; the inverse one without its factor."""
    return np.fft.ifft(x, norm="forward") if inverse else np.fft.fft(x)


@implements(rows_transformed)
def _rows_transformed(b: Builder, x: Value, inverse: Value) -> Value:
    return b.emit("fft", as_array(b, x), inverse=as_bool(b, inverse, "inverse"), hint="spectrum")


__all__ = ["rows_transformed"]
