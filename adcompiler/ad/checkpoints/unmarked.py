"""Functions without marks: checkpointed calls as lines of their own, and loops that another derivative may record."""

from __future__ import annotations

from dataclasses import replace

from adcompiler.ir.build import ONE, ZERO, make_func
from adcompiler.ir.walk import map_blocks, map_statements, rename, walk
from adcompiler.ir.wengert import Atom, Block, Func, Loop, Stmt, Var


def stands_for_a_call(stmt: Stmt) -> bool:
    """Whether a statement is a checkpointed loop of a single trip."""
    if not isinstance(stmt, Loop) or stmt.budget is None or stmt.until is not None:
        return False
    return (stmt.start, stmt.stop, stmt.step) == (ZERO, ONE, ONE)


def opened(fn: Func) -> Func:
    """A function in which the lines of each checkpointed call stand without the loop around them.

    Before:  for once in range(1) (y = 0.0, y_1 = t, y_2): t = sin(x)
    After:   t = sin(x), and t in place of y_2
    """
    loops = [s for s in walk(fn.body) if isinstance(s, Loop) and stands_for_a_call(s)]
    if not loops:
        return fn
    names: dict[Var, Atom] = {}
    for loop in loops:
        names[loop.index] = ZERO
        for c in loop.carried:
            names[c.var], names[c.out] = c.init, c.next

    def last(atom: Atom) -> Atom:
        while isinstance(atom, Var) and atom in names:
            atom = names[atom]
        return atom

    def visit(block: Block) -> Block:
        lines: list[Stmt] = []
        for stmt in block:
            inner = map_blocks(stmt, visit)
            lines.extend(inner.body if isinstance(inner, Loop) and stands_for_a_call(inner) else (inner,))
        return tuple(lines)

    final = {v: last(v) for v in names}
    shapes = {n: tuple(last(a) for a in shape) for n, shape in fn.shapes.items()}
    results = [last(r) for r in fn.results]
    return make_func(fn.name, fn.params, rename(visit(fn.body), final), results, fn.types, shapes, fn.doc)


def unmarked(fn: Func) -> Func:
    """A function without marks: another derivative of it records what it needs."""

    fn = opened(fn)
    body = map_statements(fn.body, lambda stmt: replace(stmt, budget=None) if isinstance(stmt, Loop) else stmt)
    return replace(fn, body=body)
