"""The adjoint of what one thread of a kernel runs: its shadows are arguments, which it changes in place."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace

from adcompiler.ad.checkpoints.parts import prepared
from adcompiler.ad.checkpoints.unmarked import unmarked
from adcompiler.ad.choices import note_choices
from adcompiler.ad.gradient import fn_names, segments_of
from adcompiler.ad.joining import Sweep, in_turn, schedule
from adcompiler.ad.prepare import Saved
from adcompiler.ad.records.partners import lonely, with_partners
from adcompiler.ad.records.plan import plan
from adcompiler.ad.records.restore import candidates
from adcompiler.ad.records.values import FAR_RECORD
from adcompiler.ad.reverse import Reverse
from adcompiler.ad.sweeps import Joint
from adcompiler.analysis.activity import active
from adcompiler.analysis.network import Inseparable
from adcompiler.analysis.threads import written
from adcompiler.errors import TypeProblem
from adcompiler.ir.build import ONE, ZERO, Builder, make_func
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Func, Store, Var


@dataclass(frozen=True, slots=True)
class Thread:
    """What is differentiated of a thread's program.

    Parameters
    ----------
    wrt : tuple of Var
        The parameters of which derivatives are wanted.
    outputs : tuple of Var
        The arrays whose elements the program computes.
    shared : tuple of Var
        The arrays of numbers that a block of threads has.
    """

    wrt: tuple[Var, ...]
    outputs: tuple[Var, ...]
    shared: tuple[Var, ...] = ()

    def results(self, fn: Func) -> tuple[Var, ...]:
        """The arrays that have a cotangent when the program ends."""
        stored = written(fn)
        return tuple(dict.fromkeys((*self.outputs, *(v for v in self.wrt if v in stored))))

    @property
    def shadowed(self) -> tuple[Var, ...]:
        """The parameters that have a shadow."""
        return tuple(dict.fromkeys((*self.wrt, *self.outputs, *self.shared)))


def thread_adjoint(fn: Func, thread: Thread, join: bool) -> Func:
    """The program that runs a thread again and then backwards.

    A parameter `v_bar` follows the program's for each one that has a shadow: an array like it, of one element for a
    number. What `v_bar` holds is added to, and for an element that is stored into taken and set to zero.
    With `join` the iterations of a loop run forward and back one by one where they can.
    """
    fn = replace(fn, results=thread.results(fn))
    act = active(fn, thread.wrt)
    for v in fn.params:
        if v in act and v not in thread.shadowed:
            raise TypeProblem(
                f"'{v}' carries derivatives, and is neither active nor an output of the kernel",
                next((s.span for s in walk(fn.body) if isinstance(s, Store) and s.array == v), None),
                f"name it: active=(…, {v.name!r}), or outputs=(…, {v.name!r})",
            )
    fn = note_choices(fn, act)
    best = _attempt(fn, thread, Saved(), join)
    given = {best.reverse.memory.root(v) for v in fn.params if fn.types[v.name].rank}
    for ways in candidates(best.reverse.over, best.decided):
        before = best.saved
        for way in ways:
            # the contents of an argument are the same for all threads: no thread undoes what it stored there
            if way.names <= fn_names(fn) and given.isdisjoint(map(best.reverse.memory.root, way.names)):
                with suppress(Inseparable):
                    best = min(best, _attempt(fn, thread, before | way, join), key=lambda a: a.cost)
    alone = lonely(best.decided, best.sweep.lines) & fn_names(fn)
    if alone:
        best = _attempt(with_partners(fn, alone), thread, best.saved, join)
    joint = unmarked(best.write())
    return make_func(joint.name, joint.params, joint.body, (), joint.types, joint.shapes, joint.doc)


def _attempt(fn: Func, thread: Thread, saved: Saved, join: bool) -> Joint:
    primal = prepared(fn, active(fn, thread.wrt), saved)
    b = Builder.of(primal.func)
    reverse = Reverse(b, primal, active(primal.func, thread.wrt))
    bars = {v: _bar(b, v) for v in thread.shadowed}
    reverse.bars.update({v: bar for v, bar in bars.items() if b.type(v).rank})
    sweep = _transposed(reverse, bars)
    order = schedule(reverse, sweep) if join else in_turn(sweep)
    decided = plan(primal, sweep.lines, reverse.over, order.paths, (), b.shapes, FAR_RECORD)
    return Joint(fn, thread.wrt, saved, tuple(bars.values()), reverse, sweep, decided, order)


def _bar(b: Builder, v: Var) -> Var:
    """The parameter for a shadow."""
    type = b.type(v)
    return b.var(f"{v}_bar", type.array(type.rank or 1), b.shape(v) or (ONE,))


def _transposed(reverse: Reverse, bars: dict[Var, Var]) -> Sweep:
    b, segments = reverse.b, segments_of(reverse)
    with b.block() as end:
        for v, bar in bars.items():
            if not b.type(v).rank and v in reverse.bars:
                b.store(bar, (ZERO,), reverse.bars[v], add=True)
    return Sweep((), segments, tuple(end), ())
