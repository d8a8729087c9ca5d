"""A key for the signature of a call, made in well under a microsecond an argument.

Values with equal keys have equal specifications. The reverse need not hold: two keys may lead to one compiled function.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Any

import numpy as np

from adcompiler.gpu_arrays import is_gpu_type, seen
from adcompiler.signature import SeqSpec, Spec, StaticSpec, fields_of, items_of

# contiguous in C order, in Fortran order, aligned, writeable: what decides the machine code
FLAGS = 0x1 | 0x2 | 0x100 | 0x400
BOUND = 1 << 63


class Same:
    """An object as a key: equal to itself alone, and kept alive so that its identity stays its own."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and self.value is other.value

    def __hash__(self) -> int:
        return id(self.value)


def signature(value: Any) -> Hashable:
    """The key of one argument.

    >>> signature(1.5) == signature(2.5), signature(1.5) == signature(1), signature(True) == signature(False)
    (True, False, False)
    >>> signature(np.ones((3, 4))) == signature(np.ones((5, 4))), signature(np.ones(3)) == signature(np.ones(1))
    (True, False)
    """
    kind: Any = type(value)
    if kind is float or kind is complex:
        return kind
    if kind is np.ndarray:
        shape = value.shape
        if 1 in shape:
            return value.dtype, len(shape), value.flags.num & FLAGS, tuple([extent == 1 for extent in shape])
        return value.dtype, len(shape), value.flags.num & FLAGS
    if kind is int:
        # one that does not fit has a key of its own, under which it is refused
        return kind if -BOUND <= value < BOUND else (kind, value)
    if kind is tuple or kind is list:
        return (kind, *map(signature, value))
    if kind is bool or value is None:
        return kind, value
    return _other(value, kind)


def _other(value: Any, kind: type) -> Hashable:
    if isinstance(value, np.random.Generator):
        return np.random.Generator
    if isinstance(value, np.generic):
        return kind if kind is not np.void else (kind, value.dtype)
    if kind is dict:
        return (kind, tuple(value), *map(signature, value.values()))
    if kind is str or kind is bytes:
        return kind, value
    if kind is slice:
        return kind, repr(value)
    if isinstance(value, np.ndarray):
        return kind, signature(value.view(np.ndarray))
    if is_gpu_type(kind):
        found = seen(value)
        return (kind, found and (found[0], found[2], tuple([extent == 1 for extent in found[1]])))
    if fields_of(kind) is not None:
        return (kind, *map(signature, items_of(value)))
    if isinstance(value, (int, float, complex)):
        return kind, signature(exact(value))
    return Same(value)


def exact(leaf: Any) -> Any:
    """A run-time leaf as Numba knows it: an instance of a subclass becomes one of its base."""
    if isinstance(leaf, (np.generic, bool, np.random.Generator)) or is_gpu_type(type(leaf)):
        return leaf
    if isinstance(leaf, np.ndarray):
        return leaf.view(np.ndarray)
    if isinstance(leaf, complex):
        return complex(leaf)
    return float(leaf) if isinstance(leaf, float) else int(leaf)


def is_plain(leaf: Any) -> bool:
    """Whether a run-time leaf needs no conversion."""
    return type(leaf) in (float, int, complex, np.ndarray) or isinstance(leaf, (np.generic, np.random.Generator))


def constants(value: Any, spec: Spec, final: Spec) -> Iterator[tuple[Any, StaticSpec]]:
    """The leaves that are numbers by their own specification and had to become constants, with the constants.

    >>> from adcompiler.signature import spec_of
    >>> list(constants((2.0, 3), spec_of((2.0, 3)), SeqSpec("tuple", (spec_of(2.0), StaticSpec(3)))))
    [(3, StaticSpec(value=3))]
    """
    if isinstance(spec, SeqSpec) and isinstance(final, SeqSpec):
        for item, of_item, of_final in zip(items_of(value), spec.items, final.items, strict=True):
            yield from constants(item, of_item, of_final)
    elif isinstance(final, StaticSpec) and not isinstance(spec, StaticSpec):
        yield value[()] if isinstance(value, np.ndarray) else value, final
