"""Arrays taken apart, put together and indexed."""

from __future__ import annotations

from typing import Any

import numpy as np

from adcompiler.frontend.definitions import means, refuse
from adcompiler.frontend.primitives import common_shape


@means(np.broadcast_to)
def broadcast_to(array: Any, shape: Any, subok: Any = False) -> Any:
    """The array repeated to a shape, as a copy."""
    return np.full(shape, array)


@means(np.broadcast_arrays)
def broadcast_arrays(*args: Any, subok: Any = False) -> Any:
    """The arrays repeated to their common shape, as copies."""
    shape = common_shape(*args)
    return tuple([np.full(shape, a) for a in args])


# -- parts -------------------------------------------------------------------------------------------------------------


def parts(ary: Any, places: Any, axis: int) -> Any:
    """The views between places along an axis."""
    rows = np.moveaxis(ary, axis, 0)
    ends = (*places, len(rows))
    starts = (0, *places)
    return [np.moveaxis(rows[i:j], 0, axis) for i, j in zip(starts, ends)]


@means(np.array_split)
def array_split(ary: Any, indices_or_sections: Any, axis: Any = 0) -> Any:
    """Parts of nearly equal length, or between places."""
    if isinstance(indices_or_sections, (tuple, list)):
        return parts(ary, tuple(indices_or_sections), axis)
    count = indices_or_sections
    n = ary.shape[axis]
    each, extra = n // count, n % count
    return parts(ary, tuple([each * k + min(k, extra) for k in range(1, count)]), axis)


@means(np.split)
def split(ary: Any, indices_or_sections: Any, axis: Any = 0) -> Any:
    """Parts of equal length, or between places."""
    if not isinstance(indices_or_sections, (tuple, list)) and ary.shape[axis] % indices_or_sections != 0:
        raise ValueError("array split does not result in an equal division")
    return array_split(ary, indices_or_sections, axis)


@means(np.hsplit)
def hsplit(ary: Any, indices_or_sections: Any) -> Any:
    """Side by side."""
    return split(ary, indices_or_sections, 1 if ary.ndim > 1 else 0)


@means(np.vsplit)
def vsplit(ary: Any, indices_or_sections: Any) -> Any:
    """Below each other."""
    return split(ary, indices_or_sections, 0)


@means(np.dsplit)
def dsplit(ary: Any, indices_or_sections: Any) -> Any:
    """Along the third axis."""
    return split(ary, indices_or_sections, 2)


@means(np.dstack)
def dstack(tup: Any) -> Any:
    """Joined along the third axis."""
    return np.concatenate([np.atleast_3d(a) for a in tup], 2)


@means(np.block)
def block(arrays: Any) -> Any:
    """Nested lists of blocks."""
    if not isinstance(arrays, list):
        return np.asarray(arrays)
    if isinstance(arrays[0], list):
        if isinstance(arrays[0][0], list):
            refuse("np.block of more than two levels", "join the blocks with np.concatenate")
        return np.concatenate([np.concatenate([np.atleast_2d(a) for a in row], 1) for row in arrays], 0)
    rank = max([np.ndim(a) for a in arrays])
    return np.concatenate([np.atleast_1d(a) if rank <= 1 else np.atleast_2d(a) for a in arrays], max(rank, 1) - 1)


@means(np.rollaxis)
def rollaxis(a: Any, axis: Any, start: Any = 0) -> Any:
    """An axis moved in front of another."""
    axis = axis % a.ndim
    start = start + a.ndim if start < 0 else start
    return np.moveaxis(a, axis, start - 1 if axis < start else start)


@means(np.rot90)
def rot90(m: Any, k: Any = 1, axes: Any = (0, 1)) -> Any:
    """Turned by right angles in the plane of two axes: a view."""
    first, second = axes
    k = k % 4
    if k == 0:
        return m[:]
    if k == 2:
        return np.flip(np.flip(m, first), second)
    turned = np.swapaxes(m, first, second)
    return np.flip(turned, first) if k == 1 else np.flip(turned, second)


# -- grids -------------------------------------------------------------------------------------------------------------


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
        for x, place in zip(flat, places)
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
    out = np.ones((len(x), count), x.dtype)
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


# -- elements by their index -------------------------------------------------------------------------------------------


@means(np.take, method="take")
def take(a: Any, indices: Any, axis: Any = None, mode: Any = "raise") -> Any:
    """The elements of these indices along an axis, or of the flat array."""
    a = np.asarray(a)
    rows = np.ravel(a) if axis is None else np.moveaxis(a, axis, 0)
    indices = np.asarray(indices)
    if mode != "raise":
        n = len(rows)
        indices = indices % n if mode == "wrap" else np.minimum(np.maximum(indices, 0), n - 1)
    if indices.ndim == 0:
        return np.copy(rows[int(indices)])
    found = rows[indices]
    if axis is None or axis % a.ndim == 0:
        return found
    rank = indices.ndim
    return np.moveaxis(found, tuple(range(rank)), tuple(range(axis % a.ndim, axis % a.ndim + rank)))


