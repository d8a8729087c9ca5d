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
from dataclasses import dataclass

from adcompiler.ad.checkpoints.marked import Marked
from adcompiler.ad.checkpoints.slots import Slots, Values, like, room
from adcompiler.analysis.alias import aliases
from adcompiler.ir.build import ONE, ZERO, Builder
from adcompiler.ir.inlining import inlined
from adcompiler.ir.types import INDEX
from adcompiler.ir.walk import as_var
from adcompiler.ir.wengert import Atom, Carry, Const, Func, Loop, Var


@dataclass(slots=True)
class Replayed:
    """Writes the reverse sweep of one loop."""

    b: Builder
    marked: Marked
    trips: Atom

    def before(self, atom: Atom) -> Atom:
        """A value from before the loop: of an array that is overwritten later, its copy."""
        return self.marked.contents.get(atom, atom) if isinstance(atom, Var) else atom

    def kept(self) -> tuple[Slots, Atom]:
        """The states, and how many there are when the sweep begins: those of the primal, or that before the loop."""
        marked = self.marked
        if marked.stored is not None:
            assert marked.stored.used is not None
            return Slots(self.b, marked.names, marked.stored), marked.stored.used
        slots = Slots(self.b, marked.names, room(self.b, marked, self.trips))
        first = {c.var: c.init for c in marked.state}
        slots.keep({v: self.before(first.get(v, v)) for v in marked.names}, ZERO, ZERO)
        return slots, ONE

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

    def state(self, slots: Slots, last: Atom) -> Values:
        """The state in a slot, with room for arrays whose contents at the start of an iteration do not matter."""
        room = {v: like(self.b, v) for v in self.marked.kept if v in self.marked.step.passing}
        return {**slots.take(last), **room}

    def again(self, slots: Slots, at: Atom, last: Atom, k: Var) -> tuple[Values, Atom]:
        """Run the iterations from `at` to before `k`, keeping states; the state there, and the slots then in use."""
        b, carried, state = self.b, [c.var for c in self.marked.state], self.state(slots, last)
        inner = {v: b.like(v) for v in carried}
        j, used, due = b.var("j", INDEX), b.var("used", INDEX), b.var("due", INDEX)
        first = slots.next_due(at, k, last)
        with b.block() as body:
            now = {**state, **inner}
            used_then, due_then = slots.keep_when_due(now, j, used, due, k)
            nexts = self.call(self.marked.advance, now, j, {})
        outs = {v: b.like(v) for v in carried}
        carries = [Carry(inner[v], state[v], after, outs[v]) for v, after in zip(carried, nexts, strict=False)]
        in_use = b.var("used", INDEX)
        carries.append(Carry(used, b.int("add", last, ONE), used_then, in_use))
        carries.append(Carry(due, first, due_then, b.var("due", INDEX)))
        b.add(Loop(j, at, k, ONE, tuple(carries), tuple(body), None, False, b.span))
        return {**state, **outs}, in_use

    def reverse(self, incoming: Values, shadows: Mapping[Var, Atom]) -> Values:
        """The whole sweep; `incoming` are the adjoints that it carries, and the result those before the loop.

        Both are named by carried value or scalar; `shadows` are those of arrays from outside.
        """
        b, marked = self.b, self.marked
        if marked.step.once:
            return self.once(incoming, shadows)
        slots, begin = self.kept()
        owners = list(incoming)
        bars = {v: b.like(v, f"{v}_bar") for v in owners}
        k, used = b.var("k", INDEX), b.var("used", INDEX)
        with b.block() as body:
            last = b.int("sub", used, ONE, hint="last")
            at = b.load(slots.stored.places, (last,), hint="at")
            b.types[at.name] = INDEX
            state, in_use = self.again(slots, at, last, k)
            ends = self.call(marked.turn, state, k, {**self.seeds(bars), **shadows})
            here = b.emit("eq", at, k, hint="spent", weak=True)
            left = b.emit("where", here, last, in_use, hint="used", weak=True)
        outs = {v: b.like(v, f"{v}_bar") for v in owners}
        carries = [Carry(bars[v], incoming[v], end, outs[v]) for v, end in zip(owners, ends, strict=True)]
        carries.append(Carry(used, begin, left, b.var("used", INDEX)))
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
