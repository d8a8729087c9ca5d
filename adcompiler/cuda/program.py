"""From a kernel and the types of its arguments to the text of its adjoint."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from adcompiler.ad.threads import Thread, thread_adjoint
from adcompiler.analysis.threads import common_sums, only_added, read, written
from adcompiler.compile import lowered
from adcompiler.cuda.barriers import with_own_places
from adcompiler.cuda.proofs import (
    Inside,
    atomic,
    prove,
    refuse_arrays,
    refuse_divergent,
    refuse_large,
    refuse_late_ends,
    refuse_uneven_ends,
    refuse_unordered,
)
from adcompiler.emit.device import Unavailable
from adcompiler.emit.threads import Adjoint, Parts, emit_threads
from adcompiler.errors import UnsupportedSyntax
from adcompiler.ir.threads import BARRIER, NUMBER, SHARED, is_own
from adcompiler.ir.verify import verify
from adcompiler.ir.walk import all_reads, walk
from adcompiler.ir.wengert import (
    Func,
    Store,
    Var,
)
from adcompiler.optimise.elements.contract import contract_arrays
from adcompiler.optimise.elements.promotion import promote
from adcompiler.optimise.elements.sharing import share_loads
from adcompiler.optimise.lines.quotients import divide_in_single
from adcompiler.optimise.lines.simplify import simplify
from adcompiler.optimise.lowering.fuse import fuse_readers
from adcompiler.optimise.parallel.counting import counted_loops
from adcompiler.optimise.parallel.gathers import gathered
from adcompiler.optimise.parallel.guarded import Guarded, uniform_lines
from adcompiler.optimise.parallel.items import fill_arrays
from adcompiler.optimise.parallel.places import places_above
from adcompiler.optimise.parallel.sources import Sources, without
from adcompiler.optimise.parallel.threads import (
    summed,
    with_grid,
    with_whole_tests,
    without_checks,
    without_unread_stores,
)
from adcompiler.outside import Lowered
from adcompiler.signature import Spec, StaticSpec
from adcompiler.source import SourceFunc


def share_apart(fn: Func) -> Func:
    """Load elements once: a launch makes sure that no array that is changed shares memory with another."""
    return share_loads(fn, True)


PRIMAL = (without_checks, simplify, with_whole_tests, simplify, share_apart, with_grid, counted_loops, simplify)


@dataclass(frozen=True, slots=True)
class Program:
    """A kernel's adjoint for arguments of some types.

    Parameters
    ----------
    gathers : Adjoint, optional
        The kernel that runs before, and gathers what threads would add to elements of others.
    printed : Adjoint
        The text.
    outside : tuple
        The values that the kernel reads from outside, which follow its arguments: constants, as Numba has them.
    given : tuple of int
        The positions of the arguments that the adjoint takes; the others are known when it is compiled.
    kept : tuple of int
        The positions of the arguments that the adjoint reads as they were before the kernel overwrote them.
    written : tuple of int
        The positions of the arguments into which the kernel stores.
    """

    gathers: Adjoint | None
    printed: Adjoint
    outside: tuple[object, ...]
    given: tuple[int, ...]
    kept: tuple[int, ...]
    written: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be differentiated: the names of arguments, the axes of the launch with several threads, and how."""

    active: tuple[str, ...]
    outputs: tuple[str, ...]
    axes: tuple[int, ...]
    fastmath: bool
    deterministic: bool
    check: bool


def program(source: SourceFunc, specs: tuple[Spec, ...], values: tuple[object, ...], request: Request) -> Program:
    """Differentiate a kernel."""
    found, specs = lowered(source, specs, values, kernel=True)
    fn = _run(found.func, PRIMAL, request.check)
    refuse_arrays(fn)
    together = frozenset(found.func.params[k] for k in found.atomic)
    block = tuple(Var(c.name) for c in found.captures if c.key[0] == SHARED)
    prove(fn, together, block, request.axes)
    refuse_divergent(fn, [Var(c.name) for c in found.captures if c.key[0] == BARRIER])
    refuse_large(fn, block)
    guarded = Guarded.of(fn)
    guarded = replace(guarded, work=places_above(guarded.work))
    given = tuple(k for k, spec in enumerate(specs) if not isinstance(spec, StaticSpec))
    made = _made(guarded, found, given, request, not block)
    # a thread that finds its memory too short ends, and runs again: until then it may not have changed what others see
    return _made(guarded, found, given, request, False) if made.printed.unknown and not block else made


