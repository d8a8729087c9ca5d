"""Library functions as users call them: NumPy's values and types, gradients against differences and tangents.

The generated code runs as plain Python, of some uses compiled; `make test-all` tries every use in every way.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import adcompiler as ad
from tests.support.cases import interpreted
from tests.support.differences import along
from tests.support.trees import assert_finite, copied, inner, leaves, noise, rebuilt
from tests.support.usages import applied, assembly, numbers, scipys, statistics

TABLE = {**applied.U.table, **assembly.U.table, **numbers.U.table, **scipys.U.table, **statistics.U.table}
#: What NumPy gives at a point where it has no slope, so that differences say nothing.
ROUGH = {"nan_to_num", "histogram edges", "norm of zero"}
#: Where the precision of SciPy's result depends on the number of elements; ours is that of the argument.
SINGLE = {"simpson odd", "simpson even", "simpson axis", "simpson of two"}


def fraction(count: int) -> list[Any]:
    """Every name; `make test` runs a fixed one in `count` of them."""
    slow = {name: [pytest.mark.slow] if zlib.crc32(name.encode()) % count else [] for name in TABLE}
    return [pytest.param(name, marks=marks) for name, marks in slow.items()]


def same(ours: Any, theirs: Any, rtol: float) -> None:
    """Values, shapes and element types agree through tuples and lists."""
    if isinstance(theirs, (tuple, list)):
        assert isinstance(ours, (tuple, list)) and len(ours) == len(theirs)
        for mine, plain in zip(ours, theirs, strict=True):
            same(mine, plain, rtol)
        return
    assert (np.asarray(ours).dtype, np.shape(ours)) == (np.asarray(theirs).dtype, np.shape(theirs))
    np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=1e-13)


def moved(function: Callable[..., Any], args: tuple[Any, ...], active: tuple[int, ...]) -> Callable[..., Any]:
    """The function of its active arguments alone."""

    def partial(*values: Any) -> Any:
        full = list(copied(args))
        for k, value in zip(active, values, strict=True):
            full[k] = value
        return tuple(leaves(function(*full)))

    return partial


def check(name: str) -> None:
    function, args = TABLE[name]
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    active = tuple(k for k, a in enumerate(args) if leaves(a))
    with np.errstate(all="ignore"):
        want = function(*copied(args))
        if not active or not leaves(want):
            same(ad.grad(function, cache=False).primal(*copied(args)), want, 1e-12)
            return
        value, pullback = ad.vjp(function, *copied(args), argnums=active, cache=False)
        same(value, want, 1e-12)
        cotangent = noise(rng, want)
        shares = tuple(pullback(cotangent)[k] for k in active)
        tangents = noise(rng, tuple(args[k] for k in active))
        _, tangent = ad.jvp(function, copied(args), tangents, argnums=active, cache=False)
        size = sum(np.sum(np.abs(g * t)) for g, t in zip(leaves(shares), leaves(tangents), strict=True))
        assert_finite(shares)
        floats = tuple(leaves(cotangent))
        assert inner(floats, tuple(leaves(tangent))) == pytest.approx(inner(shares, tangents), abs=1e-10 * (1 + size))
        if name not in ROUGH:
            estimate = along(moved(function, args, active), tuple(args[k] for k in active), tangents, floats)
            assert inner(shares, tangents) == pytest.approx(estimate.value, abs=1e-6 * (1 + size))


@pytest.mark.parametrize("name", TABLE)
def test_usage(name: str) -> None:
    with interpreted():
        check(name)


def relaid(leaf: Any, how: str) -> Any:
    """The same elements in Fortran's order, backwards in memory, or in every second place."""
    if not isinstance(leaf, np.ndarray):
        return leaf
    if how == "Fortran":
        return np.asfortranarray(leaf)
    if how == "backwards":
        return np.ascontiguousarray(leaf[::-1])[::-1]
    wide = np.zeros(tuple(2 * n for n in leaf.shape), leaf.dtype)
    wide[tuple(slice(None, None, 2) for _ in leaf.shape)] = leaf
    return wide[tuple(slice(None, None, 2) for _ in leaf.shape)]


@pytest.mark.parametrize("name", fraction(4))
def test_usage_of_other_layouts(name: str) -> None:
    function, args = TABLE[name]
    with interpreted(), np.errstate(all="ignore"):
        want = function(*copied(args))
        primal = ad.grad(function, cache=False).primal
        for how in ("Fortran", "backwards", "spread"):
            same(primal(*(relaid(a, how) for a in copied(args))), want, 1e-11)


@pytest.mark.parametrize("name", fraction(5))
def test_usage_in_single_precision(name: str) -> None:
    """Types are NumPy's, gradients have their argument's, and agree with those in double precision."""
    function, args = TABLE[name]
    single = tuple(a.astype(np.float32) if leaves(a) and isinstance(a, np.ndarray) else a for a in args)
    active = tuple(k for k, a in enumerate(single) if isinstance(a, np.ndarray) and leaves(a))
    with interpreted(), np.errstate(all="ignore"):
        want = function(*copied(single))
        if not active or not leaves(want):
            return
        value, pullback = ad.vjp(function, *copied(single), argnums=active, cache=False)
        same(value, np.float32(want) if name in SINGLE else want, 2e-3)
        cotangent = noise(np.random.default_rng(3), want)
        shares = pullback(cotangent)
        wide = tuple(a.astype(np.float64) if isinstance(a, np.ndarray) and leaves(a) else a for a in single)
        value, pullback = ad.vjp(function, *copied(wide), argnums=active, cache=False)
        exact = pullback(rebuilt(noise(np.random.default_rng(3), value), lambda v: v * 1.0))
        for k in active:
            assert shares[k].dtype == np.float32
            size = 1 + np.abs(exact[k]).max(initial=0.0)
            np.testing.assert_allclose(shares[k] / size, exact[k] / size, atol=5e-3)


@pytest.mark.parametrize("name", fraction(40))
def test_compiled_usage(name: str) -> None:
    check(name)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("shape", [(0,), (3, 0), (0, 3), (2, 0, 3)])
def test_medians_of_nothing_are_no_numbers(shape: tuple[int, ...]) -> None:
    x = np.ones(shape)
    for axis in (None, *range(len(shape))):
        for keepdims in (False, True):

            def middle(x: Any, axis: Any = axis, keepdims: Any = keepdims) -> Any:
                return np.median(x, axis=axis, keepdims=keepdims)

            with interpreted():
                value, pullback = ad.vjp(middle, x)
                np.testing.assert_array_equal(value, middle(x), strict=True)
                assert pullback(np.ones_like(value))[0].shape == shape
