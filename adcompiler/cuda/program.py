"""From a kernel and the types of its arguments to the text of its adjoint."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from adcompiler.ad.threads import Thread, thread_adjoint
from adcompiler.analysis.access import Access
from adcompiler.analysis.threads import Threads, common_sums, read, strided, written
from adcompiler.compile import lowered
from adcompiler.emit.threads import Adjoint, Parts, emit_threads
from adcompiler.errors import UnsupportedSyntax
from adcompiler.ir.build import make_func
from adcompiler.ir.ops import kind
from adcompiler.ir.threads import BARRIER, NUMBER, SHARED, is_own
from adcompiler.ir.verify import verify
from adcompiler.ir.walk import all_reads, walk
from adcompiler.ir.wengert import (
    Assign,
    Branch,
    Const,
    Draw,
    Func,
    Grow,
    Loop,
    NewAxis,
    Print,
    Slice,
    Store,
    Var,
    While,
)
from adcompiler.optimise.contract import contract_arrays
from adcompiler.optimise.fuse import fuse_readers
from adcompiler.optimise.guarded import Guarded, uniform_lines
from adcompiler.optimise.items import fill_arrays
from adcompiler.optimise.memory import promote
from adcompiler.optimise.sharing import share_loads
from adcompiler.optimise.simplify import simplify
from adcompiler.optimise.threads import summed, with_grid, without_checks, without_unread_stores
from adcompiler.outside import Lowered
from adcompiler.signature import Spec
from adcompiler.source import SourceFunc


def share_apart(fn: Func) -> Func:
    """Load elements once: a launch makes sure that no array that is changed shares memory with another."""
    return share_loads(fn, True)


PRIMAL = (without_checks, simplify, share_apart, with_grid, simplify)


@dataclass(frozen=True, slots=True)
class Program:
    """A kernel's adjoint for arguments of some types.

    Parameters
    ----------
    printed : Adjoint
        The text.
    outside : tuple
        The values that the kernel reads from outside, which follow its arguments: constants, as Numba has them.
    kept : tuple of int
        The positions of the arguments that the adjoint reads as they were before the kernel overwrote them.
    written : tuple of int
        The positions of the arguments into which the kernel stores.
    """

    printed: Adjoint
    outside: tuple[object, ...]
    kept: tuple[int, ...]
    written: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be differentiated: the names of arguments, the axes of the launch with several threads, and how."""

    active: tuple[str, ...]
    outputs: tuple[str, ...]
    axes: tuple[int, ...]
    fastmath: bool
    check: bool


def program(source: SourceFunc, specs: tuple[Spec, ...], values: tuple[object, ...], request: Request) -> Program:
    """Differentiate a kernel."""
    found, _ = lowered(source, specs, values, kernel=True)
    fn = _run(found.func, PRIMAL, request.check)
    _refuse_arrays(fn)
    together = frozenset(found.func.params[k] for k in found.atomic)
    block = tuple(Var(c.name) for c in found.captures if c.key[0] == SHARED)
    _prove(fn, together, block, request.axes)
    guarded = Guarded.of(fn)
    made = _made(guarded, found, request, not block)
    if made.printed.unknown and block:
        raise UnsupportedSyntax(
            "in a kernel with shared memory, a loop of which no argument tells the length is recorded",
            source.span(source.node),
            "give loops lengths that follow from arguments and constants: for level in range(LEVELS)",
        )
    # a thread that finds its memory too short ends, and runs again: until then it may not have changed what others see
    return _made(guarded, found, request, False) if made.printed.unknown else made


def _made(guarded: Guarded, found: Lowered, request: Request, join: bool) -> Program:
    params = {p.name: p for p in guarded.fn.params}
    block = tuple(params[c.name] for c in found.captures if c.key[0] == SHARED)
    thread = Thread(
        tuple(params[v] for v in request.active),
        tuple(params[v] for v in request.outputs),
        tuple(v for v in block if guarded.fn.types[v.name].is_float),
    )
    adjoint = guarded.around(thread_adjoint(guarded.work, thread, join))
    bars = tuple(p for p in adjoint.params if p.name not in params)
    count = len(bars) - len(thread.shared)
    inside = Inside(frozenset(bars[:count]), frozenset((*block, *bars[count:])))
    hidden = tuple(c for c in found.captures if c.key[0] not in (NUMBER, SHARED, BARRIER))
    given = found.func.params[: len(found.func.params) - len(found.captures)]
    order = (*given, *(Var(c.name) for c in hidden))
    adjoint = _lowered(adjoint, inside, request.check)
    overwritten, reads = written(guarded.fn), read(adjoint)
    printed = _printed(adjoint, (*order, *bars[:count]), inside, found, request)
    if printed.unknown and not join:
        _refuse_late_ends(adjoint, inside.bars)
    return Program(
        printed,
        tuple(c.fetch() for c in hidden),
        tuple(k for k, p in enumerate(order) if p in overwritten and p in reads),
        tuple(k for k, p in enumerate(order) if p in overwritten),
    )


@dataclass(frozen=True, slots=True)
class Inside:
    """The arrays of an adjoint to which threads add: the adjoints of arguments, and the memory of a block."""

    bars: frozenset[Var]
    block: frozenset[Var]


def _printed(fn: Func, given: Sequence[Var], inside: Inside, found: Lowered, request: Request) -> Adjoint:
    barriers = frozenset(Var(c.name) for c in found.captures if c.key[0] == BARRIER)
    reads = all_reads(fn.body) | {s.array for s in walk(fn.body) if isinstance(s, Store)}
    parts = Parts(
        f"{fn.name.removesuffix('_grad')}_adjoint",
        tuple(given),
        tuple(v for v in fn.params if v in inside.block and v in reads),
        barriers,
        uniform_lines(fn, [p for p in fn.params if is_own(p.name)]),
        _atomic(fn, inside, request.axes),
        frozenset(map(id, common_sums(fn, inside.bars))),
        max(request.axes, default=0) + 1,
    )
    return emit_threads(fn, parts, request.fastmath)


