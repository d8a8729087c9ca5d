"""The directions of a matrix of derivatives, and its entries from what is found along them.

An entry of a complex array can change in two directions, 1 and i. A real number has one derivative along each;
together they are the gradient `a + i*b`, the direction of ascent. A complex one has a derivative only where the second
is i times the first, as for every holomorphic function; elsewhere no single number says how it changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from adcompiler.errors import NotDifferentiable
from adcompiler.ir.types import Type

Array: TypeAlias = np.ndarray[Any, Any]

#: Numbers that a processor computes with at once.
VECTOR = 8


def lanes_of(directions: int) -> int:
    """How many lanes a run of some directions has: whole vectors, as loops over lanes are slow at what is left over.

    >>> [lanes_of(n) for n in (1, 3, 4, 14, 32)]
    [1, 3, 8, 16, 32]
    """
    return directions if 2 * directions < VECTOR else -(-directions // VECTOR) * VECTOR


@dataclass(frozen=True, slots=True)
class Leaf:
    """A number or an array on one side of a matrix: its position and type, its shape at this call."""

    position: int
    type: Type
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """How many entries it has."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def directions(self) -> int:
        """In how many directions it can change: a complex entry in two."""
        return 2 * self.size if self.type.is_complex else self.size

    @property
    def plain(self) -> bool:
        """Whether it is one of Python's own numbers."""
        return self.type.weak


def identity(leaves: Sequence[Leaf], start: int, stop: int) -> list[Any]:
    """Seeds of the directions from `start` to `stop` of all leaves, as `Derivative.lanes` has them.

    >>> leaves = [Leaf(0, Type("float64", 1), (2,)), Leaf(1, Type("float64"), ())]
    >>> identity(leaves, 1, 3)
    [array([-1,  0]), 1, 2]
    """
    made, first, lanes = list[Any](), 0, lanes_of(stop - start)
    for leaf in leaves:
        if leaf.type.is_complex:
            flat = np.zeros((leaf.size, lanes), leaf.type.dtype)
            for lane in range(max(start, first), min(stop, first + leaf.directions)):
                turn, entry = divmod(lane - first, leaf.size)
                flat[entry, lane - start] = 1j if turn else 1.0
            made.append(flat.reshape(*leaf.shape, lanes))
        else:
            made.append(in_lanes(np.arange(first - start, first - start + leaf.size), leaf))
        first += leaf.directions
    return made if all(leaf.type.is_complex for leaf in leaves) else [*made, lanes]


def in_lanes(lanes: Array, leaf: Leaf) -> Any:
    """The lanes in which the entries of a leaf are one, as the seed of that leaf."""
    return np.ascontiguousarray(lanes, np.int64).reshape(leaf.shape) if leaf.shape else int(lanes[0])


def combined(parts: Array, found: Leaf, seeded: Leaf, reverse: bool) -> Array:
    """The entries of a leaf by each entry of another: `parts` is what was found along the directions of that one.

    Parameters
    ----------
    parts : array
        Of the shape of `found` and an axis of directions.
    found, seeded : Leaf
        What was found, and what was varied.
    reverse : bool
        Whether gradients were found, of the rows' directions.

    >>> z = Leaf(0, Type("complex128"), ())
    >>> combined(np.array([3.0, 4.0]), Leaf(1, Type("float64"), ()), z, False)
    array([3.+4.j])
    """
    if not seeded.type.is_complex:
        return parts
    along, across = parts[..., : seeded.size], parts[..., seeded.size :]
    if not found.type.is_complex:
        return _paired(along, across)
    if reverse:
        along, across = _paired(along.real, across.real), _paired(along.imag, across.imag)
    if _differ(along, across, tuple(range(along.ndim - 1)) if reverse else (-1,)):
        raise NotDifferentiable(
            "a complex result whose derivative by a complex argument depends on the direction has no entry in a matrix",
            None,
            "differentiate its real and its imaginary part, or use jvp and vjp",
        )
    return along


def _differ(along: Array, across: Array, row: tuple[int, ...]) -> bool:
    """Whether any derivative in direction i is not i times that in direction 1, but for rounding.

    `row` are the axes of what belongs to one result: entries far below the largest of them are noise.
    """
    eps, sizes = np.finfo(along.dtype).eps, np.abs(along) + np.abs(across)
    allowed = eps**0.5 * sizes + 8 * eps * np.max(sizes, axis=row, keepdims=True, initial=0.0)
    return bool(np.any(np.abs(across - 1j * along) > allowed))


def _paired(real: Array, imaginary: Array) -> Array:
    made = np.empty(real.shape, np.result_type(real.dtype, np.complex64))
    made.real, made.imag = real, imaginary
    return made


def only_real(leaves: Iterable[Type]) -> None:
    """Refuse complex numbers, where a matrix has one direction for each entry."""
    if any(type.is_complex for type in leaves):
        raise NotDifferentiable(
            "this matrix of derivatives of complex numbers is outside the language",
            None,
            "take real and imaginary parts, or use vjp and jvp, or jacobian from outside without mode='sparse'",
        )
