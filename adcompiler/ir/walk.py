"""Reading and rewriting blocks: what a statement reads and defines, maps over atoms and nested blocks."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from adcompiler.ir.wengert import (
    Assign,
    Atom,
    Block,
    Branch,
    Budget,
    Call,
    Carry,
    Check,
    Const,
    Draw,
    Grow,
    Index,
    Item,
    Load,
    Loop,
    NewAxis,
    Note,
    Out,
    Print,
    Region,
    Share,
    Slice,
    Stmt,
    Store,
    Var,
    While,
)

AtomMap = Callable[[Atom], Atom]
Node = TypeVar("Node", bound=Stmt | Carry | Out | Budget | Share)


def index_atoms(index: Index) -> Iterator[Atom]:
    """The atoms of an index, those of slices included."""
    for item in index:
        match item:
            case Slice(start, stop, step, first, size):
                yield from (a for a in (start, stop, step, first, size) if a is not None)
            case NewAxis():
                pass
            case _:
                yield item


def operands(stmt: Stmt) -> Iterator[Atom]:
    """The atoms a statement itself reads: for a region its bounds, test and initial values, not its blocks."""
    match stmt:
        case Assign(args=args):
            yield from args
        case Load(array=array, index=index):
            yield array
            yield from index_atoms(index)
        case Store(array=array, index=index, value=value):
            yield array
            yield from index_atoms(index)
            yield value
        case Loop(start=start, stop=stop, step=step, carried=carried, budget=budget, share=share):
            yield from (start, stop, step, *(c.init for c in carried))
            if budget is not None:
                yield budget.amount
            if share is not None:
                yield from (share.work, *share.sums, *share.own)
        case While(carried=carried):
            yield from (c.init for c in carried)
        case Branch(test=test):
            yield test
        case Check(failed=failed, values=values):
            yield failed
            yield from values
        case Grow(array=array, row=row):
            yield from (array, row)
        case Print(args=args):
            yield from (a for a in args if not isinstance(a, str))
        case Draw(generator=generator, args=args, size=size, fixed=fixed):
            yield from (generator, *args, *size, *fixed)
        case Call(args=args):
            yield from args
        case Note():
            pass


def yields(stmt: Stmt) -> Iterator[Atom]:
    """The atoms read at the end of a region's blocks: next values, tests, branch results."""
    match stmt:
        case Loop(carried=carried, until=until):
            yield from (c.next for c in carried)
            if until is not None:
                yield until
        case While(carried=carried, test=test):
            yield from (c.next for c in carried)
            yield test
        case Branch(outs=outs):
            for out in outs:
                yield from (out.then, out.other)
        case _:
            pass


def blocks(stmt: Stmt) -> tuple[Block, ...]:
    """The nested blocks of a region, in execution order."""
    match stmt:
        case Loop(body=body):
            return (body,)
        case While(condition=condition, body=body):
            return (condition, body)
        case Branch(then=then, other=other):
            return (then, other)
        case _:
            return ()


def defines(stmt: Stmt) -> Iterator[Var]:
    """The names a statement defines for what follows it."""
    match stmt:
        case Assign(target=target) | Load(target=target) | Draw(target=target):
            yield target
        case Loop(carried=carried) | While(carried=carried):
            yield from (c.out for c in carried)
        case Branch(outs=outs):
            yield from (o.var for o in outs)
        case Call(targets=targets):
            yield from targets
        case _:
            pass


def inner(stmt: Stmt) -> Iterator[Var]:
    """The names a region defines for its own blocks: the index, the carried values at entry."""
    match stmt:
        case Loop(index=index, carried=carried):
            yield index
            yield from (c.var for c in carried)
        case While(carried=carried):
            yield from (c.var for c in carried)
        case _:
            pass


def walk(block: Iterable[Stmt]) -> Iterator[Stmt]:
    """Every statement of a block, outer before inner, in order."""
    for stmt in block:
        yield stmt
        for nested in blocks(stmt):
            yield from walk(nested)


def all_reads(block: Iterable[Stmt]) -> set[Var]:
    """Every name read anywhere in a block, also where the block defines it."""
    return _united(block, 0)


