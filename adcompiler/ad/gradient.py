"""Reverse mode: a function becomes one that returns its results and their gradients.

Each step has a file of its own: `prepare` makes the primal countable and its contents lasting, `reverse` transposes
it, `record` decides where values of the primal come from, `augment` writes the primal that records, `replay` the
reverse sweep.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Literal

from adcompiler.ad.checkpoints.draws import draw_ahead
from adcompiler.ad.checkpoints.parts import prepared
from adcompiler.ad.checkpoints.unmarked import unmarked
from adcompiler.ad.choices import note_choices
from adcompiler.ad.draws import refuse_moving
from adcompiler.ad.hoisting import hoisted
from adcompiler.ad.joining import Sweep, schedule
from adcompiler.ad.prepare import Saved
from adcompiler.ad.records.partners import lonely, with_partners
from adcompiler.ad.records.plan import plan
from adcompiler.ad.records.restore import candidates
from adcompiler.ad.reverse import Reverse
from adcompiler.ad.sweeps import Joint
from adcompiler.analysis.activity import active
from adcompiler.analysis.network import Inseparable
from adcompiler.ir.build import Builder, scalar
from adcompiler.ir.wengert import Atom, Block, Func, Var

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
    return unmarked(cheapest(fn, wrt, seeds, outputs).write())


def cheapest(fn: Func, wrt: Sequence[int], seeds: Seeds, outputs: Sequence[int] | None) -> Joint:
    """The joint function that records least, not written yet."""
    refuse_moving(fn, [fn.params[k] for k in wrt])
    fn = draw_ahead(fn)
    fn = hoisted(note_choices(fn, active(fn, [fn.params[k] for k in wrt], outputs)))
    best = attempt(fn, wrt, seeds, Saved(), outputs)
    for ways in candidates(best.reverse.over, best.decided):
        before = best.saved
        for way in ways:
            if way.names <= fn_names(fn):
                # contents that are saved in this way may be out of reach for what another line needs
                with suppress(Inseparable):
                    best = min(best, attempt(fn, wrt, seeds, before | way, outputs), key=lambda a: a.cost)
    alone = lonely(best.decided, best.sweep.lines) & fn_names(fn)
    if alone:
        best = attempt(with_partners(fn, alone), wrt, seeds, best.saved, outputs)
    return best


def fn_names(fn: Func) -> frozenset[Var]:
    """The names of a function."""
    return frozenset(map(Var, fn.types))


def transpose(reverse: Reverse, given: list[tuple[Atom, Atom]], params: list[Var]) -> Sweep:
    """The adjoint of the whole function."""
    b = reverse.b
    with b.block() as seeds:
        for result, bar in given:
            reverse.accumulate(result, turned(b, bar), fresh=False)
    segments = segments_of(reverse)
    with b.block() as end:
        grads = tuple(leave(reverse, p) for p in params)
    return Sweep(tuple(seeds), segments, tuple(end), grads)


def segments_of(reverse: Reverse) -> tuple[Block, ...]:
    """The adjoints of the top-level statements, in the order of the statements; the last one is transposed first."""
    segments = list[Block]()
    body = reverse.primal.func.body
    for position in range(len(body) - 1, -1, -1):
        with reverse.b.block() as lines:
            reverse.position(body, position, ())
        segments.insert(0, tuple(lines))
    return tuple(segments)


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
    primal = prepared(fn, active(fn, params, outputs), saved)
    b = Builder.of(primal.func)
    reverse = Reverse(b, primal, active(primal.func, params, outputs))
    given = seed(reverse, seeds, outputs)
    sweep = transpose(reverse, given, params)
    order = schedule(reverse, sweep)
    decided = plan(primal, sweep.lines, reverse.over, order.paths, sweep.grads, b.shapes)
    seeded = tuple(bar for _, bar in given if isinstance(bar, Var))
    return Joint(fn, tuple(params), saved, seeded, reverse, sweep, decided, order)
