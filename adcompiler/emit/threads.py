"""The module of a kernel's adjoint: the kernel, and a function that tells how much memory its threads need."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from adcompiler.emit.cuda import function_of, without_dead
from adcompiler.emit.device import REPORT, ItemStatements, Work, zero
from adcompiler.emit.folding import Plan, plan
from adcompiler.emit.naming import python_names
from adcompiler.emit.printing import to_text
from adcompiler.emit.statements import Statements
from adcompiler.emit.syntax import LOAD, call, compare, dtype_name, name
from adcompiler.ir.build import make_func
from adcompiler.ir.threads import AXES, PLACES, thread_name
from adcompiler.ir.types import Type
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Assign, Block, Const, Func, Load, Stmt, Store, Var

_HEAD = """import math
import numpy as np
from adcompiler.backend.gpu.cuda import FAST, cuda


"""
_DONE, _THREAD = "done", "thread"
_LINEAR = ("at", "wide")
_RESERVED = frozenset(f"{word}_{axis}" for word in _LINEAR for axis in AXES)
_RESERVED |= frozenset(
    ("lane", "lanes", "place", "math", "np", "cuda", "FAST", REPORT, _DONE, _THREAD, *(f"grid_{a}" for a in AXES))
)
_BLOCK = """
def {title}(parts, array, index, value):
    thread = cuda.threadIdx.x + cuda.blockDim.x * (cuda.threadIdx.y + cuda.blockDim.y * cuda.threadIdx.z)
    size = cuda.blockDim.x * cuda.blockDim.y * cuda.blockDim.z
    parts[thread] = value
    cuda.syncthreads()
    while size > 1:
        half = (size + 1) // 2
        if thread < size // 2:
            parts[thread] += parts[thread + half]
        cuda.syncthreads()
        size = half
    if thread == 0 and parts[0] != 0.0:
        cuda.atomic.add(array, index, parts[0])
    cuda.syncthreads()
"""


@dataclass(frozen=True, slots=True)
class Sum:
    """An element to which all threads add: the position of its array among the parameters, and its index.

    An item of the index is a number, or the name of a parameter.
    """

    array: int
    index: tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class Adjoint:
    """The text of a kernel's adjoint, and what the host needs to know to launch it.

    Parameters
    ----------
    text : str
        The module: `title` is the kernel, `title_extents` tells the extents of work arrays.
    title : str
        The name of the kernel.
    work : tuple of (str, tuple of bool)
        Of each work array the element type, and for each axis whether the host can tell its extent.
    types : tuple of Type
        The types of the kernel's parameters.
    sums : tuple of Sum
        What the host adds up, of which each thread writes its part into an array that follows the work arrays.
    """

    text: str
    title: str
    work: tuple[tuple[str, tuple[bool, ...]], ...]
    types: tuple[Type, ...]
    sums: tuple[Sum, ...]

    @property
    def unknown(self) -> int:
        """How many extents only the threads find."""
        return sum(not known for _, axes in self.work for known in axes)


@dataclass(frozen=True, slots=True)
class Parts:
    """What is printed how.

    Parameters
    ----------
    title : str
        The name of the kernel.
    given : tuple of Var
        The kernel's parameters.
    rank : int
        How many axes the launch has.
    block : tuple of Var
        The arrays of a block.
    zeroed : frozenset of Var
        Those that begin as zeros.
    barriers : frozenset of Var
        The arrays from which the stores of a barrier take what nobody knows.
    lines : sequence of Assign
        The lines that compute the same for all threads.
    atomic : frozenset of int
        The identities of the stores that add to what other threads may add to.
    sums : frozenset of int
        Those of them that all threads run, each with a sum for an element that is the same for all.
    ordered : bool
        Whether the host adds up those sums, in an order that is always the same.
    extents : bool
        Whether the host asks for the lengths of work arrays.
    """

    title: str
    given: tuple[Var, ...]
    rank: int
    block: tuple[Var, ...] = ()
    zeroed: frozenset[Var] = frozenset()
    barriers: frozenset[Var] = frozenset()
    lines: Sequence[Assign] = ()
    atomic: frozenset[int] = frozenset()
    sums: frozenset[int] = frozenset()
    ordered: bool = False
    extents: bool = True


def emit_threads(fn: Func, parts: Parts, fastmath: bool, before: Adjoint | None = None) -> Adjoint:
    """Print a thread's program as a kernel, behind one that runs before; arithmetic may be fast with `fastmath`."""
    title, given = parts.title, parts.given
    printed = plan(fn)
    names = python_names(fn, printed, _RESERVED | {title})
    comments: list[str] = []
    statements = ThreadStatements(fn, printed, names, comments, parts)
    body = statements.block(fn.body)
    work, grows = statements.item.work, statements.grows
    params = [names[p] for p in given] + ([REPORT, _DONE] if grows else []) + [f"{w.name}s" for w in work]
    params += statements.totals
    declared = [*_memory(fn, names, parts), *statements.scratch]
    first = ast.parse("\n".join([*declared, *_first(fn, names, statements, parts.rank)])).body
    last = ast.parse(f"{_DONE}[{_THREAD}] = True").body if grows else []
    kernel = function_of(title, params, [*first, *body, *last])
    options: dict[str, ast.expr] = {"fastmath": name("FAST")} if fastmath else {}
    kernel.decorator_list = [call("cuda.jit", **options) if options else name("cuda.jit")]
    made = [*_helpers(statements.blocks, options), kernel]
    if parts.extents:
        made.append(_extents(fn, title, given, parts.lines, work))
    head = _HEAD if before is None else before.text + "\n\n"
    text = head + to_text(ast.Module(list(made), []), comments).strip("\n") + "\n"
    types = [fn.types[p.name] for p in given] + ([Type("int64", 1), Type("bool", 1)] if grows else [])
    types += [Type(fn.types[w.array.name].dtype, len(w.known) + 1) for w in work]
    sums = [s for s in fn.body if isinstance(s, Store) and id(s) in parts.sums] if parts.ordered else []
    types += [fn.types[s.array.name].array(1) for s in sums]
    kept = tuple((fn.types[w.array.name].dtype, w.known) for w in work)
    return Adjoint(text, title, kept, tuple(types), tuple(_sum(given, s) for s in sums))


