"""The adjoint of what a maximum did not take is passed over: a cotangent of zero leaves everything as it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from adcompiler.ir.build import Builder, scalar, with_body
from adcompiler.ir.walk import all_defs, map_statements, walk
from adcompiler.ir.wengert import Assign, Branch, Func, Load, Loop, Stmt, Store, While
from adcompiler.optimise.lines.zero_cotangents import Nothing


def skip_unselected(fn: Func) -> Func:
    """Test a cotangent before it is added to elements that a record names, where nothing happens if it is zero.

    Before:  for j in range(n): g = y[j]; y[j] = 0.0; k = last[j]; x[k] += g; z[j] -= g
    After:   for j in range(n): g = y[j]; if g != 0.0: y[j] = 0.0; k = last[j]; x[k] += g; z[j] -= g

    Such elements are those that a maximum took of many, so that most cotangents of the step before are zero. No loop
    is lost to the machine's vectors: additions to elements that a record names have to keep their order.
    """
    if not any(isinstance(s, Loop) and _follows_record(s.body) for s in walk(fn.body)):
        return fn
    b = Builder.of(fn)
    body = map_statements(fn.body, lambda stmt: _skipped(b, stmt))
    return with_body(fn, body, b)


def _skipped(b: Builder, stmt: Stmt) -> Stmt:
    """A loop in which all that follows the first cotangent that allows it runs where that is not zero."""
    if not isinstance(stmt, Loop) or stmt.until is not None or not _follows_record(stmt.body):
        return stmt
    for position, line in enumerate(stmt.body):
        rest = stmt.body[position + 1 :]
        if not _is_cotangent(b, line) or not _follows_record(rest):
            continue
        assert isinstance(line, (Load, Assign))
        nothing = Nothing(b, line.target, line if isinstance(line, Load) else None)
        if all_defs(rest).isdisjoint(c.next for c in stmt.carried) and nothing.block(rest):
            with b.block() as test:
                some = b.emit("ne", line.target, scalar(0.0, b.type(line.target).dtype), hint="some", weak=True)
            branch = Branch(some, rest, (), (), line.span)
            return replace(stmt, body=(*stmt.body[: position + 1], *test, branch))
    return stmt


def _is_cotangent(b: Builder, line: Stmt) -> bool:
    """Whether a line defines a real number."""
    return isinstance(line, (Load, Assign)) and b.type(line.target).is_float and not b.type(line.target).rank


def _follows_record(block: Iterable[Stmt]) -> bool:
    """Whether a straight block has, in a branch, an addition to an element of which it has just loaded the index."""
    stmts = list(walk(block))
    if any(isinstance(s, (Loop, While)) for s in stmts):
        return False
    loaded = {s.target for s in stmts if isinstance(s, Load)}
    inside = [s for branch in stmts if isinstance(branch, Branch) for s in walk((*branch.then, *branch.other))]
    return any(isinstance(s, Store) and s.add and not loaded.isdisjoint(s.index) for s in inside)


__all__ = ["skip_unselected"]
