"""Dataclasses and named tuples: special methods are called or refused, and so are aliases that paths would part."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

import adcompiler as ad
from tests.support.cases import interpreted
from tests.support.modules import imported


@dataclasses.dataclass
class Vector:
    x: float
    y: float

    def __add__(self, other: Any) -> Vector:
        return Vector(self.x + other.x, self.y + other.y)

    def __rmul__(self, factor: float) -> Vector:
        return Vector(factor * self.x, factor * self.y)

    def __neg__(self) -> Vector:
        return Vector(-self.x, -self.y)

    def __matmul__(self, other: Any) -> float:
        return self.x * other.x + self.y * other.y


class Pair(NamedTuple):
    a: float
    b: float

    def __add__(self, other: Any) -> Pair:  # type: ignore[override]
        return Pair(self.a + other.a, self.b + other.b)

    def __len__(self) -> int:
        return 7


@dataclasses.dataclass
class Node:
    value: float
    next: Any = None

    def __bool__(self) -> bool:
        return self.value > 100.0


@dataclasses.dataclass(eq=False)
class Single:
    value: float


def operators(s: float) -> float:
    v = 2.0 * Vector(s, 1.0) + Vector(3.0, s * s)
    v += len(Pair(s, 1.0)) * -v
    return (v @ v) * (Pair(s, 1.0) + Pair(1.0, s)).a


def test_operators_that_a_class_defines_are_called() -> None:
    with interpreted():
        value, slope = ad.value_and_grad(operators)(1.5)
    assert value == pytest.approx(operators(1.5), rel=1e-15)
    assert slope == pytest.approx((operators(1.501) - operators(1.499)) / 0.002, rel=1e-5)


def in_a_loop(s: float, n: int) -> float:
    make = (lambda held: lambda: held[0])([s])
    return make() * n


def changed_later(s: float, n: int) -> float:
    p = [s]
    read = (lambda held: lambda: held[0])(p)
    p[0] = 3 * s
    return read() + n


def changed_by_a_closure(s: float, n: int) -> float:
    def made() -> Callable[[float], float]:
        count = [0.0]

        def add(v: float) -> float:
            count[0] += v
            return count[0]

        return add

    add = made()
    total = 0.0
    for _ in range(n):
        total += add(s)
    return total


def around_itself(s: float, n: int) -> float:
    a = Node(s)
    b = Node(2 * s, a)
    a.next = b
    b.value = 4 * s
    return a.next.value


def truth_of_its_own(s: float, n: int) -> float:
    return s if Node(s) else 2 * s


def equal_only_to_itself(s: float, n: int) -> float:
    return s if Single(s) == Single(s) else 2 * s


def not_a_sequence(s: float, n: int) -> float:
    a, b = Vector(s, 1.0)  # type: ignore[misc]
    return a * b


def not_a_number(s: float, n: int) -> float:
    return s + Single(s)  # type: ignore[operator, no-any-return]


@pytest.mark.parametrize(
    "function",
    [
        changed_later,
        changed_by_a_closure,
        around_itself,
        truth_of_its_own,
        equal_only_to_itself,
        not_a_sequence,
        not_a_number,
    ],
)
def test_what_would_not_be_as_in_python_is_refused(function: Callable[..., Any]) -> None:
    with interpreted(), pytest.raises(ad.ADCompilerError) as caught:
        ad.grad(function)(1.5, 3)
    assert caught.value.lineno and caught.value.fix


def test_a_list_that_a_returned_function_keeps_is_read() -> None:
    with interpreted():
        assert ad.value_and_grad(in_a_loop)(1.5, 3) == (4.5, 3.0)


def test_any_number_of_attributes_is_assigned_from_outside(tmp_path):
    lines = "".join(f"    s.a{k} = x * {k}\n" for k in range(36))
    text = f"class State:\n    pass\n\n\ndef f(x):\n    s = State()\n{lines}    return s.a35 * s.a1\n"
    module = imported(tmp_path, text)
    with interpreted():
        assert ad.value_and_grad(module.f)(2.0) == (140.0, 140.0)
