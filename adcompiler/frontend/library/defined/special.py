"""`scipy.special`: functions of probability and learning, accurate at both ends of their range."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from adcompiler.frontend.library.defined.norms import floats
from adcompiler.frontend.library.definitions import means, refuse
from adcompiler.frontend.library.primitives import computed, constant, digamma, erfc, gamma, gammaln

ROOT_HALF = math.sqrt(0.5)
HALF_LOG_TAU = 0.5 * math.log(2 * math.pi)
LOG_PI = math.log(math.pi)


@means("scipy.special.digamma", "scipy.special.psi")
def psi(x: Any) -> Any:
    """The logarithmic derivative of the gamma function."""
    return digamma(x)


# -- logistic functions ------------------------------------------------------------------------------------------------


@means("scipy.special.expit")
def expit(x: Any) -> Any:
    """The logistic function; the exponential of a negative number alone is taken, so that nothing overflows."""
    x = floats(x)
    right = x >= 0
    small = np.exp(np.where(right, -x, x))
    return np.where(right, 1, small) / (1 + small)


@means("scipy.special.log_expit")
def log_expit(x: Any) -> Any:
    """The logarithm of the logistic function."""
    x = floats(x)
    right = x >= 0
    small = np.exp(np.where(right, -x, x))
    return np.where(right, 0, x) - np.log1p(small)


@means("scipy.special.logit")
def logit(x: Any) -> Any:
    """The inverse of the logistic function."""
    p = floats(x)
    middle = (p > 0.3) & (p < 0.65)
    twice = 2 * (np.where(middle, p, 0.5) - 0.5)
    return np.where(middle, np.log1p(twice) - np.log1p(-twice), np.log(p / (1 - p)))


@means("scipy.special.softplus")
def softplus(x: Any) -> Any:
    """`log(1 + exp(x))`."""
    return np.logaddexp(0, floats(x))


# -- sums of exponentials ----------------------------------------------------------------------------------------------


def largest(a: Any, axis: Any) -> Any:
    """The largest element, 0 where that is not finite: a shift, which the result does not depend on."""
    top = constant(np.max(a, axis=axis, keepdims=True))
    return np.where(np.isfinite(top), top, 0)


@means("scipy.special.logsumexp")
def logsumexp(a: Any, axis: Any = None, b: Any = None, keepdims: Any = False, return_sign: Any = False) -> Any:
    """The logarithm of the sum of exponentials."""
    if return_sign:
        refuse("scipy.special.logsumexp with return_sign", "take the signs of the weights apart")
    a = np.atleast_1d(floats(a))
    top = largest(a, axis)
    terms = np.exp(a - top) if b is None else b * np.exp(a - top)
    total = np.log(np.sum(terms, axis=axis, keepdims=keepdims))
    shift = top if keepdims else np.max(top, axis=axis)
    return total + shift


@means("scipy.special.softmax")
def softmax(x: Any, axis: Any = None) -> Any:
    """Exponentials divided by their sum."""
    x = np.atleast_1d(floats(x))
    terms = np.exp(x - constant(np.max(x, axis=axis, keepdims=True)))
    return terms / np.sum(terms, axis=axis, keepdims=True)


@means("scipy.special.log_softmax")
def log_softmax(x: Any, axis: Any = None) -> Any:
    """The logarithm of softmax."""
    x = np.atleast_1d(floats(x))
    moved = x - largest(x, axis)
    return moved - np.log(np.sum(np.exp(moved), axis=axis, keepdims=True))


# -- products with logarithms ------------------------------------------------------------------------------------------


@means("scipy.special.xlogy")
def xlogy(x: Any, y: Any) -> Any:
    """`x * log(y)`, 0 where x is."""
    x, y = computed("xlogy", x, y)
    return x * np.log(np.where((x == 0) & (y <= 0), 1, y))


@means("scipy.special.xlog1py")
def xlog1py(x: Any, y: Any) -> Any:
    """`x * log1p(y)`, 0 where x is."""
    x, y = computed("xlog1py", x, y)
    return x * np.log1p(np.where((x == 0) & (y <= -1), 0, y))


@means("scipy.special.entr")
def entr(x: Any) -> Any:
    """`-x * log(x)`, 0 at 0 and minus infinity for negative numbers."""
    x = floats(x)
    return np.where(x < 0, -np.inf, np.where(x == 0, 0, -x * np.log(np.where(x <= 0, 1, x))))


@means("scipy.special.rel_entr")
def rel_entr(x: Any, y: Any) -> Any:
    """`x * log(x / y)`, 0 where x is 0, infinite outside."""
    x, y = computed("rel_entr", x, y)
    inside = (x > 0) & (y > 0)
    value = x * np.log(np.where(inside, x, 1) / np.where(inside, y, 1))
    unknown = np.isnan(x) | np.isnan(y)
    outside = np.where(unknown, np.nan, np.where((x == 0) & (y >= 0), 0, np.inf))
    return np.where(inside, value, outside.astype(value.dtype))


@means("scipy.special.kl_div")
def kl_div(x: Any, y: Any) -> Any:
    """`x * log(x / y) - x + y`."""
    x, y = computed("kl_div", x, y)
    return rel_entr(x, y) - x + y


@means("scipy.special.huber")
def huber(delta: Any, r: Any) -> Any:
    """Half the square near zero, linear beyond."""
    delta, r = computed("huber", delta, r)
    size = np.abs(r)
    value = np.where(size <= delta, 0.5 * (r * r), delta * (size - 0.5 * delta))
    return np.where(delta < 0, np.inf, value)


@means("scipy.special.pseudo_huber")
def pseudo_huber(delta: Any, r: Any) -> Any:
    """A smooth form of `huber`."""
    delta, r = computed("pseudo_huber", delta, r)
    square = (r / delta) ** 2
    return delta * delta * square / (1 + np.sqrt(1 + square))


@means("scipy.special.boxcox")
def boxcox(x: Any, lmbda: Any) -> Any:
    """`(x**p - 1) / p`, the logarithm for p = 0."""
    x, lmbda = computed("boxcox", x, lmbda)
    return exprel_of(np.log(x), lmbda)


@means("scipy.special.inv_boxcox")
def inv_boxcox(y: Any, lmbda: Any) -> Any:
    """`(1 + p * y)**(1 / p)`, the exponential for p = 0, by its series near there."""
    y, lmbda = computed("inv_boxcox", y, lmbda)
    t = lmbda * y
    near = np.abs(t) < 1e-4
    series = y * (1 - t * (1 / 2 - t * (1 / 3 - t * (1 / 4 - t / 5))))
    return np.exp(np.where(near, series, np.log1p(t) / np.where(near, 1, lmbda)))


def exprel_of(z: Any, p: Any) -> Any:
    """`expm1(p * z) / p`, by its series near p = 0."""
    t = p * z
    near = np.abs(t) < 1e-4
    series = z * (1 + t / 2 * (1 + t / 3 * (1 + t / 4)))
    return np.where(near, series, np.expm1(t) / np.where(near, 1, p))


@means("scipy.special.exprel")
def exprel(x: Any) -> Any:
    """`(exp(x) - 1) / x`, 1 at 0."""
    x = floats(x)
    near = np.abs(x) < 1e-4
    return np.where(near, 1 + x / 2 * (1 + x / 3 * (1 + x / 4)), np.expm1(x) / np.where(near, 1, x))


@means("scipy.special.exp10")
def exp10(x: Any) -> Any:
    """A power of ten."""
    return 10.0 ** floats(x)


# -- the normal distribution -------------------------------------------------------------------------------------------


@means("scipy.special.ndtr")
def ndtr(x: Any) -> Any:
    """The normal distribution function."""
    return 0.5 * erfc(-ROOT_HALF * floats(x))


@means("scipy.special.log_ndtr")
def log_ndtr(x: Any) -> Any:
    """The logarithm of the normal distribution function: by an asymptotic series far to the left."""
    x = floats(x)
    far, right = x < -14, x > 1
    z = np.where(far, x, -20)
    u = 1 / (z * z)
    tail = -u * (1 - u * (3 - u * (15 - u * (105 - u * (945 - u * (10395 - u * (135135 - 2027025 * u)))))))
    left = -0.5 * z * z - np.log(-z) - HALF_LOG_TAU + np.log1p(tail)
    middle = np.log(0.5 * erfc(-ROOT_HALF * np.where(far, 0, x)))
    return np.where(far, left, np.where(right, np.log1p(-0.5 * erfc(ROOT_HALF * x)), middle))


# -- the gamma family --------------------------------------------------------------------------------------------------


@means("scipy.special.betaln")
def betaln(a: Any, b: Any) -> Any:
    """The logarithm of the beta function."""
    a, b = computed("betaln", a, b)
    return gammaln(a) + gammaln(b) - gammaln(a + b)


@means("scipy.special.beta")
def beta(a: Any, b: Any) -> Any:
    """The beta function."""
    a, b = computed("beta", a, b)
    sign = np.sign(gamma(a)) * np.sign(gamma(b)) * np.sign(gamma(a + b))
    return sign * np.exp(betaln(a, b))


@means("scipy.special.loggamma")
def loggamma(z: Any) -> Any:
    """The logarithm of the gamma function; no real number has that of a negative one."""
    z = floats(z)
    return np.where(z < 0, np.nan, gammaln(z))


def at_pole(x: Any) -> Any:
    """Whether the gamma function has a pole there."""
    return (x <= 0) & (x == np.floor(x))


def with_sign(value: Any, x: Any) -> Any:
    """A value with the sign of `gamma(x)`, at a pole with that of the slope of `1 / gamma(x)`."""
    return np.where((x < 0) & (np.floor(x) % 2 != 0), -value, value)


def over_gamma(x: Any) -> Any:
    """A factor and the logarithm of another one: both make the size of `1 / gamma(x)`, at poles by reflection."""
    pole = at_pole(x)
    factor = np.where(pole, np.sin(math.pi * (x - np.floor(x))) / math.pi, 1)
    return factor, gammaln(np.where(pole, 1 - x, 1)) - gammaln(np.where(pole, 1, x))


@means("scipy.special.poch")
def poch(z: Any, m: Any) -> Any:
    """`gamma(z + m) / gamma(z)`; where both are infinite, m is a constant whole number."""
    z, m = computed("poch", z, m)
    end = z + m
    infinite = at_pole(end)
    both = infinite & at_pole(z)
    first, last = np.where(both, 1 - z, 1), np.where(both, 1 - (z + constant(m)), 1)
    reflected = with_sign(np.exp(gammaln(first) - gammaln(last)), -np.abs(m))
    inside = np.where(infinite, 1, end)
    factor, size = over_gamma(z)
    # in two parts: the first derivative at a zero may be large
    part = np.exp(0.5 * (size + gammaln(inside)))
    ratio = with_sign(with_sign(factor * part * part, z), inside)
    return np.where(both, reflected, np.where(infinite, np.inf * (1 + (end - constant(end))), ratio))


@means("scipy.special.binom")
def binom(n: Any, k: Any) -> Any:
    """How many ways there are to choose k of n, for real numbers."""
    n, k = computed("binom", n, k)
    one, other = k + 1, n - k + 1
    every = np.where(at_pole(n + 1), np.nan, n + 1)
    factor, size = over_gamma(one)
    second, length = over_gamma(other)
    part = np.exp(0.5 * (size + length + gammaln(every)))
    return with_sign(with_sign(with_sign(factor * second * part * part, one), other), every)


@means("scipy.special.rgamma")
def rgamma(z: Any) -> Any:
    """One over the gamma function."""
    return 1 / gamma(z)


@means("scipy.special.factorial")
def factorial(n: Any, exact: Any = False) -> Any:
    """The factorial in floats, 0 for negative numbers."""
    if exact:
        refuse("scipy.special.factorial in integers", "leave out exact=True")
    n = np.asarray(n).astype(np.float64)
    return np.where(n < 0, 0, gamma(np.where(n < 0, 0, n) + 1))


@means("scipy.special.multigammaln")
def multigammaln(a: Any, d: Any) -> Any:
    """The logarithm of the multivariate gamma function."""
    total = np.float64(0.25 * d * (d - 1) * LOG_PI)
    for j in range(d):
        total = total + gammaln(a - 0.5 * j)
    return total
