"""Coordinates and indices of the points of grids, and numbers in progression."""

from __future__ import annotations

from typing import Any

import numpy as np

from adcompiler.frontend.library.definitions import means


@means(np.meshgrid)
def meshgrid(*xi: Any, copy: Any = True, sparse: Any = False, indexing: Any = "xy") -> Any:
    """Coordinates of the points of a grid."""
    flat = [np.ravel(x) for x in xi]
    count = len(flat)
    order = tuple(range(count))
    if indexing == "xy" and count > 1:
        order = (1, 0, *order[2:])
    places = [order.index(k) for k in range(count)]
    shaped = [
        np.expand_dims(x, tuple([j for j in range(count) if j != place])) if count > 1 else x
        for x, place in zip(flat, places, strict=True)
    ]
    if sparse:
        return tuple([np.copy(x) for x in shaped])
    shape = tuple([len(flat[k]) for k in order])
    return tuple([np.full(shape, x) for x in shaped])


@means(np.indices)
def indices(dimensions: Any, dtype: Any = int, sparse: Any = False) -> Any:
    """The index of each element along each axis."""
    found = np.meshgrid(*[np.arange(n, dtype=dtype) for n in dimensions], indexing="ij", sparse=sparse)
    return found if sparse else np.stack(found)


@means(np.ix_)
def ix_(*args: Any) -> Any:
    """Index vectors shaped to span a grid."""
    return tuple([np.expand_dims(a, tuple([j for j in range(len(args)) if j != k])) for k, a in enumerate(args)])


@means(np.tri)
def tri(N: Any, M: Any = None, k: Any = 0, dtype: Any = float) -> Any:
    """Ones on and below a diagonal."""
    columns = N if M is None else M
    return (np.arange(columns)[None, :] <= np.arange(N)[:, None] + k).astype(dtype)


@means(np.tril_indices)
def tril_indices(n: Any, k: Any = 0, m: Any = None) -> Any:
    """Rows and columns of the elements on and below a diagonal."""
    return np.nonzero(tri(n, m, k, bool))


@means(np.triu_indices)
def triu_indices(n: Any, k: Any = 0, m: Any = None) -> Any:
    """Rows and columns of the elements on and above a diagonal."""
    return np.nonzero(np.logical_not(tri(n, m, k - 1, bool)))


@means(np.tril_indices_from)
def tril_indices_from(arr: Any, k: Any = 0) -> Any:
    """Rows and columns of the elements on and below a diagonal of a matrix."""
    return tril_indices(arr.shape[0], k, arr.shape[1])


@means(np.triu_indices_from)
def triu_indices_from(arr: Any, k: Any = 0) -> Any:
    """Rows and columns of the elements on and above a diagonal of a matrix."""
    return triu_indices(arr.shape[0], k, arr.shape[1])


@means(np.diag_indices)
def diag_indices(n: Any, ndim: Any = 2) -> Any:
    """The indices of the main diagonal."""
    return tuple([np.arange(n) for _ in range(ndim)])


@means(np.diag_indices_from)
def diag_indices_from(arr: Any) -> Any:
    """The indices of the main diagonal of an array."""
    return diag_indices(arr.shape[0], arr.ndim)


@means(np.diagflat)
def diagflat(v: Any, k: Any = 0) -> Any:
    """A matrix with the flat array on a diagonal."""
    return np.diag(np.ravel(v), k)


@means(np.vander)
def vander(x: Any, N: Any = None, increasing: Any = False) -> Any:
    """The powers of each element in a row."""
    x = np.asarray(x)
    count = len(x) if N is None else N
    out = np.ones((len(x), count), np.promote_types(x.dtype, int))
    for k in range(1, count):
        out[:, k] = out[:, k - 1] * x
    return out if increasing else out[:, ::-1]


@means(np.logspace)
def logspace(
    start: Any, stop: Any, num: Any = 50, endpoint: Any = True, base: Any = 10.0, dtype: Any = None, axis: Any = 0
) -> Any:
    """Powers of the base with evenly spaced exponents."""
    found = np.power(base, np.linspace(start, stop, num, endpoint))
    return found if dtype is None else found.astype(dtype)


@means(np.geomspace)
def geomspace(start: Any, stop: Any, num: Any = 50, endpoint: Any = True, dtype: Any = None, axis: Any = 0) -> Any:
    """Numbers in geometric progression."""
    sign = np.where(start < 0, -1.0, 1.0)
    exponents = np.linspace(np.log10(sign * start), np.log10(sign * stop), num, endpoint)
    found = np.power(10.0, exponents)
    if num > 0:
        found[0] = sign * start
    if num > 1 and endpoint:
        found[-1] = sign * stop
    found = sign * found
    return found if dtype is None else found.astype(dtype)