def _refuse_late_ends(fn: Func, bars: frozenset[Var]) -> None:
    """Refuse an adjoint in which a thread may find its memory too short after it has changed what others see."""
    order = list(walk(fn.body))
    ends = [k for k, s in enumerate(order) if isinstance(s, Grow) or (isinstance(s, Assign) and kind(s.op) == "alloc")]
    first = next((k for k, s in enumerate(order) if isinstance(s, Store) and s.array in bars), len(order))
    if strided(fn) is not None or any(k > first for k in ends):
        place = next((s.span for s in order if isinstance(s, (Loop, While)) and s.span is not None), None)
        raise UnsupportedSyntax(
            "this kernel's adjoint records, for several items of a thread, what no count tells",
            place,
            "let each thread have one item: i = cuda.grid(1)",
        )


def _lowered(fn: Func, inside: Inside, check: bool) -> Func:
    """The adjoint as a GPU runs it."""
    bars, shared = inside.bars, inside.bars | inside.block
    arrays = [p for p in fn.params if fn.types[p.name].rank and p not in shared]
    passes: tuple[Callable[[Func], Func], ...] = (
        simplify,
        lambda f: summed(f, bars),
        share_apart,
        simplify,
        lambda f: without_unread_stores(f, arrays),
        simplify,
        lambda f: promote(f, shared),
        share_apart,
        fuse_readers,
        contract_arrays,
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


def _refuse_arrays(fn: Func) -> None:
    """Refuse what no kernel can run: work on whole arrays, and what talks to the world outside."""
    for stmt in walk(fn.body):
        what = None
        match stmt:
            case Assign(target=target, op=op, args=args) if kind(op) not in ("view", "shape"):
                sized = kind(op) == "alloc" and all(isinstance(a, Const) for a in args)
                if not sized and any(fn.shape(a) for a in (target, *args)):
                    what = "an operation on a whole array"
            case Store(array=array, index=index):
                if any(isinstance(item, (Slice, NewAxis)) for item in index):
                    what = f"a store into several elements of '{array}'"
            case Branch(outs=outs) if any(fn.shape(o.var) for o in outs):
                what = "a name that means one array or another"
            case Loop(carried=carried) | While(carried=carried) if any(fn.shape(c.var) for c in carried):
                what = "an array that a loop hands on"
            case Print() | Draw():
                what = "a print" if isinstance(stmt, Print) else "a random draw"
        if what is not None:
            fix = "pass the numbers as an argument" if isinstance(stmt, Draw) else "write a loop over elements"
            raise UnsupportedSyntax(f"{what} in a differentiated kernel", getattr(stmt, "span", None), fix)


# -- what threads share ------------------------------------------------------------------------------------------------


def _prove(fn: Func, together: frozenset[Var], block: Sequence[Var], axes: Sequence[int]) -> None:
    """Refuse a kernel in which a thread may touch what another one writes, but to add to it.

    That threads of a block use its memory in turns is what barriers are for.
    """
    threads = Threads.of(fn, axes)
    memory = threads.over.memory
    params = {memory.root(p): p for p in fn.params if fn.types[p.name].rank and p not in block}
    for root in sorted(threads.over.writes, key=str):
        if root not in params:
            continue
        writes, reads = threads.accesses(root)
        if params[root] in together:
            for access in (*writes, *reads):
                if not threads.is_addition(access):
                    raise _refusal(
                        threads, access, f"an element of '{root}', to which threads add, is used in another way"
                    )
            continue
        for write in writes:
            for other in (*writes, *reads):
                if threads.meet(write, other) or threads.meet(other, write):
                    verb = "write" if other in writes else "read"
                    what = (
                        f"it is not proven that no other thread may {verb} an element of '{root}' that is written here"
                    )
                    raise _refusal(threads, write, what)


def _refusal(threads: Threads, access: Access, what: str) -> UnsupportedSyntax:
    stmt = threads.statement(access)
    return UnsupportedSyntax(
        what,
        getattr(stmt, "span", None),
        "let each thread write elements of its own, as y[cuda.grid(1)], or add with cuda.atomic.add",
    )


def _atomic(fn: Func, inside: Inside, axes: Sequence[int]) -> frozenset[int]:
    """The identities of the stores that add to elements to which other threads may add."""
    common = common_sums(fn, inside.bars)
    body = tuple(s for s in fn.body if s not in common)
    threads = Threads.of(make_func(fn.name, fn.params, body, (), fn.types, fn.shapes), axes)
    root_of = threads.over.memory.root
    sums, shadows = {root_of(s.array) for s in common}, set(map(root_of, inside.bars))
    block = set(map(root_of, inside.block))
    found = set(map(id, common))
    for root in sorted(threads.over.writes, key=str):
        writes, reads = threads.accesses(root)
        if root in block:
            found |= {id(threads.statement(w)) for w in writes if threads.is_addition(w)}
        elif root in shadows:
            for one in (*writes, *reads):
                meets = root in sums or any(threads.meet(one, o) or threads.meet(o, one) for o in (*writes, *reads))
                if meets and not threads.is_addition(one):
                    raise _refusal(threads, one, f"other threads may use the element of '{root}' that is taken here")
                if meets:
                    found.add(id(threads.statement(one)))
    return frozenset(found)


__all__ = ["Program", "Request", "program"]
