"""Cotangents carried through a loop: the factors of a long chain are multiplied apart from the cotangent.

An iteration of a recurrence along an array waits for the one before it through each product and each guard between
the cotangent that it is handed and those that it hands on. The factors need not wait: only one product with each of
them does. Soft dynamic time warping, with nine guards in a row, takes five sixths of the time.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from adcompiler.analysis.scaling import LONG, MANY, multiples, read_elsewhere, waits
from adcompiler.ir.build import Builder, scalar, with_body
from adcompiler.ir.walk import all_reads, defines, map_statements, walk
from adcompiler.ir.wengert import Assign, Atom, Block, Carry, Func, Loop, Stmt, Var, While

# the wait for one guarded product, which there is in any case
SHORT = 6


def keep_factors_apart(fn: Func) -> Func:
    """Compute from one what is a multiple of a carried cotangent, and multiply at the end.

    Before:  t = g * a; u = cut(t, c); v = cut(u, d); x[i] += u; g_next = x[i + 1] + v
    After:   f = cut(a, c); h = cut(f, d); u = cut(g, f); v = cut(g, h); x[i] += u; g_next = x[i + 1] + v

    Only what `cut` shows to be a cotangent is computed in another order: its roundings differ, and where the carried
    one is zero it is zero still.
    """
    if not any(isinstance(stmt, Assign) and stmt.op == "cut" for stmt in walk(fn.body)):
        return fn
    b = Builder.of(fn)
    body = map_statements(fn.body, lambda stmt: _statement(b, stmt))
    return with_body(fn, body, b)


def _statement(b: Builder, stmt: Stmt) -> Stmt:
    if not isinstance(stmt, Loop) or any(isinstance(s, (Loop, While)) for s in walk(stmt.body)):
        return stmt
    for carry in stmt.carried:
        type = b.type(carry.var)
        if type.is_float and not type.is_complex and not type.rank:
            chain = _chain(b, stmt, carry)
            if chain is not None:
                stmt = replace(stmt, body=chain.apart(b, stmt.body))
    return stmt


@dataclass(slots=True)
class _Chain:
    """The lines whose results are multiples of `given`: all, those that are cotangents, and those read elsewhere."""

    given: Var
    lines: list[Assign]
    cotangents: set[Atom]
    ends: set[Var] = field(default_factory=set)
    ready: dict[Atom, int] = field(default_factory=dict)

    def apart(self, b: Builder, body: Block) -> Block:
        """The body with a factor for each line, and a product for each cotangent that something else reads."""
        factors: dict[Atom, Atom] = {self.given: scalar(1.0, b.type(self.given).dtype)}
        chain = set(self.lines)
        with b.block() as lines:
            for stmt in body:
                if not isinstance(stmt, Assign) or stmt not in chain:
                    b.add(stmt)
                    continue
                with b.at(stmt.span):
                    args = (factors.get(a, a) for a in stmt.args)
                    factors[stmt.target] = b.emit(stmt.op, *args, hint="factor")
                    if stmt.target not in self.cotangents or self.ready[stmt.target] <= SHORT:
                        b.add(stmt)
                    elif stmt.target in self.ends:
                        b.add(replace(stmt, op="cut", args=(self.given, factors[stmt.target])))
        return tuple(lines)


def _chain(b: Builder, loop: Loop, carry: Carry) -> _Chain | None:
    """The chain from a carried value, if the next iteration waits for it long enough."""
    found = _Chain(carry.var, *multiples(b.type, loop.body, carry.var))
    if not found.cotangents or len(found.lines) > MANY:
        return None
    found.ready = waits(found.lines, carry.var)
    read = read_elsewhere(loop, found.lines)
    found.ends = {v for v in read if v in found.cotangents and found.ready[v] > SHORT}
    long = any(found.ready[v] >= LONG for v in found.ends & _needed(loop.body, carry.next))
    return found if long and 2 * len(found.ends) <= len(found.lines) else None


def _needed(body: Block, end: Atom) -> set[Atom]:
    """The names from which one follows within an iteration."""
    needed = {end}
    for stmt in reversed(body):
        if not needed.isdisjoint(defines(stmt)):
            needed |= all_reads([stmt])
    return needed


__all__ = ["keep_factors_apart"]