def all_defs(block: Iterable[Stmt]) -> set[Var]:
    """Every name defined anywhere in a block."""
    return _united(block, 1)


def _united(block: Iterable[Stmt], which: int) -> set[Var]:
    found = set[Var]()
    for stmt in block:
        if isinstance(stmt, (Loop, While, Branch)):
            found |= _names(stmt)[which]
        elif which:
            found.update(defines(stmt))
        else:
            found.update(a for a in operands(stmt) if isinstance(a, Var))
    return found


def _names(region: Region) -> tuple[frozenset[Var], frozenset[Var]]:
    """The names that a region reads and those that it defines, inside too: found once, as a region never changes."""
    if region.names is None:
        nested = blocks(region)
        reads = {a for a in (*operands(region), *yields(region)) if isinstance(a, Var)}
        defs = {*defines(region), *inner(region)}
        reads.update(*(all_reads(b) for b in nested))
        defs.update(*(all_defs(b) for b in nested))
        object.__setattr__(region, "names", (frozenset(reads), frozenset(defs)))
    assert region.names is not None
    return region.names


def free(block: Iterable[Stmt]) -> set[Var]:
    """The names a block reads and does not define."""
    block = tuple(block)
    return all_reads(block) - all_defs(block)


def same(new: tuple[object, ...], old: tuple[object, ...]) -> bool:
    """Whether two tuples hold the same objects, so that one may stand for the other."""
    return new is old or (len(new) == len(old) and all(map(operator.is_, new, old)))


def updated(node: Node, **fields: Any) -> Node:
    """A statement, or a part of one, with other fields; itself where these are its own, and all that is known of it."""
    for name, new in fields.items():
        old = getattr(node, name)
        if new is not old and not (isinstance(new, tuple) and same(new, old)):
            return replace(node, **fields)
    return node


def map_index(index: Index, fn: AtomMap) -> Index:
    """An index with `fn` applied to each atom."""

    def one(item: Item) -> Item:
        match item:
            case Slice(start, stop, step, first, size):
                parts = (opt(start), opt(stop), opt(step), fn(first), fn(size))
                return item if same(parts, (start, stop, step, first, size)) else Slice(*parts)
            case NewAxis():
                return item
            case _:
                return fn(item)

    def opt(atom: Atom | None) -> Atom | None:
        return None if atom is None else fn(atom)

    mapped = tuple(map(one, index))
    return index if same(mapped, index) else mapped


def as_var(atom: Atom) -> Var:
    """An atom that must be a name."""
    assert isinstance(atom, Var), f"{atom} is not a name"
    return atom


def map_share(share: Share, fn: AtomMap) -> Share:
    """How a loop is shared, with `fn` applied to each atom."""
    sums, own = (tuple(as_var(fn(array)) for array in arrays) for arrays in (share.sums, share.own))
    return updated(share, work=fn(share.work), sums=sums, own=own)


def map_operands(stmt: Stmt, fn: AtomMap) -> Stmt:
    """A statement with `fn` applied to what it reads, at its start and at the end of its blocks; blocks unchanged."""
    match stmt:
        case Assign(args=args):
            mapped = tuple(map(fn, args))
            return stmt if same(mapped, args) else Assign(stmt.target, stmt.op, mapped, stmt.params, stmt.span)
        case Load(array=array, index=index):
            return updated(stmt, array=as_var(fn(array)), index=map_index(index, fn))
        case Store(array=array, index=index, value=value):
            return updated(stmt, array=as_var(fn(array)), index=map_index(index, fn), value=fn(value))
        case Loop(start=start, stop=stop, step=step, carried=carried, until=until, budget=budget, share=share):
            return updated(
                stmt,
                start=fn(start),
                stop=fn(stop),
                step=fn(step),
                carried=tuple(updated(c, init=fn(c.init), next=fn(c.next)) for c in carried),
                until=None if until is None else fn(until),
                budget=None if budget is None else updated(budget, amount=fn(budget.amount)),
                share=None if share is None else map_share(share, fn),
            )
        case While(carried=carried, test=test):
            return updated(
                stmt, carried=tuple(updated(c, init=fn(c.init), next=fn(c.next)) for c in carried), test=fn(test)
            )
        case Branch(test=test, outs=outs):
            return updated(
                stmt, test=fn(test), outs=tuple(updated(o, then=fn(o.then), other=fn(o.other)) for o in outs)
            )
        case Check(failed=failed, values=values):
            return updated(stmt, failed=fn(failed), values=tuple(map(fn, values)))
        case Grow(array=array, row=row):
            return updated(stmt, array=as_var(fn(array)), row=fn(row))
        case Print(args=args):
            return updated(stmt, args=tuple(a if isinstance(a, str) else fn(a) for a in args))
        case Draw(generator=generator, args=args, size=size, fixed=fixed):
            changed = [tuple(map(fn, atoms)) for atoms in (args, size, fixed)]
            return updated(stmt, generator=as_var(fn(generator)), args=changed[0], size=changed[1], fixed=changed[2])
        case Call(args=args):
            return updated(stmt, args=tuple(map(fn, args)))
        case Note():
            return stmt


