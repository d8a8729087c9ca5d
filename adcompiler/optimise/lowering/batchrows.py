"""What a loop that runs in batches keeps for each row of a batch: arrays of one iteration, sums and factors."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from adcompiler.ir.build import ONE, ZERO, Builder
from adcompiler.ir.walk import map_blocks
from adcompiler.ir.wengert import (
    Assign,
    Atom,
    Block,
    Carry,
    Const,
    Index,
    Load,
    Loop,
    Slice,
    Stmt,
    Store,
    Var,
)
from adcompiler.optimise.lowering.rowwise import Gathered, Nest, Spread, bounds

#: So many rows make a batch if what they keep has no more elements than this, and more if it has fewer: small products
#: take most of their time to begin.
ROWS, ELEMENTS = (64, 512), (2**20, 2**14)


@dataclass(frozen=True, slots=True)
class Group:
    """Lines of an iteration, what they add to carried values, the earlier numbers they read, their products."""

    lines: Block
    carried: tuple[Carry, ...]
    taken: tuple[Var, ...]
    products: tuple[Gathered | Spread, ...]


@dataclass(frozen=True, slots=True)
class Batched:
    """A loop that runs in batches, part by part.

    Each row has the arrays in `own`, which these lines make for one. Those in `passing` serve within one part alone, so
    that a batch needs one for all of its rows.
    """

    loop: Loop
    groups: tuple[Group, ...]
    own: dict[Var, Assign]
    passing: dict[Var, Assign]

    @property
    def products(self) -> list[Gathered | Spread]:
        """The products of all parts."""
        return [found for group in self.groups for found in group.products]


@dataclass(slots=True)
class Rows:
    """The arrays that have a row for each row of a batch, which goes from `begin` to `end` and has `here` rows.

    `held` names them: those of `own`, the sums of `Gathered`, the factors of `Spread`, and the numbers that one part
    hands on. `runs` tells of a nest whether all of its loops run, `widths` how many sums or factors a row has.
    """

    batched: Batched
    held: dict[object, Var] = field(default_factory=dict)
    runs: dict[Nest, Atom] = field(default_factory=dict)
    widths: dict[Gathered | Spread, Atom] = field(default_factory=dict)
    begin: Atom = ZERO
    end: Atom = ZERO
    here: Atom = ZERO

    @property
    def loop(self) -> Loop:
        """The loop over the rows."""
        return self.batched.loop

    @property
    def is_plain(self) -> bool:
        """Whether surely no row is counted from the end of a matrix."""
        start = self.loop.start
        return isinstance(start, Const) and isinstance(start.value, int) and start.value >= 0

    def count(self, b: Builder, trips: Atom) -> Atom:
        """Append the lines that find how many rows a batch has."""
        size: Atom = ONE
        for made in self.batched.own.values():
            elements: Atom = ONE
            for extent in made.args:
                elements = b.int("mul", elements, extent)
            size = b.int("add", size, elements)
        for found in self.batched.products:
            self.widths[found] = b.int("maximum", bounds(b, found.nest.outer)[1], ZERO)
            size = b.int("add", size, self.widths[found])
            self.runs[found.nest] = self.runs.get(found.nest) or self.all_run(b, found.nest)
        few, many = (
            b.int("minimum", b.int("floordiv", Const(elements), size), Const(rows))
            for rows, elements in zip(ROWS, ELEMENTS, strict=True)
        )
        most = b.int("minimum", b.int("maximum", few, many), trips)
        if not self.is_plain:
            # rows counted from the end do not all follow each other: then each is a batch
            most = b.emit("where", b.emit("lt", self.loop.start, ZERO), ONE, most, hint="n")
        return b.int("maximum", most, ONE, "rows")

    def prepare(self, b: Builder) -> None:
        """Append the lines that make the arrays of a batch: each has its own, so that threads may share the batches."""
        for v, made in self.batched.own.items():
            self.held[v] = b.emit(made.op, self.here, *made.args, dtype=b.type(v).dtype, hint=v.name)
        for v, made in self.batched.passing.items():
            self.held[v] = b.like(v)
            b.add(replace(made, target=self.held[v], span=b.span))
        for found, width in self.widths.items():
            self.hold(b, found, width)
        for v in (v for group in self.batched.groups for v in group.taken):
            if v not in self.held:
                self.held[v] = b.emit("empty", self.here, dtype=b.type(v).dtype, hint=f"{v}_rows")

    def hold(self, b: Builder, found: Gathered | Spread, width: Atom) -> None:
        """Make the array of the sums, or of the factors, of a product."""
        if isinstance(found, Gathered):
            dtype = b.type(found.matrix.array).dtype
            # without an iteration of the inner loop nothing is computed
            self.held[found] = b.emit("zeros", self.here, width, dtype=dtype, hint="sums")
        elif (found.nest.place, found.number) not in self.held:
            dtype = b.type(found.load.array).dtype
            held = b.emit("empty", self.here, width, dtype=dtype, hint=f"{found.number}_rows")
            self.held[found.nest.place, found.number] = held

    def all_run(self, b: Builder, nest: Nest) -> Var:
        """Whether all loops of a nest run: only then all elements are known to be there."""
        runs = b.emit("lt", self.loop.start, self.loop.stop, hint="runs", weak=True)
        for start, stop in (bounds(b, loop) for loop in (nest.outer, nest.inner)):
            runs = b.emit("logical_and", runs, b.emit("lt", start, stop, hint="runs", weak=True), hint="runs")
        return runs

    # -- elements and matrices -----------------------------------------------------------------------------------

    def at(self, block: Block, row: Atom) -> Block:
        """Lines that read and write the arrays of one row."""

        def moved(stmt: Stmt) -> Stmt:
            if isinstance(stmt, (Load, Store)) and stmt.array in self.batched.own:
                return replace(stmt, array=self.held[stmt.array], index=(row, *stmt.index))
            if isinstance(stmt, (Load, Store)) and stmt.array in self.batched.passing:
                return replace(stmt, array=self.held[stmt.array])
            return map_blocks(stmt, lambda inner: tuple(map(moved, inner)))

        return tuple(map(moved, block))

    def matrix(self, b: Builder, access: Load | Store, nest: Nest, first: Var) -> Var:
        """The part of a matrix over which an access passes in a batch, with the axis of the index `first` first."""
        array, index = self.region(b, access, nest)
        order = access.index if len(access.index) == 2 else (self.loop.index, *access.index)
        view = b.view(array, index, hint=array.name)
        return view if order[0] == first else b.emit("transpose", view, axes=(1, 0), hint=array.name)

    def region(self, b: Builder, access: Load | Store, nest: Nest) -> tuple[Var, Index]:
        """The array and the slices over which an access passes in a batch."""
        ranges: dict[object, tuple[Atom, Atom]] = {loop.index: bounds(b, loop) for loop in (nest.outer, nest.inner)}
        array, slices = access.array, list[Slice]()
        for i, extent in zip(access.index, b.shape(array), strict=True):
            slices.append(_slice(b, *(self.rows(b, extent) if i == self.loop.index else ranges[i])))
        if array in self.batched.own:
            array, slices = self.held[array], [_slice(b, ZERO, self.here), *slices]
        whole = [_slice(b, ZERO, extent) for extent in b.shape(array)]
        everything = b.everything(array)
        return array, tuple(e if s == w else s for s, w, e in zip(slices, whole, everything, strict=True))

    def rows(self, b: Builder, extent: Atom) -> tuple[Atom, Atom]:
        """The rows of a batch in a matrix that has so many."""
        if self.is_plain:
            return self.begin, self.end
        from_end = b.emit("lt", self.begin, ZERO)
        first = b.emit("where", from_end, b.int("add", self.begin, extent), self.begin, hint="first")
        return first, b.int("add", first, self.here)

    def of_rows(self, b: Builder, array: Var, nest: Nest) -> tuple[Var, Index]:
        """The part of an array of sums, or of factors, that a batch uses."""
        return array, (_slice(b, ZERO, self.here), _slice(b, *bounds(b, nest.outer)))


def _slice(b: Builder, start: Atom, stop: Atom) -> Slice:
    return Slice(start, stop, None, start, b.int("sub", stop, start))


__all__ = ["Batched", "Group", "Rows"]
