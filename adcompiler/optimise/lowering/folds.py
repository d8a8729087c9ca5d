"""Reductions one element at a time: what they start from and how an element joins."""

from __future__ import annotations

import numpy as np

from adcompiler.ir.build import Builder
from adcompiler.ir.types import Type
from adcompiler.ir.wengert import Assign, Atom, Const

Values = tuple[Atom, ...]

#: The parameter of a sum that says in which type it is added up, where that is its own.
RUNNING = "running"
#: What sums are added up in otherwise: as precise as NumPy's, which go by pairs.
_WIDER = {"float32": "float64", "complex64": "complex128"}

EMPTY = "zero-size array to a reduction operation that has no identity"
NEED_ELEMENTS = frozenset({"max", "min", "argmax", "argmin"})


def running_types(line: Assign, element: Type, result: Type) -> tuple[Type, ...]:
    """Types of the values a reduction carries."""
    if line.op == "sum":
        own = dict(line.params).get(RUNNING)
        return (Type(str(own) if own else _WIDER.get(result.dtype, result.dtype)),)
    if line.op in ("argmax", "argmin"):
        return (Type(element.dtype), Type("int64", weak=True))
    return (Type(result.dtype),)


def start(line: Assign, element: Type, result: Type) -> Values:
    """The values before the first element."""
    types = running_types(line, element, result)
    match line.op:
        case "sum":
            return (typed(0, types[0]),)
        case "prod":
            return (typed(1, types[0]),)
        case "any" | "all":
            return (typed(line.op == "all", types[0]),)
        case "max":
            return (typed(lowest(element.dtype), types[0]),)
        case "min":
            return (typed(highest(element.dtype), types[0]),)
        case _:
            extreme = lowest(element.dtype) if line.op == "argmax" else highest(element.dtype)
            return (typed(extreme, types[0]), Const(0))


def joined(b: Builder, op: str, running: Values, element: Atom, position: Atom | None, result: Type) -> Values:
    """The values after one more element; `position` is its index for argmax and argmin."""
    (total, *rest) = running
    match op:
        case "sum" | "prod":
            element = converted(b, element, b.type(total))
            return (b.emit("add" if op == "sum" else "mul", total, element, hint="total"),)
        case "any" | "all":
            element = converted(b, element, Type("bool"))
            return (b.emit("logical_or" if op == "any" else "logical_and", total, element, hint="found"),)
        case "max" | "min":
            return (b.emit("maximum" if op == "max" else "minimum", total, element, hint="extreme"),)
        case _:
            assert position is not None
            better = b.emit("gt" if op == "argmax" else "lt", element, total)
            if b.type(element).is_float:
                # the first NaN is the extreme element, as in NumPy
                fresh = b.emit("logical_and", b.emit("isnan", element), b.emit("logical_not", b.emit("isnan", total)))
                better = b.emit("logical_or", better, fresh)
            place = b.emit("where", better, position, rest[0], hint="spot")
            return (b.emit("where", better, element, total, hint="extreme"), place)


def converted(b: Builder, atom: Atom, type: Type) -> Atom:
    """A value in an element type."""
    return atom if b.type(atom).dtype == type.dtype else b.emit("cast", atom, dtype=type.dtype)


def typed(value: float, type: Type) -> Const:
    """A literal of an element type: Python's own for float64 and bool."""
    strong = np.dtype(type.dtype).type(value)
    return Const(strong.item() if type.dtype in ("float64", "complex128", "bool") or type.weak else strong)


def lowest(dtype: str) -> float:
    """What no element is below."""
    if np.dtype(dtype).kind == "f":
        return float("-inf")
    return False if dtype == "bool" else int(np.iinfo(dtype).min)


def highest(dtype: str) -> float:
    """What no element is above."""
    if np.dtype(dtype).kind == "f":
        return float("inf")
    return True if dtype == "bool" else int(np.iinfo(dtype).max)
