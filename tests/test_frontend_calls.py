"""Calls: the user's functions of every kind, builtins, comprehensions, recursion, values from outside."""

from __future__ import annotations

import collections
import functools
import math
import operator
import sys
import types
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
import pytest

import adcompiler as ad
from adcompiler.errors import TypeProblem, UnsupportedSyntax
from tests.support.cases import interpreted
from tests.support.lowering import check, execute, lowered

CASES: list[Any] = []
X = np.array([0.5, -1.5, 2.5, 3.0])


def case(*args: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Enter a program with arguments."""

    def enter(function: Callable[..., Any]) -> Callable[..., Any]:
        CASES.append(pytest.param(function, args, id=f"{function.__name__}-{len(CASES)}"))
        return function

    return enter


@pytest.mark.parametrize(("function", "args"), CASES)
def test_program(function: Callable[..., Any], args: tuple[Any, ...]) -> None:
    check(function, *args)


# -- functions ---------------------------------------------------------------------------------------------------------


def scaled(x, factor=2.0, *more, offset=0.0, **named):
    for value in more:
        offset += value
    for key in named:
        offset += named[key]
    return x * factor + offset


@case(1.5)
def every_kind_of_argument(x):
    extra = {"low": 0.5, "offset": 3.0}
    values = (3.0, 4.0)
    return (
        scaled(x),
        scaled(x, 3.0),
        scaled(offset=1.0, x=x),
        scaled(x, *values, 5.0),
        scaled(x, **extra),
        scaled(*(x, 2.0, 1.0), high=2.0),
    )


@case(1.5)
def wrong_arguments(x):
    return scaled(x, 1.0, factor=2.0) if x > 9 else 0.0


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(TypeProblem, match="multiple values for argument 'factor'"):
        lowered(wrong_arguments, 1.5)


def named_twice(x):
    table = {"low": 1.0}
    return scaled(x, **table, low=x)


def unpacked_twice(x):
    table = {"low": 1.0}
    return dict(**table, **table)["low"] * x


def test_keywords_that_are_given_twice_are_refused() -> None:
    for function in (named_twice, unpacked_twice):
        with pytest.raises(TypeError, match="multiple values for keyword argument 'low'"):
            function(1.5)
        with pytest.raises(TypeProblem, match="multiple values for keyword argument 'low'"):
            lowered(function, 1.5)


CASES.pop()


def fills(target, value):
    target[:] = value
    target = target * 2
    return target.sum()


@case(X)
def a_callee_writes_its_argument(x):
    s = fills(x[1:], 3.0)
    return s + x[0] + x[1]


def several(x, limit):
    for v in x:
        if v > limit:
            return v, True
    return 0.0, False


@case(X, 2.0)
@case(X, 9.0)
def several_returns(x, limit):
    value, found = several(x, limit)
    return value * 2 if found else -1.0


def returns_nothing_sometimes(x):
    if x > 0:
        return x * 2
    return None


@case(1.0)
@case(-1.0)
def a_result_that_may_be_none(x):
    y = returns_nothing_sometimes(x)
    if y is None:
        return 0.0
    return y + 1.0


@case(1.0)
@case(-1.0)
def none_that_is_used(x):
    return returns_nothing_sometimes(x) + 1.0


@case(1.5)
def closures(x):
    k = 2.0

    def inner(y, *, scale=k):
        def deeper(z):
            return z * k + x

        return deeper(y) * scale

    k = 3.0
    functions = [inner, lambda t: t * k, functools.partial(inner, scale=5.0), math.sin, np.cos]
    return [function(x) for function in functions], (lambda a, b=k: a * b)(2.0)


def twice(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return 2.0 * function(*args, **kwargs)

    return wrapper


@twice
def decorated(x, *, power=2):
    return x**power


@numba.njit
def compiled(x):
    return x * x + 1.0


@case(1.5)
def looked_through(x):
    @numba.njit
    def inner(y):
        return compiled(y) * 2.0

    @twice
    def other(y):
        return y + 1.0

    return decorated(x), decorated(x, power=3), compiled(x), inner(x), other(x)


class Model:
    """A user's class."""

    def __init__(self) -> None:
        self.rate = 0.5
        self.weights = np.array([1.0, 2.0])
        self.name = "tanh"
        self.layers = [np.ones(2), np.array([3.0, 4.0])]
        self.options = {"power": 2}

    def shifted(self, x, by=1.0):
        return x + by * self.rate

    @staticmethod
    def squared(x):
        return x * x

    @property
    def total(self):
        return self.rate * 4.0

    def __call__(self, x):
        y = self.shifted(x) ** self.options["power"]
        for layer in self.layers:
            y += layer @ self.weights
        return y if self.name == "tanh" else 0.0


MODEL = Model()


@case(1.5)
def methods(x):
    return MODEL(x), MODEL.shifted(x, by=2.0), Model.squared(x), MODEL.squared(x), MODEL.total


def test_a_bound_method_and_a_partial_are_programs() -> None:
    model = Model()
    check(model.shifted, 1.5)
    check(model, 1.5)
    assert execute(functools.partial(scaled, factor=3.0), 1.5) == 4.5
    assert execute(functools.partial(model.shifted, by=4.0), 1.5) == 3.5


@case(1.5, math.sin)
@case(1.5, lambda t: t * t)
@case(1.5, Model.squared)
def function_argument(x, function):
    return function(x) + function(2.0)


# -- recursion ---------------------------------------------------------------------------------------------------------


def power(x, n):
    return 1.0 if n == 0 else x * power(x, n - 1)


def halves(x, depth):
    if depth == 0:
        return x
    left = halves(x * 0.5, depth - 1)
    return left * left + halves(x, depth - 1)


@case(1.1, 7)
def recursion_of_an_argument(x, n):
    return power(x, n) + halves(x, 3)


@case(1.1, 4)
def recursion_in_a_loop(x, n):
    return sum(power(x, k) for k in range(n))


def collatz(n):
    return 0 if n == 1 else 1 + collatz(n // 2 if n % 2 == 0 else 3 * n + 1)


@case(1.1, 6)
def recursion_that_jumps(x, n):
    return x * collatz(n)


def deep(x, n):
    return x if n == 0 else 1.0 + deep(x, n - 1)


@case(0.5, 300)
def deep_recursion(x, n):
    return deep(x, n)


def newton(x, target):
    return x if abs(x * x - target) < 1e-9 else newton(0.5 * (x + target / x), target)


def mutual(x, n):
    return x if n <= 0 else 2.0 * other(x, n - 1)


def other(x, n):
    return x + 1.0 if n <= 0 else mutual(x, n - 1)


@case(0.5)
def mutual_recursion(x):
    return mutual(x, 5)


@case(1.0)
def recursion_that_data_end(x):
    return newton(x, 2.0)


def runs_away(x, n):
    return x * runs_away(x, n + 1)


def test_runaway_recursion_is_refused() -> None:
    with pytest.raises(UnsupportedSyntax, match="calls itself"):
        lowered(runs_away, 1.0, 0)


# -- comprehensions ----------------------------------------------------------------------------------------------------


@case(X)
def lists_of_known_length(x):
    a = [x[k] * k for k in range(3) if k != 1]
    b = [p * q for p in (1.0, 2.0) for q in a]
    return a, b, tuple(v for v in b[::-1]), [[i + j for j in range(2)] for i in range(2)]


@case(X)
@case(np.arange(50.0))
def lists_of_unknown_length(x):
    squares = [v * v for v in x]
    kept = [v for v in squares if v > 3.0]
    table = np.array([[a * b for b in x] for a in squares])
    return np.array(squares), np.sum(kept), table, len(kept), squares[1:3][0], sum(squares), max(kept)


@case(X)
def reductions_of_generators(x):
    i = 7.0
    total = sum(v * i for i, v in enumerate(x) if v > 0)
    return total, any(v > 2 for v in x), all(v > 2 for v in x), max(v * v for v in x), min(abs(v) for v in x), i


@case(X)
def ranges_as_lists(x):
    return np.array(range(3)) * 2, np.sum(list(range(len(x)))), [*range(3)], x[list(range(2))]


@case(0.0)
def list_of_python_numbers_divides_as_python(s):
    values = [s * k for k in range(50)]
    return 1.0 / values[1]


# -- builtins ----------------------------------------------------------------------------------------------------------


@case(2.5, -3)
def numbers(x, n):
    return (
        abs(n), abs(-x), round(x), round(3.5), int(-x), int(x), float(n), bool(n), pow(x, 2), pow(n, 2), divmod(7, n),
        divmod(x, 2.0), max(n, 2), min(x, 4.0, 3.0), max((1, 2)), sum((n, n, x), 1.0), sum([]), len((1, 2)), True + n,
        operator.add(x, n), operator.neg(x), np.float32(x), np.int64(n), float("1.5"), int(True), max(n, n + 1, 0),
    )  # fmt: skip


@case(X)
def of_arrays(x):
    return max(x), min(x), sum(x), len(x), abs(x), any(x > 2), all(x > 2), sum(x, 1.0), list(x)[1], float(x[0])


@case(np.zeros(0))
def extreme_of_nothing(x):
    return max(x)


@case(np.nan, 1.0)
@case(1.0, np.nan)
def extremes_with_nan(x, y):
    return np.isnan(max(x, y)), np.isnan(min(x, y))


@case(np.inf)
@case(np.nan)
def whole_number_of_what_has_none(x):
    return int(x)


@case(X, 2, 1.5, "a")
def types_of_values(x, n, s, text):
    return (
        isinstance(x, np.ndarray), isinstance(n, int), isinstance(n, (float, str)), isinstance(s, float),
        isinstance(x[0], float), isinstance(x[0], np.floating), type(s) is float, isinstance(text, str),
        type(n) is int, callable(math.sin), hasattr(x, "shape"), getattr(x, "rank", 7), isinstance((1,), tuple),
    )  # fmt: skip


@case(X)
def strings(x):
    name = "a" + "b"
    label = f"n={len(name)}"
    if name.startswith("a") and "b" in name and name != "c" and label:
        return x[0] * len(name)
    return x[1]


def printing(x, n):
    print("x", x, n)
    print(f"value={x} and {n}")
    print(f"x {x} of {n}", "100 %", (n, n), [n], (n,))
    print(f"{x:8.3f}|{n:>{4}d}", f"{{{n!r}}}", sep=";", end="!\n", flush=True)
    print(f"{n}: {x:.2e} {n!s}", "{0} {1} {0}".format(n, "text"))
    print()
    print("a", end=" ", file=None)
    print(f"{x:.3g}", "{}", file=sys.stderr)
    print("b", "", f"{''}", "c")
    print("%.3f|%5d|%-6.2f|%+e %% %s %g" % (x, n, x, x, n, 2.0), "=" * 5, "%s" % "abc", "n=" + f"{n}" + "!")  # noqa: UP031
    y = np.array([1.0, 2.0])
    text = f"y={y}"
    y[0] = 3.0
    print(text, y)
    return x


@pytest.mark.parametrize("x", [1.5, np.float32(0.1)])
def test_print(capsys: pytest.CaptureFixture[str], x: float) -> None:
    printing(x, 2)
    expected = capsys.readouterr()
    assert execute(printing, x, 2) == x
    assert capsys.readouterr() == expected and expected.err


TEXTS = {
    "length": lambda x: x * len(f"{x}"),
    "equal": lambda x: x if f"{x}" == "1.5" else -x,
    "among": lambda x: x if "1" in f"{x}" else -x,
    "item": lambda x: x if f"{x}"[0] == "1" else -x,
    "number": lambda x: x * float(f"{x}"),
    "method": lambda x: x * len(f"{x}".strip()),
    "truncated": lambda x: x if print("%d" % x) is None else -x,  # noqa: UP031
}


@pytest.mark.parametrize("name", TEXTS)
def test_text_of_values_is_only_printed(name: str) -> None:
    with pytest.raises(ad.ADCompilerError) as caught:
        ad.grad(TEXTS[name])(1.5)
    assert caught.value.lineno and caught.value.fix


def test_equality_of_dictionaries_compares_their_values() -> None:
    def chosen(x, y):
        return x * x if {"a": x, "b": 1} == {"b": 1, "a": y} else y

    assert execute(chosen, 3.0, 3.0) == 9.0
    assert execute(chosen, 3.0, 4.0) == 4.0


def shown(x):
    for k in range(2):
        print(f"{k}: x={x:.3f}, {x > 1}", end=";\n")
        print("x", x, k)
    return x * x


def test_print_of_compiled_code(capsys: pytest.CaptureFixture[str]) -> None:
    shown(1.5)
    expected = capsys.readouterr().out
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert ad.grad(shown, cache=False)(1.5) == 3.0
    assert capsys.readouterr().out == expected


def warned(x):
    if x > 1.0:
        warnings.warn(f"large: {x:.2f}", RuntimeWarning, stacklevel=2)
    if x > 2.0:
        raise np.linalg.LinAlgError("too large")
    return x * x


@pytest.mark.filterwarnings("error")
def test_warnings_of_compiled_code() -> None:
    slope = ad.grad(warned, cache=False)
    assert slope(0.5) == 1.0
    with pytest.warns(RuntimeWarning, match=r"^large: 1\.50$"):
        assert slope(1.5) == 3.0
    with pytest.warns(RuntimeWarning), pytest.raises(np.linalg.LinAlgError, match="too large"):
        slope(2.5)
    with pytest.raises(RuntimeWarning, match="large"):
        slope(1.5)


# -- values from outside -----------------------------------------------------------------------------------------------

GAIN = 2.0
COUNT = 3
NAMES = ("low", "high")
TABLE = {"low": 1.0, "high": np.array([2.0, 3.0])}
SPACE = types.ModuleType("space")
SPACE.rate = 0.25  # type: ignore[attr-defined]


@case(1.5)
def outside(x):
    y = x * GAIN + np.pi + math.e + np.finfo(np.float64).eps
    for name in NAMES:
        y = y + np.sum(TABLE[name])
    for _ in range(COUNT):
        y *= SPACE.rate
    return y + np.zeros(3)[COUNT - 1]


def known_at_compile_time(x):
    return x.sum(axis=AXIS) + (1.0, 2.0)[AXIS]


AXIS = 1


def test_captures_are_hidden_parameters_or_constants() -> None:
    found = lowered(outside, 1.5)[0]
    held = {capture.name: capture.fetch() for capture in found.captures}
    assert (held["GAIN"], held["COUNT"], held["rate"]) == (2.0, 3, 0.25)
    assert len(found.func.params) == 1 + len(found.captures)
    assert all(guard.holds() for guard in found.guards)
    constant = lowered(known_at_compile_time, np.ones((2, 3)))[0]
    assert not constant.captures
    check(known_at_compile_time, np.ones((2, 3)))


def test_guards_see_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    guards = lowered(known_at_compile_time, np.ones((2, 3)))[0].guards
    assert all(guard.holds() for guard in guards)
    monkeypatch.setitem(globals(), "AXIS", 0)
    assert not all(guard.holds() for guard in guards)
    guards = lowered(methods, 1.5)[0].guards
    monkeypatch.setattr(Model, "squared", staticmethod(lambda x: x))
    assert not all(guard.holds() for guard in guards)
    guards = lowered(every_kind_of_argument, 1.5)[0].guards
    monkeypatch.setitem(globals(), "scaled", lambda *args, **kwargs: 0.0)
    assert not all(guard.holds() for guard in guards)


@dataclass
class Point:
    """A user's record."""

    x: float
    y: float

    def norm(self):
        return math.hypot(self.x, self.y)


@case(2.0, Point(3.0, 4.0))
def a_record(s, point):
    return s * point.norm() + point.x


class Config:
    """Constants in a class."""

    rate = 2.0
    sizes = (1, 2)


def class_attributes(x):
    total = x * Config.rate
    for size in Config.sizes:
        total += size
    return total + (1.0 if "low" in TABLE else 0.0) + len(TABLE)


def test_class_attributes_and_keys_may_change(monkeypatch: pytest.MonkeyPatch) -> None:
    check(class_attributes, 1.5)
    found = lowered(class_attributes, 1.5)[0]
    rate = next(capture for capture in found.captures if capture.name == "rate")
    monkeypatch.setattr(Config, "rate", 5.0)
    assert rate.fetch() == 5.0
    check(class_attributes, 1.5)
    assert all(guard.holds() for guard in found.guards)
    monkeypatch.setitem(TABLE, "more", 1.0)
    assert not all(guard.holds() for guard in found.guards)


def writes_a_global_list(x):
    NUMBERS[0] = x
    return x


NUMBERS = [1.0]


def test_a_list_from_outside_is_not_changed() -> None:
    with pytest.raises(UnsupportedSyntax, match="list, dictionary or object from outside"):
        lowered(writes_a_global_list, 1.0)
    assert NUMBERS == [1.0]


def counted(items: Any) -> Any:
    """A sum that begins with an integer of Python's."""
    total = 0
    for item in items:
        total = total + item
    return total


@pytest.mark.parametrize(
    "function",
    [
        lambda k, v: (sum(k), sum(v), sum(k) // 2),
        lambda k, v: [counted(each) for each in (v, k)],
        lambda k, v: [sum(2 * item for item in each) for each in (v, k, v[1:])],
        lambda k, v: [[counted(each) for _ in range(2)] for each in (k, v)],
    ],
)
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int8])
def test_a_loop_that_is_built_for_several_calls_has_types_of_its_own_in_each(function: Any, dtype: Any) -> None:
    k, v = np.array([100, 100, 55], np.uint8), np.array([100, 100, 100], dtype)
    with interpreted(), np.errstate(all="ignore"):
        found, expected = flat(ad.grad(function, cache=False).primal(k, v)), flat(function(k, v))
    assert [(x, x.dtype) for x in found] == [(x, x.dtype) for x in expected]


def flat(items: Any) -> list[Any]:
    """The numbers of nested lists."""
    return [x for item in items for x in flat(item)] if isinstance(items, (list, tuple)) else [items]


# -- f(*values) --------------------------------------------------------------------------------------------------------


def line_through(t, a, b):
    return a * t + b


def test_an_array_after_a_star_has_as_many_elements_as_the_function_takes() -> None:
    def f(p):
        return line_through(2.0, *p)

    for gradient in (ad.grad(f), ad.grad(f).primal):
        assert gradient(np.ones(2)) is not None
        with pytest.raises(TypeError, match=r"the number of values after \* is not 2: 3 and 2"):
            gradient(np.ones(3))


@pytest.mark.parametrize(
    "f",
    [
        lambda p: (lambda a, b=1.0: a * b)(*p),
        lambda p: (lambda *every: every[0])(*p),
        lambda p: line_through(*p[:1], *p[1:]),
        lambda p: line_through(*p, 2.0),
        lambda p: max(*p),
    ],
)
def test_an_array_after_a_star_is_refused_where_its_length_may_vary(f: Callable[..., Any]) -> None:
    with pytest.raises(UnsupportedSyntax, match="the number of values to unpack is known only at run time"):
        ad.grad(f)(np.ones(2))


# -- what to write instead ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "fix"),
    [
        (lambda x: x * len(set([1, 2])), "a list without repeats"),
        (lambda x: x * len(collections.deque()), r"pop\(0\) takes the first item"),
        (lambda x: x * len(collections.defaultdict(float)), "a dictionary with all its keys"),
        (lambda x: x ^ 2, r"x\*\*y for a power"),
        (lambda x: np.sum(np.array([x]).mean), r"call it: \.mean\(\)"),
        (lambda x: np.sum(np.array([x])[np.array([x]) > 0 and np.array([x]) < 1]), r"\(a > 0\) & \(a < 1\)"),
    ],
)
def test_a_mistake_is_told_with_what_to_write_instead(f: Callable[..., Any], fix: str) -> None:
    with pytest.raises(ad.ADCompilerError, match=fix) as found:
        ad.grad(f)(1.0)
    assert found.value.col is not None
