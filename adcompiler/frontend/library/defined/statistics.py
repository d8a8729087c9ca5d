"""Counts, covariances and reductions that skip NaN."""

from __future__ import annotations

from typing import Any

import numpy as np

from adcompiler.frontend.library.defined.norms import are_whole, floats
from adcompiler.frontend.library.defined.sorting import bisect
from adcompiler.frontend.library.definitions import means, refuse

# -- counts ------------------------------------------------------------------------------------------------------------


def edges_of(a: Any, bins: Any, range: Any) -> Any:
    """The edges of bins: those given, or evenly spaced between the ends."""
    if np.ndim(bins) > 0:
        return np.asarray(bins)
    if isinstance(bins, str):
        refuse("bins chosen by NumPy", "pass the number of bins")
    if range is None:
        low, high = (np.min(a), np.max(a)) if np.size(a) > 0 else (0.0, 1.0)
    else:
        low, high = range
    if low == high:
        low, high = low - 0.5, high + 0.5
    return np.linspace(low, high, bins + 1)


@means(np.histogram_bin_edges)
def histogram_bin_edges(a: Any, bins: Any = 10, range: Any = None, weights: Any = None) -> Any:
    """The edges of the bins of a histogram."""
    return edges_of(np.ravel(a), bins, range)


@means(np.histogram)
def histogram(a: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None) -> Any:
    """How many elements, or how much weight, each bin holds; the last one holds its right edge too."""
    flat = np.ravel(a)
    edges = edges_of(flat, bins, range)
    count = len(edges) - 1
    amounts = np.ones(len(flat), np.int64) if weights is None else np.ravel(weights)
    found = np.zeros(count, amounts.dtype)
    for i in np.arange(len(flat)):
        if edges[0] <= flat[i] and flat[i] <= edges[count]:
            found[min(bisect(edges, flat[i], True) - 1, count - 1)] += amounts[i]
    if density:
        return found / np.diff(edges) / np.sum(found), edges
    return found, edges


@means(np.histogram2d)
def histogram2d(x: Any, y: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None) -> Any:
    """How many points, or how much weight, each rectangle holds; the edges on each axis."""
    x, y = np.ravel(x), np.ravel(y)
    if len(x) != len(y):
        raise ValueError("x and y must have the same length.")
    ends = (None, None) if range is None else range
    counts = (bins, bins) if np.ndim(bins) == 0 or len(bins) != 2 else bins
    across, down = edges_of(x, counts[0], ends[0]), edges_of(y, counts[1], ends[1])
    n, m = len(across) - 1, len(down) - 1
    amounts = np.ones(len(x)) if weights is None else np.ravel(weights)
    found = np.zeros((n, m))
    for k in np.arange(len(x)):
        inside = across[0] <= x[k] and x[k] <= across[n] and down[0] <= y[k] and y[k] <= down[m]
        if inside:
            i, j = bisect(across, x[k], True) - 1, bisect(down, y[k], True) - 1
            found[min(i, n - 1), min(j, m - 1)] += amounts[k]
    if density:
        return found / np.outer(np.diff(across), np.diff(down)) / np.sum(found), across, down
    return found, across, down


@means(np.bincount)
def bincount(x: Any, weights: Any = None, minlength: Any = 0) -> Any:
    """How often each number occurs, or how much weight it has."""
    x = np.asarray(x)
    size = minlength
    for k in range(len(x)):
        if x[k] < 0:
            raise ValueError("'list' argument must have no negative elements")
        size = max(size, int(x[k]) + 1)
    if weights is None:
        found = np.zeros(size, np.int64)
        for k in range(len(x)):
            found[x[k]] += 1
        return found
    total = np.zeros(size)
    weights = np.asarray(weights)
    for k in range(len(x)):
        total[x[k]] += weights[k]
    return total


# -- covariances -------------------------------------------------------------------------------------------------------


def weights_of(frequencies: Any, importance: Any, count: Any) -> Any:
    """What each observation counts."""
    w = np.ones(count) if importance is None else np.asarray(importance).astype(np.float64)
    if frequencies is not None:
        f = np.asarray(frequencies).astype(np.float64)
        if np.any(f != np.rint(f)):
            raise TypeError("fweights must be integer")
        if np.any(f < 0):
            raise ValueError("fweights cannot be negative")
        w = f * w
    if len(w) != count:
        raise RuntimeError("incompatible numbers of samples and weights")
    if importance is not None and np.any(np.asarray(importance) < 0):
        raise ValueError("aweights cannot be negative")
    return w


