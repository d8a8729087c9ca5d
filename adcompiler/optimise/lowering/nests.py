"""A loop nest in the making: array lines over the same elements, computed together, one element at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field
from typing import TypeAlias

from adcompiler.ir.build import ONE, Builder, Shape
from adcompiler.ir.memory import Memory
from adcompiler.ir.ops import kind
from adcompiler.ir.wengert import Assign, Atom, Stmt, Store, Var
from adcompiler.optimise.lowering.places import Along, Place, Places, seen_from
from adcompiler.optimise.lowering.products import INNERMOST

Member: TypeAlias = "Assign | Store"


@dataclass(slots=True)
class Arrays:
    """What is known of the arrays of the function being lowered.

    `lazy` maps an array that has no memory to its line, `readers` an array to the statements that read it, `names` a
    name of the loops to the one that the function knows.
    """

    b: Builder
    memory: Memory
    places: Places
    lazy: dict[Var, Assign]
    readers: dict[Var, list[Stmt | None]]
    names: dict[Var, Atom] = field(default_factory=dict)
    regions: dict[int, tuple[Store, Place]] = field(default_factory=dict)

    def space(self, stmt: Member) -> Shape:
        """The extents over which a line runs: of what it makes, of what it reduces, of what it stores into."""
        if isinstance(stmt, Store):
            return self.b.view_type(stmt.array, stmt.index)[1]
        return self.b.shape(stmt.args[0] if kind(stmt.op) == "reduce" else stmt.target)

    def aligned(self, atom: Atom, axes: Sequence[int | None]) -> tuple[int | None, ...]:
        """For each axis of a value the axis of what it is broadcast to; None where it has one element for all."""
        shape = self.b.shape(atom)
        own = axes[len(axes) - len(shape) :]
        return tuple(None if extent == ONE else axis for axis, extent in zip(own, shape, strict=True))

    def reads(self, atom: Atom, axes: Sequence[int | None]) -> Iterator[Place]:
        """The places a value is read from, seen from the axes of a nest."""
        if not isinstance(atom, Var) or not self.b.types[atom.name].rank:
            return
        own = self.aligned(atom, axes)
        if atom in self.lazy:
            for arg in self.lazy[atom].args if self.lazy[atom].op not in ("full", "arange") else ():
                yield from self.reads(arg, own)
        else:
            yield seen_from(self.places.of(atom), own)

    def sources(self, stmt: Member) -> tuple[Atom, ...]:
        """The values a line reads for each element."""
        if isinstance(stmt, Store):
            return (stmt.value,)
        return () if stmt.op in ("full", "arange") else stmt.args

    def target(self, stmt: Member) -> Place | None:
        """The place a line writes for each element, seen from its own axes; nothing for a scalar result."""
        if isinstance(stmt, Store):
            return self.stored(stmt)
        if not self.b.types[stmt.target.name].rank:
            return None
        place = self.places.of(stmt.target)
        return seen_from(place, self.kept(stmt)) if kind(stmt.op) == "reduce" else place

    def kept(self, stmt: Assign) -> tuple[int | None, ...]:
        """For each axis of a reduction's result the axis of its argument, None for one of length 1 that stands in."""
        params, rank = dict(stmt.params), self.b.type(stmt.args[0]).rank
        axes = params["axes"]
        assert isinstance(axes, tuple)
        if params.get("keepdims"):
            return tuple(None if axis in axes else axis for axis in range(rank))
        return tuple(axis for axis in range(rank) if axis not in axes)

    def stored(self, stmt: Store) -> Place:
        """The place of the region that a store writes, seen from the axes of the region."""
        if id(stmt) not in self.regions:
            view = self.places.region(stmt.array, stmt.index)
            axes = [None if extent == ONE else k for k, extent in enumerate(self.space(stmt))]
            # the statement is kept with its place: an identity counts only while its object lives
            self.regions[id(stmt)] = stmt, seen_from(view, axes)
        return self.regions[id(stmt)][1]


