"""Functions that call functions."""

import functools
import math
from typing import NamedTuple

import numba
import numpy as np

from tests.programs import helpers
from tests.programs.helpers import polynomial
from tests.support.registry import program

GRAVITY = 9.81
WEIGHTS = np.array([0.2, 0.5, 0.3])


def _kinetic(m, v):
    return 0.5 * m * v**2


def _potential(m, h, g=GRAVITY):
    return m * g * h


def total_energy(m, v, h):
    return _kinetic(m, v) + _potential(m, h) + _potential(h=v, m=m, g=0.5)


program(total_energy, lambda rng: (1.3, 0.7, 2.1), (0, 1, 2))


def _clamp(x, lo, hi):
    if x < lo:
        return lo
    if x > hi:
        return hi
    return x


def helper_with_returns(x):
    total = 0.0
    for v in x:
        total += _clamp(v, -1.0, 0.8) ** 2
    return total


program(helper_with_returns, lambda rng: (np.array([-1.6, 0.4, 1.5, -0.3]),))


def _axpy(a, x, y):
    for i in range(len(x)):
        y[i] += a * x[i]


def _smooth(y, rounds):
    for _ in range(rounds):
        _axpy(0.5, y[:-1], y[1:])


def helpers_that_mutate(x, a):
    y = np.zeros(len(x))
    _axpy(a, x, y)
    _axpy(y[0], x[::-1], y)
    _smooth(y, 2)
    return y


program(helpers_that_mutate, lambda rng: (rng.normal(size=4), 0.6), (0, 1))


def _scale_row(row, k):
    row *= k
    return row[0]


def helper_given_a_view(A, k):
    total = 0.0
    for i in range(A.shape[0]):
        total += _scale_row(A[i], k) ** 2
    return total + np.sum(A * A)


program(helper_given_a_view, lambda rng: (rng.normal(size=(3, 2)), 1.4), (0, 1))


def _first_two(x):
    return x[0] * x[1], x[0] + x[1]


def _swap(a, b):
    return b, a


def several_results(x):
    p, s = _first_two(x)
    p, s = _swap(p, s)
    pair = _first_two(x[1:])
    return p**2 + s * pair[0] - pair[1]


program(several_results, lambda rng: (rng.normal(size=3),))


def inner_function(x, k):
    def shifted(v):
        return v + k

    def product(v):
        return shifted(v) * shifted(k * v)

    return product(x) + shifted(k)


program(inner_function, lambda rng: (0.8, 1.3), (0, 1))


def make_loss(data, power):
    def loss(w):
        total = 0.0
        for d in data:
            total += (w[0] * d - w[1]) ** power
        return total

    return loss


program(make_loss(np.array([0.3, 1.2, -0.7]), 4), lambda rng: (rng.normal(size=2),), name="closure_over_data")


def uses_globals(x):
    return GRAVITY * np.sum(WEIGHTS * x**2)


program(uses_globals, lambda rng: (rng.normal(size=3),))

cubic = lambda x, a=2.0: a * x**3 - x  # noqa: E731
program(cubic, lambda rng: (1.3,), name="a_lambda")


def lambda_inside(x):
    f = lambda v: np.exp(-v * v)  # noqa: E731
    return f(x) + f(2 * x).sum()


program(lambda_inside, lambda rng: (rng.normal(size=3),))


def weighted_power(w, x, p):
    return np.sum(w * np.abs(x) ** p)


program(
    functools.partial(weighted_power, np.array([0.5, 1.5]), p=3.0),
    lambda rng: (rng.normal(size=2),),
    name="functools_partial",
)


class Spring:
    """A user's class with numbers in it."""

    def __init__(self, k, rest):
        self.k = k
        self.rest = rest

    def stretch(self, x):
        """Return the extension."""
        return x - self.rest

    def energy(self, x):
        """Return the stored energy."""
        return 0.5 * self.k * np.sum(self.stretch(x) ** 2)

    def __call__(self, x):
        """Return the force."""
        return -self.k * self.stretch(x)


program(Spring(2.5, 0.3).energy, lambda rng: (rng.normal(size=3),), name="bound_method")
program(Spring(2.5, np.array([0.3, 0.1])), lambda rng: (rng.normal(size=2),), name="callable_object")


def defaults_and_keywords(x, scale=2.0, *, shift=0.5, square=True):
    y = scale * x + shift
    return y * y if square else y


program(defaults_and_keywords, lambda rng: (1.1,))


def calls_with_keywords(x):
    return defaults_and_keywords(x, shift=x) + defaults_and_keywords(scale=3.0, x=x, square=False)


