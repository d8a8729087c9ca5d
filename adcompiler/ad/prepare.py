"""Rewrites of the primal before it is transposed: trip counters, and copies of array contents that will be lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from adcompiler.ad.checkpoints.marked import Marked
from adcompiler.ad.records.snapshots import with_snapshots
from adcompiler.analysis.alias import aliases
from adcompiler.analysis.dependence import Dependence, dependence, everything
from adcompiler.analysis.moved import refuse_shared
from adcompiler.analysis.scope import Frame, Path, sites
from adcompiler.ir.build import ONE, ZERO, Builder, make_func, with_body
from adcompiler.ir.ops import kind
from adcompiler.ir.types import INDEX
from adcompiler.ir.walk import all_reads, blocks, map_blocks, map_statements, walk
from adcompiler.ir.wengert import Assign, Block, Carry, Func, Grow, Load, Loop, Stmt, Store, Var, While
from adcompiler.rules.table import is_zero, lookup


@dataclass(frozen=True, slots=True)
class Saved:
    """Arrays, one of each class, whose lost contents the reverse sweep finds: every store into the `restored` ones is
    undone, iterations begin with copies of the `copied` ones.
    """

    restored: frozenset[Var] = frozenset()
    copied: frozenset[Var] = frozenset()

    @property
    def names(self) -> frozenset[Var]:
        """All the arrays."""
        return self.restored | self.copied

    def __or__(self, other: Saved) -> Saved:
        return Saved(self.restored | other.restored, self.copied | other.copied)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A primal whose loops of unknown length count their trips; `counters` are the carried counts.

    `restored` are the alias classes whose every store is undone in the reverse sweep: the statement before each of
    those stores reads what it overwrites. `copies` are loads, by their targets, that find the same in a copy, `marked`
    the checkpointed loops by their index, `rows` the final lengths of arrays that grow inside a region.
    """

    func: Func
    counters: frozenset[Var]
    restored: frozenset[Var] = frozenset()
    copies: Mapping[Var, Load] = field(default_factory=dict)
    marked: Mapping[Var, Marked] = field(default_factory=dict)
    rows: Mapping[Var, Var] = field(default_factory=dict)

    def counter(self, stmt: Loop | While) -> Carry | None:
        """The carry that counts the trips of a loop, or None where its range tells them."""
        return next((c for c in stmt.carried if c.var in self.counters), None)


def prepare(fn: Func, active: frozenset[Var], saved: Saved) -> Prepared:
    """The primal ready for transposition."""
    refuse_shared(dependence(fn))
    fn = keep_contents(keep_overwritten(fn, saved.restored), active, saved.restored)
    fn, rows = count_rows(fn)
    primal = replace(count_trips(fn, saved.restored), rows=rows)
    if not saved.copied:
        return primal
    fn, copies = with_snapshots(primal.func, saved.copied)
    return replace(primal, func=fn, copies=copies)


def count_rows(fn: Func) -> tuple[Func, dict[Var, Var]]:
    """Read, at the end of the block that makes it, how long an array has grown: in reverse its memory is gone.

    Before:  for i in range(n): tape = empty(32); while ...: grow tape to k; tape[k] = t
    After:   for i in range(n): tape = empty(32); while ...: grow tape to k; tape[k] = t; rows = dim(tape)
    """
    grown = {s.array for s in walk(fn.body) if isinstance(s, Grow)}
    b, rows = Builder.of(fn), dict[Var, Var]()

    def visit(block: Block) -> Block:
        with b.block() as lines:
            for stmt in block:
                b.add(map_blocks(stmt, visit))
            for stmt in block:
                if isinstance(stmt, Assign) and stmt.target in grown:
                    rows[stmt.target] = b.emit("dim", stmt.target, axis=0, hint="rows")
        return tuple(lines)

    body = tuple(map_blocks(s, visit) for s in fn.body) if grown else fn.body
    return with_body(fn, body, b), rows


def count_trips(fn: Func, restored: frozenset[Var] = frozenset()) -> Prepared:
    """Give every `while` and every loop that may be left early a carried trip count.

    Before:  while (x, x_next, x_out): ...
    After:   while (x, x_next, x_out), (trip = 0, trip_1 = trip + 1, trips): ...
    """
    b, counters = Builder.of(fn), set[Var]()

    def counting(stmt: Stmt) -> Stmt:
        if not isinstance(stmt, While) and not (isinstance(stmt, Loop) and stmt.until is not None):
            return stmt
        trip, after, trips = b.var("trip", INDEX), b.var("trip", INDEX), b.var("trips", INDEX)
        counters.add(trip)
        line = Assign(after, "add", (trip, ONE), (), stmt.span)
        return replace(stmt, carried=(*stmt.carried, Carry(trip, ZERO, after, trips)), body=(*stmt.body, line))

    body = map_statements(fn.body, counting)
    counted = with_body(fn, body, b)
    return Prepared(counted, frozenset(counters), classes(counted, restored))


