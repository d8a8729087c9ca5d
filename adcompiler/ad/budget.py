"""Derivatives whose records may take so many bytes: beyond that, loops run again from states that they keep.

Both functions are made, the one that records and the one whose loops are checkpointed. What the records take follows
from the arguments, and decides which of the two runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from adcompiler.ad.checkpoints.unmarked import unmarked
from adcompiler.ad.gradient import Seeds, gradient
from adcompiler.ad.records.tapes import product
from adcompiler.ad.sweeps import Joint
from adcompiler.ir.build import ZERO, Builder, Shape, make_func
from adcompiler.ir.inlining import inlined
from adcompiler.ir.ops import kind
from adcompiler.ir.walk import map_statements
from adcompiler.ir.wengert import Assign, Atom, Branch, Budget, Const, Func, Loop, Out, Stmt, Var


def limited(best: Joint, wrt: Sequence[int], seeds: Seeds, outputs: Sequence[int] | None, memory: int) -> Func:
    """The joint function whose records or kept states take no more than `memory` bytes; `best` records least."""
    stored, tapes = best.written()
    loops = recording(best)
    if not loops:
        return unmarked(stored)
    again = gradient(marked(best.fn, loops, memory // len(loops)), wrt, seeds, outputs)
    need = bytes_of(stored, tapes)
    return again if need is None else either(unmarked(stored), again, need, memory)


def recording(joint: Joint) -> frozenset[Var]:
    """The indices of the outermost counted loops of which values are recorded."""
    found = set()
    for v in joint.decided.recorded:
        loops = (f.region for f in joint.decided.defs[v].loops)
        outermost = next((region for region in loops if isinstance(region, Loop)), None)
        if outermost is not None:
            found.add(outermost.index)
    return frozenset(found)


def marked(fn: Func, loops: frozenset[Var], memory: int) -> Func:
    """The function with some of its loops checkpointed, each with as many bytes."""
    budget = Budget(Const(memory), "bytes")

    def marked(stmt: Stmt) -> Stmt:
        return replace(stmt, budget=budget) if isinstance(stmt, Loop) and stmt.index in loops else stmt

    return replace(fn, body=map_statements(fn.body, marked))


def bytes_of(fn: Func, tapes: Iterable[Var]) -> Func | None:
    """The bytes that the records of a function take, from its parameters; None where these do not tell."""
    lines = {s.target: s for s in fn.body if isinstance(s, Assign)}
    made = [lines[v] for v in tapes if v in lines]
    needed: dict[Var, Assign] = {}
    agenda: list[Atom] = [a for stmt in made for a in stmt.args]
    while agenda:
        a = agenda.pop()
        if isinstance(a, Const) or a in fn.params or a in needed:
            continue
        stmt = lines.get(a)
        if stmt is None or not told_by_parameters(fn, stmt):
            return None
        needed[a] = stmt
        agenda += stmt.args if kind(stmt.op) != "shape" else ()
    b = Builder.of(fn)
    b.extend([s for s in fn.body if isinstance(s, Assign) and needed.get(s.target) is s])
    total: Atom = ZERO
    for stmt in made:
        size = b.int("mul", product(b, stmt.args), Const(fn.types[stmt.target.name].numpy.itemsize))
        total = b.int("add", total, size, hint="recorded")
    return make_func("recorded", fn.params, tuple(b.stack[0]), [total], b.types, b.shapes)


def told_by_parameters(fn: Func, stmt: Assign) -> bool:
    """Whether a line computes a number from numbers, or is an extent of a parameter."""
    if kind(stmt.op) == "shape":
        return stmt.args[0] in fn.params
    return kind(stmt.op) == "elementwise" and not fn.types[stmt.target.name].rank


def either(stored: Func, again: Func, need: Func, memory: int) -> Func:
    """The function that records where that takes no more than `memory` bytes, and otherwise the other one."""
    b = Builder()
    params = list(parameters(b, stored))
    (size,) = inlined(b, need, params)
    test = b.emit("le", size, Const(memory), hint="fits", weak=True)
    with b.block() as then:
        first = inlined(b, stored, params)
    with b.block() as other:
        second = inlined(b, again, params)
    known = {*params, *(a for p in params for a in b.shape(p))}
    outs: list[Out] = []
    results = [joined(b, x, y, known, outs) for x, y in zip(first, second, strict=True)]
    b.add(Branch(test, tuple(then), tuple(other), tuple(outs), None))
    return b.finish(stored.name, params, results, stored.doc)


def parameters(b: Builder, fn: Func) -> Iterator[Var]:
    """The parameters of a function, with names for their extents."""
    for p in fn.params:
        yield b.var(p.name, fn.types[p.name], fn.shape(p))
    for p in fn.params:
        shape: Shape = tuple(
            a if isinstance(a, Const) else b.emit("dim", Var(p.name), axis=axis, hint=f"n_{p}")
            for axis, a in enumerate(fn.shape(p))
        )
        if shape:
            b.shapes[p.name] = shape


def joined(b: Builder, x: Atom, y: Atom, known: set[Atom], outs: list[Out]) -> Var:
    """The name of a result after the branch whose arms give `x` and `y`."""
    shape: list[Atom] = []
    for m, n in zip(b.shape(x), b.shape(y), strict=True):
        if m == n and (isinstance(m, Const) or m in known):
            shape.append(m)
        else:
            extent = b.var("n", b.type(m))
            outs.append(Out(extent, m, n))
            shape.append(extent)
    type = b.type(x)
    if type.rank and b.type(y).layout != type.layout:
        type = replace(type, layout="A")
    var = b.var(x.name if isinstance(x, Var) else "result", type, tuple(shape))
    outs.append(Out(var, x, y))
    return var