def _made(guarded: Guarded, found: Lowered, given: tuple[int, ...], request: Request, join: bool) -> Program:
    params = {p.name: p for p in guarded.fn.params}
    block = tuple(params[c.name] for c in found.captures if c.key[0] == SHARED)
    thread = Thread(
        tuple(params[v] for v in request.active),
        tuple(params[v] for v in request.outputs),
        tuple(v for v in block if guarded.fn.types[v.name].is_float),
    )
    barriers = [Var(c.name) for c in found.captures if c.key[0] == BARRIER]
    adjoint = with_own_places(guarded.around(thread_adjoint(guarded.work, thread, join)), barriers)
    bars = tuple(p for p in adjoint.params if p.name not in params)
    count = len(bars) - len(thread.shared)
    inside = Inside(frozenset(bars[:count]), frozenset((*block, *bars[count:])), frozenset(bars[count:]))
    hidden = tuple(c for c in found.captures if c.key[0] not in (NUMBER, SHARED, BARRIER))
    order = (*found.func.params[: len(given)], *(Var(c.name) for c in hidden))
    adjoint = _lowered(adjoint, inside, request.check)
    overwritten, reads = written(guarded.fn), read(adjoint)
    gathers, rest = (None, adjoint) if block else split(adjoint, inside, request)
    rest = _kept_in_scalars(rest, inside, request)
    first = None if gathers is None else _first(gathers, (*order, *bars[:count]), request)
    printed = _printed(rest, (*order, *bars[:count]), inside, found, request, first)
    if printed.unknown and not join:
        refuse_late_ends(rest, inside.bars)
        if block:
            refuse_uneven_ends(rest)
    return Program(
        None if first is None else replace(first, text=printed.text),
        printed,
        tuple(c.fetch() for c in hidden),
        given,
        tuple(k for k, p in zip(given, order, strict=False) if p in overwritten and p in reads),
        tuple(k for k, p in zip(given, order, strict=False) if p in overwritten),
    )


def split(fn: Func, inside: Inside, request: Request) -> tuple[Func | None, Func]:
    """The program that gathers what the threads of `fn` add to elements of others, if there is any, and the rest."""
    sources = Sources.of(fn, request.axes)
    if sources is None:
        return None, fn
    additions = _unordered(fn, inside, request)
    arrays = [v for v in only_added(fn, inside.bars) if any(s.array == v for s in additions)]
    chosen = {v: sources.chosen(v, frozenset(map(id, additions))) for v in sorted(arrays, key=str)}
    while any(chosen.values()):
        rest = without(fn, {id(s.store) for found in chosen.values() for s in found})
        left = {s.array for s in _unordered(rest, inside, request)}
        if left.isdisjoint(v for v, found in chosen.items() if found):
            return gathered(sources, [s for found in chosen.values() for s in found]), simplify(rest)
        chosen = {v: found for v, found in chosen.items() if v not in left}
    return None, fn


def _kept_in_scalars(fn: Func, inside: Inside, request: Request) -> Func:
    """A program whose loops keep in scalars the elements of adjoints that are proven to be the thread's own."""
    met = atomic(fn, inside, request.axes)
    others = inside.block | {s.array for s in walk(fn.body) if isinstance(s, Store) and id(s) in met}
    return _run(fn, (lambda f: promote(f, others, True), simplify), request.check)


def _unordered(fn: Func, inside: Inside, request: Request) -> list[Store]:
    """The additions to elements to which other threads may add, but for sums of all threads."""
    found = atomic(fn, inside, request.axes) - set(map(id, common_sums(fn, inside.bars)))
    return [s for s in walk(fn.body) if isinstance(s, Store) and id(s) in found]


def _first(fn: Func, given: Sequence[Var], request: Request) -> Adjoint:
    """The kernel that gathers."""
    title = f"{fn.name.removesuffix('_grad')}_gathers"
    parts = Parts(title, tuple(given), max(request.axes, default=0) + 1, extents=False)
    return emit_threads(fn, parts, request.fastmath)


def _printed(
    fn: Func, given: Sequence[Var], inside: Inside, found: Lowered, request: Request, before: Adjoint | None
) -> Adjoint:
    barriers = frozenset(Var(c.name) for c in found.captures if c.key[0] == BARRIER)
    reads = all_reads(fn.body) | {s.array for s in walk(fn.body) if isinstance(s, Store)}
    additions, sums = atomic(fn, inside, request.axes), frozenset(map(id, common_sums(fn, inside.bars)))
    if request.deterministic:
        refuse_unordered(fn, additions - sums)
    parts = Parts(
        f"{fn.name.removesuffix('_grad')}_adjoint",
        tuple(given),
        max(request.axes, default=0) + 1,
        block=tuple(v for v in fn.params if v in inside.block and v in reads),
        zeroed=inside.shadows,
        barriers=barriers,
        lines=uniform_lines(fn, [p for p in fn.params if is_own(p.name)]),
        atomic=additions,
        sums=sums,
        ordered=request.deterministic,
    )
    try:
        return emit_threads(fn, parts, request.fastmath, before)
    except Unavailable as error:
        fix = "write it with the functions of math and loops over elements"
        raise UnsupportedSyntax(f"{error.thing} in a differentiated kernel", error.span, fix) from None


def _lowered(fn: Func, inside: Inside, check: bool) -> Func:
    """The adjoint as a GPU runs it."""
    bars, shared = inside.bars, inside.bars | inside.block
    arrays = [p for p in fn.params if fn.types[p.name].rank and p not in shared]
    passes: tuple[Callable[[Func], Func], ...] = (
        simplify,
        lambda f: summed(f, only_added(f, bars)),
        share_apart,
        simplify,
        lambda f: without_unread_stores(f, arrays),
        simplify,
        lambda f: promote(f, shared, True),
        share_apart,
        fuse_readers,
        contract_arrays,
        divide_in_single,
        simplify,
        fill_arrays,
    )
    return _run(fn, passes, check)


def _run(fn: Func, passes: Sequence[Callable[[Func], Func]], check: bool) -> Func:
    for run in passes:
        fn = run(fn)
        if check:
            verify(fn)
    return fn


__all__ = ["Program", "Request", "program"]