@means(np.cov)
def cov(
    m: Any,
    y: Any = None,
    rowvar: Any = True,
    bias: Any = False,
    ddof: Any = None,
    fweights: Any = None,
    aweights: Any = None,
    *,
    dtype: Any = None,
) -> Any:
    """The covariance of variables, of which each is a row."""
    x = np.atleast_2d(np.asarray(m).astype(np.float64))
    if not rowvar and np.ndim(m) > 1:
        x = x.T
    if y is not None:
        other = np.atleast_2d(np.asarray(y).astype(np.float64))
        x = np.concatenate((x, other.T if not rowvar and np.ndim(y) > 1 else other))
    freedom = (0 if bias else 1) if ddof is None else ddof
    if fweights is None and aweights is None:
        x = x - np.mean(x, axis=1, keepdims=True)
        found = np.dot(x, x.T) / max(x.shape[1] - freedom, 0)
    else:
        w = weights_of(fweights, aweights, x.shape[1])
        total = np.sum(w)
        lost = freedom if aweights is None else freedom * np.dot(w, np.asarray(aweights).astype(np.float64)) / total
        x = x - (np.dot(x, w) / total)[:, None]
        found = np.dot(x * w, x.T) / max(total - lost, 0.0)
    return np.squeeze(found) if np.ndim(m) < 2 and y is None else found


@means(np.corrcoef)
def corrcoef(x: Any, y: Any = None, rowvar: Any = True, *, dtype: Any = None) -> Any:
    """The correlations of variables, between -1 and 1."""
    c = cov(x, y, rowvar)
    if np.ndim(c) == 0:
        return c / c
    size = np.sqrt(np.diag(c))
    return np.clip(c / size[:, None] / size[None, :], -1, 1)


# -- reductions that skip NaN ------------------------------------------------------------------------------------------


@means(np.nanprod)
def nanprod(a: Any, axis: Any = None, dtype: Any = None, *, keepdims: Any = False) -> Any:
    """The product of what is not NaN."""
    return np.prod(np.where(np.isnan(a), 1, a), axis=axis, keepdims=keepdims)


@means(np.nancumsum)
def nancumsum(a: Any, axis: Any = None, dtype: Any = None) -> Any:
    """Running sums of what is not NaN."""
    return np.cumsum(np.where(np.isnan(a), 0, a), axis=axis)


@means(np.nancumprod)
def nancumprod(a: Any, axis: Any = None, dtype: Any = None) -> Any:
    """Running products of what is not NaN."""
    return np.cumprod(np.where(np.isnan(a), 1, a), axis=axis)


@means(np.nanmax)
def nanmax(a: Any, axis: Any = None, *, keepdims: Any = False) -> Any:
    """The largest element that is not NaN."""
    if are_whole(a):
        return np.max(a, axis=axis, keepdims=keepdims)
    found = np.max(np.where(np.isnan(a), -np.inf, a), axis=axis, keepdims=keepdims)
    return np.where(np.all(np.isnan(a), axis=axis, keepdims=keepdims), np.nan, found)


@means(np.nanmin)
def nanmin(a: Any, axis: Any = None, *, keepdims: Any = False) -> Any:
    """The smallest element that is not NaN."""
    if are_whole(a):
        return np.min(a, axis=axis, keepdims=keepdims)
    found = np.min(np.where(np.isnan(a), np.inf, a), axis=axis, keepdims=keepdims)
    return np.where(np.all(np.isnan(a), axis=axis, keepdims=keepdims), np.nan, found)


@means(np.nanargmax)
def nanargmax(a: Any, axis: Any = None, *, keepdims: Any = False) -> Any:
    """Where the largest element is that is not NaN."""
    return np.argmax(np.where(np.isnan(a), -np.inf, a), axis=axis, keepdims=keepdims)


@means(np.nanargmin)
def nanargmin(a: Any, axis: Any = None, *, keepdims: Any = False) -> Any:
    """Where the smallest element is that is not NaN."""
    return np.argmin(np.where(np.isnan(a), np.inf, a), axis=axis, keepdims=keepdims)


@means(np.nanvar)
def nanvar(a: Any, axis: Any = None, dtype: Any = None, *, ddof: Any = 0, keepdims: Any = False) -> Any:
    """The variance of what is not NaN."""
    a = floats(a)
    known = np.logical_not(np.isnan(a))
    centre = np.nanmean(a, axis=axis, keepdims=True)
    miss = np.where(known, a - centre, 0)
    freedom = np.sum(known, axis=axis, keepdims=keepdims) - ddof
    found = np.sum(miss * miss, axis=axis, keepdims=keepdims) / freedom.astype(a.dtype)
    return np.where(freedom <= 0, np.nan, found)


@means(np.nanstd)
def nanstd(a: Any, axis: Any = None, dtype: Any = None, *, ddof: Any = 0, keepdims: Any = False) -> Any:
    """The standard deviation of what is not NaN."""
    return np.sqrt(nanvar(a, axis=axis, ddof=ddof, keepdims=keepdims))
