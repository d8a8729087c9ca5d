"""Functions of each element that are several operations."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from adcompiler.frontend.library.defined.norms import are_whole, floats
from adcompiler.frontend.library.definitions import means, refuse
from adcompiler.frontend.library.primitives import common_shape, computed, i0


@means(np.sinc)
def sinc(x: Any) -> Any:
    """`sin(pi x) / (pi x)`, 1 at 0, by its series there."""
    y = math.pi * floats(x)
    near = np.abs(y) < 1e-4
    square = y * y
    return np.where(near, 1 - square / 6 * (1 - square / 20), np.sin(y) / np.where(near, 1, y))


@means(np.isposinf)
def isposinf(x: Any) -> Any:
    """Whether a number is positive infinity."""
    return np.equal(x, np.inf)


@means(np.isneginf)
def isneginf(x: Any) -> Any:
    """Whether a number is negative infinity."""
    return np.equal(x, -np.inf)


@means(np.heaviside)
def heaviside(x1: Any, x2: Any) -> Any:
    """0 for negative numbers, 1 for positive ones, the second argument at zero."""
    x1, x2 = computed("heaviside", x1, x2)
    return np.where(np.isnan(x1), x1, np.where(x1 < 0, 0, np.where(x1 == 0, x2, 1)))


@means(np.nan_to_num)
def nan_to_num(x: Any, copy: Any = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    """NaN and infinities replaced by numbers."""
    if not copy:
        refuse("np.nan_to_num with copy=False", "write x[...] = np.nan_to_num(x)")
    if are_whole(x):
        return np.array(x)
    x = floats(x)
    limits = np.finfo(x.dtype)
    high = limits.max if posinf is None else posinf
    low = limits.min if neginf is None else neginf
    found = np.where(np.isnan(x), nan, np.where(x == np.inf, high, np.where(x == -np.inf, low, x)))
    return found.astype(x.dtype)


@means(np.float_power)
def float_power(x1: Any, x2: Any) -> Any:
    """A power in double precision."""
    return np.asarray(x1).astype(np.float64) ** np.asarray(x2).astype(np.float64)


@means(np.logaddexp2)
def logaddexp2(x1: Any, x2: Any) -> Any:
    """The logarithm to base two of a sum of powers of two."""
    log2 = math.log(2.0)
    x1, x2 = computed("logaddexp2", x1, x2)
    return np.logaddexp(x1 * log2, x2 * log2) / log2


@means(np.signbit)
def signbit(x: Any) -> Any:
    """Whether the sign is negative, that of zero too."""
    return np.copysign(1.0, x) < 0


@means(np.ldexp)
def ldexp(x1: Any, x2: Any) -> Any:
    """`x1 * 2**x2`."""
    x1, x2 = computed("ldexp", x1, x2)
    # the power alone may be infinite, or zero
    half = x2 // 2
    return x1 * np.exp2(half.astype(x1.dtype)) * np.exp2((x2 - half).astype(x1.dtype))


@means(math.ldexp)
def ldexp_of_a_number(x: Any, i: Any) -> Any:
    """`ldexp` in a number of Python's own."""
    found = float(np.ldexp(float(x), i))
    if math.isinf(found) and not math.isinf(x):
        raise OverflowError("math range error")
    return found


@means(np.frexp)
def frexp(x: Any) -> Any:
    """The number between one half and one, and the power of two, of which a number is the product."""
    (x,) = computed("arctan", x)
    plain = np.isfinite(x) & (x != 0)
    power = np.where(plain, np.floor(np.log2(np.abs(np.where(plain, x, 1)))) + 1, 0)
    half = np.floor(power / 2)
    part = np.where(plain, x * np.exp2(-half) * np.exp2(half - power), x)
    low, high = plain & (np.abs(part) < 0.5), plain & (np.abs(part) >= 1)
    part = np.where(low, part * 2, np.where(high, part / 2, part))
    return part, (power - low + high).astype(np.int32)


@means(math.frexp)
def frexp_of_a_number(x: Any) -> Any:
    """`frexp` in numbers of Python's own."""
    part, power = np.frexp(float(x))
    return float(part), int(power)


@means(np.i0)
def i0_(x: Any) -> Any:
    """The modified Bessel function of order zero."""
    x = floats(x)
    return i0(x).astype(x.dtype)


@means(np.modf)
def modf(x: Any) -> Any:
    """The fractional and the integral part."""
    (x,) = computed("arctan", x)
    whole = np.trunc(x)
    return np.copysign(np.where(np.isinf(x), 0, x - whole), x), whole


@means(math.modf)
def modf_of_a_number(x: Any) -> Any:
    """`modf` in numbers of Python's own."""
    part, whole = np.modf(float(x))
    return float(part), float(whole)


@means(np.divmod)
def divmod_(x1: Any, x2: Any) -> Any:
    """The quotient rounded down, and the remainder."""
    return np.floor_divide(x1, x2), np.remainder(x1, x2)


@means(np.select)
def select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    """The first choice whose condition holds."""
    found = default
    for k in tuple(range(len(condlist) - 1, -1, -1)):
        found = np.where(condlist[k], choicelist[k], found)
    return found


