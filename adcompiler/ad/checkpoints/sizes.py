"""Arrays that a checkpointed loop hands on keep their size: what the types cannot tell is tested while it runs."""

from __future__ import annotations

from dataclasses import replace

from adcompiler.ad.checkpoints.unmarked import stands_for_a_call
from adcompiler.ir.build import ZERO, Builder, make_func
from adcompiler.ir.walk import all_reads, map_statements, rename
from adcompiler.ir.wengert import Atom, Carry, Func, Loop, Stmt, Var


def with_sizes(fn: Func) -> Func:
    """A function in whose checkpointed loops the extents of carried arrays are those before the loop.

    Before:  for i in range(n) (c = c_0, c_1, c_2) (n_c = m, n_1, n_2): c_1, of extent n_1, from c, of extent n_c
    After:   for i in range(n) (c = c_0, c_1, c_2): the same with m for n_c and n_2; check n_1 != m

    An array that no iteration reads may begin as one without elements, and is left as it is.
    """
    b, names = Builder.of(fn), dict[Var, Atom]()

    def checked(stmt: Stmt) -> Stmt:
        if not isinstance(stmt, Loop) or stmt.budget is None or stands_for_a_call(stmt):
            return stmt
        sizes = carried_sizes(fn, stmt)
        with b.at(stmt.span), b.block() as lines:
            for c in sizes:
                names[c.var] = names[c.out] = c.init
                b.same(c.next, c.init, "an array changes its size in a checkpointed loop")
        left = tuple(c for c in stmt.carried if c not in sizes)
        return replace(stmt, carried=left, body=(*stmt.body, *lines))

    body = map_statements(fn.body, checked)
    if not names:
        return fn

    def last(atom: Atom) -> Atom:
        while isinstance(atom, Var) and atom in names:
            atom = names[atom]
        return atom

    final = {v: last(v) for v in names}
    shapes = {n: tuple(map(last, shape)) for n, shape in b.shapes.items()}
    return make_func(fn.name, fn.params, rename(body, final), [*map(last, fn.results)], b.types, shapes, fn.doc)


def carried_sizes(fn: Func, loop: Loop) -> list[Carry]:
    """The carried extents of arrays that an iteration gets from the one before and reads."""
    read = all_reads(loop.body)
    extents = {a for c in loop.carried if c.var in read for a in fn.shape(c.var)}
    return [c for c in loop.carried if c.var in extents and c.init != ZERO]
