"""Both sweeps as one function: one after the other, or around a loop in which each iteration runs both."""

from __future__ import annotations

from dataclasses import dataclass

from adcompiler.ad.augment import Forward
from adcompiler.ad.order import Joined
from adcompiler.ad.prepare import Saved
from adcompiler.ad.record import Plan
from adcompiler.ad.replay import Backward
from adcompiler.ad.reverse import Reverse
from adcompiler.ad.tapes import Tapes
from adcompiler.analysis.scope import sites
from adcompiler.ir.build import make_func
from adcompiler.ir.wengert import Atom, Block, Func, Loop, Var, While


@dataclass(frozen=True, slots=True)
class Sweep:
    """The transposed function: the seeds' lines, one segment for each top-level statement, and the gradients."""

    seeds: Block
    segments: tuple[Block, ...]
    end: Block
    grads: tuple[Atom, ...]

    @property
    def lines(self) -> Block:
        """All its lines."""
        return (*self.seeds, *(s for segment in self.segments for s in segment), *self.end)


@dataclass(frozen=True, slots=True)
class Joint:
    """Writes both sweeps: one after the other, or around a loop in which each iteration runs both."""

    fn: Func
    params: tuple[Var, ...]
    saved: Saved
    seeded: tuple[Var, ...]
    reverse: Reverse
    sweep: Sweep
    decided: Plan
    last: int
    parts: Joined | None

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
            if self.parts is None:
                forward.block(body, (), ())
                results = self.outputs()
                b.note("reverse sweep")
                backward.block(sweep.seeds)
                self.backwards(backward, 0, len(body))
            else:
                self.around(forward, backward, self.last, self.parts)
                results = self.outputs()
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

    def backwards(self, backward: Backward, start: int, stop: int) -> None:
        """The adjoints of the top-level statements from `start` to before `stop`, last first."""
        for segment in reversed(self.sweep.segments[start:stop]):
            backward.block(segment)

    def around(self, forward: Forward, backward: Backward, at: int, parts: Joined) -> None:
        """What comes before the joined loop, the adjoint of what comes after it, the loop, and the rest."""
        body, b = self.reverse.primal.func.body, self.reverse.b
        forward.statements(body[:at], (), (), 0)
        b.note("adjoint of what follows the loop: it needs no value of the loop")
        backward.block(parts.before)
        loop = body[at]
        assert isinstance(loop, (Loop, While))
        b.note("both sweeps of an iteration together")
        forward.joined(loop, (at,), lambda: backward.block(parts.loop.body), parts.loop)
        forward.statements(body[at + 1 :], (), (), at + 1)
        backward.block(parts.late)
        backward.block(parts.after)
        self.backwards(backward, 0, at)
