"""The other programs in single precision: what a GPU is to compute without arithmetic of double precision."""

from __future__ import annotations

from types import FunctionType
from typing import Any

import numpy as np

from adcompiler import batched, value_and_grad
from tests.cuda.arrays import PROGRAMS
from tests.cuda.items import CASES

# these make arrays, or begin with numbers, of double precision themselves
_OWN_DOUBLES = {"scatter", "three_axes", "triangle", "in_place", "read_after_write", "skips", "option_price"}
_OWN_DOUBLES |= {"exponentials", "in_order", "boundaries", "line_search"}
# rounding decides when the first two end, and grows in systems and in running sums
_OWN_DOUBLES |= {"eigenvalue", "adaptive", "systems", "elimination", "running_sums"}


def single(value: Any) -> Any:
    """A number or an array in single precision, if it is of floats."""
    if isinstance(value, float):
        return np.float32(value)
    return value.astype(np.float32) if isinstance(value, np.ndarray) and value.dtype.kind == "f" else value


def by_numpy(function: Any) -> Any:
    """A function with NumPy's functions for those of `math`, which give Python's numbers."""
    known = {**function.__globals__, "math": np}
    return FunctionType(function.__code__, known, function.__name__, function.__defaults__, function.__closure__)


def loss_of(function: Any, axes: tuple[int | None, ...], target: str) -> Any:
    """The mean of the squares of what a batched function gives."""
    f = batched(function, axes, target=target)  # type: ignore[arg-type]

    def loss(*args: Any) -> Any:
        return np.mean(f(*args) ** 2)

    return loss


def singles(target: str) -> dict[str, tuple[Any, tuple[Any, ...]]]:
    """Values and gradients of programs on a target, with arguments, by the names of the programs."""
    found = {
        name: (by_numpy(function), args, argnums)
        for name, (function, args, argnums) in PROGRAMS.items()
        if name not in _OWN_DOUBLES
    }
    for name, case in CASES.items():
        if name not in _OWN_DOUBLES:
            found[name] = loss_of(by_numpy(case.function), case.axes, target), case.args, case.argnums
    return {
        f"single {name}": (value_and_grad(function, argnums, target=target), tuple(map(single, args)))  # type: ignore[call-overload]
        for name, (function, args, argnums) in found.items()
    }


def wide(text: str) -> list[str]:
    """The instructions that compute in double precision; conversions do not."""
    moved = ("ld", "st", "mov", "cvt", "atom", "red", ".")
    return sorted({word for word in text.split() if ".f64" in word and not word.startswith(moved)})
