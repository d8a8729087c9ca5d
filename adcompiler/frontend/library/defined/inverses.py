"""Inverses of the normal distribution and of the error functions, and the zeta function with its kin."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from adcompiler.frontend.library.defined.norms import floats
from adcompiler.frontend.library.definitions import means, refuse
from adcompiler.frontend.library.primitives import digamma

ROOT_HALF = math.sqrt(0.5)

# Wichura's algorithm AS 241: right to sixteen digits, and smooth between its two changes of formula
_MIDDLE = (
    (2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457),
    (13731.693765509461125, 1971.5909503065514427, 133.14166789178437745, 3.3871328727963666080),
)
_MIDDLE_BELOW = (
    (5226.4952788528545610, 28729.085735721942674, 39307.895800092710610, 21213.794301586595867),
    (5394.1960214247511077, 687.18700749205790830, 42.313330701600911252, 1.0),
)
_TAIL = (
    (7.74545014278341407640e-4, 2.27238449892691845833e-2, 2.41780725177450611770e-1, 1.27045825245236838258),
    (3.64784832476320460504, 5.76949722146069140550, 4.63033784615654529590, 1.42343711074968357734),
)
_TAIL_BELOW = (
    (1.05075007164441684324e-9, 5.47593808499534494600e-4, 1.51986665636164571966e-2, 1.48103976427480074590e-1),
    (6.89767334985100004550e-1, 1.67638483018380384940, 2.05319162663775882187, 1.0),
)
_FAR = (
    (2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.24266094738807843860e-3, 2.65321895265761230930e-2),
    (2.96560571828504891230e-1, 1.78482653991729133580, 5.46378491116411436990, 6.65790464350110377720),
)
_FAR_BELOW = (
    (2.04426310338993978564e-15, 1.42151175831644588870e-7, 1.84631831751005468180e-5, 7.86869131145613259100e-4),
    (1.48753612908506148525e-2, 1.36929880922735805310e-1, 5.99832206555887937690e-1, 1.0),
)


def polynomial(coefficients: Any, r: Any) -> Any:
    """A polynomial by Horner's rule."""
    (a, b, c, d), (e, f, g, h) = coefficients
    return ((((((a * r + b) * r + c) * r + d) * r + e) * r + f) * r + g) * r + h


def deviate(q: Any, tail: Any) -> Any:
    """Where the normal distribution is `1/2 + q`; `tail` is the smaller of that and what it lacks to one."""
    middle = np.abs(q) <= 0.425
    s = np.where(middle, 0.180625 - q * q, 0)
    near = q * polynomial(_MIDDLE, s) / polynomial(_MIDDLE_BELOW, s)
    inside = np.logical_not(middle) & (tail > 0)
    r = np.sqrt(-np.log(np.where(inside, tail, 0.01)))
    close = r <= 5
    t, u = np.where(close, r, 2) - 1.6, np.where(close, 6, r) - 5
    size = np.where(
        close, polynomial(_TAIL, t) / polynomial(_TAIL_BELOW, t), polynomial(_FAR, u) / polynomial(_FAR_BELOW, u)
    )
    outside = np.where(tail == 0, np.where(q < 0, -np.inf, np.inf), np.nan).astype(size.dtype)
    return np.where(middle, near, np.where(inside, np.where(q < 0, -size, size), outside))


@means("scipy.special.ndtri")
def ndtri(y: Any) -> Any:
    """The inverse of the normal distribution function."""
    p = floats(y)
    return deviate(p - 0.5, np.where(p < 0.5, p, 1 - p))


@means("scipy.special.erfinv")
def erfinv(y: Any) -> Any:
    """The inverse of the error function."""
    x = floats(y)
    return ROOT_HALF * deviate(0.5 * x, 0.5 * (1 - np.abs(x)))


@means("scipy.special.erfcinv")
def erfcinv(y: Any) -> Any:
    """The inverse of the complementary error function."""
    x = floats(y)
    return -ROOT_HALF * deviate(0.5 * (x - 1), 0.5 * np.where(x < 1, x, 2 - x))


# -- zeta --------------------------------------------------------------------------------------------------------------

# Bernoulli numbers over factorials of the even numbers from 2 on
_EULER = (1 / 12, -1 / 720, 1 / 30240, -1 / 1209600, 1 / 47900160, -691 / 1307674368000, 1 / 74724249600)


def zeta_of(s: Any, q: Any) -> Any:
    """The sum of `(q + k)**-s` by Euler and Maclaurin, for positive q and s above 1."""
    total = q**-s
    for k in range(1, 10):
        total = total + (q + k) ** -s
    last = q + 10
    power = last**-s
    total = total + power * last / (s - 1) + 0.5 * power
    term = s * power / last
    for k in range(7):
        total = total + _EULER[k] * term
        term = term * (s + 2 * k + 1) * (s + 2 * k + 2) / (last * last)
    return total


@means("scipy.special.zeta")
def zeta(x: Any, q: Any = None, out: Any = None) -> Any:
    """The zeta function of Hurwitz, and with q = 1 that of Riemann."""
    x, q = floats(x), floats(1.0 if q is None else q)
    if np.any(x <= 1) or np.any(q <= 0):
        raise ValueError("scipy.special.zeta is in the language for x > 1 and q > 0")
    return zeta_of(x, q)


@means("scipy.special.polygamma")
def polygamma(n: Any, x: Any) -> Any:
    """Derivatives of the digamma function, of positive numbers."""
    if not isinstance(n, int):
        refuse("scipy.special.polygamma of an order that is no literal", "write the order as an integer")
    if n == 0:
        return digamma(np.asarray(x).astype(np.float64))
    x = np.asarray(x).astype(np.float64)
    if np.any(x <= 0):
        raise ValueError("scipy.special.polygamma is in the language for positive numbers")
    factorial = 1.0
    for k in range(2, n + 1):
        factorial = factorial * k
    return (factorial if n % 2 == 1 else -factorial) * zeta_of(n + 1.0, x)
