"""Medians and quantiles."""

from __future__ import annotations

from typing import Any

import numpy as np

from adcompiler.frontend.library.defined.norms import floats
from adcompiler.frontend.library.defined.sorting import sort
from adcompiler.frontend.library.definitions import means, refuse

#: The methods that interpolate between the places of elements, other than 'linear'.
INTERPOLATED = ("interpolated_inverted_cdf", "hazen", "weibull", "median_unbiased", "normal_unbiased")


def margins(method: str) -> tuple[float, float]:
    """The two numbers by which Hyndman and Fan tell apart the methods that interpolate."""
    if method == "hazen":
        return 0.5, 0.5
    if method == "weibull":
        return 0.0, 0.0
    if method == "median_unbiased":
        return 1 / 3, 1 / 3
    if method == "normal_unbiased":
        return 3 / 8, 3 / 8
    return 0.0, 1.0


def lines(a: Any, axis: Any) -> Any:
    """The array with the axes to be reduced as one, the last."""
    a = floats(a)
    if axis is None:
        return np.ravel(a)
    if isinstance(axis, tuple):
        axes = tuple([k % a.ndim for k in axis])
        moved = np.moveaxis(a, axes, tuple(range(-len(axes), 0)))
        return np.reshape(moved, (*moved.shape[: a.ndim - len(axes)], -1))
    return np.moveaxis(a, axis, -1)


def restored(found: Any, a: Any, axis: Any, keepdims: Any) -> Any:
    """The reduced axes put back with length one."""
    if not keepdims:
        return found
    if axis is None:
        return np.reshape(found, (1,) * np.ndim(a))
    return np.expand_dims(
        found, tuple([k % np.ndim(a) for k in axis]) if isinstance(axis, tuple) else axis % np.ndim(a)
    )


@means(np.median)
def median(a: Any, axis: Any = None, *, overwrite_input: Any = False, keepdims: Any = False) -> Any:
    """The middle element, or the mean of the two; NaN where an element is."""
    rows = sort(lines(a, axis))
    n = rows.shape[-1]
    if n > 0:
        low, high = rows[..., (n - 1) // 2], rows[..., n // 2]
        middle = low if n % 2 == 1 else 0.5 * (low + high)
        last = rows[..., -1]
        found = np.where(np.isnan(last), last, middle)
    else:
        found = np.full(rows.shape[:-1], np.nan, rows.dtype)
    return restored(found, a, axis, keepdims)


@means(np.nanmedian)
def nanmedian(a: Any, axis: Any = None, *, overwrite_input: Any = False, keepdims: Any = False) -> Any:
    """The median of what is not NaN."""
    return nanquantile(a, 0.5, axis, keepdims=keepdims)


def interpolated(low: Any, high: Any, t: Any) -> Any:
    """What lies between two neighbours, from the nearer one."""
    return low + (high - low) * t if t < 0.5 else high - (high - low) * (1 - t)


def known_quantile(rows: Any, q: Any) -> Any:
    """A quantile of each sorted line without the NaN at its end."""
    flat = np.reshape(rows, (-1, rows.shape[-1]))
    found = np.full(len(flat), np.nan, flat.dtype)
    for i in range(len(flat)):
        n: Any = np.count_nonzero(np.logical_not(np.isnan(flat[i])))
        if n > 0:
            place = q * (n - 1)
            k = int(np.floor(place))
            found[i] = interpolated(flat[i, k], flat[i, min(k + 1, n - 1)], place - k)
    return np.reshape(found, rows.shape[:-1])


@means(np.nanquantile)
def nanquantile(
    a: Any,
    q: Any,
    axis: Any = None,
    overwrite_input: Any = False,
    method: Any = "linear",
    keepdims: Any = False,
) -> Any:
    """One quantile of what is not NaN."""
    if method != "linear" or np.ndim(q) > 0:
        refuse("np.nanquantile by another method or of several quantiles", "ask for one at a time, by 'linear'")
    if q < 0 or q > 1:
        raise ValueError("Quantiles must be in the range [0, 1]")
    rows = sort(lines(a, axis))
    return restored(known_quantile(rows, q), a, axis, keepdims)


@means(np.nanpercentile)
def nanpercentile(
    a: Any,
    q: Any,
    axis: Any = None,
    overwrite_input: Any = False,
    method: Any = "linear",
    keepdims: Any = False,
) -> Any:
    """One percentile of what is not NaN."""
    return nanquantile(a, q / 100, axis, method=method, keepdims=keepdims)


def between(rows: Any, place: Any) -> Any:
    """What sorted lines have at a place, interpolated between its two neighbours."""
    k = int(np.floor(place))
    return interpolated(rows[..., k], rows[..., min(k + 1, rows.shape[-1] - 1)], place - k)


def quantile_of(rows: Any, q: Any, method: str) -> Any:
    """A quantile of sorted lines."""
    n = rows.shape[-1]
    place = q * (n - 1)
    if method == "linear":
        found = between(rows, place)
    elif method in INTERPOLATED:
        alpha, beta = margins(method)
        found = between(rows, min(max(n * q + (alpha + q * (1 - alpha - beta)) - 1, 0.0), n - 1.0))
    elif method == "lower":
        found = rows[..., int(np.floor(place))]
    elif method == "higher":
        found = rows[..., int(np.ceil(place))]
    elif method == "nearest":
        found = rows[..., int(np.rint(place))]
    elif method == "midpoint":
        found = 0.5 * (rows[..., int(np.floor(place))] + rows[..., int(np.ceil(place))])
    elif method == "inverted_cdf":
        found = rows[..., max(int(np.ceil(n * q - 1)), 0)]
    else:
        refuse(f"quantiles by the method {method!r}", "use 'linear', 'hazen', 'inverted_cdf' or 'nearest'")
    last = rows[..., -1]
    return np.where(np.isnan(last), last, found)


def unless_number(q: Any) -> Any:
    """An array; a number of Python's stays one, which has no say over the type of a result."""
    return np.asarray(q) if np.ndim(q) > 0 else q


@means(np.quantile)
def quantile(
    a: Any,
    q: Any,
    axis: Any = None,
    overwrite_input: Any = False,
    method: Any = "linear",
    keepdims: Any = False,
) -> Any:
    """Quantiles, interpolated between the two nearest elements."""
    rows = sort(lines(a, axis))
    q = unless_number(q)
    if np.any(q < 0) or np.any(q > 1):
        raise ValueError("Quantiles must be in the range [0, 1]")
    if np.ndim(q) == 0:
        return restored(quantile_of(rows, q, method), a, axis, keepdims)
    if q.ndim > 1:
        refuse("quantiles of an array of two axes", "pass a vector of quantiles")
    found = np.empty((len(q), *rows.shape[:-1]), np.result_type(rows.dtype, q.dtype))
    for k in range(len(q)):
        found[k] = quantile_of(rows, q[k], method)
    if keepdims:
        shape = np.shape(restored(found[0], a, axis, True))
        return np.reshape(found, (len(q), *shape))
    return found


@means(np.percentile)
def percentile(
    a: Any,
    q: Any,
    axis: Any = None,
    overwrite_input: Any = False,
    method: Any = "linear",
    keepdims: Any = False,
) -> Any:
    """Percentiles, interpolated between the two nearest elements."""
    return quantile(a, unless_number(q) / 100, axis, overwrite_input, method, keepdims)
