"""Loops in which each iteration runs both sweeps, and in what order the rest of the reverse sweep runs.

The adjoint of a top-level loop may follow each of its iterations where the order of the reversed iterations does not
matter and what its adjoint needs of the reverse sweep can run before the loop: it needs no value, and reads no
memory, that the loop or what follows it makes. What of the reverse sweep would have run before and now runs later
shares no shadow with it but those to which both only add.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field, replace

from adcompiler.ad.adjoints import is_view
from adcompiler.ad.hoisting import has_loop
from adcompiler.ad.reverse import Reverse
from adcompiler.analysis.additive import Additive
from adcompiler.analysis.alias import Aliases, aliases
from adcompiler.analysis.scope import Path, definitions
from adcompiler.ir.build import scalar
from adcompiler.ir.walk import all_defs, all_reads, walk
from adcompiler.ir.wengert import Assign, Atom, Block, Branch, Carry, Const, Load, Loop, Stmt, Store, Var, While


@dataclass(frozen=True, slots=True)
class Sweep:
    """The transposed function: the seeds' lines, one segment for each top-level statement, and the gradients."""

    seeds: Block
    segments: tuple[Block, ...]
    end: Block
    grads: tuple[Atom, ...]

    @property
    def lines(self) -> Block:
        """All its lines."""
        return (*self.seeds, *(s for segment in self.segments for s in segment), *self.end)


@dataclass(frozen=True, slots=True)
class Joined:
    """A top-level loop in which both sweeps run.

    Parameters
    ----------
    at : int
        The position of the loop.
    before : Block
        What of the reverse sweep runs before it.
    loop : Loop
        Its adjoint.
    """

    at: int
    before: Block
    loop: Loop


@dataclass(frozen=True, slots=True)
class Schedule:
    """When the lines of the reverse sweep run: before joined loops, in them, and after the whole primal."""

    joined: tuple[Joined, ...]
    rest: Block

    @property
    def paths(self) -> frozenset[Path]:
        """The joined loops."""
        return frozenset((j.at,) for j in self.joined)


def in_turn(sweep: Sweep) -> Schedule:
    """The whole reverse sweep after the primal."""
    return Schedule((), (*sweep.seeds, *(s for segment in reversed(sweep.segments) for s in segment)))


def schedule(reverse: Reverse, sweep: Sweep) -> Schedule:
    """The order in which as many loops as can be, the last ones first, run both sweeps at once."""
    body = reverse.primal.func.body
    candidates = [k for k, s in enumerate(body) if isinstance(s, (Loop, While)) and may_join(reverse, k)]
    if not candidates:
        return in_turn(sweep)
    lines = in_turn(sweep).rest
    whole = replace(reverse.primal.func, body=(*body, *lines), types=reverse.b.types, results=sweep.grads)
    order = Order.of(reverse, lines, aliases(whole))
    sums = Additive.of(whole, definitions(whole))
    loops = {reverse.origin.get(line.stmt.index): line for line in order.lines if isinstance(line.stmt, Loop)}
    for k in reversed(candidates):
        line = loops.get((k,))
        if line is not None and not order.join(k, line):
            order.split(k, line, sums)
    return order.written()


def may_join(reverse: Reverse, k: int) -> bool:
    """Whether the reversed iterations of the loop at `k` may run in any order, and undo nothing."""
    stored = {reverse.memory.root(s.array) for s in walk([reverse.primal.func.body[k]]) if isinstance(s, Store)}
    return (k,) in reverse.free and stored.isdisjoint(reverse.primal.restored)


@dataclass(slots=True, eq=False)
class Line:
    """A statement of the reverse sweep.

    Parameters
    ----------
    stmt : Stmt
        The statement.
    place : float
        Where it stands among the others.
    time : int
        The position of the statement of the primal before which it runs, or in which; past the last one, after all.
    needs : set of Atom
        What it reads.
    touched : mapping of Var to bool
        The arrays whose elements it reads or writes, by their classes of aliases, and whether it only adds to them.
    """

    stmt: Stmt
    place: float
    time: int
    needs: Set[Atom]
    touched: Mapping[Var, bool]

    def waits(self, k: int, at: Line) -> bool:
        """Whether it runs behind the statement at `k`, and would have run before the line `at`."""
        return self.time > k and self.place < at.place


