"""What a random program may mention at one place: its names, their shapes, and the random choices."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

T = TypeVar("T")
Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Scope:
    """Names in reach: scalars, arrays with their shapes, and integers with the range they stay in."""

    scalars: tuple[str, ...]
    arrays: dict[str, Shape]
    integers: dict[str, tuple[int, int]] = field(default_factory=dict)
    helpers: tuple[str, ...] = ()
    depth: int = 0
    in_loop: bool = False
    loop_indices: tuple[str, ...] = ()

    def having(self, *scalars: str, **arrays: Shape) -> Scope:
        """Return the scope with more scalars and arrays, all of them new or of the same shape as before."""
        kept = tuple(dict.fromkeys((*self.scalars, *scalars)))
        return replace(self, scalars=kept, arrays={**self.arrays, **arrays})

    def inside(self, loop: bool = False, **integers: tuple[int, int]) -> Scope:
        """Return the scope of a nested block."""
        merged = {**self.integers, **integers}
        indices = (*self.loop_indices, *integers)
        return replace(self, integers=merged, depth=self.depth + 1, in_loop=self.in_loop or loop, loop_indices=indices)

    def of_rank(self, rank: int) -> list[str]:
        """Return the arrays of one rank."""
        return [name for name, shape in self.arrays.items() if len(shape) == rank]

    def of_shape(self, shape: Shape) -> list[str]:
        """Return the arrays of one shape."""
        return [name for name, other in self.arrays.items() if other == shape]


class Choice:
    """Random choices from a seed; the same seed gives the same program."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.count = 0

    def of(self, items: Sequence[T]) -> T:
        """Return one of `items`."""
        return self.random.choice(items)

    def weighted(self, items: dict[T, float]) -> T:
        """Return one of the keys, by weight."""
        return self.random.choices(list(items), weights=list(items.values()))[0]

    def chance(self, probability: float) -> bool:
        """Return whether something happens."""
        return self.random.random() < probability

    def below(self, stop: int) -> int:
        """Return an integer from 0 to `stop` - 1."""
        return self.random.randrange(stop)

    def between(self, low: int, high: int) -> int:
        """Return an integer from `low` to `high`."""
        return self.random.randint(low, high)

    def number(self) -> str:
        """Return a constant of moderate size."""
        return str(round(self.random.uniform(-0.9, 0.9), 2) or 0.25)

    def fresh(self, hint: str) -> str:
        """Return a name that is not used yet."""
        self.count += 1
        return f"{hint}{self.count}"
