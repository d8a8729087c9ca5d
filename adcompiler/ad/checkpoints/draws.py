"""Draws of loops whose iterations run again: made before the loop, in its order, and kept.

Before:  for i in range(n): z = r.standard_normal(); x = step(x, z)
After:   for i in range(n): z_kept[i] = r.standard_normal()
         for i in range(n): z = z_kept[i]; x = step(x, z)

The loop that draws has the lines that a draw needs: its parameters, and the branches and inner loops around it. Where
these depend on what the iterations carry or write, nothing is moved, and the draw is refused later.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from adcompiler.ad.draws import draws
from adcompiler.ad.trips import trip_count
from adcompiler.analysis.alias import Aliases, aliases
from adcompiler.ir.build import ONE, ZERO, Builder, with_body
from adcompiler.ir.ops import kind
from adcompiler.ir.types import Type
from adcompiler.ir.walk import all_defs, map_blocks, operands, rename, walk
from adcompiler.ir.wengert import (
    Assign,
    Atom,
    Block,
    Branch,
    Check,
    Const,
    Draw,
    Func,
    Grow,
    Index,
    Load,
    Loop,
    Slice,
    Stmt,
    Store,
    Var,
)


def draw_ahead(fn: Func) -> Func:
    """The function with the draws of its outermost checkpointed loops before these."""
    if not any(isinstance(s, Loop) and s.budget and draws(s.body) for s in walk(fn.body)):
        return fn
    b, memory = Builder.of(fn), aliases(fn)

    def visit(block: Block) -> Block:
        with b.block() as lines:
            for stmt in block:
                if isinstance(stmt, Loop) and stmt.budget and draws(stmt.body):
                    with b.at(stmt.span):
                        moved = Moved(b, fn, memory, stmt)
                        b.add(moved.write() if moved.possible() else stmt)
                else:
                    b.add(map_blocks(stmt, visit))
        return tuple(lines)

    return with_body(fn, visit(fn.body), b)


@dataclass(slots=True)
class Moved:
    """The draws of one loop, and the lines that they need."""

    b: Builder
    fn: Func
    memory: Aliases
    loop: Loop
    own: set[Var] = field(init=False)
    stored: set[Var] = field(init=False)
    lines: dict[Var, Stmt] = field(init=False)
    indices: set[Var] = field(init=False)
    needed: set[Var] = field(default_factory=set)
    checks: set[int] = field(default_factory=set)
    arrays: dict[Var, Var] = field(default_factory=dict)

    def __post_init__(self) -> None:
        inside = list(walk([self.loop]))
        self.own = all_defs(inside)
        self.stored = {self.memory.root(s.array) for s in inside if isinstance(s, (Store, Grow))}
        self.lines = {s.target: s for s in inside if isinstance(s, (Assign, Load, Draw))}
        self.indices = {s.index for s in inside if isinstance(s, Loop)}

    # -- whether it can be done --------------------------------------------------------------------------------------

    def possible(self) -> bool:
        """Whether all draws can stand before the loop; notes the lines that they need."""
        if not self.countable(self.loop) or not self.all_drawn(self.loop.body):
            return False
        if self.needed or any(isinstance(a, Var) for s in draws(self.loop.body) for a in (*s.args, *s.fixed)):
            for stmt in walk(self.loop.body):
                if isinstance(stmt, Check):
                    self.note_check(stmt)
        return True

    def note_check(self, stmt: Check) -> None:
        """Take a check along, as of an index or of a parameter, where it can be made before the loop."""
        before = set(self.needed)
        if all(map(self.known, (stmt.failed, *stmt.values))):
            self.checks.add(id(stmt))
        else:
            self.needed = before

    def countable(self, loop: Loop) -> bool:
        """Whether it is known before the checkpointed loop how often a loop in it, or itself, runs."""
        return loop.until is None and self.own.isdisjoint((loop.start, loop.stop, loop.step))

    def all_drawn(self, block: Block) -> bool:
        """The same for the draws of a block."""
        for stmt in block:
            if isinstance(stmt, Draw):
                if not self.own.isdisjoint(stmt.size) or not all(map(self.known, (*stmt.args, *stmt.fixed))):
                    return False
            elif draws((stmt,)):
                match stmt:
                    case Loop() if self.countable(stmt) and self.all_drawn(stmt.body):
                        continue
                    case Branch(test=test, then=then, other=other) if self.known(test):
                        if self.all_drawn(then) and self.all_drawn(other):
                            continue
                return False
        return True

    def known(self, atom: Atom) -> bool:
        """Whether a value needs nothing that the iterations carry or write; notes the lines that make it."""
        if isinstance(atom, Const) or atom in self.needed or atom in self.indices:
            return True
        if atom not in self.own:
            return not self.fn.types[atom.name].rank or self.memory.root(atom) not in self.stored
        match self.lines.get(atom):
            case Draw() if self.fn.types[atom.name].rank:
                found = self.memory.root(atom) not in self.stored
            case Draw():
                found = True
            case Assign(op=op, args=args) if not self.fn.types[atom.name].rank and kind(op) in ("elementwise", "shape"):
                found = all(map(self.known, args))
            case Load() as stmt if not self.fn.types[atom.name].rank:
                found = all(map(self.known, operands(stmt)))
            case _:
                found = False
        if found:
            self.needed.add(atom)
        return found

    # -- the lines ---------------------------------------------------------------------------------------------------

    def write(self) -> Loop:
        """Append the loop that draws; the checkpointed loop, which reads what was drawn."""
        for stmt, around in self.drawn(self.loop, ()):
            trips = [self.b.int("maximum", trip_count(self.b, loop), ZERO) for loop in around]
            type = self.fn.types[stmt.target.name]
            self.arrays[stmt.target] = self.b.emit(
                "empty", *trips, *stmt.size, dtype=type.dtype, hint=f"{stmt.target}_kept"
            )
        drawing = replace(self.loop, carried=(), budget=None, body=self.drawing(self.loop.body, (self.loop,)))
        self.b.extend(self.renamed((drawing,)))
        return replace(self.loop, body=self.reading(self.loop.body, (self.loop,)))

    def drawn(self, loop: Loop, around: tuple[Loop, ...]) -> Iterator[tuple[Draw, tuple[Loop, ...]]]:
        """The draws of a loop, each with the loops around it."""
        here = (*around, loop)
        agenda = list(loop.body)
        while agenda:
            stmt = agenda.pop(0)
            if isinstance(stmt, Draw):
                yield stmt, here
            elif isinstance(stmt, Loop):
                yield from self.drawn(stmt, here)
            elif isinstance(stmt, Branch):
                agenda += [*stmt.then, *stmt.other]

    def drawing(self, block: Block, around: tuple[Loop, ...]) -> Block:
        """The lines of a block that draw, and those they need; checks stand before what they make safe."""
        with self.b.block() as made:
            for stmt in block:
                match stmt:
                    case Draw():
                        self.b.add(stmt)
                        self.b.store(self.arrays[stmt.target], self.place(stmt, around), stmt.target)
                    case Assign(target=target) | Load(target=target) if target in self.needed:
                        self.b.add(stmt)
                    case Check() if id(stmt) in self.checks:
                        self.b.add(stmt)
                    case Loop() if draws(stmt.body):
                        body = self.drawing(stmt.body, (*around, stmt))
                        self.b.add(replace(stmt, carried=(), budget=None, body=body))
                    case Branch(then=then, other=other) if draws((stmt,)):
                        arms = [self.drawing(arm, around) for arm in (then, other)]
                        self.b.add(replace(stmt, then=arms[0], other=arms[1], outs=()))
        return tuple(made)

    def reading(self, block: Block, around: tuple[Loop, ...]) -> Block:
        """A block in which what was drawn is read."""
        with self.b.block() as made:
            for stmt in block:
                if isinstance(stmt, Draw):
                    self.read(stmt, around)
                elif isinstance(stmt, Loop):
                    inside = (*around, stmt)
                    self.b.add(replace(stmt, body=self.reading(stmt.body, inside)))
                else:
                    self.b.add(map_blocks(stmt, lambda arm: self.reading(arm, around)))
        return tuple(made)

    def read(self, stmt: Draw, around: tuple[Loop, ...]) -> None:
        """What a draw gave: a number of its type, an array in memory of its own."""
        array, place, type = self.arrays[stmt.target], self.place(stmt, around), self.fn.types[stmt.target.name]
        if type == Type(type.dtype):
            self.b.add(Load(stmt.target, array, place, stmt.span))
            return
        found = self.b.load(array, place, str(stmt.target))
        params = () if type.rank else (("dtype", type.dtype), ("weak", True))
        self.b.add(Assign(stmt.target, "copy" if type.rank else "cast", (found,), params, stmt.span))

    def place(self, stmt: Draw, around: tuple[Loop, ...]) -> Index:
        """Where a draw lies: how many iterations of each loop went before."""
        at = [
            self.b.int("floordiv", self.b.int("sub", loop.index, loop.start), loop.step)
            if loop.step != ONE
            else self.b.int("sub", loop.index, loop.start)
            for loop in around
        ]
        return (*at, *(Slice(None, None, None, ZERO, extent) for extent in stmt.size))

    def renamed(self, block: Block) -> Block:
        """The lines with names of their own: the loop defines the same ones."""
        names = {v: Var(self.b.names.fresh(v.name)) for v in sorted(all_defs(block) & self.own, key=str)}
        for v, name in names.items():
            self.b.types[name.name] = self.b.types[v.name]
            if v.name in self.b.shapes:
                self.b.shapes[name.name] = self.b.shapes[v.name]
        return rename(block, names)