def _sum(given: Sequence[Var], stmt: Store) -> Sum:
    index = (int(a.number) if isinstance(a, Const) else str(a) for a in stmt.index)
    return Sum(given.index(stmt.array), tuple(index))


def _memory(fn: Func, names: Mapping[Var, str], parts: Parts) -> list[str]:
    """The lines that declare the arrays of a block, and set adjoints to zero."""
    lines, zeroed = list[str](), [v for v in parts.block if v in parts.zeroed]
    for v in parts.block:
        dtype = ast.unparse(name(dtype_name(fn.types[v.name].dtype)))
        lines.append(f"{names[v]} = cuda.shared.array(({', '.join(map(str, fn.shape(v)))},), {dtype})")
    if zeroed:
        lines.append(
            "lane = cuda.threadIdx.x + cuda.blockDim.x * (cuda.threadIdx.y + cuda.blockDim.y * cuda.threadIdx.z)"
        )
        lines.append("lanes = cuda.blockDim.x * cuda.blockDim.y * cuda.blockDim.z")
    for v in zeroed:
        extents = [str(a) for a in fn.shape(v)]
        rest, index = "place", list[str]()
        for extent in reversed(extents[1:]):
            index.insert(0, f"{rest} % {extent}")
            rest = f"{rest} // {extent}"
        at, value = ", ".join([rest, *index]), ast.unparse(zero(fn.types[v.name].element))
        lines.append(f"for place in range(lane, {' * '.join(extents)}, lanes):\n    {names[v]}[{at}] = {value}")
    return [*lines, "cuda.syncthreads()"] if zeroed else lines


class ThreadStatements(ItemStatements):
    """Prints the program of a thread."""

    def __init__(self, fn: Func, plan: Plan, names: Mapping[Var, str], comments: list[str], parts: Parts) -> None:
        known = frozenset([*parts.given, *(s.target for s in parts.lines)])
        super().__init__(fn, plan, names, comments, known)
        self.parts = parts
        self.blocks: dict[str, str] = {}
        self.totals: list[str] = []
        self.unknown = {s.target for s in walk(fn.body) if isinstance(s, Load) and s.array in parts.barriers}

    def block(self, block: Block) -> list[ast.stmt]:
        """The statements of a block; the stores of a barrier, one into each array, are one call."""
        found = list[ast.stmt]()
        for stmt in super().block(block):
            if not (_is_barrier(stmt) and found and _is_barrier(found[-1])):
                found.append(stmt)
        return found

    def statement(self, stmt: Stmt) -> list[ast.stmt]:
        """One statement."""
        if isinstance(stmt, Load) and stmt.target in self.unknown:
            return []
        if isinstance(stmt, Store) and not self.unknown.isdisjoint(stmt.index):
            return [ast.Expr(call("cuda.syncthreads"))]
        return super().statement(stmt)

    @property
    def grows(self) -> bool:
        """Whether a thread may find that it has too little memory, and end."""
        return not all(known for w in self.item.work for known in w.known)

    @property
    def scratch(self) -> list[str]:
        """The lines that declare memory in which a block adds up."""
        return [f"parts_{t} = cuda.shared.array(1024, {ast.unparse(name(dtype_name(t)))})" for t in self.blocks]

    def failed(self) -> ast.stmt:
        """The end of a thread whose memory is too short: nothing that others see has been changed."""
        return ast.Return(None)

    def _store(self, stmt: Store) -> ast.stmt:
        if id(stmt) not in self.parts.atomic:
            return super()._store(stmt)
        if id(stmt) in self.parts.sums and self.parts.ordered:
            self.totals.append(self._unused(f"{self.names[stmt.array]}_threads"))
            mine = ast.Subscript(name(self.totals[-1]), name(_THREAD), ast.Store())
            return ast.Assign([mine], self.print.atom(stmt.value), lineno=0)
        place = self.print.element(stmt.array, stmt.index)
        add, given = "cuda.atomic.add", [place.value, place.slice]
        if id(stmt) in self.parts.sums and not self.grows:
            dtype = self.fn.types[stmt.array.name].dtype
            self.blocks[dtype] = add = f"add_of_block_{dtype}" if dtype != "float64" else "add_of_block"
            given.insert(0, name(f"parts_{dtype}"))
        value = self.print.atom(stmt.value)
        added = ast.Expr(call(add, *given, value))
        if id(stmt) in self.parts.sums and self.grows:
            # threads that reach no such element may have none
            return ast.If(compare(value, ast.NotEq(), ast.Constant(0.0)), [added], [])
        return added


