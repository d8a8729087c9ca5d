"""Arrays taken apart, put together and indexed."""

from __future__ import annotations

from typing import Any

import numpy as np

from adcompiler.frontend.library.assembly import evenly
from adcompiler.frontend.library.definitions import means, refuse
from adcompiler.frontend.library.primitives import common_shape, number_list, view_of


@means(method="tolist")
def tolist(a: Any) -> Any:
    """Lists of Python's numbers."""
    if np.ndim(a) < 2:
        return number_list(a)
    if np.ndim(a) == 2:
        return [number_list(row) for row in a]
    refuse("'.tolist()' of an array of more than two axes", "use the array itself, or a part of it")


@means(np.broadcast_to)
def broadcast_to(array: Any, shape: Any, subok: Any = False) -> Any:
    """The array repeated to a shape, as a copy."""
    return view_of(np.full(shape, array), array)


@means(np.broadcast_arrays)
def broadcast_arrays(*args: Any, subok: Any = False) -> Any:
    """The arrays repeated to their common shape, as copies."""
    shape = common_shape(*args)
    return tuple([view_of(np.full(shape, a), a) for a in args])


@means(np.lib.stride_tricks.sliding_window_view)
def sliding_window_view(
    x: Any, window_shape: Any, axis: Any = None, *, subok: Any = False, writeable: Any = False
) -> Any:
    """All windows of a shape, as copies: the axes within a window come last."""
    if writeable:
        refuse("windows that are written", "write to the array itself")
    sizes = tuple(window_shape) if isinstance(window_shape, (tuple, list)) else (window_shape,)
    if axis is None:
        axes = tuple(range(x.ndim))
    else:
        axes = tuple(axis) if isinstance(axis, (tuple, list)) else (axis,)
    if len(axes) != len(sizes):
        raise ValueError("window_shape and axis must have equally many entries")
    out = x
    for k, size in zip(axes, sizes, strict=True):
        place = k % x.ndim
        count = out.shape[place] - size + 1
        if size < 0 or count < 1:
            raise ValueError("window shape cannot be larger than input array shape")
        rows = np.moveaxis(out, place, 0)[np.arange(count)[:, None] + np.arange(size)]
        out = np.moveaxis(np.moveaxis(rows, 1, -1), 0, place)
    return view_of(out, x)


# -- parts -------------------------------------------------------------------------------------------------------------


def parts(ary: Any, places: Any, axis: int) -> Any:
    """The views between places along an axis."""
    rows = np.moveaxis(ary, axis, 0)
    ends = (*places, len(rows))
    starts = (0, *places)
    return [np.moveaxis(rows[i:j], 0, axis) for i, j in zip(starts, ends, strict=True)]


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
        return np.copy(np.asarray(arrays))
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
    lead = np.broadcast_shapes(rows.shape[:-1], places.shape[:-1])
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


@means(np.compress)
def compress(condition: Any, a: Any, axis: Any = None) -> Any:
    """The parts along an axis at which the condition holds."""
    condition = np.asarray(condition)
    rows = np.ravel(a) if axis is None else np.moveaxis(a, axis, 0)
    found = rows[: len(condition)][condition != 0]
    return found if axis is None else np.moveaxis(found, 0, axis)


@means(method="compress")
def compress_method(a: Any, condition: Any, axis: Any = None) -> Any:
    """The parts along an axis at which the condition holds."""
    return compress(condition, a, axis)


@means(np.extract)
def extract(condition: Any, arr: Any) -> Any:
    """The elements where the condition holds."""
    return np.ravel(arr)[np.ravel(condition) != 0]


@means(np.repeat, method="repeat")
def repeat(a: Any, repeats: Any, axis: Any = None) -> Any:
    """Each element several times in a row, all equally often or each as often as it says."""
    if np.ndim(repeats) == 0:
        return evenly(a, repeats, axis)
    rows = np.ravel(a) if axis is None else np.moveaxis(np.asarray(a), axis, 0)
    counts = np.asarray(repeats)
    if len(counts) != len(rows):
        raise ValueError("operands could not be broadcast together: one number of repetitions for each element")
    out = np.empty((int(np.sum(counts)), *rows.shape[1:]), rows.dtype)
    place = 0
    for i in range(len(rows)):
        for _ in range(counts[i]):
            out[place] = rows[i]
            place += 1
    return out if axis is None else np.moveaxis(out, 0, axis)


@means(np.resize)
def resize(a: Any, new_shape: Any) -> Any:
    """The elements of the flat array, from the front again at its end, in another shape."""
    flat = np.ravel(a)
    whole = np.empty(new_shape, flat.dtype)
    out = np.ravel(whole)
    for i in range(len(out)):
        out[i] = flat[i % len(flat)]
    return np.reshape(out, whole.shape)


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
