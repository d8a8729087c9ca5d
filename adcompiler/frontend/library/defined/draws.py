"""Methods of a random generator. What is drawn depends on nothing; locations, scales and shapes move it.

Parameters of which a draw is no smooth function, as the rate of `poisson`, cannot be differentiated.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from adcompiler.frontend.library.definitions import refuse
from adcompiler.frontend.library.draws import double, drawn, generator_method, moved, number, plain, sized


def some(test: Any) -> Any:
    """Whether a comparison holds, or any of an array of them."""
    return np.any(test) if np.ndim(test) else test


def natural(x: Any, message: str) -> Any:
    """A parameter that must not be negative."""
    x = double(x)
    if some(x < 0):
        raise ValueError(message)
    return x


def positive(x: Any, message: str) -> Any:
    """A parameter that must be greater than zero."""
    x = double(x)
    if some(x <= 0):
        raise ValueError(message)
    return x


# -- numbers without parameters ----------------------------------------------------------------------------------------


@generator_method
def random(rng: Any, size: Any = None, dtype: Any = np.float64) -> Any:
    """Uniform numbers between zero and one."""
    plain("random", "float64", dtype)
    return drawn(rng, "random", sized(size))


@generator_method
def standard_normal(rng: Any, size: Any = None, dtype: Any = np.float64) -> Any:
    """Normal numbers."""
    plain("standard_normal", "float64", dtype)
    return drawn(rng, "standard_normal", sized(size))


@generator_method
def standard_exponential(rng: Any, size: Any = None, dtype: Any = np.float64, method: Any = "zig") -> Any:
    """Exponential numbers."""
    plain("standard_exponential", "float64", dtype)
    if method != "zig":
        refuse(
            "Generator.standard_exponential(method='inv') is outside the language", "use -np.log1p(-rng.random(size))"
        )
    return drawn(rng, "standard_exponential", sized(size))


@generator_method
def standard_cauchy(rng: Any, size: Any = None) -> Any:
    """Cauchy numbers."""
    return drawn(rng, "standard_cauchy", sized(size))


# -- numbers that move with their parameters ---------------------------------------------------------------------------


@generator_method
def normal(rng: Any, loc: Any = 0.0, scale: Any = 1.0, size: Any = None) -> Any:
    """Normal numbers."""
    scale = natural(scale, "scale < 0")
    return moved(double(loc), scale, drawn(rng, "standard_normal", sized(size, loc, scale)))


@generator_method
def lognormal(rng: Any, mean: Any = 0.0, sigma: Any = 1.0, size: Any = None) -> Any:
    """Exponentials of normal numbers."""
    sigma = natural(sigma, "sigma < 0")
    return number(np.exp(double(mean) + sigma * drawn(rng, "standard_normal", sized(size, mean, sigma))))


@generator_method
def uniform(rng: Any, low: Any = 0.0, high: Any = 1.0, size: Any = None) -> Any:
    """Uniform numbers between two bounds."""
    width = double(high) - double(low)
    if some(~np.isfinite(width)):
        raise OverflowError("high - low range exceeds valid bounds")
    return moved(double(low), width, drawn(rng, "random", sized(size, low, high)))


@generator_method
def exponential(rng: Any, scale: Any = 1.0, size: Any = None) -> Any:
    """Exponential numbers."""
    scale = natural(scale, "scale < 0")
    return moved(0.0, scale, drawn(rng, "standard_exponential", sized(size, scale)))


@generator_method
def laplace(rng: Any, loc: Any = 0.0, scale: Any = 1.0, size: Any = None) -> Any:
    """Numbers of a double exponential distribution."""
    scale = natural(scale, "scale < 0")
    return moved(double(loc), scale, drawn(rng, "laplace", sized(size, loc, scale), 0.0, 1.0))


@generator_method
def logistic(rng: Any, loc: Any = 0.0, scale: Any = 1.0, size: Any = None) -> Any:
    """Logistic numbers."""
    scale = natural(scale, "scale < 0")
    return moved(double(loc), scale, drawn(rng, "logistic", sized(size, loc, scale), 0.0, 1.0))


@generator_method
def rayleigh(rng: Any, scale: Any = 1.0, size: Any = None) -> Any:
    """Lengths of vectors of two normal numbers."""
    scale = natural(scale, "scale < 0")
    return number(scale * np.sqrt(2.0 * drawn(rng, "standard_exponential", sized(size, scale))))


@generator_method
def weibull(rng: Any, a: Any, size: Any = None) -> Any:
    """Powers of exponential numbers."""
    a = positive(a, "a <= 0")
    return number(drawn(rng, "standard_exponential", sized(size, a)) ** (1.0 / a))


@generator_method
def pareto(rng: Any, a: Any, size: Any = None) -> Any:
    """Numbers of a Pareto distribution of the second kind."""
    a = positive(a, "a <= 0")
    return number(np.expm1(drawn(rng, "standard_exponential", sized(size, a)) / a))


@generator_method
def gamma(rng: Any, shape: Any, scale: Any = 1.0, size: Any = None) -> Any:
    """Gamma numbers, which move with their scale."""
    shape = natural(shape, "shape < 0")
    scale = natural(scale, "scale < 0")
    return number(scale * drawn(rng, "standard_gamma", sized(size, shape, scale), shape))


# -- numbers that do not ---------------------------------------------------------------------------------------------


@generator_method
def standard_gamma(rng: Any, shape: Any, size: Any = None, dtype: Any = np.float64) -> Any:
    """Gamma numbers."""
    plain("standard_gamma", "float64", dtype)
    shape = natural(shape, "shape < 0")
    return drawn(rng, "standard_gamma", sized(size, shape), shape)


@generator_method
def beta(rng: Any, a: Any, b: Any, size: Any = None) -> Any:
    """Beta numbers."""
    a = positive(a, "a <= 0")
    b = positive(b, "b <= 0")
    return drawn(rng, "beta", sized(size, a, b), a, b)


@generator_method
def chisquare(rng: Any, df: Any, size: Any = None) -> Any:
    """Sums of squares of normal numbers."""
    df = positive(df, "df <= 0")
    return drawn(rng, "chisquare", sized(size, df), df)


@generator_method
def standard_t(rng: Any, df: Any, size: Any = None) -> Any:
    """Numbers of Student's distribution."""
    df = positive(df, "df <= 0")
    return drawn(rng, "standard_t", sized(size, df), df)


