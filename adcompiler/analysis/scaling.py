"""Lines whose results are multiples of one value, and how long the last of them waits for it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace

from adcompiler.ir.types import Type
from adcompiler.ir.walk import all_reads
from adcompiler.ir.wengert import Assign, Atom, Const, Loop, Stmt, Var

# the cycles that a line waits for its arguments
_WAIT = {"mul": 4, "add": 4, "sub": 4, "cut": 6, "where": 2, "neg": 0}
# the wait that is worth the lines of a factor, and as many of these as are worth it
LONG, MANY = 12, 32


def scales(type: Callable[[Atom], Type], stmt: Assign, led: Collection[Atom]) -> bool:
    """Whether a scalar line's result is a multiple of `g` where the names of `led` are and nothing else is."""
    if type(stmt.target).rank or stmt.params:
        return False
    multiples = [a in led for a in stmt.args]
    match stmt.op:
        case "neg" | "add" | "sub":
            return all(multiples)
        case "mul":
            return multiples.count(True) == 1
        case "cut":
            return multiples == [True, False]
        case "where":
            # a zero in its place would be a factor, of which an infinite multiple is no number
            return multiples == [False, True, True]
        case _:
            return False


def multiples(type: Callable[[Atom], Type], body: Iterable[Stmt], given: Atom) -> tuple[list[Assign], set[Atom]]:
    """The lines that are multiples of a value, and those of them that follow a guard, which only a cotangent has.

    A choice between multiples is none: it is zero where a factor is not.
    """
    lines, guarded, led, dtype = list[Assign](), set[Atom](), {given}, type(given).dtype
    for stmt in body:
        if not isinstance(stmt, Assign) or stmt.op == "where" or type(stmt.target).dtype != dtype:
            continue
        if scales(type, stmt, led):
            led.add(stmt.target)
            lines.append(stmt)
            if stmt.op == "cut" or not guarded.isdisjoint(stmt.args):
                guarded.add(stmt.target)
    return lines, guarded


def read_elsewhere(loop: Loop, chain: Iterable[Assign]) -> set[Var]:
    """The names that lines of a loop outside a chain read, or the loop hands on."""
    inside = set(chain)
    rest = [s for s in loop.body if not isinstance(s, Assign) or s not in inside]
    return all_reads([replace(loop, body=tuple(rest))])


def is_zero(atom: Atom) -> bool:
    """Whether an atom is the literal zero."""
    return isinstance(atom, Const) and atom.value == 0


def waits(chain: Iterable[Assign], given: Atom) -> dict[Atom, int]:
    """The cycles from `given` to each line of a chain."""
    ready: dict[Atom, int] = {given: 0}
    for stmt in chain:
        ready[stmt.target] = max(ready.get(a, 0) for a in stmt.args) + _WAIT[stmt.op]
    return ready


__all__ = ["LONG", "MANY", "is_zero", "multiples", "read_elsewhere", "scales", "waits"]
