"""Nests of loops whose iterations are all independent become one loop: neighbouring threads take neighbouring elements.

Before:  for i in range(n): a = x[i]; for j in range(m): y[i, j] = a * z[i, j]
After:   for k in range(n * m): j = k % m; i = k // m; a = x[i]; y[i, j] = a * z[i, j]
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from adcompiler.analysis.independence import Apart, Dependent, Independence
from adcompiler.analysis.scope import Frame, Path
from adcompiler.ir.build import ONE, ZERO, Builder
from adcompiler.ir.ops import kind
from adcompiler.ir.types import INDEX
from adcompiler.ir.walk import all_defs, rename, walk
from adcompiler.ir.wengert import Assign, Atom, Block, Carry, Load, Loop, Note, Stmt, Store, Var


@dataclass(frozen=True, slots=True)
class Nest:
    """Loops each of which stands in the one before, around a body, and the lines that all their iterations run."""

    loops: tuple[Loop, ...]
    lines: Block

    @property
    def body(self) -> Block:
        """What the innermost loop runs."""
        return self.loops[-1].body


def nest(proofs: Independence, loop: Loop, path: Path, frames: tuple[Frame, ...], apart: Apart) -> Nest:
    """The loops around which all iterations are proven independent, from `loop` inwards."""
    loops, lines, made = [loop], list[Stmt](), all_defs([loop])
    while not apart.own and _counts(loop):
        place = next((k for k, s in enumerate(loop.body) if isinstance(s, Loop)), None)
        inner = None if place is None else loop.body[place]
        if place is None or not isinstance(inner, Loop) or not all(isinstance(s, Note) for s in loop.body[place + 1 :]):
            break
        frames = (*frames, Frame(path, loop, 0))
        path = (*path, 0, place)
        before = loop.body[:place]
        if not _counts(inner) or inner.start in made or inner.stop in made or not _hands_on(loop, inner):
            break
        if not all(_again(proofs, s, loops[0]) for s in before):
            break
        try:
            its = proofs.apart(inner, path, frames)
        except Dependent:
            break
        if its.own or not set(its.sums) <= set(apart.sums) or its.folds != apart.folds:
            break
        lines += before
        loops.append(inner)
        loop = inner
    return Nest(tuple(loops), tuple(lines))


def _counts(loop: Loop) -> bool:
    return loop.step == ONE and loop.until is None


def _hands_on(loop: Loop, inner: Loop) -> bool:
    """Whether the inner loop goes on with what the outer one carries, and that with what the inner one ends with."""
    if len(loop.carried) != len(inner.carried):
        return False
    return all(i.init == c.var and c.next == i.out for c, i in zip(loop.carried, inner.carried, strict=True))


def _again(proofs: Independence, stmt: Stmt, loop: Loop) -> bool:
    """Whether every iteration of the inner loop may run a line of the outer one again."""
    if isinstance(stmt, Note):
        return True
    if isinstance(stmt, Assign):
        return kind(stmt.op) in ("elementwise", "shape", "view") and stmt.op not in ("short", "split")
    if not isinstance(stmt, Load):
        return False
    root = proofs.over.memory.root
    if proofs.over.fn.types[stmt.target.name].rank:
        return True
    return root(stmt.array) not in {root(s.array) for s in walk(loop.body) if isinstance(s, Store)}


def flat(b: Builder, found: Nest) -> Loop:
    """One loop over all iterations of a nest; appends lines that count them."""
    first, last = found.loops[0], found.loops[-1]
    extents = [b.int("maximum", b.int("sub", loop.stop, loop.start), ZERO) for loop in found.loops]
    count: Atom = extents[0]
    for extent in extents[1:]:
        count = b.int("mul", count, extent, hint="items")
    position = b.var("k", INDEX)
    lines = _places(b, position, found.loops, extents)
    names: dict[Var, Atom] = {}
    for loop in found.loops[1:]:
        names |= {i.var: names.get(c.var, c.var) for c, i in zip(first.carried, loop.carried, strict=True)}
    body = rename((*found.lines, *found.body), names)
    nexts = [names.get(c.next, c.next) if isinstance(c.next, Var) else c.next for c in last.carried]
    carried = tuple(Carry(c.var, c.init, after, c.out) for c, after in zip(first.carried, nexts, strict=True))
    return replace(first, index=position, start=ZERO, stop=count, carried=carried, body=(*lines, *body))


def _places(b: Builder, position: Var, loops: Sequence[Loop], extents: Sequence[Atom]) -> list[Stmt]:
    """The lines that compute the index of each loop from the position among all iterations, the innermost first."""
    found, rest = list[Stmt](), position
    for loop, extent in zip(reversed(loops), reversed(extents), strict=True):
        place = rest
        if loop is not loops[0]:
            place, outer = (b.var(hint, INDEX) for hint in ("place", "rest"))
            found.append(Assign(place, "mod", (rest, extent), (), None))
            found.append(Assign(outer, "floordiv", (rest, extent), (), None))
            rest = outer
        found.append(Assign(loop.index, "add", (loop.start, place), (), None))
    return found


__all__ = ["Nest", "flat", "nest"]
