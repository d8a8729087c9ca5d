"""Which names are alive together, and so cannot share one Python variable.

One pass backwards over the printed form: at each definition, every other name alive there interferes with the name
defined. A copy's target and source may share, because they hold the same value.
"""

from __future__ import annotations

from collections.abc import Sequence

from adcompiler.emit.folding import Plan
from adcompiler.emit.reads import shown, tails
from adcompiler.ir.walk import blocks, defines, inner, walk
from adcompiler.ir.wengert import Assign, Atom, Block, Branch, Call, Draw, Func, Grow, Load, Loop, Stmt, Var, While

Live = frozenset[Var]
Pairs = Sequence[tuple[Var, Atom]]


class Interference:
    """The interference graph of a function, and the copies that sharing a variable would save.

    `copies` lists pairs (target, source), the most frequently executed first.
    """

    def __init__(self, fn: Func, plan: Plan) -> None:
        self.plan = plan
        # for each name what is alive at its definitions: a graph of pairs would grow with the square of the lines
        self.alive: dict[Var, list[Live]] = {}
        self.copies: list[tuple[Var, Atom]] = []
        self._outside: dict[int, Live] = {}
        live = self.block(fn.body, plan.names(fn.results))
        self._together(fn.params)
        for param in fn.params:
            self._define(param, live)

    def block(self, block: Block, live: Live) -> Live:
        """The names alive before a block, given those alive after it."""
        for stmt in reversed(block):
            if not self.plan.skips(stmt):
                live = self.statement(stmt, live)
        return live

    def statement(self, stmt: Stmt, live: Live) -> Live:
        """The names alive before a statement."""
        match stmt:
            case Assign(target=target) | Load(target=target) | Draw(target=target):
                self._define(target, live)
                return (live - {target}) | self.plan.names(shown(stmt))
            case Call(targets=targets):
                self._together(targets)
                for target in targets:
                    self._define(target, live)
                return (live - set(targets)) | self.plan.names(shown(stmt))
            case Grow(array=array):
                self._define(array, live)
                return live | self.plan.names(shown(stmt))
            case Loop():
                return self._loop(stmt, live)
            case While():
                return self._while(stmt, live)
            case Branch(test=test, then=then, other=other, outs=outs):
                first = self.block(then, self._copy([(o.var, o.then) for o in outs], live))
                second = self.block(other, self._copy([(o.var, o.other) for o in outs], live))
                return first | second | self.plan.names([test])
            case _:
                return live | self.plan.names(shown(stmt))

    def _loop(self, stmt: Loop, live: Live) -> Live:
        after = self._copy([(c.out, c.var) for c in stmt.carried], live)
        # bounds are evaluated once, after the initial values are in place
        head = after | {c.var for c in stmt.carried} | self._read_outside(stmt)
        end = head | self.plan.names(() if stmt.until is None else (stmt.until,))
        start = self.block(stmt.body, self._copy([(c.var, c.next) for c in stmt.carried], end))
        nested = (s.index for s in walk(stmt.body) if isinstance(s, Loop))
        self._define(stmt.index, start | frozenset(nested))
        bounds = self.plan.names((stmt.start, stmt.stop, stmt.step))
        return self._copy([(c.var, c.init) for c in stmt.carried], head | (start - {stmt.index}) | bounds)

    def _while(self, stmt: While, live: Live) -> Live:
        after = self._copy([(c.out, c.var) for c in stmt.carried], live)
        head = after | {c.var for c in stmt.carried} | self._read_outside(stmt)
        start = self.block(stmt.body, self._copy([(c.var, c.next) for c in stmt.carried], head))
        test = self.block(stmt.condition, after | start | self.plan.names([stmt.test]))
        return self._copy([(c.var, c.init) for c in stmt.carried], head | test)

    def _read_outside(self, stmt: Stmt) -> Live:
        """Names a region reads in its blocks and does not define: alive from its first to its last iteration."""
        if id(stmt) not in self._outside:
            read: set[Var] = set()
            own = set(inner(stmt))
            for block, tail in zip(blocks(stmt), tails(stmt), strict=True):
                read |= self.plan.names(tail)
                for line in block:
                    own |= set(defines(line))
                    if not self.plan.skips(line):
                        read |= self.plan.names(shown(line)) | self._read_outside(line)
            self._outside[id(stmt)] = frozenset(read - own)
        return self._outside[id(stmt)]

    def _copy(self, pairs: Pairs, live: Live) -> Live:
        """The names alive before the parallel assignment `targets = sources`."""
        targets = [target for target, _ in pairs]
        self._together(targets)
        for target, source in pairs:
            self.copies.append((target, source))
            same = {source} if isinstance(source, Var) and source not in targets else set()
            self._define(target, live - same)
        return (live - set(targets)) | self.plan.names(source for _, source in pairs)

    def _define(self, var: Var, live: Live) -> None:
        self.alive.setdefault(var, []).append(live)

    def _together(self, names: Sequence[Var]) -> None:
        for name in names:
            self._define(name, frozenset(names))
