"""Named tuples and dataclasses as arguments and results: classes kept, no new compilation, mistakes."""

from __future__ import annotations

from collections import namedtuple
from dataclasses import dataclass, field

import numpy as np
import pytest

import adcompiler as ad

Pair = namedtuple("Pair", "x y")


@dataclass(slots=True, frozen=True)
class Model:
    """Numbers, an array and a name."""

    w: np.ndarray
    b: float
    order: int = 2
    name: str = "linear"


@dataclass
class Doubled:
    """A class that does more than keep its items."""

    x: float

    def __post_init__(self):
        self.x *= 2.0


@dataclass
class Made:
    x: float
    rest: list = field(default_factory=list)


def product(p):
    return p.x * p.y


def swapped(p):
    return Pair(p.y * p.y, y=p.x)


def power(m, x):
    return np.sum((m.w * x + m.b) ** m.order)


def test_gradients_have_the_class_of_the_argument() -> None:
    assert ad.grad(product)(Pair(2.0, 3.0)) == Pair(3.0, 2.0)
    assert isinstance(ad.grad(product)(Pair(2.0, 3.0)), Pair)
    found = ad.grad(power)(Model(np.array([1.0, 2.0]), 0.5), np.array([3.0, 4.0]))
    assert type(found) is Model and found.order is None and found.name is None
    np.testing.assert_array_equal(found.w, [21.0, 68.0])
    assert found.b == 24.0 and isinstance(found.b, float)


def test_results_have_their_class() -> None:
    value, tangent = ad.jvp(swapped, (Pair(2.0, 3.0),), (Pair(1.0, 0.0),))
    assert (value, tangent) == (Pair(9.0, 2.0), Pair(0.0, 1.0)) and isinstance(tangent, Pair)
    value, pullback = ad.vjp(swapped, Pair(2.0, 3.0))
    assert pullback(Pair(1.0, 10.0)) == (Pair(10.0, 6.0),)
    assert ad.jacobian(swapped)(Pair(2.0, 3.0)) == Pair(Pair(0.0, 6.0), Pair(1.0, 0.0))


def test_equal_structures_are_compiled_once() -> None:
    g = ad.grad(power)
    x = np.ones(2)
    g(Model(np.ones(2), 0.5), x)
    first = g.last
    g(Model(np.zeros(2), 1.5), x)
    assert g.last == first
    assert g(Model(np.ones(2), 0.5, order=3), x).b == pytest.approx(2 * 3 * 1.5**2)


def test_a_property_and_a_class_attribute() -> None:
    class Scaled(Pair):
        scale = 4.0

        @property
        def total(self):
            return self.scale * (self.x + self.y)

    assert ad.grad(lambda p: p.total**2)(Scaled(1.0, 2.0)) == (96.0, 96.0)


def test_classes_that_do_more_than_keep_their_items() -> None:
    assert ad.value_and_grad(lambda s: Doubled(s).x * s)(1.5) == (4.5, 6.0)
    assert ad.value_and_grad(lambda s: Made(s).x * s)(1.5) == (2.25, 3.0)


def test_mistakes() -> None:
    with pytest.raises(ad.ADCompilerError, match="Pair has no field 'z'"):
        ad.grad(lambda p: p.z)(Pair(1.0, 2.0))
    with pytest.raises(ad.ADCompilerError, match="always raises"):
        ad.grad(lambda s: Pair(s).x)(1.0)
    with pytest.raises(ad.TypeProblem, match="cotangent"):
        ad.vjp(swapped, Pair(2.0, 3.0))[1]((1.0, 2.0))
    with pytest.raises(ad.ADCompilerError, match="always raises"):
        ad.grad(lambda m: m[0])(Model(np.ones(2), 0.5))