def classes(fn: Func, arrays: frozenset[Var]) -> frozenset[Var]:
    """The representatives of the alias classes of some arrays."""
    memory = aliases(fn)
    return frozenset(map(memory.root, arrays))


def keep_overwritten(fn: Func, restored: frozenset[Var]) -> Func:
    """Read what each store into the arrays of `restored` overwrites.

    Before:  u[i] = t
    After:   u_old = u[i]; u[i] = t
    """
    b, memory, undone = Builder.of(fn), aliases(fn), classes(fn, restored)

    def visit(block: Block) -> Block:
        with b.block() as lines:
            for stmt in block:
                if isinstance(stmt, Store) and memory.root(stmt.array) in undone:
                    with b.at(stmt.span):
                        old = b.load(stmt.array, stmt.index, hint=f"{stmt.array}_old")
                        if b.type(old).rank:
                            b.emit("copy", old, hint=f"{stmt.array}_old")
                b.add(map_blocks(stmt, visit))
        return tuple(lines)

    body = visit(fn.body) if restored else fn.body
    return with_body(fn, body, b)


def keep_contents(fn: Func, active: frozenset[Var], restored: frozenset[Var]) -> Func:
    """Copy an array whose contents an adjoint needs and a later statement overwrites.

    Before:  y = v * v; v[0] = 1.0
    After:   v_1 = copy(v); y = v_1 * v_1; v[0] = 1.0

    An array that is filled inside a region is copied as well: the region's reverse finds only what is recorded.
    """
    b, over, undone = Builder.of(fn), dependence(fn), classes(fn, restored)
    lost: dict[Path, set[Var]] = {}
    for stmt, path, frames in sites(fn.body):
        if isinstance(stmt, Assign) and stmt.target in active and kind(stmt.op) != "view":
            arrays = {v for v in contents(b, stmt, active) if is_lost(over, v, path, frames, undone)}
            if arrays:
                lost[path] = arrays

    def visit(block: Block, path: Path) -> Block:
        with b.block() as lines:
            for position, stmt in enumerate(block):
                here = (*path, position)
                with b.at(getattr(stmt, "span", None)):
                    if isinstance(stmt, Assign):
                        copied(b, stmt, lost.get(here, set()))
                    else:
                        arms = iter([visit(nested, (*here, arm)) for arm, nested in enumerate(blocks(stmt))])
                        b.add(map_blocks(stmt, lambda _, arms=arms: next(arms)))  # type: ignore[misc]
        return tuple(lines)

    body = visit(fn.body, ()) if lost else fn.body
    return with_body(fn, body, b)


def is_lost(over: Dependence, array: Var, path: Path, frames: tuple[Frame, ...], restored: frozenset[Var]) -> bool:
    """Whether the contents an array has at a statement are not there when its adjoint runs."""
    index = everything(over.fn, array)
    if over.memory.root(array) in restored:
        return over.spoiled(array, index, path, frames)
    return over.overwritten(array, index, path, frames) or local(over, array)


def local(over: Dependence, array: Var) -> bool:
    """Whether an array is written element by element and lives in a region: in reverse it cannot be made again."""
    return over.written(array) and bool(over.defs[over.base(array)].frames)


def contents(b: Builder, stmt: Assign, active: frozenset[Var]) -> set[Var]:
    """The arrays among result and arguments whose values the adjoint of a line reads."""
    arrays = {a for a in (stmt.target, *stmt.args) if isinstance(a, Var) and b.type(a).rank}
    if not arrays or is_zero(stmt.op):
        return set()
    scratch = Builder.of(make_func("scratch", [], (stmt,), [], b.types, b.shapes))
    bar = scratch.var("bar", b.type(stmt.target), b.shape(stmt.target))
    wanted = [k for k, a in enumerate(stmt.args) if a in active]
    lookup(stmt.op).pull(scratch, stmt, bar, wanted)
    return arrays & all_reads(scratch.stack[0])


def copied(b: Builder, stmt: Assign, lost: set[Var]) -> None:
    """Append a line that works on copies, and leaves a copy of its result where that is overwritten."""
    copies = {v: b.emit("copy", v, hint=str(v)) for v in stmt.args if isinstance(v, Var) and v in lost}
    args = tuple(copies.get(a, a) if isinstance(a, Var) else a for a in stmt.args)
    if stmt.target not in lost:
        b.add(replace(stmt, args=args))
        return
    kept = b.like(stmt.target)
    b.add(replace(stmt, target=kept, args=args))
    b.add(Assign(stmt.target, "copy", (kept,), (), stmt.span))
