"""Functions applied along axes and to indices, and arrays changed at places that are counted in C order."""

from __future__ import annotations

from typing import Any

import numpy as np

from adcompiler.frontend.library.definitions import means, refuse
from adcompiler.frontend.library.primitives import common_shape

# -- functions of the user's -------------------------------------------------------------------------------------------


def mapped(function: Any, values: Any) -> Any:
    """`map(function, values)` as a list."""
    return [function(v) for v in values]


def mapped_pairs(function: Any, values: Any, others: Any) -> Any:
    """`map(function, values, others)` as a list."""
    return [function(v, other) for v, other in zip(values, others)]  # noqa: B905


def folded(function: Any, values: Any) -> Any:
    """`functools.reduce(function, values)`."""
    if len(values) == 0:
        raise TypeError("reduce() of empty iterable with no initial value")
    value = values[0]
    for k in range(1, len(values)):
        value = function(value, values[k])
    return value


def folded_from(function: Any, values: Any, start: Any) -> Any:
    """`functools.reduce(function, values, start)`."""
    for v in values:
        start = function(start, v)
    return start


@means(np.apply_along_axis)
def apply_along_axis(func1d: Any, axis: Any, arr: Any, *args: Any) -> Any:
    """A function of vectors applied to each vector along an axis."""
    moved = np.moveaxis(np.asarray(arr), axis, -1)
    lead = moved.shape[:-1]
    if not lead:
        return func1d(moved, *args)
    rows = np.reshape(moved, (-1, moved.shape[-1]))
    if len(rows) == 0:
        raise ValueError("Cannot apply_along_axis when any iteration dimensions are 0")
    first = np.asarray(func1d(rows[0], *args))
    out = np.empty((len(rows), *first.shape), first.dtype)
    out[0] = first
    for k in range(1, len(rows)):
        out[k] = func1d(rows[k], *args)
    if np.ndim(first) == 0:
        return np.reshape(out, lead)
    if np.ndim(first) > 1:
        refuse("np.apply_along_axis of a function that gives matrices is outside the language", "write the loop")
    return np.moveaxis(np.reshape(out, (*lead, *first.shape)), -1, axis)


@means(np.fromfunction)
def fromfunction(function: Any, shape: Any, *, dtype: Any = float, like: Any = None) -> Any:
    """A function of the indices of an array, called once with all of them."""
    return function(*np.indices(shape, dtype))


def vectorized(function: Any, *args: Any) -> Any:
    """A function of numbers called for each element of its arguments."""
    shape = common_shape(*args)
    if not shape:
        return function(*args)
    flat = [np.ravel(np.broadcast_to(a, shape)) for a in args]
    count = len(flat[0])
    if count == 0:
        raise ValueError("cannot call `vectorize` on size 0 inputs unless `otypes` is set")
    first = np.asarray(function(*[a[0] for a in flat]))
    out = np.empty(count, first.dtype)
    out[0] = first
    for k in range(1, count):
        out[k] = function(*[a[k] for a in flat])
    return np.reshape(out, shape)


# -- places in C order -------------------------------------------------------------------------------------------------


@means(np.unravel_index)
def unravel_index(indices: Any, shape: Any, order: Any = "C") -> Any:
    """The indices along each axis of places counted in C order."""
    if order != "C":
        refuse("np.unravel_index in Fortran order is outside the language", "reverse the shape and the result")
    extents = shape if isinstance(shape, tuple) else (shape,)
    size = 1
    for extent in extents:
        size = size * extent
    place = np.asarray(indices)
    if np.any((place < 0) | (place >= size)):
        raise ValueError("index is out of bounds for an array of this size")
    found: list[Any] = []
    for extent in extents[::-1]:
        found = [place % extent, *found]
        place = place // extent
    return tuple(found)


@means(np.ravel_multi_index)
def ravel_multi_index(multi_index: Any, dims: Any, mode: Any = "raise", order: Any = "C") -> Any:
    """The place, counted in C order, of indices along each axis."""
    if mode != "raise" or order != "C":
        refuse("np.ravel_multi_index with a mode or an order is outside the language", "clip the indices before")
    found = 0
    for k in range(len(dims)):
        index = np.asarray(multi_index[k])
        if np.any((index < 0) | (index >= dims[k])):
            raise ValueError("invalid entry in coordinates array")
        found = found * dims[k] + index
    return found


