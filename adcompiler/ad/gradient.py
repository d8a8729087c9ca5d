"""Reverse mode: a function becomes one that returns its results and their gradients.

Four steps, each in a file of its own: `prepare` makes the primal countable and its contents lasting, `reverse` transposes it,
`record` decides where values of the primal come from, `replay` writes both sweeps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from adcompiler.ad.order import joinable
from adcompiler.ad.prepare import Prepared, count_trips, keep_contents
from adcompiler.ad.record import plan
from adcompiler.ad.replay import Backward, Forward
from adcompiler.ad.reverse import Reverse
from adcompiler.ad.tapes import Tapes
from adcompiler.analysis.activity import active
from adcompiler.analysis.scope import sites
from adcompiler.ir.build import Builder, make_func, scalar
from adcompiler.ir.wengert import Atom, Block, Func, Loop, Var, While


def gradient(fn: Func, wrt: Sequence[int], seeds: Literal["one", "given"]) -> Func:
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
    """
    params = [fn.params[k] for k in wrt]
    primal = count_trips(keep_contents(fn, active(fn, params)))
    b = Builder.of(primal.func)
    reverse = Reverse(b, primal, active(primal.func, params))
    given = seed(reverse, seeds)
    sweep = transpose(reverse, given, params)
    body, results = Joint(b, primal, reverse, sweep).build()
    seeded = [bar for _, bar in given if isinstance(bar, Var)]
    doc = f"Value and gradient of `{fn.name}` with respect to {', '.join(str(p) for p in params)}."
    return make_func(f"{fn.name}_grad", [*fn.params, *seeded], body, results, b.types, b.shapes, doc)


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
            reverse.accumulate(result, bar, fresh=False)
    segments = list[Block]()
    for position in range(len(body) - 1, -1, -1):
        with b.block() as lines, b.at(getattr(body[position], "span", None)):
            reverse.statement(body[position], (position,))
        segments.insert(0, tuple(lines))
    with b.block() as end:
        grads = tuple(leave(reverse, p) for p in params)
    return Sweep(tuple(seeds), tuple(segments), tuple(end), grads)


def seed(reverse: Reverse, seeds: str) -> list[tuple[Atom, Atom]]:
    """The cotangent of each float result."""
    b, fn = reverse.b, reverse.primal.func
    given: list[tuple[Atom, Atom]] = []
    for result in fn.results:
        if not fn.type(result).is_float:
            continue
        if seeds == "one":
            given.append((result, scalar(1.0, fn.type(result).dtype)))
        else:
            given.append((result, b.var(f"{result}_bar", fn.type(result), fn.shape(result))))
    return given


def leave(reverse: Reverse, param: Var) -> Atom:
    """The gradient of a parameter at the end of the reverse sweep."""
    if reverse.b.type(param).rank:
        return reverse.shadow(param)
    return reverse.bars.get(param, reverse.zero(param))


@dataclass(slots=True)
class Joint:
    """Writes both sweeps: one after the other, or around a loop in which each iteration runs both."""

    b: Builder
    primal: Prepared
    reverse: Reverse
    sweep: Sweep

    def build(self) -> tuple[Block, list[Atom]]:
        """The body of the joint function and its results."""
        fn, sweep = self.primal.func, self.sweep
        last = next((k for k in range(len(fn.body) - 1, -1, -1) if has_loop(sweep.segments[k])), None)
        parts = None
        if last is not None and (last,) in self.reverse.free:
            after = (*sweep.seeds, *(s for seg in reversed(sweep.segments[last + 1 :]) for s in seg))
            parts = joinable(fn, self.reverse.memory, last, after, sweep.segments[last])
        joined = (last,) if last is not None and parts is not None else None
        everything = (*sweep.seeds, *(s for seg in sweep.segments for s in seg), *sweep.end)
        decided = plan(self.primal, everything, self.reverse.over, joined, sweep.grads)
        tapes = Tapes(self.b, self.primal, decided)
        forward = Forward(self.b, self.primal, decided, tapes)
        regions = {path: s for s, path, _ in sites(fn.body) if isinstance(s, (Loop, While))}
        backward = Backward(self.b, self.primal, decided, tapes, self.reverse.origin, regions, self.reverse.free, forward.kept)
        with self.b.block() as body:
            if last is None or parts is None:
                forward.block(fn.body, (), ())
                self.b.note("reverse sweep")
                backward.block(sweep.seeds)
                self.backwards(backward, len(fn.body))
            else:
                self.around(forward, backward, last, parts)
            backward.block(sweep.end)
            results = [*fn.results, *(backward.get(g) for g in sweep.grads)]
        return tuple(body), results

    def backwards(self, backward: Backward, stop: int) -> None:
        """The adjoints of the top-level statements before `stop`."""
        for segment in reversed(self.sweep.segments[:stop]):
            backward.block(segment)

    def around(self, forward: Forward, backward: Backward, at: int, parts: tuple[Block, Loop, Block]) -> None:
        """What comes before the joined loop, the adjoint of what comes after it, the loop, and the rest."""
        body = self.primal.func.body
        before, reversed_loop, after = parts
        forward.statements(body[:at], (), (), 0)
        self.b.note("adjoint of what follows the loop: it needs no value of the loop")
        backward.block(self.sweep.seeds)
        self.backwards_between(backward, at + 1)
        backward.block(before)
        loop = body[at]
        assert isinstance(loop, (Loop, While))
        self.b.note("both sweeps of an iteration together")
        forward.joined(loop, (at,), lambda: backward.block(reversed_loop.body), reversed_loop)
        forward.statements(body[at + 1 :], (), (), at + 1)
        backward.block(after)
        self.backwards(backward, at)

    def backwards_between(self, backward: Backward, start: int) -> None:
        """The adjoints of the top-level statements from `start` on."""
        for segment in reversed(self.sweep.segments[start:]):
            backward.block(segment)


def has_loop(segment: Block) -> bool:
    """Whether a segment holds the adjoint of a loop."""
    return any(isinstance(s, Loop) for s in segment)
