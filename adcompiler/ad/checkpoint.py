"""The reverse sweep of a checkpointed loop: iterations run again from kept states, each is reversed once.

slots of states, the first with the state before the loop
for k in reversed(range(trips)):
    take the state from the last slot
    for j in range(its iteration, k):
        keep the state in the next slot where the schedule says so
        run iteration j
    reverse iteration k
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from adcompiler.ad.marked import Marked
from adcompiler.ad.tapes import product
from adcompiler.analysis.alias import aliases
from adcompiler.ir.build import ONE, ZERO, Builder
from adcompiler.ir.inlining import inlined
from adcompiler.ir.types import INDEX
from adcompiler.ir.walk import as_var
from adcompiler.ir.wengert import Atom, Branch, Carry, Const, Func, Loop, Out, Slice, Var

Values = dict[Var, Atom]


@dataclass(slots=True)
class Replayed:
    """Writes the reverse sweep of one loop.

    `slots` hold the values of kept states, by the carried name or the array; `places` the iterations before which they
    are the state.
    """

    b: Builder
    marked: Marked
    trips: Atom
    count: Atom = field(init=False)
    places: Var = field(init=False)
    slots: dict[Var, Var] = field(default_factory=dict)

    @property
    def names(self) -> list[Var]:
        """What a state consists of: carried names, then arrays from outside."""
        return [*(c.var for c in self.marked.state), *self.marked.kept]

    # -- memory --------------------------------------------------------------------------------------------------

    def allocate(self) -> None:
        """Make room for states, and keep the one before the loop."""
        b = self.b
        self.count = self.slot_count()
        b.note("states of the loop from which its iterations run again")
        self.places = b.emit("empty", self.count, dtype="int64", hint="places")
        for v in self.names:
            self.slots[v] = b.emit("empty", self.count, *self.extents(v), dtype=b.type(v).dtype, hint=f"{v}_kept")
        first = {c.var: self.before(c.init) for c in self.marked.state}
        self.keep({**first, **{v: self.before(v) for v in self.marked.kept}}, ZERO, ZERO)

    def slot_count(self) -> Atom:
        """How many states are kept at most: one at least, and no more than there are iterations."""
        b, budget = self.b, self.marked.step.loop.budget
        assert budget is not None
        amount = budget.amount
        if budget.unit == "bytes":
            size: Atom = Const(8)
            for v in self.names:
                bytes_of = b.int("mul", product(b, b.shape(v)), Const(b.type(v).numpy.itemsize))
                size = b.int("add", size, bytes_of, hint="state")
            few = b.emit("lt", amount, size, weak=True)
            b.check(few, "MemoryError", "the memory of checkpointed_range() does not hold one state of the loop")
            amount = b.int("floordiv", amount, size, hint="slots")
        return b.int("maximum", b.int("minimum", amount, self.trips), ONE, hint="slots")

    def turned(self, v: Var) -> bool:
        """Whether an array lies in memory column by column; its state is kept as its transpose."""
        return self.b.type(v).layout == "F" and self.b.type(v).rank > 1

    def before(self, atom: Atom) -> Atom:
        """A value from before the loop: of an array that is overwritten later, its copy."""
        return self.marked.contents.get(atom, atom) if isinstance(atom, Var) else atom

    def extents(self, v: Var) -> tuple[Atom, ...]:
        """The extents of what a slot holds of a name."""
        shape = self.b.shape(v)
        return tuple(reversed(shape)) if self.turned(v) else shape

    def place(self, v: Var, slot: Atom) -> tuple[Atom | Slice, ...]:
        """The index of a slot."""
        return (slot, *(Slice(None, None, None, ZERO, extent) for extent in self.extents(v)))

    def transposed(self, v: Var, array: Atom) -> Var:
        """The transpose of what stands for an array."""
        return self.b.emit("transpose", array, axes=tuple(reversed(range(self.b.type(v).rank))), hint=str(v))

    def keep(self, state: Values, slot: Atom, iteration: Atom) -> None:
        """Keep the state before an iteration."""
        for v in self.names:
            value = self.transposed(v, state[v]) if self.turned(v) else state[v]
            self.b.store(self.slots[v], self.place(v, slot), value)
        self.b.store(self.places, (slot,), iteration)

    def take(self, slot: Atom) -> Values:
        """The state in a slot; of arrays a copy, into which iterations that run again may store."""
        state: Values = {}
        for v in self.names:
            value = self.b.load(self.slots[v], self.place(v, slot), hint=str(v))
            if self.b.type(v).rank:
                copy = self.b.emit("copy", value, hint=str(v))
                state[v] = self.transposed(v, copy) if self.turned(v) else copy
            else:
                self.b.types[value.name] = self.b.type(v)
                state[v] = value
        return state

    # -- iterations ----------------------------------------------------------------------------------------------

    def call(self, fn: Func, state: Values, iteration: Atom, bars: Values) -> list[Atom]:
        """Append the lines of one of the parts."""
        loop = self.marked.step.loop
        index = self.b.int("add", loop.start, self.b.int("mul", iteration, loop.step), hint=str(loop.index))
        known = {loop.index: index, **state, **bars}
        for owner, bar in bars.items():
            # the extents of an adjoint are those of what stands for it
            for extent, here in zip(fn.shape(owner), self.b.shape(bar), strict=True):
                if isinstance(extent, Var) and extent not in self.marked.step.scalars:
                    known[extent] = here
        return inlined(self.b, fn, [known.get(p) or self.before(p) for p in fn.params])

    def split(self, steps: Atom, slots: Atom) -> Atom:
        """How far after a kept state to keep the next."""
        return self.b.emit("split", steps, slots, hint="ahead")

    def again(self, state: Values, at: Atom, last: Atom, k: Var) -> tuple[Values, Atom]:
        """Run the iterations from `at` to before `k`, keeping states; the state there, and the slots then in use."""
        b, carried = self.b, [c.var for c in self.marked.state]
        steps = b.int("add", b.int("sub", k, at), ONE)
        due = b.int("add", at, self.split(steps, b.int("sub", self.count, last)), hint="due")
        inner = {v: b.like(v) for v in carried}
        j, used, next_due = b.var("j", INDEX), b.var("used", INDEX), b.var("due", INDEX)
        with b.block() as body:
            now = {**state, **inner}
            used_then, due_then = self.kept_when_due(now, j, used, next_due, k)
            nexts = self.call(self.marked.advance, now, j, {})
        outs = {v: b.like(v) for v in carried}
        carries = [Carry(inner[v], state[v], after, outs[v]) for v, after in zip(carried, nexts, strict=False)]
        in_use = b.var("used", INDEX)
        carries.append(Carry(used, b.int("add", last, ONE), used_then, in_use))
        carries.append(Carry(next_due, due, due_then, b.var("due", INDEX)))
        b.add(Loop(j, at, k, ONE, tuple(carries), tuple(body), None, False, b.span))
        return {**state, **outs}, in_use

    def kept_when_due(self, state: Values, j: Var, used: Var, due: Var, k: Var) -> tuple[Var, Var]:
        """Keep the state before iteration `j` if it is due; the slots then in use, and the next iteration due."""
        b = self.b
        test = b.emit("eq", j, due, hint="keeps", weak=True)
        with b.block() as then:
            self.keep(state, used, j)
            steps = b.int("add", b.int("sub", k, j), ONE)
            after = b.int("add", j, self.split(steps, b.int("sub", self.count, used)), hint="due")
            more = b.int("add", used, ONE)
        used_then, due_then = b.var("used", INDEX), b.var("due", INDEX)
        outs = (Out(used_then, more, used), Out(due_then, after, due))
        b.add(Branch(test, tuple(then), (), outs, b.span))
        return used_then, due_then

    def reverse(self, incoming: Values, shadows: Mapping[Var, Atom]) -> Values:
        """The whole sweep; `incoming` are the adjoints that it carries, and the result those before the loop.

        Both are named by carried value or scalar; `shadows` are those of arrays from outside.
        """
        b, marked = self.b, self.marked
        if marked.step.once:
            return self.once(incoming, shadows)
        self.allocate()
        owners = list(incoming)
        bars = {v: b.like(v, f"{v}_bar") for v in owners}
        k, used = b.var("k", INDEX), b.var("used", INDEX)
        with b.block() as body:
            last = b.int("sub", used, ONE, hint="last")
            at = b.load(self.places, (last,), hint="at")
            b.types[at.name] = INDEX
            state, in_use = self.again(self.take(last), at, last, k)
            ends = self.call(marked.turn, state, k, {**self.seeds(bars), **shadows})
            here = b.emit("eq", at, k, hint="spent", weak=True)
            left = b.emit("where", here, last, in_use, hint="used", weak=True)
        outs = {v: b.like(v, f"{v}_bar") for v in owners}
        carries = [Carry(bars[v], incoming[v], end, outs[v]) for v, end in zip(owners, ends, strict=True)]
        carries.append(Carry(used, ONE, left, b.var("used", INDEX)))
        start = b.int("sub", self.trips, ONE)
        b.add(Loop(k, start, Const(-1), Const(-1), tuple(carries), tuple(body), None, False, b.span))
        return dict(outs)

    def once(self, incoming: Values, shadows: Mapping[Var, Atom]) -> Values:
        """The sweep of a single iteration: it starts from the state before the loop."""
        turn = self.marked.turn
        inits = {c.var: c.init for c in self.marked.state}
        memory = aliases(turn)
        state: Values = {}
        for v in turn.params:
            if v in inits or v in self.marked.step.bases:
                state[v] = self.seen_again(self.before(inits.get(v, v)), memory.root(v) in memory.stored)
        ends = self.call(self.marked.turn, state, ZERO, {**self.seeds(incoming), **shadows})
        return dict(zip(incoming, ends, strict=True))

    def seen_again(self, value: Atom, stored: bool) -> Atom:
        """A value under another name, so that what is computed from it is not taken for what was computed before.

        An array into which the call stores is copied.
        """
        if not isinstance(value, Var) or not self.b.type(value).rank:
            return value
        if stored:
            return self.b.emit("copy", value, hint=str(value))
        return self.b.load(value, self.b.everything(value), hint=str(value))

    def seeds(self, bars: Mapping[Var, Atom]) -> Values:
        """The parameters of the reversed iteration that are adjoints of carried values and scalars."""
        return {as_var(self.marked.bars[v]): bar for v, bar in bars.items()}
