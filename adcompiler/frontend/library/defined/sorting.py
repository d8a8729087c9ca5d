"""Order: sorting, searching, counting, quantiles. The permutation is passive, what it moves is not."""

from __future__ import annotations

from typing import Any

import numpy as np

from adcompiler.frontend.library.definitions import means, refuse
from adcompiler.frontend.library.primitives import sorting


@means(np.argsort, method="argsort")
def argsort(a: Any, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> Any:
    """The indices that sort along an axis; equal elements stay in their order."""
    a = np.asarray(a)
    if axis is None:
        return sorting(np.ravel(a))
    return np.moveaxis(sorting(np.moveaxis(a, axis, -1)), -1, axis)


@means(np.sort)
def sort(a: Any, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> Any:
    """A sorted copy."""
    a = np.asarray(a)
    if axis is None:
        flat = np.ravel(a)
        return flat[sorting(flat)]
    return np.take_along_axis(a, argsort(a, axis), axis)


@means(method="sort")
def sort_in_place(a: Any, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> None:
    """The array sorted in place."""
    a[...] = sort(a, axis)


def sorted_numbers(items: Any, *, key: Any = None, reverse: Any = False) -> Any:
    """`sorted` of numbers, as an array."""
    a = np.array(items)
    columns = (a,) if key is None else key_columns([key(item) for item in items])
    if len(columns) > 1:
        return a[order_by(columns, reverse)]
    keys = with_order(columns[0])
    if reverse:
        return a[::-1][sorting(keys[::-1])][::-1]
    return a[sorting(keys)]


def sorted_items(items: Any, columns: Any, *, key: Any = None, reverse: Any = False) -> Any:
    """`sorted` by a key, or of tuples."""
    keys = columns if key is None else key_columns([key(item) for item in items])
    return [items[k] for k in order_by(keys, reverse)]


def order_by(columns: Any, reverse: Any) -> Any:
    """The order of tuples: by their first parts, where these are equal by the second ones, and so on."""
    order = np.arange(len(columns[0]))
    if reverse:
        # equal items stay in the order in which they are
        order = order[::-1]
    for keys in columns[::-1]:
        order = order[sorting(with_order(keys)[order])]
    return order[::-1] if reverse else order


def key_columns(keys: Any) -> Any:
    """The numbers of keys, or the first, second, … parts of keys that are tuples, as arrays."""
    return tuple(np.array(column) for column in zip(*keys, strict=True))


def with_order(keys: Any) -> Any:
    """Keys, which are numbers: NaN has no place in an order."""
    if keys.ndim != 1:
        refuse(
            "sorted() or .sort() by keys that are not numbers",
            "let the key be a number, or a tuple of a fixed number of them",
        )
    if np.isnan(keys).any():
        raise ValueError("sorted() of NaN")
    return keys


@means(np.partition)
def partition(a: Any, kth: Any, axis: Any = -1, kind: Any = None, order: Any = None) -> Any:
    """A sorted copy, which is partitioned everywhere."""
    return sort(a, axis)


@means(np.argpartition, method="argpartition")
def argpartition(a: Any, kth: Any, axis: Any = -1, kind: Any = None, order: Any = None) -> Any:
    """The indices that sort."""
    return argsort(a, axis)


@means(method="partition")
def partition_in_place(a: Any, kth: Any, axis: Any = -1, kind: Any = None, order: Any = None) -> None:
    """The array sorted in place."""
    a[...] = sort(a, axis)


# -- searching ---------------------------------------------------------------------------------------------------------


def bisect(a: Any, v: Any, right: bool) -> Any:
    """Where a number belongs in a sorted vector: after the elements that are smaller, or not larger."""
    low, high = 0, len(a)
    while low < high:
        middle = (low + high) // 2
        before = not v < a[middle] if right else a[middle] < v or (v != v and a[middle] == a[middle])
        if before:
            low = middle + 1
        else:
            high = middle
    return low


@means(np.searchsorted, method="searchsorted")
def searchsorted(a: Any, v: Any, side: Any = "left", sorter: Any = None) -> Any:
    """Where numbers belong in a sorted vector."""
    a, v = np.asarray(a), np.asarray(v)
    if sorter is not None:
        a = a[sorter]
    if v.ndim == 0:
        return np.int64(bisect(a, v, side == "right"))
    flat = np.ravel(v)
    out = np.empty(len(flat), np.int64)
    for i in range(len(flat)):
        out[i] = bisect(a, flat[i], side == "right")
    return np.reshape(out, v.shape)


@means(np.digitize)
def digitize(x: Any, bins: Any, right: Any = False) -> Any:
    """The number of the bin of each element, for bins in ascending order."""
    bins = np.asarray(bins)
    if len(bins) > 1 and bins[0] > bins[-1]:
        raise ValueError("np.digitize: write the bins in ascending order")
    return searchsorted(bins, x, "left" if right else "right")


@means(np.unique)
def unique(
    ar: Any,
    return_index: Any = False,
    return_inverse: Any = False,
    return_counts: Any = False,
    axis: Any = None,
    *,
    equal_nan: Any = True,
    sorted: Any = True,
) -> Any:
    """The different elements in ascending order."""
    if axis is not None:
        refuse("np.unique along an axis", "flatten the array, or loop over its rows")
    shape = np.shape(ar)
    flat = np.ravel(ar)
    order = sorting(flat)
    n = len(flat)
    number = np.zeros(n, np.int64)
    count = 0
    for k in range(n):
        here = flat[order[k]]
        if k == 0:
            count = 1
        else:
            before = flat[order[k - 1]]
            if here != before and not (equal_nan and here != here and before != before):
                count += 1
        number[order[k]] = count - 1
    first, counts = np.zeros(count, np.int64), np.zeros(count, np.int64)
    for k in range(n - 1, -1, -1):
        first[number[k]] = k
        counts[number[k]] += 1
    found: Any = (flat[first],)
    if return_index:
        found = (*found, first)
    if return_inverse:
        found = (*found, np.reshape(number, shape))
    if return_counts:
        found = (*found, counts)
    return found if len(found) > 1 else found[0]


@means(np.isin)
def isin(element: Any, test_elements: Any, assume_unique: Any = False, invert: Any = False, *, kind: Any = None) -> Any:
    """Which elements are among others."""
    element, others = np.asarray(element), np.ravel(test_elements)
    flat = np.ravel(element)
    found = np.zeros(len(flat), bool)
    for i in range(len(flat)):
        for j in range(len(others)):
            if flat[i] == others[j]:
                found[i] = True
    found = np.reshape(found, element.shape)
    return np.logical_not(found) if invert else found
