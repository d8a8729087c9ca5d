"""Both sweeps as one function: one after the other, or around loops in which each iteration runs both."""

from __future__ import annotations

from dataclasses import dataclass

from adcompiler.ad.augment import Forward
from adcompiler.ad.joining import Joined, Schedule, Sweep
from adcompiler.ad.prepare import Saved
from adcompiler.ad.records.plan import Plan
from adcompiler.ad.records.tapes import Tapes
from adcompiler.ad.replay import Backward
from adcompiler.ad.reverse import Reverse
from adcompiler.analysis.scope import sites
from adcompiler.ir.build import make_func
from adcompiler.ir.wengert import Assign, Atom, Func, Loop, Var, While


@dataclass(frozen=True, slots=True)
class Joint:
    """Writes both sweeps: one after the other, or around loops in which each iteration runs both."""

    fn: Func
    params: tuple[Var, ...]
    saved: Saved
    seeded: tuple[Var, ...]
    reverse: Reverse
    sweep: Sweep
    decided: Plan
    schedule: Schedule

    @property
    def cost(self) -> float:
        """The bytes recorded, as the plan estimates them."""
        return self.decided.cost(self.reverse.primal.func)

    def write(self) -> Func:
        """The joint function."""
        return self.written()[0]

    def written(self) -> tuple[Func, tuple[Var, ...]]:
        """The joint function, and the arrays in it that hold records."""
        b, primal, sweep = self.reverse.b, self.reverse.primal, self.sweep
        body = primal.func.body
        root = self.reverse.memory.root
        tapes = Tapes(b, primal, self.decided, self.reverse.over)
        forward = Forward(b, primal, self.decided, tapes)
        regions = {path: s for s, path, _ in sites(body) if isinstance(s, (Loop, While))}
        backward = Backward(
            b, primal, self.decided, tapes, self.reverse.origin, regions, self.reverse.free, forward.kept, root
        )
        with b.block() as lines:
            first = 0
            for joined in self.schedule.joined:
                forward.statements(body[first : joined.at], (), (), first)
                self.both(forward, backward, joined)
                first = joined.at + 1
            forward.statements(body[first:], (), (), first)
            results = self.outputs()
            if not self.schedule.joined or not all(isinstance(s, Assign) for s in self.schedule.rest):
                b.note("reverse sweep")
            backward.block(self.schedule.rest)
            backward.block(sweep.end)
            results += [backward.get(g) for g in sweep.grads]
        doc = f"Value and gradient of `{self.fn.name}` with respect to {', '.join(map(str, self.params))}."
        name, params = f"{self.fn.name}_grad", [*self.fn.params, *self.seeded]
        joint = make_func(name, params, tuple(lines), results, b.types, b.shapes, doc)
        return joint, tuple(dict.fromkeys(t.array for t in tapes.tapes.values()))

    def outputs(self) -> list[Atom]:
        """The results of the primal; copies of arrays that the reverse sweep restores."""
        b, memory = self.reverse.b, self.reverse.memory
        return [
            b.emit("copy", r, hint=str(r))
            if isinstance(r, Var) and memory.root(r) in self.reverse.primal.restored
            else r
            for r in self.reverse.primal.func.results
        ]

    def both(self, forward: Forward, backward: Backward, joined: Joined) -> None:
        """A joined loop, behind what of the reverse sweep it needs."""
        b, loop = self.reverse.b, self.reverse.primal.func.body[joined.at]
        assert isinstance(loop, (Loop, While))

        def adjoint() -> None:
            outer = backward.known
            backward.known = dict(outer)
            backward.block(joined.loop.body)
            backward.known = outer

        if not all(isinstance(s, Assign) and s.op == "zeros" for s in joined.before):
            b.note("adjoint of what follows the loop: it needs no value of the loop")
        backward.block(joined.before)
        b.note("both sweeps of an iteration together")
        forward.joined(loop, (joined.at,), adjoint, joined.loop)
