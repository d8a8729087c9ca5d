"""0-d arrays, which are numbers here: what would show that they are memory is refused.

NumPy changes a 0-d array in place under all of its names, and where it is a view, in the array that it views. Here
`t += 1.0` gives its one name another number. That is the same as long as nothing reads the number from before, and
the memory is neither the caller's nor an array's.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Set
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from adcompiler.frontend.arrays.atoms import cast
from adcompiler.frontend.refused.table import refusal
from adcompiler.frontend.state.values import Seq, Value
from adcompiler.ir.build import Builder
from adcompiler.ir.draft import Change
from adcompiler.ir.walk import blocks, defines, inner, operands, walk, yields
from adcompiler.ir.wengert import (
    Assign,
    Atom,
    Branch,
    Const,
    Draw,
    Func,
    Load,
    Loop,
    Stmt,
    Store,
    Var,
    While,
)

#: Atoms that hold what an array held before a change.
Stale: TypeAlias = "dict[Hashable, Change]"


def own(b: Builder, atom: Atom, dtype: str) -> Atom:
    """A new 0-d array of a number; what reads it may still take it for the number."""
    return boxed(b, _another(b, cast(b, atom, dtype)), "own")


def boxed(b: Builder, atom: Atom, kind: str) -> Atom:
    """The atom, remembered as a 0-d array if it is a number: a "view" of an array, or the program's "own"."""
    if not b.type(atom).rank:
        b.boxes.append((atom, kind))
    return atom


def is_box(b: Builder, atom: Atom) -> bool:
    """Whether an atom itself is a 0-d array; what is one on some path only is found when all lines are there."""
    return any(_key(atom) == _key(box) for box, _ in b.boxes)


def unboxed(b: Builder, atom: Atom) -> Atom:
    """The number in what may be a 0-d array, as a value of its own; any other atom as it is."""
    type = b.type(atom)
    if type.rank or type.weak or type.is_generator:
        return atom
    # where paths meet, or in a loop, a name may be an array of one of the paths
    one = isinstance(atom, Const) or atom in b.own or isinstance(b.made.get(atom.name), (Assign, Load, Draw))
    return _another(b, atom) if not one or is_box(b, atom) else atom


def of_library(b: Builder, value: Value, is_array: bool) -> Value:
    """What a definition of the library returns: numbers, or 0-d arrays of its own where `is_array`."""
    match value:
        case Seq(items):
            after = tuple(of_library(b, item, is_array) for item in items)
            return value if all(x is y for x, y in zip(items, after, strict=True)) else replace(value, items=after)
        case Var() | Const() if not b.type(value).rank and not b.type(value).is_generator:
            return own(b, value, b.type(value).dtype) if is_array else unboxed(b, value)
    return value


def _another(b: Builder, atom: Atom) -> Atom:
    if isinstance(atom, Const):
        return Const(atom.value)
    return b.emit("cast", atom, dtype=b.type(atom).dtype, hint=atom.name)


def rebound(b: Builder, before: Value, after: Value, name: str, stored: bool = False) -> None:
    """Remember that a statement gives a name, which held one number, another one in its place.

    `stored` tells that the statement is one of 0-d arrays only.
    """
    if isinstance(before, (Var, Const)) and isinstance(after, Var) and not b.type(before).weak:
        b.rebound.append(Change(before, after, name, b.span, stored))


def _key(atom: Atom) -> Hashable:
    """Of literals one stands for an array, and another one that is equal does not."""
    return atom if isinstance(atom, Var) else id(atom)


@dataclass(slots=True)
class _Boxes:
    """Which 0-d arrays a name may be: those made before paths met, and before each change in place."""

    kinds: dict[Hashable, str]
    changes: dict[Var, Change]
    grown: Set[Var]
    may: dict[Hashable, frozenset[Hashable]]
    kept: set[Hashable] = field(default_factory=set)

    def of(self, atom: Atom) -> frozenset[Hashable]:
        """The 0-d arrays that an atom may be."""
        return self.may.get(_key(atom), frozenset())


