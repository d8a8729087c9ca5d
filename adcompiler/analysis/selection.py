"""Selection: the values among which a program chooses, so that their cotangents are zero where they are not chosen.

The partial derivatives along the way may be infinite or NaN exactly there (`where(x > 0, x * log(x), 0)` at 0), and
zero times infinity must stay zero: the adjoint of a line that computes such a value is guarded.

A value may also be dropped without another one in its place, as what `continue` skips or a later store overwrites. So
may nearly every one, and only lines that read what can be infinite or NaN for finite arguments are guarded for that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from adcompiler.analysis.activity import edges, reachable
from adcompiler.analysis.alias import Aliases, aliases
from adcompiler.ir.walk import all_defs, all_reads, blocks, inner, walk
from adcompiler.ir.wengert import (
    Assign,
    Atom,
    Branch,
    Const,
    Func,
    Load,
    Loop,
    Slice,
    Stmt,
    Store,
    Var,
    While,
    is_whole,
)
from adcompiler.rules.table import is_zero

# the results of these are infinite or NaN for some finite arguments that are no extremes: exp(800) is infinite
_UNBOUNDED = frozenset(
    "div log log2 log10 log1p sqrt pow arcsin arccos arccosh arctanh gamma lgamma mod fmod logaddexp custom"
    " exp exp2 expm1 sinh cosh".split()
)


def selected(fn: Func) -> frozenset[Var]:
    """Names whose cotangent may be zero because another value was chosen, or the value dropped.

    Those are what `where` chooses from, arrays of which a branch reads elements, and all that these are computed from;
    and of what regions and stores may drop, the lines that may read something infinite.
    """
    memory = aliases(fn)
    flow = list(edges(fn, memory))
    back = [(b, a) for a, b in flow]
    found = reachable({memory.root(a) for a in _choices(fn.body) if isinstance(a, Var)}, back)
    chosen = {v for name in fn.types if memory.root(v := Var(name)) in found and fn.types[name].is_float}
    return frozenset(chosen | _risky(fn, memory, flow, back))


def _risky(fn: Func, memory: Aliases, flow: list[tuple[Var, Var]], back: list[tuple[Var, Var]]) -> set[Var]:
    """The results of lines that may read something infinite, and that a region or a store may drop."""
    infinite = {memory.root(s.target) for s in walk(fn.body) if isinstance(s, Assign) and _is_unbounded(s)}
    if not infinite:
        return set()
    infinite = reachable(infinite, flow)
    dropped = reachable({memory.root(a) for a in _droppable(fn.body, memory) if isinstance(a, Var)}, back)
    lines = (s for s in walk(fn.body) if isinstance(s, Assign) and memory.root(s.target) in dropped)
    risky = (s for s in lines if any(memory.root(a) in infinite for a in (s.target, *s.args) if isinstance(a, Var)))
    return {s.target for s in risky if fn.types[s.target.name].is_float}


def _is_unbounded(stmt: Assign) -> bool:
    match stmt:
        case Assign(op="div", args=(_, Const(value=divisor))):
            return divisor == 0
        case Assign(op="pow", args=(_, Const(value=int() | float() as exponent))):
            return exponent < 0 or exponent != int(exponent)
        case _:
            return stmt.op in _UNBOUNDED


def _choices(block: Iterable[Stmt]) -> Iterator[Atom]:
    for stmt in walk(block):
        match stmt:
            case Assign(op="where", args=(_, a, b)):
                yield from (a, b)
            case Branch(then=then, other=other):
                for arm in (then, other):
                    own = all_defs(arm)
                    yield from (s.array for s in walk(arm) if isinstance(s, Load) and s.array not in own)
            case _:
                pass


def _droppable(block: Iterable[Stmt], memory: Aliases) -> Iterator[Atom]:
    """What branches read or hand on or not, numbers that a loop may drop, and arrays of which parts are cut out."""
    for stmt in walk(block):
        match stmt:
            case Store(array=array, index=index, value=Const(), add=False):
                if any(isinstance(item, (Const, Slice)) and not is_whole(item) for item in index):
                    yield array
            case Branch(then=then, other=other, outs=outs):
                yield from _from_outside(stmt)
                yield from (a for o in outs for a in (o.then, o.other))
                yield from (s.array for s in walk((*then, *other)) if isinstance(s, Store) and not s.add)
            case Loop(carried=carried) | While(carried=carried):
                needed = {a for block in blocks(stmt) for s in block if _needs(s) for a in all_reads([s])}
                yield from (a for c in carried if c.var not in needed for a in (c.init, c.next))
            case _:
                pass


def _needs(stmt: Stmt) -> bool:
    """Whether a statement's own derivative follows what it reads, whenever its block runs."""
    return not isinstance(stmt, Branch) and not (isinstance(stmt, Assign) and is_zero(stmt.op))


def _from_outside(stmt: Stmt) -> set[Var]:
    """The names from outside a region that its blocks read."""
    inside = {v for block in blocks(stmt) for v in all_defs(block)} | set(inner(stmt))
    return {v for block in blocks(stmt) for v in all_reads(block)} - inside


__all__ = ["selected"]
