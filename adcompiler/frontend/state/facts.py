"""What is known about a name while lines are built: lower bounds of integers, and which arrays may share memory."""

from __future__ import annotations

from collections.abc import Iterator

from adcompiler.ir.build import Builder
from adcompiler.ir.ops import kind
from adcompiler.ir.wengert import Assign, Atom, Branch, Const, Load, Loop, Var, While

_DEPTH = 12


def lower_bound(b: Builder, atom: Atom, depth: int = _DEPTH) -> int | None:
    """A number the integer is never below, or None where nothing is known.

    >>> from adcompiler.ir.types import Type
    >>> b = Builder()
    >>> n = b.emit("dim", b.var("x", Type("float64", 1), (Const(3),)), axis=0, hint="n")
    >>> lower_bound(b, b.int("add", n, Const(2)))
    2
    """
    if isinstance(atom, Const):
        return atom.value if isinstance(atom.value, int) else None
    if atom.name in b.lower:
        return b.lower[atom.name]
    stmt = b.made.get(atom.name)
    if not isinstance(stmt, Assign) or depth == 0:
        return None
    if stmt.op == "dim" or stmt.op in ("argmax", "argmin"):
        return 0
    if stmt.op == "cast" and (b.type(atom).dtype != "int64" or b.type(stmt.args[0]).is_float):
        return None
    if stmt.op == "sum":
        return 0 if b.type(stmt.args[0]).dtype == "bool" else None
    return _computed_bound(stmt.op, [lower_bound(b, a, depth - 1) for a in stmt.args], stmt.args)


def _computed_bound(op: str, bounds: list[int | None], args: tuple[Atom, ...]) -> int | None:
    known = [k for k in bounds if k is not None]
    if op == "abs":
        return 0
    if op == "cast":
        return bounds[0]
    if op == "maximum":
        return max(known, default=None)
    if op == "sub" and isinstance(args[1], Const) and bounds[0] is not None and isinstance(args[1].value, int):
        return bounds[0] - args[1].value
    if op == "where":
        return None if None in bounds[1:] else min(known[-2:])
    if None in bounds:
        return None
    match op:
        case "add":
            return sum(known)
        case "minimum":
            return min(known)
        case "mul":
            return known[0] * known[1] if min(known) >= 0 else None
        case "floordiv":
            return 0 if known[0] >= 0 and known[1] >= 1 else None
        case "mod":
            return 0 if known[1] >= 1 else None
        case _:
            return None


def nonnegative(b: Builder, atom: Atom) -> bool:
    """Whether the integer is known never to be negative."""
    bound = lower_bound(b, atom)
    return bound is not None and bound >= 0


def origins(b: Builder, array: Var) -> set[Var]:
    """The arrays whose memory `array` may be: parameters, results of operations, or names nothing is known of."""
    found: set[Var] = set()
    seen: set[Var] = set()
    queue = [array]
    while queue:
        var = queue.pop()
        if var not in seen:
            seen.add(var)
            parents = list(_parents(b, var))
            queue.extend(parents)
            if not parents:
                found.add(var)
    return found


def _parents(b: Builder, var: Var) -> Iterator[Var]:
    match b.made.get(var.name):
        case Load(array=array):
            yield array
        case Assign(op=op, args=args) if kind(op) == "view":
            yield from (a for a in args[:1] if isinstance(a, Var))
        case Loop(carried=carried) | While(carried=carried):
            for c in carried:
                if var in (c.var, c.out):
                    yield from (a for a in (c.init, c.next) if isinstance(a, Var))
        case Branch(outs=outs):
            for out in outs:
                if out.var == var:
                    yield from (a for a in (out.then, out.other) if isinstance(a, Var))
        case _:
            pass


def may_share(b: Builder, one: Var, other: Var) -> bool:
    """Whether two arrays may be views of the same memory."""
    if b.type(one).dtype != b.type(other).dtype:
        return False
    ours, theirs = origins(b, one), origins(b, other)
    if ours & theirs:
        return True
    return any(not _apart(b, a, c) for a in ours for c in theirs)


def _apart(b: Builder, a: Var, c: Var) -> bool:
    """Whether two different origins are different memory."""
    known_a, known_c = (v in b.own or isinstance(b.made.get(v.name), Assign) for v in (a, c))
    if known_a and known_c:
        return True
    # a name nothing is known of was bound when an open block began: before what this block itself has made
    return (known_a and _just_made(b, a)) or (known_c and _just_made(b, c))


def _just_made(b: Builder, var: Var) -> bool:
    stmt = b.made.get(var.name)
    return stmt is not None and any(stmt is line for line in reversed(b.stack[-1]))


def rows_first(b: Builder, array: Var) -> bool:
    """Whether NumPy itself certainly holds `array` in C order.

    The result of an elementwise operation takes the order of its operands, and `Type.layout` does not say so.
    """
    if b.type(array).layout != "C":
        return False
    return all(_made_rows_first(b, origin) for origin in origins(b, array))


def _made_rows_first(b: Builder, origin: Var) -> bool:
    stmt = b.made.get(origin.name)
    if b.type(origin).rank < 2 or origin in b.own:
        return True
    if not isinstance(stmt, Assign):
        return False
    if kind(stmt.op) in ("elementwise", "reduce"):
        arrays = [a for a in stmt.args if isinstance(a, Var) and b.type(a).rank > 1]
        return all(rows_first(b, a) for a in arrays)
    return True


__all__ = ["lower_bound", "may_share", "nonnegative", "origins", "rows_first"]
