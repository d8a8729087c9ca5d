"""Which additions to elements of other threads can be gathered by the threads that own these elements.

Two forms are known. In a stencil the index of the element is the number of the thread and what is the same for all
threads, as a constant, or the index of a loop that goes through the same numbers in each thread: with that, the element
tells the thread. So do the digits of an index into a flattened array. In a sum over pairs the index is that of such a
loop alone: the loop over elements and that over threads change places.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from adcompiler.analysis.access import Access, loop_limits
from adcompiler.analysis.alias import aliases
from adcompiler.analysis.constraints import Form, feasible, symbol
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
        The axes of the array, or the digits of its index, along which the element tells the thread, or the iteration
        of `loop`.
    shifts : tuple of Form
        By how much the index of the element is more than the number of the thread, or that of the iteration.
    radices : tuple
        Those of the digits of an index into a flattened array.
    windows : tuple of Loop
        The loops whose indices are in `shifts`, outermost first.
    loop : Loop, optional
        The loop whose index the element tells.
    """

    store: Store
    axes: tuple[int, ...]
    shifts: tuple[Form, ...]
    radices: tuple[Hashable, ...] = ()
    windows: tuple[Loop, ...] = ()
    loop: Loop | None = None

    @property
    def moved(self) -> tuple[Loop, ...]:
        """The loops that are outside of those over threads where additions are gathered."""
        return self.windows if self.loop is None else (self.loop,)

    @property
    def group(self) -> Hashable:
        """What additions have in common that one thread makes together."""
        return self.shifts, tuple(loop.index for loop in self.moved)


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
        if len(found) == len(stencil) and len({(s.axes, s.radices) for s in found}) == 1 and self.can_move(found):
            return found
        pairs = [self.of_loop(a) for a in accesses if id(self.threads.statement(a)) in additions]
        found = [s for s in pairs if s is not None]
        if found and len({(s.loop and s.loop.index, s.axes, s.shifts) for s in found}) == 1 and self.can_move(found):
            return found
        return []

    def of_thread(self, access: Access) -> Source | None:
        """An addition to an element whose index is the number of the thread and what is the same for all threads."""
        store, digits = self.store(access), access.digits
        forms = access.axes if digits is None else digits.forms
        axes, shifts = list[int](), list[Form]()
        for number in self.numbers:
            along = [k for k, form in enumerate(forms) if form is not None and form.coefficient(number)]
            form = forms[along[0]] if len(along) == 1 else None
            if form is None or form.coefficient(number) != 1:
                return None
            axes += along
            shifts.append(form - symbol(number))
        radices = () if digits is None else tuple(name for radix in digits.radices for name, _ in radix.terms)
        loops = [f.region for f in access.frames if isinstance(f.region, Loop) and f.path not in self.threads.paths]
        used = {s for shift in shifts for s, _ in shift.terms}
        windows = tuple(loop for loop in loops if loop.index in used)
        same = all(map(self.is_same, windows)) and all(
            map(self.is_known, {*radices, *used}.difference(w.index for w in windows))
        )
        # a digit that tells nothing of the thread would have to be another loop
        told = len(set(axes)) == len(axes) and (digits is None or len(axes) == len(forms))
        return Source(store, tuple(axes), tuple(shifts), radices, windows) if store and same and told else None

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
                    return Source(store, (axis,), (form - symbol(loop.index),), loop=loop)
        return None

    def store(self, access: Access) -> Store | None:
        """The statement of an access, if it adds to an element of a parameter."""
        stmt = self.threads.statement(access)
        return stmt if isinstance(stmt, Store) and stmt.add and stmt.array in self.fn.params else None

    def is_known(self, symbol: Hashable) -> bool:
        """Whether a symbol stands for an integer, or for an extent of an argument, that is the same for all threads."""
        if isinstance(symbol, tuple):
            return symbol[0] == "extent" and Var(symbol[1]) in self.fn.params
        return symbol in self.uniform

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
        groups: dict[Hashable, list[Source]] = {}
        for source in found:
            groups.setdefault(source.group, []).append(source)
        return all(self.is_plain(part(self.fn, [s.store for s in g]), g[0].moved) for g in groups.values())

    def is_plain(self, program: Func, moved: Sequence[Loop]) -> bool:
        """Whether a part of a thread's program stores nothing else, has no loop around others, and reads what stays."""
        outer = [loop.index for loop in (self.items, *moved) if loop is not None]
        for stmt, _, frames in sites(program.body):
            inside = [f.region.index for f in frames if isinstance(f.region, Loop)]
            match stmt:
                case Load(target=target) | Assign(target=target) if program.types[target.name].rank:
                    return False
                case Assign(op=op) if kind(op) not in ("elementwise", "shape"):
                    return False
                case Load() | Assign() | Store() | Branch():
                    pass
                case Loop(index=index, carried=carried) if index in outer:
                    if carried:
                        return False
                case _ if not moved or moved[-1].index not in inside:
                    return False
        return self.reads_what_stays(program)

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
