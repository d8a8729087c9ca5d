"""Calls of a library on whole arrays: the rank and the extents of what they give."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from adcompiler.ir.types import Type
from adcompiler.ir.wengert import Atom, Const

Shape = tuple[Atom, ...]
#: Integer arithmetic of extents, as `Builder.int` does it.
Arithmetic = Callable[[str, Atom, Atom], Atom]

# the rank of the result where it is not that of the first argument
_RANKS = {"det": 0, "slogdet": 1, "union": 0}
_LIKE_SECOND = ("lu_solve", "solve_triangular")


def opaque_type(op: str, args: Sequence[Type], dtype: str) -> Type:
    """The type of a result from the types of the arguments and their common element type.

    >>> opaque_type("det", [Type("float32", 2)], "float32")
    Type(dtype='float32', rank=0, weak=False, layout='C')
    """
    rank = args[1].rank if op in _LIKE_SECOND else _RANKS.get(op, args[0].rank)
    return Type("int64" if op == "argsort" else dtype, rank)


def opaque_shape(op: str, shapes: Sequence[Shape], number: Arithmetic) -> Shape:
    """The extents of a result from those of the arguments."""
    first = shapes[0]
    match op:
        case "det" | "union":
            return ()
        case "slogdet":
            return (Const(2),)
        case "eigh" | "lu":
            return (number("add", first[0], Const(1)), first[0])
        case "qr":
            return (number("add", first[0], first[1]), first[1])
        case "svd":
            rows = number("add", number("add", first[0], Const(1)), first[1])
            return (rows, number("minimum", first[0], first[1]))
        case "pinv":
            return (first[1], first[0])
        case "lu_solve" | "solve_triangular":
            return shapes[1]
        case _:
            return first


__all__ = ["opaque_shape", "opaque_type"]
