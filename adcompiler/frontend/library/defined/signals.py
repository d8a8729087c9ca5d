"""Sampled functions: differences, integrals, interpolation, convolution, polynomials."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from adcompiler.frontend.library.defined.norms import floats
from adcompiler.frontend.library.defined.sorting import bisect
from adcompiler.frontend.library.definitions import means, refuse

# -- integrals and slopes ----------------------------------------------------------------------------------------------


def widths(x: Any, dx: Any, axis: int) -> Any:
    """The widths of intervals along the last axis."""
    if x is None:
        return dx
    x = np.asarray(x)
    return np.diff(x) if x.ndim == 1 else np.diff(np.moveaxis(x, axis, -1), axis=-1)


@means(np.trapezoid, "scipy.integrate.trapezoid")
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: Any = -1) -> Any:
    """The integral of the line through the points."""
    rows = np.moveaxis(np.asarray(y), axis, -1)
    return np.sum(widths(x, dx, axis) * (rows[..., 1:] + rows[..., :-1]) / 2.0, axis=-1)


@means("scipy.integrate.cumulative_trapezoid")
def cumulative_trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: Any = -1, initial: Any = None) -> Any:
    """The running integral of the line through the points."""
    rows = np.moveaxis(np.asarray(y), axis, -1)
    sums = np.cumsum(widths(x, dx, axis) * (rows[..., 1:] + rows[..., :-1]) / 2.0, axis=-1)
    if initial is not None:
        sums = np.concatenate((np.full((*sums.shape[:-1], 1), initial, sums.dtype), sums), -1)
    return np.moveaxis(sums, -1, axis)


def parabolas(rows: Any, h: Any) -> Any:
    """The integrals of the parabolas through three points each; `h` are the widths of the intervals."""
    left, right = h[..., 0::2], h[..., 1::2]
    whole, ratio = left + right, left / right
    first, middle, last = rows[..., 0:-2:2], rows[..., 1:-1:2], rows[..., 2::2]
    sums = first * (2.0 - 1.0 / ratio) + middle * (whole * whole / (left * right)) + last * (2.0 - ratio)
    return np.sum(whole / 6.0 * sums, axis=-1)


@means("scipy.integrate.simpson")
def simpson(y: Any, x: Any = None, *, dx: Any = 1.0, axis: Any = -1) -> Any:
    """The integral of parabolas through the points; over a last odd interval, of the one through three points."""
    rows = np.moveaxis(floats(y), axis, -1)
    count = rows.shape[-1]
    if count == 0:
        raise IndexError("index -1 is out of bounds for axis 0 with size 0")
    h = np.full(count - 1, dx, rows.dtype) if x is None else floats(widths(x, dx, axis))
    if count == 1:
        return 0.0 * rows[..., 0]
    if count == 2:
        return 0.5 * h[..., 0] * (rows[..., 0] + rows[..., 1])
    if count % 2 == 1:
        return parabolas(rows, h)
    before, last = h[..., -2], h[..., -1]
    end = last * (2.0 * last + 3.0 * before) / (6.0 * (before + last)) * rows[..., -1]
    end = end + last * (last + 3.0 * before) / (6.0 * before) * rows[..., -2]
    end = end - last * last * last / (6.0 * before * (before + last)) * rows[..., -3]
    return parabolas(rows[..., :-1], h[..., :-1]) + end


def slopes_of_even(f: Any, h: Any, edge_order: int) -> Any:
    """Central differences along the last axis with one spacing."""
    out = np.empty_like(f)
    out[..., 1:-1] = (f[..., 2:] - f[..., :-2]) / (2.0 * h)
    if edge_order == 1:
        out[..., 0] = (f[..., 1] - f[..., 0]) / h
        out[..., -1] = (f[..., -1] - f[..., -2]) / h
    else:
        out[..., 0] = (-1.5 * f[..., 0] + 2.0 * f[..., 1] - 0.5 * f[..., 2]) / h
        out[..., -1] = (1.5 * f[..., -1] - 2.0 * f[..., -2] + 0.5 * f[..., -3]) / h
    return out


def slopes_of_uneven(f: Any, x: Any, edge_order: int) -> Any:
    """Differences of second order along the last axis at uneven places; products of narrow integers would wrap."""
    d = np.diff(floats(x))
    before, after = d[:-1], d[1:]
    out = np.empty_like(f)
    a = -after / (before * (before + after))
    b = (after - before) / (before * after)
    c = before / (after * (before + after))
    out[..., 1:-1] = a * f[..., :-2] + b * f[..., 1:-1] + c * f[..., 2:]
    if edge_order == 1:
        out[..., 0] = (f[..., 1] - f[..., 0]) / d[0]
        out[..., -1] = (f[..., -1] - f[..., -2]) / d[-1]
    else:
        h, k = d[0], d[1]
        out[..., 0] = (
            -(2.0 * h + k) / (h * (h + k)) * f[..., 0] + (h + k) / (h * k) * f[..., 1] - h / (k * (h + k)) * f[..., 2]
        )
        h, k = d[-2], d[-1]
        out[..., -1] = (
            k / (h * (h + k)) * f[..., -3] - (k + h) / (h * k) * f[..., -2] + (2.0 * k + h) / (k * (h + k)) * f[..., -1]
        )
    return out


@means(np.gradient)
def gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: Any = 1) -> Any:
    """Slopes by central differences along each axis."""
    f = floats(f)
    axes = tuple(range(f.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    if len(varargs) > 1 and len(varargs) != len(axes):
        refuse("np.gradient with another number of spacings than axes", "give one, or one for each axis")
    found = []
    for k in tuple(range(len(axes))):
        h = 1.0 if not varargs else varargs[k] if len(varargs) > 1 else varargs[0]
        rows = np.moveaxis(f, axes[k], -1)
        if rows.shape[-1] < edge_order + 1:
            raise ValueError("Shape of array too small to calculate a numerical gradient")
        slopes = slopes_of_even(rows, h, edge_order) if np.ndim(h) == 0 else slopes_of_uneven(rows, h, edge_order)
        found.append(np.moveaxis(slopes, -1, axes[k]))
    return found[0] if len(found) == 1 else tuple(found)


@means(np.ediff1d)
def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    """The differences of neighbours of the flat array."""
    found = np.diff(np.ravel(ary))
    if to_begin is not None:
        found = np.concatenate((np.ravel(to_begin).astype(found.dtype), found))
    return found if to_end is None else np.concatenate((found, np.ravel(to_end).astype(found.dtype)))


@means(np.unwrap)
def unwrap(p: Any, discont: Any = None, axis: Any = -1, *, period: Any = 2 * math.pi) -> Any:
    """Jumps of more than half a period taken out."""
    rows = np.moveaxis(floats(p), axis, -1)
    d = np.diff(rows, axis=-1)
    half = period / 2
    turned = np.mod(d + half, period) - half
    turned = np.where((turned == -half) & (d > 0), half, turned)
    least = half if discont is None else max(half, discont)
    correction = np.where(np.abs(d) < least, 0, turned - d)
    out = np.copy(rows)
    out[..., 1:] = rows[..., 1:] + np.cumsum(correction, axis=-1)
    return np.moveaxis(out, -1, axis)


# -- interpolation -----------------------------------------------------------------------------------------------------


def interpolated(x: Any, xp: Any, fp: Any, left: Any, right: Any) -> Any:
    """The value at a number of the line through the points."""
    last = len(xp) - 1
    if x != x:
        return x
    if x < xp[0]:
        return left
    if x > xp[last]:
        return right
    if x == xp[last]:
        return fp[last]
    j = bisect(xp, x, True) - 1
    slope = (fp[j + 1] - fp[j]) / (xp[j + 1] - xp[j])
    return slope * (x - xp[j]) + fp[j]


@means(np.interp)
def interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None) -> Any:
    """The line through the points `xp`, `fp` at x; constant beyond its ends, or the same in each period."""
    x = np.asarray(x).astype(np.float64)
    xp, fp = np.asarray(xp).astype(np.float64), np.asarray(fp).astype(np.float64)
    if period is not None and period == 0:
        raise ValueError("period must be a non-zero value")
    if len(xp) != len(fp):
        raise ValueError("fp and xp are not of the same length.")
    if len(xp) == 0:
        raise ValueError("array of sample points is empty")
    if period is not None:
        # the line from a point beyond each end, whatever lies there
        left, right = None, None
        turn = np.abs(period)
        x, xp = x % turn, xp % turn
        order = np.argsort(xp)
        xp, fp = xp[order], fp[order]
        last = len(xp) - 1
        xp = np.concatenate((xp[last:] - turn, xp, xp[:1] + turn))
        fp = np.concatenate((fp[last:], fp, fp[:1]))
    low = fp[0] if left is None else np.float64(left)
    high = fp[len(fp) - 1] if right is None else np.float64(right)
    if x.ndim == 0:
        return interpolated(x, xp, fp, low, high)
    flat = np.ravel(x)
    out = np.empty(len(flat))
    for i in range(len(flat)):
        out[i] = interpolated(flat[i], xp, fp, low, high)
    return np.reshape(out, x.shape)


# -- convolution -------------------------------------------------------------------------------------------------------


@means(np.convolve)
def convolve(a: Any, v: Any, mode: Any = "full") -> Any:
    """The sums of products of one sequence with the other run backwards."""
    a, v = np.atleast_1d(a), np.atleast_1d(v)
    if len(a) == 0 or len(v) == 0:
        raise ValueError("a and v cannot be empty")
    n, m = len(a), len(v)
    full = np.zeros(n + m - 1, np.result_type(a.dtype, v.dtype))
    for k in range(m):
        full[k : k + n] += a * v[k]
    if mode == "full":
        return full
    if mode == "same":
        start = (min(n, m) - 1) // 2
        return full[start : start + max(n, m)]
    if mode == "valid":
        return full[min(n, m) - 1 : max(n, m)]
    refuse(f"np.convolve in the mode {mode!r}", "use 'full', 'same' or 'valid'")


@means(np.correlate)
def correlate(a: Any, v: Any, mode: Any = "valid") -> Any:
    """The sums of products of one sequence with the other moved along it."""
    a, v = np.atleast_1d(a), np.atleast_1d(v)
    n, m = len(a), len(v)
    full = convolve(a, np.conj(v[::-1]) if v.dtype.kind == "c" else v[::-1])
    if mode == "full":
        return full
    if mode == "same":
        start = m // 2 if n < m else (m - 1) // 2
        return full[start : start + max(n, m)] if n >= m else full[(n - 1) - (n - 1) // 2 : (n - 1) - (n - 1) // 2 + m]
    if mode == "valid":
        return full[min(n, m) - 1 : max(n, m)]
    refuse(f"np.correlate in the mode {mode!r}", "use 'full', 'same' or 'valid'")


# -- polynomials and windows -------------------------------------------------------------------------------------------


@means(np.polyval)
def polyval(p: Any, x: Any) -> Any:
    """A polynomial with the coefficient of the highest power first."""
    p, x = np.asarray(p), np.asarray(x)
    y = np.zeros(np.shape(x), np.result_type(p.dtype, x.dtype))
    for k in range(len(p)):
        y = y * x + p[k]
    return y


@means(np.polyder)
def polyder(p: Any, m: Any = 1) -> Any:
    """The coefficients of a derivative of a polynomial."""
    p = np.asarray(p)
    for _ in tuple(range(m)):
        p = p[:-1] * np.arange(len(p) - 1, 0, -1)
    return p


@means(np.polyint)
def polyint(p: Any, m: Any = 1, k: Any = None) -> Any:
    """The coefficients of an antiderivative of a polynomial that is zero at zero."""
    if k is not None:
        refuse("np.polyint with constants", "add the constants to the result")
    p = floats(p)
    for _ in tuple(range(m)):
        p = np.concatenate((p / np.arange(len(p), 0, -1), np.zeros(1, p.dtype)))
    return p


@means(np.polymul)
def polymul(a1: Any, a2: Any) -> Any:
    """The coefficients of a product of polynomials."""
    return convolve(a1, a2)


@means(np.cross, np.linalg.cross)
def cross(a: Any, b: Any, axisa: Any = -1, axisb: Any = -1, axisc: Any = -1, axis: Any = None) -> Any:
    """The vector product of vectors of three elements."""
    if axis is not None:
        axisa, axisb, axisc = axis, axis, axis
    a, b = np.moveaxis(np.asarray(a), axisa, -1), np.moveaxis(np.asarray(b), axisb, -1)
    if a.shape[-1] != 3 or b.shape[-1] != 3:
        raise ValueError("np.cross takes vectors of three elements; of two, write a[0] * b[1] - a[1] * b[0]")
    found = np.stack(
        (
            a[..., 1] * b[..., 2] - a[..., 2] * b[..., 1],
            a[..., 2] * b[..., 0] - a[..., 0] * b[..., 2],
            a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0],
        ),
        -1,
    )
    return np.moveaxis(found, -1, axisc) if found.ndim > 1 else found


def ramp(M: Any) -> Any:
    """From minus one to one in steps of a window."""
    return np.arange(1 - M, M, 2) / max(M - 1, 1)


@means(np.hanning)
def hanning(M: Any) -> Any:
    """A raised cosine."""
    return 0.5 + 0.5 * np.cos(math.pi * ramp(M)) if M > 1 else np.ones(M)


@means(np.hamming)
def hamming(M: Any) -> Any:
    """A raised cosine on a pedestal."""
    return 0.54 + 0.46 * np.cos(math.pi * ramp(M)) if M > 1 else np.ones(M)


@means(np.blackman)
def blackman(M: Any) -> Any:
    """A sum of two cosines."""
    x = ramp(M)
    return 0.42 + 0.5 * np.cos(math.pi * x) + 0.08 * np.cos(2.0 * math.pi * x) if M > 1 else np.ones(M)


@means(np.bartlett)
def bartlett(M: Any) -> Any:
    """A triangle."""
    return 1 - np.abs(ramp(M)) if M > 1 else np.ones(M)