@means(np.take_along_axis)
def take_along_axis(arr: Any, indices: Any, axis: Any = -1) -> Any:
    """For each line along an axis, the elements of its own indices."""
    if axis is None:
        return np.ravel(arr)[indices]
    rows, places = np.moveaxis(arr, axis, -1), np.moveaxis(indices, axis, -1)
    if arr.ndim == 1:
        return rows[places]
    lead = common_shape(rows[..., 0], places[..., 0])
    rows = np.reshape(np.full((*lead, rows.shape[-1]), rows), (-1, rows.shape[-1]))
    flat = np.reshape(np.full((*lead, places.shape[-1]), places), (-1, places.shape[-1]))
    out = np.empty(flat.shape, arr.dtype)
    for i in range(flat.shape[0]):
        for j in range(flat.shape[1]):
            out[i, j] = rows[i, flat[i, j]]
    return np.moveaxis(np.reshape(out, (*lead, places.shape[-1])), -1, axis)


@means(np.put_along_axis)
def put_along_axis(arr: Any, indices: Any, values: Any, axis: Any) -> None:
    """For each line along an axis, values stored at its own indices."""
    if arr.ndim > 2:
        refuse("np.put_along_axis of more than two axes", "write the loop over the leading axes")
    rows, places = np.moveaxis(arr, axis, -1), np.moveaxis(indices, axis, -1)
    given = np.full(places.shape, np.moveaxis(values, axis, -1) if np.ndim(values) == arr.ndim else values)
    if arr.ndim == 1:
        for j in range(len(places)):
            rows[places[j]] = given[j]
    else:
        for i in range(places.shape[0]):
            for j in range(places.shape[1]):
                rows[i, places[i, j]] = given[i, j]


@means(np.compress, method="compress")
def compress(condition: Any, a: Any, axis: Any = None) -> Any:
    """The parts along an axis at which the condition holds."""
    condition = np.asarray(condition)
    rows = np.ravel(a) if axis is None else np.moveaxis(a, axis, 0)
    found = rows[: len(condition)][condition != 0]
    return found if axis is None else np.moveaxis(found, 0, axis)


@means(np.extract)
def extract(condition: Any, arr: Any) -> Any:
    """The elements where the condition holds."""
    return np.ravel(arr)[np.ravel(condition) != 0]


@means(np.flatnonzero)
def flatnonzero(a: Any) -> Any:
    """The indices of the flat array's elements that are not zero."""
    return np.nonzero(np.ravel(a))[0]


@means(np.argwhere)
def argwhere(a: Any) -> Any:
    """The index of each element that is not zero, in a row."""
    return np.stack(np.nonzero(a), 1)


@means(np.fill_diagonal)
def fill_diagonal(a: Any, val: Any, wrap: Any = False) -> None:
    """The main diagonal of a matrix set in place."""
    if a.ndim != 2 or wrap:
        refuse("np.fill_diagonal of this array", "write the loop over the diagonal")
    n = min(a.shape[0], a.shape[1])
    if np.ndim(val) == 0:
        for k in range(n):
            a[k, k] = val
    else:
        values = np.ravel(val)
        for k in range(n):
            a[k, k] = values[k % len(values)]


@means(np.copyto)
def copyto(dst: Any, src: Any, casting: Any = "same_kind", where: Any = True) -> None:
    """Values stored into an array in place, where a mask says so."""
    if isinstance(where, bool):
        dst[...] = src
    else:
        dst[...] = np.where(where, src, dst)


@means(np.delete)
def delete(arr: Any, obj: Any, axis: Any = None) -> Any:
    """The array without the parts of these indices."""
    rows = np.ravel(arr) if axis is None else np.moveaxis(arr, axis, 0)
    kept = np.ones(len(rows), bool)
    kept[obj] = False
    found = rows[kept]
    return found if axis is None else np.moveaxis(found, 0, axis)


@means(np.insert)
def insert(arr: Any, obj: Any, values: Any, axis: Any = None) -> Any:
    """The array with values put in before an index."""
    if np.ndim(obj) > 0:
        refuse("np.insert at several places", "insert one after the other")
    rows = np.ravel(arr) if axis is None else np.moveaxis(arr, axis, 0)
    at = obj + len(rows) if obj < 0 else obj
    if rows.ndim == 1:
        between = np.atleast_1d(values)
    else:
        between = np.full((1, *rows.shape[1:]), values)
    found = np.concatenate((rows[:at], between.astype(arr.dtype), rows[at:]))
    return found if axis is None else np.moveaxis(found, 0, axis)