@generator_method
def poisson(rng: Any, lam: Any = 1.0, size: Any = None) -> Any:
    """Counts of events."""
    lam = double(lam)
    if some(np.isnan(lam) | (lam < 0)):
        raise ValueError("lam < 0 or lam is NaN")
    if some(lam > 9.2e18):
        raise ValueError("lam value too large")
    return drawn(rng, "poisson", sized(size, lam), lam)


@generator_method
def binomial(rng: Any, n: Any, p: Any, size: Any = None) -> Any:
    """Counts of successes."""
    n = np.asarray(n)
    if some(n < 0):
        raise ValueError("n < 0")
    p = double(p)
    if some(np.isnan(p) | (p < 0) | (p > 1)):
        raise ValueError("p < 0, p > 1 or p is NaN")
    return drawn(rng, "binomial", sized(size, n, p), n, p)


@generator_method
def geometric(rng: Any, p: Any, size: Any = None) -> Any:
    """Counts of trials to the first success."""
    p = double(p)
    if some(np.isnan(p) | (p <= 0) | (p > 1)):
        raise ValueError("p <= 0, p > 1 or p contains NaNs")
    return drawn(rng, "geometric", sized(size, p), p)


@generator_method
def integers(
    rng: Any, low: Any, high: Any = None, size: Any = None, dtype: Any = np.int64, endpoint: Any = False
) -> Any:
    """Integers of a range."""
    plain("integers", "int64", dtype)
    low, high = (0, np.asarray(low)) if high is None else (np.asarray(low), np.asarray(high))
    if endpoint:
        high = high + 1
    if some(low >= high):
        raise ValueError("low >= high")
    return drawn(rng, "integers", sized(size, low, high), low, high)


# -- choices and permutations ------------------------------------------------------------------------------------------


@generator_method
def choice(
    rng: Any, a: Any, size: Any = None, replace: Any = True, p: Any = None, axis: Any = 0, shuffle: Any = True
) -> Any:
    """Elements of an array, or numbers below an integer, each drawn anew."""
    if not replace:
        refuse("Generator.choice(replace=False) is outside the language", "use rng.permutation(n)[:k]")
    many = np.ndim(a) > 0
    count = np.shape(a)[axis] if many else a
    if count <= 0:
        raise ValueError("a must be a positive integer unless no samples are taken")
    if p is None:
        places = drawn(rng, "integers", sized(size), 0, count)
    else:
        if np.shape(p)[0] != count:
            raise ValueError("a and p must have same size")
        bounds = np.cumsum(double(np.asarray(p)))
        if not np.all(np.asarray(p) >= 0) or abs(bounds[-1] - 1.0) > 1.5e-8:
            raise ValueError("the probabilities must not be negative, and add up to one")
        bounds = bounds / bounds[-1]
        places = np.searchsorted(bounds, drawn(rng, "random", sized(size), fixed=bounds), side="right")
    if not many:
        return int(places) if np.ndim(places) == 0 else places
    return np.take(a, places, axis)


def below(rng: Any, stop: Any) -> Any:
    """An integer from zero to `stop`, found as NumPy's permutations find it: the last bits of 32, until they fit."""
    mask = stop
    mask |= mask >> 1
    mask |= mask >> 2
    mask |= mask >> 4
    mask |= mask >> 8
    mask |= mask >> 16
    found = drawn(rng, "integers", (), 0, 4294967296) & mask
    while found > stop:
        found = drawn(rng, "integers", (), 0, 4294967296) & mask
    return found


def order(rng: Any, n: Any) -> Any:
    """The numbers below `n` in an order that is drawn."""
    if n > 4294967296:
        raise ValueError("more than 4294967296 elements to permute")
    found = np.arange(n)
    for i in range(n - 1, 0, -1):
        k = below(rng, i)
        last = found[i]
        found[i] = found[k]
        found[k] = last
    return found


@generator_method
def permutation(rng: Any, x: Any, axis: Any = 0) -> Any:
    """An array, or the numbers below an integer, in an order that is drawn."""
    if np.ndim(x) == 0:
        return order(rng, x)
    x = np.asarray(x)
    return np.take(x, order(rng, x.shape[axis]), axis)


@generator_method
def shuffle(rng: Any, x: Any, axis: Any = 0) -> None:
    """Bring an array into an order that is drawn."""
    if np.ndim(x) == 0:
        refuse("Generator.shuffle() of what is no array is outside the language", "use rng.permutation(x)")
    x[...] = np.take(x, order(rng, x.shape[axis]), axis)