@means(np.choose, method="choose")
def choose(a: Any, choices: Any, mode: Any = "raise") -> Any:
    """The element of the choice that the index names."""
    if mode == "raise" and (np.any(np.asarray(a) < 0) or np.any(np.asarray(a) >= len(choices))):
        raise ValueError("invalid entry in choice array")
    a = np.asarray(a)
    a = a % len(choices) if mode == "wrap" else np.minimum(np.maximum(a, 0), len(choices) - 1)
    found = choices[len(choices) - 1]
    for k in tuple(range(len(choices) - 2, -1, -1)):
        found = np.where(a == k, choices[k], found)
    return found


@means(np.piecewise)
def piecewise(x: Any, condlist: Any, funclist: Any, *args: Any, **kw: Any) -> Any:
    """Each function applied to the elements for which its condition holds; the last one elsewhere."""
    x = np.asarray(x)
    if not isinstance(condlist, (list, tuple)):
        condlist = [condlist]
    conditions = list(condlist)
    if len(funclist) == len(conditions) + 1:
        covered = conditions[0]
        for c in conditions[1:]:
            covered = np.logical_or(covered, c)
        conditions.append(np.logical_not(covered))
    out = np.zeros(x.shape, x.dtype)
    if x.ndim == 0:
        return piecewise_of_one(x[()], conditions, funclist, args, kw)
    for k in tuple(range(len(conditions))):
        if callable(funclist[k]):
            out[conditions[k]] = funclist[k](x[conditions[k]], *args, **kw)
        else:
            out[conditions[k]] = funclist[k]
    return out


def piecewise_of_one(x: Any, conditions: Any, functions: Any, args: Any, kw: Any) -> Any:
    """The function of the last condition that holds, of a number; zero where none does."""
    found = np.zeros((), x.dtype)
    for k in tuple(range(len(conditions))):
        if conditions[k]:
            value = functions[k](x, *args, **kw) if callable(functions[k]) else functions[k]
            found = np.asarray(value).astype(x.dtype)
    return found


@means(np.isclose)
def isclose(a: Any, b: Any, rtol: Any = 1e-5, atol: Any = 1e-8, equal_nan: Any = False) -> Any:
    """Which elements are nearly equal."""
    a, b = np.asarray(a), floats(b)
    near = (np.abs(a - b) <= atol + rtol * np.abs(b)) & np.isfinite(b) | (a == b)
    return near | (np.isnan(a) & np.isnan(b)) if equal_nan else near


@means(np.allclose)
def allclose(a: Any, b: Any, rtol: Any = 1e-5, atol: Any = 1e-8, equal_nan: Any = False) -> Any:
    """Whether all elements are nearly equal."""
    return bool(np.all(isclose(a, b, rtol, atol, equal_nan)))


@means(np.array_equal)
def array_equal(a1: Any, a2: Any, equal_nan: Any = False) -> Any:
    """Whether two arrays have the same shape and elements."""
    return bool(equal(a1, a2, equal_nan))


def equal(a1: Any, a2: Any, equal_nan: Any) -> Any:
    """Whether two arrays have the same shape and elements, as one of several types of truth."""
    if np.ndim(a1) != np.ndim(a2):
        return False
    for m, n in zip(np.shape(a1), np.shape(a2), strict=True):
        if m != n:
            return False
    same = np.asarray(a1) == np.asarray(a2)
    return bool(np.all(same | (np.isnan(a1) & np.isnan(a2)) if equal_nan else same))


@means(np.gcd)
def gcd(x1: Any, x2: Any) -> Any:
    """The greatest common divisors of integers, by Euclid's algorithm for all at once."""
    x1, x2 = computed("gcd", x1, x2)
    shape = common_shape(x1, x2)
    if not shape:
        a, b = np.abs(x1), np.abs(x2)
        while b != 0:
            a, b = b, a % b
        return a
    large, small = np.array(np.broadcast_to(np.abs(x1), shape)), np.array(np.broadcast_to(np.abs(x2), shape))
    while np.any(small != 0):
        rest = np.where(small != 0, large % np.where(small != 0, small, 1), 0)
        large, small = np.where(small != 0, small, large), rest
    return large


@means(np.lcm)
def lcm(x1: Any, x2: Any) -> Any:
    """The least common multiples of integers; 0 if one of two is."""
    x1, x2 = computed("lcm", x1, x2)
    a, b = np.abs(x1), np.abs(x2)
    return a // np.maximum(gcd(a, b), 1) * b


@means(np.cumulative_sum)
def cumulative_sum(x: Any, /, *, axis: Any = None, dtype: Any = None, include_initial: Any = False) -> Any:
    """Running sums along an axis, with a zero in front where asked for."""
    x = np.asarray(x)
    axis = 0 if axis is None else axis
    sums = np.cumsum(x, axis=axis, dtype=dtype)
    return with_first(sums, 0, axis) if include_initial else sums


@means(np.cumulative_prod)
def cumulative_prod(x: Any, /, *, axis: Any = None, dtype: Any = None, include_initial: Any = False) -> Any:
    """Running products along an axis, with a one in front where asked for."""
    x = np.asarray(x)
    axis = 0 if axis is None else axis
    products = np.cumprod(x, axis=axis, dtype=dtype)
    return with_first(products, 1, axis) if include_initial else products


def with_first(x: Any, value: Any, axis: int) -> Any:
    """One value in front of each line along an axis."""
    rows = np.moveaxis(x, axis, 0)
    return np.moveaxis(np.concatenate((np.full((1, *rows.shape[1:]), value, x.dtype), rows)), 0, axis)
