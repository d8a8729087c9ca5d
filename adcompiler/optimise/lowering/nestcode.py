"""The loops of a nest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from adcompiler.ir.build import ONE, ZERO, Builder
from adcompiler.ir.ops import kind
from adcompiler.ir.types import INDEX, Type
from adcompiler.ir.wengert import Assign, Atom, Carry, Const, Loop, Store, Var
from adcompiler.optimise.lowering.folds import Values, converted, joined, running_types, start
from adcompiler.optimise.lowering.nests import Arrays, Nest

Running: TypeAlias = "dict[int, Values]"
Indices: TypeAlias = "tuple[Atom, ...]"
_LETTERS = "ijklmn"


@dataclass(slots=True)
class Writer:
    """Writes one nest; `sums` maps a reduction whose axes are not all innermost to the array it is gathered in."""

    arrays: Arrays
    nest: Nest
    sums: dict[int, Var] = field(default_factory=dict)
    order: tuple[int, ...] = field(init=False)
    memo: dict[tuple[Var, Indices], Atom] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.order = self.nest.order()

    @property
    def b(self) -> Builder:
        """Where lines are built."""
        return self.arrays.b

    def write(self) -> None:
        """Append the loops."""
        self.level(0, {}, {})

    # -- loops ---------------------------------------------------------------------------------------------------

    def level(self, depth: int, at: dict[int, Atom], running: Running) -> Running:
        """The loops from a depth inwards; gives what the reductions that began outside hold afterwards."""
        if depth == len(self.order):
            return self.body(tuple(at[k] for k in range(len(self.order))), running)
        beginning = [m for m in self.reductions() if self.begins(m) == depth]
        running = running | {id(m): start(m, *self.types(m)) for m in beginning}
        axis = self.order[depth]
        if self.nest.shape[axis] == ONE:
            after = self.level(depth + 1, at | {axis: ZERO}, running)
        else:
            after = self.loop(depth, axis, at, running)
        for m in beginning:
            self.finish(m, after.pop(id(m)), at)
        return after

    def loop(self, depth: int, axis: int, at: dict[int, Atom], running: Running) -> Running:
        """One loop of the nest."""
        index = self.b.var(_LETTERS[min(depth, len(_LETTERS) - 1)], INDEX)
        self.arrays.places.natural.add(index)
        lines = {id(m): m for m in self.reductions()}
        inside = {
            m: tuple(self.b.var(lines[m].target.name, t) for t in running_types(lines[m], *self.types(lines[m])))
            for m in running
        }
        outside = {m: tuple(self.b.like(v) for v in vs) for m, vs in inside.items()}
        with self.b.block() as body:
            after = self.level(depth + 1, at | {axis: index}, dict(inside))
        carried = tuple(
            Carry(var, init, last, out)
            for m in running
            for var, init, last, out in zip(inside[m], running[m], after[m], outside[m], strict=True)
        )
        self.b.add(Loop(index, ZERO, self.nest.shape[axis], ONE, carried, tuple(body), None, False, self.b.span))
        return dict(outside)

    def body(self, at: Indices, running: Running) -> Running:
        """What is computed for one element."""
        self.memo.clear()
        after = dict(running)
        for member in self.nest.members:
            with self.b.at(member.span):
                if isinstance(member, Store):
                    self.store(member, at)
                elif kind(member.op) == "reduce":
                    self.join(member, at, after)
                else:
                    self.make(member, at)
        return after

    # -- lines ---------------------------------------------------------------------------------------------------

    def make(self, line: Assign, at: Indices) -> None:
        """An element of a new array."""
        value = self.element(line, at)
        self.memo[line.target, at] = value
        if not self.nest.private(line.target):
            self.b.store(line.target, self.own(line.target, at), value)

    def store(self, stmt: Store, at: Indices) -> None:
        """An element of a region that is stored into."""
        place, value, add = self.arrays.stored(stmt), self.value(stmt.value, at), stmt.add
        index = self.arrays.places.element(place, at)
        before = self.memo.get((place.base, index))
        if add and before is not None and self.b.type(before) == self.b.type(value):
            value, add = self.b.emit("add", before, value), False
        self.b.store(place.base, index, value, add)
        for array, where in list(self.memo):
            if self.arrays.memory.overlap(place.base, array):
                del self.memo[array, where]
        if not add and self.b.type(value) == self.b.types[place.base.name].element:
            self.memo[place.base, index] = value

    def value(self, atom: Atom, at: Sequence[Atom]) -> Atom:
        """The element of a value, broadcast, at indices on the axes of what reads it."""
        if not isinstance(atom, Var) or not self.b.types[atom.name].rank:
            return atom
        own = self.own(atom, at)
        if atom in self.arrays.lazy:
            return self.element(self.arrays.lazy[atom], own)
        if (atom, own) not in self.memo:
            place = self.arrays.places.of(atom)
            self.memo[atom, own] = self.b.load(place.base, self.arrays.places.element(place, own))
        return self.memo[atom, own]

    def own(self, atom: Atom, at: Sequence[Atom]) -> Indices:
        """The indices on a value's own axes."""
        shape = self.b.shape(atom)
        return tuple(ZERO if extent == ONE else i for i, extent in zip(at[len(at) - len(shape) :], shape, strict=True))

    def element(self, line: Assign, at: Sequence[Atom]) -> Atom:
        """One element of what an array line computes."""
        type, params = self.b.types[line.target.name], dict[str, Any](line.params)
        match line.op:
            case "copy":
                return self.value(line.args[0], at)
            case "full":
                return self.strong(line.args[0], type.dtype)
            case "arange":
                steps = self.b.emit("mul", line.args[1], at[0])
                return self.b.emit("cast", self.b.emit("add", line.args[0], steps), dtype=type.dtype)
            case _:
                # an element of an array is strong, though Python numbers alone may make it up
                value = self.b.emit(line.op, *(self.value(a, at) for a in line.args), weak=False, **params)
                assert self.b.type(value).dtype == type.dtype, f"{line}: an element is {self.b.type(value)}"
                return value

    def strong(self, atom: Atom, dtype: str) -> Atom:
        """A scalar as an element of an array: it decides the precision of what it meets."""
        if isinstance(atom, Const):
            return Const(self.b.type(atom).numpy.type(atom.value).astype(dtype))
        return atom if self.b.types[atom.name] == Type(dtype) else self.b.emit("cast", atom, dtype=dtype)

    # -- reductions ----------------------------------------------------------------------------------------------

    def reductions(self) -> list[Assign]:
        """The reductions of the nest."""
        return [m for m in self.nest.members if isinstance(m, Assign) and kind(m.op) == "reduce"]

    def types(self, line: Assign) -> tuple[Type, Type]:
        """Element types of argument and result."""
        return self.b.type(line.args[0]).element, self.b.types[line.target.name].element

    def begins(self, line: Assign) -> int:
        """The depth from which on all loops are over axes that the reduction removes."""
        axes = dict(line.params)["axes"]
        assert isinstance(axes, tuple)
        depth = len(self.order)
        while depth > 0 and self.order[depth - 1] in axes:
            depth -= 1
        return depth

    def is_scattered(self, line: Assign) -> bool:
        """Whether a loop over an axis that the reduction removes has one inside over an axis that it keeps."""
        axes = dict(line.params)["axes"]
        assert isinstance(axes, tuple)
        outer = self.order[: self.begins(line)]
        return any(axis in axes and self.nest.shape[axis] != ONE for axis in outer)

    def join(self, line: Assign, at: Indices, after: Running) -> None:
        """One more element of a reduction."""
        element, result = self.types(line)
        value = self.value(line.args[0], at)
        if id(line) in after:
            after[id(line)] = joined(self.b, line.op, after[id(line)], value, self.position(line, at), result)
        else:
            self.finish(line, (converted(self.b, value, running_types(line, element, result)[0]),), dict(enumerate(at)))

    def position(self, line: Assign, at: Indices) -> Atom | None:
        """The index that argmax and argmin give: on their axis, or counted through all axes."""
        if line.op not in ("argmax", "argmin"):
            return None
        axes = dict(line.params)["axes"]
        assert isinstance(axes, tuple)
        place: Atom = ZERO
        for axis in axes:
            place = self.b.int("add", self.b.int("mul", place, self.nest.shape[axis]), at[axis])
        return place

    def finish(self, line: Assign, values: Values, at: dict[int, Atom]) -> None:
        """The result of a reduction, or what it adds to the array it is gathered in."""
        result = self.b.types[line.target.name]
        if not result.rank and isinstance(values[-1], Var) and self.b.type(values[-1]) == result:
            self.arrays.names[values[-1]] = line.target
            return
        if not result.rank:
            self.b.add(Assign(line.target, "cast", (values[-1],), (("dtype", result.dtype),), line.span))
            return
        kept = [ZERO if axis is None else at[axis] for axis in self.arrays.kept(line)]
        array = self.sums.get(id(line), line.target)
        index = self.arrays.places.element(self.arrays.places.of(array), kept)
        if id(line) not in self.sums:
            self.b.store(array, index, converted(self.b, values[-1], result.element))
        elif line.op == "sum":
            self.b.store(array, index, values[0], add=True)
        else:
            before = self.b.load(array, index)
            self.b.store(array, index, joined(self.b, line.op, (before,), values[0], None, result.element)[0])
