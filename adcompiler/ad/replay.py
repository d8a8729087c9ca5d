"""The reverse sweep: the transposed lines, with every value of the primal made available before it is used."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from adcompiler.ad.augment import Known
from adcompiler.ad.prepare import Prepared
from adcompiler.ad.records.plan import Plan
from adcompiler.ad.records.tapes import Tape, Tapes
from adcompiler.ad.trips import trip_atoms, trips_of
from adcompiler.analysis.scope import Path
from adcompiler.ir.build import ONE, ZERO, Builder
from adcompiler.ir.types import INDEX
from adcompiler.ir.walk import (
    all_reads,
    as_var,
    defines,
    inner,
    map_blocks,
    map_operands,
    map_targets,
    operands,
)
from adcompiler.ir.wengert import Assign, Atom, Block, Branch, Carry, Const, Load, Loop, Out, Stmt, Var, While


@dataclass(slots=True)
class Backward:
    """Rewrites the transposed block: names of the primal become values that are there."""

    b: Builder
    primal: Prepared
    plan: Plan
    tapes: Tapes
    origin: dict[Var, Path]
    regions: dict[Path, Loop | While]
    free: set[Path]
    known: Known
    roots: Callable[[Var], Var]
    offsets: dict[Path, Atom] = field(default_factory=dict)
    indices: dict[Path, Var] = field(default_factory=dict)

    def block(self, block: Block) -> None:
        """Append a transposed block."""
        for stmt in block:
            with self.b.at(getattr(stmt, "span", None)):
                self.statement(stmt)

    def statement(self, stmt: Stmt) -> None:
        """Append one transposed statement, after lines for what it needs."""
        match stmt:
            case Loop(index=index) if index in self.origin:
                self.loop(stmt, self.origin[index])
            case Loop() | While():
                self.plain_loop(stmt)
            case Branch():
                self.branch(stmt)
            case _:
                self.add(map_operands(stmt, self.get))

    def add(self, stmt: Stmt) -> None:
        """Append a statement whose operands are there, and let the extents it defines refer to what is there."""
        for v in (*defines(stmt), *inner(stmt)):
            if v.name in self.b.shapes:
                self.b.shapes[v.name] = tuple(self.get(a) for a in self.b.shapes[v.name])
        self.b.add(stmt)

    def plain_loop(self, stmt: Loop | While) -> None:
        """A loop that a rule has built, or that runs again."""
        self.prefetch(stmt)
        self.add(map_blocks(map_operands(stmt, self.get), self.rewritten))

    def rewritten(self, block: Block) -> Block:
        """A block in which names of the primal are values that are there."""
        with self.b.block() as lines:
            self.block(block)
        return tuple(lines)

    def branch(self, stmt: Branch) -> None:
        """A branch: what only one arm needs is recomputed in it."""
        test, outer, arms, ends = self.get(stmt.test), self.known, list[Block](), list[list[Atom]]()
        for arm, block in enumerate((stmt.then, stmt.other)):
            self.known = dict(outer)
            with self.b.block() as lines:
                self.block(block)
                ends.append([self.get((o.then, o.other)[arm]) for o in stmt.outs])
            arms.append(tuple(lines))
        self.known = outer
        outs = tuple(Out(o.var, t, e) for o, t, e in zip(stmt.outs, *ends, strict=True))
        self.add(Branch(test, arms[0], arms[1], outs, stmt.span))

    def loop(self, stmt: Loop, path: Path) -> None:
        """A reversed loop: what its iterations need from outside is computed before it."""
        region = self.regions[path]
        stmt = self.in_order(stmt, region, path)
        self.prefetch(stmt, path)
        if self.tapes.of_loop(path):
            self.offsets[path] = self.offset(region, path)
        bounds = [self.get(a) for a in (stmt.start, stmt.stop, stmt.step)]
        inits = [self.get(c.init) for c in stmt.carried]
        begins = [(c, self.begins(c, path)) for c in stmt.carried]
        buffers = self.buffers(region)
        ends = [self.get(c.out) for c in buffers]
        outer = self.known
        self.known = dict(outer)
        present = {c: self.b.like(c.var) for c in buffers}
        self.known.update({as_var(c.next): present[c] for c in buffers})
        self.count(region, stmt.index, path)
        with self.b.block() as lines:
            self.block(stmt.body)
            nexts = [self.get(c.next) for c in stmt.carried]
            lengths = [length for c, first in begins for length in self.lengths(c, path, first)]
            befores = [self.get(c.var) for c in buffers]
        self.known = outer
        carried = tuple(
            replace(c, init=init, next=next_) for c, init, next_ in zip(stmt.carried, inits, nexts, strict=True)
        )
        carried += tuple(
            Carry(present[c], end, before, self.b.like(c.var))
            for c, end, before in zip(buffers, ends, befores, strict=True)
        )
        carried += tuple(lengths)
        self.add(replace(stmt, start=bounds[0], stop=bounds[1], step=bounds[2], carried=carried, body=tuple(lines)))

    def offset(self, region: Loop | While, path: Path) -> Atom:
        """Where the records of one run of a loop begin, where they lie end to end with those of its other runs."""
        cell = self.tapes.cells.get(path)
        if cell is None:
            return ZERO
        before = self.b.int("sub", self.b.load(cell, (ZERO,), hint="place"), map_trips(self, region))
        found = self.tapes.natural(before)
        self.b.store(cell, (ZERO,), found)
        return found

    def count(self, region: Loop | While, index: Var, path: Path) -> None:
        """Let the index of a reversed loop stand for that of the primal's."""
        self.indices[path] = index
        counter = self.primal.counter(region)
        if isinstance(region, Loop):
            self.known[region.index] = index
        elif counter is not None:
            self.known[counter.var] = index

    def lengths(self, c: Carry, path: Path, begins: Sequence[Atom]) -> list[Carry]:
        """Carried extents of a carried adjoint whose extents change from one iteration to the next.

        Called at the end of the body; gives the adjoint, which had the extents `begins` before the loop, its new ones.
        """
        made: list[Carry] = []
        shape, after = list(self.b.shape(c.var)), list(self.b.shape(c.var))
        for axis, begin in enumerate(begins):
            end = self.b.shape(c.next)[axis]
            if self.changes(shape[axis], path) or self.changes(end, path):
                var, out = (self.b.var(f"n_{c.var}", INDEX) for _ in range(2))
                made.append(Carry(var, begin, self.get(end), out))
                shape[axis], after[axis] = var, out
        if made:
            self.b.shapes[c.var.name], self.b.shapes[c.out.name] = tuple(shape), tuple(after)
        return made

    def begins(self, c: Carry, path: Path) -> tuple[Atom, ...]:
        """The extents that a carried adjoint has before its loop, if they change there."""
        extents = (*self.b.shape(c.var), *self.b.shape(c.next))
        return tuple(map(self.get, self.b.shape(c.init))) if any(self.changes(a, path) for a in extents) else ()

    def changes(self, extent: Atom, path: Path) -> bool:
        """Whether an extent is one of the primal that differs between the iterations of the loop at `path`."""
        return isinstance(extent, Var) and extent in self.plan.defs and self.within(extent, path)

    def buffers(self, region: Loop | While) -> list[Carry]:
        """The exchanged arrays of a loop to which the reverse sweep refers: they are exchanged back."""
        arrays = [c for c in region.carried if self.b.type(c.var).rank]
        exchanged = {c.next for c in arrays} == {c.var for c in arrays}
        return [c for c in arrays if exchanged and self.roots(c.var) in self.primal.restored]

    def in_order(self, stmt: Loop, region: Loop | While, path: Path) -> Loop:
        """The loop in the primal's order, where its iterations may run in any and no cell counts their records."""
        counted = any(cell[: len(path)] == path != cell for cell in self.tapes.cells)
        if path not in self.free or counted or not isinstance(region, Loop) or region.until is not None:
            return stmt
        return replace(stmt, start=region.start, stop=region.stop, step=region.step)

    def prefetch(self, stmt: Loop | While, path: Path | None = None) -> None:
        """Make available, before a loop, every value from outside it that its iterations will ask for."""
        agenda, seen = sorted(all_reads([stmt]), key=str), set[Var]()
        while agenda:
            v = agenda.pop()
            if v in seen or v not in self.plan.defs or v in self.known:
                continue
            seen.add(v)
            inside = path is not None and self.plan.defs[v].path[: len(path)] == path and self.within(v, path)
            if inside:
                agenda += [a for a in self.sources(v) if isinstance(a, Var)]
            else:
                self.get(v)

    def within(self, v: Var, path: Path) -> bool:
        """Whether `v` is defined inside the loop at `path`."""
        return any(f.path == path for f in self.plan.defs[v].frames)

    def sources(self, v: Var) -> list[Atom]:
        """What `v` is made from, by the plan."""
        d = self.plan.defs[v]
        bounds: list[Atom] = []
        for f in d.loops:
            if isinstance(f.region, Loop):
                bounds += [f.region.start, f.region.step]
            if f.path in self.tapes.flat_loops():
                bounds += list(trip_atoms(self.primal, f.region))
        shape = list(self.b.shape(v))
        if v in self.tapes.tapes or d.role in ("index", "carry"):
            return [*bounds, *shape]
        if v in self.plan.reloads:
            return list(operands(self.plan.reloads[v]))
        if v in self.plan.later:
            return bounds
        match d.stmt:
            case Branch(test=test, outs=outs):
                out = next(o for o in outs if o.var == v)
                return [test, out.then, out.other, *shape]
            case Assign() | Load():
                return [*operands(d.stmt), *shape]
            case _:
                return shape

    def get(self, atom: Atom) -> Atom:
        """The atom that stands for a name of the primal here; lines are appended where it must be made."""
        if isinstance(atom, Const) or atom not in self.plan.defs:
            return atom
        if atom not in self.known:
            self.known[atom] = self.make(atom)
        return self.known[atom]

    def make(self, v: Var) -> Atom:
        """Load a recorded value, or compute it again."""
        d = self.plan.defs[v]
        if not d.frames:
            return v
        if v in self.tapes.tapes:
            return self.restore(v, self.tapes.tapes[v])
        if v in self.plan.reloads:
            load = replace(self.plan.reloads[v], target=(target := self.b.like(v)))
            self.add(map_operands(load, self.get))
            return target
        if v in self.plan.later:
            return self.restore(v, self.tapes.tapes[self.plan.later[v]], ONE)
        match d.stmt:
            case Assign() | Load():
                target = self.b.like(v)
                self.add(map_targets(map_operands(d.stmt, self.get), lambda _: target))
                return target
            case Branch():
                return self.rebranch(v, d.stmt)
            case Loop() if v in self.primal.counters:
                return self.tapes.trips_before(replace(d.stmt, start=self.get(d.stmt.start)), self.indices[d.path])
            case _:
                pass
        raise AssertionError(f"{v} is not available in the reverse sweep")

    def restore(self, v: Var, tape: Tape, ahead: Const = ZERO) -> Atom:
        """Load a value from its tape, from the row of an iteration that is `ahead`."""
        rows = list[Atom]()
        for f in tape.loops:
            region = f.region
            if isinstance(region, Loop):
                region = replace(region, start=self.get(region.start), step=self.get(region.step))
            assert not isinstance(region, Branch)
            rows.append(self.tapes.row(tape, region, self.indices[f.path]))
        rows[-1] = self.b.int("add", rows[-1], ahead)
        place = self.tapes.place(tape, rows, self.offsets.get(tape.loops[-1].path, ZERO))
        target = self.tapes.take(tape, place, tuple(self.get(a) for a in self.b.shape(v)), str(v))
        if not self.b.type(v).rank:
            self.b.types[target.name] = self.b.type(v)
        return target

    def rebranch(self, v: Var, stmt: Branch) -> Atom:
        """Compute again what a branch yields."""
        out, test = next(o for o in stmt.outs if o.var == v), self.get(stmt.test)
        outer, arms, values = self.known, list[Block](), list[Atom]()
        for atom in (out.then, out.other):
            self.known = dict(outer)
            with self.b.block() as lines:
                values.append(self.get(atom))
            arms.append(tuple(lines))
        self.known = outer
        target = self.b.like(v)
        self.add(Branch(test, arms[0], arms[1], (Out(target, values[0], values[1]),), stmt.span))
        return target


def map_trips(back: Backward, region: Loop | While) -> Atom:
    """The number of trips, from values of the reverse sweep."""
    counter = back.primal.counter(region)
    if counter is not None:
        return back.get(counter.out)
    assert isinstance(region, Loop)
    here = replace(region, start=back.get(region.start), stop=back.get(region.stop), step=back.get(region.step))
    return trips_of(back.b, back.primal, here)
