"""Loops in which each iteration runs both sweeps, and in what order the rest of the reverse sweep runs.

The adjoint of a top-level loop may follow each of its iterations where the order of the reversed iterations does not
matter and what its adjoint needs of the reverse sweep can run before the loop: it needs no value, and reads no
memory, that the loop or what follows it makes. What of the reverse sweep would have run before and now runs later
shares no shadow with it but those to which both only add.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field, replace

from adcompiler.ad.adjoints import is_view
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
    lines = list(in_turn(sweep).rest)
    types = reverse.b.types
    whole = replace(reverse.primal.func, body=(*body, *lines), types=types, results=sweep.grads)
    order = Order(reverse, lines, [len(body)] * len(lines), aliases(whole))
    sums = Additive.of(whole, definitions(whole))
    for k in reversed(candidates):
        at = order.adjoint_of(k)
        if at is not None and not order.join(k, at):
            order.split(k, at, sums)
    return order.written()


def may_join(reverse: Reverse, k: int) -> bool:
    """Whether the reversed iterations of the loop at `k` may run in any order, and undo nothing."""
    stored = {reverse.memory.root(s.array) for s in walk([reverse.primal.func.body[k]]) if isinstance(s, Store)}
    return (k,) in reverse.free and stored.isdisjoint(reverse.primal.restored)


@dataclass(slots=True)
class Order:
    """The lines of the reverse sweep and when each runs: before which statement of the primal, or after all."""

    reverse: Reverse
    lines: list[Stmt]
    times: list[int]
    memory: Aliases
    joined: dict[int, int] = field(default_factory=dict)
    behind: dict[int, list[Stmt]] = field(default_factory=dict)
    known: dict[int, dict[Var, bool]] = field(default_factory=dict)

    def adjoint_of(self, k: int) -> int | None:
        """The place of the adjoint of the loop at `k`."""
        origin = self.reverse.origin
        return next((n for n, s in enumerate(self.lines) if isinstance(s, Loop) and origin.get(s.index) == (k,)), None)

    def join(self, k: int, at: int) -> bool:
        """Let the adjoint at `at` run in the loop at `k`, and what it needs before that loop, if that is legal."""
        chosen = self.needed(k, at)
        rest = self.reverse.primal.func.body[k:]
        made = all_defs(rest)
        stored = {self.memory.root(s.array) for s in walk(rest) if isinstance(s, Store)}
        for n in chosen:
            reads = all_reads([self.lines[n]])
            if has_loop(self.lines[n]) or reads & made or {self.memory.root(v) for v in reads} & stored:
                return False
        for n in (*chosen, at):
            self.times[n] = k
        self.joined[k] = at
        return True

    def needed(self, k: int, at: int) -> list[int]:
        """The lines that must run before the adjoint at `at`, of those that would run behind the loop at `k`."""
        loop, touched = self.lines[at], dict(self.touched(at))
        assert isinstance(loop, Loop)
        # the loop of the primal counts
        names = {*all_reads(loop.body), *(c.init for c in loop.carried)}
        left, chosen = {n for n in range(at) if self.times[n] > k}, list[int]()
        while more := {n for n in left if self.concerns(n, names, touched)}:
            left -= more
            chosen += more
            for n in more:
                names |= all_reads([self.lines[n]])
                for root, adds in self.touched(n).items():
                    touched[root] = touched.get(root, True) and adds
        return sorted(chosen)

    def concerns(self, n: int, names: Set[Atom], touched: Mapping[Var, bool]) -> bool:
        """Whether a line makes one of some names, or may not change places with what touches these arrays."""
        if not names.isdisjoint(all_defs([self.lines[n]])):
            return True
        return any(not (adds and touched[root]) for root, adds in self.touched(n).items() if root in touched)

    def touched(self, n: int) -> Mapping[Var, bool]:
        """The arrays that a line reads or writes, and whether it only adds to their elements."""
        if n not in self.known:
            found = dict[Var, bool]()
            for array, adds in touches([self.lines[n]], self.reverse):
                root = self.memory.root(array)
                found[root] = found.get(root, True) and adds
            self.known[n] = found
        return self.known[n]

    def split(self, k: int, at: int, sums: Additive) -> None:
        """Join a loop whose sums begin at zero: what they would have begun with is added behind it."""
        loop = self.lines[at]
        assert isinstance(loop, Loop)
        b, carried, added = self.reverse.b, list[Carry](), list[Stmt]()
        for c in loop.carried:
            if isinstance(c.init, Const) or b.type(c.var).rank or sums.folds(c) != "add":
                carried.append(c)
                continue
            part = b.like(c.out)
            carried.append(replace(c, init=scalar(0.0, b.type(c.var).dtype), out=part))
            added.append(Assign(c.out, "add", (c.init, part), (), loop.span))
        if added:
            self.lines[at] = replace(loop, carried=tuple(carried))
            self.known.pop(at, None)
            if self.join(k, at):
                self.behind[at] = added
            else:
                self.lines[at] = loop

    def written(self) -> Schedule:
        """The lines in the order in which they run."""
        found = list[Joined]()
        for k, at in sorted(self.joined.items()):
            loop = self.lines[at]
            assert isinstance(loop, Loop)
            before = tuple(s for n, s in enumerate(self.lines) if self.times[n] == k and n != at)
            found.append(Joined(k, before, loop))
        last = len(self.reverse.primal.func.body)
        rest = list[Stmt]()
        for n, stmt in enumerate(self.lines):
            if self.times[n] == last:
                rest.append(stmt)
            rest += self.behind.get(n, ())
        return Schedule(tuple(found), tuple(rest))


def touches(block: Block | list[Stmt], reverse: Reverse) -> Iterator[tuple[Var, bool]]:
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


def has_loop(stmt: Stmt) -> bool:
    """Whether a statement is a loop, or holds one."""
    return any(isinstance(s, (Loop, While)) for s in walk([stmt]))
