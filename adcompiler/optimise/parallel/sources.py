"""Which additions to elements of other threads can be gathered by the threads that own these elements.

Two forms are known. In a stencil the index of the element is the number of the thread and a constant: the element
tells the thread. In a sum over pairs it is the index of a loop, which goes through the same numbers in each thread: the
loop over elements and that over threads change places.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from adcompiler.analysis.access import Access, loop_limits
from adcompiler.analysis.alias import aliases
from adcompiler.analysis.fourier import Form, feasible, symbol
from adcompiler.analysis.scope import sites
from adcompiler.analysis.threads import Threads, strided
from adcompiler.ir.build import ONE, with_body
from adcompiler.ir.dead import drop_dead
from adcompiler.ir.ops import kind
from adcompiler.ir.threads import is_own, thread_name
from adcompiler.ir.walk import all_reads, map_blocks, walk
from adcompiler.ir.wengert import Assign, Block, Branch, Const, Func, Load, Loop, Note, Store, Var
from adcompiler.optimise.parallel.guarded import uniform_lines


@dataclass(frozen=True, slots=True)
class Source:
    """An addition of each thread, and where its element stands.

    Parameters
    ----------
    store : Store
        The addition.
    axes : tuple of int
        The axes of the array along which the element tells the thread, or the iteration of `loop`.
    shifts : tuple of int
        By how much the index of the element is more than the number of the thread, or that of the iteration.
    loop : Loop, optional
        The loop whose index the element tells.
    """

    store: Store
    axes: tuple[int, ...]
    shifts: tuple[int, ...]
    loop: Loop | None = None


@dataclass(frozen=True, slots=True)
class Sources:
    """The additions of a thread's program, which reads no other number of its own than those of the launch."""

    fn: Func
    threads: Threads
    axes: tuple[int, ...]
    items: Loop | None
    uniform: frozenset[Var]

    @classmethod
    def of(cls, fn: Func, axes: Sequence[int]) -> Sources | None:
        """The additions of a launch with several threads along `axes`; None where no element tells its thread."""
        own = [p for p in fn.params if is_own(p.name)]
        items = strided(fn)
        if {v.name for v in all_reads(fn.body) if v in own} != {thread_name("grid", axis) for axis in axes}:
            return None
        if items is not None and tuple(axes) != (0,):
            return None
        uniform = {*fn.params, *(s.target for s in uniform_lines(fn, own))}.difference(own)
        return cls(fn, Threads.of(fn, axes), tuple(axes), items, frozenset(uniform))

    @property
    def numbers(self) -> tuple[Var, ...]:
        """What tells threads apart: their numbers in the launch, or the index of the loop over items."""
        if self.items is not None:
            return (self.items.index,)
        return tuple(Var(thread_name("grid", axis)) for axis in self.axes)

    def chosen(self, array: Var, additions: frozenset[int]) -> list[Source]:
        """The additions to an array that are gathered, so that those of `additions` are; none where that fails."""
        accesses = self.threads.accesses(self.threads.over.memory.root(array))[0]
        stencil = [self.of_thread(a) for a in accesses]
        found = [s for s in stencil if s is not None]
        if len(found) == len(stencil) and len({s.axes for s in found}) == 1 and self.can_move(found):
            return found
        pairs = [self.of_loop(a) for a in accesses if id(self.threads.statement(a)) in additions]
        found = [s for s in pairs if s is not None]
        if found and len({(s.loop and s.loop.index, s.axes, s.shifts) for s in found}) == 1 and self.can_move(found):
            return found
        return []

    def of_thread(self, access: Access) -> Source | None:
        """An addition to an element whose index is the number of the thread and a constant."""
        store = self.store(access)
        axes, shifts = list[int](), list[int]()
        for number in self.numbers:
            along = [k for k, form in enumerate(access.axes) if form is not None and form.coefficient(number)]
            form = access.axes[along[0]] if len(along) == 1 else None
            if form is None or form.terms != ((number, 1),):
                return None
            axes += along
            shifts.append(form.constant)
        distinct = len(set(axes)) == len(axes)
        return Source(store, tuple(axes), tuple(shifts)) if store is not None and distinct else None

    def of_loop(self, access: Access) -> Source | None:
        """An addition to an element whose index is that of a loop, the same for all threads, and a constant.

        The loop has as many iterations as there are threads with work, so that after the exchange as many have.
        """
        store = self.store(access)
        if store is None or len(self.numbers) != 1:
            return None
        for frame in access.frames:
            loop = frame.region
            if not isinstance(loop, Loop) or frame.path in self.threads.paths or not self.is_same(loop):
                continue
            for axis, form in enumerate(access.axes):
                if form is not None and form.terms == ((loop.index, 1),) and self.is_wide(loop, access):
                    return Source(store, (axis,), (form.constant,), loop)
        return None

    def store(self, access: Access) -> Store | None:
        """The statement of an access, if it adds to an element of a parameter."""
        stmt = self.threads.statement(access)
        return stmt if isinstance(stmt, Store) and stmt.add and stmt.array in self.fn.params else None

    def is_same(self, loop: Loop) -> bool:
        """Whether a loop goes through the same numbers, one by one, in each thread."""
        bounds = (loop.start, loop.stop)
        return (
            loop.step == ONE and loop.until is None and all(isinstance(a, Const) or a in self.uniform for a in bounds)
        )

    def is_wide(self, loop: Loop, access: Access) -> bool:
        """Whether the numbers of the threads that make an addition are less than the iterations of a loop are many."""
        form = self.threads.over.affine.form
        trips: Form = form(loop.stop) - form(loop.start)
        known = [*access.limits, *loop_limits(self.threads.over.affine, access.frames)]
        return not feasible([*known, symbol(self.numbers[0]) - trips])

    def can_move(self, found: Sequence[Source]) -> bool:
        """Whether other threads can make these additions, each at a cost that is that of the thread itself."""
        loop = found[0].loop
        groups: dict[tuple[int, ...], list[Store]] = {}
        for source in found:
            groups.setdefault(source.shifts, []).append(source.store)
        return all(self.is_plain(part(self.fn, stores), loop) for stores in groups.values())

    def is_plain(self, program: Func, loop: Loop | None) -> bool:
        """Whether a part of a thread's program stores nothing else, has no other loop, and reads what stays."""
        for stmt, _, frames in sites(program.body):
            inside = [f.region.index for f in frames if isinstance(f.region, Loop)]
            match stmt:
                case Load(target=target) | Assign(target=target) if program.types[target.name].rank:
                    return False
                case Assign(op=op) if kind(op) not in ("elementwise", "shape"):
                    return False
                case Load() | Assign() | Store() | Branch():
                    pass
                case Loop(index=index, carried=carried) if index in self.outer(loop):
                    if carried:
                        return False
                case _ if loop is None or loop.index not in inside:
                    return False
        return self.reads_what_stays(program)

    def outer(self, loop: Loop | None) -> list[Var]:
        """The indices of the loops that are exchanged."""
        return [found.index for found in (self.items, loop) if found is not None]

    def reads_what_stays(self, program: Func) -> bool:
        """Whether no thread stores into an element before it reads of it what a part of its program reads."""
        loads = {id(s) for s in walk(program.body) if isinstance(s, Load)}
        over, same = self.threads.over, frozenset(self.threads.paths[-1:])
        return not any(
            id(self.threads.statement(read)) in loads and over.meets_later(write, read, same)
            for root, writes in over.writes.items()
            for read in self.threads.accesses(root)[1]
            for write in writes
        )


def part(fn: Func, stores: Iterable[Store]) -> Func:
    """What a program does for some of its stores into parameters: the others are left out."""
    return drop_dead(without(fn, {id(s) for s in _stores(fn)} - set(map(id, stores))))


def without(fn: Func, dropped: Iterable[int]) -> Func:
    """A program without some statements, by their identities."""
    dropped = frozenset(dropped)

    def visit(block: Block) -> Block:
        return tuple(map_blocks(s, visit) for s in block if id(s) not in dropped and not isinstance(s, Note))

    return with_body(fn, visit(fn.body))


def _stores(fn: Func) -> Iterator[Store]:
    """The stores into parameters."""
    root = aliases(fn).root
    params = set(map(root, fn.params))
    return (s for s in walk(fn.body) if isinstance(s, Store) and root(s.array) in params)


__all__ = ["Source", "Sources", "part", "without"]
