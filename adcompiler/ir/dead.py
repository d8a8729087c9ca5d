"""What nothing needs is dropped."""

from __future__ import annotations

from collections.abc import Iterator

from adcompiler.ir.build import with_body
from adcompiler.ir.memory import memory_of
from adcompiler.ir.walk import blocks, defines, inner, operands, updated, walk, yields
from adcompiler.ir.wengert import (
    Atom,
    Block,
    Branch,
    Carry,
    Check,
    Draw,
    Func,
    Grow,
    Loop,
    Note,
    Print,
    Stmt,
    Store,
    Var,
    While,
)


def drop_dead(fn: Func) -> Func:
    """Drop lines, carried values and regions that neither the results nor the caller's arrays need.

    Before:  t = sin(x); y = x * x; w = zeros(3); w[0] = y; return y
    After:   y = x * x; return y

    Checks, prints and draws stay, and so do stores into arrays that the caller or something needed can see. What is
    stored into an array of the function's own behind all that reads it is dropped too.
    """
    needs = _Needs(fn)
    needs.start()
    return with_body(fn, needs.swept(fn.body))


class _Needs:
    """Spreads need from effects and results to what they come from."""

    def __init__(self, fn: Func) -> None:
        self.fn = fn
        self.memory = memory_of(fn)
        self.kept: set[int] = set()
        self.names: set[Var] = set()
        self.classes: set[Var] = set()
        self.agenda: list[Atom] = []
        self.source: dict[Var, Stmt] = {}
        self.around: dict[int, Stmt | None] = {}
        self.stores: dict[Var, list[Stmt]] = {}
        self._index(fn.body, None)
        # the first places among the lines of the function itself
        lines = list(enumerate(fn.body))
        self.place = {id(s): place for place, top in reversed(lines) for s in walk((top,))}
        self.last = self._last_reads()

    def _last_reads(self) -> dict[Var, int]:
        """By classes of arrays the place of the last line that reads one; behind all lines if the caller can see it."""
        last = dict[Var, int]()
        for place, top in enumerate(self.fn.body):
            for stmt in walk((top,)):
                atoms = [a for a in (*operands(stmt), *yields(stmt)) if isinstance(a, Var)]
                # what is added to serves those that read the sum
                if isinstance(stmt, Store):
                    atoms.remove(stmt.array)
                last.update({self.memory.root(a): place for a in atoms if self.fn.types[a.name].rank})
        seen = [a for a in (*self.fn.params, *self.fn.results) if isinstance(a, Var) and self.fn.types[a.name].rank]
        return last | {self.memory.root(a): len(self.fn.body) for a in seen}

    def _index(self, block: Block, around: Stmt | None) -> None:
        for stmt in block:
            self.around[id(stmt)] = around
            for var in (*defines(stmt), *inner(stmt)):
                self.source[var] = stmt
            if isinstance(stmt, (Store, Grow)):
                self.stores.setdefault(self.memory.root(stmt.array), []).append(stmt)
            for nested in blocks(stmt):
                self._index(nested, stmt)

    def start(self) -> None:
        """Mark everything that is needed."""
        self.agenda.extend((*self.fn.results, *self.fn.params))
        for stmt in self._effects(self.fn.body):
            self.keep(stmt)
        while self.agenda:
            atom = self.agenda.pop()
            if isinstance(atom, Var) and atom not in self.names:
                self.names.add(atom)
                self.need(atom)

    def _effects(self, block: Block) -> Iterator[Stmt]:
        for stmt in block:
            if isinstance(stmt, (Check, Print, Draw)):
                yield stmt
            for nested in blocks(stmt):
                yield from self._effects(nested)

    def keep(self, stmt: Stmt) -> None:
        """Keep a statement, what it reads and the regions around it."""
        if id(stmt) in self.kept:
            return
        self.kept.add(id(stmt))
        match stmt:
            case Loop(start=start, stop=stop, step=step, until=until, budget=budget, share=share):
                self.agenda.extend((start, stop, step, *(() if until is None else (until,))))
                self.agenda.extend(() if budget is None else (budget.amount,))
                self.agenda.extend(() if share is None else (share.work,))
            case While(test=test) | Branch(test=test):
                self.agenda.append(test)
            case _:
                self.agenda.extend(operands(stmt))
        around = self.around[id(stmt)]
        if around is not None:
            self.keep(around)

    def need(self, var: Var) -> None:
        """Keep what defines a name, and what it stands for in memory."""
        if self.fn.types[var.name].rank:
            self.agenda.extend(self.fn.shape(var))
            root = self.memory.root(var)
            if root not in self.classes:
                self.classes.add(root)
                for store in self.stores.get(root, ()):
                    if isinstance(store, Grow) or self.place[id(store)] <= self.last.get(root, -1):
                        self.keep(store)
        stmt = self.source.get(var)
        if stmt is None:
            return
        self.keep(stmt)
        match stmt:
            case Loop(carried=carried) | While(carried=carried):
                for c in carried:
                    if var in (c.var, c.out):
                        self.agenda.extend((c.var, c.out, c.init, c.next))
            case Branch(outs=outs):
                for o in outs:
                    if var == o.var:
                        self.agenda.extend((o.then, o.other))
            case _:
                pass

    def swept(self, block: Block) -> Block:
        """The statements of a block that are kept."""
        return tuple(self._trimmed(s) for s in block if id(s) in self.kept or isinstance(s, Note))

    def _trimmed(self, stmt: Stmt) -> Stmt:
        match stmt:
            case Loop(carried=carried, body=body):
                return updated(stmt, carried=self._needed(carried), body=self.swept(body))
            case While(carried=carried, condition=condition, body=body):
                kept = self._needed(carried)
                return updated(stmt, carried=kept, condition=self.swept(condition), body=self.swept(body))
            case Branch(then=then, other=other, outs=outs):
                kept_outs = tuple(o for o in outs if o.var in self.names)
                return updated(stmt, then=self.swept(then), other=self.swept(other), outs=kept_outs)
            case _:
                return stmt

    def _needed(self, carried: tuple[Carry, ...]) -> tuple[Carry, ...]:
        return tuple(c for c in carried if c.var in self.names)