def _is_barrier(stmt: ast.stmt) -> bool:
    return isinstance(stmt, ast.Expr) and ast.unparse(stmt) == "cuda.syncthreads()"


def _helpers(blocks: Mapping[str, str], options: Mapping[str, ast.expr]) -> list[ast.stmt]:
    """The functions that add up the values of a block's threads."""
    found: list[ast.stmt] = []
    for title in blocks.values():
        made = ast.parse(_BLOCK.format(title=title)).body[0]
        assert isinstance(made, ast.FunctionDef)
        made.decorator_list = [call("cuda.jit", device=ast.Constant(True), inline=ast.Constant("always"), **options)]
        found.append(made)
    return found


def _first(fn: Func, names: Mapping[Var, str], statements: ThreadStatements, rank: int) -> list[str]:
    """The lines that find the numbers of a thread, and its part of the work arrays."""
    work, grows = statements.item.work, statements.grows
    known = {p.name for p in fn.params}
    lines: list[str] = []
    for what, count in (("grid", "cuda.grid"), ("grid_size", "cuda.gridsize")):
        along = [thread_name(what, axis) for axis in range(len(AXES))]
        last = max((axis for axis, found in enumerate(along) if found in known), default=-1)
        targets = [names[Var(v)] if v in known else "_" for v in along[: last + 1]]
        if targets:
            lines.append(f"{', '.join(targets)} = {count}({last + 1})")
    for what, place in PLACES.items():
        for axis, letter in enumerate(AXES):
            if (v := thread_name(what, axis)) in known:
                lines.append(f"{names[Var(v)]} = {place.format(axis=letter)}")
    if work or statements.totals:
        lines += _linear(rank, names.get(Var(thread_name("grid", 0)), "cuda.grid(1)"))
    if grows:
        lines.append(f"if {_DONE}[{_THREAD}]:\n    return")
    lines += [f"{w.name} = {w.name}s[{':, ' * len(w.known)}{_THREAD}]" for w in work]
    return lines


def _linear(rank: int, first: str) -> list[str]:
    """The lines that number all threads of a launch."""
    if rank == 1:
        return [f"{_THREAD} = {first}"]
    along, wide = ([f"{word}_{axis}" for axis in AXES[:rank]] for word in _LINEAR)
    number = along[-1]
    for at, size in zip(reversed(along[:-1]), reversed(wide[:-1]), strict=True):
        number = f"{at} + {size} * ({number})"
    return [
        f"{', '.join(along)} = cuda.grid({rank})",
        f"{', '.join(wide)} = cuda.gridsize({rank})",
        f"{_THREAD} = {number}",
    ]


def _extents(fn: Func, title: str, given: Sequence[Var], lines: Sequence[Assign], work: Sequence[Work]) -> ast.stmt:
    """The function that tells the extents of work arrays, -1 for those that only threads find."""
    shapes = [zip(fn.shape(w.array), w.known, strict=True) for w in work]
    results = [extent if known else Const(-1) for shape in shapes for extent, known in shape]
    told = make_func(f"{title}_extents", given, without_dead(lines, results), results, fn.types, fn.shapes)
    printed = plan(told)
    statements = Statements(told, printed, python_names(told, printed, _RESERVED), "python", {}, False)
    body: list[ast.stmt] = statements.block(told.body)
    values: list[ast.expr] = [statements.print.atom(r) for r in results]
    return function_of(told.name, [p.name for p in given], [*body, ast.Return(ast.Tuple(values, LOAD))])


__all__ = ["Adjoint", "emit_threads"]
