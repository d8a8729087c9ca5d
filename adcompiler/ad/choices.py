"""Loops that keep one of many values: the derivative needs the last one that was kept, not each test.

A running maximum, minimum or latest match is the value of one iteration, or what it was before the loop. Once the
loop has noted which iteration that was, its value is computed again from the index, and the derivative follows this one
line instead of the whole loop.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from adcompiler.analysis.alias import Aliases, aliases
from adcompiler.ir.build import ZERO, Builder, with_body
from adcompiler.ir.types import INDEX
from adcompiler.ir.walk import all_defs, all_reads, as_var, defines, map_blocks, operands, rename, walk, yields
from adcompiler.ir.wengert import Assign, Atom, Block, Branch, Carry, Const, Func, Load, Loop, Out, Stmt, Store, Var
from adcompiler.rules.table import is_zero

NONE_YET = Const(-1)


@dataclass(frozen=True, slots=True)
class Choice:
    """A carried value that an iteration keeps or replaces by `value`: at `position` of the body, where `taken`."""

    carry: Carry
    position: int
    value: Atom
    arm: int


@dataclass(frozen=True, slots=True)
class Origin:
    """How to compute a chosen value again: `lines`, from the index and other integers of its iteration."""

    lines: Block
    integers: tuple[Var, ...]


def note_choices(fn: Func, active: frozenset[Var]) -> Func:
    """Let loops that keep one of many values note where it came from.

    Before:  for i in range(n): t = x[i]; if t > best: best = t
    After:   last = -1; for i in range(n): t = x[i]; if t > best: best = t; last = i
             if last >= 0: best = x[last]

    The value may read elements of arrays that the loop does not write, and numbers that it does not change.
    """
    pass_ = _Noting(fn, Builder.of(fn), active, aliases(fn))
    body = pass_.block(fn.body)
    if not pass_.changed:
        return fn
    return with_body(fn, body, pass_.b)


@dataclass(slots=True)
class _Noting:
    fn: Func
    b: Builder
    active: frozenset[Var]
    memory: Aliases
    changed: bool = field(default=False)

    def block(self, block: Block) -> Block:
        """A block in which the innermost loops have been seen first."""
        with self.b.block() as lines:
            for stmt in block:
                inner = map_blocks(stmt, self.block)
                if isinstance(inner, Loop) and counts_up(inner):
                    with self.b.at(inner.span):
                        self.loop(inner)
                else:
                    self.b.add(inner)
        return tuple(lines)

    def loop(self, loop: Loop) -> None:
        """Append a loop, and after it the values it has chosen."""
        chosen = list[tuple[Choice, Origin]]()
        for carry in loop.carried:
            choice = self.choice(loop, carry)
            origin = None if choice is None else self.origin(loop, choice)
            if choice is not None and origin is not None:
                chosen.append((choice, origin))
        self.changed = self.changed or bool(chosen)
        after = list[tuple[Choice, Origin, dict[Var, Atom]]]()
        for choice, origin in chosen:
            loop, names = self.noted(loop, choice, origin)
            after.append((choice, origin, names))
        self.b.add(loop)
        for choice, origin, names in after:
            self.again(choice, origin, names, names[loop.index])

    def choice(self, loop: Loop, carry: Carry) -> Choice | None:
        """What an iteration puts in the place of a carried value, where that is all the derivative sees of it."""
        if carry.out not in self.active or self.b.type(carry.out).rank:
            return None
        for position, stmt in enumerate(loop.body):
            for kept, other, arm in offers(stmt, carry.next):
                if kept == carry.var and other != carry.var and self.only_tested(loop, carry, stmt):
                    same = self.b.type(other).dtype == self.b.type(carry.out).dtype
                    return Choice(carry, position, other, arm) if same else None
        return None

    def only_tested(self, loop: Loop, carry: Carry, select: Stmt) -> bool:
        """Whether the carried value is only compared, and handed on."""
        names = {carry.var, carry.next}
        for stmt in walk(loop.body):
            read = not names.isdisjoint((*operands(stmt), *yields(stmt)))
            if read and stmt != select and not (isinstance(stmt, Assign) and is_zero(stmt.op)):
                return False
        others = [c.next for c in loop.carried if c != carry]
        yielded = [a for a in yields(select) if a in names]
        return names.isdisjoint(others) and len(yielded) <= 1 and loop.until not in names

    def origin(self, loop: Loop, choice: Choice) -> Origin | None:
        """How to compute the chosen value again after the loop; None where that is not possible."""
        stored = {self.memory.root(s.array) for s in walk([loop]) if isinstance(s, Store)}
        stmt = loop.body[choice.position]
        arm = (stmt.then, stmt.other)[choice.arm] if isinstance(stmt, Branch) else ()
        inside, lines = all_defs([loop]), list[Stmt]()
        needed = {choice.value} if isinstance(choice.value, Var) else set()
        for line in reversed((*loop.body[: choice.position], *arm)):
            if not needed.isdisjoint(defines(line)) and self.repeats(line, inside, stored):
                lines.insert(0, line)
                needed |= all_reads([line]) - all_defs([line])
        rest = sorted((needed & inside) - all_defs(lines) - {loop.index}, key=str)
        if any(self.b.type(v) != INDEX for v in rest):
            return None
        return Origin(tuple(lines), tuple(rest))

    def repeats(self, stmt: Stmt, inside: set[Var], stored: set[Var]) -> bool:
        """Whether a line gives the same values after the loop, from the same scalars."""
        match stmt:
            case Assign(target=target, args=args):
                return not any(self.b.type(a).rank for a in (target, *args))
            case Load(target=target, array=array):
                return not self.b.type(target).rank and array not in inside and self.memory.root(array) not in stored
            case Branch(then=then, other=other):
                scalars = not any(self.b.type(v).rank for v in defines(stmt))
                return scalars and all(self.repeats(s, inside, stored) for s in (*then, *other))
            case _:
                return False

    def noted(self, loop: Loop, choice: Choice, origin: Origin) -> tuple[Loop, dict[Var, Atom]]:
        """The loop that notes the index and other integers of the iteration whose value it keeps."""
        carried, body, names = list(loop.carried), list(loop.body), dict[Var, Atom]()
        for v in (loop.index, *origin.integers):
            var, after, out = (self.b.var("last" if v == loop.index else f"last_{v}", INDEX) for _ in range(3))
            body = self.selected(body, choice, v, var, after)
            carried.append(Carry(var, NONE_YET if v == loop.index else ZERO, after, out))
            names[v] = out
        kept = self.b.like(choice.carry.out)
        carried = [replace(c, out=kept) if c == choice.carry else c for c in carried]
        return replace(loop, carried=tuple(carried), body=tuple(body)), names

    def selected(self, body: list[Stmt], choice: Choice, v: Var, before: Var, after: Var) -> list[Stmt]:
        """A body that replaces `before` by `v` just where it replaces the carried value."""
        at = next(k for k, s in enumerate(body) if as_var(choice.carry.next) in set(defines(s)))
        stmt = body[at]
        values = (v, before) if choice.arm == 0 else (before, v)
        if isinstance(stmt, Branch):
            return [*body[:at], replace(stmt, outs=(*stmt.outs, Out(after, *values))), *body[at + 1 :]]
        assert isinstance(stmt, Assign)
        line = Assign(after, "where", (stmt.args[0], *values), (), stmt.span)
        return [*body[: at + 1], line, *body[at + 1 :]]

    def again(self, choice: Choice, origin: Origin, names: dict[Var, Atom], last: Atom) -> None:
        """Append the chosen value after the loop: that of the noted iteration, or the one from before the loop."""
        names = {**names, **{v: self.b.like(v) for v in sorted(all_defs(origin.lines), key=str)}}
        value = names.get(choice.value, choice.value) if isinstance(choice.value, Var) else choice.value
        taken = self.b.emit("ge", last, ZERO, hint="taken")
        out = Out(choice.carry.out, value, choice.carry.init)
        self.b.add(Branch(taken, rename(origin.lines, names), (), (out,), self.b.span))


def counts_up(loop: Loop) -> bool:
    """Whether no index of a loop is negative, for all that its literals say."""
    return all(isinstance(a, Const) and isinstance(a.value, int) and a.value >= 0 for a in (loop.start, loop.step))


def offers(stmt: Stmt, name: Atom) -> Iterable[tuple[Atom, Atom, int]]:
    """Where a statement chooses `name` from two values: each of them, the other one, and on which side that is."""
    pair: tuple[Atom, Atom] | None = None
    match stmt:
        case Assign(target=target, op="where", args=(_, a, b)) if target == name:
            pair = a, b
        case Branch(outs=outs):
            pair = next(((o.then, o.other) for o in outs if o.var == name), None)
        case _:
            pass
    return () if pair is None else ((pair[1], pair[0], 0), (pair[0], pair[1], 1))
