"""Functions of `math` beyond the elementary ones: of whole numbers, and of several numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from adcompiler.frontend.library.definitions import means, refuse
from adcompiler.frontend.library.primitives import constant


def whole(n: Any, name: Any) -> Any:
    """An argument that must be an integer."""
    if isinstance(n, float):
        refuse(f"{name} takes integers", "convert with int() first")
    return int(n)


@means(math.gcd)
def gcd(a: Any, b: Any) -> Any:
    """The greatest common divisor, by Euclid's algorithm."""
    a, b = abs(whole(a, "math.gcd")), abs(whole(b, "math.gcd"))
    while b:
        a, b = b, a % b
    return a


@means(math.lcm)
def lcm(a: Any, b: Any) -> Any:
    """The least common multiple; 0 if one of the numbers is."""
    a, b = abs(whole(a, "math.lcm")), abs(whole(b, "math.lcm"))
    if a == 0 or b == 0:
        return 0
    return a // gcd(a, b) * b


@means(math.factorial)
def factorial(n: Any) -> Any:
    """The product of the numbers up to n."""
    n = whole(n, "math.factorial")
    if n < 0:
        raise ValueError("factorial() not defined for negative values")
    product = 1
    for k in range(2, n + 1):
        product *= k
    return product


@means(math.remainder)
def remainder(x: Any, y: Any) -> Any:
    """What is left of x beside its nearest multiple of y, of two that are as near the even one."""
    x, y = float(x), float(y)
    # at 0, where that of abs(x) is 0, the slope is 1
    size, modulus = -x if x < 0.0 else x, abs(y)
    left = math.fmod(size, modulus)
    beyond = modulus - left
    if left > beyond:
        left = -beyond
    elif left == beyond:
        # half a multiple: the number of multiples below is even or odd
        left = left - 2.0 * math.fmod(0.5 * (size - left), modulus)
    return -left if x < 0.0 else left


@means(math.perm)
def perm(n: Any, k: Any = None) -> Any:
    """In how many ways k of n things can be put in a row."""
    n = whole(n, "math.perm")
    if k is None:
        return factorial(n)
    k = whole(k, "math.perm")
    if n < 0 or k < 0:
        raise ValueError("perm() of a negative number")
    product = 1
    for j in range(k):
        product *= n - j
    return product


@means(math.comb)
def comb(n: Any, k: Any) -> Any:
    """In how many ways k of n things can be chosen: each product is divisible as it is built."""
    n, k = whole(n, "math.comb"), whole(k, "math.comb")
    if n < 0 or k < 0:
        raise ValueError("comb() of a negative number")
    if k > n:
        return 0
    k = min(k, n - k)
    count = 1
    for j in range(k):
        count = count * (n - j) // (j + 1)
    return count


@means(math.isqrt)
def isqrt(n: Any) -> Any:
    """The root rounded down: that of floats, put right by one."""
    n = whole(n, "math.isqrt")
    if n < 0:
        raise ValueError("isqrt() argument must be nonnegative")
    root = int(math.sqrt(n))
    while root > n // root if root > 0 else False:
        root -= 1
    while (root + 1) <= n // (root + 1):
        root += 1
    return root


@means(math.prod)
def prod(iterable: Any, *, start: Any = 1) -> Any:
    """The product of the items."""
    for item in iterable:
        start = start * item
    return start


@means(math.fsum)
def fsum(seq: Any) -> Any:
    """The sum; what rounding takes from each addition is added at the end (Neumaier's algorithm)."""
    total, lost = 0.0, 0.0
    for item in seq:
        item = float(item)
        after = total + item
        larger, smaller = (total, item) if abs(total) >= abs(item) else (item, total)
        lost += constant((larger - after) + smaller)
        total = after
    return total + lost if math.isfinite(lost) else total


@means(math.dist)
def dist(p: Any, q: Any) -> Any:
    """The distance of two points."""
    if len(p) != len(q):
        raise ValueError("both points must have the same number of dimensions")
    distance = 0.0
    for a, b in zip(p, q, strict=True):
        distance = math.hypot(distance, a - b)
    return distance


def rounded(x: Any, digits: Any) -> Any:
    """`round(x, digits)` of Python's float: the nearest decimal number, of two that are as near the even one.

    The product is exact as a sum of two floats (Dekker's algorithm), and from 2**53 on x has no such digits.
    """
    x, scale = constant(x), 10.0**digits
    scaled = x * scale
    if not abs(scaled) < 2.0**53:
        return x
    # scaled + low is x * scale
    a, b = 134217729.0 * x, 134217729.0 * scale
    a, b = a - (a - x), b - (b - scale)
    low = ((a * b - scaled) + a * (scale - b) + (x - a) * b) + (x - a) * (scale - b)
    nearest = np.rint(scaled)
    beyond = scaled - nearest
    if beyond == 0.5 and low > 0.0:
        nearest += 1.0
    elif beyond == -0.5 and low < 0.0:
        nearest -= 1.0
    return float(nearest / scale)


@means(math.isclose)
def isclose(a: Any, b: Any, *, rel_tol: Any = 1e-09, abs_tol: Any = 0.0) -> Any:
    """Whether two numbers are equal to within a tolerance."""
    if rel_tol < 0 or abs_tol < 0:
        raise ValueError("tolerances must be non-negative")
    if a == b:
        return True
    if math.isinf(a) or math.isinf(b):
        return False
    distance = abs(a - b)
    return distance <= abs(rel_tol * b) or distance <= abs(rel_tol * a) or distance <= abs_tol
