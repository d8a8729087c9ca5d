"""Transposition: the adjoint of every statement of a block, last statement first.

The result refers to values of the primal by their primal names, as if all of them were still there. What it takes to
have them (recomputing, reloading, recording) is decided in `record` and written in `replay`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from adcompiler.ad.adjoints import Adjoints, Bars
from adcompiler.ad.checkpoints.marked import Marked
from adcompiler.ad.checkpoints.reversal import Replayed
from adcompiler.ad.order import memory_is_free
from adcompiler.ad.reuse import PrimalLines
from adcompiler.ad.shorten import shortened, without_dead
from adcompiler.ad.trips import reversed_range, trips_of
from adcompiler.analysis.alias import Aliases
from adcompiler.analysis.dependence import Dependence, dependence
from adcompiler.analysis.scope import Path
from adcompiler.analysis.selection import selected
from adcompiler.ir.build import scalar
from adcompiler.ir.ops import kind
from adcompiler.ir.walk import all_defs, all_reads, blocks, rename, walk
from adcompiler.ir.wengert import (
    Assign,
    Atom,
    Block,
    Branch,
    Carry,
    Load,
    Loop,
    Out,
    Stmt,
    Store,
    Var,
    While,
)
from adcompiler.rules.table import is_zero, lookup


@dataclass(slots=True)
class Reverse(Adjoints):
    """The state of one transposition; `origin` maps the index of a reversed loop to the path of the primal one."""

    origin: dict[Var, Path] = field(default_factory=dict)
    free: set[Path] = field(default_factory=set)
    memory: Aliases = field(init=False)
    over: Dependence = field(init=False)
    chosen: frozenset[Var] = field(init=False)
    lines: PrimalLines = field(init=False)

    def __post_init__(self) -> None:
        Adjoints.__post_init__(self)
        self.over = dependence(self.primal.func)
        self.memory = self.over.memory
        self.lines = PrimalLines(self.primal.func)
        self.chosen = selected(self.primal.func)

    # -- statements ----------------------------------------------------------------------------------------------

    def block(self, block: Block, path: Path) -> None:
        """Append the adjoint of a block."""
        for position in range(len(block) - 1, -1, -1):
            self.position(block, position, path)

    def position(self, block: Block, position: int, path: Path) -> None:
        """Append the adjoint of one statement of a block, after undoing what it stored."""
        stmt = block[position]
        with self.b.at(getattr(stmt, "span", None)):
            if isinstance(stmt, Store) and self.memory.root(stmt.array) in self.primal.restored:
                self.undo(stmt, block[position - 1])
            self.statement(stmt, (*path, position))

    def statement(self, stmt: Stmt, path: Path) -> None:
        """Append the adjoint of one statement."""
        match stmt:
            case Assign(target=target) | Load(target=target) if target not in self.active or target in self.views:
                pass
            case Assign():
                self.line(stmt, path)
            case Load(target=target, array=array, index=index):
                if target in self.bars:
                    self.b.store(self.shadow(array), index, self.bars.pop(target), add=True)
            case Store():
                self.stored(stmt)
            case Loop() | While():
                if self.touches(stmt):
                    self.loop(stmt, path)
            case Branch():
                if self.touches(stmt):
                    self.branch(stmt, path)
            case _:
                pass

    def line(self, stmt: Assign, path: Path) -> None:
        """`y = op(a, b)`: each active argument receives its share of `y_bar`."""
        y_bar = self.bars.pop(stmt.target, None)
        if y_bar is None or is_zero(stmt.op):
            return
        wanted = [k for k, a in enumerate(stmt.args) if a in self.active]
        with self.b.block() as lines:
            shares = lookup(stmt.op, self.b).pull(self.b, stmt, y_bar, wanted, guard=stmt.target in self.chosen)
        names = self.lines.reuse(self.b, lines, path)
        shares = {k: names.get(share, share) for k, share in shares.items()}
        made = {s.target for s in lines if isinstance(s, Assign) and kind(s.op) not in ("view", "alloc")}
        values = list(shares.values())
        for position, share in shares.items():
            fresh = share in made and values.count(share) == 1
            self.accumulate(stmt.args[position], share, fresh)

    def stored(self, stmt: Store) -> None:
        """`a[i] = v`: v receives the adjoint of the element, which is then zero; `a[i] += v` keeps it."""
        if stmt.array not in self.active or self.base(stmt.array) not in self.bars:
            return
        bar = self.shadow(stmt.array)
        if stmt.value in self.active:
            self.accumulate(stmt.value, self.b.view(bar, stmt.index, hint=f"{stmt.value}_bar"), fresh=False)
        if not stmt.add:
            self.b.store(bar, stmt.index, scalar(0.0, self.b.type(bar).dtype))

    def undo(self, stmt: Store, before: Stmt) -> None:
        """Put back what a store overwrote, which the statement before it has read."""
        assert isinstance(before, (Load, Assign))
        self.b.store(stmt.array, stmt.index, before.target)

    # -- regions -------------------------------------------------------------------------------------------------

    def touches(self, stmt: Stmt) -> bool:
        """Whether anything active happens in a region."""
        stored = {s.array for s in walk([stmt]) if isinstance(s, Store)}
        undone = any(self.memory.root(array) in self.primal.restored for array in stored)
        return undone or not self.active.isdisjoint(stored | all_defs([stmt]))

    def outside(self, stmt: Stmt) -> tuple[list[Var], list[Var]]:
        """Active scalars and bases of active arrays that a region uses and does not define, in a fixed order."""
        here = all_defs([stmt])
        used = sorted((all_reads([stmt]) & self.active), key=str)
        bases = {self.base(v) for v in used if self.b.type(v).rank}
        scalars = [v for v in used if not self.b.type(v).rank and v not in here]
        return scalars, sorted((v for v in bases if v not in here), key=str)

    def branch(self, stmt: Branch, path: Path) -> None:
        """`if`: the same test decides which arm's adjoint runs."""
        scalars, arrays = self.outside(stmt)
        for array in arrays:
            self.shadow(array)
        received = {o.var: self.bars.pop(o.var) for o in stmt.outs if o.var in self.bars}
        before, ends = dict(self.bars), list[Bars]()
        arms = list[Block]()
        for arm, block in enumerate(blocks(stmt)):
            self.bars = dict(before)
            with self.b.block() as lines:
                for out in stmt.outs:
                    if out.var in received:
                        self.accumulate((out.then, out.other)[arm], received[out.var], fresh=False)
                self.block(block, (*path, arm))
            arms.append(tuple(lines))
            ends.append(self.bars)
        self.bars = before
        outs = list[Out]()
        for v in scalars:
            values = [end.get(v, self.zero(v)) for end in ends]
            if values[0] == values[1]:
                # both arms hand on what was there before the branch
                if v in ends[0] or v in ends[1]:
                    self.bars[v] = values[0]
            else:
                bar = self.b.like(v, f"{v}_bar")
                outs.append(Out(bar, values[0], values[1]))
                self.bars[v] = bar
        self.b.add(Branch(stmt.test, arms[0], arms[1], tuple(outs), self.b.span))

    def loop(self, stmt: Loop | While, path: Path) -> None:
        """A loop runs backwards; the adjoints of what it carries and of outer scalars are carried the other way."""
        if isinstance(stmt, Loop) and stmt.index in self.primal.marked:
            return self.checkpointed(stmt, self.primal.marked[stmt.index])
        carried, scalars = self.across(stmt)
        incoming = {c: self.incoming(c) for c in carried}
        outer, entry = self.bars, {v: self.bars.get(v, self.zero(v)) for v in scalars}
        self.bars = dict(outer)
        entries = {v: self.b.like(v, f"{v}_bar") for v in scalars}
        self.bars.update(entries)
        lines, givens, ends = self.iteration(stmt, path, carried)
        sums, self.bars = {v: self.bars[v] for v in scalars}, outer
        if all(ends[c] == givens[c] for c in carried) and memory_is_free(
            self.over, self.active, self.primal.restored, path
        ):
            self.free.add(path)
        carries = [Carry(givens[c], incoming[c], ends[c], self.bar_of(c.init, c.var)) for c in carried]
        carries += [Carry(entries[v], entry[v], sums[v], self.b.like(entries[v])) for v in scalars]
        changing = [c for c in carries if c.next != c.var]
        body = rename(tuple(lines), {c.var: c.init for c in carries if c.next == c.var})
        index, start, stop, step = reversed_range(self.b, self.primal, stmt)
        self.origin[index] = path
        items = isinstance(stmt, Loop) and stmt.items
        self.b.add(Loop(index, start, stop, step, tuple(changing), body, None, False, self.b.span, items=items))
        after = {c.var: c.out if c in changing else c.init for c in carries}
        for v in scalars:
            self.bars[v] = after[entries[v]]
        for c in carried:
            self.hand_over(c, after[givens[c]])

    def across(self, stmt: Loop | While) -> tuple[list[Carry], list[Var]]:
        """What a loop carries, and scalars from outside, whose adjoints go through it; its arrays get shadows."""
        scalars, arrays = self.outside(stmt)
        carried, read = [c for c in stmt.carried if c.var in self.active], all_reads(blocks_of(stmt))
        inits = {c.init for c in carried if self.b.type(c.var).rank}
        for array in arrays:
            if array not in inits or array in read:
                self.shadow(array)
        return carried, [v for v in scalars if v in read or v in {c.next for c in carried}]

    def iteration(
        self, stmt: Loop | While, path: Path, carried: Sequence[Carry]
    ) -> tuple[list[Stmt], dict[Carry, Var], dict[Carry, Atom]]:
        """The lines of a reversed iteration, with the adjoints of what is carried at its begin and at its end."""
        with self.b.block() as lines:
            givens = {c: self.given(c) for c in carried}
            for block_arm in range(len(blocks(stmt)) - 1, -1, -1):
                self.block(blocks(stmt)[block_arm], (*path, block_arm))
            ends = {c: self.leaving(c) for c in carried}
            factors = {c: shortened(self.b, lines, givens[c], end) for c, end in ends.items()}
            if factors != ends:
                lines[:] = without_dead(self.b, lines, (*factors.values(), *self.bars.values()))
        return lines, givens, factors

    def checkpointed(self, stmt: Loop, marked: Marked) -> None:
        """A checkpointed loop: its iterations run again from kept states, and each is then reversed."""
        shadows = {marked.bars[v]: self.shadow(v) for v in marked.arrays}
        incoming = {c.var: self.incoming(c) for c in marked.carries}
        incoming |= {v: self.bars.get(v, self.zero(v)) for v in marked.scalars}
        after = Replayed(self.b, marked, trips_of(self.b, self.primal, stmt)).reverse(incoming, shadows)
        for v in marked.scalars:
            self.bars[v] = after[v]
        for c in marked.carries:
            self.hand_over(c, after[c.var])

    def incoming(self, c: Carry) -> Atom:
        """The adjoint of a carried value after the loop."""
        if not self.b.type(c.var).rank:
            return self.bars.pop(c.out, self.zero(c.var))
        bar = self.shadow(c.out)
        del self.bars[c.out]
        return bar

    def given(self, c: Carry) -> Var:
        """Enter a reversed iteration: the carried adjoint is that of the iteration's next value."""
        bar = self.bar_of(c.next, c.var)
        if isinstance(c.next, Var) and self.b.type(bar).rank and c.next not in self.bars and c.next not in self.views:
            self.bars[c.next] = bar
        else:
            self.accumulate(c.next, bar, fresh=False)
        return bar

    def bar_of(self, value: Atom, var: Var) -> Var:
        """A name for the adjoint of what a carried `var` is at some point.

        It has the extents of that value on the axes along which those of `var` are carried as well.
        """
        bar, extents = self.b.like(var, f"{var}_bar"), self.b.shape(var)
        if extents:
            pairs = zip(self.b.shape(value), extents, strict=True)
            self.b.shapes[bar.name] = tuple(
                now if isinstance(extent, Var) and self.over.defs[extent].role == "carry" else extent
                for now, extent in pairs
            )
        return bar

    def leaving(self, c: Carry) -> Atom:
        """Leave a reversed iteration: the adjoint of the value at entry."""
        if not self.b.type(c.var).rank:
            return self.bars.pop(c.var, self.zero(c.var))
        return self.shadow(c.var)

    def hand_over(self, c: Carry, bar: Atom) -> None:
        """After a reversed loop: the adjoint of the initial value."""
        if isinstance(c.init, Var) and self.b.type(bar).rank and c.init not in self.bars and c.init not in self.views:
            self.bars[c.init] = bar
        else:
            self.accumulate(c.init, bar, fresh=False)


def blocks_of(stmt: Stmt) -> Block:
    """The statements of a region's blocks, one after the other."""
    return tuple(s for block in blocks(stmt) for s in block)
