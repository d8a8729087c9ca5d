"""Where recorded values lie: one array a value, addressed by the trip counts of the loops around it.

A value inside loops whose lengths are all known before the outermost begins lies in an array with one axis a loop.
Any other lies in an array with a single axis for all executions of its loop, one after the other; a cell counts where
the next begins. The array has its final length from the start where a count of the loops can give it, and grows where
it cannot. Arrays whose extents change from one iteration to the next lie end to end, and where each begins is
what the tape holds.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from adcompiler.ad.prepare import Prepared
from adcompiler.ad.records.lengths import Lengths
from adcompiler.ad.records.plan import Plan
from adcompiler.ad.trips import is_known, trip_count
from adcompiler.analysis.dependence import Dependence
from adcompiler.analysis.scope import Frame, Path
from adcompiler.ir.build import ONE, ZERO, Builder
from adcompiler.ir.ops import OWN
from adcompiler.ir.wengert import Atom, Index, Loop, Slice, Var, While

# rows of a tape of unknown length before it first grows
FIRST = 32


@dataclass(frozen=True, slots=True)
class Tape:
    """The array that holds one value of the primal; a `longer` one also what the innermost loop leaves.

    With `counted` the rows are numbers of trips, else a loop's index may serve.
    """

    array: Var
    loops: tuple[Frame, ...]
    flat: bool
    grows: bool
    longer: bool
    counted: bool
    ragged: Ragged | None = None


@dataclass(frozen=True, slots=True)
class Ragged:
    """Where arrays of changing extents lie: one after the other in `array`, `cell` counts, the tape holds where each
    begins.
    """

    array: Var
    cell: Var


@dataclass(slots=True)
class Tapes:
    """All tapes of a function, and for each loop of unknown place in the sequence the cell that counts."""

    b: Builder
    primal: Prepared
    plan: Plan
    over: Dependence
    tapes: dict[Var, Tape] = field(default_factory=dict)
    cells: dict[Path, Var] = field(default_factory=dict)
    totals: dict[Path, Atom | None] = field(default_factory=dict)
    most: dict[tuple[Path, Path], Atom | None] = field(default_factory=dict)
    apart: bool = False

    def flat_loops(self) -> set[Path]:
        """The loops whose executions share a single axis."""
        return {t.loops[-1].path for t in self.tapes.values() if t.flat}

    def of_loop(self, path: Path) -> list[Tape]:
        """The tapes with a single axis that belong to a loop."""
        return [t for t in self.tapes.values() if t.flat and t.loops[-1].path == path]

    def longer(self, path: Path) -> dict[Var, Tape]:
        """The tapes of values carried by a loop that have a row for what it leaves."""
        return {v: t for v, t in self.tapes.items() if t.longer and t.loops[-1].path == path}

    def allocate(self, path: Path, around: Frame | None = None) -> None:
        """Lines that make the tapes of the loops in the statement at `path`, which no loop surrounds.

        With `around`, a loop of which each iteration has its own records, only those that can be made before it.
        """
        self.apart = around is not None
        for v in sorted(self.plan.recorded, key=str):
            loops = self.plan.defs[v].loops
            if not loops or loops[0].path[: len(path)] != path or v in self.tapes:
                continue
            if around is None or not any(self.inside(a, around.path) for a in self.sizes(v, loops)):
                self.tapes[v] = self.tape(v, loops)
            elif not any(self.inside(a, around.path) for a in self.b.shape(v)):
                self.reuse(v, loops, around)

    def memory(self, op: str, extents: tuple[Atom, ...], dtype: str, hint: str) -> Var:
        """An array for records; marked where each iteration of a loop has its own."""
        if self.apart:
            return self.b.emit(op, *extents, dtype=dtype, hint=hint, **{OWN: True})
        return self.b.emit(op, *extents, dtype=dtype, hint=hint)

    def inside(self, atom: Atom, path: Path) -> bool:
        """Whether a name is defined in the statement at `path`."""
        return isinstance(atom, Var) and self.plan.defs[atom].path[: len(path)] == path

    def reuse(self, v: Var, loops: tuple[Frame, ...], around: Frame) -> None:
        """Allocate a tape that is long enough for every iteration of the loop `around`, if a count tells how long."""
        key = (around.path, loops[-1].path)
        if key not in self.most:
            lengths = Lengths(self.b, self.over.defs, self.over.memory.root)
            self.most[key] = lengths.total(loops, self.plan.defs[v].frames, around)
        rows = self.most[key]
        if rows is not None and v not in self.plan.later.values():
            array = self.memory("empty", (rows, *self.b.shape(v)), self.b.type(v).dtype, f"{v}_tape")
            flat = len(loops) > 1
            if flat:
                self.count_rows(v, loops)
            self.tapes[v] = Tape(array, loops, flat, False, False, True)

    def count_rows(self, v: Var, loops: tuple[Frame, ...]) -> None:
        """Make the cell that says where the next execution of a loop records."""
        if loops[-1].path not in self.cells:
            self.cells[loops[-1].path] = self.memory("zeros", (ONE,), "int64", f"{v}_place")

    def sizes(self, v: Var, loops: tuple[Frame, ...]) -> list[Var]:
        """The names from which the extents of a tape follow."""
        atoms = list(self.b.shape(v))
        for f in loops:
            if isinstance(f.region, Loop):
                atoms += [f.region.start, f.region.stop, f.region.step]
        return [a for a in atoms if isinstance(a, Var)]

    def tape(self, v: Var, loops: tuple[Frame, ...]) -> Tape:
        """Allocate the tape of one value."""
        type = self.b.type(v)
        flat = not all(is_known(f.region, self.plan.defs) for f in loops)
        total = self.total(v, loops) if flat else None
        longer = v in self.plan.later.values()
        extents = (total or _FIRST,) if flat else tuple(self.extent(f.region, longer) for f in loops)
        if longer:
            extents = (*extents[:-1], self.b.int("add", extents[-1], ONE))
        varies = any(isinstance(a, Var) and self.plan.defs[a].frames for a in self.b.shape(v))
        shape, dtype = ((), "int64") if varies else (self.b.shape(v), type.dtype)
        array = self.memory("empty", (*extents, *shape), dtype, f"{v}_tape")
        if flat and len(loops) > 1:
            self.count_rows(v, loops)
        ragged = self.end_to_end(v) if varies else None
        return Tape(array, loops, flat, flat and total is None, longer, flat or longer, ragged)

    def total(self, v: Var, loops: tuple[Frame, ...]) -> Atom | None:
        """The length of a tape with a single axis; None where it is not known beforehand."""
        path = loops[-1].path
        if path not in self.totals:
            self.totals[path] = Lengths(self.b, self.plan.defs, self.over.memory.root).total(
                loops, self.plan.defs[v].frames
            )
        return self.totals[path]

    def end_to_end(self, v: Var) -> Ragged:
        """Memory for all values of an array whose extents change."""
        array = self.memory("empty", (_FIRST,), self.b.type(v).dtype, f"{v}_values")
        return Ragged(array, self.memory("zeros", (ONE,), "int64", f"{v}_end"))

    def put(self, tape: Tape, place: Index, v: Var) -> None:
        """Record a value."""
        b, ragged = self.b, tape.ragged
        if ragged is None:
            b.store(tape.array, place, v)
            return
        begin, size = b.load(ragged.cell, (ZERO,), hint="begin"), product(b, b.shape(v))
        end = b.int("add", begin, size)
        b.grow(ragged.array, b.int("sub", end, ONE))
        row = v
        if b.type(v).rank > 1:
            row = b.emit(
                "reshape", v if b.type(v).layout == "C" else b.emit("copy", v, hint=str(v)), size, hint=f"{v}_flat"
            )
        b.store(ragged.array, (Slice(begin, end, None, begin, size),), row)
        b.store(tape.array, place, begin)
        b.store(ragged.cell, (ZERO,), end)

    def take(self, tape: Tape, place: Index, shape: tuple[Atom, ...], hint: str) -> Var:
        """Load a recorded value of these extents."""
        b, ragged = self.b, tape.ragged
        if ragged is None:
            return b.load(tape.array, place, hint)
        begin, size = b.load(tape.array, place, hint="begin"), product(b, shape)
        end = b.int("add", begin, size)
        several = len(shape) > 1
        row = b.load(ragged.array, (Slice(begin, end, None, begin, size),), hint=f"{hint}_flat" if several else hint)
        return b.emit("reshape", row, *shape, hint=hint) if several else row

    def extent(self, region: object, exact: bool) -> Atom:
        """The number of rows for a loop: its trip count, or unless `exact` with small constant starts the bound."""
        assert isinstance(region, Loop)
        if indexed(region) and not exact:
            return self.b.int("maximum", region.stop, ZERO)
        return self.b.int("maximum", trip_count(self.b, region), ZERO)

    def row(self, tape: Tape, region: Loop | While, index: Var) -> Atom:
        """The row of an iteration: the loop's index where it can serve, else the number of trips made before."""
        if not tape.counted and isinstance(region, Loop) and indexed(region):
            return index
        return self.trips_before(region, index)

    def trips_before(self, region: Loop | While, index: Var) -> Atom:
        """The number of trips made before an iteration; a `while` counts them in `index`."""
        if isinstance(region, While):
            return index
        if region.step == ONE:
            return self.b.int("sub", index, region.start)
        return self.b.int("floordiv", self.b.int("sub", index, region.start), region.step)

    def natural(self, offset: Atom) -> Atom:
        """A place in a sequence of records, of which whoever reads the index of a record sees that it is not negative.

        The machine's compiler gives a negative index its meaning: it would take a record to lie anywhere in two arrays.
        """
        return self.b.emit("maximum", offset, ZERO, hint="place")

    def place(self, tape: Tape, rows: list[Atom], offset: Atom) -> Index:
        """The index of a record in its tape."""
        lead = (self.b.int("add", offset, rows[-1]),) if tape.flat else tuple(rows)
        rest = self.b.shape(tape.array)[len(lead) :]
        return (*lead, *(Slice(None, None, None, ZERO, extent) for extent in rest))


def product(b: Builder, shape: tuple[Atom, ...]) -> Atom:
    """The number of elements of an array."""
    size: Atom = ONE
    for extent in shape:
        size = b.int("mul", size, extent)
    return size


def indexed(region: Loop) -> bool:
    """Whether a loop's own index serves as its row: it counts up by one from a small constant."""
    start = region.start
    small = getattr(start, "value", -1)
    return region.step == ONE and isinstance(small, int) and 0 <= small <= 8


_FIRST = type(ONE)(FIRST)