@dataclass(slots=True)
class Nest:
    """Lines that run together, in program order.

    `made` are the arrays they make, `late` those among them that are there only when loops have ended.
    """

    arrays: Arrays
    shape: Shape
    members: list[Member] = field(default_factory=list)
    reads: list[Place] = field(default_factory=list)
    writes: list[Place] = field(default_factory=list)
    scalars: set[Var] = field(default_factory=set)
    done: set[int] = field(default_factory=set)
    made: set[Var] = field(default_factory=set)
    late: set[Var] = field(default_factory=set)

    def accepts(self, stmt: Member) -> bool:
        """Whether a line may run in the same loops: what it shares with the others, it shares element by element."""
        if self.arrays.space(stmt) != self.shape:
            return False
        reads, write = self.touched(stmt)
        if any(isinstance(a, Var) and a in self.scalars for a in self.inputs(stmt)):
            return False
        new = self.made | ({stmt.target} if isinstance(stmt, Assign) else set())
        if any(self.clash(r, w, new) for r in reads for w in self.writes):
            return False
        touched = [*reads, *([] if write is None else [write])]
        if any(self.arrays.memory.overlap(p.base, late) for p in touched for late in self.late):
            return False
        return write is None or not any(self.clash(write, p, new) for p in (*self.reads, *self.writes))

    def touched(self, stmt: Member) -> tuple[list[Place], Place | None]:
        """The places a line reads and the one it writes."""
        axes = tuple(range(len(self.shape)))
        return [p for a in self.arrays.sources(stmt) for p in self.arrays.reads(a, axes)], self.arrays.target(stmt)

    def inputs(self, stmt: Member) -> Iterator[Atom]:
        """All atoms a line and the lazy lines behind it read."""
        for atom in (stmt.value,) if isinstance(stmt, Store) else stmt.args:
            yield atom
            if isinstance(atom, Var) and atom in self.arrays.lazy:
                yield from self.inputs(self.arrays.lazy[atom])

    def clash(self, a: Place, b: Place, new: Set[Var] = frozenset()) -> bool:
        """Whether two places may meet in different iterations; `new` are arrays that the nest makes."""
        if not self.arrays.memory.overlap(a.base, b.base) or a.apart(b):
            return False
        if a.base != b.base and {a.base, b.base} & new and not {a.base, b.base} & self.arrays.places.reshaped:
            return False
        axes = [k for k, extent in enumerate(self.shape) if extent != ONE]
        return a != b or not all(a.follows(k) for k in axes)

    def add(self, stmt: Member) -> None:
        """Take a line in."""
        reads, write = self.touched(stmt)
        self.members.append(stmt)
        self.reads += reads
        if write is not None:
            self.writes.append(write)
        if isinstance(stmt, Assign):
            (self.made if self.arrays.b.types[stmt.target.name].rank else self.scalars).add(stmt.target)
            if kind(stmt.op) == "reduce":
                self.late.add(stmt.target)
        self.done.add(id(stmt))
        self.done |= {
            id(self.arrays.lazy[a]) for a in self.inputs(stmt) if isinstance(a, Var) and a in self.arrays.lazy
        }

    def disturbs(self, reads: Sequence[Var], writes: Sequence[Var]) -> bool:
        """Whether a statement that reads and writes these arrays must not run before the nest."""
        overlap = self.arrays.memory.overlap
        after = any(overlap(w.base, a) for w in self.writes for a in (*reads, *writes))
        return after or any(overlap(r.base, a) for r in self.reads for a in writes)

    def is_visible(self) -> bool:
        """Whether the nest writes what the caller would see after an error."""
        return not all(self.arrays.memory.own(w.base) for w in self.writes)

    def private(self, array: Var) -> bool:
        """Whether all that read an array made here do so here, so that it needs no memory."""
        readers = self.arrays.readers.get(array, [])
        return all(id(s) in self.done and not (isinstance(s, Store) and s.array == array) for s in readers)

    def innermost(self) -> tuple[int, ...]:
        """The axes of an argmax or argmin, which is in a nest by itself, or of a sum that asks for it."""
        for member in self.members:
            if isinstance(member, Assign) and (member.op in ("argmax", "argmin") or INNERMOST in dict(member.params)):
                axes = dict(member.params)["axes"]
                assert isinstance(axes, tuple)
                return axes
        return ()

    def order(self) -> tuple[int, ...]:
        """The axes from the outermost loop to the innermost: the one along which fewest places lie apart."""
        axes = range(len(self.shape))
        best = max(axes, key=lambda k: (-self.strided(k), self.contiguous(k), k == axes[-1]))
        if removed := self.innermost():
            # the index of an extreme element is carried through the loops, which must be the innermost
            return (*(k for k in axes if k not in removed), *removed)
        return (*(k for k in axes if k != best), best)

    def contiguous(self, axis: int) -> int:
        """How many places lie side by side along an axis."""
        return sum(self.is_nearest(place, axis) for place in (*self.reads, *self.writes))

    def strided(self, axis: int) -> int:
        """How many places lie apart along an axis; one that is the same all along it costs nothing."""
        return sum(place.follows(axis) and not self.is_nearest(place, axis) for place in (*self.reads, *self.writes))

    def is_nearest(self, place: Place, axis: int) -> bool:
        """Whether neighbours in memory are neighbours along an axis."""
        layout = self.arrays.b.types[place.base.name].layout
        item = place.items[0 if layout == "F" else -1]
        return isinstance(item, Along) and item.axis == axis
