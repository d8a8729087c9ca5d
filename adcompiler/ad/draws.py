"""Random draws under a derivative: they are numbers like any others, and their parameters are passive."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from adcompiler.analysis.activity import edges, reachable
from adcompiler.analysis.alias import aliases
from adcompiler.errors import NotDifferentiable, Span, UnsupportedSyntax
from adcompiler.ir.build import scalar
from adcompiler.ir.dead import drop_dead
from adcompiler.ir.walk import all_defs, map_statements, walk
from adcompiler.ir.wengert import Assign, Block, Draw, Func, Stmt, Var


def draws(block: Block) -> list[Draw]:
    """The draws of a block and of the blocks in it."""
    return [s for s in walk(block) if isinstance(s, Draw)]


def refuse_moving(fn: Func, inputs: Iterable[Var]) -> None:
    """Refuse draws whose parameters depend on what is differentiated: what is drawn is no smooth function of these."""
    found = draws(fn.body)
    if not found:
        return
    memory = aliases(fn)
    varied = reachable({memory.root(v) for v in inputs}, list(edges(fn, memory)))
    for stmt in found:
        if any(isinstance(a, Var) and memory.root(a) in varied for a in (*stmt.args, *stmt.fixed)):
            raise NotDifferentiable(
                f"Generator.{drawing(stmt)} draws with a parameter that depends on what is differentiated",
                stmt.span,
                "where the parameter is meant to be a constant, pass ad.stop_gradient(…) of it",
            )


def without_idle(fn: Func) -> Func:
    """The function without its draws where it needs none of them: one that it needs takes those before it along."""
    found = draws(fn.body)

    def constant(stmt: Stmt) -> Stmt:
        if not isinstance(stmt, Draw):
            return stmt
        type = fn.types[stmt.target.name]
        params = (("dtype", type.dtype),)
        if type.rank:
            return Assign(stmt.target, "zeros", stmt.size, params, stmt.span)
        return Assign(stmt.target, "cast", (scalar(0, type.dtype),), (*params, ("weak", type.weak)), stmt.span)

    if not found:
        return fn
    left = drop_dead(replace(fn, body=map_statements(fn.body, constant)))
    return fn if all_defs(left.body) & {s.target for s in found} else left


def drawing(stmt: Draw) -> str:
    """The method that the user calls."""
    return "choice(p=…)" if stmt.fixed else f"{stmt.method}()"


def refuse_repeated(block: Block, what: str, span: Span | None) -> None:
    """Refuse draws in lines that run again: they would give other numbers."""
    for stmt in draws(block):
        raise UnsupportedSyntax(
            f"Generator.{drawing(stmt)} in {what}, which would draw other numbers",
            stmt.span or span,
            "draw an array of numbers before, and read them there",
        )