program(calls_with_keywords, lambda rng: (1.1,))


def star_args(x, *rest):
    total = x
    for r in rest:
        total = total * r + x
    return total


program(star_args, lambda rng: (0.8, 1.2, 0.5, 2.0), (0, 1, 3))


class Decay(NamedTuple):
    size: float
    rate: float
    rest: float

    def at(self, t, power):
        return self.size * np.exp(-self.rate * t) + self.rest * t**power


def _decaying(t, size, rate, rest):
    return size * np.exp(-rate * t) + rest


def arguments_from_an_array(p, t):
    """As many elements as a function has arguments that are not given, by place or by name."""

    def squares(a, b):
        return a * a - b

    total = np.sum(_decaying(t, *p) ** 2) + Decay(*p).at(0.5, 2.0) + squares(*p[1:])
    total += Decay(1.0, *p[::2]).at(*p[:2]) * np.hypot(*p[:2]) + math.atan2(*p[1:])
    total += functools.partial(_decaying, 0.3, rest=p[0])(*p[1:]) * _decaying(2.0, *p[:2], rest=1.0)
    return total + (lambda u, v: u @ v)(*np.outer(p[:2], p))


program(arguments_from_an_array, lambda rng: (rng.uniform(0.5, 1.5, size=3), rng.normal(size=4)), (0, 1))


def star_call(x, y):
    pair = (x, y, x * y)
    options = {"scale": y, "shift": 0.1}
    return polynomial(0.7, *pair) + defaults_and_keywords(x, **options)


program(star_call, lambda rng: (0.8, 1.2), (0, 1))


def from_another_module(x):
    y = x * x
    helpers.normalise(y)
    return np.sum(y * x) + polynomial(x[0], 1.0, 2.0, x[1])


program(from_another_module, lambda rng: (rng.normal(size=3),))


def _factorial(n):
    if n <= 1:
        return 1
    return n * _factorial(n - 1)


def taylor_exponential(x, terms):
    total = 0.0
    for k in range(terms):
        total += x**k / _factorial(k)
    return total


program(taylor_exponential, lambda rng: (0.9, 8))


def _power(x, n):
    if n == 0:
        return 1.0
    half = _power(x, n // 2)
    if n % 2 == 0:
        return half * half
    return half * half * x


def power_by_squaring(x, n):
    return _power(x, n) + x


program(power_by_squaring, lambda rng: (1.1, 11))


def tree_sum(x, lo, hi):
    if hi - lo == 1:
        return math.sin(x[lo])
    mid = (lo + hi) // 2
    return tree_sum(x, lo, mid) * 0.9 + tree_sum(x, mid, hi) ** 2


program(tree_sum, lambda rng: (rng.normal(size=6), 0, 6), refusable=True)


@numba.njit
def _compiled_helper(x, y):
    return math.sin(x) * y + x


def calls_a_compiled_helper(x):
    total = 0.0
    for i in range(1, len(x)):
        total += _compiled_helper(x[i], x[i - 1])
    return total


program(calls_a_compiled_helper, lambda rng: (rng.normal(size=5),))
program(_compiled_helper, lambda rng: (0.7, 1.4), (0, 1), name="a_compiled_function")


def _simpson(f, a, b, n):
    h = (b - a) / n
    total = f(a) + f(b)
    for i in range(1, n):
        total += (4 if i % 2 else 2) * f(a + i * h)
    return total * h / 3


def integral_of_a_function(k, b):
    return _simpson(lambda t: math.exp(-k * t * t), 0.0, b, 8)


program(integral_of_a_function, lambda rng: (0.8, 1.7), (0, 1))


def function_chosen_by_argument(x, activation):
    return np.sum(activation(x) ** 2)


program(function_chosen_by_argument, lambda rng: (rng.normal(size=4), np.tanh))


def compose(f, g):
    return lambda x: f(g(x))


program(compose(np.sum, compose(np.sin, np.square)), lambda rng: (rng.normal(size=3),), name="composed_functions")


def _scaled_if_given(x, factor=None, *, offset=None):
    y = x if factor is None else x * factor
    return y if offset is None else y + np.sin(offset)


def may_be_none_as_an_argument(xs):
    """A factor that some iterations have: a function is given it, or None."""
    total, factor = 0.0, None
    for x in xs:
        total += _scaled_if_given(x, factor) + _scaled_if_given(x * x, offset=factor)
        if x > 0.5:
            factor = total * x
        elif x < -0.5:
            factor = None
    return total


program(may_be_none_as_an_argument, lambda rng: (np.array([0.2, 0.7, 0.1, -0.6, 0.3, 0.9, 0.4]),))
