"""How often the loops of a nest run together, counted before the outermost begins.

The bounds of an inner loop may depend on the indices of the loops around it, as in a triangle, or on elements of an
array that the nest does not write, as the row pointers of a sparse matrix. Then a copy of the nest that only adds up
trip counts gives the length of a tape.

Before:  for i in range(n): for j in range(i + 1, n): ...
Count:   rows = 0; for i in range(n): rows += max(n - (i + 1), 0)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from adcompiler.ad.trips import trip_count
from adcompiler.analysis.scope import Definition, Frame
from adcompiler.ir.build import ZERO, Builder
from adcompiler.ir.types import INDEX
from adcompiler.ir.walk import index_atoms, map_operands, map_targets, walk
from adcompiler.ir.wengert import (
    Assign,
    Atom,
    Branch,
    Carry,
    Const,
    Grow,
    Load,
    Loop,
    Out,
    Store,
    Var,
    is_element,
)

# defined for all integers
_TOTAL = frozenset("add sub mul neg maximum minimum".split())


@dataclass(slots=True)
class Lengths:
    """Counts the iterations of nests of one function."""

    b: Builder
    defs: Mapping[Var, Definition]
    root: Callable[[Var], Var]

    def total(self, loops: tuple[Frame, ...], frames: tuple[Frame, ...], around: Frame | None = None) -> Atom | None:
        """Lines that count how often the innermost of `loops` runs in all; None where that is not known beforehand.

        `frames` are all blocks around what is counted, with the loops among them. With `around`, a loop around these,
        the greatest count of any of its iterations. The lines stand before the outermost loop.
        """
        last = next(k for k, f in enumerate(frames) if f.path == loops[-1].path)
        if any(isinstance(f.region, Branch) for f in frames[:last]):
            return None
        places = loops if around is None else (around, *loops)
        regions = [f.region for f in places if isinstance(f.region, Loop)]
        nest = Nest(self.b, self.defs, regions, self.spoiled(places[0]), self.root, around is not None)
        if len(regions) != len(places) or any(r.until is not None or not isinstance(r.step, Const) for r in regions):
            return None
        if not all(self.b.type(a).dtype == INDEX.dtype and nest.computable(a) for a in nest.bounds(0)):
            return None
        return nest.count(0)

    def spoiled(self, outermost: Frame) -> frozenset[Var]:
        """The alias classes that are written while the nest runs."""
        written = [s.array for s in walk([outermost.region]) if isinstance(s, (Store, Grow))]
        return frozenset(map(self.root, written))


@dataclass(slots=True)
class Nest:
    """Loops inside one another, outermost first, and what their bounds are computed from.

    With `most`, the iterations of the outermost are not added up: the one in which the others run most often counts.
    """

    b: Builder
    defs: Mapping[Var, Definition]
    loops: list[Loop]
    spoiled: frozenset[Var]
    root: Callable[[Var], Var]
    most: bool
    known: dict[Var, Atom] = field(default_factory=dict)
    found: dict[Var, bool] = field(default_factory=dict)
    changing: dict[Var, frozenset[Var]] = field(default_factory=dict)

    def outer(self, v: Var) -> bool:
        """Whether a name is there before the outermost loop."""
        return v not in self.defs or not self.defs[v].frames

    def computable(self, atom: Atom) -> bool:
        """Whether an integer can be computed from indices of the loops and from what is there before them."""
        if isinstance(atom, Const) or self.outer(atom) or any(atom == r.index for r in self.loops):
            return True
        if atom not in self.found:
            self.found[atom] = self.derived(atom)
        return self.found[atom]

    def derived(self, atom: Var) -> bool:
        """Whether the line that defines an integer can be run before the loops."""
        match self.defs[atom].stmt:
            case Assign(op=op, args=args) if op in _TOTAL and self.integer(atom):
                return all(self.integer(a) and self.computable(a) for a in args)
            case Assign(op="cast", args=args) if self.integer(atom) and self.integer(args[0]):
                return self.computable(args[0])
            case Load(array=array, index=index) if self.integer(atom):
                lasting = self.outer(array) and self.root(array) not in self.spoiled
                whole = not is_element(index)
                return lasting and not whole and all(self.computable(a) for a in index_atoms(index))
            case _:
                return False

    def integer(self, atom: Atom) -> bool:
        """Whether an atom is an integer scalar."""
        return not self.b.type(atom).rank and self.b.type(atom).dtype in ("int64", "int32", "int16", "int8")

    def indices(self, atom: Atom) -> frozenset[Var]:
        """The loop indices with which a computable integer changes."""
        if isinstance(atom, Const) or self.outer(atom):
            return frozenset()
        if any(atom == r.index for r in self.loops):
            return frozenset({atom})
        if atom not in self.changing:
            stmt = self.defs[atom].stmt
            assert isinstance(stmt, (Assign, Load))
            sources = stmt.args if isinstance(stmt, Assign) else index_atoms(stmt.index)
            self.changing[atom] = frozenset().union(*map(self.indices, sources))
        return self.changing[atom]

    def count(self, level: int) -> Atom:
        """How often the innermost loop runs while the loops before `level` are in one iteration."""
        loop = replace(
            self.loops[level], start=self.get(self.loops[level].start), stop=self.get(self.loops[level].stop)
        )
        trips = self.b.int("maximum", trip_count(self.b, loop), ZERO)
        if level == len(self.loops) - 1:
            return trips
        most = self.most and not level
        if not any(loop.index in self.indices(a) for a in self.bounds(level + 1)):
            return self.count(level + 1) if most else self.b.int("mul", trips, self.count(level + 1))
        index, before, after = self.b.like(loop.index), self.b.var("rows", INDEX), self.b.var("rows", INDEX)
        outside, self.known = self.known, {**self.known, loop.index: index}
        with self.b.block() as lines:
            more = self.b.int("maximum" if most else "add", before, self.count(level + 1))
        self.known = outside
        span, carry = self.loops[-1].span, Carry(before, ZERO, more, after)
        self.b.add(replace(loop, index=index, carried=(carry,), body=tuple(lines), parallel=False, span=span))
        return after

    def bounds(self, level: int) -> list[Atom]:
        """Where the loops from `level` on start and stop."""
        return [a for r in self.loops[level:] for a in (r.start, r.stop)]

    def get(self, atom: Atom) -> Atom:
        """The atom that stands for a computable integer here."""
        if isinstance(atom, Const) or self.outer(atom):
            return atom
        if atom not in self.known:
            stmt = self.defs[atom].stmt
            assert isinstance(stmt, (Assign, Load))
            self.known[atom] = self.guarded(stmt) if isinstance(stmt, Load) else self.again(stmt)
        return self.known[atom]

    def again(self, stmt: Assign | Load) -> Var:
        """The line once more."""
        line = map_targets(map_operands(stmt, self.get), self.b.like)
        assert isinstance(line, (Assign, Load))
        self.b.add(line)
        return line.target

    def guarded(self, stmt: Load) -> Var:
        """An element, or zero where the index is out of bounds: the nest itself raises there."""
        inside: Atom | None = None
        for item, extent in zip(stmt.index, self.b.shape(stmt.array), strict=True):
            assert isinstance(item, (Var, Const))
            at = self.get(item)
            for test in (
                self.b.emit("ge", at, self.b.int("sub", ZERO, extent), hint="inside"),
                self.b.emit("lt", at, extent, hint="inside"),
            ):
                inside = test if inside is None else self.b.emit("logical_and", inside, test, hint="inside")
        assert inside is not None
        with self.b.block() as lines:
            value = self.again(stmt)
        result = self.b.like(stmt.target)
        zero = Const(self.b.type(result).numpy.type(0)) if not self.b.type(result).weak else ZERO
        self.b.add(Branch(inside, tuple(lines), (), (Out(result, value, zero),), stmt.span))
        return result
