"""Arrays and indices that the index tests share."""

from __future__ import annotations

from typing import Any

import numpy


def vector(n: int = 5) -> Any:
    return numpy.arange(1.0, n + 1)


def matrix(rows: int = 4, columns: int = 5) -> Any:
    return numpy.arange(1.0, rows * columns + 1).reshape(rows, columns)


LAYOUTS = {
    "C": lambda: matrix(),
    "F": lambda: numpy.asfortranarray(matrix()),
    "reversed": lambda: matrix()[::-1, ::-1],
    "skipping": lambda: matrix(8, 10)[1::2, ::2],
}


ROWS = numpy.array([3, 0, -1, 0])
GRID = numpy.array([[0, 2], [1, -2], [3, 3]])


def gathers() -> list[Any]:
    """Indices made of the integer arrays `r` (four) and `g` (three by two)."""
    whole = slice(None)
    return [
        lambda r, g: r,
        lambda r, g: g,
        lambda r, g: (r, 0),
        lambda r, g: (whole, r),
        lambda r, g: (r, r),
        lambda r, g: (g, whole),
        lambda r, g: (whole, g),
        lambda r, g: (r, slice(1, -1)),
        lambda r, g: (slice(None, None, -1), r),
        lambda r, g: (r, None),
        lambda r, g: (r, None, whole),
        lambda r, g: (r, None, r),
        lambda r, g: (0, r),
        lambda r, g: (0, None, r),
        lambda r, g: (..., r),
        lambda r, g: (g[:, :1], g[0]),
        lambda r, g: (r[1:3], 1),
        lambda r, g: ([0, 2, 2],),
        lambda r, g: ([0, 2], [1, -1]),
        lambda r, g: [],
    ]
