"""Iterators over the places of an array: `np.ndindex`, `np.ndenumerate` and `.flat`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from adcompiler.frontend.arrays.atoms import as_array
from adcompiler.frontend.language.builtin_table import arity, builtin
from adcompiler.frontend.language.reading import resolved
from adcompiler.frontend.library.attributes import size_of
from adcompiler.frontend.library.shape import reshaped
from adcompiler.frontend.state.context import Lowering
from adcompiler.frontend.state.facts import nonnegative
from adcompiler.frontend.state.numbers import integer
from adcompiler.frontend.state.values import Seq, Value, Zipped
from adcompiler.ir.build import ZERO
from adcompiler.ir.wengert import Atom, Var


@builtin(np.ndindex)
def ndindex(low: Lowering, args: list[Value], kwargs: dict[str, Value], hint: str) -> Value:
    """`np.ndindex(n, m)`, `np.ndindex((n, m))`."""
    extents: Sequence[Value] = [resolved(low, arg) for arg in args]
    if len(extents) == 1 and isinstance(extents[0], Seq):
        extents = extents[0].items
    counts = [integer(low, extent, "an extent of np.ndindex()") for extent in extents]
    for count in counts:
        if not nonnegative(low.b, count):
            negative = low.b.emit("lt", count, ZERO, hint="negative", weak=True)
            low.b.check(negative, "ValueError", "negative dimensions are not allowed")
    return Zipped("indices", (Seq(tuple(counts)),))


@builtin(np.ndenumerate)
def ndenumerate(low: Lowering, args: list[Value], kwargs: dict[str, Value], hint: str) -> Value:
    """`np.ndenumerate(x)`."""
    arity(low, "ndenumerate", args, 1, 1)
    return Zipped("elements", (as_array(low.b, resolved(low, args[0])),))


def flat(low: Lowering, x: Var) -> Atom:
    """`x.flat` of an array whose elements lie in C order: a view with one axis."""
    if low.b.type(x).layout != "C":
        raise low.refuse("flat-layout")
    return reshaped(low.b, x, (size_of(low.b, x),))