def map_targets(stmt: Stmt, fn: Callable[[Var], Var]) -> Stmt:
    """A statement with `fn` applied to the names it defines, inner ones included; blocks unchanged."""
    match stmt:
        case Assign(target=target) | Load(target=target) | Draw(target=target):
            return updated(stmt, target=fn(target))
        case Loop(index=index, carried=carried):
            return updated(
                stmt, index=fn(index), carried=tuple(updated(c, var=fn(c.var), out=fn(c.out)) for c in carried)
            )
        case While(carried=carried):
            return updated(stmt, carried=tuple(updated(c, var=fn(c.var), out=fn(c.out)) for c in carried))
        case Branch(outs=outs):
            return updated(stmt, outs=tuple(updated(o, var=fn(o.var)) for o in outs))
        case Call(targets=targets):
            return updated(stmt, targets=tuple(map(fn, targets)))
        case _:
            return stmt


def map_blocks(stmt: Stmt, fn: Callable[[Block], Block]) -> Stmt:
    """A statement with `fn` applied to each nested block."""
    match stmt:
        case Loop(body=body):
            return updated(stmt, body=fn(body))
        case While(condition=condition, body=body):
            return updated(stmt, condition=fn(condition), body=fn(body))
        case Branch(then=then, other=other):
            return updated(stmt, then=fn(then), other=fn(other))
        case _:
            return stmt


def map_statements(block: Block, fn: Callable[[Stmt], Stmt]) -> Block:
    """A block with `fn` applied to each statement, after those in the blocks nested in it."""
    return tuple(fn(map_blocks(stmt, lambda nested: map_statements(nested, fn))) for stmt in block)


def rename(block: Block, names: Mapping[Var, Atom]) -> Block:
    """A block in which each name of `names` is replaced; a name the block defines must map to a name."""
    return tuple(_renamed(s, names) for s in block)


def _renamed(stmt: Stmt, names: Mapping[Var, Atom]) -> Stmt:
    if isinstance(stmt, (Loop, While, Branch)) and all(map(names.keys().isdisjoint, _names(stmt))):
        return stmt
    nested = map_blocks(stmt, lambda b: rename(b, names))
    mapped = map_operands(nested, lambda a: names.get(a, a) if isinstance(a, Var) else a)
    return map_targets(mapped, lambda v: as_var(names.get(v, v)))


def rename_extents(shapes: Mapping[str, tuple[Atom, ...]], names: Mapping[Var, Atom]) -> dict[str, tuple[Atom, ...]]:
    """The shapes of arrays in lines in which each name of `names` is replaced.

    >>> rename_extents({"x": (Var("n"), Var("m"))}, {Var("n"): Var("k")})
    {'x': (Var(name='k'), Var(name='m'))}
    """
    return {v: tuple(names.get(a, a) if isinstance(a, Var) else a for a in shape) for v, shape in shapes.items()}


def constant(value: bool | int | float) -> Const:
    """A literal of Python's own type."""
    return Const(value)
