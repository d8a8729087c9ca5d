"""Checks of numbers in innermost loops are made once behind the loop, which can then run several iterations at once.

`math.exp` raises where its result is too large: with that test in it, a loop has one way out more in each iteration.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import reduce

import numpy as np

from adcompiler.ir.build import ZERO, Builder, with_body
from adcompiler.ir.dead import drop_dead
from adcompiler.ir.memory import Memory, memory_of
from adcompiler.ir.ops import kind
from adcompiler.ir.types import INDEX
from adcompiler.ir.walk import map_blocks, operands
from adcompiler.ir.wengert import (
    Assign,
    Atom,
    Block,
    Carry,
    Check,
    Const,
    Func,
    Load,
    Loop,
    Note,
    Stmt,
    Store,
    Var,
    is_element,
)
from adcompiler.optimise.machine.reductions import FLOATS
from adcompiler.optimise.machine.vector_calls import hands_on_sums

#: Later than any check of a loop.
_NEVER = Const(2**62)
_TESTS = frozenset({"lt", "le", "gt", "ge", "eq", "ne", "isnan", "isinf", "isfinite"})
_LOGICAL = frozenset({"logical_and", "logical_or", "logical_not", "logical_xor"})


def check_behind(fn: Func) -> Func:
    """Find out in a loop which check fails first, and raise behind it.

    Before:  for i in range(n): t = exp(x[i]); if isinf(t): raise OverflowError; s += t
    After:   for i in range(n): t = exp(x[i]); first = min(first, 0 if isinf(t) else never); s += t
             if first == 0: raise OverflowError

    Only where nothing tells that the iterations behind a failed one have run: they store into arrays of the function's
    own, at indices that are no function of the numbers.
    """
    b, memory = Builder.of(fn), memory_of(fn)

    def block(stmts: Block) -> Block:
        return tuple(line for s in stmts for line in _behind(b, memory, map_blocks(s, block)))

    body = block(fn.body)
    changed = with_body(fn, body, b)
    return changed if changed is fn else drop_dead(changed)


def _behind(b: Builder, memory: Memory, stmt: Stmt) -> Iterator[Stmt]:
    """A loop and the checks that were in it."""
    checks = [s for s in stmt.body if isinstance(s, Check)] if isinstance(stmt, Loop) else []
    if not isinstance(stmt, Loop) or not checks or not _may_run_on(b, memory, stmt) or not hands_on_sums(stmt):
        yield stmt
        return
    first, out = b.var("first", INDEX), b.var("first", INDEX)
    alike = len({(c.exception, c.message) for c in checks}) == 1
    latest: Atom = first
    made = {s.target: s for s in stmt.body if isinstance(s, Assign)}
    with b.block() as body:
        for line in stmt.body:
            if not isinstance(line, Check):
                b.add(line)
                continue
            with b.at(line.span):
                at = ZERO if alike else _order(b, stmt, len(checks), checks.index(line))
                places: list[Atom] = [b.emit("where", t, at, _NEVER) for t in _tests(line.failed, made)]
                place = reduce(lambda one, other: b.emit("maximum", one, other, weak=True), places)
                latest = b.emit("minimum", latest, place, hint="first", weak=True)
    carried = (*stmt.carried, Carry(first, _NEVER, latest, out))
    yield replace(stmt, carried=carried, body=tuple(body))
    for position, check in enumerate(checks[:1] if alike else checks):
        with b.block() as lines, b.at(check.span):
            failed = b.emit("ne", out, _NEVER, hint="failed", weak=True)
            if not alike:
                which = b.emit("mod", out, Const(len(checks)), weak=True)
                here = b.emit("eq", which, Const(position), weak=True)
                failed = b.emit("logical_and", failed, here, hint="failed")
            b.add(replace(check, failed=failed))
        yield from lines


def _tests(failed: Atom, lines: dict[Var, Assign]) -> Iterator[Atom]:
    """The tests that all hold where a check of an arm fails: of branches for them LLVM might see no least number."""
    line = lines.get(failed) if isinstance(failed, Var) else None
    if line is not None and _is_of_arm(line):
        yield from _conjuncts(line.args[:2], lines)
    else:
        yield failed


def _conjuncts(tests: Iterable[Atom], lines: dict[Var, Assign]) -> Iterator[Atom]:
    for test in tests:
        line = lines.get(test) if isinstance(test, Var) else None
        if line is not None and line.op == "logical_and":
            yield from _conjuncts(line.args, lines)
        else:
            yield test


def _order(b: Builder, loop: Loop, count: int, position: int) -> Atom:
    """A number that tells which of two checks in a loop, of so many in each iteration, is made first."""
    assert isinstance(loop.step, Const) and isinstance(loop.step.value, int)
    ends = (loop.index, loop.start) if loop.step.value > 0 else (loop.start, loop.index)
    return b.int("add", b.int("mul", b.int("sub", *ends), Const(count)), Const(position))


def _may_run_on(b: Builder, memory: Memory, loop: Loop) -> bool:
    """Whether the iterations of an innermost loop behind a failed check do no harm."""
    if loop.until is not None or loop.share is not None or not isinstance(loop.step, Const):
        return False
    return are_harmless(b, memory, loop.body, loop.carried)


def are_harmless(b: Builder, memory: Memory, body: Block, carried: Iterable[Carry]) -> bool:
    """Whether the statements of an iteration behind a failed check do no harm, with what it hands on."""
    lines = {s.target: s for s in body if isinstance(s, Assign)}
    # integers that may be indices, perhaps of the next iteration
    places = {a for s in body if not _makes_number(b, s) for a in operands(s)} | {c.next for c in carried}
    return all(_is_harmless(b, memory, stmt, lines, places) for stmt in body)


def _makes_number(b: Builder, stmt: Stmt) -> bool:
    """Whether all that becomes of an integer in a statement is a floating-point number, or the result of a test."""
    return isinstance(stmt, Assign) and b.type(stmt.target).dtype in (*FLOATS, "bool")


def _is_harmless(b: Builder, memory: Memory, stmt: Stmt, lines: dict[Var, Assign], places: set[Atom]) -> bool:
    match stmt:
        case Assign():
            return decides_no_index(b, stmt)
        case Load(target=target, index=index):
            return is_element(index) and (b.type(target).dtype in FLOATS or target not in places)
        case Store(array=array, index=index):
            return is_element(index) and memory.own(array)
        case Check(failed=failed, values=values):
            return not values and _is_of_numbers(b, failed, lines)
        case _:
            return isinstance(stmt, Note)


def decides_no_index(b: Builder, line: Assign) -> bool:
    """Whether a line is of numbers, and makes no whole number, which may be an index, of what a check is made of."""
    whole = all(np.dtype(b.type(a).dtype).kind in "iu" for a in line.args)
    number = b.type(line.target).rank == 0 and kind(line.op) == "elementwise"
    return number and (whole or b.type(line.target).dtype in (*FLOATS, "bool"))


def _is_of_numbers(b: Builder, failed: Atom, lines: dict[Var, Assign]) -> bool:
    """Whether a test is of floating-point numbers alone, so that no index and no division of integers relies on it."""
    line = lines.get(failed) if isinstance(failed, Var) else None
    if line is None:
        return False
    if line.op in _LOGICAL:
        return all(_is_of_numbers(b, a, lines) for a in line.args)
    if _is_of_arm(line):
        return _is_of_numbers(b, line.args[1], lines)
    return line.op in _TESTS and all(b.type(a).dtype in FLOATS for a in line.args)


def _is_of_arm(line: Assign) -> bool:
    """Whether a line is a test that is made where another one holds."""
    return line.op == "where" and line.args[2] == Const(False)


__all__ = ["are_harmless", "check_behind", "decides_no_index"]