@dataclass(slots=True)
class Order:
    """The lines of the reverse sweep and when each runs.

    `made` and `stored` map names and classes of arrays to the last top-level statement of the primal that defines or
    writes them, `makers` and `touchers` map them to lines of the reverse sweep.
    """

    reverse: Reverse
    memory: Aliases
    lines: list[Line] = field(default_factory=list)
    joined: dict[int, Line] = field(default_factory=dict)
    made: dict[Atom, int] = field(default_factory=dict)
    stored: dict[Var, int] = field(default_factory=dict)
    makers: dict[Atom, Line] = field(default_factory=dict)
    touchers: dict[Var, list[Line]] = field(default_factory=dict)

    @classmethod
    def of(cls, reverse: Reverse, lines: Block, memory: Aliases) -> Order:
        """All lines after the whole primal."""
        order = cls(reverse, memory)
        for k, stmt in enumerate(reverse.primal.func.body):
            order.made.update(dict.fromkeys(all_defs([stmt]), k))
            order.stored.update({memory.root(s.array): k for s in walk([stmt]) if isinstance(s, Store)})
        for place, stmt in enumerate(lines):
            order.add(stmt, place)
        return order

    @property
    def last(self) -> int:
        """When lines run that follow the primal."""
        return len(self.reverse.primal.func.body)

    def add(self, stmt: Stmt, place: float) -> None:
        """Add a line."""
        touched = dict[Var, bool]()
        for array, adds in touches([stmt], self.reverse):
            root = self.memory.root(array)
            touched[root] = touched.get(root, True) and adds
        needs: Set[Atom] = all_reads([stmt])
        if isinstance(stmt, Loop) and stmt.index in self.reverse.origin:
            needs = joined_reads(stmt)
        line = Line(stmt, place, self.last, needs, touched)
        self.lines.append(line)
        self.makers.update(dict.fromkeys(all_defs([stmt]), line))
        for root in touched:
            self.touchers.setdefault(root, []).append(line)

    def join(self, k: int, at: Line) -> bool:
        """Let the adjoint `at` run in the loop at `k`, and what it needs before that loop, if that is legal."""
        if any(self.made.get(name, -1) > k for name in at.needs):
            return False
        agenda, chosen = [at], list[Line]()
        while agenda:
            line = agenda.pop()
            if line is not at:
                if not self.may_run_before(k, line):
                    return False
                chosen.append(line)
            for other in self.before(line):
                if other.waits(k, at) and other not in chosen and other not in agenda:
                    agenda.append(other)
        for line in (*chosen, at):
            line.time = k
        self.joined[k] = at
        return True

    def may_run_before(self, k: int, line: Line) -> bool:
        """Whether a line is no loop, and needs nothing that the statement at `k` or a later one makes or writes."""
        if has_loop(line.stmt) or any(self.made.get(name, -1) >= k for name in line.needs):
            return False
        return not any(isinstance(v, Var) and self.stored.get(self.memory.root(v), -1) >= k for v in line.needs)

    def before(self, line: Line) -> Iterator[Line]:
        """The lines that make what a line needs, and those that may not change places with it."""
        yield from (self.makers[name] for name in line.needs if name in self.makers)
        for root, adds in line.touched.items():
            yield from (other for other in self.touchers[root] if not (adds and other.touched[root]))

    def split(self, k: int, at: Line, sums: Additive) -> None:
        """Join a loop whose sums begin at zero: what they would have begun with is added behind it."""
        loop = at.stmt
        assert isinstance(loop, Loop)
        b, carried, added = self.reverse.b, list[Carry](), list[Stmt]()
        for c in loop.carried:
            if isinstance(c.init, Const) or b.type(c.var).rank or sums.folds(c) != "add":
                carried.append(c)
                continue
            part = b.like(c.out)
            carried.append(replace(c, init=scalar(0.0, b.type(c.var).dtype), out=part))
            added.append(Assign(c.out, "add", (c.init, part), (), loop.span))
        if not added:
            return
        whole, needs = at.stmt, at.needs
        begun = replace(loop, carried=tuple(carried))
        at.stmt, at.needs = begun, joined_reads(begun)
        if self.join(k, at):
            self.makers.update(dict.fromkeys(all_defs([begun]), at))
            for stmt in added:
                self.add(stmt, at.place + 0.5)
        else:
            at.stmt, at.needs = whole, needs

    def written(self) -> Schedule:
        """The lines in the order in which they run."""
        found, lines = list[Joined](), sorted(self.lines, key=lambda line: line.place)
        for k, at in sorted(self.joined.items()):
            assert isinstance(at.stmt, Loop)
            before = tuple(line.stmt for line in lines if line.time == k and line is not at)
            found.append(Joined(k, before, at.stmt))
        return Schedule(tuple(found), tuple(line.stmt for line in lines if line.time == self.last))


def joined_reads(loop: Loop) -> Set[Atom]:
    """What the adjoint of a loop reads where it is joined: the loop of the primal counts."""
    return {*all_reads(loop.body), *(c.init for c in loop.carried)}


def touches(block: Iterable[Stmt], reverse: Reverse) -> Iterator[tuple[Var, bool]]:
    """The arrays whose elements some lines read or write, and whether that is an addition to them."""
    arrays = {Var(name) for name, type in reverse.b.types.items() if type.rank}
    for stmt in walk(block):
        match stmt:
            case Store(array=array, value=value, add=add):
                yield array, add
                if isinstance(value, Var) and value in arrays:
                    yield value, False
            case Load() | Assign() if is_view(stmt):
                # a view is read where its elements are
                pass
            case Assign(op="dim") | Loop() | While() | Branch():
                pass
            case _:
                yield from ((v, False) for v in all_reads([stmt]) if v in arrays)
