"""What is proven of a kernel before it is differentiated, and of its adjoint; what is refused."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from adcompiler.analysis.access import Access
from adcompiler.analysis.alias import aliases
from adcompiler.analysis.scope import sites
from adcompiler.analysis.threads import Threads, common_sums, decides, strided, varies
from adcompiler.errors import UnsupportedSyntax
from adcompiler.ir.build import make_func
from adcompiler.ir.ops import kind
from adcompiler.ir.threads import is_own
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import (
    Assign,
    Branch,
    Const,
    Draw,
    Func,
    Grow,
    Load,
    Loop,
    Print,
    Store,
    Var,
    While,
    is_element,
)
from adcompiler.optimise.parallel.guarded import uniform_lines

# 48 KiB, and of these the memory in which a block adds up
_SHARED_BYTES = (48 - 8) * 1024


@dataclass(frozen=True, slots=True)
class Inside:
    """What threads share: the adjoints of arguments, the memory of a block, and of that what holds adjoints."""

    bars: frozenset[Var]
    block: frozenset[Var]
    shadows: frozenset[Var]


def refuse_arrays(fn: Func) -> None:
    """Refuse what no kernel can run: work on whole arrays, and what talks to the world outside."""
    for stmt in walk(fn.body):
        what = None
        match stmt:
            case Assign(target=target, op=op, args=args) if kind(op) not in ("view", "shape"):
                sized = kind(op) == "alloc" and all(isinstance(a, Const) for a in args)
                if not sized and any(fn.shape(a) for a in (target, *args)):
                    what = "an operation on a whole array"
            case Store(array=array, index=index):
                if not is_element(index):
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


def refuse_late_ends(fn: Func, bars: frozenset[Var]) -> None:
    """Refuse an adjoint in which a thread may find its memory too short after it has changed what others see."""
    order, root = list(walk(fn.body)), aliases(fn).root
    shadows = set(map(root, bars))
    ends = [k for k, s in enumerate(order) if isinstance(s, Grow) or (isinstance(s, Assign) and kind(s.op) == "alloc")]
    first = next((k for k, s in enumerate(order) if isinstance(s, Store) and root(s.array) in shadows), len(order))
    if strided(fn) is not None or any(k > first for k in ends):
        place = next((s.span for s in order if isinstance(s, (Loop, While)) and s.span is not None), None)
        raise UnsupportedSyntax(
            "this kernel's adjoint records, for several items of a thread, what no count tells",
            place,
            "let each thread have one item: i = cuda.grid(1)",
        )


def refuse_uneven_ends(fn: Func) -> None:
    """Refuse records of a kernel with barriers for which only some threads of a block may have too little memory."""
    own = [p for p in fn.params if is_own(p.name)]
    varying, known = varies(fn), {*fn.params, *(s.target for s in uniform_lines(fn, own))}.difference(own)
    for stmt, _, frames in sites(fn.body):
        extents = list(stmt.args) if isinstance(stmt, Assign) and kind(stmt.op) == "alloc" else []
        if not isinstance(stmt, Grow) and all(isinstance(a, Const) or a in known for a in extents):
            continue
        if not varying.isdisjoint([*extents, *(a for frame in frames for a in decides(frame.region))]):
            loops = [f.region for f in reversed(frames) if f.is_loop]
            loops += [s for s in walk(fn.body) if isinstance(s, (Loop, While)) and not varying.isdisjoint(decides(s))]
            raise UnsupportedSyntax(
                "in a kernel with shared memory, what is recorded of a loop whose length differs from thread to thread",
                next((s.span for s in loops if s.span is not None), None),
                "give the loop a length that is the same for all threads, and test the thread's number inside",
            )


def prove(fn: Func, together: frozenset[Var], block: Sequence[Var], axes: Sequence[int]) -> None:
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


def refuse_unordered(fn: Func, additions: frozenset[int]) -> None:
    """Refuse additions that threads make in an order that is another one in each launch."""
    for stmt in walk(fn.body):
        if id(stmt) in additions:
            assert isinstance(stmt, Store)
            raise UnsupportedSyntax(
                f"deterministic=True: threads add to elements of '{stmt.array}' in no fixed order",
                stmt.span,
                "let each thread read elements of its own, or leave out deterministic=True",
            )


def refuse_divergent(fn: Func, barriers: Sequence[Var]) -> None:
    """Refuse a barrier of which it is not proven that all threads of a block reach it."""
    unknown = {s.target for s in walk(fn.body) if isinstance(s, Load) and s.array in barriers}
    varying = varies(fn)
    for stmt, _, frames in sites(fn.body):
        if isinstance(stmt, Store) and not unknown.isdisjoint(stmt.index):
            for frame in frames:
                if not varying.isdisjoint(decides(frame.region)):
                    raise UnsupportedSyntax(
                        "a barrier of which it is not proven that all threads of a block reach it",
                        stmt.span,
                        "let tests of the thread's number end before it: if i < n: …, then cuda.syncthreads()",
                    )


def refuse_large(fn: Func, block: Sequence[Var]) -> None:
    """Refuse more shared memory than a kernel may declare: each array has an adjoint like it."""
    size = sum(2 * math.prod(int(str(n)) for n in fn.shape(v)) * fn.types[v.name].numpy.itemsize for v in block)
    if size > _SHARED_BYTES:
        raise UnsupportedSyntax(
            f"arrays of a block that take {size} bytes of shared memory with their adjoints",
            next((s.span for s in walk(fn.body) if isinstance(s, Store) and s.array in block), None),
            f"make them smaller: there are {_SHARED_BYTES} bytes, without those that sum up over a block",
        )


def _refusal(threads: Threads, access: Access, what: str) -> UnsupportedSyntax:
    stmt, fix = threads.statement(access), "let each thread write elements of its own, as y[cuda.grid(1)]"
    if None in access.axes:
        fix += "; an index that may be negative counts from the end: test for 0 <= k"
    return UnsupportedSyntax(what, getattr(stmt, "span", None), f"{fix}; or add with cuda.atomic.add")


def atomic(fn: Func, inside: Inside, axes: Sequence[int]) -> frozenset[int]:
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
