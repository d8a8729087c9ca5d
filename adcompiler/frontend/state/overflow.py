"""Python's integers have no limit, those of the program have 64 bits: leaving them is an OverflowError."""

from __future__ import annotations

from adcompiler.frontend.state.context import Lowering
from adcompiler.ir.types import Type
from adcompiler.ir.wengert import Assign, Atom, Branch, Const, Load, Loop, Var, While

_WIDE = 63
# an array has fewer elements than this along an axis; a loop counts no further than that in any time there is
_EXTENT = 31
_REACHED = 42
_DEPTH = 12
_LITTLE = 20
COUNTING = 54
_MESSAGE = "this integer leaves 64 bits"


def checked(low: Lowering, op: str, a: Atom, c: Atom, hint: str = "n") -> Atom:
    """`a + c`, `a - c` or `a * c` of Python integers, with a check where it could leave 64 bits."""
    b = low.b
    result = b.int(op, a, c, hint=hint)
    if isinstance(result, Const) or bits(low, result) <= _WIDE:
        return result
    if result in (a, c):
        return result
    if op == "mul":
        product = b.emit("mul", _as_float(low, a), _as_float(low, c), hint="size", weak=True)
        large = b.emit("ge", b.emit("abs", product, weak=True), Const(2.0**63), hint="large", weak=True)
        b.check(large, "OverflowError", _MESSAGE)
        return result
    # a sum leaves the range where its sign differs from that of both operands
    first = b.emit("bitxor", a, result, weak=True)
    second = b.emit("bitxor", c, result, weak=True) if op == "add" else b.emit("bitxor", a, c, weak=True)
    wrapped = b.emit("lt", b.emit("bitand", first, second, weak=True), Const(0), hint="wrapped", weak=True)
    b.check(wrapped, "OverflowError", _MESSAGE)
    return result


def _as_float(low: Lowering, atom: Atom) -> Atom:
    if isinstance(atom, Const):
        return Const(float(atom.number))
    return low.b.emit("cast", atom, dtype="float64", weak=True)


def bits(low: Lowering, atom: Atom, depth: int = _DEPTH) -> int:
    """How many bits the magnitude of an integer can have; 64 where nothing is known of it."""
    if isinstance(atom, Const):
        return int(atom.value).bit_length() if isinstance(atom.value, int) else _WIDE + 1
    if atom.name in low.bits:
        return low.bits[atom.name]
    type = low.b.type(atom)
    found = _of_line(low, atom, depth) if depth else None
    return min(_of_type(type), found if found is not None else _WIDE + 1)


def _of_type(type: Type) -> int:
    return type.numpy.itemsize * 8 if type.dtype != "bool" else 1


def index_bits(low: Lowering, start: Atom, stop: Atom) -> int:
    """How many bits the index of a loop between two ends can have."""
    first = bits(low, start)
    between = min(max(first, bits(low, stop)), _WIDE - 1)
    return min(between, _REACHED) if first <= _REACHED else between


def counts(low: Lowering, atom: Atom, depth: int = _DEPTH) -> bool:
    """Whether an integer at the end of an iteration is a carried counter plus little, or small by itself.

    A counter that starts below 2**54 and grows by less than 2**20 needs 2**42 iterations to leave 64 bits.
    """
    if isinstance(atom, Const) or depth == 0:
        return isinstance(atom, Const) and bits(low, atom) <= COUNTING
    if low.bits.get(atom.name) == COUNTING:
        return True
    match low.b.made.get(atom.name):
        case Assign(op="add" | "sub" as op, args=(left, right)):
            if counts(low, left, depth - 1) and bits(low, right) <= _LITTLE:
                return True
            if op == "add" and counts(low, right, depth - 1) and bits(low, left) <= _LITTLE:
                return True
        case Assign(op="where" | "maximum" | "minimum", args=args):
            return all(counts(low, a, depth - 1) for a in args[-2:])
        case Branch(outs=outs):
            return all(counts(low, a, depth - 1) for o in outs if o.var == atom for a in (o.then, o.other))
        case Loop(carried=carried) | While(carried=carried):
            mine = [c for c in carried if c.out == atom]
            return all(low.bits.get(c.var.name) == COUNTING and counts(low, c.init, depth - 1) for c in mine)
    return bits(low, atom) <= COUNTING


def _of_line(low: Lowering, var: Var, depth: int) -> int | None:
    match low.b.made.get(var.name):
        case Assign(op="dim" | "argmax" | "argmin"):
            return _EXTENT
        case Assign(op=op, args=args) if all(not low.b.type(a).is_float and not low.b.type(a).rank for a in args):
            return _of_op(op, [bits(low, a, depth - 1) for a in args])
        case Branch(outs=outs):
            return next((max(bits(low, a, depth - 1) for a in (o.then, o.other)) for o in outs if o.var == var), None)
        case Loop(carried=carried) | While(carried=carried):
            return next((low.bits.get(c.var.name) for c in carried if c.out == var), None)
        case Load():
            return None
    return None


def _of_op(op: str, known: list[int]) -> int | None:
    match op:
        case "add" | "sub":
            return max(known) + 1
        case "mul":
            return sum(known)
        case "maximum" | "minimum" | "neg" | "pos" | "abs" | "cast" | "bitand" | "bitor" | "bitxor":
            return max(known)
        case "where":
            return max(known[1:])
        case "floordiv" | "rshift":
            return known[0]
        case "mod":
            return known[1]
    return None
