"""Which accesses of a thread's program meet those of other threads: threads are iterations of loops around it.

The loops count the threads along each axis of a launch that has several of them. A program that is a loop over items,
from the number of the thread in steps of the number of threads, is the same program for each item.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from adcompiler.analysis.access import Access
from adcompiler.analysis.activity import handed_on, reachable
from adcompiler.analysis.alias import aliases
from adcompiler.analysis.dependence import Dependence, dependence
from adcompiler.analysis.scope import Path, block_at
from adcompiler.ir.build import ONE, ZERO, Builder, make_func
from adcompiler.ir.ops import kind
from adcompiler.ir.threads import AXES, is_own, thread_name
from adcompiler.ir.types import INDEX, Type
from adcompiler.ir.walk import all_reads, defines, inner, operands, walk
from adcompiler.ir.wengert import (
    Assign,
    Atom,
    Block,
    Branch,
    Const,
    Func,
    Index,
    Load,
    Loop,
    Note,
    Stmt,
    Store,
    Var,
    While,
)

# of each number of a thread along an axis, how many there are
_SIZES = {
    Var(thread_name(what, axis)): Var(thread_name(count, axis))
    for what, count in (("grid", "grid_size"), ("block", "grid_dim"), ("thread", "block_dim"))
    for axis in range(len(AXES))
}


@dataclass(frozen=True, slots=True)
class Threads:
    """The accesses of a thread's program, and the loops of which each iteration is a thread.

    Parameters
    ----------
    over : Dependence
        Of the program with the loops around it.
    paths : tuple of Path
        The loops, outermost first.
    twins : dict
        Of a program that reads both its number in the launch and its number in the block: the same accesses where the
        loops count blocks and their threads, by the identity of those here.
    other : Threads, optional
        The threads counted so.
    """

    over: Dependence
    paths: tuple[Path, ...]
    twins: Mapping[int, Access] = field(default_factory=dict)
    other: Threads | None = None

    @classmethod
    def of(cls, fn: Func, axes: Sequence[int]) -> Threads:
        """The threads of a launch with several threads along `axes`."""
        found = cls.counted(fn, axes, False)
        if strided(fn) is not None or not any(len(_ways(fn.body, axis)) == 2 for axis in axes):
            return found
        other = cls.counted(fn, axes, True)
        twins = {
            id(one): two
            for mine, its in ((found.over.writes, other.over.writes), (found.over.reads, other.over.reads))
            for root in mine
            if root in its
            for one, two in zip(mine[root], its[root], strict=True)
        }
        return replace(found, twins=twins, other=other)

    @classmethod
    def counted(cls, fn: Func, axes: Sequence[int], by_block: bool) -> Threads:
        """The threads, by their numbers in the launch where a program reads these, or by block."""
        b = Builder.of(fn)
        lines, rest = _uniform(fn)
        loop = strided(fn)
        body: Block = tuple(rest)
        if loop is not None:
            body = _counted(body, loop)
        counted = [v for axis in axes if loop is None or axis != 0 for v in _ways(body, axis)[-1 if by_block else 0]]
        # along an axis with a single thread its number is zero
        alone = [Var(thread_name("grid", axis)) for axis in range(len(AXES)) if axis not in axes]
        body, params = _numbers(b, fn, body, [*counted, *alone])
        for index in counted:
            b.types[index.name] = INDEX
            stop = b.var(f"{index}s", INDEX)
            params.append(stop)
            body = (Loop(index, ZERO, stop, ONE, (), body, None, False, None),)
        kept = [p for p in fn.params if not is_own(p.name)]
        known: Block = tuple(Assign(v, "cast", (ZERO,), (("dtype", "int64"),), None) for v in alone if v in fn.params)
        found = make_func(fn.name, [*kept, *params], (*lines, *known, *body), (), b.types, b.shapes)
        over = dependence(found)
        paths = [path for path, stmt in _nest(found, len(counted) + (loop is not None)) if isinstance(stmt, Loop)]
        return cls(over, tuple(paths))

    def meet(self, one: Access, other: Access) -> bool:
        """Whether different threads may touch one element."""
        if not self._meet(one, other):
            return False
        one_too, other_too = (self.twins.get(id(access)) for access in (one, other))
        if self.other is None or one_too is None or other_too is None:
            return True
        # threads that differ differ in both ways of counting: one proof is enough
        return self.other._meet(one_too, other_too)

    def _meet(self, one: Access, other: Access) -> bool:
        for path in self.paths:
            within = all(any(f.path == path for f in access.frames) for access in (one, other))
            if not within or (self.over.across(one, other, path) and not self.in_steps(one, other, path)):
                return True
        return False

    def in_steps(self, one: Access, other: Access, path: Path) -> bool:
        """Whether accesses are to elements whose index, along an axis, has a remainder that is the thread's own.

        Those are the thread's number and, in steps of as many as there are threads, what comes after it:
        `for i in range(grid_x, n, grid_size_x)`; so too of blocks, and of the threads of a block.
        """
        threads = block_at(self.over.fn, path)[path[-1]]
        assert isinstance(threads, Loop)
        first, size = threads.index, _SIZES.get(threads.index)
        if size is None:
            return False
        loops = (s for s in walk(threads.body) if isinstance(s, Loop))
        own = {first, *(s.index for s in loops if self.steps(s, first, size))}
        indices = map(self.index, (one, other))
        return any(a in own and b in own for a, b in zip(*indices, strict=False))

    def steps(self, loop: Loop, first: Var, size: Var) -> bool:
        """Whether a loop goes from a number in steps of another one, or back to it."""
        if (loop.start, loop.step) == (first, size):
            return True
        start, stop, step = map(self.line, (loop.start, loop.stop, loop.step))
        far = self.line(start[2]) if start[:2] == ("add", first) else ()
        return far[:1] == ("mul",) and size in far and stop == ("sub", first, size) and step == ("neg", size)

    def line(self, atom: object) -> tuple[object, ...]:
        """The operation that gives a number, and what of."""
        stmt = self.over.defs[atom].stmt if isinstance(atom, Var) else None
        return (stmt.op, *stmt.args) if isinstance(stmt, Assign) else ()

    def index(self, access: Access) -> Index:
        """The index of an access to a whole array, none of others."""
        stmt = self.statement(access)
        whole = isinstance(stmt, (Load, Store)) and stmt.array == access.base
        return stmt.index if isinstance(stmt, (Load, Store)) and whole else ()

    def statement(self, access: Access) -> Stmt:
        """The statement of an access."""
        return block_at(self.over.fn, access.path)[access.path[-1]]

    def is_addition(self, access: Access) -> bool:
        """Whether an access adds to an element, and does nothing else with it."""
        stmt = self.statement(access)
        return isinstance(stmt, Store) and stmt.add

    def accesses(self, root: Var) -> tuple[list[Access], list[Access]]:
        """The stores into and the loads from a class of arrays."""
        reads = [access for access in self.over.reads.get(root, []) if not _is_extent(self.statement(access))]
        return self.over.writes.get(root, []), reads


def strided(fn: Func) -> Loop | None:
    """The loop over items in steps of the number of threads which, within guards, is all that a program does.

    Nothing else in it depends on the number of the thread.
    """
    first, body = Var(thread_name("grid", 0)), fn.body
    while body:
        *lines, last = body
        if any(not isinstance(s, (Assign, Load, Note)) or first in operands(s) for s in lines):
            return None
        if isinstance(last, Branch) and bool(last.then) != bool(last.other):
            body = last.then or last.other
            continue
        if not isinstance(last, Loop) or last.start != first or last.step != Var(thread_name("grid_size", 0)):
            return None
        other = [*last.body, *(c.init for c in last.carried)]
        return None if last.until is not None or first in other or first in all_reads(last.body) else last
    return None


def _counted(body: Block, loop: Loop) -> Block:
    """A block in which a loop over items of a thread goes over all items."""
    found: list[Stmt] = []
    for stmt in body:
        if stmt is loop:
            found.append(replace(loop, start=ZERO, step=ONE))
        elif isinstance(stmt, Branch):
            found.append(replace(stmt, then=_counted(stmt.then, loop), other=_counted(stmt.other, loop)))
        else:
            found.append(stmt)
    return tuple(found)


def _nest(fn: Func, count: int) -> Iterator[tuple[Path, Stmt]]:
    """The loops of threads, outermost first."""
    body, found = fn.body, 0
    path: Path = ()
    while found < count:
        at, region = next((k, s) for k, s in enumerate(body) if isinstance(s, (Loop, Branch)))
        here: Path = (*path, at)
        yield here, region
        arm = 0
        if isinstance(region, Branch):
            arm = 0 if region.then else 1
            body = (region.then, region.other)[arm]
        else:
            body, found = region.body, found + 1
        path = (*here, arm)


def _uniform(fn: Func) -> tuple[list[Stmt], list[Stmt]]:
    """The first lines of a program that compute the same for all threads, and the rest."""
    known = {p for p in fn.params if not is_own(p.name)}
    lines, rest = list[Stmt](), list[Stmt]()
    for stmt in fn.body:
        same = isinstance(stmt, Assign) and all(isinstance(a, Const) or a in known for a in stmt.args)
        if isinstance(stmt, Assign) and same and kind(stmt.op) in ("elementwise", "shape"):
            known.add(stmt.target)
            lines.append(stmt)
        else:
            rest.append(stmt)
    return lines, rest


def _ways(body: Block, axis: int) -> list[list[Var]]:
    """The numbers that tell threads apart along an axis, innermost first, of which a program reads some."""
    grid, thread, block = (Var(thread_name(what, axis)) for what in ("grid", "thread", "block"))
    reads = all_reads(body)
    by_block = [[thread, block]] if not reads.isdisjoint((thread, block)) else []
    return [[grid], *by_block] if grid in reads or not by_block else by_block


def _numbers(b: Builder, fn: Func, body: Block, known: Container[Var]) -> tuple[Block, list[Var]]:
    """A body that reads the numbers of a thread that are not known from arrays of any contents."""
    reads, params = all_reads(body), list[Var]()
    lines: list[Stmt] = []
    for p in fn.params:
        if is_own(p.name) and p in reads and p not in known:
            array = b.var(f"{p.name}_of", Type("int64", 1), (b.var("n", INDEX),))
            place = b.var("place", INDEX)
            lines += [Load(place, array, (ZERO,), None), Load(p, array, (place,), None)]
            params.append(array)
    return (*lines, *body), params


def _is_extent(stmt: Stmt) -> bool:
    return isinstance(stmt, Assign) and kind(stmt.op) == "shape"


def common_sums(fn: Func, arrays: Container[Var]) -> list[Store]:
    """The statements, outside of all regions, by which each thread adds to an element of `arrays`, the same for all."""
    known = {p for p in fn.params if not is_own(p.name)}
    return [
        s
        for s in fn.body
        if isinstance(s, Store)
        and s.add
        and s.array in arrays
        and all(isinstance(a, Const) or a in known for a in s.index)
    ]


def only_added(fn: Func, arrays: Iterable[Var]) -> frozenset[Var]:
    """Those of some arrays to whose elements a program adds, and with which it does nothing else."""
    root, other = aliases(fn).root, set[Var]()
    for stmt in walk(fn.body):
        if isinstance(stmt, Load) or (isinstance(stmt, Store) and not stmt.add):
            other.add(root(stmt.array))
    return frozenset(v for v in arrays if root(v) not in other)


def varies(fn: Func) -> set[Var]:
    """The numbers that may be others for another thread of the block."""
    stored = set(map(aliases(fn).root, (s.array for s in walk(fn.body) if isinstance(s, Store))))
    root, flow = aliases(fn).root, list[tuple[Atom, Var]]()
    blocks = {thread_name("block", axis) for axis in range(len(AXES))}
    sources = {p for p in fn.params if is_own(p.name) and p.name not in blocks}
    for stmt in walk(fn.body):
        if isinstance(stmt, Load) and root(stmt.array) in stored:
            sources.add(stmt.target)
        if isinstance(stmt, (Loop, While, Branch)):
            flow += handed_on(stmt)
            flow += [(a, v) for a in decides(stmt) for v in (*defines(stmt), *inner(stmt))]
        else:
            flow += [(a, v) for a in operands(stmt) for v in defines(stmt)]
    return reachable(sources, [(a, v) for a, v in flow if isinstance(a, Var)])


def decides(region: Loop | While | Branch) -> list[Atom]:
    """What decides how often the blocks of a region run."""
    match region:
        case Branch(test=test) | While(test=test):
            return [test]
        case Loop(start=start, stop=stop, step=step, until=until):
            return [start, stop, step, *([] if until is None else [until])]


def written(fn: Func) -> set[Var]:
    """The parameters into which a program stores, under their names or through views."""
    root = aliases(fn).root
    stored = {root(s.array) for s in walk(fn.body) if isinstance(s, Store)}
    return {p for p in fn.params if root(p) in stored}


def read(fn: Func) -> set[Var]:
    """The parameters of which a program reads elements, under their names or through views."""
    root = aliases(fn).root
    loaded = {root(s.array) for s in walk(fn.body) if isinstance(s, Load) and not fn.types[s.target.name].rank}
    return {p for p in fn.params if root(p) in loaded}


__all__ = ["Threads", "common_sums", "decides", "only_added", "read", "strided", "varies", "written"]
