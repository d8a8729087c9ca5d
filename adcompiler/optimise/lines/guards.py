"""One guard at the end of a chain of products in place of one at each: where that is proven to be the same.

A guard keeps a factor that is no finite number from a cotangent of zero. A later guard of a chain has work to do only
where the first cotangent is not zero and the product so far is: that product is finite then, and so is every number of
which it is made. What those are tells that the next factor is finite too, and only the first cotangent is left to test.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from adcompiler.analysis.scaling import MANY, multiples, read_elsewhere
from adcompiler.ir.build import Builder, scalar, with_body
from adcompiler.ir.walk import map_statements, walk
from adcompiler.ir.wengert import Assign, Atom, Const, Func, Loop, Stmt, Var, While


def join_guards(fn: Func) -> Func:
    """Guard what leaves a chain of products, rather than each product.

    Before:  z = a * b; t = cut(g, z); x[i] += cut(t, a); y[i] += cut(t, b)
    After:   z = a * b; t = g * z; zero = g == 0; x[i] += where(zero, 0, t * a); y[i] += where(zero, 0, t * b)

    If `g` is not zero and `t` is, then `z` is finite, so that `a` and `b` are; else the guards of `t` do nothing.
    """
    if not any(isinstance(stmt, Assign) and stmt.op == "cut" for stmt in walk(fn.body)):
        return fn
    b = Builder.of(fn)
    lines: dict[Atom, Assign] = {s.target: s for s in walk(fn.body) if isinstance(s, Assign)}
    body = map_statements(fn.body, lambda stmt: _statement(b, stmt, lines))
    return with_body(fn, body, b)


def _statement(b: Builder, stmt: Stmt, lines: Mapping[Atom, Assign]) -> Stmt:
    if not isinstance(stmt, Loop) or any(isinstance(s, (Loop, While)) for s in walk(stmt.body)):
        return stmt
    guards = [s for s in stmt.body if isinstance(s, Assign) and s.op == "cut"]
    for given in dict.fromkeys(s.args[0] for s in guards):
        type = b.type(given)
        if isinstance(given, Var) and not type.rank and not type.is_complex:
            stmt = _joined(b, stmt, given, lines)
    return stmt


def _joined(b: Builder, loop: Loop, given: Var, lines: Mapping[Atom, Assign]) -> Loop:
    """A loop in which the chain from `given` has its guards at the end, if that leaves fewer and is the same."""
    chain, guarded = multiples(b.type, loop.body, given)
    ends = read_elsewhere(loop, chain) & guarded
    guards = [s for s in chain if s.op == "cut"]
    if len(chain) > MANY or len(ends) >= len(guards) or not proven(chain, given, lines):
        return loop
    plain: dict[Atom, Atom] = {}
    zero, inside = None, set(chain)
    with b.block() as body:
        for stmt in loop.body:
            if not isinstance(stmt, Assign) or stmt not in inside or stmt.target not in guarded:
                b.add(stmt)
                continue
            with b.at(stmt.span):
                none = scalar(0.0, b.type(given).dtype)
                zero = zero or b.emit("eq", given, none, hint="zero", weak=True)
                op = "mul" if stmt.op == "cut" else stmt.op
                args = tuple(plain.get(a, a) for a in stmt.args)
                if stmt.target not in ends:
                    b.add(replace(stmt, op=op, args=args))
                    continue
                plain[stmt.target] = value = b.like(stmt.target)
                b.add(replace(stmt, target=value, op=op, args=args))
                b.add(replace(stmt, op="where", args=(zero, none, value)))
    return replace(loop, body=tuple(body))


def proven(chain: Sequence[Assign], given: Var, lines: Mapping[Atom, Assign]) -> bool:
    """Whether no guard behind the first of a chain has work to do where `given` is not zero."""
    guards = [s.args for s in chain if s.op == "cut"]
    return all(g == given or finite(p, finite_with(g, chain, lines)) for g, p in guards)


def finite(atom: Atom, known: set[Atom]) -> bool:
    """Whether a value is no infinity and a number."""
    if isinstance(atom, Const):
        return isinstance(atom.value, (int, float)) and math.isfinite(atom.value)
    return atom in known


def finite_with(atom: Atom, chain: Sequence[Assign], lines: Mapping[Atom, Assign]) -> set[Atom]:
    """What is finite if a value is: the terms of a sum, the factors of a product.

    A guarded product of the chain is one: the cotangent at its beginning is not zero. Another guard may be at work.
    """
    found, agenda, inside = set[Atom](), [atom], set(chain)
    while agenda:
        one = agenda.pop()
        if one in found:
            continue
        found.add(one)
        line = lines.get(one)
        if line is not None and (line.op in ("add", "sub", "neg", "mul") or line in inside):
            agenda.extend(line.args)
        elif line is not None and line.op in ("div", "sqrt"):
            agenda.append(line.args[0])
    return found


__all__ = ["finite_with", "join_guards", "proven"]
