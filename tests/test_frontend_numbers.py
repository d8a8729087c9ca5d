"""Numbers: Python's and NumPy's arithmetic, its errors, the types of results, integers of 64 bits."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from adcompiler.errors import ADCompilerError, TypeProblem
from adcompiler.ir.types import FLOAT, INDEX, Type
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Check
from adcompiler.signature import ArraySpec, ScalarSpec, SeqSpec, StaticSpec, leaves, spec_of
from tests.support.lowering import check, execute, lowered

CASES: list[Any] = []
F32 = np.float32(1.5)


def case(*args: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Enter a program with arguments."""

    def enter(function: Callable[..., Any]) -> Callable[..., Any]:
        CASES.append(pytest.param(function, args, id=f"{function.__name__}-{len(CASES)}"))
        return function

    return enter


@pytest.mark.parametrize(("function", "args"), CASES)
def test_program(function: Callable[..., Any], args: tuple[Any, ...]) -> None:
    check(function, *args)


@case(7, 2)
@case(-7, 2)
@case(7, -2)
@case(7.5, -2.0)
@case(-7, 2.5)
@case(7, 0)
@case(7.5, 0.0)
@case(np.float64(7.5), 0.0)
@case(np.float64(7.5), np.float64(0.0))
@case(True, 2)
@case(F32, 2)
@case(F32, 2.5)
@case(np.int32(7), 2)
def quotients(a, b):
    return a / b, a // b, a % b


@case(7, 2)
@case(7, 0)
@case(2.5, 3)
@case(-2.5, 3.0)
@case(0.0, 2)
@case(0.0, -1)
@case(np.float64(-2.5), 0.5)
@case(F32, 2)
@case(F32, 2.0)
@case(3, 2.0)
@case(np.int64(3), 4)
def powers(a, b):
    return a**b, a**2, a**0, b * 2**3, a**1.0, 2.0**a


@case(2, 5)
def powers_of_literals(a, b):
    return a**-1, 2**-2, (-2) ** 3, a**3, a**b, 10**b, pow(a, b, 7)


@case(6, 3)
@case(-6, 1)
@case(6, -1)
def bits(a, b):
    return a & b, a | b, a ^ b, ~a, a << 2, a >> 1, a >> b, a << b, True & False, True ^ (a > 0)


@case(1.5, 2, np.float64(0.5), F32, np.array([1.0, 2.0], np.float32), np.array([1, 2]))
def promotion(a, n, b, c, x, k):
    return a + n, a * b, a * c, n * c, b * c, a * x, n * x, b * x, a * k, n * k, -k, +n, k / 2, x**2.0, k > a, x + c


@case(1.5)
def literals(a):
    return 1 / 3 + a, 7 // 2, -7 % 3, 2**10, 0.1 + 0.2, (1 < 2) + 1, not 0, 1e300 * a, 3 * (2, "a")[0]


@case(3, 1.5)
def python_flags(n, a):
    return (n > 2) + (a > 1), (n > 2) * 2.5, -(n > 2), (a > 2) / 2, (n > 2) == (a > 1), ~int(n > 2)


@case(np.array([3.0, -1.0]))
def numpy_flags(x):
    return (x[0] > 2) + (x[1] > 2), (x > 2) * 2.5, ~(x > 2), np.float64(x[0] > 1)


@case(0.0)
@case(-1.0)
@case(4.0)
def domains(x):
    return math.sqrt(x), math.exp(x), x**0.5


@case(1.0, 0.0)
@case(1.0, 2.0)
def logarithms(x, y):
    return math.log(x), math.log2(x + 1), math.log(y + 1) / y


@case(2.5, 1e308)
def literals_of_math(x, y):
    return x * math.sqrt(2.0) + math.floor(2.7) + math.pi, math.floor(x), math.ceil(-x), math.isnan(y), math.hypot(x, x)


def test_a_domain_error_of_literals_is_a_domain_error() -> None:
    check(lambda x: x * math.sqrt(x - x - 1.0), 1.5)


@case(np.array([1.0, -1.0]), np.array([0.0, 0.0]))
def arrays_do_not_raise(x, y):
    return x / y, np.sqrt(x), np.float64(x[0]) / y[0], x[0] / 0.0, x[0] % y[0], np.log(y)


