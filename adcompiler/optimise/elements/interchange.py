"""Loops that walk down the columns of an array walk along its rows.

The elements of a row lie side by side: the machine loads and changes several at a time, and finds them in the cache.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from adcompiler.analysis.additive import Additive
from adcompiler.analysis.dependence import dependence
from adcompiler.analysis.regrouping import Regrouping
from adcompiler.analysis.scope import Path, definitions, sites
from adcompiler.ir.ops import kind
from adcompiler.ir.walk import all_defs, defines, operands, walk, yields
from adcompiler.ir.wengert import (
    Assign,
    Atom,
    Block,
    Branch,
    Const,
    Func,
    Load,
    Loop,
    Note,
    Stmt,
    Store,
    Var,
    is_element,
)
from adcompiler.optimise.elements.fission import Parting, greatest
from adcompiler.optimise.elements.inturn import in_turn


@dataclass(frozen=True, slots=True)
class Place:
    """The statement at `position` of the body of a loop at `path`: a loop, or a branch with such loops in its arms."""

    loop: Loop
    path: Path
    position: int

    @property
    def stmt(self) -> Stmt:
        """What stands there."""
        return self.loop.body[self.position]


def walk_rows(fn: Func) -> Func:
    """Exchange two loops, of which the inner one walks down a column and the outer one would walk along a row.

    Before:  for j in range(n): p = exp(x[j]); for i in range(m): a_bar[i, j] += p * v[i]; v_bar[i] += p * a[i, j]
    After:   for j in range(n): ps[j] = exp(x[j])
             for i in range(m): for j in range(n): a_bar[i, j] += ps[j] * v[i]; v_bar[i] += ps[j] * a[i, j]

    What stands before the inner loop runs first, for all iterations of the outer one, and what stands behind it last.
    Each element is still changed by the same iterations in the same order, so that nothing rounds differently. Where
    the inner loop stands in a branch that takes the same arm in all iterations, the branch is asked once.
    """
    while True:
        places = list(_places(fn))
        branches = [p for p in places if isinstance(p.stmt, Branch)]
        new = _exchanged(fn, places) or next((new for p in branches if (new := _unbranched(fn, p))), None)
        if new is None:
            return fn
        fn = new


def _exchanged(fn: Func, places: list[Place]) -> Func | None:
    """The function with the first pair of loops exchanged that may be."""
    for place in places:
        if isinstance(place.stmt, Loop) and (new := _parted(fn, place)):
            return new
    return None


def _unbranched(fn: Func, place: Place) -> Func | None:
    """The function with a branch taken out of a loop, and loops exchanged in its arms."""
    new = _parted(fn, place)
    return new and _exchanged(new, list(_places(new)))


def _parted(fn: Func, place: Place) -> Func | None:
    """The function with a loop parted at the statement of a place, if it may be."""
    parts = Parting(fn).parts(place.loop, place.path, place.position)
    if parts is None:
        return None
    question, here = Regrouping(dependence(fn), place.loop, place.path), (*place.path, 0, place.position)
    if not question.may_part(place.position):
        return None
    if isinstance(place.stmt, Loop) and not question.may_exchange(place.stmt, here):
        return None
    return in_turn(fn, parts)


# -- where it pays ------------------------------------------------------------------------------------------------


def _places(fn: Func) -> Iterator[Place]:
    """The loops that walk down columns where another order walks along rows, and branches with such loops."""
    for loop, path, _ in sites(fn.body):
        if isinstance(loop, Loop) and _is_plain(loop) and greatest(loop):
            for position, stmt in enumerate(loop.body):
                inner = (*stmt.then, *stmt.other) if isinstance(stmt, Branch) else (stmt,)
                if any(isinstance(s, Loop) and _pays(fn, loop, s) for s in inner):
                    yield Place(loop, path, position)


def _is_plain(loop: Loop) -> bool:
    """Whether a loop runs all its iterations, one after the other, and how many of them is not known."""
    special = loop.until is not None or loop.parallel or loop.budget is not None or loop.share is not None
    return not special and not (isinstance(loop.start, Const) and isinstance(loop.stop, Const))


def _pays(fn: Func, outer: Loop, inner: Loop) -> bool:
    """Whether an innermost loop goes from row to row of arrays, all of which the outer loop goes along.

    What it carries are sums and extremes. A choice of another kind, as the index of the largest element, is better off
    in a register than loaded and stored in each iteration, unless rows are long.
    """
    bounds = {inner.start, inner.stop, inner.step}
    if not _is_plain(inner) or not bounds.isdisjoint(all_defs((outer,))) or not _is_simple(fn, inner.body):
        return False
    down, along = _following(inner.index, inner.body), _following(outer.index, outer.body)
    touched = [s for s in walk(inner.body) if isinstance(s, (Load, Store))]
    columns = [s for s in touched if fn.types[s.array.name].layout == "C" and not down.isdisjoint(s.index[:-1])]
    if not columns or not all(along.isdisjoint(s.index[:-1]) for s in touched):
        return False
    additive = Additive.of(fn, definitions(fn)) if inner.carried else None
    return additive is None or all(map(additive.folds, inner.carried))


def _is_simple(fn: Func, block: Block) -> bool:
    """Whether lines only compute numbers, and load and store elements."""
    for stmt in walk(block):
        match stmt:
            case Load(index=index) | Store(index=index):
                if not is_element(index):
                    return False
            case Assign(target=target, op=op):
                if fn.types[target.name].rank or kind(op) != "elementwise":
                    return False
            case Branch() | Note():
                pass
            case _:
                return False
    return True


def _following(index: Var, block: Block) -> set[Atom]:
    """The names in a block that are computed from an index."""
    found: set[Atom] = {index}
    for stmt in walk(block):
        if not found.isdisjoint((*operands(stmt), *yields(stmt))):
            found.update(defines(stmt))
    return found


__all__ = ["walk_rows"]
