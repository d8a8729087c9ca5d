"""Literals computed, identities applied, regions with a known course resolved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import starmap
from typing import TypeVar

from adcompiler.ir.build import ONE, Builder
from adcompiler.ir.walk import all_defs, defines, inner, updated
from adcompiler.ir.wengert import Assign, Atom, Block, Branch, Check, Const, Func, Loop, Stmt, Var, While
from adcompiler.optimise.lines.derivatives import derivatives
from adcompiler.optimise.lines.identities import Line, Replaced, simpler
from adcompiler.optimise.lines.substitution import Substitution

_Region = TypeVar("_Region", Loop, While)


def fold_constants(fn: Func) -> Func:
    """Replace lines whose value is a literal or another name, and regions whose course is known.

    Before:  n = 2 + 3; y = 1.0 * x; if n > 4: z = y + y
    After:   z = x + x

    Only scalars, and only where the value is the same to the last bit; in adjoints `0.0 + x` is `x`, which may
    change the sign of a zero.
    """
    pass_ = _Folding(fn)
    body = pass_.block(fn.body)
    return pass_.now.rebuilt(fn, body, pass_.b.types, pass_.b.shapes)


class _Folding:
    def __init__(self, fn: Func) -> None:
        self.b, self.bars = Builder.of(fn), derivatives(fn)
        self.now = Substitution()
        self.lines: dict[Var, Assign] = {}
        self.facts: list[Var] = []
        self.natural: list[Atom] = []
        self.ran: list[tuple[Loop, tuple[Atom, ...]]] = []

    def block(self, block: Block, *facts: tuple[Atom, bool], given: Iterable[Var] = ()) -> Block:
        """A block with its statements simplified, in which the given conditions hold, and `given` are carried in."""
        known, natural, ran = len(self.facts), len(self.natural), len(self.ran)
        for test, value in facts:
            self.learn(test, value)
        self.measure(given)
        with self.b.block() as built:
            for stmt in block:
                self.statement(self.now.entry(stmt))
        for var in self.facts[known:]:
            del self.now.known[var]
        del self.facts[known:], self.natural[natural:], self.ran[ran:]
        return tuple(built)

    def learn(self, test: Atom, value: bool) -> None:
        """From here to the end of the block a condition holds or does not; extents found equal are one, and
        numbers that are not negative are known.
        """
        self.hold(test, Const(value))
        line = self.lines.get(test) if isinstance(test, Var) else None
        if line is not None and line.op == ("eq" if value else "ne"):
            first, second = map(self.now, line.args)
            if isinstance(second, Var):
                self.hold(second, first)
            else:
                self.hold(first, second)
        if line is not None and line.op == ("ge" if value else "lt") and self.now(line.args[1]) == Const(0):
            self.natural.append(self.now(line.args[0]))

    def hold(self, var: Atom, atom: Atom) -> None:
        """Let an atom stand for a name until the block ends."""
        exact = not self.b.type(var).is_float and self.b.type(var) == self.b.type(atom)
        if isinstance(var, Var) and var != atom and var not in self.now.known and exact:
            self.now.known[var] = atom
            self.facts.append(var)

    def add(self, stmt: Stmt) -> None:
        """Append a statement; the arrays it defines have extents by the names that hold here."""
        self.measure((*inner(stmt), *defines(stmt)))
        self.b.add(stmt)

    def measure(self, names: Iterable[Var]) -> None:
        """Give arrays extents by the names that hold here."""
        for var in names:
            if var.name in self.b.shapes:
                self.b.shapes[var.name] = tuple(map(self.now, self.b.shapes[var.name]))

    def statement(self, stmt: Stmt) -> None:
        """Append what is left of a statement whose operands are replaced."""
        match stmt:
            case Assign():
                self.line(stmt)
            case Branch():
                self.branch(stmt)
            case Loop():
                self.loop(stmt)
            case While():
                self.repeat(stmt)
            case Check(failed=Const(value=False)):
                pass
            case Check(failed=failed):
                self.add(stmt)
                self.learn(failed, False)
            case _:
                self.add(stmt)

    def line(self, stmt: Assign) -> None:
        """A line as it is, as another line, or as nothing where its value has a name already."""
        if self.b.types[stmt.target.name].rank == 0:
            match self.not_negative(stmt) or simpler(stmt, self.b, self.lines, self.bars):
                case Replaced(atom) if self.fits(stmt.target, atom):
                    self.now.known[stmt.target] = atom
                    return
                case Line(op, args):
                    stmt = replace(stmt, op=op, args=args, params=())
                case _:
                    pass
            self.lines[stmt.target] = stmt
        elif stmt.op == "transpose":
            turned = self.turned(stmt)
            if turned is not None and self.fits(stmt.target, turned):
                self.now.known[stmt.target] = turned
                return
            self.lines[stmt.target] = stmt
        self.add(stmt)

    def turned(self, stmt: Assign) -> Atom | None:
        """The array whose axes are exchanged, and exchanged back."""
        line = self.lines.get(stmt.args[0]) if isinstance(stmt.args[0], Var) else None
        if line is None or line.op != "transpose":
            return None
        first, second = (dict(s.params)["axes"] for s in (line, stmt))
        assert isinstance(first, tuple) and isinstance(second, tuple)
        return line.args[0] if [first[axis] for axis in second] == sorted(first) else None

    def not_negative(self, stmt: Assign) -> Replaced | None:
        """`max(n, 0)` of an integer that is known not to be negative."""
        if stmt.op == "maximum" and not self.b.types[stmt.target.name].is_float:
            for atom, other in (stmt.args, stmt.args[::-1]):
                if other == Const(0) and atom in self.natural:
                    return Replaced(atom)
        return None

    def fits(self, var: Var, atom: Atom) -> bool:
        """Whether an atom may stand for a name: of the same type, also to whatever it meets later."""
        return self.b.type(atom) == self.b.types[var.name]

    def branch(self, stmt: Branch) -> None:
        """A branch, or the arm that is taken."""
        if isinstance(stmt.test, Const):
            chosen = [(o.var, o.then if stmt.test.value else o.other) for o in stmt.outs]
            if all(self.fits(var, atom) for var, atom in chosen):
                for line in stmt.then if stmt.test.value else stmt.other:
                    self.statement(self.now.entry(line))
                self.now.known.update((var, self.now(atom)) for var, atom in chosen)
                return
        then, other = self.block(stmt.then, (stmt.test, True)), self.block(stmt.other, (stmt.test, False))
        kept = []
        for o in self.now.outs(stmt.outs):
            if o.then == o.other and self.fits(o.var, o.then):
                self.now.known[o.var] = o.then
            else:
                kept.append(o)
        self.add(updated(stmt, then=then, other=other, outs=tuple(kept)))

    def loop(self, stmt: Loop) -> None:
        """A loop without the values that never change; nothing where it makes no trip."""
        stmt = self.settled(stmt)
        if _never_runs(stmt) and all(self.fits(c.out, c.init) for c in stmt.carried):
            self.now.known.update((c.out, c.init) for c in stmt.carried)
            return
        known = ((failed, False) for failed in self.passed(stmt))
        body = self.block(stmt.body, *known, given=(c.var for c in stmt.carried))
        until = None if stmt.until is None else self.now(stmt.until)
        if until == Const(False):
            until = None
        stmt = updated(stmt, carried=self.now.carried(stmt.carried), body=body, until=until)
        self.add(stmt)
        self.ran.append((stmt, tuple(self.lasting(stmt))))

    def lasting(self, loop: Loop) -> Iterator[Atom]:
        """The tests that no iteration of a loop has survived, and that are the same in all of them."""
        own = {loop.index, *(c.var for c in loop.carried), *all_defs(loop.body)}
        for stmt in loop.body:
            if isinstance(stmt, Check) and isinstance(stmt.failed, Var):
                line = self.lines.get(stmt.failed)
                if stmt.failed not in own or (line is not None and own.isdisjoint(line.args)):
                    yield stmt.failed

    def passed(self, loop: Loop) -> Iterator[Atom]:
        """The tests that earlier loops survived which surely ran if this one runs, in this order or the other."""
        here = (loop.start, loop.stop, loop.step)
        for other, tests in self.ran:
            back = (loop.start, other.stop), (loop.stop, other.start)
            reverse = (other.step, loop.step) == (ONE, Const(-1)) and all(starmap(self.one_less, back))
            if reverse or here == (other.start, other.stop, other.step):
                yield from tests

    def one_less(self, first: Atom, second: Atom) -> bool:
        """Whether a number is known to be another one less one."""
        if isinstance(first, Const) and isinstance(second, Const):
            return first.number == second.number - 1
        line = self.lines.get(first) if isinstance(first, Var) else None
        return line is not None and line.op == "sub" and line.args == (second, ONE)

    def repeat(self, stmt: While) -> None:
        """A while loop without the values that never change."""
        stmt = self.settled(stmt)
        condition = self.block(stmt.condition)
        test = self.now(stmt.test)
        body = self.block(stmt.body)
        carried = self.now.carried(stmt.carried)
        self.add(updated(stmt, carried=carried, condition=condition, test=test, body=body))

    def settled(self, stmt: _Region) -> _Region:
        """Without carried values that are handed on as they came."""
        kept = []
        for c in stmt.carried:
            if self.now(c.next) in (c.var, c.init) and self.fits(c.var, c.init) and self.fits(c.out, c.init):
                self.now.known[c.var] = self.now.known[c.out] = c.init
            else:
                kept.append(c)
        return updated(stmt, carried=tuple(kept))


def _never_runs(stmt: Loop) -> bool:
    bounds = [a.value for a in (stmt.start, stmt.stop, stmt.step) if isinstance(a, Const)]
    return len(bounds) == 3 and not range(*(b for b in bounds if isinstance(b, int)))
