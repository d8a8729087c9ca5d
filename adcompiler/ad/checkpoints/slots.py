"""Kept states of a checkpointed loop: where they lie, and when the schedule keeps one."""

from __future__ import annotations

from dataclasses import dataclass

from adcompiler.ad.checkpoints.marked import Marked, Stored
from adcompiler.ad.records.tapes import product
from adcompiler.ir.build import ONE, ZERO, Builder
from adcompiler.ir.types import INDEX
from adcompiler.ir.wengert import Atom, Branch, Const, Out, Slice, Var

Values = dict[Var, Atom]


def room(b: Builder, marked: Marked, trips: Atom) -> Stored:
    """Lines that make room for the states of a loop that runs `trips` times."""
    count = slot_count(b, marked, trips)
    b.note("states of the loop from which its iterations run again")
    places = b.emit("empty", count, dtype="int64", hint="places")
    slots = {}
    for v in marked.names:
        extents = tuple(reversed(b.shape(v))) if turned(b, v) else b.shape(v)
        slots[v] = b.emit("empty", count, *extents, dtype=b.type(v).dtype, hint=f"{v}_kept")
    return Stored(count, places, slots)


def slot_count(b: Builder, marked: Marked, trips: Atom) -> Atom:
    """How many states are kept at most: one at least, and no more than there are iterations."""
    budget = marked.step.loop.budget
    assert budget is not None
    amount = budget.amount
    if budget.unit == "bytes":
        size: Atom = Const(8)
        for v in marked.names:
            bytes_of = b.int("mul", product(b, b.shape(v)), Const(b.type(v).numpy.itemsize))
            size = b.int("add", size, bytes_of, hint="state")
        few = b.emit("lt", amount, size, weak=True)
        b.check(few, "MemoryError", "the memory that kept states may take does not hold one state of the loop")
        amount = b.int("floordiv", amount, size, hint="slots")
    elif budget.unit == "default":
        amount = twice(b, trips)
    return b.int("maximum", b.int("minimum", amount, trips), ONE, hint="slots")


def twice(b: Builder, trips: Atom) -> Atom:
    """The fewest states with which no iteration runs more than twice again: (s + 1) (s + 2) / 2 > trips."""
    size = b.emit("add", b.emit("mul", Const(8.0), trips, weak=True), Const(9.0), weak=True)
    root = b.emit("mul", b.emit("sub", b.emit("sqrt", size), Const(3.0)), Const(0.5))
    return b.emit("cast", b.emit("ceil", root), dtype="int64", weak=True, hint="slots")


def turned(b: Builder, v: Var) -> bool:
    """Whether an array lies in memory column by column; its state is kept as its transpose."""
    return b.type(v).layout == "F" and b.type(v).rank > 1


def like(b: Builder, v: Var) -> Var:
    """A new array with the extents and the layout of another."""
    shape, dtype = b.shape(v), b.type(v).dtype
    if not turned(b, v):
        return b.emit("empty", *shape, dtype=dtype, hint=str(v))
    rows = b.emit("empty", *reversed(shape), dtype=dtype, hint=str(v))
    return b.emit("transpose", rows, axes=tuple(reversed(range(len(shape)))), hint=str(v))


@dataclass(slots=True)
class Slots:
    """Writes lines that keep states and take them again."""

    b: Builder
    names: list[Var]
    stored: Stored

    def place(self, v: Var, slot: Atom) -> tuple[Atom | Slice, ...]:
        """The index of a slot."""
        extents = self.b.shape(self.stored.slots[v])[1:]
        return (slot, *(Slice(None, None, None, ZERO, extent) for extent in extents))

    def transposed(self, v: Var, array: Atom) -> Var:
        """The transpose of what stands for an array."""
        return self.b.emit("transpose", array, axes=tuple(reversed(range(self.b.type(v).rank))), hint=str(v))

    def keep(self, state: Values, slot: Atom, iteration: Atom) -> None:
        """Keep the state before an iteration."""
        for v in self.names:
            value = self.transposed(v, state[v]) if turned(self.b, v) else state[v]
            self.b.store(self.stored.slots[v], self.place(v, slot), value)
        self.b.store(self.stored.places, (slot,), iteration)

    def take(self, slot: Atom) -> Values:
        """The state in a slot; of arrays a copy, into which iterations that run again may store."""
        state: Values = {}
        for v in self.names:
            value = self.b.load(self.stored.slots[v], self.place(v, slot), hint=str(v))
            if self.b.type(v).rank:
                copy = self.b.emit("copy", value, hint=str(v))
                state[v] = self.transposed(v, copy) if turned(self.b, v) else copy
            else:
                self.b.types[value.name] = self.b.type(v)
                state[v] = value
        return state

    def next_due(self, iteration: Atom, end: Atom, slot: Atom) -> Atom:
        """The iteration before which to keep the next state after that before `iteration`, which lies in `slot`.

        The iterations up to `end` are to be reversed.
        """
        b = self.b
        steps = b.int("add", b.int("sub", end, iteration), ONE)
        ahead = b.emit("split", steps, b.int("sub", self.stored.count, slot), hint="ahead")
        return b.int("add", iteration, ahead, hint="due")

    def keep_when_due(self, state: Values, iteration: Atom, used: Var, due: Var, end: Atom) -> tuple[Var, Var]:
        """Keep the state before `iteration` if it is due; the slots then in use, and the next iteration due."""
        b = self.b
        test = b.emit("eq", iteration, due, hint="keeps", weak=True)
        with b.block() as then:
            self.keep(state, used, iteration)
            after = self.next_due(iteration, end, used)
            more = b.int("add", used, ONE)
        used_then, due_then = b.var("used", INDEX), b.var("due", INDEX)
        b.add(Branch(test, tuple(then), (), (Out(used_then, more, used), Out(due_then, after, due)), b.span))
        return used_then, due_then
