"""The augmented primal: its lines, and stores of what the reverse sweep will need."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from adcompiler.ad.prepare import Prepared
from adcompiler.ad.records.plan import Plan
from adcompiler.ad.records.tapes import Tape, Tapes
from adcompiler.ad.trips import trip_count, trips_of
from adcompiler.analysis.scope import Frame, Path
from adcompiler.ir.build import ZERO, Builder
from adcompiler.ir.types import Type
from adcompiler.ir.walk import defines, inner
from adcompiler.ir.wengert import Assign, Atom, Block, Branch, Const, Index, Load, Loop, Out, Var, While

Known = dict[Var, Atom]


@dataclass(slots=True)
class Forward:
    """Rebuilds the primal with the stores that record."""

    b: Builder
    primal: Prepared
    plan: Plan
    tapes: Tapes
    offsets: dict[Path, Atom] = field(default_factory=dict)
    kept: Known = field(default_factory=dict)

    def block(self, block: Block, path: Path, frames: tuple[Frame, ...]) -> None:
        """Append a block of the primal."""
        self.statements(block, path, frames, 0)

    def statements(self, block: Block, path: Path, frames: tuple[Frame, ...], first: int) -> None:
        """Append statements of a block, the first of which stands at position `first`."""
        for position, stmt in enumerate(block, first):
            here = (*path, position)
            if not frames:
                self.tapes.allocate(here)
            with self.b.at(getattr(stmt, "span", None)):
                match stmt:
                    case Loop() | While():
                        self.loop(stmt, here, frames)
                    case Branch():
                        self.branch(stmt, here, frames)
                    case Assign(target=target) if self.is_row(target):
                        self.copy(stmt, frames)
                        continue
                    case Load(target=target) if target in self.primal.copies:
                        copied = self.primal.copies[target]
                        self.b.add(copied if self.is_row(copied.array) else stmt)
                    case _:
                        self.b.add(stmt)
                self.record(defines(stmt), frames)

    def is_row(self, v: Var) -> bool:
        """Whether a copy with which an iteration begins is made in its tape, where the primal reads as well."""
        tape = self.tapes.tapes.get(v)
        copied = any(load.array == v for load in self.primal.copies.values())
        return copied and tape is not None and tape.ragged is None and not tape.grows

    def copy(self, stmt: Assign, frames: tuple[Frame, ...]) -> None:
        """Append a view of a tape in place of a copy, and fill it."""
        tape = self.tapes.tapes[stmt.target]
        self.b.add(Load(stmt.target, tape.array, self.place(tape, frames), stmt.span))
        self.b.store(stmt.target, self.b.everything(stmt.target), stmt.args[0])

    def joined(self, stmt: Loop | While, path: Path, adjoint: Callable[[], None], reversed_loop: Loop) -> None:
        """A loop in which the adjoint of each iteration follows it; what it defines is like a top-level name."""
        self.tapes.allocate(path, Frame(path, stmt, 0))
        first, *rest = (stmt.condition, stmt.body) if isinstance(stmt, While) else (stmt.body,)
        with self.b.block() as head:
            self.block(first, (*path, 0), ())
            if not rest:
                adjoint()
        with self.b.block() as tail:
            if rest:
                self.block(rest[0], (*path, 1), ())
                adjoint()
        carried = (*stmt.carried, *reversed_loop.carried)
        if isinstance(stmt, While):
            self.b.add(replace(stmt, carried=carried, condition=tuple(head), body=tuple(tail)))
        else:
            self.b.add(replace(stmt, carried=carried, body=tuple(head)))

    def loop(self, stmt: Loop | While, path: Path, frames: tuple[Frame, ...]) -> None:
        """A loop: its tapes get room at entry, its body records."""
        flat = self.tapes.of_loop(path)
        growing = [tape for tape in flat if tape.grows]
        if flat:
            cell = self.tapes.cells.get(path)
            offset: Atom = self.tapes.natural(self.b.load(cell, (ZERO,), hint="place")) if cell else ZERO
            self.offsets[path] = offset
            if isinstance(stmt, Loop):
                for tape in growing:
                    last = self.b.int("sub", self.b.int("add", offset, trip_count(self.b, stmt)), Const(1))
                    self.b.grow(tape.array, last)
        before, *rest = (stmt.condition, stmt.body) if isinstance(stmt, While) else (stmt.body,)
        with self.b.block() as first:
            within = (*frames, Frame(path, stmt, 0))
            if isinstance(stmt, While):
                row = self.counter(stmt)
                for tape in growing:
                    self.b.grow(tape.array, self.b.int("add", self.offsets[path], row))
            self.record(inner(stmt), within)
            self.block(before, (*path, 0), within)
        with self.b.block() as second:
            if rest:
                self.block(rest[0], (*path, 1), (*frames, Frame(path, stmt, 1)))
        if isinstance(stmt, While):
            self.b.add(replace(stmt, condition=tuple(first), body=tuple(second)))
        else:
            self.b.add(replace(stmt, body=tuple(first)))
        self.leave(stmt, path, frames)
        if flat and (cell := self.tapes.cells.get(path)):
            self.b.store(cell, (ZERO,), self.b.int("add", self.offsets[path], trips_of(self.b, self.primal, stmt)))

    def leave(self, stmt: Loop | While, path: Path, frames: tuple[Frame, ...]) -> None:
        """Record what a loop hands on after its last iteration, where the reverse sweep looks for it."""
        for v, tape in self.tapes.longer(path).items():
            rows = [self.row(tape, f) for f in frames if f.is_loop]
            place = self.tapes.place(tape, [*rows, trips_of(self.b, self.primal, stmt)], ZERO)
            self.tapes.put(tape, place, next(c.out for c in stmt.carried if c.var == v))

    def branch(self, stmt: Branch, path: Path, frames: tuple[Frame, ...]) -> None:
        """A branch: outside loops a recorded value of an arm becomes a result of the branch."""
        arms = list[Block]()
        for arm, block in enumerate((stmt.then, stmt.other)):
            with self.b.block() as lines:
                self.block(block, (*path, arm), (*frames, Frame(path, stmt, arm)))
            arms.append(tuple(lines))
        outs = list(stmt.outs)
        if not any(f.is_loop for f in frames):
            for v in sorted(self.plan.recorded, key=str):
                d = self.plan.defs[v]
                if d.loops or not (d.frames and any(f.path == path for f in d.frames)):
                    continue
                arm = next(f.arm for f in d.frames if f.path == path)
                value = self.kept.get(v, v)
                var = self.b.like(v)
                with self.b.block() as lines:
                    dummy = self.dummy(v)
                arms[1 - arm] = (*arms[1 - arm], *lines)
                outs.append(Out(var, *((value, dummy) if arm == 0 else (dummy, value))))
                self.kept[v] = var
        for v, atom in self.kept.items():
            if isinstance(atom, Var) and self.b.type(v).rank:
                self.b.shapes[atom.name] = tuple(
                    self.kept.get(a, a) if isinstance(a, Var) else a for a in self.b.shape(v)
                )
        self.b.add(Branch(stmt.test, arms[0], arms[1], tuple(outs), stmt.span))

    def dummy(self, v: Var) -> Atom:
        """What stands for a recorded value in the arm that does not compute it."""
        type = self.b.type(v)
        if type.rank:
            return self.b.emit("empty", *(ZERO for _ in range(type.rank)), dtype=type.dtype, hint=f"no_{v}")
        return literal_zero(type)

    def record(self, names: Iterable[Var], frames: tuple[Frame, ...]) -> None:
        """Store the recorded ones of the names just defined."""
        for v in names:
            tape = self.tapes.tapes.get(v)
            if tape is not None:
                self.tapes.put(tape, self.place(tape, frames), v)

    def place(self, tape: Tape, frames: tuple[Frame, ...]) -> Index:
        """Where the present iteration records."""
        rows = [self.row(tape, f) for f in frames if f.is_loop]
        return self.tapes.place(tape, rows, self.offsets.get(tape.loops[-1].path, ZERO))

    def row(self, tape: Tape, frame: Frame) -> Atom:
        """The row of the present iteration of a loop of the primal."""
        region = frame.region
        assert not isinstance(region, Branch)
        return self.tapes.row(tape, region, self.counter(region) if isinstance(region, While) else region.index)

    def counter(self, region: While) -> Var:
        """The number of trips that a `while` has made."""
        counter = self.primal.counter(region)
        assert counter is not None
        return counter.var


def literal_zero(type: Type) -> Const:
    """The zero of a scalar type."""
    if type.weak:
        return Const({"bool": False, "int64": 0, "float64": 0.0, "complex128": 0j}[type.dtype])
    return Const(type.numpy.type(0))
