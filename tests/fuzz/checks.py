"""What holds for each random program: plain Python's value, one derivative in both modes, and that of differences."""

from __future__ import annotations

from typing import Any

import numpy as np

import adcompiler as ad
from tests.fuzz.programs import Generated
from tests.support.differences import Estimate, along
from tests.support.trees import arrays, copied, inner, leaves, noise

STEADY = 1e-6
TOLERANCE = 2e-5
LARGEST = 1e4


class Skipped(Exception):
    """The program says nothing: it raises in plain Python, grows, or is refused with its place."""


def check(program: Generated) -> None:
    """Fail with the text of the program where a promise is broken; raise `Skipped` where nothing can be said."""
    function = program.function()
    args = program.args()
    expected = plain(function, args)
    before = copied(args)
    try:
        value, gradient = reverse(program, function, args)
        directions = noise(np.random.default_rng(program.seed), args)
        forward, tangent = ad.jvp(function, args, directions)
    except ad.ADCompilerError as error:
        assert error.lineno is not None and error.fix, f"refused without a place: {error}\n{program.text}"
        raise Skipped(f"{type(error).__name__}: {error.what}") from error
    for now, then in zip(arrays(args), arrays(before), strict=True):
        assert np.array_equal(now, then), f"the caller's array changed\n{program.text}"
    scale = size(gradient, directions)
    for found in (value, forward):
        assert np.isclose(found, expected, rtol=1e-9, atol=1e-11), f"value {found}, not {expected}\n{program.text}"
    check_transposed(program, inner(gradient, directions), tangent, scale)
    check_differences(program, function, gradient)


def reverse(program: Generated, function: Any, args: Any) -> tuple[float, Any]:
    """Value and gradient, in one run for every other program and in two for the rest."""
    if program.seed % 2:
        return ad.value_and_grad(function, tuple(range(len(program.shapes))))(*args)
    value, pullback = ad.vjp(function, *args)
    return value, pullback(1.0)


def plain(function: Any, args: Any) -> float:
    """Return the value of the plain function, or raise `Skipped` where it has none worth comparing."""
    try:
        value = float(function(*copied(args)))
    except (ArithmeticError, ValueError, IndexError, UnboundLocalError, TypeError) as error:
        raise Skipped(f"plain Python: {type(error).__name__}: {error}") from error
    if not np.isfinite(value) or abs(value) > LARGEST:
        raise Skipped("large value")
    return value


def size(gradient: Any, directions: Any) -> float:
    """What an inner product may be, or raise `Skipped` where rounding alone changes the value by much."""
    sizes = [np.sum(np.abs(g) * np.abs(d)) for g, d in zip(leaves(gradient), leaves(directions), strict=True)]
    scale = float(sum(sizes))
    if not np.isfinite(scale) or scale > LARGEST:
        raise Skipped("large derivative")
    return scale


def check_transposed(program: Generated, product: float, tangent: float, scale: float) -> None:
    """The tangent is the inner product of gradient and directions."""
    assert abs(product - tangent) <= 1e-9 * scale + 1e-11, f"reverse {product}, forward {tangent}\n{program.text}"


def check_differences(program: Generated, function: Any, gradient: Any) -> None:
    """Steady differences agree with the gradient along random directions."""
    rng = np.random.default_rng(program.seed + 1)
    for _ in range(2):
        direction = noise(rng, program.args())
        estimate: Estimate = along(function, program.args(), direction, 1.0)
        product = inner(gradient, direction)
        scale = max(abs(estimate.value), abs(product), 1.0)
        if estimate.error > STEADY * scale:
            continue
        assert abs(product - estimate.value) <= TOLERANCE * scale, (
            f"gradient {product}, differences {estimate}\n{program.text}"
        )
