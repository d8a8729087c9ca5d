"""The grammar of the Wengert list, checked: run after every stage when options ask for it, and always in tests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from adcompiler.ir.infer import infer
from adcompiler.ir.show import show
from adcompiler.ir.types import Type
from adcompiler.ir.walk import all_defs, defines, inner, operands, walk
from adcompiler.ir.wengert import (
    Assign,
    Atom,
    Block,
    Branch,
    Call,
    Check,
    Const,
    Draw,
    Func,
    Grow,
    Index,
    Load,
    Loop,
    NewAxis,
    Note,
    Print,
    Slice,
    Stmt,
    Store,
    Var,
    While,
)

Scope = frozenset[Var]


def verify(fn: Func) -> Func:
    """Check that a function is well-formed and return it.

    Raises AssertionError with the broken rule and the lines of the function.
    """
    for problem in _problems(fn):
        raise AssertionError(f"{problem}\n{show(fn)}")
    return fn


def _problems(fn: Func) -> Iterator[str]:
    yield from _names(fn)
    checker = _Checker(fn)
    yield from checker.typed(fn.params)
    entry = frozenset(fn.params)
    yield from checker.block(fn.body, entry)
    scope = entry | {v for s in fn.body for v in defines(s)}
    yield from checker.reads(fn.results, scope, "the results")
    yield from checker.shapes(fn.params, scope)


def _names(fn: Func) -> Iterator[str]:
    """Each name is defined once, and has a type."""
    seen: set[Var] = set()
    for var in (*fn.params, *(v for s in walk(fn.body) for v in (*inner(s), *defines(s)))):
        if var in seen:
            yield f"{var} is defined twice"
        if var.name not in fn.types:
            yield f"{var} has no type"
        seen.add(var)


class _Checker:
    """Checks statements in the scope of the names defined before them."""

    def __init__(self, fn: Func) -> None:
        self.fn = fn

    def block(self, block: Block, scope: Scope) -> Iterator[str]:
        """Problems of a block that sees the names of `scope`."""
        for stmt in block:
            yield from self.reads(operands(stmt), scope, _where(stmt))
            yield from self.statement(stmt, scope)
            new = list(defines(stmt))
            yield from self.typed(new)
            scope = scope | frozenset(new)
            yield from self.shapes(new, scope)

    def reads(self, atoms: Iterable[Atom], scope: Scope, where: str) -> Iterator[str]:
        """Names that are read and not defined before."""
        for atom in atoms:
            if isinstance(atom, Var) and atom not in scope:
                defined = atom in all_defs(self.fn.body)
                how = "before its definition or outside its block" if defined else "and never defined"
                yield f"{atom} is read in {where} {how}"

    def typed(self, names: Iterable[Var]) -> Iterator[str]:
        """Arrays without as many extents as axes."""
        for var in names:
            rank, extents = self.fn.types[var.name].rank, len(self.fn.shape(var))
            if rank != extents:
                yield f"{var} has rank {rank} and {extents} extents"

    def shapes(self, names: Iterable[Var], scope: Scope) -> Iterator[str]:
        """Extents that are not integers known where the array is."""
        for var in names:
            for extent in self.fn.shape(var):
                if isinstance(extent, Var) and extent not in scope:
                    yield f"the extent {extent} of {var} is not defined where {var} is"
                yield from self.integers([extent], f"the extents of {var}")

    def integers(self, atoms: Iterable[Atom | None], where: str) -> Iterator[str]:
        """Atoms that are not integer scalars."""
        for atom in atoms:
            if atom is not None and not _is_integer(self.fn.type(atom)):
                yield f"{atom} in {where} is {self.fn.type(atom)}, not an integer"

    # -- statements ----------------------------------------------------------------------------------------------

    def statement(self, stmt: Stmt, scope: Scope) -> Iterator[str]:
        """Problems of one statement whose operands are in scope."""
        match stmt:
            case Assign():
                yield from self._line(stmt)
            case Load(target=target, array=array, index=index):
                yield from self._indexed(array, index, _where(stmt))
                yield from self._same(target, self.fn.types[array.name].array(_rank(index)), _where(stmt))
            case Store(array=array, index=index, value=value):
                yield from self._indexed(array, index, _where(stmt))
                if (rank := self.fn.type(value).rank) > _rank(index):
                    yield f"{_where(stmt)}: a value of rank {rank} does not fit a region of rank {_rank(index)}"
            case Loop():
                yield from self._loop(stmt, scope)
            case While():
                yield from self._while(stmt, scope)
            case Branch(test=test, then=then, other=other, outs=outs):
                yield from self._condition(test, _where(stmt))
                yield from self.block(then, scope)
                yield from self.reads((o.then for o in outs), _after(then, scope), "the end of the first arm")
                yield from self.block(other, scope)
                yield from self.reads((o.other for o in outs), _after(other, scope), "the end of the second arm")
                for o in outs:
                    yield from self._agree(o.var, o.then, o.other)
            case Check(failed=failed, values=values):
                yield from self._condition(failed, _where(stmt))
                yield from self.integers([*values], _where(stmt))
            case Grow(array=array, row=row):
                yield from self.integers([row], _where(stmt))
                if not self.fn.types[array.name].rank:
                    yield f"{_where(stmt)}: {array} is not an array"
            case Draw(target=target, generator=generator, size=size):
                yield from self.integers(size, _where(stmt))
                if not self.fn.types[generator.name].is_generator:
                    yield f"{_where(stmt)}: {generator} is no random generator"
                if self.fn.shape(target) != size:
                    yield f"{_where(stmt)}: the extents are not those drawn"
            case Call():
                yield f"{_where(stmt)}: a call is left"
            case Print() | Note():
                pass

    def _line(self, stmt: Assign) -> Iterator[str]:
        types = [self.fn.type(a) for a in stmt.args]
        try:
            expected = infer(stmt.op, types, dict(stmt.params))
        except (TypeError, KeyError, IndexError, AssertionError) as error:
            yield f"{_where(stmt)}: {stmt.op} does not take {', '.join(map(str, types))} ({error})"
        else:
            yield from self._same(stmt.target, expected, _where(stmt))

    def _indexed(self, array: Var, index: Index, where: str) -> Iterator[str]:
        rank = self.fn.types[array.name].rank
        items = [i for i in index if not isinstance(i, NewAxis)]
        if len(items) != rank:
            yield f"{where}: {len(items)} indices for the {rank} axes of {array}"
        for item in items:
            if isinstance(item, Slice):
                yield from self.integers((item.start, item.stop, item.step, item.first, item.size), where)
            else:
                yield from self.integers([item], where)

    def _loop(self, stmt: Loop, scope: Scope) -> Iterator[str]:
        where = _where(stmt)
        yield from self.integers((stmt.index, stmt.start, stmt.stop, stmt.step), where)
        if isinstance(stmt.step, Const) and not stmt.step.value:
            yield f"{where}: the step is zero"
        scope = scope | {stmt.index, *(c.var for c in stmt.carried)}
        yield from self.typed(c.var for c in stmt.carried)
        yield from self.shapes((c.var for c in stmt.carried), scope)
        yield from self.block(stmt.body, scope)
        after = _after(stmt.body, scope)
        until = () if stmt.until is None else (stmt.until,)
        yield from self.reads((*(c.next for c in stmt.carried), *until), after, f"the end of {where}")
        for atom in until:
            yield from self._condition(atom, where)
        for c in stmt.carried:
            yield from self._agree(c.var, c.init, c.next, c.out)

    def _while(self, stmt: While, scope: Scope) -> Iterator[str]:
        where = _where(stmt)
        scope = scope | {c.var for c in stmt.carried}
        yield from self.typed(c.var for c in stmt.carried)
        yield from self.shapes((c.var for c in stmt.carried), scope)
        yield from self.block(stmt.condition, scope)
        scope = _after(stmt.condition, scope)
        yield from self.reads([stmt.test], scope, f"the test of {where}")
        yield from self._condition(stmt.test, where)
        yield from self.block(stmt.body, scope)
        yield from self.reads((c.next for c in stmt.carried), _after(stmt.body, scope), f"the end of {where}")
        for c in stmt.carried:
            yield from self._agree(c.var, c.init, c.next, c.out)

    def _condition(self, atom: Atom, where: str) -> Iterator[str]:
        type = self.fn.type(atom)
        if type.rank or type.dtype != "bool":
            yield f"{where}: the condition {atom} is {type}, not bool"

    def _same(self, var: Var, expected: Type, where: str) -> Iterator[str]:
        type = self.fn.types[var.name]
        if (type.dtype, type.rank) != (expected.dtype, expected.rank):
            yield f"{where}: {var} is {type} where the line gives {expected}"

    def _agree(self, first: Atom, *others: Atom) -> Iterator[str]:
        type = self.fn.type(first)
        for atom in others:
            other = self.fn.type(atom)
            if (type.dtype, type.rank) != (other.dtype, other.rank):
                yield f"{first} is {type} and receives {atom}, which is {other}"


def _after(block: Block, scope: Scope) -> Scope:
    return scope | {v for s in block for v in defines(s)}


def _rank(index: Index) -> int:
    return sum(isinstance(i, (Slice, NewAxis)) for i in index)


def _is_integer(type: Type) -> bool:
    return type.rank == 0 and np.dtype(type.dtype).kind in "iu"


def _where(stmt: Stmt) -> str:
    match stmt:
        case Assign(target=target) | Load(target=target) | Draw(target=target):
            return f"the line of {target}"
        case Store(array=array):
            return f"the store into {array}"
        case Loop(index=index):
            return f"the loop over {index}"
        case Grow(array=array):
            return f"the growth of {array}"
        case _:
            return f"a {type(stmt).__name__}"