# -- integers of 64 bits -----------------------------------------------------------------------------------------------


@case(2**40, 2)
@case(3, -5)
def products(a, b):
    return a * b, a + b, a - b, -a, a * a if a < 100 else a


def factorial(n):
    k = 1
    for i in range(1, n + 1):
        k *= i
    return k


@pytest.mark.parametrize(
    ("function", "args"),
    [
        (factorial, (21,)),
        (lambda a, b: a + b, (2**62, 2**62)),
        (lambda a, b: a - b, (-(2**62), 2**62 + 1)),
        (lambda a, b: a * b, (2**40, -(2**40))),
        (lambda a, b: a**b, (3, 50)),
        (lambda a, b: a << b, (3, 62)),
        (lambda a, b: a**5 + b, (2**20, 1)),
    ],
)
def test_an_integer_that_leaves_64_bits_is_an_overflow(function: Callable[..., int], args: tuple[int, ...]) -> None:
    assert abs(function(*args)) >= 2**63
    with pytest.raises(OverflowError):
        execute(function, *args)


def test_integers_within_64_bits_do_not_overflow() -> None:
    assert execute(factorial, 20) == factorial(20)
    assert execute(lambda a, b: a + b, 2**62, 2**62 - 1) == 2**63 - 1
    assert execute(lambda a, b: a - b, -(2**62), 2**62) == -(2**63)


def counters(x):
    k, place = 0, 5
    for i in range(len(x)):
        for j in range(i, len(x) - 1):
            k += 1
            place = i * len(x) + j
        k = k + 2 if k < 4 else k - 1
    while k < 100:
        k += 7
    return k, place


def test_indices_extents_and_counters_need_no_check() -> None:
    found = lowered(counters, np.ones(4))[0].func
    assert not [s for s in walk(found.body) if isinstance(s, Check)]
    check(counters, np.ones(4))


def test_numpy_integers_wrap() -> None:
    a = np.array([2**62, 6])
    with np.errstate(over="ignore"):
        assert execute(lambda a: a[0] * a[1], a) == a[0] * a[1]


# -- arguments ---------------------------------------------------------------------------------------------------------


def test_specifications_of_arguments() -> None:
    assert spec_of(2) == ScalarSpec(INDEX)
    assert spec_of(2.0) == ScalarSpec(FLOAT)
    assert spec_of(F32) == ScalarSpec(Type("float32"))
    assert spec_of(np.array(2.0)) == ScalarSpec(Type("float64"), boxed=True)
    assert spec_of(True) == StaticSpec(True) != StaticSpec(1)
    assert hash(StaticSpec("a")) == hash(StaticSpec("a"))
    assert StaticSpec(math.sin) == StaticSpec(math.sin) != StaticSpec(math.cos)
    x = np.ones((3, 1, 4))
    assert spec_of(x) == ArraySpec(Type("float64", 3), (False, True, False))
    layouts = [
        spec.type.layout for spec in map(spec_of, (x, x.T, x[::2], x[:, 0, ::-1])) if isinstance(spec, ArraySpec)
    ]
    assert layouts == ["C", "F", "A", "A"]
    spec = spec_of([1.0, (2, np.ones(2))])
    assert isinstance(spec, SeqSpec) and spec.kind == "list"
    assert [np.ndim(leaf) for leaf in leaves([1.0, (2, np.ones(2))])] == [0, 0, 1]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "named"),
    [
        (np.ones(2, ">f8"), ">f8"),
        (np.array([None]), "object"),
        (np.array(["a"]), "U1"),
        (2**63, "9223372036854775808"),
        (np.ma.ones(2), "MaskedArray"),
        ({1.0}, "set"),
    ],
)
def test_arguments_outside_the_language_are_refused_by_name(value: Any, named: str) -> None:
    with pytest.raises(TypeProblem, match=named) as caught:
        spec_of(value)
    assert caught.value.fix


def test_an_operator_that_numpy_does_not_have_is_placed() -> None:
    def f(x):
        return -(x > 0)

    with pytest.raises(ADCompilerError) as caught:
        lowered(f, np.ones(2))
    assert caught.value.lineno == f.__code__.co_firstlineno + 1
