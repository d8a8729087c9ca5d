"""Blocks of statements, and what leaves them: `if`, `break`, `continue`."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from adcompiler.frontend.flow.branching import branch, merge, resume, run_arm
from adcompiler.frontend.language.conditions import condition
from adcompiler.frontend.state.context import Lowering, statement
from adcompiler.frontend.state.liveness import BROKEN, CONTINUED, RETURNED
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
    then = run_arm(low, lambda: run_block(low, node.body), test, True)
    arms = (then, run_arm(low, lambda: run_block(low, node.orelse), test, False))
    live = low.frame.live_after(node)
    going = [arm for arm in arms if not arm.stopped]
    taken = bool(rest) and len(going) == 1 and not any(arm.dead for arm in arms)
    if taken:
        resume(low, going[0], lambda: _go_on(low, rest), test, going[0] is then)
        live = low.frame.live_after(rest[-1])
    merge(low, test, arms[0], arms[1], live)
    return taken


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