def check(b: Builder, fn: Func, grown: Set[Var]) -> None:
    """Refuse a function in which a change in place would be seen elsewhere."""
    made = {var for stmt in walk(fn.body) for var in (*defines(stmt), *inner(stmt))}
    changes = {change.after: change for change in b.rebound if change.after in made}
    if not changes:
        return
    kinds = {_key(atom): kind for atom, kind in b.boxes}
    found = _Boxes(kinds, changes, grown, {key: frozenset({key}) for key in kinds})
    _spread(fn, found)
    for change in changes.values():
        _check_change(b, found, change)
    stale: Stale = {}
    _visit(found, fn.body, stale)
    _read(fn.results, stale)


def _check_change(b: Builder, found: _Boxes, change: Change) -> None:
    changed = found.of(change.before)
    if change.stored and not changed:
        raise refusal("not-indexable", change.span)
    outer = {found.kinds[key] for key in changed} - {"own"}
    if outer:
        raise refusal(f"0-d-{min(outer)}", change.span, name=change.name)
    held, given = (b.type(atom).dtype for atom in (change.before, change.after))
    if changed and held != given:
        raise refusal("0-d-type", change.span, name=change.name, held=held, given=given)


def _spread(fn: Func, found: _Boxes) -> None:
    """Follow the arrays through places where paths meet, and through changes."""
    changed = True
    while changed:
        changed = False
        for stmt in walk(fn.body):
            for target, sources in _handed_on(found, stmt):
                new = found.of(target).union(*map(found.of, sources))
                if new != found.of(target):
                    found.may[target] = new
                    changed = True


def _handed_on(found: _Boxes, stmt: Stmt) -> Iterator[tuple[Var, tuple[Atom, ...]]]:
    match stmt:
        case Branch(outs=outs):
            yield from ((out.var, (out.then, out.other)) for out in outs)
        case Loop(carried=carried) | While(carried=carried):
            yield from ((var, (c.init, c.next)) for c in carried for var in (c.var, c.out))
    for var in defines(stmt):
        if var in found.changes:
            yield var, (found.changes[var].before,)


def _visit(found: _Boxes, block: Iterable[Stmt], stale: Stale) -> None:
    """Go through lines in their order; `stale` are the atoms that hold what a 0-d array held before a change."""
    for stmt in block:
        _read(operands(stmt), stale)
        match stmt:
            case Store(array=array, value=value) if array in found.grown:
                found.kept |= found.of(value)
            case Branch(then=then, other=other, outs=outs):
                arms = dict(stale), dict(stale)
                for lines, arm in zip((then, other), arms, strict=True):
                    _visit(found, lines, arm)
                for out in outs:
                    _read([out.then], arms[0])
                    _read([out.other], arms[1])
                stale |= {**arms[0], **arms[1]}
            case Loop() | While():
                # what one iteration leaves the next one finds
                for _ in range(2):
                    for var in inner(stmt):
                        stale.pop(var, None)
                    for lines in blocks(stmt):
                        _visit(found, lines, stale)
                    _read(yields(stmt), stale)
        for var in defines(stmt):
            stale.pop(var, None)
            _change(found, var, stale)


def _change(found: _Boxes, after: Var, stale: Stale) -> None:
    """Make all that may be the array before a change hold what it no longer holds."""
    if after not in found.changes:
        return
    change = found.changes[after]
    changed = found.of(change.before)
    if changed & found.kept:
        raise refusal("0-d-names", change.span, name=change.name)
    stale |= {key: change for key, may in found.may.items() if may & changed and key != after}


def _read(atoms: Iterable[Atom], stale: Stale) -> None:
    for atom in atoms:
        if _key(atom) in stale:
            change = stale[_key(atom)]
            raise refusal("0-d-names", change.span, name=change.name)


__all__ = ["boxed", "check", "is_box", "of_library", "own", "rebound", "unboxed"]
