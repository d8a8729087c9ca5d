"""Reverse mode: a function becomes one that returns its results and their gradients.

Each step has a file of its own: `prepare` makes the primal countable and its contents lasting, `reverse` transposes
it, `record` decides where values of the primal come from, `augment` writes the primal that records, `replay` the
reverse sweep.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from adcompiler.ad.augment import Forward
from adcompiler.ad.choices import note_choices
from adcompiler.ad.order import joinable
from adcompiler.ad.prepare import Saved, prepare
from adcompiler.ad.record import Plan, plan
from adcompiler.ad.replay import Backward
from adcompiler.ad.restore import candidates
from adcompiler.ad.reverse import Reverse
from adcompiler.ad.tapes import Tapes
from adcompiler.analysis.activity import active
from adcompiler.analysis.scope import sites
from adcompiler.ir.build import Builder, make_func, scalar
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Atom, Block, Func, Loop, Store, Var, While

Seeds = Literal["one", "given"]


def gradient(fn: Func, wrt: Sequence[int], seeds: Seeds, outputs: Sequence[int] | None = None) -> Func:
    """The joint function: results of `fn`, then the gradient for each parameter of `wrt`.

    Parameters
    ----------
    fn : Func
        The primal.
    wrt : sequence of int
        Positions of float parameters.
    seeds : "one" or "given"
        "one": the single float result is a scalar and its cotangent is 1; "given": a parameter `<result>_bar`
        follows the primal's parameters for each float result.
    outputs : sequence of int, optional
        Positions of the results that count; the others, as all that are no floats, have no cotangent. All by default.
    """
    fn = note_choices(fn, active(fn, [fn.params[k] for k in wrt], outputs))
    best = attempt(fn, wrt, seeds, Saved(), outputs)
    for ways in candidates(best.reverse.over, best.decided):
        known = [best.saved | way for way in ways if way.names <= fn_names(fn)]
        best = min([best, *(attempt(fn, wrt, seeds, saved, outputs) for saved in known)], key=lambda a: a.cost)
    return best.write()


def fn_names(fn: Func) -> frozenset[Var]:
    """The names of a function."""
    return frozenset(map(Var, fn.types))


@dataclass(frozen=True, slots=True)
class Sweep:
    """The transposed function: the seeds' lines, one segment for each top-level statement, and the gradients."""

    seeds: Block
    segments: tuple[Block, ...]
    end: Block
    grads: tuple[Atom, ...]


def transpose(reverse: Reverse, given: list[tuple[Atom, Atom]], params: list[Var]) -> Sweep:
    """The adjoint of the whole function."""
    b, body = reverse.b, reverse.primal.func.body
    with b.block() as seeds:
        for result, bar in given:
            reverse.accumulate(result, turned(b, bar), fresh=False)
    segments = list[Block]()
    for position in range(len(body) - 1, -1, -1):
        with b.block() as lines:
            reverse.position(body, position, ())
        segments.insert(0, tuple(lines))
    with b.block() as end:
        grads = tuple(leave(reverse, p) for p in params)
    return Sweep(tuple(seeds), tuple(segments), tuple(end), grads)


def seed(reverse: Reverse, seeds: Seeds, outputs: Sequence[int] | None) -> list[tuple[Atom, Atom]]:
    """The cotangent of each float result."""
    b, fn = reverse.b, reverse.primal.func
    given: list[tuple[Atom, Atom]] = []
    for position, result in enumerate(fn.results):
        if not fn.type(result).is_float or (outputs is not None and position not in outputs):
            continue
        if seeds == "one":
            given.append((result, scalar(1.0, fn.type(result).dtype)))
        else:
            name = f"{result}_bar" if isinstance(result, Var) else "result_bar"
            given.append((result, b.var(name, fn.type(result), fn.shape(result))))
    return given


def leave(reverse: Reverse, param: Var) -> Atom:
    """The gradient of a parameter at the end of the reverse sweep."""
    if reverse.b.type(param).rank:
        return turned(reverse.b, reverse.shadow(param))
    return turned(reverse.b, reverse.bars.get(param, reverse.zero(param)))


def turned(b: Builder, bar: Atom) -> Atom:
    """A complex gradient from the cotangent that the rules have, and back: see `rules.parts`."""
    return b.emit("conj", bar, hint=str(bar)) if isinstance(bar, Var) and b.type(bar).is_complex else bar


def attempt(fn: Func, wrt: Sequence[int], seeds: Seeds, saved: Saved, outputs: Sequence[int] | None) -> Joint:
    """Transpose and plan, with the contents of arrays saved in these ways."""
    params = [fn.params[k] for k in wrt]
    primal = prepare(fn, active(fn, params, outputs), saved)
    b = Builder.of(primal.func)
    reverse = Reverse(b, primal, active(primal.func, params, outputs))
    given = seed(reverse, seeds, outputs)
    sweep = transpose(reverse, given, params)
    last, parts = joined_loop(reverse, sweep)
    everything = (*sweep.seeds, *(s for seg in sweep.segments for s in seg), *sweep.end)
    decided = plan(primal, everything, reverse.over, None if parts is None else (last,), sweep.grads, b.shapes)
    seeded = tuple(bar for _, bar in given if isinstance(bar, Var))
    return Joint(fn, tuple(params), saved, seeded, reverse, sweep, decided, last, parts)


def joined_loop(reverse: Reverse, sweep: Sweep) -> tuple[int, tuple[Block, Loop, Block] | None]:
    """The position of the last loop of the reverse sweep, and its parts where both sweeps can run in it."""
    fn = reverse.primal.func
    last = next((k for k in range(len(fn.body) - 1, -1, -1) if has_loop(sweep.segments[k])), -1)
    if (last,) not in reverse.free or any(
        isinstance(s, Store) and reverse.memory.root(s.array) in reverse.primal.restored for s in walk([fn.body[last]])
    ):
        return last, None
    after = (*sweep.seeds, *(s for seg in reversed(sweep.segments[last + 1 :]) for s in seg))
    return last, joinable(fn, reverse.memory, last, after, sweep.segments[last])


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
    parts: tuple[Block, Loop, Block] | None

    @property
    def cost(self) -> float:
        """The bytes recorded, as the plan estimates them."""
        return self.decided.cost(self.reverse.primal.func)

    def write(self) -> Func:
        """The joint function."""
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
        return make_func(name, params, tuple(lines), results, b.types, b.shapes, doc)

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

    def around(self, forward: Forward, backward: Backward, at: int, parts: tuple[Block, Loop, Block]) -> None:
        """What comes before the joined loop, the adjoint of what comes after it, the loop, and the rest."""
        body, b = self.reverse.primal.func.body, self.reverse.b
        before, reversed_loop, after = parts
        forward.statements(body[:at], (), (), 0)
        b.note("adjoint of what follows the loop: it needs no value of the loop")
        backward.block(self.sweep.seeds)
        self.backwards(backward, at + 1, len(body))
        backward.block(before)
        loop = body[at]
        assert isinstance(loop, (Loop, While))
        b.note("both sweeps of an iteration together")
        forward.joined(loop, (at,), lambda: backward.block(reversed_loop.body), reversed_loop)
        forward.statements(body[at + 1 :], (), (), at + 1)
        backward.block(after)
        self.backwards(backward, 0, at)


def has_loop(segment: Block) -> bool:
    """Whether a segment holds the adjoint of a loop."""
    return any(isinstance(s, Loop) for s in segment)
