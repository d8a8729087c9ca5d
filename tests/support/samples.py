"""Arrays of every element type, shape and layout, to compare a library function with NumPy on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy

from tests.support.tracing import compare

DTYPES = ("float64", "float32", "int64", "int32", "bool")
SHAPES = ((6,), (3, 4), (1, 4), (4, 1), (2, 3, 4), (0,), (3, 0), (1,))


def sample(dtype: str, shape: tuple[int, ...]) -> Any:
    """Numbers with repetitions, zeros and both signs."""
    values = (numpy.arange(numpy.prod(shape)) * 7 % 11 - 4).reshape(shape)
    if dtype == "bool":
        return values % 3 == 0
    return (values / 2 if dtype.startswith("float") else values).astype(dtype)


def layouts(x: Any) -> list[Any]:
    """The same elements in C order, Fortran's, reversed, and strided memory."""
    wide = numpy.zeros(tuple(2 * n for n in x.shape), x.dtype)
    strided = wide[tuple(slice(None, None, 2) for _ in x.shape)]
    strided[...] = x
    backwards = numpy.ascontiguousarray(x[::-1])[::-1]
    return [x, numpy.asfortranarray(x), backwards, strided]


def everywhere(fn: Callable[..., Any], *, dtypes: tuple[str, ...] = DTYPES, rank: tuple[int, ...] = (1, 2, 3)) -> None:
    """Compare on every element type, shape and layout."""
    for dtype in dtypes:
        for shape in SHAPES:
            if len(shape) in rank:
                for x in layouts(sample(dtype, shape)):
                    compare(fn, x)