@means(np.put)
def put(a: Any, ind: Any, v: Any, mode: Any = "raise") -> None:
    """Write values, over again where they are too few, at places counted in C order."""
    if mode != "raise":
        refuse("np.put with a mode is outside the language", "clip the places before")
    flat, places, values = np.array(np.ravel(a)), np.ravel(ind), np.ravel(v)
    if len(places) > 0 and len(values) > 0:
        for k in range(len(places)):
            flat[places[k]] = values[k % len(values)]
    a[...] = np.reshape(flat, np.shape(a))


@means(np.putmask)
def putmask(a: Any, mask: Any, values: Any) -> None:
    """Write values where a mask is true, each at its own place."""
    a[...] = np.where(mask, np.resize(values, np.shape(a)), a)


@means(np.place)
def place(arr: Any, mask: Any, vals: Any) -> None:
    """Write values one after the other where a mask is true."""
    flat, chosen, values = np.array(np.ravel(arr)), np.ravel(mask), np.ravel(vals)
    count = 0
    for k in range(len(flat)):
        if chosen[k]:
            if len(values) == 0:
                raise ValueError("Cannot insert from an empty array!")
            flat[k] = values[count % len(values)]
            count += 1
    arr[...] = np.reshape(flat, np.shape(arr))


# -- orders and sets ---------------------------------------------------------------------------------------------------


@means(np.lexsort)
def lexsort(keys: Any, axis: Any = -1) -> Any:
    """The indices that sort vectors by the last key, then by the one before it."""
    order = np.arange(np.shape(keys[0])[0])
    for key in keys:
        if np.ndim(key) != 1:
            refuse("np.lexsort of matrices is outside the language", "sort row by row")
        order = order[np.argsort(np.asarray(key)[order], kind="stable")]
    return order


@means(np.union1d)
def union1d(ar1: Any, ar2: Any) -> Any:
    """The different elements of two arrays in ascending order."""
    return np.unique(np.concatenate((np.ravel(ar1), np.ravel(ar2))))


@means(np.intersect1d)
def intersect1d(ar1: Any, ar2: Any, assume_unique: Any = False, return_indices: Any = False) -> Any:
    """The different elements that both arrays have, in ascending order."""
    if return_indices:
        refuse("np.intersect1d with return_indices is outside the language", "use np.searchsorted")
    found = np.unique(ar1)
    return np.concatenate((found[np.isin(found, ar2)], np.ravel(ar2)[:0]))


@means(np.setdiff1d)
def setdiff1d(ar1: Any, ar2: Any, assume_unique: Any = False) -> Any:
    """The different elements of one array that another has not."""
    found = np.ravel(ar1) if assume_unique else np.unique(ar1)
    return found[np.isin(found, ar2, invert=True)]


# -- polynomials -------------------------------------------------------------------------------------------------------


def longer(a: Any, count: Any) -> Any:
    """Coefficients with zeros in front."""
    return np.concatenate((np.zeros(count - len(a), np.asarray(a).dtype), np.asarray(a)))


def equally_long(a1: Any, a2: Any) -> Any:
    """Two polynomials with as many coefficients."""
    first, second = np.atleast_1d(a1), np.atleast_1d(a2)
    count = max(len(first), len(second))
    return longer(first, count), longer(second, count)


@means(np.polyadd)
def polyadd(a1: Any, a2: Any) -> Any:
    """The coefficients of a sum of polynomials."""
    first, second = equally_long(a1, a2)
    return first + second


@means(np.polysub)
def polysub(a1: Any, a2: Any) -> Any:
    """The coefficients of a difference of polynomials."""
    first, second = equally_long(a1, a2)
    return first - second


@means(np.polyfit)
def polyfit(x: Any, y: Any, deg: Any, rcond: Any = None, full: Any = False, w: Any = None, cov: Any = False) -> Any:
    """The coefficients of the polynomial with the least sum of squares."""
    if full or cov:
        refuse("np.polyfit with full or cov is outside the language", "compute residuals from the coefficients")
    left, right = np.vander(np.asarray(x) + 0.0, deg + 1), np.asarray(y) + 0.0
    if w is not None:
        weights = np.asarray(w)
        left = left * weights[:, None]
        right = right * (weights if right.ndim == 1 else weights[:, None])
    scale = np.sqrt(np.sum(left * left, axis=0))
    found = np.linalg.lstsq(left / scale, right, rcond)[0]
    return found / (scale if right.ndim == 1 else scale[:, None])
