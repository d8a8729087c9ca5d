"""Python numbers: arithmetic, names of several types, tuples."""

import math

import numpy as np

from tests.support.registry import program


def name_of_several_types(x):
    y = 2
    y = y * x
    y = np.array([y, x])
    y = y[0] * y[1]
    y = (y, 3)
    return y[0] ** y[1]


program(name_of_several_types, lambda rng: (0.9,))


def integer_becomes_float(x):
    s = 0
    for v in x:
        s += v * v
    n = 1
    n = n / 3
    return s * n


program(integer_becomes_float, lambda rng: (rng.normal(size=4),))


def float_after_zero_or_more_trips(x, n):
    s = 1
    for i in range(n):
        s = s * x + i
    return s * x


program(float_after_zero_or_more_trips, lambda rng: (1.2, 0), name="integer_kept_by_zero_trips")
program(float_after_zero_or_more_trips, lambda rng: (1.2, 3), name="integer_becomes_float_in_loop")


def integer_arithmetic(x, n):
    q, r = divmod(n, 3)
    a = n // 2 + n % 4 - (-n) // 3 + (-n) % 5
    b = (n << 1) ^ (n & 6) | 1
    c = 2**-1 + 2**3 + abs(-n)
    return x * a + x**q / b + c * x**r


program(integer_arithmetic, lambda rng: (1.3, 11))


def floor_and_remainder(x, y):
    q = x // y
    r = x % y
    d, m = divmod(3 * x, y)
    return r * q + m * x - d * y


program(floor_and_remainder, lambda rng: (7.3, 1.7), (0, 1))


def truncation(x):
    n = int(x)
    r = round(x)
    return (x - n) ** 2 * r + math.floor(x) * x + math.ceil(x) - math.trunc(x)


program(truncation, lambda rng: (2.7,))


def powers(x, y):
    return x**y + x**2 + x**-1 + 2**y + x**0.5 + pow(x, 3) + pow(y, 1.5) + x**0 + math.pow(x, y)


program(powers, lambda rng: (1.3, 0.7), (0, 1))


def math_functions(x):
    a = math.sin(x) + math.cos(x) * math.tan(x) - math.asin(x) + math.acos(x) * math.atan(x)
    b = math.exp(x) + math.log(x) + math.log10(x) + math.log2(x) + math.log1p(x) + math.expm1(x)
    c = math.sinh(x) + math.cosh(x) - math.tanh(x) + math.asinh(x) + math.atanh(x) + math.acosh(1 + x)
    d = math.erf(x) + math.erfc(x) + math.gamma(x) + math.lgamma(x) + math.sqrt(x) + math.fabs(x)
    e = math.hypot(x, 1.0) + math.atan2(x, 2.0) + math.fmod(x, 0.4) + math.copysign(x, -1.0) + math.degrees(x)
    return a + b * c + d * e * math.pi


program(math_functions, lambda rng: (0.63,))


def tuples_and_swaps(x, y, z):
    a, (b, c) = x, (y, z)
    a, b, c = b, c, a * b
    p = q = a + c
    q += b
    pair = (p, q)
    first, *rest = (a, b, c)
    return pair[0] * pair[-1] + first - rest[1]


program(tuples_and_swaps, lambda rng: (0.4, 1.1, -0.7), (0, 1, 2))


def annotated(x: float, n: int = 3) -> float:
    total: float = 0.0
    scale: float
    scale = 0.5
    for i in range(n):
        total += scale * x**i
    return total


program(annotated, lambda rng: (1.4,))


def shapes_unpacked(A):
    n, m = A.shape
    rows, cols = np.shape(A)
    size, ndim = A.size, A.ndim
    return np.sum(A**2) * n / m + A[rows - 1, cols - 1] * size**ndim


program(shapes_unpacked, lambda rng: (rng.normal(size=(2, 3)),))


def truth_as_number(x):
    positive = x > 0
    s = 0.0
    for i in range(len(x)):
        s += positive[i] * x[i] ** 2 + (x[i] > 0.5) * x[i]
    return s + np.sum(positive * x) + True * x[0]


program(truth_as_number, lambda rng: (np.array([0.3, -0.8, 1.2]),))


def numpy_scalar_arithmetic(x, k):
    y = np.float64(2.0) * x
    i = np.int64(3)
    return y**i + np.sin(y) * k / i


program(numpy_scalar_arithmetic, lambda rng: (np.float64(0.8), 2))


def zero_dimensional(x):
    return x**2 + np.sin(x) * x[()]


program(zero_dimensional, lambda rng: (np.array(0.8),))


def scalar_and_array(x, s):
    return np.sum(x * s) + s**2 - float(x[0]) + (x - s).max()


program(scalar_and_array, lambda rng: (np.array([0.3, 0.9, -0.2]), 1.4), (0, 1))


def walrus_and_formatted(x):
    name = f"x={x:.1f}"
    if (y := x * x) > 0.1:
        x = y + len(name)
    return x * y


program(walrus_and_formatted, lambda rng: (0.83,), refusable=True)


def haversine(lat1, lon1, lat2, lon2):
    p1, p2 = math.radians(lat1), math.radians(lat2)
    dp, dl = p2 - p1, math.radians(lon2 - lon1)
    a = math.sin(dp / 2) ** 2 + math.cos(p1) * math.cos(p2) * math.sin(dl / 2) ** 2
    return 2 * 6371.0 * math.asin(math.sqrt(a))


program(haversine, lambda rng: (48.1, 11.6, 52.5, 13.4), (0, 1, 2, 3))


def sums_of_squares_of_digits(n, x):
    total = 0.0
    while n > 0:
        digit = n % 10
        n //= 10
        total += digit * x**digit
    return total


program(sums_of_squares_of_digits, lambda rng: (31042, 0.9), (1,))


def difference_of_unsigned(x, p):
    d = int(p[0]) - int(p[1])
    if d < 0:
        return x * d
    return x * 100.0


program(difference_of_unsigned, lambda rng: (1.5, np.array([1, 3], np.uint8)), name="difference_of_uint8")
program(difference_of_unsigned, lambda rng: (1.5, np.array([1, 3], np.uint64)), name="difference_of_uint64")


def a_bool_or_a_number(s, n):
    return float(s > 0) * s**2 + (n > 5 or s)


program(a_bool_or_a_number, lambda rng: (rng.uniform(0.5, 2.0), 3))
