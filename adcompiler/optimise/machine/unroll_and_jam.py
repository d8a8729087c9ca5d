"""Iterations of a loop that run abreast, where the loops in it are chains of which each link waits for the one before.

A processor works on several chains at once. One after the other, each chain takes the time of all its waits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from adcompiler.analysis.additive import Additive
from adcompiler.analysis.independence import Dependent, Independence
from adcompiler.analysis.scope import Frame, Path, definitions, sites
from adcompiler.ir.build import ONE, ZERO, Builder, with_body
from adcompiler.ir.ops import kind
from adcompiler.ir.walk import all_defs, all_reads, as_var, rename
from adcompiler.ir.wengert import Assign, Atom, Block, Const, Func, Load, Loop, Stmt, Store, Var, is_element
from adcompiler.optimise.lines.rewritten_loops import with_loops_anew

#: How many iterations run abreast.
WIDTH = 4
# so many lines of an inner loop that the numbers of all iterations stay in registers, and of the loop around it
_MOST, _MOST_AROUND = 12, 32
# so many elements that the arrays of all iterations stay in the cache
_FEW = 2**14
# what takes a processor a few steps, of which it begins another in each
_QUICK = frozenset("add sub mul div neg abs cut where maximum minimum lt le gt ge eq ne logical_and logical_or".split())


def run_abreast(fn: Func) -> Func:
    """Run several independent iterations of a loop together; of four, two are shown.

    Before:  for i in range(n): x = a[i]; for k in range(m): x = r * x * (1 - x); s = s + x
    After:   for i in range(0, n - n % 2, 2):
                 x = a[i]; y = a[i + 1]
                 for k in range(m): x = r * x * (1 - x); y = r * y * (1 - y)
                 s = s + x; s = s + y
             for i in range(n - n % 2, n): the same as before

    Each number is computed from the same ones as before, sums that the loop carries in the same order. An array that
    serves within one iteration is there once for each that runs abreast; where it is large, each iteration runs alone.
    """
    found = [place for place in sites(fn.body) if _is_chained(fn, place[0])]
    chosen = dict(_independent(fn, found)) if found else {}
    if not chosen:
        return fn
    b = Builder.of(fn)

    def write(b: Builder, loop: Loop, path: Path) -> None:
        _Abreast(b, loop, chosen[path], fn.params).write()

    return with_body(fn, with_loops_anew(b, fn.body, chosen, write), b)


# -- where it pays, and is the same ------------------------------------------------------------------------------------


def _is_chained(fn: Func, loop: Stmt) -> bool:
    """Whether a loop has innermost loops alone, with chains in them, and lines that may run in any order."""
    inner = [s for s in loop.body if isinstance(s, Loop)] if isinstance(loop, Loop) else []
    if not isinstance(loop, Loop) or not any(s.carried for s in inner) or len(loop.body) > _MOST_AROUND:
        return False
    counted = loop.start == ZERO and loop.step == ONE and isinstance(loop.stop, Var)
    if not counted or loop.until is not None or loop.budget is not None:
        return False
    made = all_defs((loop,))
    if not all(_is_simple(fn, s, made) if isinstance(s, Loop) else _is_line(fn, s) for s in loop.body):
        return False
    additive = Additive.of(fn, definitions(fn))
    chains = any(additive.folds(c) is None for s in inner for c in s.carried)
    return chains and all(_is_in_turn(loop, c.var, c.next) for c in loop.carried)


def _is_simple(fn: Func, loop: Loop, made: set[Var]) -> bool:
    """Whether an inner loop runs as often in all iterations, and computes quickly."""
    ends = {loop.start, loop.stop, loop.step}
    quick = all(_is_line(fn, s) and (not isinstance(s, Assign) or s.op in _QUICK) for s in loop.body)
    plain = loop.until is None and loop.budget is None and not loop.parallel and len(loop.body) <= _MOST
    return plain and quick and ends.isdisjoint(made) and not any(fn.types[c.var.name].rank for c in loop.carried)


def _is_line(fn: Func, stmt: Stmt) -> bool:
    """Whether a statement computes a number, or loads or stores an element."""
    match stmt:
        case Assign(target=target, op=op, args=args):
            return kind(op) == "elementwise" and not any(fn.type(a).rank for a in (target, *args))
        case Load(index=index) | Store(index=index):
            return is_element(index)
        case _:
            return False


def _is_in_turn(loop: Loop, before: Var, after: Atom) -> bool:
    """Whether one line of a loop, which runs in turn for the iterations, is all that reads what the loop carries."""
    readers = [s for s in loop.body if before in all_reads((s,))]
    return len(readers) == 1 and isinstance(readers[0], Assign) and readers[0].target == after


def _independent(
    fn: Func, places: list[tuple[Stmt, Path, tuple[Frame, ...]]]
) -> Iterator[tuple[Path, dict[Var, Assign]]]:
    """The loops whose iterations are proven independent, with the lines that make the arrays of one iteration."""
    proofs = Independence.of(fn, True)
    for loop, path, frames in places:
        assert isinstance(loop, Loop)
        try:
            apart = proofs.apart(loop, path, frames)
        except Dependent:
            continue
        made = [proofs.over.defs[v] for v in apart.own]
        own = {d.stmt.target: d.stmt for d in made if isinstance(d.stmt, Assign) and d.path[:-1] == path[:-1]}
        # an array to which several iterations add would be added to in another order
        if not apart.sums and len(own) == len(made):
            yield path, own


# -- the loops ---------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Abreast:
    """Writes a loop as two: of iterations abreast, and of those that are left.

    Of the arrays in `own`, with the lines that make them, each iteration has its own; `params` are the function's, and
    `names` those of each iteration.
    """

    b: Builder
    loop: Loop
    own: dict[Var, Assign]
    params: tuple[Var, ...]
    names: list[dict[Var, Atom]] = field(default_factory=list)

    def write(self) -> None:
        """Append both loops."""
        b, loop = self.b, self.loop
        small = self.small()
        trips = loop.stop if self.is_extent(loop.stop) else b.int("maximum", loop.stop, ZERO)
        end = self.unless(small, b.int("sub", trips, b.int("mod", trips, Const(WIDTH))))
        first_extents = {v: self.unless(small, s.args[0]) for v, s in self.own.items()}
        copies = [{v: self.another(s, first_extents[v]) if k else v for v, s in self.own.items()} for k in range(WIDTH)]
        first = {c.var: b.like(c.var) for c in loop.carried}
        index = b.like(loop.index)
        with b.block() as body:
            for k in range(WIDTH):
                here = b.int("add", index, Const(k), hint=loop.index.name)
                fresh = {v: b.like(v) for v in sorted(all_defs(loop.body), key=str)}
                given = self.handed_on() if k else first
                self.names.append({**fresh, **copies[k], **given, loop.index: here})
            for stmt in loop.body:
                b.extend(self.together(stmt))
        given = self.handed_on()
        carried = tuple(replace(c, var=first[c.var], next=given[c.var], out=b.like(c.out)) for c in loop.carried)
        share = loop.share and replace(loop.share, own=tuple(v for copy in copies for v in copy.values()))
        b.add(replace(loop, index=index, stop=end, step=Const(WIDTH), carried=carried, body=tuple(body), share=share))
        rest = tuple(replace(c, init=m.out) for c, m in zip(loop.carried, carried, strict=True))
        b.add(replace(loop, start=end, carried=rest, parallel=False, share=None))

    def handed_on(self) -> dict[Var, Var]:
        """What an iteration hands to the next one."""
        return {c.var: as_var(self.names[-1][as_var(c.next)]) for c in self.loop.carried}

    def small(self) -> Atom | None:
        """Whether the arrays of an iteration are small; None where there are none."""
        found: Atom | None = None
        for made in self.own.values():
            size: Atom = ONE
            for extent in made.args:
                size = self.b.int("mul", size, extent)
            test = self.b.emit("le", size, Const(_FEW), hint="small")
            found = test if found is None else self.b.emit("logical_and", found, test, hint="small")
        return found

    def unless(self, small: Atom | None, number: Atom) -> Atom:
        """A number, or zero where each iteration runs alone."""
        return number if small is None else self.b.emit("where", small, number, ZERO, hint="n", weak=True)

    def is_extent(self, number: Atom) -> bool:
        """Whether a number is the length of an argument along an axis, which is not negative."""
        return any(number in self.b.shapes.get(p.name, ()) for p in self.params)

    def another(self, made: Assign, first: Atom) -> Var:
        """One more array like one that is made before the loop, of another length along its first axis."""
        params: Any = dict(made.params)
        return self.b.emit(made.op, first, *made.args[1:], hint=made.target.name, **params)

    def together(self, stmt: Stmt) -> Block:
        """A statement of all iterations, one after the other; a loop in which they run so."""
        each = [rename((stmt,), names)[0] for names in self.names]
        if not isinstance(stmt, Loop):
            return tuple(each)
        index = self.b.like(stmt.index)
        loops = [s for s in each if isinstance(s, Loop)]
        bodies = [rename(s.body, {s.index: index}) for s in loops]
        carried = tuple(c for s in loops for c in s.carried)
        return (replace(stmt, index=index, carried=carried, body=tuple(line for body in bodies for line in body)),)


__all__ = ["WIDTH", "run_abreast"]
