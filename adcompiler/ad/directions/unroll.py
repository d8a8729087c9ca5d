"""Short loops written out, so that what is computed for each lane stands in one loop over the lanes.

Before:  for j in range(3): for lane in range(lanes): t[lane] += a[j, lane] * x[j]
After:   for lane in range(lanes): t = t + a[0, lane] * x[0] + a[1, lane] * x[1] + a[2, lane] * x[2]
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from adcompiler.ad.directions.reached import reached
from adcompiler.ir.build import Builder
from adcompiler.ir.walk import all_defs, map_blocks, rename
from adcompiler.ir.wengert import Assign, Atom, Block, Check, Const, Func, Load, Loop, Note, Stmt, Store, Var

#: More trips than this are not written out.
TRIPS = 4
#: LLVM compares the memory of each store of a loop with that of each other access, and gives up where these are many.
PAIRS = 64


def unrolled(fn: Func, wide: Sequence[int]) -> Func:
    """The function with short innermost loops of which something gets lanes written out.

    Parameters
    ----------
    fn : Func
        A tangent or an adjoint.
    wide : sequence of int
        Positions of the parameters that get lanes.

    Returns
    -------
    Func
        The same function.
    """
    pass_ = Unroll(Builder.of(fn), reached(fn, [fn.params[k] for k in wide]))
    pass_.b.extend(pass_.block(fn.body))
    return pass_.b.finish(fn.name, fn.params, fn.results, fn.doc)


@dataclass(frozen=True, slots=True)
class Unroll:
    """The state of the pass: the builder, and the names that get lanes."""

    b: Builder
    wide: frozenset[Var]

    def block(self, block: Block) -> Block:
        """A block with its short loops written out, inner ones first."""
        made: list[Stmt] = []
        for stmt in block:
            inner = map_blocks(stmt, self.block)
            made.extend(self.trips(inner) if isinstance(inner, Loop) and self.is_short(inner) else (inner,))
        return tuple(made)

    def is_short(self, loop: Loop) -> bool:
        """Whether a loop has few trips, known now, of straight lines of which some get lanes."""
        if loop.until is not None or not 0 < len(trips(loop)) <= TRIPS:
            return False
        plain = all(isinstance(s, (Assign, Load, Store, Check, Note)) for s in loop.body)
        numbers = not any(self.b.type(c.var).rank for c in loop.carried)
        loads = [s for s in loop.body if isinstance(s, Load) and s.array in self.wide]
        stores = [s for s in loop.body if isinstance(s, Store) and s.array in self.wide]
        computed = [s for s in loop.body if isinstance(s, Assign) and s.target in self.wide]
        written, read = len(stores), len(loads) + sum(s.add for s in stores)
        count = len(trips(loop)) ** 2
        return plain and numbers and bool(stores or computed) and count * written * (written + read) <= PAIRS

    def trips(self, loop: Loop) -> Block:
        """The lines of all trips, each with names of its own."""
        made: list[Stmt] = []
        names: dict[Var, Atom] = {c.var: c.init for c in loop.carried}
        for value in trips(loop):
            names[loop.index] = Const(value)
            # extents are numbers: these have their new names first
            for v in sorted(all_defs(loop.body), key=lambda v: (self.b.types[v.name].rank, v.name)):
                names[v] = self.b.var(v.name, self.b.types[v.name], self.extents(v, names))
            made += rename(loop.body, names)
            after = [names.get(c.next, c.next) if isinstance(c.next, Var) else c.next for c in loop.carried]
            names.update((c.var, value) for c, value in zip(loop.carried, after, strict=True))
        return (*made, *(Assign(c.out, "pos", (names[c.var],), (), loop.span) for c in loop.carried))

    def extents(self, v: Var, names: dict[Var, Atom]) -> tuple[Atom, ...]:
        """The extents of a name that the body defines, in a trip."""
        return tuple(names.get(n, n) if isinstance(n, Var) else n for n in self.b.shape(v))


def trips(loop: Loop) -> range:
    """The values of a loop's index, where they are known now and few; none otherwise."""
    bounds = [a.value for a in (loop.start, loop.stop, loop.step) if isinstance(a, Const)]
    found = [value for value in bounds if isinstance(value, int)]
    return range(*found) if len(found) == 3 else range(0)
