"""Blocks of statements, and what leaves them: `if`, `break`, `continue`."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from adcompiler.errors import UnsupportedSyntax
from adcompiler.frontend.flow.branching import branch, differing, merge, resume, run_arm
from adcompiler.frontend.flow.joining import Arm
from adcompiler.frontend.language.conditions import condition
from adcompiler.frontend.lists import growing
from adcompiler.frontend.state import heap
from adcompiler.frontend.state.context import Lowering, statement
from adcompiler.frontend.state.forms import Broken, Known, meet
from adcompiler.frontend.state.list_growth import Around
from adcompiler.frontend.state.liveness import BROKEN, CONTINUED, RETURNED
from adcompiler.frontend.state.values import Value
from adcompiler.ir.build import ONE, ZERO
from adcompiler.ir.wengert import Atom, Const, Var


def run_block(low: Lowering, body: Sequence[ast.stmt]) -> None:
    """Execute statements; what follows one that may leave the block runs only where it has not left."""
    for k, stmt in enumerate(body):
        rest = body[k + 1 :]
        if isinstance(stmt, ast.If):
            with low.b.at(low.span(stmt.test)):
                if _if(low, stmt, rest):
                    return
        else:
            low.exec(stmt)
        if exited(low) != Const(False):
            return _go_on(low, rest)


def _go_on(low: Lowering, rest: Sequence[ast.stmt]) -> None:
    """Run the rest of a block where it has not been left."""
    left = exited(low)
    if left == Const(False):
        run_block(low, rest)
    elif left != Const(True) and rest:
        live = low.frame.live_after(rest[-1])
        branch(low, left, lambda: stays_out(low, left), lambda: run_block(low, rest), live, "t")


def stays_out(low: Lowering, left: Atom) -> None:
    """On the path that has left the block, the flag that says so is known."""
    for flag in (RETURNED, BROKEN, CONTINUED):
        if low.frame.env.get(flag) == left:
            low.frame.env[flag] = Const(True)


def exited(low: Lowering) -> Atom:
    """Whether the block has been left by `break`, `continue` or `return`."""
    found = [low.frame.env.get(flag, Const(False)) for flag in (RETURNED, BROKEN, CONTINUED)]
    flags = [flag for flag in found if isinstance(flag, (Var, Const)) and flag != Const(False)]
    if Const(True) in flags:
        return Const(True)
    left: Atom = flags[0] if flags else Const(False)
    for flag in flags[1:]:
        left = low.b.emit("logical_or", left, flag, hint="left", weak=True)
    return left


def _if(low: Lowering, node: ast.If, rest: Sequence[ast.stmt]) -> bool:
    """Execute an `if`; whether `rest`, the statements after it, has been executed too, inside the arm that goes on."""
    test = condition(low, node.test)
    if isinstance(test, Const):
        run_block(low, node.body if test.value else node.orelse)
        return False
    mark, state = low.b.mark(), low.save()
    arms = _arms(low, node, test)
    going = [arm for arm in arms if not arm.stopped]
    if len(going) == 2 and _lengthens(low, node, arms):
        low.rewind(mark, state)
        try:
            growing.build(low, ONE, False, lambda around: _once(low, node, test, around), few=0)
        except UnsupportedSyntax:
            low.rewind(mark, state)
            going = list(arms := _arms(low, node, test))
        else:
            return False
    live = low.frame.live_after(node)
    taken = bool(rest) and len(going) == 1 and not any(arm.dead for arm in arms)
    if taken:
        resume(low, going[0], lambda: _go_on(low, rest), test, going[0] is arms[0])
        live = low.frame.live_after(rest[-1])
    merge(low, test, arms[0], arms[1], live)
    return taken


def _arms(low: Lowering, node: ast.If, test: Atom) -> tuple[Arm, Arm]:
    then = run_arm(low, lambda: run_block(low, node.body), test, True)
    return then, run_arm(low, lambda: run_block(low, node.orelse), test, False)


def _lengthens(low: Lowering, node: ast.If, arms: tuple[Arm, Arm]) -> bool:
    """Whether one arm leaves a list longer than the other; a loop that is written out for lists refuses that."""
    found = {
        key
        for key, one, two in differing(*arms, low.frame.live_after(node))
        if one is not None and two is not None and _are_two_lists(low, one, two)
    }
    if not low.lists.written_out.isdisjoint(found):
        raise low.refuse("loop-changes-list")
    return bool(found)


def _are_two_lists(low: Lowering, one: Value, two: Value) -> bool:
    """Whether lists of two paths differ in length, or lie in different arrays, which each of their names would join."""
    first, second = heap.identity(one), heap.identity(two)
    if first is None or second is None:
        return False
    met = meet(low.b, Known(one), Known(two), lambda x, y: x if x == y else None)
    in_arrays = isinstance(first, tuple) and isinstance(second, tuple)
    return (isinstance(met, Broken) and met.key == "loop-changes-list") or (in_arrays and first != second)


def _once(low: Lowering, node: ast.If, test: Atom, around: Around) -> None:
    """An `if` as the one iteration of a loop, in which lists grow."""
    low.lists.lengths.append(ONE)
    try:
        growing.begin(low, around, lambda: ZERO)
        merge(low, test, *_arms(low, node, test), low.frame.live_after(node))
        growing.end(low, around)
    finally:
        low.lists.lengths.pop()


@statement(ast.Break)
def break_(low: Lowering, node: ast.Break) -> None:
    """`break`."""
    low.frame.env[BROKEN] = Const(True)


@statement(ast.Continue)
def continue_(low: Lowering, node: ast.Continue) -> None:
    """`continue`."""
    low.frame.env[CONTINUED] = Const(True)


@statement(ast.Pass)
def pass_(low: Lowering, node: ast.Pass) -> None:
    """`pass`."""
