"""Checks of indices and divisors that cannot fail are dropped, those of indices are made once before counted loops."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from adcompiler.analysis.conditions import Conj
from adcompiler.analysis.lifting import Lifting
from adcompiler.analysis.scope import Path
from adcompiler.analysis.surroundings import Surroundings
from adcompiler.ir.build import Builder, with_body
from adcompiler.ir.walk import all_reads, blocks, map_blocks, operands, walk
from adcompiler.ir.wengert import Assign, Atom, Block, Check, Const, Func, Loop, Stmt, Var
from adcompiler.optimise.lines.constraints import check_lines

INDEX_ERROR = "IndexError"
# tests of overflow are no facts of integers without bounds: these are left
_LINEAR = (INDEX_ERROR, "ZeroDivisionError")


@dataclass(slots=True)
class Bounds(Surroundings):
    """Which checks are dropped, and what is checked instead before which loop."""

    dropped: set[Path] = field(default_factory=set)
    moved: dict[Path, dict[Conj, Check]] = field(default_factory=dict)
    kept: int = 0

    def check(self, stmt: Check, path: Path) -> None:
        """Drop, move or keep one check; what it tells is known from here on."""
        cases = self.known.conditions.exactly(stmt.failed) if stmt.exception in _LINEAR else None
        if cases is not None:
            cases = [case for case in cases if not self.known.impossible(case)]
            index = stmt.exception == INDEX_ERROR
            if not cases or (index and self.lift(stmt, cases)):
                self.dropped.add(path)
            elif self.frames:
                self.kept += index
        self.learn_check(stmt)

    def lift(self, stmt: Check, cases: list[Conj]) -> bool:
        """Move a check before the outermost loop from which it can be moved."""
        best: tuple[int, list[Conj]] | None = None
        for depth in range(len(self.frames) - 1, -1, -1):
            outside = Lifting(self.known).through(self.frames[depth], cases)
            if outside is None:
                break
            # the function's own scope comes before those of the frames
            cases = [c for c in outside if not self.known.impossible(c, depth + 1)]
            if self.frames[depth].is_loop:
                best = depth, cases
        if best is None:
            return False
        for case in best[1]:
            self.place(stmt, case, best[0])
        return True

    def place(self, stmt: Check, case: Conj, depth: int) -> None:
        """Check before the loop at `depth` that `case` does not hold; weaker checks there give way."""
        case = self.known.reduced(case, depth + 1)
        if self.known.impossible(case, depth + 1):
            return
        here = self.moved.setdefault(self.frames[depth].path, {})
        for other in [c for c in here if self.known.implies(c, case, depth + 1)]:
            del here[other]
        here[case] = replace(stmt, values=self.first_outside(stmt))
        self.known.scopes[depth].never.append(case)

    def first_outside(self, stmt: Check) -> tuple[Atom, ...]:
        """What a check before the loops tells: the index that fails first, where it is the extent, and the extent."""
        if len(stmt.values) != 2:
            return ()
        at, extent = stmt.values
        if isinstance(at, Const):
            return stmt.values
        loop = self.frames[-1].region
        if isinstance(loop, Loop) and loop.step == Const(1) and isinstance(loop.start, Const):
            form = self.known.affine.form(at)
            if form.terms == ((loop.index, 1),) and loop.start.value == -form.constant:
                return extent, extent
        return (extent,)


def prove_bounds(fn: Func) -> Func:
    """Drop checks that can never fail, and make those of indices in counted loops once, before the loop.

    Before:  for i in range(n): if i >= n_x: raise IndexError; s += x[i]
    After:   if n > n_x: raise IndexError; for i in range(n): s += x[i]
    """
    while True:
        bounds = Bounds.of(fn)
        bounds.visit()
        if not bounds.dropped:
            return fn
        b = Builder.of(fn)
        body = rewritten(b, bounds, fn.body, ())
        fn = without_tests(with_body(fn, body, b), fn)
        # what is checked before a loop may prove a check in it that comes before the one that was moved
        if not bounds.moved or not bounds.kept:
            return fn


def rewritten(b: Builder, bounds: Bounds, block: Block, path: Path) -> Block:
    """A block without the dropped checks and with the moved ones."""
    with b.block() as lines:
        for position, stmt in enumerate(block):
            here = (*path, position)
            for case, check in bounds.moved.get(here, {}).items():
                with b.at(check.span):
                    check_lines(b, bounds.known.affine, case, check, here)
            if here not in bounds.dropped:
                arms = iter([rewritten(b, bounds, nested, (*here, k)) for k, nested in enumerate(blocks(stmt))])
                b.add(map_blocks(stmt, lambda _, arms=arms: next(arms)))  # type: ignore[misc]
    return tuple(lines)


def drop_bounds(fn: Func) -> Func:
    """Drop all index checks: an index out of bounds is then the user's to answer for."""

    def visit(block: Block) -> Block:
        return tuple(map_blocks(s, visit) for s in block if not is_index_check(s))

    return without_tests(with_body(fn, visit(fn.body)), fn)


def is_index_check(stmt: Stmt) -> bool:
    """Whether a statement is a check of an index; an IndexError that the user raises has another message."""
    return isinstance(stmt, Check) and stmt.exception == INDEX_ERROR and stmt.message.startswith("index out of bounds")


def without_tests(fn: Func, before: Func) -> Func:
    """`fn` without the lines that served only tests of checks that `before` had and `fn` has not."""
    made = {s.target: s for s in walk(fn.body) if isinstance(s, Assign) and not fn.types[s.target.name].rank}
    left = {s for s in walk(fn.body) if isinstance(s, Check)}
    agenda = [s.failed for s in walk(before.body) if isinstance(s, Check) and s not in left]
    served: set[Var] = set()
    while agenda:
        atom = agenda.pop()
        if isinstance(atom, Var) and atom in made and atom not in served:
            served.add(atom)
            agenda += operands(made[atom])
    while True:
        read = all_reads(fn.body) | set(fn.results) | {a for shape in fn.shapes.values() for a in shape}
        dead = {made[v] for v in served - read}
        if not dead:
            return fn
        served -= {s.target for s in dead}
        fn = with_body(fn, _without(fn.body, dead))


def _without(block: Block, dead: set[Assign]) -> Block:
    return tuple(map_blocks(s, lambda inner: _without(inner, dead)) for s in block if s not in dead)


__all__ = ["drop_bounds", "prove_bounds"]
