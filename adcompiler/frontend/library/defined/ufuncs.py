"""The methods of NumPy's functions of each element: `reduce`, `accumulate`, `reduceat`, `outer`, `at`."""

from __future__ import annotations

from typing import Any

import numpy as np

from adcompiler.frontend.library.definitions import refuse, ufunc_method


@ufunc_method
def reduce(function: Any, array: Any, axis: Any = 0, dtype: Any = None, keepdims: Any = False) -> Any:
    """The elements along axes joined by the function."""
    if function is np.add:
        return np.sum(array, axis=axis, dtype=dtype, keepdims=keepdims)
    if function is np.multiply:
        return np.prod(array, axis=axis, dtype=dtype, keepdims=keepdims)
    if function is np.maximum:
        return np.max(array, axis=axis, keepdims=keepdims)
    if function is np.minimum:
        return np.min(array, axis=axis, keepdims=keepdims)
    if function is np.logical_and:
        return np.all(array, axis=axis, keepdims=keepdims)
    if function is np.logical_or:
        return np.any(array, axis=axis, keepdims=keepdims)
    array = np.asarray(array)
    if isinstance(axis, tuple) or (axis is None and array.ndim > 1):
        refuse(f"np.{function.__name__}.reduce over several axes", "reduce one axis after the other")
    place = 0 if axis is None else axis
    rows = np.moveaxis(array, place, 0)
    if len(rows) == 0:
        raise ValueError("zero-size array to reduction operation which has no identity")
    found = np.copy(rows[0])
    for k in range(1, len(rows)):
        found = function(found, rows[k])
    return np.expand_dims(found, place) if keepdims else found


@ufunc_method
def accumulate(function: Any, array: Any, axis: Any = 0, dtype: Any = None) -> Any:
    """Each element joined with those before it along an axis."""
    if function is np.add:
        return np.cumsum(array, axis=axis, dtype=dtype)
    if function is np.multiply:
        return np.cumprod(array, axis=axis, dtype=dtype)
    out = np.copy(np.moveaxis(np.asarray(array), axis, 0))
    for k in range(1, len(out)):
        out[k] = function(out[k - 1], out[k])
    return np.moveaxis(out, 0, axis)


@ufunc_method
def reduceat(function: Any, array: Any, indices: Any, axis: Any = 0, dtype: Any = None) -> Any:
    """The stretches of an axis that begin at the indices, the elements of each joined by the function."""
    rows = np.moveaxis(np.asarray(array), axis, 0)
    places = np.asarray(indices)
    if np.any(places < 0) or np.any(places >= len(rows)):
        raise IndexError("index out of bounds")
    out = np.copy(rows[places])
    for k in range(len(places)):
        stop = places[k + 1] if k + 1 < len(places) else len(rows)
        for i in range(places[k] + 1, stop):
            out[k] = function(out[k], rows[i])
    return np.moveaxis(out, 0, axis)


@ufunc_method
def outer(function: Any, A: Any, B: Any) -> Any:
    """The function of each element of one array with each of another."""
    A, B = np.asarray(A), np.asarray(B)
    if B.ndim == 0 or A.ndim == 0:
        # a number of Python's is an array of its type
        return function(np.array(A) if A.ndim == 0 else A, np.array(B) if B.ndim == 0 else B)
    return function(np.expand_dims(A, tuple(range(A.ndim, A.ndim + B.ndim))), B)


@ufunc_method
def at(function: Any, a: Any, indices: Any, b: Any = None) -> None:
    """The function applied in place to the rows that the indices name, one after the other."""
    if function.nin == 2 and b is None:
        refuse(f"np.{function.__name__}.at without a second operand", "pass it")
    if function is np.add:
        np.add.at(a, indices, b)
    elif function is np.subtract:
        np.subtract.at(a, indices, b)
    else:
        if isinstance(indices, tuple):
            refuse(f"np.{function.__name__}.at with indices of several axes", "write the loop over the indices")
        rows = np.arange(len(a))[indices] if isinstance(indices, slice) else np.atleast_1d(np.asarray(indices))
        if rows.ndim > 1:
            refuse(f"np.{function.__name__}.at with a table of indices", "write the loop over the indices")
        if rows.dtype.kind == "b" and len(rows) != len(a):
            raise IndexError("boolean index did not match indexed array")
        places = np.flatnonzero(rows) if rows.dtype.kind == "b" else rows
        if function.nin == 1:
            for k in range(len(places)):
                a[places[k]] = function(a[places[k]])
        else:
            values = np.full(np.shape(places) + np.shape(a)[1:], b)
            for k in range(len(places)):
                a[places[k]] = function(a[places[k]], values[k])
